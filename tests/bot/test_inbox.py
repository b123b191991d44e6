"""The ways in: stored before it is acknowledged, run once, in the order of its chat, nothing half done
(laws 1, 2 and 4).
"""

from __future__ import annotations

import asyncio
import contextlib
import io
import json
import logging
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Any, cast

import aiohttp
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import func, insert, select
from sqlalchemy.exc import OperationalError

from bot import logs
from bot.inbox import LARGEST, Intake, Poller, arrival
from bot.toolbox import Toolbox
from bot.web import SECRET_HEADER, WEBHOOK_PATH, Web
from models import inbox
from models.conversations import Conversation
from models.database import Database
from models.inbox import Arrival, Handling, Incoming
from models.outbox import Outgoing
from models.people import Person
from sandbox import server
from sandbox.client import Sandbox
from scheduler.jobs import sweeping
from tests.campus import BEGIN, TOKEN, UNLIMITED, Campus, running, settings
from tests.house import HOUSE

BOT = 700000


async def rows(database: Database) -> list[Incoming]:
    async with database.reading() as session:
        return list(await session.scalars(select(Incoming).order_by(Incoming.id)))


async def settled(campus: Campus, count: int) -> list[Incoming]:
    """Wait until so many updates have been handled, one way or the other."""
    async with asyncio.timeout(20):
        while True:
            found = await rows(campus.app.database)
            if sum(row.state is not Handling.WAITING for row in found) >= count:
                return found
            await asyncio.sleep(0)


# ---------------------------------------------------------------- storing


async def test_an_update_brought_twice_is_kept_once(database: Database, now: datetime) -> None:
    arrivals = [Arrival(1, 7, "{}"), Arrival(2, 7, "{}")]
    async with database.transaction() as session:
        assert await inbox.store(session, BOT, arrivals, HOUSE.vault, now) == 2
    async with database.transaction() as session:
        assert await inbox.store(session, BOT, [*arrivals, Arrival(3, 7, "{}")], HOUSE.vault, now) == 1
    assert [row.update_id for row in await rows(database)] == [1, 2, 3]


async def test_of_one_chat_nothing_is_done_before_what_came_earlier(database: Database, now: datetime) -> None:
    """Several programs share an inbox: each takes rows as it reads them, and the order of a chat holds all the same."""
    async with database.transaction() as session:
        await inbox.store(
            session, BOT, [Arrival(1, 7, "{}"), Arrival(2, 8, "{}"), Arrival(3, 7, "{}")], HOUSE.vault, now
        )
    first, other, second = [row.id for row in await rows(database)]
    for row_id, done in ((second, False), (other, True), (first, True), (first, False), (second, True)):
        async with database.transaction() as session:
            assert await inbox.done(session, row_id) is done


async def test_two_bots_may_use_the_same_numbers(database: Database, now: datetime) -> None:
    for bot in (1, 2):
        async with database.transaction() as session:
            assert await inbox.store(session, bot, [Arrival(1, 7, "{}")], HOUSE.vault, now) == 1


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(st.characters(exclude_categories=())),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)


@given(JSON)
def test_whatever_comes_can_be_stored(raw: Any) -> None:
    """A single odd update must not stop its neighbours: every one fits into both databases."""
    moment = datetime.fromisoformat("2026-10-12T01:30:00+00:00")
    found = arrival(raw, moment)
    assert abs(found.update_id) <= LARGEST
    assert abs(found.chat) <= LARGEST
    found.body.encode("utf-8")
    assert "\\u0000" not in found.body.replace("\\\\", "")
    json.loads(found.body)


@pytest.mark.parametrize(
    ("raw", "chat"),
    [
        pytest.param({"update_id": 1, "message": {"chat": {"id": -5}, "from": {"id": 7}}}, -5, id="a message"),
        pytest.param(
            {"update_id": 1, "callback_query": {"from": {"id": 7}, "message": {"chat": {"id": -5}}}}, -5, id="a press"
        ),
        pytest.param({"update_id": 1, "callback_query": {"from": {"id": 7}}}, 7, id="a press on nothing"),
        pytest.param({"update_id": 1, "poll_answer": {"user": {"id": 7}}}, 7, id="a vote"),
        pytest.param({"update_id": 1, "poll": {"id": "9"}}, 9, id="a poll, whose counts keep their order"),
        pytest.param({"update_id": 1, "my_chat_member": {"chat": {"id": -5}, "from": {"id": 7}}}, -5, id="membership"),
    ],
)
def test_an_update_keeps_the_order_of_its_chat(raw: dict[str, Any], chat: int, now: datetime) -> None:
    assert arrival(raw, now).chat == chat


