"""Every kind of thing people send passes, whole, both ways, and follows its edits."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest

from sandbox.actors import (
    animation,
    audio,
    contact,
    dice,
    document,
    location,
    photo,
    sticker,
    venue,
    video,
    video_note,
    voice,
)
from sandbox.client import Group, Person
from tests.campus import Campus, running
from tests.stories.test_replies import POLL

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
"""Nothing here depends on the kind of database."""

KINDS: dict[str, Callable[[], Any]] = {
    "photo": photo,
    "video": video,
    "voice": voice,
    "video_note": video_note,
    "audio": audio,
    "document": document,
    "animation": animation,
    "sticker": sticker,
    "location": location,
    "venue": venue,
    "contact": contact,
}
STORY = {"chat": {"id": -1009, "type": "channel", "title": "News"}, "id": 3}
PHOTO = [{"file_id": "x", "file_unique_id": "x", "width": 9, "height": 9}]
GAME = {"title": "Chess", "description": "A game", "photo": PHOTO}
PAID = {"star_count": 5, "paid_media": [{"type": "preview"}]}
TAP = "The tap in the bathroom drips all night"


async def filed(campus: Campus) -> tuple[Person, int, Any]:
    alice = await campus.student("Alice")
    number = await campus.files(alice, TAP)
    return alice, number, await campus.east.shows(f"#{number} ·")


async def test_every_kind_reaches_the_station_and_every_kind_comes_back(database_url: str) -> None:
    """Media kinds silently dropped: seen in other bots."""
    async with running(database_url) as campus:
        t = campus.t("en")
        alice, _, card = await filed(campus)
        await campus.wang.taps(t.plain("desk.claim"), chat=campus.east)
        await alice.taps(t.plain("own.view"))
        await alice.taps(t.plain("own.add"))
        await alice.reads("add to")
        for make in KINDS.values():
            await alice.sends(make())
        brought = [(await shown(campus, campus.east, kind)).id for kind in KINDS]
        for make in KINDS.values():
            await campus.wang.sends(make(), chat=campus.east, reply_to=card)
        back = [(await shown(campus, alice, kind)).id for kind in KINDS]
        assert len(set(brought)) == len(set(back)) == len(KINDS), "each is a message of its own"


async def shown(campus: Campus, place: Group | Person, kind: str) -> Any:
    """Wait until the bot has brought something of this kind here."""

    def look() -> Any:
        for message in campus.stage.view.chat(place.id).values():
            # A venue is a location too, and an animation a document: the more particular kind is what was sent.
            if kind in message.raw and message.raw["from"].get("is_bot"):
                return message
        return None

    return await campus.stage.until(look, 15, f"no {kind} in chat {place.id}", place.id)


async def albums(campus: Campus, chat: int) -> list[list[Any]]:
    """The albums the bot has posted there."""
    found: dict[str, list[Any]] = {}
    for message in await campus.stage.transcript(chat):
        group = message.raw.get("media_group_id")
        if group and message.raw["from"].get("is_bot"):
            found.setdefault(group, []).append(message)
    return list(found.values())


async def test_a_ticket_is_filed_with_every_kind_at_once(database_url: str) -> None:
    """What was collected until "send" is one ticket; every part of it stands below the card."""
    async with running(database_url) as campus:
        t, settings = campus.t("en"), campus.app.settings
        alice = await campus.student("Alice")
        await alice.says("/new")
        await alice.taps(t.plain("kind.complaint"))
        await alice.taps(t.pick(settings.category_names("repairs")))
        await alice.taps(t.pick(settings.category_names("water")))
        await alice.reads(t.plain("new.words").splitlines()[0])
        for make in KINDS.values():
            await alice.sends(make())
        await alice.says(TAP)
        await alice.reads(f"Got {len(KINDS) + 1} messages")
        await alice.taps(t.plain("new.continue"))
        await alice.taps(t.plain("name.anonymous"))
        await alice.taps(t.plain("preview.send"))
        await campus.east.shows(TAP)
        for kind in KINDS:
            await shown(campus, campus.east, kind)
        assert "Alice" not in str([m.raw for m in await campus.east.transcript()])


@pytest.mark.parametrize("content", [{"poll": POLL}, {"story": STORY}, {"game": GAME}, {"paid_media": PAID}], ids=str)
async def test_what_cannot_be_passed_on_is_said_to_the_student(database_url: str, content: dict[str, Any]) -> None:
    async with running(database_url) as campus:
        t = campus.t("en")
        alice, number, _ = await filed(campus)
        await alice.taps(t.plain("own.view"))
        await alice.taps(t.plain("own.add"))
        asked = await alice.reads("add to")
        user = {"id": alice.id, "is_bot": False, "first_name": "Alice"}
        raw = {"message_id": 9001, "date": 1_790_000_000, "chat": asked.raw["chat"], "from": user, **content}
        await campus.stage.update({"message": raw})
        await alice.reads(t.plain("words.unknown_kind"))
        await alice.sends(dice())
        await alice.says("In words, then")
        await campus.east.shows("In words, then")
        await alice.reads(t.plain("mine.added", number=number))


async def test_a_forwarded_message_keeps_its_content_and_loses_its_author(database_url: str) -> None:
    """Whose words they were is nobody's business: neither the station's nor the student's."""
    async with running(database_url) as campus:
        t = campus.t("en")
        alice, _, card = await filed(campus)
        carol = await campus.stage.person("Carol Underwood", "en")
        await alice.taps(t.plain("own.view"))
        await alice.taps(t.plain("own.add"))
        await alice.reads("add to")
        await alice.says("It drips here as well", forward_from={"id": carol.id})
        await alice.sends(photo(), caption="look at this", forward_from={"id": carol.id})
        await campus.east.shows("It drips here as well")
        await campus.east.shows("look at this")
        await campus.wang.says("Wait for the plumber", chat=campus.east, reply_to=card, forward_from={"id": carol.id})
        await alice.reads("Wait for the plumber")
        await campus.quiet()
        said = [m.raw for m in (*await campus.east.transcript(), *await alice.transcript()) if m.raw["from"]["is_bot"]]
        assert "Carol" not in str(said)
        assert "forward_origin" not in str(said)


