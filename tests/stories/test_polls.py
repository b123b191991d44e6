"""Questions in the groups: anonymous polls whose counts come back as a picture, and quizzes for theory study."""

from __future__ import annotations

import asyncio
import json
import re
from collections import Counter
from typing import Any

import pytest
from sqlalchemy import func, select

from bot import mydata
from bot.menus import Ask
from models import people, pulses, quizzes, stations, vitals
from models.outbox import Outgoing, Sending
from models.people import Role
from models.pulses import PulseCount, PulsePoll
from models.quizzes import Quiz, QuizAnswer
from tests.campus import Campus, running

on_sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)

QUIZ = "Who runs the union?\nThe canteen\n* The presidium\n\n> The congress elects it."


async def lead(campus: Campus) -> None:
    """Wang leads the east station."""
    async with campus.app.database.transaction() as session:
        east = await stations.by_key(session, "east")
        assert east is not None
        await people.grant(
            session, Role.LEAD, campus.wang.id, given_by=campus.admin.id, now=campus.clock(), station_id=east.id
        )


async def until(campus: Campus, what: object, number: int) -> None:
    """Wait until so much of it is in."""
    async with asyncio.timeout(20):
        while True:
            async with campus.app.database.reading() as session:
                if ((await session.scalar(select(what))) or 0) == number:  # type: ignore[call-overload]
                    return
            await asyncio.sleep(0)


@on_sqlite
async def test_groups_are_asked_once_each_and_get_the_result_as_a_picture(database_url: str) -> None:
    async with running(database_url, surveys={"minimum_cell": 3}) as campus:
        t, east, west, office = campus.t("en"), campus.east, campus.west, campus.office
        wang, li, admin = campus.wang, campus.li, campus.admin
        alice, votes = await campus.student("Alice"), func.sum(PulseCount.votes)
        await lead(campus)
        await admin.says("/poll Shorter shifts? | Yes | No", chat=office)
        await admin.taps(t.plain("pulse.send_groups", count=2), chat=office)
        asked = await east.shows("Shorter shifts?")
        assert asked.raw["poll"]["is_anonymous"]
        assert asked.raw["poll"]["hide_results_until_closes"]
        await wang.votes(asked, 0, chat=east)
        await li.votes(asked, 0, chat=east)
        await admin.votes(await west.shows("Shorter shifts?"), 1, chat=west)
        await li.votes(asked, chat=east)
        await li.votes(asked, 1, chat=east)
        # Telegram closes it, and only then says what was chosen.
        await campus.later(days=2, seconds=30)
        await until(campus, votes, 3)
        await campus.later(minutes=1)
        for group in (east, west, office):
            told = await group.shows("📊")
            assert told.raw["photo"]
            assert t.plain("pulse.counted_groups", answered=3, groups=2) in told.text
        # A lead asks the own group, nobody else there does, and of fewer than the cell nothing is shown.
        await li.says("/poll Enough tea? | Yes | No", chat=east)
        await east.shows(t.plain("pulse.leads_only"))
        await wang.says("/poll Enough tea? | Yes | No", chat=east)
        await wang.reads("Asked once in this group", chat=east)
        await wang.taps(t.plain("pulse.send_here"), chat=east)
        await wang.votes(await east.shows(re.compile("^Enough tea")), 0, chat=east)
        await campus.later(days=2, seconds=30)
        await until(campus, votes, 4)
        await campus.later(minutes=1)
        for group in (east, office):
            await group.shows("Fewer than 3 answered")
        await campus.quiet()
        assert "Enough tea" not in str([m.text for m in await west.transcript()])
        private = str([m.text for m in await campus.stage.transcript(alice.id)])
        assert "Shorter" not in private
        assert "Enough tea" not in private