async def test_what_means_nothing_later_is_handed_on_and_never_stored(database: Database, now: datetime) -> None:
    """An inline query comes with every letter typed: it is no work to be kept, and nothing of it stays."""
    passed: list[object] = []
    stored: list[int] = []
    intake = Intake(database, BOT, HOUSE.vault, lambda: now, lambda: stored.append(1), passed.append)
    inline = {"update_id": 7, "inline_query": {"id": "1", "from": {"id": 7}, "query": "water", "offset": ""}}
    message = {"update_id": 8, "message": {"chat": {"id": 7}}}
    await intake.store([inline])
    assert passed == [inline]
    assert stored == [], "nothing to wake anybody for"
    await intake.store([inline, message])
    assert passed == [inline, inline]
    assert [row.update_id for row in await rows(database)] == [8]


# ---------------------------------------------------------------- the poller


async def test_the_poller_takes_an_old_webhook_away_and_what_waited_for_it_comes_in(
    database: Database, now: datetime
) -> None:
    """With a webhook in place every getUpdates ends with 409."""
    async with (
        server.start(tokens=[TOKEN], flood=False, begin=BEGIN) as telegram,
        Sandbox(telegram.url) as stage,
        aiohttp.ClientSession() as http,
    ):
        bot = f"{telegram.url}/bot{TOKEN}"
        async with http.post(f"{bot}/setWebhook", json={"url": "http://127.0.0.1:9/"}) as answer:
            assert answer.ok
        await (await stage.person("Alice")).says("hello")
        stored = asyncio.Event()
        polling = asyncio.create_task(
            Poller(http, bot, Intake(database, BOT, HOUSE.vault, lambda: now, stored.set)).run()
        )
        async with asyncio.timeout(20):
            await stored.wait()
        async with http.post(f"{bot}/getWebhookInfo") as answer:
            assert (await answer.json())["result"]["url"] == ""
        polling.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await polling
    (row,) = await rows(database)
    assert '"text":"hello"' in inbox.opened(row, HOUSE.vault)[1]


