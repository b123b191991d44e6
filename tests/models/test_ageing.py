"""What is finished leaves, and nothing that anybody could still ask for."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import func, select, update

from bot import cards
from bot.inbox import Intake
from models import ageing, inbox, outbox, statistics, tickets
from models.database import Database
from models.inbox import Handling, Incoming, done, set_aside
from models.lifecycle import State
from models.outbox import Lane, Outgoing, Repeat, Sending
from models.statistics import Period
from models.tickets import Ticket
from scheduler.jobs import ageing as job
from scheduler.jobs import sweeping
from tests.campus import running, settings
from tests.house import CALENDAR, HOUSE, furnish
from tests.models.test_statistics import plant
from tests.scheduler.test_alarms import toolbox

DAY = timedelta(days=1)
BOT = 700000


@pytest.fixture(autouse=True)
def small_lots(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ageing, "LOT", 7)
    monkeypatch.setattr(ageing, "FLOOR", 0)


async def tidy(database: Database, now: datetime) -> None:
    await job.run(database, toolbox(settings("http://127.0.0.1:1", "sqlite:///unused.db")), now)


async def stored(database: Database, now: datetime, numbers: range) -> None:
    intake = Intake(database, BOT, HOUSE.vault, lambda: now, lambda: None)
    await intake.store([{"update_id": n, "message": {"chat": {"id": n}, "text": "x"}} for n in numbers])


async def handled(database: Database) -> None:
    async with database.transaction() as session:
        for number in await session.scalars(select(Incoming.id).where(Incoming.state == Handling.WAITING)):
            assert await done(session, number)


async def known(database: Database) -> list[int]:
    async with database.reading() as session:
        return list(await session.scalars(select(Incoming.update_id).order_by(Incoming.update_id)))


async def test_an_update_is_known_for_as_long_as_telegram_can_bring_it_again(database: Database, now: datetime) -> None:
    for day in range(6):
        at = now + day * DAY
        await stored(database, at, range(10 * day, 10 * day + 10))
        await handled(database)
        await tidy(database, at)
        await stored(database, at + DAY - timedelta(minutes=1), range(10 * day, 10 * day + 10))
        async with database.reading() as session:
            assert not (await session.scalars(select(Incoming).where(Incoming.state == Handling.WAITING))).all()
    # What came by the night of the third day before this one has left.
    assert await known(database) == list(range(30, 60))


async def test_what_waits_or_was_set_aside_stays_however_old_it_is(database: Database, now: datetime) -> None:
    await stored(database, now, range(20))
    async with database.transaction() as session:
        assert await done(session, 1)
        assert await set_aside(session, 2, "ABC234", "KeyError at here:1")
    for day in range(10):
        await tidy(database, now + day * DAY)
    assert await known(database) == list(range(1, 20))


async def test_a_clock_that_leaps_makes_no_update_new_again(
    database: Database, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ageing, "FLOOR", 15)
    await stored(database, now, range(20))
    await handled(database)
    for leap in (0, 40, 0, 80):
        await tidy(database, now + leap * DAY)
    assert await known(database) == list(range(5, 20))


async def test_beyond_the_newest_rows_a_leap_forgets_what_is_done_and_it_would_be_taken_again(
    database: Database, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As the fault matrix says (docs/reliability.md): the newest are known by their number, the others by their age."""
    monkeypatch.setattr(ageing, "FLOOR", 15)
    await stored(database, now, range(20))
    await handled(database)
    for leap in (0, 365, 0):
        await tidy(database, now + leap * DAY)
    await stored(database, now, range(20))
    async with database.reading() as session:
        anew = await session.scalars(select(Incoming.update_id).where(Incoming.state == Handling.WAITING))
        assert sorted(anew) == list(range(5))


