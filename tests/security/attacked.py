"""A program that can be attacked quickly: the real dispatcher, handlers, rules and database; no network, and every
update is undone once it has been seen what it would have changed.
"""

from __future__ import annotations

import contextlib
import dataclasses
import itertools
import re
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, get_type_hints

from aiogram.types import Update, User
from sqlalchemy import event, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from bot import letters
from bot.app import App
from bot.calls import Call
from bot.keyboards import Press
from bot.outgoing import Mouth, speaking
from bot.people import Presence
from models import asking, cases, casework, people, sealed, stations
from models.cases import Head, Report
from models.errors import Refusal
from models.house import House
from models.outbox import Outgoing
from models.people import Audience, Person, Role
from models.sealed import params_of
from models.stations import Station
from models.tickets import Ticket
from models.union.gatherings import Attendance, Part
from tests.campus import settings
from tests.house import EAST as EAST
from tests.house import OFFICE as OFFICE
from tests.house import WEST as WEST
from tests.house import draft
from tests.models.test_comments import sent as commented
from tests.models.test_open_list import on_the_list
from tests.models.test_publications import approved
from tests.models.test_volunteering import called
from tests.surveying.results import closed

ROOT = Path(__file__).parents[2]
SUPERVISORS, STRAY = -1004, -1009
ALICE, BOB, NEW = 40_001, 40_002, 40_003
"""Whose tickets, bids and reports they are; a student like any other; somebody who has only just come."""
STAFF, LEAD, WESTERN, CLERK, ADMIN, TEACHER, PARTY = range(30_001, 30_008)
HELPER, CONVENER = 40_004, 40_005
"""A student who has a place in the call for volunteers, and one who leads it."""
BOOK_KEEPING = frozenset({"inbox", "conversations", "colleagues"})
"""What the program keeps of every update whoever it is from: no noun of the union's."""
FILLERS = frozenset(
    {"the", "for", "from", "was", "what", "who", "whom", "when", "where", "which", "these", "there", "its"}
)
"""Of a docstring's words what no button carries."""
QUOTED = re.compile(r'"([a-z][a-z_-]{2,20})"')
LIKE_ACTS = re.compile(r"[a-z][a-z_-]{2,20}")


class Undone(Exception):
    """Raised to take back what an update did."""


@dataclass
class Seen:
    """What came of one update."""

    changed: frozenset[str] = frozenset()
    """Tables in which rows were written."""
    said: list[tuple[int | None, dict[str, Any]]] = field(default_factory=list)
    """What would be sent: chat and payload."""
    answered: list[str] = field(default_factory=list)
    """What would stand in a little window over the button."""
    refused: Refusal | None = None
    shown: list[tuple[int | None, str]] = field(default_factory=list)
    """What would be read, where letters are drawn: chat and calls; of an answer to a press no chat."""
    error: Exception | None = None
    """What was not a refusal."""
    drawn: list[Call] = field(default_factory=list)
    """Everything that would be said, as it would be sent; with `draw` only, as `shown`."""


