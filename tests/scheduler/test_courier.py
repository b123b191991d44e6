"""The courier against Telegram's moods, over real HTTP: in order, within the windows, and every end told honestly."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import sqlite3
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import aiohttp
import pytest
from sqlalchemy import select, update
from sqlalchemy.exc import OperationalError
from sqlalchemy.ext.asyncio import AsyncSession

from bot.calls import Call, Letter
from bot.vault import KeyVault
from models import asking, outbox, requesters, sealed
from models.database import Database
from models.outbox import Lane, Outgoing, Repeat, Sending
from models.people import meet
from sandbox import server
from sandbox.client import Person, Sandbox
from scheduler.courier import IN_FLIGHT, Courier
from scheduler.taking import Draw
from tests.campus import BEGIN, TOKEN, MovedClock
from tests.house import HOUSE, KEY, draft, furnish

PATIENCE = 20.0
VAULT = KeyVault(KEY)


async def as_written(session: AsyncSession, row: Outgoing, now: datetime, chat_id: int) -> Letter:
    """Rows of a method as they stand; the letters "parts" and "words" are several calls, "broken" cannot be drawn."""
    if row.letter == "broken":
        raise ZeroDivisionError
    if row.letter == "nothing":
        return Letter()
    if row.letter in ("parts", "words"):
        return Letter(
            [Call("sendMessage", {"chat_id": chat_id, "text": text}) for text in (row.payload or {})["texts"]]
        )
    assert row.method is not None
    return Letter([Call(row.method, {"chat_id": chat_id, **sealed.params_of(row, VAULT)})])


async def until(so: Callable[[], bool]) -> None:
    """Wait while the loop turns; what is waited for is a state of the courier that announces itself to nobody."""
    async with asyncio.timeout(PATIENCE):
        while not so():  # noqa: ASYNC110
            await asyncio.sleep(0)


@dataclass
class Office:
    """A post office: a database, a courier, and the Telegram it sends to."""

    stage: Sandbox
    database: Database
    clock: MovedClock
    url: str
    courier: Courier = field(init=False)

    def make(
        self, *, windows: bool = False, token: str = TOKEN, draw: Draw = as_written, read_seconds: float = PATIENCE
    ) -> Courier:
        return Courier(
            self.database,
            token,
            self.url,
            draw=draw,
            vault=VAULT,
            clock=self.clock,
            elapsed=asyncio.get_running_loop().time,
            windows=windows,
            read_seconds=read_seconds,
        )

    async def post(self, chat_id: int | None, text: str = "hello", **how: Any) -> int:
        """Write one row; returns its number."""
        fields: dict[str, Any] = {
            "lane": Lane.ANSWER,
            "repeat": Repeat.NEVER,
            "method": "sendMessage",
            "payload": {"text": text},
        }
        async with self.database.transaction() as session:
            number = await outbox.post(session, now=self.clock(), chat_id=chat_id, **(fields | how))
            assert number is not None
        if hasattr(self, "courier"):
            self.courier.wake()
        return number

    async def row(self, number: int) -> Outgoing:
        async with self.database.reading() as session:
            return await session.get_one(Outgoing, number)

    async def comes_to(self, number: int, *states: Sending, patience: float = PATIENCE) -> Outgoing:
        """Wait until the row has one of these states; looked at after everything that happens in the sandbox."""
        async with asyncio.timeout(patience):
            while (row := await self.row(number)).state not in states:
                self.courier.wake()
                await asyncio.sleep(0)
        return row

    async def held(self, number: int) -> None:
        """Wait until Telegram has asked to wait with this row."""
        async with asyncio.timeout(PATIENCE):
            while (await self.row(number)).reason != "429":  # noqa: ASYNC110
                await asyncio.sleep(0)

    async def tried(self, number: int) -> None:
        """Wait until the courier has attempted this row."""
        async with asyncio.timeout(PATIENCE):
            while not (await self.row(number)).attempts:  # noqa: ASYNC110
                await asyncio.sleep(0)

    @contextlib.asynccontextmanager
    async def open(self, **how: Any) -> AsyncIterator[Courier]:
        async with self.make(**how) as self.courier:
            yield self.courier

    async def texts(self, person: Person) -> list[str]:
        """What stands in somebody's private chat, oldest first."""
        return [message.text for message in await self.stage.transcript(person.id) if message.text != "/start"]