@on_sqlite
async def test_a_quiz_says_what_is_kept_and_the_office_is_told_counts(database_url: str) -> None:
    async with running(database_url) as campus:
        t, east, office = campus.t("en"), campus.east, campus.office
        wang, li, admin = campus.wang, campus.li, campus.admin
        await lead(campus)
        await admin.says("/poll Shorter shifts? | Yes | No", chat=office)
        preview = await admin.reads("Shorter shifts?", chat=office)
        await admin.says("/quiz", chat=office)
        await admin.reads("one line each", chat=office)
        # The preview before it has expired; a group has no menu to be sent to.
        assert await admin.presses(preview, Ask("groups").pack(), chat=office) == t.plain("desk.old_button")
        await admin.says(QUIZ, chat=office)
        await admin.reads("✅ The presidium", chat=office)
        await admin.taps(t.plain("quiz.send", count=3), chat=office)
        asked = await east.shows(re.compile("^Who runs the union"))
        shown = [m.text for m in await east.transcript()]
        assert "Not anonymous" in shown[-2], "said before anybody can answer"
        poll = asked.raw["poll"]
        assert (poll["type"], poll["is_anonymous"], poll["explanation"]) == ("quiz", False, "The congress elects it.")
        answers = select(func.count()).select_from(QuizAnswer).scalar_subquery()
        await wang.votes(asked, 1, chat=east)
        await li.votes(asked, 0, chat=east)
        await admin.votes(await campus.west.shows(re.compile("^Who runs the union")), 1, chat=campus.west)
        await until(campus, answers, 3)
        async with campus.app.database.reading() as session:
            quiz = (await session.scalars(select(Quiz))).one()
            assert {p.name for p in await quizzes.took_part(session, quiz)} == {"Wang", "Li", "Zhao"}
            person = await people.by_telegram_id(session, li.id)
            assert person is not None
            data, page = await mydata.files(session, person, campus.app.toolbox, campus.clock())
            assert json.loads(data)["quizzes"] == [
                {"question": "Who runs the union?", "answer": "The canteen", "right": "The presidium"}
            ]
            assert "The canteen" in page.decode()
            assert await session.scalar(select(func.count()).select_from(PulseCount)) == 0, "it is no pulse"
        await campus.later(days=7, minutes=1)
        told = (await office.shows("Right: The presidium")).text
        east_name = t.pick({s.key: s.names for s in campus.app.settings.station_specs()}["east"])
        assert t.plain("quiz.line", station=east_name, answered=2, staff=2, right=1) in told
        assert not [name for name in ("Wang", "Li ", "Zhao") if name in told], "counts, and nobody's name"
        await wang.says("/quiz Two and two? | *4 | 5", chat=east)
        await wang.taps(t.plain("pulse.send_here"), chat=east)
        await east.shows(re.compile("^Two and two"))
        await li.says("/quiz Two and two? | *4 | 5", chat=east)
        await east.shows(t.plain("pulse.leads_only"))
        await campus.quiet()
        assert "Right:" not in str([m.text for m in await east.transcript()]), "for the office only"
        assert "Two and two" not in str([m.text for m in await campus.west.transcript()])


SIGNS = "\u200b\u2060\ufeff\u3164"
"""Of which nothing can be seen."""


@on_sqlite
async def test_a_question_that_telegram_would_not_take_is_refused_before_it_is_asked(database_url: str) -> None:
    """It ended as failed with everybody: of the signs nothing is left, and a picture counts as two."""
    async with running(database_url) as campus:
        t, office, admin = campus.t("en"), campus.office, campus.admin
        question = t.plain("pulse.question_length", most=300)
        answers = t.plain("pulse.options_limits", most=12, length=100)
        for words, why in (
            (f"{SIGNS} | Yes | No", question),
            ("🚀" * 151 + " | Yes | No", question),
            (f"Tea? | Yes | {SIGNS}", answers),
            ("Tea? | Yes | " + "🚀" * 51, answers),
            (f"Tea? | Yes | Yes{SIGNS}", t.plain("pulse.options_twice")),
        ):
            await admin.says(f"/poll {words}", chat=office)
            await admin.reads(why, chat=office)
            await admin.says(f"/quiz {words.replace('| Yes', '| *Yes', 1)}", chat=office)
            await admin.reads(why, chat=office)
        await admin.says("/quiz Tea? | *Yes | No | > " + "🚀" * 101, chat=office)
        await admin.reads(t.plain("quiz.explanation_limits", length=200, lines=2), chat=office)
        await campus.quiet()
        async with campus.app.database.reading() as session:
            assert await session.scalar(select(func.count()).select_from(Quiz)) == 0


