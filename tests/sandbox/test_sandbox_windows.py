"""Flood windows, the clock they follow, and misfortune on demand."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime

import aiohttp
import pytest

from sandbox import server
from sandbox.client import Person, Sandbox
from sandbox.clock import Clock
from sandbox.flood import Flood
from sandbox.refusals import Refusal
from tests.sandbox.botapi import TOKEN, Api

START = datetime(2026, 9, 1, 8, 0, tzinfo=UTC)


@pytest.fixture
async def telegram() -> AsyncIterator[server.Sandbox]:
    """With windows, and a clock that stands still unless it is moved."""
    async with server.start(tokens=[TOKEN], speed=0.0, begin=START) as running:
        yield running


async def test_a_private_chat_takes_a_burst_of_three_in_a_second(api: Api, alice: Person, stage: Sandbox) -> None:
    for number in range(3):
        await api("sendMessage", chat_id=alice.id, text=str(number))
    refused = await api.refused("sendMessage", chat_id=alice.id, text="4")
    assert refused.code == 429
    assert refused.description == "Too Many Requests: retry after 1"
    assert refused.parameters == {"retry_after": 1}
    await stage.advance(1)
    await api("sendMessage", chat_id=alice.id, text="4")


async def test_a_private_chat_takes_sixty_a_minute(api: Api, alice: Person, stage: Sandbox) -> None:
    for _ in range(20):
        for _ in range(3):
            await api("sendMessage", chat_id=alice.id, text="x")
        await stage.advance(1)
    refused = await api.refused("sendMessage", chat_id=alice.id, text="61")
    assert refused.parameters == {"retry_after": 40}


async def test_a_group_takes_twenty_a_minute_with_edits_and_topics(api: Api, alice: Person, stage: Sandbox) -> None:
    desk = await stage.group("Desk", admins=[alice], forum=True)
    await api("createForumTopic", chat_id=desk.id, name="T")
    sent = await api("sendMessage", chat_id=desk.id, text="card")
    for number in range(18):
        await api("editMessageText", chat_id=desk.id, message_id=sent["message_id"], text=str(number))
    await stage.advance(20)
    refused = await api.refused("sendMessage", chat_id=desk.id, text="21")
    assert refused.parameters == {"retry_after": 40}
    assert (await api.refused("createForumTopic", chat_id=desk.id, name="T2")).code == 429
    await api("deleteMessage", chat_id=desk.id, message_id=sent["message_id"])
    await stage.advance(40)
    await api("sendMessage", chat_id=desk.id, text="21")


async def test_thirty_a_second_in_all(api: Api, stage: Sandbox, alice: Person) -> None:
    people = [await stage.person(f"P{number}") for number in range(31)]
    for person in people:
        await person.says("/start")
    for person in people[:30]:
        await api("sendMessage", chat_id=person.id, text="x")
    assert (await api.refused("sendMessage", chat_id=people[30].id, text="x")).code == 429
    await stage.advance(1)
    await api("sendMessage", chat_id=people[30].id, text="x")


async def test_an_album_counts_each_of_its_pictures(api: Api, alice: Person) -> None:
    files = {f"f{number}": (f"{number}.jpg", bytes([number])) for number in range(4)}
    media = "[" + ",".join(f'{{"type":"photo","media":"attach://f{n}"}}' for n in range(4)) + "]"
    await api.upload("sendMediaGroup", files, chat_id=alice.id, media=media)
    assert (await api.refused("sendMessage", chat_id=alice.id, text="x")).code == 429


async def test_a_refused_message_uses_up_nothing(api: Api, alice: Person) -> None:
    for _ in range(5):
        await api.refused("sendMessage", chat_id=alice.id, text="<x>", parse_mode="HTML")
    for _ in range(3):
        await api("sendMessage", chat_id=alice.id, text="x")


async def test_windows_can_be_switched_off_and_on(api: Api, alice: Person, stage: Sandbox) -> None:
    await stage.flood(False)
    for _ in range(50):
        await api("sendMessage", chat_id=alice.id, text="x")
    await stage.flood(True)
    for _ in range(3):
        await api("sendMessage", chat_id=alice.id, text="x")
    assert (await api.refused("sendMessage", chat_id=alice.id, text="x")).code == 429


async def test_a_group_never_gets_more_than_twenty_in_any_minute() -> None:
    clock = Clock(0.0, speed=0.0)
    flood = Flood(clock, on=True)
    moments = []
    for _ in range(600):
        try:
            flood.check(1, -5, 1, edit=False)
        except Refusal:
            clock.advance(0.5)
            continue
        flood.note(1, -5, 1, edit=False)
        moments.append(clock.now())
    assert len(moments) > 60
    assert all(later - earlier >= 59.9 for earlier, later in zip(moments, moments[20:], strict=False))


async def test_dates_follow_the_clock(api: Api, alice: Person, stage: Sandbox) -> None:
    await stage.set_clock(datetime(2027, 1, 15, 8, tzinfo=UTC))
    sent = await api("sendMessage", chat_id=alice.id, text="x")
    assert sent["date"] == int(datetime(2027, 1, 15, 8, tzinfo=UTC).timestamp())
    assert await stage.now() == datetime(2027, 1, 15, 8, tzinfo=UTC)


async def test_a_fast_clock_wakes_what_waits_for_it() -> None:
    clock = Clock(0.0, speed=1000.0)
    async with asyncio.timeout(5):
        await clock.sleep(100)
    assert clock.now() >= 100


async def test_a_clock_made_faster_wakes_what_waited_already() -> None:
    clock = Clock(0.0, speed=0.0)
    sleeping = asyncio.ensure_future(clock.sleep(3600))
    await asyncio.sleep(0)
    clock.set_speed(1_000_000)
    async with asyncio.timeout(5):
        await sleeping


async def test_a_press_is_answered_in_time_even_on_a_fast_clock(api: Api, alice: Person, stage: Sandbox) -> None:
    message = await api("sendMessage", chat_id=alice.id, text="x")
    await stage.set_speed(100_000)
    pressed = await stage.control("tap", person=alice.id, message_id=message["message_id"], data="d")
    await api("answerCallbackQuery", callback_query_id=pressed["id"])


# Misfortune.


async def test_a_status_is_given_without_any_effect(api: Api, alice: Person, stage: Sandbox) -> None:
    await stage.fault("sendMessage", status=502, times=2)
    for _ in range(2):
        refused = await api.refused("sendMessage", chat_id=alice.id, text="lost")
        assert (refused.code, refused.description) == (502, "Bad Gateway")
    await api("sendMessage", chat_id=alice.id, text="kept")
    assert [message.text for message in await alice.transcript()] == ["/start", "kept"]


async def test_a_429_carries_its_retry_after(api: Api, alice: Person, stage: Sandbox) -> None:
    await stage.fault("*", status=429, retry_after=3600)
    refused = await api.refused("sendMessage", chat_id=alice.id, text="x")
    assert refused.description == "Too Many Requests: retry after 3600"
    assert refused.parameters == {"retry_after": 3600}


async def test_a_fault_hits_only_the_chat_it_names_and_may_wait(api: Api, alice: Person, stage: Sandbox) -> None:
    bob = await stage.person("Bob")
    await bob.says("/start")
    await stage.fault("sendMessage", chat=bob.id, status=403, description="Forbidden: user is deactivated", after=1)
    await api("sendMessage", chat_id=alice.id, text="x")
    await api("sendMessage", chat_id=bob.id, text="x")
    refused = await api.refused("sendMessage", chat_id=bob.id, text="y")
    assert refused.description == "Forbidden: user is deactivated"


@pytest.mark.parametrize(("when", "arrived"), [("before", False), ("after", True)])
async def test_a_connection_is_cut_before_or_after_the_effect(
    api: Api, alice: Person, stage: Sandbox, when: str, arrived: bool
) -> None:
    await stage.fault("sendMessage", drop=when)
    with pytest.raises(aiohttp.ClientError):
        await api("sendMessage", chat_id=alice.id, text="perhaps")
    assert any(message.text == "perhaps" for message in await alice.transcript()) is arrived
    (call,) = await stage.calls("sendMessage")
    assert call["ok"] is arrived


async def test_a_slow_answer_comes_after_the_effect(api: Api, alice: Person, stage: Sandbox) -> None:
    await stage.fault("sendMessage", delay=30)
    slow = asyncio.ensure_future(api("sendMessage", chat_id=alice.id, text="slow"))
    await alice.shows("slow")
    assert not slow.done()
    slow.cancel()


async def test_garbage_is_no_json(api: Api, alice: Person, stage: Sandbox) -> None:
    await stage.fault("getMe", garbage=True)
    with pytest.raises(json.JSONDecodeError):
        await api("getMe")
    await api("getMe")


async def test_faults_can_be_taken_back(api: Api, alice: Person, stage: Sandbox) -> None:
    await stage.fault("*", status=500, times=1000)
    await stage.no_faults()
    await api("getMe")