class Attacked:
    """The program, and what an update would do to it."""

    def __init__(self, app: App, now: datetime) -> None:
        self.app, self.now = app, now
        self._written: set[str] = set()
        self._numbers = itertools.count(1)
        event.listen(app.database.engine, "after_cursor_execute", self._statement)

    def _statement(self, _c: Any, cursor: Any, statement: str, *_: Any) -> None:
        found = re.match(r'\s*(INSERT (?:OR \w+ )?INTO|UPDATE|DELETE FROM)\s+"?(\w+)', statement)
        if found and cursor.rowcount != 0:
            self._written.add(found[2])

    async def gets(
        self,
        raw: dict[str, Any],
        presence: Presence | None = None,
        *,
        keep: bool = False,
        before: int = 0,
        draw: bool = False,
    ) -> Seen:
        """What the program would do on this update, when it has come so many times `before`; with `keep` it has been
        done, with `draw` what is to be said is drawn.
        """
        seen = Seen()
        try:
            async with self.app.database.transaction() as session:
                for _ in range(before):
                    await self._feed(raw, presence, session, self._mouth(session))
                    await session.flush()
                    session.expire_all()
                self._written.clear()
                mouth = self._mouth(session)
                last = await session.scalar(select(func.coalesce(func.max(Outgoing.id), 0)))
                await self._feed(raw, presence, session, mouth)
                await session.flush()
                seen.changed = frozenset(self._written) - BOOK_KEEPING
                if "outbox" in self._written:
                    rows = await session.scalars(select(Outgoing).where(Outgoing.id > last))
                    written = list(rows)
                    vault = self.app.toolbox.house.vault
                    seen.said = [
                        (row.chat_id, params_of(row, vault) if row.method else dict(row.payload or {}))
                        for row in written
                    ]
                    if draw:
                        drawn = [each for row in written for each in await self._drawn(session, row)]
                        seen.drawn = [call for _, call in drawn]
                        seen.shown = [(int(call.params.get("chat_id") or to), repr(call.params)) for to, call in drawn]
                seen.shown += [(None, method.model_dump_json()) for method in mouth.afterwards if draw]
                seen.answered = [getattr(each, "text", None) or "" for each in mouth.afterwards]
                if not keep:
                    raise Undone
        except Undone:
            pass
        except Refusal as refusal:
            seen.refused = refusal
        except Exception as error:  # noqa: BLE001  (whatever it is, the test says which update it was)
            seen.error = error
        return seen

    async def _drawn(self, session: AsyncSession, row: Outgoing) -> list[tuple[int, Call]]:
        """What the courier would send of a row, and to which chat."""
        # Where an address is sealed, it is Alice's; whom a case's letter is for stands inside it.
        chat = row.chat_id if row.chat_id is not None else ALICE
        if row.chat_id is None and row.letter == sealed.LETTER:
            found = await cases.addressee(session, row, self.app.toolbox.house.vault)
            if found is None:
                return []
            chat = found
        return [(chat, call) for call in (await letters.draw(session, row, self.app.toolbox, self.now, chat)).calls]

    async def waiting(self) -> list[Call]:
        """Everything that is still to be said, drawn."""
        async with self.app.database.transaction() as session:
            rows = (await session.scalars(select(Outgoing).order_by(Outgoing.id))).all()
            return [call for row in rows for _, call in await self._drawn(session, row)]

    def _mouth(self, session: AsyncSession) -> Mouth:
        return Mouth(session, self.now, self.app.toolbox.house.vault)

    async def _feed(self, raw: dict[str, Any], presence: Presence | None, session: AsyncSession, mouth: Mouth) -> None:
        update = Update.model_validate({"update_id": next(self._numbers), **raw}, context={"bot": self.app.bot})
        token = speaking.set(mouth)
        try:
            await self.app.worker.turns._dispatcher.feed_update(
                self.app.bot, update, session=session, now=self.now, presence=presence, fetched=None
            )
        finally:
            speaking.reset(token)


@contextlib.asynccontextmanager
async def attacked(database_url: str, now: datetime, *, name: str = "Alice", **changes: Any) -> AsyncIterator[Attacked]:
    """The program on this database, with one of everything that a button can be about. Students, staff and groups are
    called `name`.
    """
    chosen = settings("http://127.0.0.1:1", database_url, **changes)
    async with App(chosen, clock=lambda: now) as app:
        app.bot._me = User(id=app.bot.id, is_bot=True, first_name="Union", username="union_bot")
        async with app.database.transaction() as session:
            await furnished(session, app.toolbox.house, now, name)
        yield Attacked(app, now)