@pytest.fixture
async def post_office(database: Database) -> AsyncIterator[Office]:
    async with server.start(tokens=[TOKEN], flood=False, begin=BEGIN) as telegram, Sandbox(telegram.url) as stage:
        await stage.bot(TOKEN, username="union_bot", first_name="Union")
        yield Office(stage, database, MovedClock(BEGIN), telegram.url)


@pytest.fixture
async def alice(post_office: Office) -> Person:
    person = await post_office.stage.person("Alice", "en")
    await person.says("/start")
    return person


@pytest.fixture
async def bob(post_office: Office) -> Person:
    person = await post_office.stage.person("Bob", "en")
    await person.says("/start")
    return person


async def test_what_is_due_is_sent_and_then_forgotten(post_office: Office, alice: Person) -> None:
    async with post_office.open():
        number = await post_office.post(alice.id, "the plumber comes at three")
        row = await post_office.comes_to(number, Sending.SENT)
    assert await post_office.texts(alice) == ["the plumber comes at three"]
    assert (row.payload, row.chat_id, row.queue) == (None, None, None), "a sent row of a private chat keeps nothing"


async def test_one_chat_s_messages_leave_in_order(post_office: Office, alice: Person) -> None:
    numbers = [await post_office.post(alice.id, f"{i}") for i in range(20)]
    async with post_office.open():
        await post_office.comes_to(numbers[-1], Sending.SENT)
    assert await post_office.texts(alice) == [f"{i}" for i in range(20)]


async def test_what_is_not_due_yet_waits(post_office: Office, alice: Person) -> None:
    async with post_office.open():
        later = await post_office.post(alice.id, "later", not_before=BEGIN + timedelta(hours=1))
        now = await post_office.post(alice.id, "now")
        await post_office.comes_to(now, Sending.SENT)
        assert (await post_office.row(later)).state is Sending.DUE
        post_office.clock.move(timedelta(hours=1))
        await post_office.comes_to(later, Sending.SENT)
    assert await post_office.texts(alice) == ["now", "later"]


async def test_answers_leave_before_broadcasts(post_office: Office, alice: Person) -> None:
    people = [await post_office.stage.person(f"P{i}", "en") for i in range(40)]
    for person in people:
        await person.says("/start")
    for person in people:
        await post_office.post(person.id, "news", lane=Lane.BROADCAST)
    answer = await post_office.post(alice.id, "an answer")
    async with post_office.open(windows=True):
        await post_office.comes_to(answer, Sending.SENT)
        calls = [call for call in await post_office.stage.calls("sendMessage") if call["ok"]]
    assert [call["chat_id"] for call in calls[:3]].count(alice.id) == 1


async def test_a_connection_that_is_never_had_is_tried_until_it_is(post_office: Office, alice: Person) -> None:
    async with post_office.open() as courier:
        real = courier._bot._base_url
        courier._bot._base_url = "http://127.0.0.1:9/bot" + TOKEN
        number = await post_office.post(alice.id, "through the storm")
        await until(lambda: courier._backoff.away > 0)
        assert (await post_office.row(number)).state in (Sending.DUE, Sending.SENDING)
        courier._bot._base_url = real
        row = await post_office.comes_to(number, Sending.SENT)
    assert row.attempts == 1, "what Telegram never saw is no attempt"
    assert await post_office.texts(alice) == ["through the storm"]


async def test_an_answer_whose_fate_is_unclear_ends_as_unknown_and_is_not_repeated(
    post_office: Office, alice: Person
) -> None:
    await post_office.stage.fault("sendMessage", drop="after")
    async with post_office.open():
        number = await post_office.post(alice.id, "once")
        row = await post_office.comes_to(number, Sending.UNKNOWN)
        following = await post_office.post(alice.id, "next")
        await post_office.comes_to(following, Sending.SENT)
    assert "no clear answer" in (row.reason or "")
    assert await post_office.texts(alice) == ["once", "next"]


@pytest.mark.parametrize("fault", [{"drop": "before"}, {"status": 502}, {"garbage": True}], ids=str)
async def test_a_card_whose_fate_is_unclear_is_repeated(
    post_office: Office, alice: Person, fault: dict[str, Any]
) -> None:
    await post_office.stage.fault("sendMessage", **fault)
    async with post_office.open():
        number = await post_office.post(alice.id, "#1", repeat=Repeat.NUMBERED)
        await post_office.tried(number)
        post_office.clock.move(timedelta(minutes=2))
        row = await post_office.comes_to(number, Sending.SENT)
    assert row.attempts == 2
    assert "#1" in await post_office.texts(alice)


