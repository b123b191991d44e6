"""A picture of an album that Telegram hands over when the rest has left: it comes by itself, and nobody gets the others
again.
"""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from sqlalchemy import Select, select

from models import stations
from models.outbox import Outgoing, Sending
from models.words import Words
from sandbox.actors import photo
from sandbox.client import Group, Message, Person
from tests.campus import Campus, running
from tests.stories.test_media import albums, filed
from tests.stories.test_modes import lead

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
"""Nothing here depends on the kind of database."""


def album_of(sent: list[Message]) -> str:
    return str(sent[0].raw["media_group_id"])


async def under(campus: Campus, place: Person | Group) -> list[str]:
    """The last line below each picture that the bot has brought there, once all is out."""
    await campus.later(seconds=2)
    await campus.quiet()
    found = [m for m in await campus.stage.transcript(place.id) if "photo" in m.raw and m.from_bot]
    return [m.text.split("\n")[-1] for m in found]


async def until(campus: Campus, there: Select[Any]) -> None:
    """Wait until there is such a row."""
    async with asyncio.timeout(15):
        while True:
            async with campus.app.database.reading() as session:
                if await session.scalar(there) is not None:
                    return
            await campus.stage.caught_up()


@pytest.mark.parametrize("fault", [{}, {"drop": "after"}], ids=["arrived", "of unknown fate"])
async def test_a_picture_that_comes_when_its_album_has_left_comes_alone(
    database_url: str, fault: dict[str, Any]
) -> None:
    """The student got the whole album again, for one picture that Telegram had handed over a moment late."""
    async with running(database_url) as campus:
        t = campus.t("en")
        alice, _, card = await filed(campus)
        if fault:
            await campus.stage.fault("sendMediaGroup", chat=alice.id, **fault)
        sent = await campus.wang.sends(photo(), photo(), caption="all mended", chat=campus.east, reply_to=card)
        await campus.later(seconds=2)
        await alice.reads("all mended")
        album = album_of(sent)
        late = await campus.wang.sends(photo(), caption="and the tap", chat=campus.east, reply_to=card, album=album)
        await campus.later(seconds=2)
        got = await alice.reads("and the tap")
        pictures = [m for m in await campus.stage.transcript(alice.id) if "photo" in m.raw and m.from_bot]
        assert len(pictures) == 3
        assert [len(each) for each in await albums(campus, alice.id)] == [2]
        assert got.text.startswith("💬 East Campus Station · #1\n")
        await campus.wang.edits(late[0], "and both taps", chat=campus.east)
        again = await alice.reads("and both taps")
        assert again.id == got.id
        assert again.text.startswith("💬 East Campus Station · #1"), "its first line stays"
        await alice.says("thanks", reply_to=got)
        await campus.east.shows("thanks")
        if fault:
            await campus.wang.taps(t.plain("desk.resend"), chat=campus.east)
            await campus.later(seconds=2)
            await campus.quiet()
            assert [len(each) for each in await albums(campus, alice.id)] == [2, 2], "without the late one"


async def test_what_a_colleague_says_between_two_pictures_parts_no_album(database_url: str) -> None:
    async with running(database_url) as campus:
        alice, _, card = await filed(campus)
        more: dict[str, Any] = {"chat": campus.east, "reply_to": card, "album": "77"}
        await campus.wang.sends(photo(), caption="one", **more)
        await until(campus, select(Words.id).where(Words.album == "77"))
        await campus.li.says("two", chat=campus.east, reply_to=card)
        await until(campus, select(Words.id).where(Words.staff_id.is_not(None)).offset(1))
        await campus.wang.sends(photo(), caption="three", **more)
        await until(campus, select(Words.id).where(Words.album == "77").offset(1))
        assert await under(campus, alice) == ["one", "three"]
        await alice.reads("two")


async def test_buttons_that_have_to_wait_take_no_late_picture_with_them(database_url: str) -> None:
    """The album had arrived, its buttons were to come later, and the picture was to come with them: it never did."""
    async with running(database_url) as campus:
        alice, _, card = await filed(campus)
        await campus.stage.fault("sendMessage", chat=alice.id, status=429, retry_after=3)
        sent = await campus.wang.sends(photo(), photo(), caption="all mended", chat=campus.east, reply_to=card)
        await campus.later(seconds=2)
        await alice.reads("all mended")
        await until(campus, select(Outgoing.id).where(Outgoing.state == Sending.DUE, Outgoing.letter == "words"))
        more: dict[str, Any] = {"chat": campus.east, "reply_to": card, "album": album_of(sent)}
        await campus.wang.sends(photo(), caption="and the tap", **more)
        await until(campus, select(Words.id).where(Words.album.is_not(None)).offset(2))
        await campus.later(seconds=3)
        await alice.reads("That was about #1")
        assert await under(campus, alice) == ["all mended", "", "and the tap"]


