"""What the calendar brings: planned once, as its file was then, and the office has looked at it before."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

from sqlalchemy import select

from bot import letters
from bot.app import house_of
from bot.questionnaires import SHIPPED, read
from bot.texts import Catalogue
from bot.toolbox import Toolbox
from models import invitations
from models import surveys as rules
from models.calendar import Semester
from models.database import Database
from models.errors import Refusal
from models.house import House
from models.outbox import Outgoing
from models.people import Audience
from models.questionnaires import EVERYBODY, Group
from models.surveys import Stage, Survey
from scheduler.jobs import surveys
from tests.campus import settings
from tests.house import OFFICE, furnish, staff, student

SETTINGS = settings("http://127.0.0.1:1", "sqlite:///unused.db")
TERMS = (
    Semester("autumn", date(2026, 9, 7), date(2027, 1, 17)),
    Semester("spring", date(2027, 2, 22), date(2027, 7, 4)),
)
FILE = read(SHIPPED)[0]["semester-satisfaction"]
OPENS = datetime(2026, 12, 8, 2, tzinfo=UTC)


def house() -> House:
    made = house_of(SETTINGS)
    return replace(made, calendar=replace(made.calendar, semesters=TERMS))


async def brought(database: Database) -> list[Survey]:
    async with database.reading() as session:
        return list(await session.scalars(select(Survey).order_by(Survey.id)))


async def test_the_calendar_brings_a_survey_once_and_the_office_is_told_three_days_before(database: Database) -> None:
    toolbox = Toolbox(SETTINGS, house(), Catalogue.load(SETTINGS.timezone), surveys={FILE.key: FILE})
    async with database.transaction() as session:
        await furnish(session)
    await surveys.run(database, toolbox, OPENS - timedelta(days=3, minutes=1))
    assert await brought(database) == []
    await surveys.run(database, toolbox, OPENS - timedelta(days=3))
    (survey,) = await brought(database)
    assert (survey.key, survey.semester, survey.stage, survey.cell) == (FILE.key, "autumn", Stage.PLANNED, 10)
    assert (survey.opens_at, survey.closes_at) == (OPENS, OPENS + timedelta(days=14))
    assert [datetime.fromisoformat(each) - OPENS for each in survey.reminders] == [
        timedelta(days=5),
        timedelta(days=10),
    ]
    assert survey.questionnaire == FILE.questionnaire
    # A file that is changed later changes nothing that is planned, and brings nothing anew.
    changed = replace(FILE, week=15, anonymous=False)
    for moment in (OPENS - timedelta(days=2), OPENS + timedelta(days=1), OPENS + timedelta(days=6)):
        await surveys.run(database, replace(toolbox, surveys={FILE.key: changed}), moment)
    (survey,) = await brought(database)
    assert (survey.opens_at, survey.anonymous, survey.stage) == (OPENS, True, Stage.OPEN)
    async with database.reading() as session:
        (told,) = await session.scalars(select(Outgoing).where(Outgoing.chat_id == OFFICE))
        (call,) = (await letters.draw(session, told, toolbox, OPENS - timedelta(days=3), OFFICE)).calls
    assert call.params["text"] == (
        "📋 <b>学生会服务满意度测评</b>（问卷 1）将于12月8日（周二）10:00 发出，12月22日（周二）10:00 截止，"
        "面向全体同学。\n请再看一遍题目；到时会自动发出。"
    )
    # The next semester has one of its own, for those the file names now.
    some = replace(FILE, target=Group((Audience.INTERNATIONAL,), ("e1",), ("master",)))
    await surveys.run(database, replace(toolbox, surveys={FILE.key: some}), datetime(2027, 5, 24, 2, tzinfo=UTC))
    _, second = await brought(database)
    assert (second.semester, second.target["audiences"]) == ("spring", ["international"])
    async with database.reading() as session:
        *_, told = await session.scalars(select(Outgoing).where(Outgoing.chat_id == OFFICE).order_by(Outgoing.id))
        (call,) = (await letters.draw(session, told, toolbox, datetime(2027, 5, 24, 2, tzinfo=UTC), OFFICE)).calls
    assert "面向国际学生、东一栋、master。" in call.params["text"]
    buttons = [button for row in call.params["reply_markup"]["inline_keyboard"] for button in row]
    assert [button["callback_data"] for button in buttons] == [
        "svd:preview:2:-", "svd:later:2:2027-05-25", "svd:cancel:2:-",
    ]  # fmt: skip


async def test_what_was_missed_is_brought_late_without_a_reminder_on_its_heels_and_what_is_over_is_not(
    database: Database,
) -> None:
    early = replace(FILE, key="early", week=3)
    yearly = replace(FILE, key="yearly", each="academic year")
    week_one = replace(FILE, key="week-one", week=1, weekday=0)
    files = {file.key: file for file in (FILE, early, yearly, week_one)}
    toolbox = Toolbox(SETTINGS, house(), Catalogue.load(SETTINGS.timezone), surveys=files)
    async with database.transaction() as session:
        await furnish(session)
    # By night the office is left in peace; the morning is early enough.
    await surveys.run(database, toolbox, datetime(2026, 12, 13, 19, tzinfo=UTC))
    assert await brought(database) == []
    now = datetime(2026, 12, 17, 5, tzinfo=UTC)
    await surveys.run(database, toolbox, now)
    (survey,) = await brought(database)
    assert (survey.key, survey.stage) == (FILE.key, Stage.OPEN)
    assert survey.reminders == []
    # The next semester has not begun, though its first survey is three days off: its days may still change.
    await surveys.run(database, toolbox, datetime(2027, 2, 21, 5, tzinfo=UTC))
    assert [each.key for each in await brought(database)] == [FILE.key]
    await surveys.run(database, toolbox, datetime(2027, 2, 22, 1, tzinfo=UTC))
    assert [each.key for each in await brought(database)] == [FILE.key, "week-one"]


async def test_of_two_who_put_it_off_or_cancel_it_at_once_one_is_heard(database: Database) -> None:
    now = OPENS - timedelta(days=3)
    async with database.transaction() as session:
        wang = await staff(session)
        planned = await rules.plan(
            session, key="a", questionnaire=FILE.questionnaire, opens_at=OPENS, closes_at=OPENS, target=Group(), cell=10
        )
        assert planned is not None

    async def later() -> Survey:
        async with database.transaction() as session:
            return await rules.put_off(session, planned.id, timedelta(weeks=1), OPENS.date(), wang, now)

    async def cancel() -> Survey:
        async with database.transaction() as session:
            return await rules.cancel(session, planned.id, wang, now)

    for act, key in ((later, "survey.put_off_already"), (cancel, "survey.cancelled_already")):
        came = await asyncio.gather(act(), act(), return_exceptions=True)
        assert sorted(each.key if isinstance(each, Refusal) else "" for each in came) == ["", key]
    (survey,) = await brought(database)
    assert (survey.opens_at, survey.stage) == (OPENS + timedelta(weeks=1), Stage.CANCELLED)


async def test_a_reminder_keeps_its_distance_however_late_the_one_before_it_was(database: Database) -> None:
    """From the invitation, from the reminder before it, and from the moment at which somebody came by themselves."""
    toolbox = Toolbox(SETTINGS, house(), Catalogue.load(SETTINGS.timezone))

    async def asked(opened: timedelta, *reminders: timedelta) -> int:
        async with database.transaction() as session:
            survey = await rules.plan(
                session, key="how", questionnaire=FILE.questionnaire, target=EVERYBODY, cell=10,
                opens_at=OPENS + opened, closes_at=OPENS + timedelta(days=14),
                reminders=[OPENS + each for each in reminders],
            )  # fmt: skip
            assert survey is not None
            return survey.id

    async def written() -> list[tuple[int, int]]:
        async with database.reading() as session:
            rows = await session.scalars(select(Outgoing).where(Outgoing.letter == "survey_invitation"))
            payloads = [row.payload or {} for row in rows]
        return sorted((each["survey"], each["reminder"]) for each in payloads)

    async with database.transaction() as session:
        await furnish(session)
        (await student(session)).agreed = True
    day, hour = timedelta(days=1), timedelta(hours=1)
    # The program was away when this one opened, and when its first reminder was due.
    late = await asked(-5 * day, -1 * hour, 5 * day)
    ordinary = await asked(0 * day, 5 * day, 10 * day)
    for moment in (OPENS, OPENS + hour):
        await surveys.run(database, toolbox, moment)
        assert await written() == [(late, 0), (ordinary, 0)]
    # It was away again, and the second reminder is due in the morning.
    evening = OPENS + 9 * day + 8 * hour
    await surveys.run(database, toolbox, evening)
    assert await written() == [(late, 0), (late, 2), (ordinary, 0), (ordinary, 1)]
    async with database.transaction() as session:
        newcomer = await student(session, 2, "Bob")
        newcomer.agreed = True
        assert await invitations.of(session, await rules.get(session, ordinary), newcomer, evening) is not None
    for moment in (evening + hour, OPENS + 10 * day):
        await surveys.run(database, toolbox, moment)
        assert len(await written()) == 4
    # Whom it would not reach before the night is written to in the morning.
    night = await asked(10 * day + 11 * hour)
    await surveys.run(database, toolbox, OPENS + 10 * day + 11 * hour + hour / 2 + timedelta(minutes=1))
    assert len(await written()) == 4
    await surveys.run(database, toolbox, OPENS + 10 * day + 22 * hour)
    assert (await written())[4:] == [(night, 0), (night, 0)]
