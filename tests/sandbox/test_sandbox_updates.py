"""Ways in: long polling with confirmations and conflicts, the webhook with its secret and its patience."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import aiohttp
import pytest
from aiohttp import web

from sandbox.client import Person, Sandbox
from sandbox.server import Sandbox as Server
from sandbox.webhooks import pause
from tests.sandbox.botapi import Api


def texts(updates: list[dict[str, Any]]) -> list[str]:
    return [update["message"]["text"] for update in updates]


async def test_updates_come_until_they_are_confirmed(api: Api, alice: Person) -> None:
    for word in ("one", "two", "three"):
        await alice.says(word)
    updates = await api.updates()
    assert texts(updates) == ["one", "two", "three"]
    assert [u["update_id"] - updates[0]["update_id"] for u in updates] == [0, 1, 2]
    assert texts(await api.updates()) == ["one", "two", "three"]
    assert texts(await api.updates(offset=updates[0]["update_id"] + 1, limit=1)) == ["two"]
    assert texts(await api.updates()) == ["two", "three"]


@pytest.mark.parametrize(("limit", "given"), [(1, 1), (100, 100), (0, 100), (101, 100), (-5, 100)])
async def test_a_call_gives_one_to_a_hundred_updates(api: Api, stage: Sandbox, limit: int, given: int) -> None:
    for _ in range(101):
        await stage.update({"message": {}})
    assert len((await api.raw("getUpdates", limit=limit))["result"]) == given


@pytest.mark.parametrize(("asked", "waited"), [(50, 50), (3600, 50), (7, 7), (0, 0), (-1, 0)])
async def test_a_call_waits_at_most_fifty_seconds(
    api: Api, telegram: Server, monkeypatch: pytest.MonkeyPatch, asked: int, waited: int
) -> None:
    patience: list[float] = []

    async def take(offset: int, limit: int, timeout: float) -> list[str]:
        patience.append(timeout)
        return []

    monkeypatch.setattr(telegram.world.the_bot().mailbox, "take", take)
    assert await api.updates(timeout=asked) == []
    assert patience == [waited]


async def test_a_negative_offset_keeps_only_the_newest(api: Api, alice: Person) -> None:
    for word in ("one", "two", "three"):
        await alice.says(word)
    assert texts(await api.updates(offset=-1)) == ["three"]
    assert texts(await api.updates()) == ["three"]


async def test_a_long_poll_ends_with_the_first_update(api: Api, alice: Person) -> None:
    poll = asyncio.ensure_future(api.updates(timeout=30))
    while not (await alice.sandbox.state())["bots"][0]["polled"]:
        pass
    await alice.says("hello")
    assert texts(await poll) == ["hello"]


async def test_a_long_poll_gives_up_in_time(api: Api, stage: Sandbox) -> None:
    assert await api.updates(timeout=1) == []


async def test_the_older_of_two_pollers_is_terminated(api: Api, alice: Person) -> None:
    older = asyncio.ensure_future(api.refused("getUpdates", timeout=30))
    while not (await alice.sandbox.state())["bots"][0]["polled"]:
        pass
    newer = asyncio.ensure_future(api.updates(timeout=30))
    refused = await older
    assert refused.code == 409
    assert refused.description == (
        "Conflict: terminated by other getUpdates request; make sure that only one bot instance is running"
    )
    await alice.says("still here")
    assert texts(await newer) == ["still here"]


async def test_a_poller_that_hangs_up_leaves_no_conflict(api: Api, alice: Person, telegram: Server) -> None:
    mailbox = telegram.world.the_bot().mailbox
    async with aiohttp.ClientSession() as session:
        with pytest.raises(TimeoutError):
            await session.get(f"{api.base}/getUpdates?timeout=30", timeout=aiohttp.ClientTimeout(total=0.2))
    await stage_settles(lambda: not mailbox.polled)
    await alice.says("again")
    assert texts(await api.updates(timeout=5)) == ["again"]


async def stage_settles(done: Callable[[], bool]) -> None:
    """Give the loop its turns until the server has noticed."""
    for _ in range(10_000):
        if done():
            return
        await asyncio.sleep(0)
    raise AssertionError("the server did not notice")


async def test_allowed_updates_are_remembered(api: Api, alice: Person) -> None:
    await api.updates(allowed_updates=["callback_query"])
    await alice.says("not asked for")
    message = await api("sendMessage", chat_id=alice.id, text="x")
    await alice.sandbox.control("tap", person=alice.id, message_id=message["message_id"], data="d")
    (update,) = await api.updates()
    assert "callback_query" in update
    await api.updates(offset=update["update_id"] + 1, allowed_updates=[])
    await alice.says("asked for again")
    assert texts(await api.updates()) == ["asked for again"]


async def test_reactions_and_members_come_only_when_asked_for(api: Api, alice: Person, stage: Sandbox) -> None:
    desk = await stage.group("Desk", admins=[alice])
    said = await alice.says("hello", chat=desk)
    await alice.reacts(said, "👍", chat=desk)
    bob = await stage.person("Bob")
    await bob.joins(desk)
    kinds = [next(k for k in update if k != "update_id") for update in await api.updates()]
    assert kinds == ["my_chat_member", "message", "message"]
    await api.updates(offset=-1, allowed_updates=["chat_member", "message_reaction"])
    await alice.reacts(said, "👎", chat=desk)
    await bob.leaves(desk)
    updates = (await api.updates())[1:]
    assert updates[0]["message_reaction"]["new_reaction"] == [{"type": "emoji", "emoji": "👎"}]
    assert updates[0]["message_reaction"]["old_reaction"] == [{"type": "emoji", "emoji": "👍"}]
    assert updates[1]["chat_member"]["new_chat_member"]["status"] == "left"


async def test_presses_expire_long_before_messages(api: Api, alice: Person, stage: Sandbox) -> None:
    message = await api("sendMessage", chat_id=alice.id, text="x")
    await alice.says("kept")
    await stage.control("tap", person=alice.id, message_id=message["message_id"], data="d")
    await stage.advance(151)
    assert texts(await api.updates()) == ["kept"]
    await stage.advance(24 * 3600)
    assert await api.updates() == []


async def test_raw_updates_arrive_as_they_are(api: Api, stage: Sandbox) -> None:
    given = await stage.update({"update_id": 2_000_000_000, "surprise": {"a": 1}})
    assert given == 2_000_000_000
    assigned = await stage.update({"message": "not an object"})
    assert assigned == 2_000_000_001
    assert (await api.raw("getUpdates"))["result"] == [
        {"update_id": 2_000_000_000, "surprise": {"a": 1}},
        {"update_id": 2_000_000_001, "message": "not an object"},
    ]
    await stage.update(text="{this is no JSON")
    async with aiohttp.ClientSession() as session, session.get(f"{api.base}/getUpdates") as response:
        assert "{this is no JSON" in await response.text()


@dataclass
class Receiver:
    """A bot's own web address, answering with the statuses it was told, 200 when none are left."""

    url: str = ""
    statuses: list[int] = field(default_factory=list)
    received: list[dict[str, Any]] = field(default_factory=list)
    secrets: list[str | None] = field(default_factory=list)
    changed: asyncio.Event = field(default_factory=asyncio.Event)
    open: asyncio.Event = field(default_factory=asyncio.Event)
    at_once: int = 0
    most_at_once: int = 0

    async def answer(self, request: web.BaseRequest) -> web.Response:
        self.received.append(await request.json())
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        self.secrets.append(request.headers.get("X-Telegram-Bot-Api-Secret-Token"))
        self.changed.set()
        await self.open.wait()
        self.at_once -= 1
        return web.Response(status=self.statuses.pop(0) if self.statuses else 200)

    async def has(self, count: int) -> None:
        async with asyncio.timeout(10):
            while len(self.received) < count:
                self.changed.clear()
                await self.changed.wait()


