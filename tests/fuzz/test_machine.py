"""Students, staff and the clock at random against a simple model of the desk (`desk.py`): after each step the database
and what everybody has been sent are what the model says.

The steps are raw updates through the program's own handlers. hypothesis knows no event loop: each machine has its own.
`make fuzz` plays ten thousand steps.
"""

from __future__ import annotations

import asyncio
import logging
import os
import shutil
import tempfile
from collections import Counter
from collections.abc import Iterator
from contextlib import AsyncExitStack
from datetime import datetime, timedelta
from itertools import product
from pathlib import Path
from random import Random
from types import SimpleNamespace
from typing import Any, ClassVar, TypeVar

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule, run_state_machine_as_test
from sqlalchemy import select

from bot.doors import Own
from bot.keyboards import Choice, Fixed, Go, Mine, Press, Rate
from bot.keyboards import Desk as Card
from bot.menus import Pick, Step
from handlers.students.walk import drawn
from models import conversations, forgetting, postings, stations
from models.inbox import Handling, Incoming
from models.people import Grant, Role
from models.requesters import Requester
from models.tickets import Ticket
from tests.conftest import MEMORY
from tests.fuzz.desk import STEPS, Desk, night
from tests.fuzz.program import BOT, EAST, WEST, program

T = TypeVar("T")
STUDENTS = (500_001, 500_002, 500_003)
WANG, LI = 600_001, 600_002
CHATS = {"east": (EAST, WANG), "west": (WEST, LI)}
students = st.sampled_from(STUDENTS)
LONG_STEPS = int(os.environ.get("STEPS") or 10_000)
MIX = ["staff"] * 5 + ["reply"] * 3 + ["student"] * 4 + ["file"] * 3 + ["later"] * 3 + ["mute", "erase"]
"""How often what is done. (As rules of their own, all would be as frequent: tickets ended with their students.)"""
EACH = 50
"""Steps of one machine in the long run."""


def often(can: list[T], every: list[T]) -> st.SearchStrategy[T]:
    """Mostly something that can be done: nearly all that is drawn from everything is refused."""
    kinds = [st.sampled_from(can)] * 3 if can else []
    return st.one_of(*kinds, st.sampled_from(every))


