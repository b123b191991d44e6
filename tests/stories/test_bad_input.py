"""Bad input gets a sentence that helps, changes nothing and loses nothing."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from sqlalchemy import func, select

from models import conversations
from models.conversations import Conversation
from models.tickets import Ticket
from sandbox.actors import dice, photo, sticker
from sandbox.client import Person
from tests.campus import Campus, of_draft, running

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
"""Nothing here depends on the kind of database."""

TAP = "The tap in the bathroom drips all night"


async def at_the_words(campus: Campus) -> Person:
    """A student who is asked what happened."""
    t, settings = campus.t("en"), campus.app.settings
    alice = await campus.student("Alice")
    await alice.says("/new")
    await alice.taps(t.plain("kind.complaint"))
    await alice.taps(t.pick(settings.category_names("repairs")))
    await alice.taps(t.pick(settings.category_names("water")))
    await alice.reads(t.plain("new.words").splitlines()[0])
    return alice


async def tickets(campus: Campus) -> int:
    async with campus.app.database.reading() as session:
        return await session.scalar(select(func.count()).select_from(Ticket)) or 0


def message(person: Person, **content: Any) -> dict[str, Any]:
    """A raw message as no ordinary client sends it."""
    user = {"id": person.id, "is_bot": False, "first_name": person.name, "language_code": "en"}
    chat = {"id": person.id, "type": "private", "first_name": person.name}
    return {"message": {"message_id": 90_000, "date": 1_790_000_000, "chat": chat, "from": user, **content}}


async def test_ten_thousand_characters_are_refused_and_the_draft_stays(database_url: str) -> None:
    async with running(database_url) as campus:
        t = campus.t("en")
        alice = await at_the_words(campus)
        await alice.says("It drips")
        await alice.reads("Got 1 message")
        await campus.stage.update(message(alice, text="x" * 10_000))
        await alice.reads(t.plain("words.too_long", length=10_000, most=4096))
        await alice.taps(t.plain("new.continue"))
        await alice.taps(t.plain("name.named"))
        preview = await alice.reads("Please check")
        assert "It drips" in preview.text


@pytest.mark.parametrize("words", ["   ", "\u200b\u200b", "\n\n"], ids=["blanks", "invisible", "lines"])
async def test_words_that_say_nothing_do_not_make_a_ticket(database_url: str, words: str) -> None:
    async with running(database_url) as campus:
        t = campus.t("en")
        alice = await at_the_words(campus)
        await campus.stage.update(message(alice, text=words))
        said = await alice.taps(t.plain("new.continue"))
        assert said == t.plain("draft.says_nothing")
        assert await tickets(campus) == 0


async def test_a_sticker_alone_does_not_make_a_ticket(database_url: str) -> None:
    async with running(database_url) as campus:
        t = campus.t("en")
        alice = await at_the_words(campus)
        await alice.sends(sticker())
        assert await alice.taps(t.plain("new.continue")) == t.plain("draft.says_nothing")
        await alice.sends(photo())
        await alice.taps(t.plain("new.continue"))
        await alice.reads(t.plain("name.ask").splitlines()[0])


async def test_a_kind_that_cannot_be_passed_on_says_which_can(database_url: str) -> None:
    async with running(database_url) as campus:
        t = campus.t("en")
        alice = await at_the_words(campus)
        await alice.sends(dice())
        await alice.reads(t.plain("words.unknown_kind"))
        await alice.says("It drips")
        await alice.reads("Got 1 message")


async def test_thirty_messages_are_enough_for_one_ticket(database_url: str) -> None:
    async with running(database_url) as campus:
        t = campus.t("en")
        alice = await at_the_words(campus)
        for i in range(31):
            await campus.stage.control("say", person=alice.id, text=f"line {i}")
        await alice.reads(t.plain("words.too_many", most=30))
        await alice.taps(t.plain("new.continue"))
        await alice.reads(t.plain("name.ask").splitlines()[0])
        await alice.taps(t.plain("name.named"))
        await alice.taps(t.plain("preview.send"))
        card = await campus.east.shows("line 29")
        assert all(f"line {i}" in card.text for i in range(30))
        assert "line 30" not in card.text


@pytest.mark.parametrize("place", ["before agreeing", "before saying what it is", "beside an open ticket"])
async def test_no_message_is_dropped_without_a_word(database_url: str, place: str) -> None:
    async with running(database_url) as campus:
        t = campus.t("en")
        if place == "before agreeing":
            alice = await campus.stage.person("Alice", "en")
        else:
            alice = await campus.student("Alice")
        if place == "before saying what it is":
            await alice.says("/new")
            await alice.reads(t.plain("new.kind"))
        if place == "beside an open ticket":
            await campus.files(alice, TAP)
        for i in range(30):
            await campus.stage.control("say", person=alice.id, text=f"line {i}")
        await alice.says("line 30")
        await alice.reads(t.plain("words.too_many", most=30))
        async with campus.app.database.reading() as session:
            key, vault = f"chat:{campus.app.bot.id}:{alice.id}:{alice.id}", campus.app.toolbox.house.vault
            data = (await conversations.read(session, key, vault)).data
        held = data["pending" if place == "before agreeing" else "parts"]
        assert [part[0]["text"] for part in held] == [f"line {i}" for i in range(30)]


@pytest.mark.parametrize("command", ["/cancel", "/new", "/start"])
async def test_a_forwarded_command_does_nothing(database_url: str, command: str) -> None:
    async with running(database_url) as campus:
        t = campus.t("en")
        alice = await at_the_words(campus)
        await alice.says("It drips")
        await alice.reads("Got 1 message")
        await campus.stage.control("say", person=alice.id, text=command, forward_from={"id": campus.wang.id})
        await alice.reads(t.plain("forwarded.command"))
        await alice.taps(t.plain("new.continue"))
        await alice.reads(t.plain("name.ask").splitlines()[0])


async def test_foreign_and_old_buttons_explain_themselves(database_url: str) -> None:
    async with running(database_url) as campus:
        t = campus.t("en")
        alice = await campus.student("Alice")
        old = t.plain("old.button")
        payloads = [
            "anything",
            "st:send",
            "pk:kind:complaint",
            "jn:1",
            "bl:1",
            "pg:99999999999999999999",
            "su:place:east",
        ]
        for payload in payloads:
            assert await alice.presses(1, payload) == old, payload
        for payload in ("ak:send", "ak:scale"):
            assert await alice.presses(1, payload) == t.plain("pulse.admins_only")
        for payload in ("m:view:1:0", "f:1:1:0", "r:1:5"):
            assert await alice.presses(1, payload) == t.plain("ticket.unknown", number=1)
        assert await tickets(campus) == 0


@pytest.mark.parametrize("payload", ["pk:kind:sealed", "pk:category:none", "pk:building:z9", "pk:name:x", "st:moon"])
async def test_a_choice_that_was_never_offered_is_refused(database_url: str, payload: str) -> None:
    async with running(database_url) as campus:
        t = campus.t("en")
        alice = await at_the_words(campus)
        screen = await alice.shows(t.plain("new.words").splitlines()[0])
        assert await alice.presses(screen, of_draft(screen, payload)) == t.plain("draft.another")
        await alice.says("It drips")
        await alice.reads("Got 1 message")


async def test_only_a_ticket_that_is_offered_can_be_joined(database_url: str) -> None:
    """Whoever joins reads every answer; the number in a press is chosen by whoever presses."""
    async with running(database_url) as campus:
        t = campus.t("en")
        offered = await campus.files(await campus.student("Bob"), TAP)
        secret = await campus.files(await campus.student("Carol"), "My roommate drinks", category=("repairs", "power"))
        alice = await at_the_words(campus)
        await alice.says("The tap in our bathroom drips all night long")
        await alice.taps(t.plain("new.continue"))
        screen = await alice.reads(f"#{offered}")
        assert await alice.presses(screen, of_draft(screen, f"jn:{secret}")) == t.plain("draft.another")
        assert await alice.presses(1, f"m:view:{secret}:0") == t.plain("ticket.unknown", number=secret)
        assert await alice.presses(screen, of_draft(screen, f"jn:{offered}")) == ""
        await alice.reads("🤝")


async def test_a_double_tap_on_send_files_one_ticket(database_url: str) -> None:
    async with running(database_url) as campus:
        t = campus.t("en")
        alice = await at_the_words(campus)
        await alice.says(TAP)
        await alice.taps(t.plain("new.continue"))
        await alice.taps(t.plain("name.named"))
        screen = await alice.reads("Please check")
        send = next(b["callback_data"] for b in screen.buttons if b["text"] == t.plain("preview.send"))
        answers = await asyncio.gather(*(alice.presses(screen, send) for _ in range(3)))
        assert (answers.count(""), answers.count(t.plain("draft.sent_already"))) == (1, 2)
        await alice.reads("📮")
        assert await tickets(campus) == 1


@pytest.mark.parametrize(
    "name", ["<b>bold</b>", "\u202eevil\u202c", "\u200b\u200b", "x" * 64, "Zoë 🏳️‍🌈", "a\u0301" * 30], ids=str
)
async def test_hostile_names_stay_names(database_url: str, name: str) -> None:
    async with running(database_url) as campus:
        alice = await campus.student(name)
        number = await campus.files(alice, "<i>half a tag & more")
        card = await campus.east.shows(f"#{number} ·")
        assert "<i>half a tag & more" in card.text
        assert "\u202e" not in card.text
        assert len(card.text) < 1000
        second = card.text.splitlines()[2]
        assert second.startswith("🙂 ")
        assert len(second) > 2


async def test_words_where_a_choice_is_expected_are_kept(database_url: str) -> None:
    async with running(database_url) as campus:
        t, settings = campus.t("en"), campus.app.settings
        alice = await campus.student("Alice")
        await alice.says("/new")
        await alice.reads(t.plain("new.kind"))
        await alice.says(TAP)
        await alice.taps(t.plain("kind.complaint"))
        await alice.taps(t.pick(settings.category_names("repairs")))
        await alice.taps(t.pick(settings.category_names("water")))
        await alice.reads(t.plain("name.ask").splitlines()[0])


async def test_updates_from_bots_are_dropped(database_url: str) -> None:
    async with running(database_url) as campus:
        alice = await campus.student("Alice")
        raw = message(alice, text="/new")
        raw["message"]["from"] |= {"is_bot": True, "id": 4711}
        await campus.stage.update(raw)
        await alice.says("/mine")
        await alice.reads(campus.t("en").plain("mine.none"))
        async with campus.app.database.reading() as session:
            assert not (await session.scalars(select(Conversation))).all()


async def test_an_edit_of_something_unknown_changes_nothing(database_url: str) -> None:
    async with running(database_url) as campus:
        alice = await campus.student("Alice")
        raw = message(alice, text="edited", edit_date=1_790_000_100)
        await campus.stage.update({"edited_message": raw["message"]})
        await alice.says("/mine")
        await alice.reads(campus.t("en").plain("mine.none"))