async def test_a_429_delays_its_chat_and_no_other(post_office: Office, alice: Person, bob: Person) -> None:
    await post_office.stage.fault("sendMessage", chat=alice.id, status=429, retry_after=3600)
    async with post_office.open() as courier:
        first = await post_office.post(alice.id, "for alice")
        await until(lambda: alice.id in courier._windows._held)
        second = await post_office.post(bob.id, "for bob")
        await post_office.comes_to(second, Sending.SENT)
        assert (await post_office.row(first)).state is Sending.DUE
        courier._windows._held.clear()
        await post_office.comes_to(first, Sending.SENT)


async def test_a_person_who_blocked_the_bot_ends_as_failed_and_the_others_go_on(
    post_office: Office, alice: Person, bob: Person
) -> None:
    await alice.blocks()
    async with post_office.open():
        first = await post_office.post(alice.id, "news", lane=Lane.BROADCAST)
        second = await post_office.post(bob.id, "news", lane=Lane.BROADCAST)
        assert "blocked" in ((await post_office.comes_to(first, Sending.FAILED)).reason or "")
        await post_office.comes_to(second, Sending.SENT)


async def test_broken_formatting_is_said_plainly(post_office: Office, alice: Person) -> None:
    async with post_office.open():
        number = await post_office.post(alice.id, payload={"text": "<b>half", "parse_mode": "HTML"})
        await post_office.comes_to(number, Sending.SENT)
    assert await post_office.texts(alice) == ["<b>half"]


async def test_a_screen_that_was_deleted_is_shown_anew(post_office: Office, alice: Person) -> None:
    async with post_office.open():
        edit = {"text": "the next screen", "message_id": 4711}
        number = await post_office.post(
            alice.id, method="editMessageText", payload=edit, repeat=Repeat.FREELY, lane=Lane.ANSWER
        )
        await post_office.comes_to(number, Sending.SENT)
    assert await post_office.texts(alice) == ["the next screen"]


async def test_an_edit_that_changes_nothing_is_a_success(post_office: Office, alice: Person) -> None:
    async with post_office.open():
        await post_office.comes_to(await post_office.post(alice.id, "same"), Sending.SENT)
        (message,) = [m for m in await post_office.stage.transcript(alice.id) if m.text == "same"]
        edit = {"text": "same", "message_id": message.id}
        number = await post_office.post(alice.id, method="editMessageText", payload=edit, repeat=Repeat.FREELY)
        await post_office.comes_to(number, Sending.SENT)
    assert await post_office.texts(alice) == ["same"]


async def test_only_the_part_that_failed_is_sent_again(post_office: Office, alice: Person) -> None:
    """A retry that duplicates the text when only the attachment failed: seen in other bots."""
    await post_office.stage.fault("sendMessage", after=1, status=429, retry_after=0)
    async with post_office.open():
        number = await post_office.post(
            alice.id, method=None, letter="parts", payload={"texts": ["one", "two", "three"]}
        )
        await post_office.comes_to(number, Sending.SENT)
    assert await post_office.texts(alice) == ["one", "two", "three"]


@pytest.mark.parametrize(
    ("status", "end"), [(500, Sending.UNKNOWN), (400, Sending.FAILED), (403, Sending.FAILED)], ids=str
)
async def test_parts_that_arrived_are_not_sent_again_when_a_person_decides_so(
    post_office: Office, alice: Person, status: int, end: Sending
) -> None:
    await post_office.stage.fault("sendMessage", after=1, status=status)
    async with post_office.open():
        parts = {"texts": ["one", "two", "three"]}
        first = await post_office.post(alice.id, method=None, letter="words", payload=parts)
        kept = (await post_office.comes_to(first, end)).payload
        again = await post_office.post(alice.id, method=None, letter="words", payload=kept)
        await post_office.comes_to(again, Sending.SENT)
    assert await post_office.texts(alice) == ["one", "two", "three"]


async def test_a_row_that_cannot_be_drawn_stops_no_other(post_office: Office, alice: Person) -> None:
    async with post_office.open():
        broken = await post_office.post(alice.id, method=None, letter="broken")
        fine = await post_office.post(alice.id, "fine")
        assert (await post_office.comes_to(broken, Sending.FAILED)).reason == "could not be drawn (ZeroDivisionError)"
        await post_office.comes_to(fine, Sending.SENT)


