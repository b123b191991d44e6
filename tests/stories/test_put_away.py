"""In a group nobody asks what words are meant for that come too late: what was being written there is never dropped in
silence, whatever else is begun, and what cannot be used is said to be so.
"""

from __future__ import annotations

import pytest
from sqlalchemy import select

from bot.disclosing import Disclosing
from bot.lists import Keep
from bot.project_desk import ProjectDesk
from bot.publishing import Publish
from bot.survey_desk import Making
from models import conversations, stations, words
from models.conversations import Standing
from models.people import meet
from models.projects import Project
from models.union import undertaking
from models.words import Side
from sandbox.client import photo, sticker
from tests.campus import UNLIMITED, Campus, running
from tests.stories.test_states import BOT, groups

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)

BEGUN = (
    *("/publish", "/survey", "/projects", "/evaluation", "/poll", "/poll Tea? | Yes | No", "/quiz", "/study"),
    *("/volunteers", "/workreport", "/workreport en", "/canned", "/canned add", "/walkin", "/posts", "/disclosure"),
    *("/board", "/roles", "/audit", "/export", "/open", "/duty", "/stats", "/code", "/mode", "/faq", "/a"),
)
"""Every command of the office's group that begins or shows something."""
THERE = [group for group in groups() if group.__module__.startswith(("handlers.union", "handlers.staff"))]


async def standing(campus: Campus, at: Standing | None = None) -> Standing:
    """Where the admin's conversation in the office stands; `at`: from now on."""
    key, vault = f"chat:{BOT}:{campus.office.id}:{campus.admin.id}", campus.app.toolbox.house.vault
    async with campus.app.database.transaction() as session:
        before = await conversations.read(session, key, vault)
        if at is None:
            return before
        await conversations.write(session, key, before, at, vault, campus.clock())
    return at


async def said_since(campus: Campus, before: int) -> str:
    """Everything the bot has said in the office since."""
    await campus.quiet()
    said = [each for each in await campus.office.transcript() if each.from_bot]
    return "\n".join(each.text for each in said[before:])


@pytest.mark.rehearsal
async def test_a_command_keeps_what_is_being_written_or_says_that_it_was_put_away(database_url: str) -> None:
    async with running(database_url, limits=UNLIMITED) as campus:
        t, office = campus.t("en"), campus.office
        writing = [*((command, "Publishing:words") for command in BEGUN)]
        for group in THERE:
            writing += [("/projects", str(state.state)) for state in group.__states__]
            writing += [("/canned add", str(group.__states__[-1].state))]
        silent = []
        for command, state in writing:
            before = await standing(campus, Standing(state, {"ticket": 1}))
            count = len([each for each in await office.transcript() if each.from_bot])
            await campus.admin.says(command, chat=office)
            told = await said_since(campus, count)
            assert "went wrong" not in told, (command, state)
            if await standing(campus) != before and t.plain("draft.put_away") not in told:
                silent.append((command, state))
        assert silent == []


async def test_a_button_that_begins_something_says_what_it_puts_an_end_to(database_url: str) -> None:
    async with running(database_url) as campus:
        t, office = campus.t("en"), campus.office
        await campus.admin.says("/disclosure", chat=office)
        screen = await office.shows("")
        for press in (Disclosing("new", "staff", 0), Making("new")):
            await standing(campus, Standing("PublicAnswer:words", {"comment": 1}))
            await campus.admin.presses(screen, press.pack(), chat=office)
            await office.shows(t.plain("draft.put_away"))
        # So does an older screen of the same kind; the way back of what is being written goes without saying.
        async with campus.app.database.transaction() as session:
            zhao = await meet(session, campus.admin.id, "Zhao", None, "en")
            await undertaking.suggest(session, "Drying rooms", zhao, campus.clock())
        for state, data, onto, said in (
            ("Publishing:words", {"kind": "news"}, Publish("list", 0), 0),
            ("Publishing:words", {"publication": 7}, Publish("list", 0), 1),
            ("ProjectWords:title", {"project": 0}, ProjectDesk("list", 0), 0),
            ("ProjectWords:title", {"project": 0}, ProjectDesk("one", 1), 1),
            ("ProjectWords:criteria", {"project": 1}, ProjectDesk("one", 1), 0),
        ):
            await campus.quiet()
            count = len(await office.transcript())
            await standing(campus, Standing(state, data))
            await campus.admin.presses(screen, onto.pack(), chat=office)
            await campus.quiet()
            told = [each.text for each in (await office.transcript())[count:]]
            assert told.count(t.plain("draft.put_away")) == said, onto
            assert (await standing(campus)).state is None
        # Another dialogue's "never mind" ends that one alone.
        kept = await standing(campus, Standing("Publishing:words", {"kind": "news", "language": "en"}))
        await campus.admin.says("/canned", chat=office)
        await campus.admin.presses(await office.shows("To use one: /a"), Keep("list", 0).pack(), chat=office)
        await campus.quiet()
        assert await standing(campus) == kept