async def test_nothing_is_acknowledged_that_is_not_stored(database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """aiogram's own polling acknowledges first; ours asks for the next batch only after the commit."""
    async with running(database_url) as campus:
        real: Callable[[Intake, Any], Awaitable[None]] = Intake.store
        failures = iter(range(2))
        offsets: list[Any] = []

        async def store(intake: Intake, raws: Any) -> None:
            calls = await campus.stage.calls("getUpdates")
            offsets.append(calls[-1]["params"].get("offset"))
            if next(failures, None) is not None:
                raise OperationalError("x", {}, Exception("disk full"))
            await real(intake, raws)

        monkeypatch.setattr(Intake, "store", store)
        alice = await campus.stage.person("Alice", "en")
        await alice.says("/start")
        await alice.reads("student union", timeout=20)
        assert len(offsets) == 3
        assert len(set(offsets)) == 1, "the same updates were asked for until they were stored"


async def test_a_malformed_update_is_set_aside_alone(database_url: str) -> None:
    async with running(database_url) as campus:
        alice = await campus.student("Alice")
        before = len(await rows(campus.app.database))
        for raw in (
            {"message": {"message_id": "nonsense", "chat": 5}},
            {"something_new": {"from": {"id": alice.id}}},
            {"message": {"message_id": 1, "date": 1, "chat": {"id": alice.id, "type": "private"}}},
        ):
            await campus.stage.update(raw)
        await alice.says("/mine")
        await alice.reads(campus.t("en").plain("mine.none"))
        found = (await settled(campus, before + 4))[before:]
        assert [row.state for row in found] == [Handling.SET_ASIDE, Handling.DONE, Handling.DONE, Handling.DONE]
        assert found[0].error


async def test_a_done_update_leaves_only_its_number(database_url: str) -> None:
    async with running(database_url) as campus:
        alice = await campus.stage.person("Alice", "en")
        await alice.says("/start with a secret in it")
        await alice.reads("student union")
        await campus.quiet()
        found = await rows(campus.app.database)
        assert {(row.sealed, row.chat, row.received_at) for row in found} == {(None, None, None)}
        assert all(row.update_id for row in found)


# ---------------------------------------------------------------- one update, one transaction


async def test_a_handler_that_raises_leaves_nothing_behind(database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """State, rows and words are undone; the person gets an apology with a number that the operator can find."""
    from handlers.students import mine

    async with running(database_url) as campus:
        alice = await campus.student("Alice")

        async def broken(event: Any, number: int, talk: Any) -> None:
            talk.session.add(Conversation(place="left behind", sealed=b"x", day=BEGIN.date()))
            raise ZeroDivisionError("the words of a student")

        monkeypatch.setattr(mine, "_list", broken)
        await alice.says("/mine")
        said = await alice.reads("went wrong")
        async with campus.app.database.reading() as session:
            assert await session.get(Conversation, "left behind") is None
            row = (await session.scalars(select(Incoming).where(Incoming.state == Handling.SET_ASIDE))).one()
            assert row.incident
            assert row.incident in said.text
            assert "the words of a student" not in (row.error or "")
            assert "ZeroDivisionError" in (row.error or "")

        monkeypatch.undo()
        async with campus.app.database.transaction() as session:
            assert await inbox.run_again(session, [row.id], HOUSE.vault) == 1
        campus.app.worker.wake()
        await alice.reads(campus.t("en").plain("mine.none"))


async def test_what_nobody_looks_after_is_forgotten_like_what_is_done(database: Database, now: datetime) -> None:
    """It holds a chat and what was written there: for a while, so that it can be run again, and not for ever."""
    async with database.transaction() as session:
        await inbox.store(session, BOT, [Arrival(1, 7, '{"text": "words"}', "ValueError at x.py:1")], HOUSE.vault, now)
        await inbox.store(session, BOT, [Arrival(2, 7, "{}")], HOUSE.vault, now)
    toolbox = cast(Toolbox, None)
    await sweeping.run(database, toolbox, now + timedelta(days=29))
    async with database.reading() as session:
        assert len(await inbox.aside(session)) == 1
    await sweeping.run(database, toolbox, now + timedelta(days=31))
    aside, waiting = await rows(database)
    assert (aside.state, aside.sealed, aside.chat, aside.received_at) == (Handling.DONE, None, None, None)
    assert (waiting.state, inbox.opened(waiting, HOUSE.vault)) == (Handling.WAITING, (7, "{}"))


async def test_an_update_whose_transaction_loses_runs_again(database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    from sqlalchemy.exc import IntegrityError
    from sqlalchemy.orm.exc import StaleDataError

    from handlers.students import mine

    async with running(database_url) as campus:
        alice = await campus.student("Alice")
        # Somebody else changed the row meanwhile, or wrote the one that there can be only once.
        real, failures = mine._list, iter([StaleDataError(), IntegrityError("", {}, Exception())])

        async def losing(*args: Any, **kwargs: Any) -> None:
            if (failure := next(failures, None)) is not None:
                raise failure
            await real(*args, **kwargs)

        monkeypatch.setattr(mine, "_list", losing)
        await alice.says("/mine")
        await alice.reads(campus.t("en").plain("mine.none"))


async def test_values_that_the_database_refuses_do_not_stop_the_chat(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from handlers.students import mine

    async with running(database_url) as campus:
        alice = await campus.student("Alice")
        real, failures = mine._list, iter(range(1))

        async def odd(*args: Any, **kwargs: Any) -> None:
            if next(failures, None) is not None:
                await args[-1].session.scalar(select(func.count()).select_from(Person).where(Person.name == 2**80))
            await real(*args, **kwargs)

        monkeypatch.setattr(mine, "_list", odd)
        await alice.says("/mine")
        await alice.reads("went wrong")
        await alice.says("/mine")
        await alice.reads(campus.t("en").plain("mine.none"))


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_a_number_that_no_database_holds_is_set_aside_alone(database_url: str) -> None:
    """It stopped the whole program, and again at each start."""
    async with running(database_url) as campus:
        alice = await campus.student("Alice")
        before = len(await rows(campus.app.database))
        sender = {"id": 10**40, "is_bot": False, "first_name": "Nobody"}
        chat = {"id": 5, "type": "private"}
        await campus.stage.update(
            {"message": {"message_id": 1, "date": 1_790_000_000, "chat": chat, "from": sender, "text": "hi"}}
        )
        await alice.says("/help")
        found = await settled(campus, before + 2)
        assert [row.state for row in found[before:]] == [Handling.SET_ASIDE, Handling.DONE]


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_an_apology_that_cannot_be_said_stops_nobody(database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    async def raises(*_: Any, **__: Any) -> None:
        raise OverflowError

    async with running(database_url) as campus:
        alice = await campus.student("Alice")
        before = len(await rows(campus.app.database))
        with monkeypatch.context() as patch:
            patch.setattr("bot.people.people.meet", raises)
            patch.setattr("bot.turns.people.by_telegram_id", raises)
            await campus.stage.control("say", person=alice.id, text="/help")
            await settled(campus, before + 1)
        await alice.says("/help")
        found = await settled(campus, before + 2)
        assert [row.state for row in found[before:]] == [Handling.SET_ASIDE, Handling.DONE]


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_words_in_a_group_that_nobody_wrote_are_passed_over(database_url: str) -> None:
    async with running(database_url) as campus:
        await campus.student("Alice")
        before = len(await rows(campus.app.database))
        chat, bot = {"id": campus.east.id, "type": "supergroup", "title": "East"}, {"id": BOT, "is_bot": True}
        card = {"message_id": 1, "date": 1, "chat": chat, "from": bot | {"first_name": "Union"}, "text": "#1"}
        await campus.stage.update(
            {"message": {"message_id": 2, "date": 1_790_000_000, "chat": chat, "text": "hi", "reply_to_message": card}}
        )
        found = await settled(campus, before + 1)
        assert [row.state for row in found[before:]] == [Handling.DONE]


async def test_a_row_that_the_database_refuses_is_not_in_the_log(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """SQLAlchemy shows the values of a statement that failed, and PostgreSQL shows the whole row."""
    from handlers.students import mine

    said = io.StringIO()
    root = logging.getLogger()
    before, level = list(root.handlers), root.level
    logs.configure("warning", stream=said)
    try:
        async with running(database_url) as campus:
            alice = await campus.student("Alice")

            async def refused(*args: Any) -> None:
                await args[-1].session.execute(
                    insert(Outgoing).values(method=None, letter=None, payload={"text": "the words of a student"})
                )

            monkeypatch.setattr(mine, "_list", refused)
            await alice.says("/mine")
            await alice.reads("went wrong")
    finally:
        root.handlers[:] = before
        root.setLevel(level)
    assert "IntegrityError" in said.getvalue()
    assert "refused" in said.getvalue(), "the log says where it was"
    assert "the words of a student" not in said.getvalue()


async def test_a_hundred_messages_in_a_second_keep_their_order(database_url: str) -> None:
    async with running(database_url, limits=UNLIMITED) as campus:
        alice = await campus.student("Alice")
        number = await campus.files(alice, "The lift is stuck on the third floor")
        await campus.wang.taps(campus.t("en").plain("desk.claim"), chat=campus.east)
        await alice.reads("has taken on")
        await alice.taps(campus.t("en").plain("own.view"))
        await alice.taps(campus.t("en").plain("own.add"))
        await alice.reads("add")
        for i in range(100):
            await campus.stage.control("say", person=alice.id, text=f"line {i}")
        await campus.east.shows("line 99", timeout=60)
        told = [m.text for m in await campus.stage.transcript(campus.east.id) if "line" in m.text]
        assert [text.split("\n")[-1] for text in told] == [f"line {i}" for i in range(100)]
        await alice.reads(campus.t("en").plain("mine.added", number=number))


# ---------------------------------------------------------------- the webhook


async def test_the_webhook_stores_and_then_answers(database: Database, now: datetime) -> None:
    stored: list[int] = []
    chosen = settings(
        "http://127.0.0.1:1",
        "sqlite:///unused.db",
        telegram={"mode": "webhook", "webhook_url": "https://union.example", "listen": "127.0.0.1:0"},
    )
    intake = Intake(database, BOT, HOUSE.vault, lambda: now, lambda: stored.append(1))
    async with Web(chosen, intake, database) as web, aiohttp.ClientSession() as http:
        port = web._runner.addresses[0][1]
        url = f"http://127.0.0.1:{port}{WEBHOOK_PATH}"
        right = {SECRET_HEADER: chosen.webhook_secret()}
        for headers in ({}, {SECRET_HEADER: "wrong"}, {SECRET_HEADER: "ü"}):
            async with http.post(url, json={"update_id": 1}, headers=headers) as answer:
                assert answer.status == 401
        assert not await rows(database)
        async with http.post(url, json={"update_id": 1, "message": {}}, headers=right) as answer:
            assert answer.status == 200
        assert [row.update_id for row in await rows(database)] == [1]
        assert stored
        async with http.post(url, data=b"\xff not json", headers=right) as answer:
            assert answer.status in (200, 400), "asking for it again would bring the same bytes"
        await database.close()

        async def away(raws: Any) -> None:
            raise OperationalError("x", {}, Exception("away"))

        intake.store = away  # type: ignore[method-assign]
        async with http.post(url, json={"update_id": 2}, headers=right) as answer:
            assert answer.status == 503, "Telegram brings it again"


async def test_what_is_torn_on_its_way_to_the_webhook_is_offered_again_and_stored_once(
    database: Database, now: datetime
) -> None:
    """Half a request is nothing; a connection that is reset before our 200 may have brought it, and brings it again."""
    chosen = settings(
        "http://127.0.0.1:1",
        "sqlite:///unused.db",
        telegram={"mode": "webhook", "webhook_url": "https://union.example", "listen": "127.0.0.1:0"},
    )
    stored, intake = asyncio.Event(), Intake(database, BOT, HOUSE.vault, lambda: now, lambda: stored.set())
    async with Web(chosen, intake, database) as web, aiohttp.ClientSession() as http:
        port = web._runner.addresses[0][1]
        raw = {"update_id": 7, "message": {"chat": {"id": 5}, "text": "x" * 2000}}
        body = json.dumps(raw).encode()
        head = (
            f"POST {WEBHOOK_PATH} HTTP/1.1\r\nHost: x\r\n{SECRET_HEADER}: {chosen.webhook_secret()}\r\n"
            f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        ).encode()
        # What is whole where it is cut is no update either.
        for part in (head[:40], head, head + body[: len(body) // 2], head + body[:-1]):
            _, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(part)
            await writer.drain()
            writer.transport.abort()
        _, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(head + body)
        await writer.drain()
        async with asyncio.timeout(20):
            await stored.wait()
        writer.transport.abort()
        for _ in range(2):
            async with http.post(
                f"http://127.0.0.1:{port}{WEBHOOK_PATH}", data=body, headers={SECRET_HEADER: chosen.webhook_secret()}
            ) as answer:
                assert answer.status == 200
        found = await rows(database)
        assert [(row.update_id, row.state) for row in found] == [(7, Handling.WAITING)]


async def test_the_program_lives_on_a_webhook_too(database_url: str, unused_tcp_port: int) -> None:
    telegram = {
        "mode": "webhook",
        "webhook_url": f"http://127.0.0.1:{unused_tcp_port}",
        "listen": f"127.0.0.1:{unused_tcp_port}",
    }
    async with running(database_url, telegram=telegram) as campus:
        alice = await campus.student("Alice")
        assert await campus.files(alice, "The lift is stuck on the third floor") == 1
        assert not await campus.stage.calls("getUpdates")


async def test_an_outgoing_row_is_written_with_the_update_or_not_at_all(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a handler says before it fails is never sent; run again, it is said once and with the update's end."""
    from handlers.students import mine

    async with running(database_url) as campus:
        alice = await campus.student("Alice")
        await campus.quiet()
        real, failures = mine._list, iter(range(1))

        async def halfway(event: Any, *args: Any) -> None:
            await event.answer("half of it is said")
            if next(failures, None) is not None:
                await args[-1].session.flush()
                raise ZeroDivisionError
            await real(event, *args)

        async def written() -> int:
            async with campus.app.database.reading() as session:
                return await session.scalar(select(func.count()).select_from(Outgoing)) or 0

        monkeypatch.setattr(mine, "_list", halfway)
        before = await written()
        await alice.says("/mine")
        await alice.reads("went wrong")
        await campus.quiet()
        assert await written() == before + 1, "the apology, and nothing of what was said before"
        assert not [m for m in await campus.stage.transcript(alice.id) if "half of it" in m.text]
        async with campus.app.database.transaction() as session:
            (left,) = await inbox.aside(session)
            await inbox.run_again(session, [left.id], HOUSE.vault)
        campus.app.worker.wake()
        await alice.reads("half of it is said")
        await alice.reads(campus.t("en").plain("mine.none"))
        await campus.quiet()
        assert await written() == before + 3
