"""A student answers a survey: in one message, forwards and backwards, with a pause, and changes it afterwards."""

from __future__ import annotations

import shutil
from datetime import timedelta
from pathlib import Path

from sqlalchemy import func, select

from bot.menus import Belongs
from bot.survey_screens import Answering
from models import ballots, invitations, remarks, surveys
from models.ballots import Box, Counted, Receipt
from models.questionnaires import EVERYBODY
from models.sheets import Sheet
from models.surveys import Stage, Survey
from sandbox.actors import sticker
from tests.campus import Campus, running
from tests.conftest import postgresql_later
from tests.surveying.sheets import EVERY_KIND


async def opened(campus: Campus, *, anonymous: bool = True, days: int = 10, cell: int = 2) -> int:
    """A survey for everybody that is open now; returns its number."""
    now = campus.clock()
    async with campus.app.database.transaction() as session:
        survey = await surveys.plan(
            session,
            key="how",
            questionnaire=EVERY_KIND,
            opens_at=now,
            closes_at=now + timedelta(days=days),
            reminders=[now + timedelta(days=3), now + timedelta(days=6)],
            target=EVERYBODY,
            cell=cell,
            anonymous=anonymous,
        )
        assert survey is not None
        number = survey.id
    await campus.app.scheduler.run_due(campus.clock())
    campus.app.courier.wake()
    return number


def files_in(folder: Path) -> bytes:
    """The database and what lies beside it."""
    return b"".join(path.read_bytes() for path in folder.glob("unionbot.db*"))


@postgresql_later
async def test_a_survey_is_answered_in_one_message(database_url: str) -> None:
    async with running(database_url) as campus:
        alice = await campus.student("Alice")
        number = await opened(campus)
        invitation = await alice.reads("How are we doing")
        assert "Anonymous" in invitation.text
        await alice.taps("✍️ Begin")
        first = await alice.reads("Did you use the station?")
        assert "1 of 7" in first.text
        assert first.id == invitation.id
        await alice.taps("Yes")
        await alice.reads("We were quick.")
        # Back and another answer: the question that is passed over now is not asked.
        await alice.taps("◀ Back")
        await alice.reads("Did you use")
        await alice.taps("No")
        await alice.reads("Which ways do you use?")
        await alice.taps("☐ Bot")
        await alice.taps("☐ Phone")
        await alice.taps("☑ Bot")
        await alice.taps("Next ▶")
        await alice.reads("What matters most?")
        await alice.taps("Net")
        await alice.taps("↩ Undo one")
        await alice.taps("Heat")
        # Something else in between; the sheet waits.
        await alice.taps("💾 Save and go on later")
        saved = await alice.reads("is saved")
        assert saved.id == invitation.id
        await campus.files(alice, "The tap in room 5 drips")
        await alice.says("/surveys")
        await alice.reads("not sent yet")
        await alice.taps("How are we doing")
        await alice.reads("What matters most?")
        for option in ("Water", "Net"):
            await alice.taps(option)
        await alice.reads("Would you recommend us?")
        await alice.taps("Skip ▶")
        await alice.reads("All in all?")
        await alice.taps("Dissatisfied")
        await alice.reads("What else?")
        await alice.says("The lights are broken")
        overview = await alice.reads("look it over")
        assert "Heat › Water › Net" in overview.text
        assert "The lights are broken" in overview.text
        assert "We were quick" not in overview.text
        await alice.taps("4")
        await alice.reads("Would you recommend us?")
        await alice.taps("9")
        await alice.reads("look it over")
        await alice.taps("📨 Send")
        thanks = await alice.reads("Thank you!")
        assert "open a ticket" in thanks.text
        await campus.quiet()
        async with campus.app.database.reading() as session:
            survey = await session.get_one(Survey, number)
            assert survey.stage is Stage.OPEN
            assert (await invitations.response(session, survey)).completed == 1
            everybody, cuts = await ballots.tallies(session, survey, campus.app.toolbox.house.vault)
            assert (everybody.completed, cuts) == (0, {})
        await alice.taps("✏️ Change my answers")
        await alice.reads("look it over")
        await alice.taps("1")
        await alice.taps("Yes")
        # What is needed only now comes next.
        await alice.reads("look it over")
        await alice.taps("📨 Send the change")
        await alice.reads("Thank you!")
        await campus.later(days=11)
        await alice.says("/surveys")
        await alice.reads("No survey is open")