@asynccontextmanager
async def receiver() -> AsyncIterator[Receiver]:
    there = Receiver()
    there.open.set()
    http = web.Server(there.answer)
    listener = await asyncio.get_running_loop().create_server(http, "127.0.0.1", 0)
    there.url = f"http://127.0.0.1:{listener.sockets[0].getsockname()[1]}/hook"
    try:
        yield there
    finally:
        listener.close()
        await http.shutdown(0.1)


async def test_a_webhook_gets_updates_with_its_secret(api: Api, alice: Person) -> None:
    async with receiver() as there:
        await api("setWebhook", url=there.url, secret_token="s3cret_-", allowed_updates=["message"])
        await alice.says("pushed")
        await there.has(1)
        assert there.received[0]["message"]["text"] == "pushed"
        assert there.secrets == ["s3cret_-"]
        refused = await api.refused("getUpdates")
        assert (refused.code, refused.description) == (
            409,
            "Conflict: can't use getUpdates method while webhook is active; "
            "use deleteWebhook to delete the webhook first",
        )
        info = await api("getWebhookInfo")
        assert (info["url"], info["allowed_updates"]) == (there.url, ["message"])
        await api("deleteWebhook")
        assert (await api("getWebhookInfo"))["url"] == ""


async def test_a_failing_webhook_is_tried_again_after_0_2_4_and_8_seconds(
    api: Api, alice: Person, stage: Sandbox
) -> None:
    async with receiver() as there:
        there.statuses = [500, 503, 404, 502]
        await api("setWebhook", url=there.url)
        await alice.says("patience")
        await there.has(2)
        info = await until_error(api, "503")
        assert info["pending_update_count"] == 1
        await stage.advance(2)
        await there.has(3)
        await until_error(api, "404")
        await stage.advance(3.9)
        assert len(there.received) == 3
        await stage.advance(0.1)
        await there.has(4)
        await until_error(api, "502")
        await stage.advance(8)
        await there.has(5)
        assert {update["update_id"] for update in there.received} == {there.received[0]["update_id"]}
        while (await api("getWebhookInfo"))["pending_update_count"]:
            pass


