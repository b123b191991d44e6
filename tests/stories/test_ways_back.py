"""From every screen a way leads back, and looking at something else loses nothing."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import pytest

from bot.keyboards import Go, Mine
from bot.menus import OF_DRAFT, Step
from sandbox.client import Message, Person
from tests.campus import Campus, running

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
"""Nothing here depends on the kind of database."""

TAP = "The tap in the bathroom drips all night"


def leads_back(keyboard: dict[str, Any], back: str) -> bool:
    """Whether one of the buttons leads home, cancels, goes a step back or shows the ticket that the message is about;
    the menu itself is where the ways end.
    """
    buttons = [b for row in keyboard["inline_keyboard"] for b in row]
    payloads = {b["callback_data"].partition(OF_DRAFT)[0] for b in buttons}
    ways = {Go("home").pack(), Go("cancel").pack(), Step("cancel").pack(), Go("new").pack()}
    shows_ticket = any(p.startswith(f"{Mine.prefix}:view:") for p in payloads)
    return bool(payloads & ways) or shows_ticket or any(b["text"] == back for b in buttons)


@dataclass
class Walker:
    """A student who says and presses; every screen they come to must have a way back."""

    campus: Campus
    person: Person

    def words(self, key: str, **params: Any) -> str:
        """The first line of a text, as it is read."""
        return self.campus.t("en").plain(key, **{"cell": 10, **params}).splitlines()[0]

    async def arrives(self, wanted: str) -> Message:
        screen = await self.person.reads(wanted)
        assert screen.buttons, f"no way leads on from {screen.text!r}"
        assert leads_back(screen.raw["reply_markup"], self.words("nav.back")), screen.text
        return screen

    async def presses(self, label: str, wanted: str) -> Message:
        await self.person.taps(label)
        return await self.arrives(wanted)

    async def says(self, text: str, wanted: str) -> Message:
        await self.person.says(text)
        return await self.arrives(wanted)


async def through_the_menu(walker: Walker) -> None:
    w = walker.words
    for label, screen in (
        ("home.profile", "audience.ask"),
        ("home.language", "language.ask"),
        ("home.privacy", "privacy.never"),
        ("home.help", "help.text"),
        ("home.mine", "mine.none"),
        ("home.faq", "faq.contents"),
    ):
        await walker.presses(w(label), w(screen).replace("<b>", "").replace("</b>", ""))
        await walker.presses(w("nav.home"), "What would you like to do?")
    await walker.presses(w("home.profile"), w("audience.ask"))
    await walker.presses(w("audience.graduate"), w("building.ask"))
    await walker.says("qqq", "We know no building")
    await walker.presses(w("nav.back"), w("audience.ask"))
    await walker.presses(w("audience.graduate"), w("building.ask"))
    await walker.presses("East 1", "Noted: East 1")
    await walker.says("/cancel", w("cancel.nothing"))
    await walker.says("/nonsense", w("unknown.command"))


async def through_a_draft(walker: Walker) -> None:
    w = walker.words
    await walker.says("/new", w("new.kind"))
    await walker.presses(w("kind.complaint"), w("new.category"))
    await walker.presses("Dormitory repairs", "what exactly?")
    await walker.presses(w("nav.back"), w("new.category"))
    await walker.presses(w("nav.back"), w("new.kind"))
    await walker.presses(w("kind.complaint"), w("new.category"))
    await walker.presses("Dormitory repairs", "what exactly?")
    await walker.presses("Water", w("new.words"))
    await walker.says(TAP, "Got 1 message")
    await walker.presses(w("new.continue"), w("name.ask"))
    await walker.presses(w("name.named"), "Please check")
    for label, screen in (
        ("preview.kind", w("new.kind")),
        ("preview.category", w("new.category")),
        ("preview.building", w("new.building")),
    ):
        await walker.presses(w(label), screen)
        await walker.presses(w("nav.back"), "Please check")
    await walker.presses(w("preview.building"), w("new.building"))
    await walker.says("east", w("building.which"))
    await walker.presses("East 1", "Please check")
    await walker.presses(w("preview.words"), "Got 1 message")
    await walker.presses(w("new.empty"), w("new.words"))
    await walker.says(TAP, "Got 1 message")
    await walker.presses(w("new.continue"), "Please check")
    await walker.presses(w("preview.name"), w("name.ask"))
    await walker.presses(w("name.named"), "Please check")
    await walker.presses(w("preview.send"), w("new.sent"))
    await walker.arrives("📮")


async def through_a_ticket(walker: Walker) -> None:
    w, east = walker.words, walker.campus.east
    await walker.says("/mine", "Tap it to open")
    await walker.presses("#1", "In the hands of")
    await walker.presses(w("own.add"), "add to #1")
    await walker.says("It is the hot water side", "Passed on to the station")
    await walker.presses(w("own.back_to", number=1), "In the hands of")
    await walker.presses(w("own.withdraw"), "Withdraw #1?")
    await walker.presses(w("nav.back"), "In the hands of")
    await walker.presses(w("own.list"), "Tap it to open")
    await walker.campus.wang.taps(w("desk.claim"), chat=east)
    await walker.campus.wang.taps(w("desk.resolve"), chat=east)
    await walker.campus.wang.taps(w("resolution.done"), chat=east)
    await walker.arrives("Is it really fixed?")
    await walker.presses(w("fixed.no"), "What is still wrong?")
    await walker.campus.wang.taps(w("desk.resolve"), chat=east)
    await walker.campus.wang.taps(w("resolution.done"), chat=east)
    await walker.arrives("Is it really fixed?")
    await walker.presses(w("fixed.yes"), "How satisfied")
    await walker.presses("4 🙂", "★★★★☆")
    await walker.presses(w("rate.no_word"), w("rate.thanks"))


async def through_loose_words(walker: Walker) -> None:
    w = walker.words
    await walker.says(TAP, "You wrote:")
    await walker.presses(w("kind.complaint"), w("new.category"))
    await walker.presses("Dormitory repairs", "what exactly?")
    await walker.presses("Water", w("similar.ended"))
    await walker.presses(w("similar.none"), w("name.ask"))
    await walker.presses(w("name.anonymous"), "Please check")
    await walker.presses(w("preview.send"), w("new.sent"))
    await walker.arrives("📮")
    await walker.says("and the floor is wet", w("loose.ask"))
    await walker.presses("Add to #2", "Passed on to the station (#2)")
    await walker.presses(w("own.back_to", number=2), "In the hands of")
    await walker.presses(w("own.withdraw"), "Withdraw #2?")
    await walker.presses(w("own.withdraw_yes"), "#2 has been withdrawn")


async def through_what_others_filed(walker: Walker) -> None:
    w = walker.words
    bob = await walker.campus.student("Bob")
    number = await walker.campus.files(bob, "The light in the corridor flickers", category=("repairs", "power"))
    await walker.says("/new", w("new.kind"))
    await walker.presses(w("kind.complaint"), w("new.category"))
    await walker.presses("Dormitory repairs", "what exactly?")
    await walker.presses("Power", w("new.words"))
    await walker.says("The light in the corridor flickers again", "Got 1 message")
    await walker.presses(w("new.continue"), w("similar.text"))
    await walker.presses(w("nav.back"), "Got 1 message")
    await walker.presses(w("new.continue"), w("similar.text"))
    await walker.presses(f"Join #{number}", f"You have joined #{number}")
    await walker.arrives("🤝")


WALKS: list[Callable[[Walker], Awaitable[None]]] = [
    through_the_menu,
    through_a_draft,
    through_a_ticket,
    through_loose_words,
    through_what_others_filed,
]


async def test_every_screen_has_a_way_back(database_url: str) -> None:
    """Leaving the questions about oneself by button changed the answers: there was no other way out."""
    async with running(database_url) as campus:
        t = campus.t("en")
        alice = await campus.stage.person("Alice", "en")
        walker = Walker(campus, alice)
        await alice.says("/start")
        await alice.taps(t.plain("consent.agree"))
        await walker.arrives(walker.words("audience.ask"))
        await walker.presses(t.plain("nav.home"), "What would you like to do?")
        agreed = (await campus.stage.calls())[-1]["n"]
        for walk in WALKS:
            await walk(walker)
        # Whatever else was shown on the way, also what was replaced before anybody looked at it.
        for call in await campus.stage.calls(after=agreed):
            params = call["params"]
            if str(params.get("chat_id")) == str(alice.id) and params.get("reply_markup"):
                given = params["reply_markup"]
                assert leads_back(json.loads(given) if isinstance(given, str) else given, t.plain("nav.back")), params