async def test_what_is_sent_is_what_is_seen_and_words_find_their_way(migrated: Path, tmp_path: Path) -> None:
    """Words where a button was meant, the same survey open in two messages, two surveys at once, and a ticket that was
    begun before.
    """
    shutil.copy(migrated, tmp_path / "unionbot.db")
    async with running(f"sqlite:///{tmp_path / 'unionbot.db'}") as campus:
        alice = await campus.student("Alice")
        await opened(campus)
        await alice.taps("✍️ Begin")
        await alice.reads("Did you use the station?")
        # Nothing to answer yet: saving says so. Then words and a sticker where a press was meant.
        await alice.taps("💾 Save and go on later")
        await alice.reads("Nothing of “How are we doing")
        await alice.taps("✍️ Go on")
        first = await alice.reads("Did you use the station?")
        await alice.sends(sticker())
        await alice.reads("tap one of the survey’s buttons")
        await alice.says("Yes, every week")
        offer = await alice.reads("If you meant something else")
        # Whoever only mistook the way goes on, and nothing was begun.
        await alice.presses(first, Answering("pick", 1, 0, 0).pack())
        await alice.reads("We were quick.")
        assert await alice.presses(offer, Belongs(0).pack()) == campus.t("en").plain("old.button")
        await alice.presses(first, Answering("back", 1, 1).pack())
        await alice.reads("Did you use the station?")
        # Whoever meant something else takes the words along with one press.
        await alice.says("The tap in room 5 drips")
        await alice.reads("If you meant something else")
        await alice.taps("📮 Open a ticket with these words")
        draft = await alice.reads("You wrote:")
        assert "The tap in room 5 drips" in draft.text
        assert "every week" not in draft.text
        await alice.presses(first, Answering("pick", 1, 0, 1).pack())
        await alice.reads("Which ways do you use?")
        for _ in range(3):
            await alice.taps("Skip ▶")
        await alice.taps("Satisfied")
        # Its last question waits for words: what was begun for a ticket is dropped, and it is said what.
        await alice.reads("The ticket or report you had begun")
        asked = await alice.reads("What else?")
        # Another survey ends the waiting, and the message that waited says so; what is left of the other one does not.
        await opened(campus)
        await alice.taps("✍️ Begin")
        assert (await alice.reads("is saved")).id == asked.id
        other = await alice.reads("Did you use the station?")
        await alice.taps("✍️ Go on")
        await alice.reads("What else?")
        await alice.presses(other, Answering("later", 2).pack())
        await alice.reads("Nothing of “How are we doing")
        await alice.says("A lamp")
        older = await alice.reads("look it over")
        assert "A lamp" in older.text
        # The same survey in a second message; the older one has been overtaken.
        await alice.says("/surveys")
        await alice.taps("How are we doing")
        newer = await alice.reads("look it over")
        assert newer.id != older.id
        await alice.presses(newer, Answering("pick", 1, 6, 1).pack())
        said = await alice.presses(older, Answering("finish", 1).pack())
        assert said == "The answers were changed in another message. Please look them over once more, then send them."
        shown = await alice.reads("→ Very dissatisfied")
        assert shown.id == older.id
        await alice.presses(shown, Answering("finish", 1).pack())
        await alice.reads("Thank you!")


async def test_the_files_tell_no_answer(migrated: Path, tmp_path: Path) -> None:
    """Whoever copies the database and its write-ahead log at any moment finds neither words nor presses in them: not
    where updates wait, not where screens leave, not in what was overwritten.
    """
    shutil.copy(migrated, tmp_path / "unionbot.db")
    async with running(f"sqlite:///{tmp_path / 'unionbot.db'}") as campus:
        students = [await campus.student(name) for name in ("Alice", "Bob", "Carol")]
        await opened(campus, cell=2)
        for number, student in enumerate(students):
            await student.taps("✍️ Begin")
            await student.taps("No")
            for _ in range(3):
                await student.taps("Skip ▶")
            await student.taps("Satisfied")
            await student.reads("What else?")
            await student.says(f"secretword{number}")
            overview = await student.reads("look it over")
            assert f"secretword{number}" in overview.text
            await student.taps("📨 Send")
            await student.reads("Thank you!")
        late = students[-1]
        await late.taps("✏️ Change my answers")
        await late.reads("look it over")
        await late.taps("6")
        asked = await late.reads("What else?")
        await campus.quiet()
        copies = files_in(tmp_path)
        assert b"survey_boxes" in copies
        for told in (b"secretword", b"sv:pick", b"Satisfied"):
            assert told not in copies
        await campus.later(days=11)
        async with campus.app.database.reading() as session:
            (survey,) = await surveys.in_stage(session, Stage.CLOSED)
            assert survey.told is not None
            assert survey.told.everybody.questions["overall"].by == {"4": 3}
            said = await remarks.of(session, survey.id)
            assert {each.text for each in said} == {f"secretword{number}" for number in range(3)}
            for table in (Box, Counted, Receipt, Sheet):
                assert await session.scalar(select(func.count()).select_from(table)) == 0
        # Whoever was still writing is told once that it is over; what comes next is no matter of the survey's.
        await late.says("secretword after the end")
        await late.reads("takes no more answers")
        await late.says("The tap in room 5 drips")
        await late.reads("You wrote:")
        # Of one that is only planned nobody hears, whatever they press.
        async with campus.app.database.transaction() as session:
            planned = await surveys.plan(
                session, key="next", questionnaire=EVERY_KIND, target=EVERYBODY, cell=2,
                opens_at=campus.clock() + timedelta(days=5), closes_at=campus.clock() + timedelta(days=9),
            )  # fmt: skip
            assert planned is not None
        for act in ("again", "peace"):
            answer = await late.presses(asked, Answering(act, planned.id).pack())
            assert answer == f"There is no survey {planned.id}."