@on_sqlite
@pytest.mark.parametrize(
    ("fault", "there"),
    [
        pytest.param({"drop": "before"}, 0, id="not done", marks=pytest.mark.long),
        pytest.param({"drop": "after"}, 1, id="done, and not said"),
        pytest.param({"status": 400}, 0, id="refused", marks=pytest.mark.long),
    ],
)
async def test_a_poll_of_which_nobody_knows_is_sent_again_by_who_may_and_counted(
    database_url: str, fault: dict[str, Any], there: int
) -> None:
    """It was a dead end: the group had no poll, or one whose votes nobody counted, and nothing said so."""
    async with running(database_url) as campus:
        t, east, wang, li = campus.t("en"), campus.east, campus.wang, campus.li
        await lead(campus)
        for command, of in (("/poll Shorter shifts? | Yes | No", "Shorter"), ("/quiz Two? | *2 | 5", "Two?")):
            await campus.stage.fault("sendPoll", chat=east.id, **fault)
            await wang.says(command, chat=east)
            await wang.taps(t.plain("pulse.send_here"), chat=east)
            lost = await east.shows(f"whether “{of}")
            (button,) = [key for row in lost.raw["reply_markup"]["inline_keyboard"] for key in row]
            payload = button["callback_data"]
            assert await li.presses(lost, payload, chat=east) == t.plain("pulse.leads_only")
            assert await wang.presses(lost, payload, chat=east) == ""
            await east.shows(f"Wang has sent “{of}")
            await campus.quiet()
            polls = [m for m in await east.transcript() if m.raw.get("poll") and of in m.text]
            assert len(polls) == there + 1
            assert await wang.presses(lost, payload, chat=east) == t.plain("desk.old_button")
            await wang.votes(polls[-1], 0, chat=east)
        await campus.later(days=2, seconds=30)
        await until(campus, func.sum(PulseCount.votes), 1)
        await until(campus, select(func.count()).select_from(QuizAnswer).scalar_subquery(), 1)
        async with campus.app.database.reading() as session:
            polls_known = await session.scalar(select(func.count()).where(PulsePoll.pulse_id.is_not(None)))
        assert polls_known == 1, "of the new one it is known whose it is"


@on_sqlite
@pytest.mark.parametrize(
    ("fault", "there"), [({"drop": "before"}, 0), ({"drop": "after"}, 1)], ids=["not done", "done, and not said"]
)
async def test_a_poll_in_private_of_which_nobody_knows_is_not_sent_again_and_the_result_comes_all_the_same(
    database_url: str, fault: dict[str, Any], there: int
) -> None:
    """As docs/union.md says: once at most, not asked as far as the figures go, and no word of it to anybody."""
    async with running(database_url, surveys={"minimum_cell": 2}) as campus:
        t, office, admin = campus.t("en"), campus.office, campus.admin
        alice, bob, carol = [await campus.student(name) for name in ("Alice", "Bob", "Carol")]
        await campus.stage.fault("sendPoll", chat=alice.id, **fault)
        await admin.says("/poll Enough tea? | Yes | No", chat=office)
        async with campus.app.database.reading() as session:
            count = len(await pulses.recipients(session))
        await admin.taps(t.plain("pulse.send"), chat=office)
        for who in (bob, carol):
            await who.votes(await who.reads("Enough tea?"), 0)
        await campus.quiet()
        lost = [m for m in await campus.stage.transcript(alice.id) if m.raw.get("poll")]
        assert len(lost) == there
        for poll in lost:
            await alice.votes(poll, 1)
        async with campus.app.database.reading() as session:
            asked = select(Outgoing.state).where(Outgoing.letter == "pulse")
            states = Counter(await session.scalars(asked))
            assert states == {Sending.UNKNOWN: 1, Sending.SENT: count - 1}
            assert not (await session.scalars(select(Outgoing).where(Outgoing.letter == "poll_lost"))).all()
            assert (await vitals.take(session, campus.clock())).unknown == 1, "the alarm and /metrics count it"
        await campus.later(days=2, minutes=2)
        told = (await office.shows("📊")).text
        assert f"2 of {count - 1}, " in told
        await alice.reads("📊")
        assert len([m for m in await campus.stage.transcript(alice.id) if m.raw.get("poll")]) == there