class Machine(RuleBasedStateMachine):
    """One desk from its first day on."""

    migrated: Path
    steps = 0
    done: ClassVar[Counter[str]] = Counter()
    """Of all machines together."""

    def __init__(self) -> None:
        super().__init__()
        self.desk, self.sent = Desk(), Counter[tuple[int, str]]()
        self.loop, self.stack = asyncio.new_event_loop(), AsyncExitStack()
        self.folder = Path(tempfile.mkdtemp(prefix="machine", dir=MEMORY))
        self.words, self.message = 0, 0

    def teardown(self) -> None:
        Machine.done += self.desk.done
        self.loop.run_until_complete(self.stack.aclose())
        self.loop.close()
        shutil.rmtree(self.folder)

    # ------------------------------------------------------------ what people do

    @initialize()
    def begin(self) -> None:
        self.loop.run_until_complete(self._begin())

    async def _begin(self) -> None:
        self.here = await self.stack.enter_async_context(program(self.migrated, self.folder))
        for chat, who in CHATS.values():
            self.here.line.members[chat].add(who)
        self.here.line.sends = self._sends
        async with self.here.app.database.transaction() as session:
            east = await stations.by_key(session, "east")
            assert east is not None
            session.add(Grant(telegram_id=WANG, role=Role.LEAD, station_id=east.id, given_at=self.here.now))
        for who in STUDENTS:
            await self._enters(who)

    def _sends(self, chat: int, _: int, method: str, params: dict[str, Any]) -> None:
        text = str(params.get("text") or "")
        if chat > 0 and method.startswith("send"):
            for word in {each.strip(".,<>b/") for each in text.split()}:
                if word.startswith("answer0"):
                    self.sent[chat, word] += 1

    async def _enters(self, who: int) -> None:
        await self._says(who, "/start")
        presses = (Go("agree"), Pick("audience", "undergraduate"), Pick("building", "e1"))
        for press in presses:
            await self._taps(who, press)

    async def _take(self, kind: str, content: dict[str, Any]) -> None:
        await self.here.take([{"update_id": self.here.next_update, kind: content}])

    def _message(self, who: int, chat: int, text: str) -> dict[str, Any]:
        self.message += 1
        sender = {"id": who, "is_bot": who == BOT, "first_name": f"N{who}", "language_code": "en"}
        place = {"id": chat, "type": "private" if chat > 0 else "supergroup", "first_name": "x", "title": "x"}
        date = int(self.here.now.timestamp())
        return {"message_id": self.message, "date": date, "chat": place, "from": sender, "text": text}

    async def _says(self, who: int, text: str, chat: int = 0, to: int = 0) -> None:
        message = self._message(who, chat or who, text)
        if to:
            message["reply_to_message"] = self._message(BOT, chat, "x") | {"message_id": to}
        await self._take("message", message)

    async def _taps(self, who: int, press: Press, chat: int = 0) -> None:
        message = self._message(BOT, chat or who, "x")
        user = {"id": who, "is_bot": False, "first_name": f"N{who}", "language_code": "en"}
        data = await self._as_in_a_draft(who, press) if isinstance(press, Pick | Step) else press.pack()
        query = {"id": "1", "from": user, "message": message, "chat_instance": "1", "data": data}
        await self._take("callback_query", query)

    async def _as_in_a_draft(self, who: int, press: Press) -> str:
        async with self.here.app.database.reading() as session:
            key = conversations.key_of(BOT, who, who)
            stands = await conversations.read(session, key, self.here.app.toolbox.house.vault)
        return drawn(press.pack(), stands.data)

    def _new_words(self, kind: str) -> str:
        self.words += 1
        return f"{kind}{self.words:04d}"

    @rule(data=st.data())
    def step(self, data: st.DataObject) -> None:
        what = data.draw(st.sampled_from(MIX)) if self.desk.tickets else "file"
        getattr(self, what)(data)

    def file(self, data: st.DataObject) -> None:
        who, anonymous = data.draw(st.tuples(students, st.booleans()))
        self.loop.run_until_complete(self._file(who, anonymous))

    async def _file(self, who: int, anonymous: bool) -> None:
        await self._says(who, "/new")
        for press in (Pick("kind", "complaint"), Pick("category", "repairs"), Pick("category", "water")):
            await self._taps(who, press)
        await self._says(who, f"{Random(self.words).randbytes(9).hex()} {self._new_words('words')}")
        name = "anonymous" if anonymous else "named"
        for each in (Step("similar"), Step("name"), Pick("name", name), Step("send")):
            await self._taps(who, each)
        if not self.desk.file(who, anonymous, self.here.now):
            await self._says(who, "/cancel")
        await self._hold()

    def staff(self, data: st.DataObject) -> None:
        every = list(product(self.desk.tickets, ("claim", "transfer", "accept", "recall", "resolve"), CHATS))
        number, act, place = data.draw(often([each for each in every if self.desk.staff_may(*each)], every))
        self.loop.run_until_complete(self._staff(number, place, act))

    async def _staff(self, number: int, place: str, act: str) -> None:
        chat, who = CHATS[place]
        other = "west" if place == "east" else "east"
        presses: dict[str, Press] = {
            "transfer": Choice("why", number, f"{other}.area"),
            "resolve": Choice("resolve", number, "done"),
        }
        self.desk.staff(number, act, place, self.here.now)
        await self._taps(who, presses.get(act) or Card(act, number), chat)
        await self._hold()

    def reply(self, data: st.DataObject) -> None:
        every = list(product(self.desk.tickets, ["answer"], CHATS))
        number, _, place = data.draw(often([each for each in every if self.desk.staff_may(*each)], every))
        self.loop.run_until_complete(self._reply(number, place))

    async def _reply(self, number: int, place: str) -> None:
        chat, who = CHATS[place]
        card, said = await self._card(number, chat), self._new_words("answer")
        if card is None:
            return
        self.desk.staff(number, "answer", place, self.here.now, said)
        await self._says(who, said, chat, card)
        await self._hold()

    async def _card(self, number: int, chat: int) -> int | None:
        async with self.here.app.database.reading() as session:
            found = select(postings.Card.message_id).where(
                postings.Card.ticket_id == number, postings.Card.chat_id == chat
            )
            return await session.scalar(found)

    def student(self, data: st.DataObject) -> None:
        every = list(product(STUDENTS, self.desk.tickets, ("add", "withdraw", "reopen", "confirm", "rate")))
        can = [each for each in every if self.desk.student_may(*each, self.here.now)]
        who, number, act = data.draw(often(can, every))
        self.loop.run_until_complete(self._student(who, number, act, data.draw(st.integers(1, 5))))

    async def _student(self, who: int, number: int, act: str, stars: int) -> None:
        self.desk.student(who, number, act, self.here.now, stars)
        if act == "add":
            await self._taps(who, Mine("add", number))
            await self._says(who, self._new_words("words"))
            await self._says(who, "/cancel")
        else:
            rest = {"confirm": Fixed(number, True), "rate": Rate(number, stars)}
            name = "withdraw_sure" if act == "withdraw" else act
            await self._taps(who, rest.get(act) or Mine(name, number))
        await self._hold()

    def mute(self, data: st.DataObject) -> None:
        number = data.draw(st.sampled_from(list(self.desk.tickets)))
        self.loop.run_until_complete(self._mute(number))

    async def _mute(self, number: int) -> None:
        card, ticket = await self._card(number, EAST), self.desk.tickets[number]
        theirs = ticket.place == "east" and ticket.owner is not None
        if card is None or not theirs or not self.desk.heard(ticket.owner or 0, self.here.now):
            return
        await self._says(WANG, "/mute 5h shouts", EAST, card)
        end = self.here.now + timedelta(hours=5)
        down = end.replace(minute=0, second=0, microsecond=0)
        self.desk.muted[ticket.owner or 0] = down if down == end else down + timedelta(hours=1)
        await self._hold()

    def erase(self, data: st.DataObject) -> None:
        self.loop.run_until_complete(self._erase(data.draw(students)))

    async def _erase(self, who: int) -> None:
        await self._taps(who, Own("forget_sure"))
        self.desk.forget(who)
        await self._enters(who)
        await self._hold()

    def later(self, data: st.DataObject) -> None:
        self.loop.run_until_complete(self._later(data.draw(st.sampled_from([1, 3, 20, 80]))))

    async def _later(self, hours: int) -> None:
        await self.here.pass_time(timedelta(hours=hours))
        self.desk.time(self.here.now)
        async with self.here.app.database.reading() as session:
            for row in await session.scalars(select(Ticket)):
                place = await session.get_one(stations.Station, row.station_id)
                self.desk.became(row.id, str(row.state), place.key, self.here.now)
                if row.state == "new" and row.folded_under_id is None:
                    # Of several deadlines the earliest counts; one that was met is not among them.
                    due, level = min(self._deadlines(row))
                    assert (due <= self.here.now) == (level > 0), f"#{row.id} is due {due}, {level}"
        await self._hold()

    def _deadlines(self, row: Ticket) -> list[tuple[datetime, int]]:
        reply = None if row.replied_at else row.reply_due
        all_of_them = (
            (row.claim_due, row.claim_level),
            (reply, row.reply_level),
            (row.resolve_due, row.resolve_level),
        )
        return [(due, level) for due, level in all_of_them if due is not None]

    # ------------------------------------------------------------ what must hold

    async def _hold(self) -> None:
        Machine.steps += 1
        await self.here.speak()
        async with self.here.app.database.reading() as session:
            rows = {row.id: row for row in await session.scalars(select(Ticket))}
            placed = {place.id: place.key for place in await session.scalars(select(stations.Station))}
            asked = {each.ticket_id: each for each in await session.scalars(select(Requester))}
            aside = select(Incoming.error).where(Incoming.state == Handling.SET_ASIDE)
            assert not list(await session.scalars(aside))
        assert rows.keys() == self.desk.tickets.keys()
        for number, known in self.desk.tickets.items():
            row, place = rows[number], known.offered or known.place
            assert (row.state, placed[row.station_id]) == (known.state, place), f"#{number}"
            assert (asked[number].rating, asked[number].solved) == (known.rating, known.solved), f"#{number}"
            assert (asked[number].person_id is None) == (known.anonymous or known.owner is None), f"#{number}"
        assert self.sent == self.desk.told
        assert not self.here.line.malformed