async def test_an_album_stays_whole_both_ways(database_url: str) -> None:
    """Albums split, or only their first picture sent: seen in other bots."""
    async with running(database_url) as campus:
        t = campus.t("en")
        alice, _, card = await filed(campus)
        await campus.wang.taps(t.plain("desk.claim"), chat=campus.east)
        await alice.taps(t.plain("own.view"))
        await alice.taps(t.plain("own.add"))
        await alice.reads("add to")
        await alice.sends(photo(), video(), photo(), caption="before and after")
        await campus.later(seconds=2)
        await campus.east.shows("before and after")
        (album,) = await albums(campus, campus.east.id)
        assert ["photo" in m.raw for m in album] == [True, False, True]
        await campus.wang.sends(photo(), photo(), caption="all mended", chat=campus.east, reply_to=card)
        await campus.later(seconds=2)
        await alice.reads("all mended")
        await alice.reads("That was about #1")
        (album,) = await albums(campus, alice.id)
        assert len(album) == 2


@pytest.mark.parametrize("fault", [{"drop": "before"}, {"status": 400}], ids=["unknown", "failed"])
async def test_resend_does_not_send_an_album_again_whose_buttons_alone_did_not_arrive(
    database_url: str, fault: dict[str, Any]
) -> None:
    async with running(database_url) as campus:
        t = campus.t("en")
        alice, _, card = await filed(campus)
        await campus.stage.fault("sendMessage", chat=alice.id, **fault)
        await campus.wang.sends(photo(), photo(), caption="all mended", chat=campus.east, reply_to=card)
        await campus.later(seconds=2)
        await alice.reads("all mended")
        await campus.wang.taps(t.plain("desk.resend"), chat=campus.east)
        await alice.reads("That was about #1")
        await campus.east.shows("Answer delivered")
        assert len(await albums(campus, alice.id)) == 1