async def furnished(session: AsyncSession, house: House, now: datetime, name: str) -> None:
    """One of everything."""
    places: dict[str, Station] = {}
    for key, chat in (("east", EAST), ("west", WEST), ("office", OFFICE), ("supervisors", SUPERVISORS)):
        place = await stations.by_key(session, key)
        assert place is not None
        place.chat_id, place.language = chat, "en"
        places[key] = place
    everybody: dict[int, Person] = {}
    for number in (ALICE, BOB, HELPER, CONVENER, STAFF, LEAD, WESTERN, CLERK, ADMIN, TEACHER, PARTY):
        person = await people.meet(session, number, name, None, "en")
        person.agreed, person.audience, person.building = True, Audience.UNDERGRADUATE, "e1"
        everybody[number] = person
    for role, whom, led in (
        (Role.LEAD, LEAD, "east"),
        (Role.ADMIN, ADMIN, ""),
        (Role.SUPERVISOR, TEACHER, ""),
        (Role.READER, PARTY, ""),
    ):
        at = places[led].id if led else None
        await people.grant(session, role, whom, given_by=ADMIN, now=now, station_id=at)
    alice = everybody[ALICE]
    for anonymous in (False, True):
        ticket = await asking.file(session, draft(name, anonymous=anonymous), alice, house, now)
        assert isinstance(ticket, Ticket)
    await closed(session, now - timedelta(days=1))
    head = Head(about=name, name=name)
    await casework.file(session, Report(head, [{"type": "text", "text": name}]), alice, house, now)
    await commented(session, alice, now, named=True)
    await on_the_list(session, now)
    call, _ = await called(session, now, everybody[ADMIN], seats=3)
    call.lead_id = everybody[CONVENER].id
    session.add(Attendance(gathering_id=call.id, person_id=everybody[HELPER].id, part=Part.COMING, asked_at=now))
    await approved(session, now)


# ---------------------------------------------------------------- who and where


@dataclass(frozen=True)
class Presser:
    """Somebody, somewhere."""

    name: str
    user: int
    chat: int
    presence: Presence | None = None

    def presses(self, payload: str, name: str = "Alice") -> dict[str, Any]:
        """The press as Telegram brings it, of somebody called `name`."""
        group = self.chat < 0
        chat = {"id": self.chat, "type": "supergroup" if group else "private", "title": "A group"}
        bot = {"id": 700000, "is_bot": True, "first_name": "Union", "username": "union_bot"}
        under = {"message_id": 5, "date": 1, "chat": chat, "from": bot, "text": "A card"}
        who = {"id": self.user, "is_bot": False, "first_name": name, "language_code": "en"}
        press = {"id": "1", "from": who, "chat_instance": "1", "data": payload, "message": under}
        return {"callback_query": press}


def there(status: str = "member") -> Presence:
    """As Telegram tells of somebody in a group."""
    return Presence(status, is_member=False)


# ---------------------------------------------------------------- what can be pressed


def kinds() -> list[type[Press]]:
    """Every kind of button there is."""
    import handlers

    handlers.router()
    found = [each for each in Press.__subclasses__() if each.__module__.startswith("bot.")]
    return sorted(found, key=lambda kind: kind.prefix)


def literals() -> frozenset[str]:
    """Every short word that stands in quotes in the code."""
    found: set[str] = set()
    for path in (*ROOT.glob("bot/*.py"), *ROOT.glob("handlers/**/*.py"), *ROOT.glob("models/**/*.py")):
        found.update(QUOTED.findall(path.read_text("utf-8")))
    return frozenset(found)


def acts(kind: type[Press], known: frozenset[str]) -> list[str]:
    """The words that a button of this kind carries, in order: what its docstring lists and the code knows."""
    return sorted(set(LIKE_ACTS.findall(kind.__doc__ or "")) & known - FILLERS)


def payloads(kind: type[Press], known: frozenset[str], numbers: tuple[int, ...] = (1,)) -> Iterator[str]:
    """Buttons of this kind with each of its words, about what has these numbers; the other fields guessed."""
    hints = get_type_hints(kind)
    fields = [each.name for each in dataclasses.fields(kind)]
    words = [name for name in fields if hints[name] is str]
    guesses: list[tuple[str, ...]] = []
    for name in fields:
        if hints[name] is str:
            first = name == words[0]
            guesses.append((*(acts(kind, known) if first else ()), *(("1",) if first else ("-", "1", "east"))))
        elif hints[name] is bool:
            guesses.append(("1",))
        else:
            guesses.append(tuple(map(str, numbers)))
    for each in itertools.product(*guesses):
        payload = ":".join((kind.prefix, *each))
        if len(payload) <= 64:
            yield payload