@pytest.mark.parametrize("leap", [DAY, 365 * DAY], ids=["a day", "a year"])
async def test_a_clock_that_leaps_and_is_set_back_takes_nothing_that_is_not_finished(
    database: Database, now: datetime, leap: timedelta
) -> None:
    """Nor with no newest rows that stay: a message and a press that wait, and whatever is to be said or unclear."""
    unfinished = [Sending.DUE, Sending.SENDING]
    await stored(database, now, range(3))
    intake = Intake(database, BOT, HOUSE.vault, lambda: now, lambda: None)
    who = {"id": 9, "is_bot": False, "first_name": "Alice"}
    press = {"id": "1", "from": who, "chat_instance": "1", "data": "d:claim:1"}
    await intake.store([{"update_id": 3, "callback_query": press}])
    async with database.transaction() as session:
        assert await done(session, 1)
        assert await set_aside(session, 2, "ABC234", "KeyError at here:1")
        rows = [
            await outbox.post(session, now=now, lane=Lane.ANSWER, repeat=Repeat.NEVER, chat_id=9, method="sendMessage")
            for _ in range(4)
        ]
        for row, state in zip(rows, [*unfinished, Sending.UNKNOWN, Sending.SENT], strict=True):
            await session.execute(update(Outgoing).where(Outgoing.id == row).values(state=state))
    for at in (now, now + leap, now, now - leap, now + leap, now):
        await tidy(database, at)
        await sweeping.run(database, toolbox(settings("http://127.0.0.1:1", "sqlite:///unused.db")), at)
    async with database.reading() as session:
        waiting = await inbox.waiting(session, 10, HOUSE.vault)
        assert [each.id for each in waiting] == [3, 4], "the message and the press, in their order"
        aside = [row.id for row in await inbox.aside(session)]
        assert aside == ([2] if leap == DAY else []), "after a month by that clock nobody looks after it any more"
        there = list(await session.scalars(select(Outgoing.id).order_by(Outgoing.id)))
        assert there == (rows if leap == DAY else rows[:2])
        assert list(await session.scalars(select(Outgoing.state).where(Outgoing.state.in_(unfinished)))) == unfinished
    # What waits is not taken a second time.
    await stored(database, now, range(2, 4))
    async with database.reading() as session:
        assert len(await inbox.waiting(session, 10, HOUSE.vault)) == 2


async def test_a_row_of_the_outbox_stays_until_nobody_can_ask_for_it(database: Database, now: datetime) -> None:
    """Each row with the day on which it is still there, and the one on which it has left; None stays for ever."""
    tag = HOUSE.vault.tag("survey", 1, 2, 0)
    over, still_open, merged = 1, 2, 3
    cases: list[tuple[str, dict[str, Any], int, int | None]] = [
        ("a card", {}, 3, 5),
        ("replaced", {"state": Sending.SUPERSEDED}, 3, 5),
        ("refused", {"state": Sending.FAILED}, 29, 31),
        ("unknown", {"state": Sending.UNKNOWN}, 29, 31),
        ("due", {"state": Sending.DUE}, 900, None),
        ("on its way", {"state": Sending.SENDING}, 900, None),
        ("words of an open ticket", {"letter": "words", "ticket_id": still_open}, 900, None),
        ("unknown words of one", {"letter": "words", "ticket_id": still_open, "state": Sending.UNKNOWN}, 900, None),
        ("words of a closed one", {"letter": "words", "ticket_id": over}, 179, 181),
        ("words of one merged into an open one", {"letter": "words", "ticket_id": merged}, 900, None),
        ("a step of an open ticket", {"dedupe": "claimed:2:3:4", "ticket_id": still_open}, 900, None),
        ("a step of a closed one", {"dedupe": "claimed:1:3:4", "ticket_id": over}, 179, 181),
        ("what somebody was asked", {"dedupe": tag}, 399, 401),
        ("what somebody was asked, unknown", {"dedupe": tag + "0", "state": Sending.UNKNOWN}, 399, 401),
        ("the house's own", {"dedupe": "digest:east:2026-10-12"}, 900, None),
    ]
    async with database.transaction() as session:
        east = (await furnish(session))["east"]
        for number in (over, still_open, merged):
            session.add(ticket(number, east.id, now, closed=number != still_open))
        await session.flush()
        await session.execute(update(Ticket).where(Ticket.id == merged).values(merged_into_id=still_open))
        for _, how, _, _ in cases:
            fields = {"letter": "card", "dedupe": None, "ticket_id": None} | how
            state = fields.pop("state", Sending.SENT)
            row = await outbox.post(session, now=now, lane=Lane.TICKET, repeat=Repeat.NUMBERED, chat_id=-1001, **fields)
            await session.execute(update(Outgoing).where(Outgoing.id == row).values(state=state))
    for day in sorted({d for *_, stays, leaves in cases for d in (stays, leaves) if d is not None}):
        await tidy(database, now + day * DAY)
        async with database.reading() as session:
            there = set(await session.scalars(select(Outgoing.id)))
        for number, (name, _, stays, leaves) in enumerate(cases, 1):
            if day <= stays:
                assert number in there, f"{name} is there on day {day}"
            elif leaves is not None and day >= leaves:
                assert number not in there, f"{name} has left on day {day}"