def test_a_webhook_is_never_left_alone_for_more_than_two_minutes() -> None:
    assert [pause(failures) for failures in range(1, 11)] == [0, 2, 4, 8, 16, 32, 64, 120, 120, 120]


@pytest.mark.parametrize(("asked", "kept"), [(None, 40), (1, 1), (100, 100), (101, 100), (0, 1)])
async def test_a_webhook_has_one_to_a_hundred_connections(
    api: Api, stage: Sandbox, asked: int | None, kept: int
) -> None:
    await api("setWebhook", url="https://union.edu.cn/hook", max_connections=asked)
    assert (await api("getWebhookInfo"))["max_connections"] == kept


async def test_a_webhook_is_pushed_no_more_than_its_connections_at_once(api: Api, stage: Sandbox) -> None:
    async with receiver() as there:
        there.open.clear()
        await api("setWebhook", url=there.url, max_connections=2)
        for number in range(5):
            await (await stage.person(f"P{number}")).says("hello")
        await there.has(2)
        # A third would have been pushed by the same turn of the loop that pushed these two.
        await stage.caught_up()
        assert len(there.received) == 2
        there.open.set()
        await there.has(5)
        assert there.most_at_once == 2


async def until_error(api: Api, status: str) -> dict[str, Any]:
    """The webhook's state once the failure with this status has been noted."""
    # No event tells of a failed push: only Telegram's own getWebhookInfo does.
    async with asyncio.timeout(10):
        while True:
            info: dict[str, Any] = await api("getWebhookInfo")
            if f"Wrong response from the webhook: {status}" in info.get("last_error_message", ""):
                return info


async def test_one_chats_updates_are_pushed_in_order(api: Api, alice: Person, stage: Sandbox) -> None:
    bob = await stage.person("Bob")
    async with receiver() as there:
        there.statuses = [500]
        await api("setWebhook", url=there.url)
        await alice.says("first")
        await alice.says("second")
        await bob.says("other chat")
        await there.has(4)
        own = [u["message"]["text"] for u in there.received if u["message"]["from"]["id"] == alice.id]
        assert own == ["first", "first", "second"]


@pytest.mark.parametrize(
    ("params", "words"),
    [
        ({"url": "http://union.edu.cn/hook"}, "bad webhook: An HTTPS URL must be provided for webhook"),
        (
            {"url": "https://union.edu.cn:8080/hook"},
            "bad webhook: Webhook can be set up only on ports 80, 88, 443 or 8443",
        ),
        ({"url": "nonsense"}, "invalid webhook URL specified"),
        (
            {"url": "https://union.edu.cn/", "secret_token": "not allowed!"},
            "secret token contains unallowed characters",
        ),
    ],
)
async def test_wrong_webhooks_are_refused(api: Api, stage: Sandbox, params: dict[str, str], words: str) -> None:
    assert (await api.refused("setWebhook", **params)).description == f"Bad Request: {words}"


async def test_setting_a_webhook_ends_a_waiting_poll(api: Api, stage: Sandbox) -> None:
    poll = asyncio.ensure_future(api.refused("getUpdates", timeout=30))
    while not (await stage.state())["bots"][0]["polled"]:
        pass
    async with receiver() as there:
        await api("setWebhook", url=there.url)
        assert (await poll).description == "Conflict: terminated by setWebhook request"


async def test_pending_updates_can_be_dropped(api: Api, alice: Person) -> None:
    await alice.says("old")
    assert (await api("getWebhookInfo"))["pending_update_count"] == 1
    await api("deleteWebhook", drop_pending_updates=True)
    assert (await api("getWebhookInfo"))["pending_update_count"] == 0
