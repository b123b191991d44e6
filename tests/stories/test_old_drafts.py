"""A button belongs to the draft under which it stands: one under another draft changes nothing, and says so."""

from __future__ import annotations

import re

import pytest

from models.conversations import Standing
from sandbox.client import Message, Person
from tests.campus import Campus, running
from tests.stories.test_states import keep

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
"""Nothing here depends on the kind of database."""

TAP = "The tap in the bathroom drips all night"
LAMP = "The lamp in the corridor flickers"


async def previewed(campus: Campus, person: Person, text: str, *, anonymous: bool) -> Message:
    """The preview of a draft with these words."""
    t, settings = campus.t("en"), campus.app.settings
    await person.says("/new")
    await person.taps(t.plain("kind.complaint"))
    await person.taps(t.pick(settings.category_names("repairs")))
    await person.taps(t.pick(settings.category_names("water" if text == TAP else "power")))
    await person.reads(t.plain("new.words").splitlines()[0])
    await person.says(text)
    await person.taps(t.plain("new.continue"))
    await person.taps(t.plain("name.anonymous" if anonymous else "name.named"))
    return await person.reads("Please check")


async def no_buttons(campus: Campus, person: Person, screen: Message) -> None:
    """Wait until an older preview has none: two that look alike, and one of them refuses."""
    shown = campus.stage.view.chat(person.id)
    await campus.stage.until(lambda: not shown[screen.id].buttons or None, 15, "buttons are gone", person.id)


async def test_send_under_an_old_preview_sends_no_other_draft(database_url: str) -> None:
    """An anonymous complaint was put away, and "Send" below its preview filed the next one under a name."""
    async with running(database_url) as campus:
        t = campus.t("en")
        alice = await campus.student("Alice")
        old = await previewed(campus, alice, TAP, anonymous=True)
        await alice.says("/cancel")
        await alice.reads(t.plain("cancel.done"))
        assert await alice.taps(t.plain("preview.send"), message=old) == t.plain("old.button")
        new = await previewed(campus, alice, LAMP, anonymous=False)
        for label in ("preview.send", "preview.name", "preview.words", "nav.cancel"):
            assert await alice.taps(t.plain(label), message=old) == t.plain("draft.another"), label
        shown = {message.id: message for message in await alice.transcript()}
        assert shown[old.id].text == old.text, "and stands as it stood"
        await alice.taps(t.plain("preview.send"), message=new)
        await alice.reads("📮")
        card = await campus.east.shows("flickers")
        assert "Alice" in card.text
        # Whoever taps it once more, because nothing happened at once, hears that it was sent; also in the next draft.
        send = next(b["callback_data"] for b in new.buttons if b["text"] == t.plain("preview.send"))
        assert await alice.presses(new, send) == t.plain("draft.sent_already")
        await alice.says("/new")
        await alice.reads(t.plain("new.kind"))
        assert await alice.presses(new, send) == t.plain("draft.sent_already")
        await campus.quiet()
        assert "drips" not in "".join(m.text for m in await campus.east.transcript())


async def test_what_is_sent_is_what_the_preview_shows(database_url: str) -> None:
    """An earlier preview of the same draft says "anonymous", a later one has the name."""
    async with running(database_url) as campus:
        t = campus.t("en")
        alice = await campus.student("Alice")
        old = await previewed(campus, alice, TAP, anonymous=True)
        await alice.says("All of them do")
        await alice.reads("Got 2 messages")
        await alice.taps(t.plain("new.continue"))
        new = await alice.reads(re.compile("Please check(.|\n)*All of them do"))
        assert new.id != old.id
        await no_buttons(campus, alice, old)
        await alice.taps(t.plain("preview.name"), message=new)
        await alice.taps(t.plain("name.named"), message=new)
        await alice.reads("Alice")
        # A press that was on its way when the buttons went.
        send = next(b["callback_data"] for b in old.buttons if b["text"] == t.plain("preview.send"))
        assert await alice.presses(old, send) == t.plain("draft.changed")
        await no_buttons(campus, alice, new)
        again = campus.stage.view.chat(alice.id)[old.id]
        assert "All of them do" in again.text
        await alice.taps(t.plain("preview.send"), message=again)
        card = await campus.east.shows("All of them do")
        assert "Alice" in card.text


async def test_a_draft_from_before_buttons_knew_theirs_goes_on(database_url: str) -> None:
    """What was on a screen when the program was brought up to date."""
    async with running(database_url) as campus:
        t = campus.t("en")
        alice = await campus.student("Alice")
        await keep(campus, alice.id, Standing("New:kind", {"parts": [[{"type": "text", "text": TAP}, [alice.id, 1]]]}))
        await alice.presses(1, "pk:kind:complaint")
        await alice.reads(t.plain("new.category"))
        assert await alice.presses(1, "pk:kind:complaint") == t.plain("draft.another")
        await alice.taps(t.pick(campus.app.settings.category_names("repairs")))
        await alice.taps(t.pick(campus.app.settings.category_names("water")))
        await alice.taps(t.plain("name.named"))
        await alice.taps(t.plain("preview.send"))
        await campus.east.shows(TAP)
