"""While a ticket or a sealed report is being written: what is sent is kept or said not to be, and looking at something
else leaves it where it is.
"""

from __future__ import annotations

import re

import pytest
from sqlalchemy import select

from bot.faq import Topic
from bot.menus import Pick
from bot.sealed import Tell
from models.cases import Case
from sandbox.client import Message, Person, photo
from tests.campus import Campus, running
from tests.stories.test_drafts import TAP, drafting

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
"""Nothing here depends on the kind of database."""


async def test_a_slash_that_is_no_command_is_said_not_to_be_taken_up(database_url: str) -> None:
    """The menu was shown instead, of which every second button leaves the draft."""
    async with running(database_url) as campus:
        t = campus.t("en")
        alice = await campus.student("Alice")
        number = await campus.files(alice, TAP)
        await drafting(campus, alice)
        for words in ("/unknown words", "/ it fell on my foot"):
            said = await alice.says(words)
            told = await alice.reads(t.plain("unknown.in_between"))
            assert told.raw["reply_to_message"]["message_id"] == said.id
            assert told.labels == [t.plain("nav.on")]
            await alice.taps(t.plain("nav.on"))
            await alice.reads("Got 1 message")
        await alice.says("It fell on my foot")
        await alice.reads("Got 2 messages")
        # Where no draft is, but words are waited for, they still are.
        await alice.says("/cancel")
        await alice.says("/mine")
        await alice.taps(f"#{number}")
        await alice.taps(t.plain("own.add"))
        await alice.reads(t("mine.add", number=number))
        await alice.says("/unknown words")
        assert (await alice.reads(t.plain("unknown.in_between"))).labels == []
        await alice.says("It is the hot water side")
        await campus.east.shows("hot water side")
        assert "unknown words" not in "".join(m.text for m in await campus.east.transcript())


async def test_words_where_a_choice_is_asked_for_are_said_to_be_kept(database_url: str) -> None:
    async with running(database_url) as campus:
        t, settings = campus.t("en"), campus.app.settings
        alice = await campus.student("Alice")
        await alice.says("/new")
        await alice.reads(t.plain("new.kind"))
        await alice.says("The wardrobe has lost its door")
        screen = await alice.reads(t.plain("draft.taken"))
        assert t.plain("new.kind") in screen.text
        await alice.taps(t.plain("kind.complaint"), message=screen)
        await alice.says("It fell on my foot")
        screen = await alice.reads(t.plain("draft.taken"))
        assert t.plain("new.category") in screen.text
        await alice.taps(t.pick(settings.category_names("repairs")), message=screen)
        await alice.taps(t.pick(settings.category_names("furniture")))
        await alice.taps(t.plain("name.named"))
        screen = await alice.reads("Your words (2)")
        assert t.plain("draft.taken") not in screen.text


async def previewed(campus: Campus, alice: Person) -> Message:
    """The preview of an anonymous report that waits to be sent."""
    t = campus.t("en")
    await alice.says("/report")
    await alice.taps(t.plain("report.begin"))
    await alice.says("Zhou Dahai of East Station")
    await alice.taps(t.plain("report.no"))
    await alice.says("He sold the free tickets")
    await alice.taps(t.plain("new.continue"))
    await alice.taps(t.plain("report.anonymous"))
    return await alice.shows("Please read it once")


async def test_looking_at_something_else_keeps_a_report(database_url: str) -> None:
    """The way back was the menu, on which it was left, and another language left it at once."""
    async with running(database_url) as campus:
        t, hans = campus.t("en"), campus.t("zh-hans")
        alice = await campus.student("Alice", id=837465921)
        await previewed(campus, alice)
        for command, shown in (("/help", "What you can do"), ("/privacy", "What is kept"), ("/faq tap", "help?")):
            await alice.says(command)
            await alice.reads(shown)
            await alice.taps(t.plain("faq.no_draft" if command == "/faq tap" else "nav.back"))
            await alice.reads("He sold the free tickets")
        assert await alice.presses(2, Pick("kind", "complaint").pack()) == t.plain("draft.another")
        await alice.says("/report")
        await alice.reads("He sold the free tickets")
        await alice.says("/language")
        await alice.taps("简体中文")
        await alice.reads("He sold the free tickets")
        await alice.taps(hans.plain("report.send"))
        await alice.reads(hans.plain("report.sent").splitlines()[0])