def ticket(number: int, station_id: int, now: datetime, *, closed: bool) -> Ticket:
    state = State.CLOSED if closed else State.NEW
    return Ticket(
        id=number,
        kind="complaint",
        category="water",
        subject="x",
        folded="x",
        marks=b"",
        station_id=station_id,
        state=state,
        version=1,
        filed_at=now,
        closed_at=now if closed else None,
    )


async def test_the_newest_rows_of_the_outbox_stay(
    database: Database, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ageing, "FLOOR", 5)
    await sent(database, now, 20)
    await tidy(database, now + 9 * DAY)
    async with database.reading() as session:
        assert await session.scalar(select(func.count()).select_from(Outgoing)) == 5


async def sent(database: Database, now: datetime, count: int) -> None:
    async with database.transaction() as session:
        for _ in range(count):
            await outbox.post(session, now=now, lane=Lane.ANSWER, repeat=Repeat.NEVER, chat_id=9, method="sendMessage")
        await session.execute(update(Outgoing).values(state=Sending.SENT))


async def test_whoever_writes_meanwhile_comes_in_between(database: Database, now: datetime) -> None:
    """In lots: while two hundred rows leave, others are answered."""
    await sent(database, now, 200)
    tidying = asyncio.create_task(tidy(database, now + 9 * DAY))
    left = []
    while not tidying.done():
        async with database.transaction() as session:
            left.append(await session.scalar(select(func.count()).select_from(Outgoing)))
    await tidying
    assert len({count for count in left if count}) > 5, left


async def test_no_figure_changes(database: Database, now: datetime) -> None:
    async with database.transaction() as session:
        await plant(session, 3, now)
    await sent(database, now - 30 * DAY, 50)
    span = Period("all", now - 90 * DAY, now + DAY)
    async with database.reading() as session:
        before = await statistics.count(session, span, CALENDAR, now)
    await tidy(database, now)
    async with database.reading() as session:
        assert not (await session.scalars(select(Outgoing))).all(), "there was something to leave"
        assert await statistics.count(session, span, CALENDAR, now) == before


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_a_card_still_says_what_became_of_the_answer(database_url: str) -> None:
    async with running(database_url) as campus:
        app = campus.app
        alice = await campus.student("Alice")
        number = await campus.files(alice, "The tap drips")
        await campus.wang.taps(campus.t("en").plain("desk.claim"), chat=campus.east)
        card = await campus.wang.reads(f"#{number}", chat=campus.east)
        await campus.wang.says("Somebody comes today.", chat=campus.east, reply_to=card)
        await alice.reads("Somebody comes today.")
        await campus.quiet()

        async def drawn() -> str:
            async with app.database.reading() as session:
                found = await tickets.get(session, number)
                place = await tickets.station_of(session, found)
                return str(await cards.draw(session, found, place, campus.t("en"), app.settings, campus.clock()))

        async def rows() -> int:
            async with app.database.reading() as session:
                return await session.scalar(select(func.count()).select_from(Outgoing)) or 0

        before, count = await drawn(), await rows()
        await tidy(app.database, campus.clock() + 100 * DAY)
        assert await rows() < count, "something has left"
        assert await drawn() == before
