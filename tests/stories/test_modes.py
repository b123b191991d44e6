"""One forum topic per ticket, or one card below the other: topics live with their tickets, and a group may change."""

from __future__ import annotations

import re
from typing import Any

import pytest

from models import people, stations
from models.people import Role
from models.stations import Station
from sandbox.client import photo
from tests.campus import Campus, running

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


async def topics(campus: Campus) -> dict[str, bool]:
    """The east group's topics by name, and whether each is closed."""
    await campus.quiet()
    state: Any = await campus.stage.state()
    chat = next(c for c in state["chats"] if c["id"] == campus.east.id)
    return {topic["name"]: bool(topic.get("is_closed") or topic.get("closed")) for topic in chat["topics"]}


async def test_a_topic_is_called_closed_and_opened_with_its_ticket(database_url: str) -> None:
    async with running(database_url, forum=True) as campus:
        t = campus.t("en")
        alice = await campus.student("Alice")
        number = await campus.files(alice, "The tap drips")
        await campus.east.shows(f"#{number} ·")
        assert await topics(campus) == {f"#{number} The tap drips": False}
        await campus.resolves()
        await alice.taps(t.plain("fixed.yes"))
        await campus.east.shows("closed · #")
        assert await topics(campus) == {f"✅ #{number} The tap drips": True}
        await alice.says("/mine")
        await alice.taps(re.compile(f"#{number}"))
        await alice.taps(t.plain("own.reopen"))
        await campus.east.shows("🔁 reopened")
        assert await topics(campus) == {f"#{number} The tap drips": False}
        await campus.wang.taps(t.plain("desk.transfer"), chat=campus.east)
        await campus.wang.taps("West Campus Station", chat=campus.east)
        await campus.wang.taps(t.plain("transfer.task"), chat=campus.east)
        await campus.west.shows("asks you to take it over")
        assert await topics(campus) == {f"#{number} The tap drips": False}
        await campus.admin.taps(t.plain("desk.accept"), chat=campus.west)
        await campus.east.shows("West Campus Station")
        assert await topics(campus) == {f"↪️ #{number} The tap drips": True}


async def lead(campus: Campus) -> None:
    async with campus.app.database.transaction() as session:
        east = await stations.by_key(session, "east")
        assert east is not None
        await people.grant(
            session, Role.LEAD, campus.wang.id, given_by=campus.admin.id, now=campus.clock(), station_id=east.id
        )


async def test_a_group_changes_its_mode_and_every_open_ticket_goes_along(database_url: str) -> None:
    async with running(database_url, forum=True) as campus:
        t = campus.t("en")
        async with campus.app.database.transaction() as session:
            east = await stations.by_key(session, "east")
            assert east is not None
            east.topics = False
        alice = await campus.student("Alice")
        number = await campus.files(alice, "The tap drips")
        card = await campus.east.shows(f"#{number} ·")
        await alice.sends(photo(caption="Look at this tap"))
        await alice.taps(re.compile(f"#{number}"))
        below = await campus.east.shows("Look at this tap")
        await campus.wang.says("/mode", chat=campus.east)
        await campus.wang.reads(t.plain("mode.leads_only"), chat=campus.east)
        await lead(campus)
        await campus.wang.says("/mode", chat=campus.east)
        await campus.wang.reads("1 open ticket goes along", chat=campus.east)
        refused = await campus.li.taps(t.plain("mode.yes_topics"), chat=campus.east)
        assert refused == t.plain("mode.leads_only")
        await campus.wang.taps(t.plain("mode.yes_topics"), chat=campus.east)
        await campus.east.shows("Wang has switched to topics")
        assert await topics(campus) == {f"#{number} The tap drips": False}
        (old,) = [m for m in await campus.east.transcript() if m.id == card.id]
        assert f"#{number}: its card has moved" in old.text
        new = await campus.east.shows(f"#{number} ·")
        assert new.thread is not None
        assert new.id != card.id
        (copy,) = [m for m in await campus.east.transcript() if "Look at this tap" in m.text and m.id != below.id]
        assert copy.thread == new.thread, "what stood below the card stands below it again"
        # The old copy still leads to the ticket.
        await campus.wang.says("We come at three", chat=campus.east, reply_to=below)
        await alice.reads("We come at three")

        await campus.wang.says("/mode", chat=campus.east)
        await campus.wang.taps(t.plain("mode.yes_plain"), chat=campus.east)
        await campus.east.shows("Wang has switched topics off")
        assert await topics(campus) == {f"#{number} The tap drips": True}
        last = await campus.east.shows(f"#{number} ·")
        assert last.thread is None
        async with campus.app.database.reading() as session:
            assert (await session.get_one(Station, last_id(await stations.by_key(session, "east")))).topics is False


def last_id(station: Station | None) -> int:
    assert station is not None
    return station.id


async def test_a_group_without_topics_or_a_bot_without_the_right_is_told_what_to_press(database_url: str) -> None:
    async with running(database_url) as campus:
        await campus.admin.says("/mode", chat=campus.west)
        await campus.admin.reads("This group has no topics", chat=campus.west)
        forum = await campus.stage.group("Forum", [campus.admin], [], forum=True, rights={"can_manage_topics": False})
        async with campus.app.database.transaction() as session:
            west = await stations.by_key(session, "west")
            assert west is not None
            west.chat_id = forum.id
        await campus.admin.says("/mode", chat=forum)
        await campus.admin.reads("may not manage topics", chat=forum)