async def test_a_report_is_sent_as_its_preview_shows_it(database_url: str) -> None:
    """An earlier preview said "anonymous", and "Send" below it sent the report with the name."""
    async with running(database_url) as campus:
        t = campus.t("en")
        alice = await campus.student("Alice", id=837465921)
        old = await previewed(campus, alice)
        await alice.says("On Friday")
        await alice.reads("2 messages so far")
        await alice.taps(t.plain("new.continue"))
        await alice.taps(t.plain("report.named"))
        await alice.shows("On Friday")
        assert await alice.taps(t.plain("report.send"), message=old) == t.plain("draft.changed")
        async with campus.app.database.reading() as session:
            assert await session.scalar(select(Case.id)) is None
        again = await alice.shows("On Friday")
        await alice.taps(t.plain("report.send"), message=again)
        await alice.reads(t.plain("report.sent").splitlines()[0])


async def test_a_report_is_not_sent_in_other_words_than_its_preview_shows(database_url: str) -> None:
    async with running(database_url) as campus:
        t = campus.t("en")
        alice = await campus.student("Alice", id=837465921)
        old = await previewed(campus, alice)
        (said,) = [m for m in await alice.transcript() if m.text == "He sold the free tickets"]
        await alice.edits(said, "He sold my ticket")
        await campus.quiet()
        assert await alice.taps(t.plain("report.send"), message=old) == t.plain("draft.changed")
        await alice.taps(t.plain("report.send"), message=await alice.shows("He sold my ticket"))
        await alice.reads(t.plain("report.sent").splitlines()[0])


async def test_no_old_button_over_a_report_advises_what_leaves_it(database_url: str) -> None:
    """Whether nobody waits for the press, or somebody does and finds nothing behind it."""
    async with running(database_url) as campus:
        t = campus.t("en")
        alice = await campus.student("Alice", id=837465921)
        gone = Topic("repairs", 999).pack()
        seen = await alice.shows("You can start now")
        assert await alice.presses(seen.id, gone) == t.plain("old.button")
        old = await previewed(campus, alice)
        for payload in (gone, Tell("who", "99").pack(), "x:1"):
            assert await alice.presses(old.id, payload) == t.plain("draft.another")
        await alice.shows("He sold the free tickets")


async def test_nothing_that_is_sent_while_a_report_is_written_is_dropped(database_url: str) -> None:
    """Words where a button was meant were; a caption with a slash took the report's place."""
    async with running(database_url) as campus:
        t = campus.t("en")
        alice = await campus.student("Alice", id=837465921)
        await alice.says("/report")
        await alice.taps(t.plain("report.begin"))
        await alice.says("Zhou Dahai of East Station")
        await alice.reads("Zhou Dahai")
        await alice.says("He sold the free tickets")
        await alice.reads(t.plain("draft.taken"))
        await alice.taps(t.plain("report.no"))
        await alice.reads("1 message so far")
        await alice.sends(photo(), caption="/receipt of Friday")
        await alice.reads("2 messages so far")
        await alice.sends(photo(), caption="/tag pipe")
        await alice.reads("3 messages so far")


async def test_words_after_it_was_resolved_open_it_again_and_that_is_said(database_url: str) -> None:
    """Thanks under “Is it really fixed?” opened the ticket again, and nobody told the student."""
    async with running(database_url) as campus:
        alice = await campus.student("Alice")
        number = await campus.files(alice, "The tap drips all night")
        for replies in (True, False):
            card = await campus.east.shows(f"#{number} ·")
            await campus.wang.says("/resolve A new valve", chat=campus.east, reply_to=card)
            asked = await alice.reads("Is it really fixed?")
            await alice.says("Well, thanks", reply_to=asked if replies else None)
            if not replies:
                await alice.taps(re.compile(f"Add to #{number} "))
            assert f"#{number}" in (await alice.reads("open again")).text
            await campus.east.shows("reopened")