async def test_a_row_with_nothing_to_say_any_more_is_superseded(post_office: Office, alice: Person) -> None:
    async with post_office.open():
        number = await post_office.post(alice.id, method=None, letter="nothing")
        await post_office.comes_to(number, Sending.SUPERSEDED)
    assert await post_office.texts(alice) == []


async def test_a_crash_while_sending_is_known_as_what_it_is(post_office: Office, alice: Person, bob: Person) -> None:
    """Between intent and result nobody knows whether it arrived: answers end as unknown, cards go out again."""
    answer = await post_office.post(alice.id, "an answer")
    card = await post_office.post(bob.id, "#1", repeat=Repeat.NUMBERED)
    async with post_office.database.transaction() as session:
        for number in (answer, card):
            (await session.get_one(Outgoing, number)).state = Sending.SENDING
    async with post_office.open():
        await post_office.comes_to(card, Sending.SENT)
        assert (await post_office.row(answer)).state is Sending.UNKNOWN
    assert await post_office.texts(alice) == []


async def test_stopping_finishes_what_is_on_its_way(post_office: Office, alice: Person) -> None:
    await post_office.stage.fault("sendMessage", delay=0.5)
    async with post_office.open():
        number = await post_office.post(alice.id, "on its way")
        await alice.reads("on its way")
    assert (await post_office.row(number)).state is Sending.SENT


async def test_at_most_thirty_two_are_in_flight(post_office: Office) -> None:
    people = [await post_office.stage.person(f"P{i}", "en") for i in range(IN_FLIGHT + 8)]
    for person in people:
        await person.says("/start")
    await post_office.stage.fault("sendMessage", delay=0.3, times=IN_FLIGHT)
    numbers = [await post_office.post(person.id) for person in people]
    async with post_office.open() as courier:
        most = 0
        async with asyncio.timeout(PATIENCE):
            while (await post_office.row(numbers[-1])).state is not Sending.SENT:
                most = max(most, len(courier._busy))
                await asyncio.sleep(0)
    assert most == IN_FLIGHT


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_a_broadcast_with_answers_breaks_no_window(post_office: Office) -> None:
    """The sandbox counts as Telegram does; a single 429 would be our mistake."""
    await post_office.stage.flood(True)
    people = [await post_office.stage.person(f"P{i}", "en") for i in range(60)]
    for person in people:
        await person.says("/start")
    numbers = [await post_office.post(person.id, "news", lane=Lane.BROADCAST) for person in people]
    async with post_office.open(windows=True):
        numbers += [await post_office.post(person.id, "an answer") for person in people[:5]]
        for number in numbers:
            await post_office.comes_to(number, Sending.SENT)
    calls = await post_office.stage.calls("sendMessage")
    assert [call["status"] for call in calls if call["status"] != 200] == []


async def test_a_wrong_token_is_waited_out(post_office: Office, alice: Person) -> None:
    wrong = TOKEN.split(":")[0] + ":" + "x" * 35
    number = await post_office.post(alice.id, "patience")
    async with post_office.open(token=wrong) as courier:
        await until(lambda: courier._windows._all_held > 0)
    assert (await post_office.row(number)).state is Sending.DUE
    async with post_office.open():
        await post_office.comes_to(number, Sending.SENT)


async def test_of_screens_still_to_be_sent_only_the_newest_goes(post_office: Office, alice: Person) -> None:
    for i in range(5):
        await post_office.post(alice.id, f"screen {i}", topic="screen:1")
    async with post_office.open():
        last = await post_office.post(alice.id, "the end")
        await post_office.comes_to(last, Sending.SENT)
    assert await post_office.texts(alice) == ["screen 4", "the end"]