@pytest.fixture(autouse=True)
def quiet(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """What is refused is said to whoever asked, and logged nowhere. The same steps make the same desk: what can be done
    next is drawn from it, so an anonymous ticket parts from its student after the same time.
    """
    logging.disable(logging.CRITICAL)
    monkeypatch.setattr(forgetting, "secrets", SimpleNamespace(randbelow=lambda below: below // 3))
    yield
    logging.disable(logging.NOTSET)


def play(migrated: Path, machines: int, steps: int, **how: Any) -> None:
    """So many machines of so many steps."""
    Machine.migrated, Machine.steps, Machine.done = migrated, 0, Counter()
    chosen = settings(
        max_examples=machines,
        stateful_step_count=steps,
        deadline=None,
        database=None,
        print_blob=True,
        suppress_health_check=list(HealthCheck),
        # The steps that failed are written down as they were played: making them fewer takes minutes.
        phases=[Phase.generate],
        **how,
    )
    run_state_machine_as_test(Machine, settings=chosen)


def test_the_desk_does_what_its_model_says(migrated: Path) -> None:
    play(migrated, 1, 25, derandomize=True)
    assert Machine.steps >= 15


@pytest.mark.long
def test_what_random_steps_seldom_come_to(migrated: Path) -> None:
    """Offers that come back, a night, the way to an anonymous student, four weeks: against the same model."""
    Machine.migrated = migrated
    one, (anna, ben, cao) = Machine(), STUDENTS
    desk, play = one.desk, one.loop.run_until_complete
    try:
        one.begin()
        for who, anonymous in ((anna, True), (ben, False), (cao, True)):
            play(one._file(who, anonymous))
        for act in ("claim", "transfer", "recall", "transfer", "resolve"):
            play(one._staff(1, "east", act))
        play(one._student(anna, 1, "confirm", 1))
        play(one._staff(2, "east", "claim"))
        play(one._staff(2, "east", "transfer"))
        play(one._later(20))
        assert (desk.tickets[2].state, night(one.here.now) is None) == ("claimed", False)
        play(one._reply(2, "east"))
        play(one._reply(3, "east"))
        assert (len(desk.waiting), desk.told.total()) == (2, 0)
        play(one._student(ben, 2, "add", 1))
        play(one._reply(2, "east"))
        assert (len(desk.waiting), desk.told.total()) == (1, 2)
        play(one._later(3))
        assert (len(desk.waiting), desk.told.total()) == (0, 3)
        play(one._staff(2, "east", "resolve"))
        play(one._erase(cao))
        assert desk.tickets[3].state == "answered"
        for _ in range(11):
            play(one._later(80))
        play(one._student(anna, 1, "reopen", 1))
        play(one._student(ben, 2, "reopen", 1))
        assert [each.state for each in desk.tickets.values()] == ["closed", "reopened", "withdrawn"]
    finally:
        one.teardown()


@pytest.mark.long
@pytest.mark.timeout(7200)
def test_the_desk_does_what_its_model_says_for_ten_thousand_steps(
    migrated: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    # A desk may come to its end sooner than after EACH: so many more begin until there were enough.
    steps, desks, done = 0, 0, Counter[str]()
    while steps < LONG_STEPS:
        desks += (some := -(-(LONG_STEPS - steps) // EACH))
        play(migrated, some, EACH)
        assert Machine.steps, "nothing is played at all"
        steps, done = steps + Machine.steps, done + Machine.done
    assert steps >= LONG_STEPS > 0
    with capsys.disabled():
        print(f"\n{steps} steps of {desks} desks: {dict(done)}")
    # Fewer steps may leave one out: not all of them can be done at a desk's beginning.
    assert done.keys() == STEPS.keys() or steps < 5_000