@pytest.mark.parametrize(
    ("fault", "there"),
    [
        pytest.param({"drop": "before"}, 0, id="not done", marks=pytest.mark.long),
        pytest.param({"drop": "after"}, 1, id="done, and not said"),
        pytest.param({"status": 400}, 0, id="refused", marks=pytest.mark.long),
    ],
)
async def test_an_album_of_which_nobody_knows_is_sent_again_whole(
    database_url: str, fault: dict[str, Any], there: int
) -> None:
    async with running(database_url) as campus:
        t = campus.t("en")
        alice, _, card = await filed(campus)
        await campus.stage.fault("sendMediaGroup", chat=alice.id, **fault)
        await campus.wang.sends(photo(), photo(), photo(), caption="all mended", chat=campus.east, reply_to=card)
        await campus.later(seconds=2)
        await campus.east.shows("❓" if "drop" in fault else "❌")
        assert len(await albums(campus, alice.id)) == there
        await campus.wang.taps(t.plain("desk.resend"), chat=campus.east)
        await alice.reads("That was about #1")
        await campus.east.shows("Answer delivered")
        assert [len(album) for album in await albums(campus, alice.id)] == [3] * (there + 1)


async def test_an_album_filed_with_a_ticket_stays_whole(database_url: str) -> None:
    async with running(database_url) as campus:
        t, settings = campus.t("en"), campus.app.settings
        alice = await campus.student("Alice")
        await alice.says("/new")
        await alice.taps(t.plain("kind.complaint"))
        await alice.taps(t.pick(settings.category_names("repairs")))
        await alice.taps(t.pick(settings.category_names("water")))
        await alice.reads(t.plain("new.words").splitlines()[0])
        await alice.sends(photo(), photo(), photo(), caption="three of them")
        await alice.reads("Got 3 messages")
        await alice.taps(t.plain("new.continue"))
        await alice.taps(t.plain("name.named"))
        await alice.taps(t.plain("preview.send"))
        await campus.later(seconds=2)
        await campus.east.shows(re.compile(r"Student\nthree of them"))
        (album,) = await albums(campus, campus.east.id)
        assert len(album) == 3


async def test_a_caption_is_edited_where_it_stands(database_url: str) -> None:
    async with running(database_url) as campus:
        alice, _, card = await filed(campus)
        sent = await campus.wang.sends(photo(), photo(), caption="befor", chat=campus.east, reply_to=card)
        await campus.later(seconds=2)
        got = await alice.reads("befor")
        first = sent[0] if isinstance(sent, list) else sent
        await campus.wang.edits(first, "before", chat=campus.east)
        again = await alice.reads("before")
        assert again.id == got.id
        (album,) = await albums(campus, alice.id)
        assert [m.text for m in album][1] == "", "the other picture keeps its own words"


@pytest.mark.parametrize("length", [4096, 3900], ids=["as long as Telegram allows", "long with its header"])
async def test_long_words_arrive_whole(database_url: str, length: int) -> None:
    async with running(database_url) as campus:
        alice, _, card = await filed(campus)
        text = ("The plumber & the electrician <both> come. " * 200)[: length - 1] + "!"
        await campus.wang.says(text, chat=campus.east, reply_to=card)
        got = await alice.reads(text[-40:])
        assert text in got.text


async def test_nothing_is_forwarded_and_nobody_is_mentioned(database_url: str) -> None:
    """Copy text without mentions (law 11): a name that calls somebody would say who is behind a ticket."""
    async with running(database_url) as campus:
        t = campus.t("en")
        alice = await campus.student("Alice")
        number = await campus.files(alice, "Ask @bob_in_4b, he saw it", anonymous=True)
        card = await campus.east.shows(f"#{number} ·")
        await campus.wang.taps(t.plain("desk.claim"), chat=campus.east)
        await alice.taps(t.plain("own.view"))
        await alice.taps(t.plain("own.add"))
        await alice.reads("add to")
        await alice.says("and @carol_lee was there")
        told = await campus.east.shows("carol_lee was there")
        for message in (card, told):
            assert not [e for e in message.raw.get("entities", []) if e["type"] in ("mention", "text_mention")]
        methods = {call["method"] for call in await campus.stage.calls()}
        assert not methods & {"forwardMessage", "forwardMessages", "copyMessage"}