async def test_the_outbox_survives_a_database_that_is_away_for_a_moment(
    post_office: Office, alice: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    from sqlalchemy.exc import OperationalError

    async with post_office.open() as courier:
        real: Callable[..., Any] = courier._take
        failures = iter([OperationalError("x", {}, Exception("database is locked"))])

        async def take(*args: Any) -> Any:
            for failure in failures:
                raise failure
            return await real(*args)

        monkeypatch.setattr(courier, "_take", take)
        number = await post_office.post(alice.id, "after all")
        await post_office.comes_to(number, Sending.SENT)
    assert await post_office.texts(alice) == ["after all"]


async def test_nothing_is_drawn_for_a_chat_before_the_end_of_what_went_before_is_written_down(
    post_office: Office,
) -> None:
    """A card that is drawn before it is known that it was posted would be posted a second time."""
    early: list[int] = []

    async def look(session: AsyncSession, row: Outgoing, now: datetime, chat_id: int) -> Letter:
        on_its_way = select(Outgoing.id).where(Outgoing.chat_id == chat_id, Outgoing.state == Sending.SENDING)
        if (await session.scalars(on_its_way)).all():
            early.append(row.id)
        return await as_written(session, row, now, chat_id)

    people = [await post_office.stage.person(f"P{i}", "en") for i in range(12)]
    for person in people:
        await person.says("/start")
    numbers = [await post_office.post(person.id, str(turn)) for turn in range(8) for person in people]
    async with post_office.open(draw=look):
        for number in numbers:
            await post_office.comes_to(number, Sending.SENT)
    assert early == []
    for person in people:
        assert await post_office.texts(person) == [str(turn) for turn in range(8)]


async def test_one_chat_gets_one_message_at_a_time_whether_its_address_is_sealed_or_not(
    post_office: Office, alice: Person
) -> None:
    """Somebody with an anonymous ticket and another under their name: the database cannot know that it is one chat."""
    async with post_office.database.transaction() as session:
        await furnish(session)
        who = await meet(session, alice.id, "Alice", None, "en")
        ticket = await asking.file(session, draft(anonymous=True), who, HOUSE, BEGIN)
        (place,) = await requesters.waiting.about(session, ticket.id)
        await session.execute(update(Outgoing).values(state=Sending.SUPERSEDED))
    drawn: list[int] = []
    early: list[int] = []

    async def look(session: AsyncSession, row: Outgoing, now: datetime, chat_id: int) -> Letter:
        assert chat_id == alice.id
        on_its_way = select(Outgoing.id).where(Outgoing.id.in_(drawn), Outgoing.state == Sending.SENDING)
        early.extend(await session.scalars(on_its_way))
        drawn.append(row.id)
        return await as_written(session, row, now, chat_id)

    await post_office.stage.fault("sendMessage", delay=0.1, times=4)
    numbers = []
    for turn in range(4):
        sealed = {"chat_id": None, "requester_id": place.id} if turn % 2 else {"chat_id": alice.id}
        numbers.append(await post_office.post(text=str(turn), **sealed))
    async with post_office.open(draw=look):
        for number in numbers:
            await post_office.comes_to(number, Sending.SENT)
    assert early == []
    assert sorted(await post_office.texts(alice)) == ["0", "1", "2", "3"]


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_rounds_that_come_to_nothing_do_not_close_the_windows(
    post_office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was counted as leaving and then did not leave was counted as on its way for ever: two full rounds lost to a
    full disk, and nothing was sent any more.
    """
    people = [await post_office.stage.person(f"P{i}", "en") for i in range(IN_FLIGHT)]
    for person in people:
        await person.says("/start")
    numbers = [await post_office.post(person.id) for person in people]
    failures, leave = itertools.count(), outbox.leaving

    async def full_disk(session: AsyncSession, numbers: Sequence[int]) -> None:
        if next(failures) < 2:
            raise OperationalError("UPDATE", None, sqlite3.OperationalError("database or disk is full"))
        await leave(session, numbers)

    monkeypatch.setattr(outbox, "leaving", full_disk)
    async with post_office.open(windows=True):
        for number in numbers:
            await post_office.comes_to(number, Sending.SENT)
    assert next(failures) > 2


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_told_to_stop_at_its_start_it_leaves_no_connection_open(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[aiohttp.ClientSession] = []
    begin = aiohttp.ClientSession.__init__

    def noted(self: aiohttp.ClientSession, *args: Any, **how: Any) -> None:
        begin(self, *args, **how)
        opened.append(self)

    monkeypatch.setattr(aiohttp.ClientSession, "__init__", noted)
    courier = Courier(
        database,
        TOKEN,
        "http://127.0.0.1:1",
        draw=as_written,
        vault=VAULT,
        clock=MovedClock(BEGIN),
        elapsed=asyncio.get_running_loop().time,
        windows=False,
    )
    # Somebody else writes: the courier waits for its turn to look at what a crash left.
    async with database.transaction() as session:
        await session.execute(update(Outgoing).values(attempts=0))
        start = asyncio.create_task(courier.__aenter__())
        for _ in range(5):
            await asyncio.sleep(0)
        assert not start.done()
        start.cancel()
        with pytest.raises(asyncio.CancelledError):
            await start
    assert opened
    assert all(each.closed for each in opened)