async def test_what_is_no_words_is_said_to_be_of_no_use_and_nothing_is_lost(database_url: str) -> None:
    async with running(database_url, limits=UNLIMITED) as campus:
        t, office, admin = campus.t("en"), campus.office, campus.admin
        await admin.says("/projects", chat=office)
        await admin.taps(t.plain("project_desk.new"), chat=office)
        await office.shows("What is it called?")
        for sent in (photo(), sticker()):
            await admin.sends(sent, chat=office)
            await office.shows(t.plain("draft.unheard"))
        await admin.says("Drying rooms", chat=office)
        await office.shows("1 · Drying rooms")
        await admin.says("/posts", chat=office)
        await admin.taps("Presidium · 0", chat=office)
        await admin.taps("➕ Member", chat=office)
        await office.shows("Who becomes")
        await admin.sends(photo(), chat=office)
        await office.shows(t.plain("draft.unheard"))
        # Colleagues talk to each other: nobody is in the middle of anything, or somebody else is.
        await campus.quiet()
        count = len(await office.transcript())
        lin = await campus.stage.person("Lin", "en")
        await lin.joins(office)
        await lin.sends(photo(), chat=office)
        await admin.says("/cancel", chat=office)
        await office.shows(t.plain("desk.cancelled"))
        await admin.sends(photo(), chat=office)
        await campus.quiet()
        said = [each.text for each in (await office.transcript())[count:] if each.from_bot]
        assert said == [t.plain("desk.cancelled")]


async def test_an_answer_to_a_card_is_its_student_s_whatever_is_being_written(database_url: str) -> None:
    async with running(database_url) as campus:
        t, office, admin = campus.t("en"), campus.office, campus.admin
        alice = await campus.student("Alice")
        number = await campus.files(alice, "The network is down every noon", category=("life", "internet"))
        card = await office.shows(f"#{number} ·")
        await admin.says("/projects", chat=office)
        await admin.taps(t.plain("project_desk.new"), chat=office)
        await office.shows("What is it called?")
        await admin.says("It is mended since noon", chat=office, reply_to=card)
        await alice.reads("It is mended since noon")
        # Nor is it for the bot what answers a colleague.
        lin = await campus.stage.person("Lin", "en")
        await lin.joins(office)
        await admin.says("Yes, in room 3", chat=office, reply_to=await lin.says("Is there a meeting?", chat=office))
        await campus.quiet()
        async with campus.app.database.reading() as session:
            assert (await session.scalars(select(Project))).all() == []
        await admin.says("Faster network", chat=office)
        await office.shows("1 · Faster network")


async def test_what_was_asked_for_about_a_ticket_stays_so_whatever_is_begun_meanwhile(database_url: str) -> None:
    """A note became an answer, which the student read."""
    async with running(database_url) as campus:
        t, east, wang = campus.t("en"), campus.east, campus.wang
        alice = await campus.student("Alice")
        number = await campus.files(alice, "The tap in the bathroom drips all night")
        card = await east.shows(f"#{number} ·")
        for begun in ("/walkin", "/canned", "/stats"):
            await wang.taps(t.plain("desk.note"), message=card, chat=east)
            await east.shows("with your note on")
            await wang.says(begun, chat=east)
            await campus.quiet()
            await wang.says(f"Only for us, after {begun}", chat=east, reply_to=card)
            await campus.quiet()
        async with campus.app.database.reading() as session:
            sides = [each.side for each in await words.said.about(session, number)]
        assert sides == [Side.STUDENT, Side.NOTE, Side.NOTE, Side.NOTE]
        assert not any("Only for us" in each.text for each in await alice.transcript())


async def test_in_a_topic_that_a_colleague_opened_what_is_written_is_heard(database_url: str) -> None:
    """Everything said there replies to the head of the topic, and to nobody."""
    async with running(database_url) as campus:
        t, admin = campus.t("en"), campus.admin
        office = await campus.stage.group("Forum", [admin], [], forum=True)
        async with campus.app.database.transaction() as session:
            place = await stations.by_key(session, "office")
            assert place is not None
            place.chat_id = office.id
        topic = await office.topic("Projects")
        await admin.says("/projects", chat=office, thread=topic)
        await admin.taps(t.plain("project_desk.new"), chat=office)
        await admin.sends(photo(), chat=office, thread=topic)
        await office.shows(t.plain("draft.unheard"))
        await admin.says("Drying rooms", chat=office, thread=topic)
        await office.shows("1 · Drying rooms")
