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


async def one_too_many(api: Api, stage: Sandbox) -> Person:
    """Thirty people have been written to within a second; the one whose message is refused."""
    people = [await stage.person(f"P{number}") for number in range(31)]
    for person in people:
        await person.says("/start")
    for person in people[:30]:
        await api("sendMessage", chat_id=person.id, text="x")
    assert (await api.refused("sendMessage", chat_id=people[30].id, text="x")).code == 429
    return people[30]


async def test_thirty_a_second_in_all(api: Api, stage: Sandbox, alice: Person) -> None:
    last = await one_too_many(api, stage)
    await stage.advance(1)
    assert (await api("sendMessage", chat_id=last.id, text="x"))["chat"]["id"] == last.id


async def test_a_paid_broadcast_sends_a_thousand_a_second() -> None:
    flood = Flood(Clock(0.0, speed=0.0), on=True)
    for chat in range(1, 1001):
        flood.check(1, chat, 1, edit=False, paid=True)
        flood.note(1, chat, 1, edit=False, paid=True)
    with pytest.raises(Refusal, match="retry after 1"):
        flood.check(1, 1001, 1, edit=False, paid=True)
    flood.check(1, 1001, 1, edit=False)


async def test_who_pays_is_held_back_only_by_the_chat(api: Api, stage: Sandbox, alice: Person) -> None:
    last = await one_too_many(api, stage)
    for _ in range(3):
        await api("sendMessage", chat_id=last.id, text="x", allow_paid_broadcast=True)
    refused = await api.refused("sendMessage", chat_id=last.id, text="x", allow_paid_broadcast=True)
    assert refused.code == 429


async def arrived(stage: Sandbox, person: Person, count: int) -> None:
    """Wait until so many messages stand in the person's chat."""
    there = stage.view.chat(person.id)
    await stage.until(lambda: True if len(there) >= count else None, 10, f"not {count} messages", person.id)


async def test_no_more_than_310_messages_to_a_chat_are_under_way(api: Api, alice: Person, stage: Sandbox) -> None:
    photo = await api.upload("sendPhoto", {"photo": ("a.jpg", b"pixels")}, chat_id=alice.id)
    media = [{"type": "photo", "media": photo["photo"][-1]["file_id"]}] * 10
    await stage.fault("sendMediaGroup", delay=30, times=31)
    unanswered = []
    for number in range(31):
        await stage.advance(60)
        unanswered.append(asyncio.ensure_future(api("sendMediaGroup", chat_id=alice.id, media=media)))
        await arrived(stage, alice, 1 + 1 + 10 * (number + 1))
    await stage.advance(60)
    refused = await api.refused("sendMessage", chat_id=alice.id, text="one too many")
    assert refused.parameters == {"retry_after": 60}
    desk = await stage.group("Desk", admins=[alice])
    await api("sendMessage", chat_id=desk.id, text="elsewhere")
    for album in unanswered:
        album.cancel()
    await asyncio.gather(*unanswered, return_exceptions=True)
    async with asyncio.timeout(10):
        while not (await api.raw("sendMessage", chat_id=alice.id, text="room again"))["ok"]:
            pass


async def test_windows_pass_sixty_times_faster_on_a_clock_that_does(api: Api, alice: Person, stage: Sandbox) -> None:
    desk = await stage.group("Desk", admins=[alice])
    await stage.set_speed(60)
    for number in range(20):
        await api("sendMessage", chat_id=desk.id, text=str(number))
    refused = await api.refused("sendMessage", chat_id=desk.id, text="21")
    # Said in the clock's seconds, of which one of ours is sixty.
    assert refused.parameters is not None
    assert 30 < refused.parameters["retry_after"] <= 60
    async with asyncio.timeout(20):
        while not (await api.raw("sendMessage", chat_id=desk.id, text="21"))["ok"]:
            pass


async def test_an_album_counts_each_of_its_pictures(api: Api, alice: Person) -> None:
    files = {f"f{number}": (f"{number}.jpg", bytes([number])) for number in range(4)}
    media = "[" + ",".join(f'{{"type":"photo","media":"attach://f{n}"}}' for n in range(4)) + "]"
    await api.upload("sendMediaGroup", files, chat_id=alice.id, media=media)
    assert (await api.refused("sendMessage", chat_id=alice.id, text="x")).code == 429


async def test_a_refused_message_uses_up_nothing(api: Api, alice: Person) -> None:
    for _ in range(5):
        assert (await api.refused("sendMessage", chat_id=alice.id, text="<x>", parse_mode="HTML")).code == 400
    for _ in range(3):
        await api("sendMessage", chat_id=alice.id, text="x")
    assert (await api.refused("sendMessage", chat_id=alice.id, text="x")).code == 429, "the windows were on"


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
    assert not sleeping.done()
    clock.set_speed(1_000_000)
    async with asyncio.timeout(5):
        await sleeping
    assert clock.now() >= 3600


async def test_a_press_is_answered_in_time_even_on_a_fast_clock(api: Api, alice: Person, stage: Sandbox) -> None:
    message = await api("sendMessage", chat_id=alice.id, text="x")
    await stage.set_speed(100_000)
    pressed = await stage.control("tap", person=alice.id, message_id=message["message_id"], data="d")
    assert await api("answerCallbackQuery", callback_query_id=pressed["id"]) is True


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


async def test_a_refusal_waits_out_its_delay_only_once(
    api: Api, alice: Person, stage: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    naps: list[float] = []
    sleep = asyncio.sleep

    async def nap(seconds: float) -> None:
        naps.append(seconds)
        await sleep(0)

    monkeypatch.setattr("sandbox.server.asyncio.sleep", nap)
    await stage.fault("sendMessage", status=500, delay=30)
    assert (await api.refused("sendMessage", chat_id=alice.id, text="x")).code == 500
    assert naps.count(30) == 1


async def test_garbage_is_no_json(api: Api, alice: Person, stage: Sandbox) -> None:
    await stage.fault("getMe", garbage=True)
    with pytest.raises(json.JSONDecodeError):
        await api("getMe")
    await api("getMe")


async def test_faults_can_be_taken_back(api: Api, alice: Person, stage: Sandbox) -> None:
    await stage.fault("*", status=500, times=1000)
    assert (await api.refused("getMe")).code == 500
    await stage.no_faults()
    assert (await api("getMe"))["is_bot"]