async def test_what_is_sent_again_is_each_picture_that_may_not_have_arrived(database_url: str) -> None:
    async with running(database_url) as campus:
        t = campus.t("en")
        alice, _, card = await filed(campus)
        await campus.stage.fault("sendMediaGroup", chat=alice.id, drop="before")
        sent = await campus.wang.sends(photo(), photo(), caption="all mended", chat=campus.east, reply_to=card)
        assert await under(campus, alice) == []
        more: dict[str, Any] = {"chat": campus.east, "reply_to": card, "album": album_of(sent)}
        await campus.wang.sends(photo(), caption="and the tap", **more)
        assert await under(campus, alice) == ["and the tap"]
        await campus.stage.fault("sendPhoto", chat=alice.id, drop="before")
        await campus.wang.sends(photo(), caption="and the sink", **more)
        assert await under(campus, alice) == ["and the tap"]
        await campus.wang.taps(t.plain("desk.resend"), chat=campus.east)
        assert await under(campus, alice) == ["and the tap", "all mended", "", "and the sink"]


async def test_buttons_that_may_not_have_arrived_take_no_late_picture_with_them(database_url: str) -> None:
    async with running(database_url) as campus:
        t = campus.t("en")
        alice, _, card = await filed(campus)
        await campus.stage.fault("sendMessage", chat=alice.id, drop="before")
        sent = await campus.wang.sends(photo(), photo(), caption="all mended", chat=campus.east, reply_to=card)
        assert await under(campus, alice) == ["all mended", ""]
        await campus.stage.fault("sendPhoto", chat=alice.id, drop="before")
        more: dict[str, Any] = {"chat": campus.east, "reply_to": card, "album": album_of(sent)}
        await campus.wang.sends(photo(), caption="and the tap", **more)
        assert await under(campus, alice) == ["all mended", ""]
        await campus.wang.taps(t.plain("desk.resend"), chat=campus.east)
        assert await under(campus, alice) == ["all mended", "", "and the tap"]
        await alice.reads("That was about #1")


@pytest.mark.parametrize("late", ["here", "there"])
async def test_a_ticket_that_comes_back_brings_all_pictures(database_url: str, late: str) -> None:
    """Transferred and sent back: the place has all of the album below its card, wherever the late one had come."""
    async with running(database_url) as campus:
        t = campus.t("en")
        alice, number, card = await filed(campus)
        receipt = [m for m in await alice.transcript() if m.from_bot and f"#{number}" in m.text][-1]
        sent = await alice.sends(photo(), photo(), caption="look", reply_to=receipt)
        assert await under(campus, campus.east) == ["look", ""]
        if late == "here":
            await alice.sends(photo(), caption="the late one", reply_to=receipt, album=album_of(sent))
            assert await under(campus, campus.east) == ["look", "", "the late one"]
        await campus.wang.says("/transfer west closer to them", chat=campus.east, reply_to=card)
        elsewhere = await campus.west.shows(f"#{number} ·")
        await campus.admin.taps(t.plain("desk.accept"), message=elsewhere, chat=campus.west)
        if late == "there":
            assert await under(campus, campus.west) == ["look", ""]
            await alice.sends(photo(), caption="the late one", reply_to=receipt, album=album_of(sent))
        assert (await under(campus, campus.west))[-1] in ("the late one", "")
        await campus.admin.says("/transfer east it is theirs", chat=campus.west, reply_to=elsewhere)
        assert (await under(campus, campus.east)).count("the late one") == (2 if late == "here" else 1)


async def test_a_group_that_goes_over_to_topics_takes_all_pictures_along(database_url: str) -> None:
    async with running(database_url, forum=True) as campus:
        t = campus.t("en")
        async with campus.app.database.transaction() as session:
            east = await stations.by_key(session, "east")
            assert east is not None
            east.topics = False
        alice, number, _ = await filed(campus)
        receipt = [m for m in await alice.transcript() if m.from_bot and f"#{number}" in m.text][-1]
        sent = await alice.sends(photo(), photo(), caption="look", reply_to=receipt)
        assert await under(campus, campus.east) == ["look", ""]
        await alice.sends(photo(), caption="the late one", reply_to=receipt, album=album_of(sent))
        assert await under(campus, campus.east) == ["look", "", "the late one"]
        await lead(campus)
        await campus.wang.says("/mode", chat=campus.east)
        await campus.wang.taps(t.plain("mode.yes_topics"), chat=campus.east)
        await campus.east.shows("Wang has switched to topics")
        await under(campus, campus.east)
        new = await campus.east.shows(f"#{number} ·")
        inside = [m for m in await campus.east.transcript() if m.thread and m.thread == new.thread and "photo" in m.raw]
        assert len(inside) == 3
