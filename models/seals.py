"""The chain that makes the union's records tamper-evident: what was done to a ticket (`tickets.Event`) and what else
people of the union did (`audit.Act`) are sealed one after the other.

    row ─▶ digest of what it says ─┐
    seal of the entry before ──────┴─▶ seal under the key outside the database

Whoever holds only the database can change a row, but cannot make a seal that fits it, nor one for a row put in between.
Rules stay cheap: they write their row, and a job seals what has been committed since. Rows are found by what is not yet
sealed, not by the last number: on PostgreSQL a lower one may be committed later. One thing a chain cannot see by
itself, that its end was cut off: so `verify` says how the last entry is sealed, and can be told what to expect.

Nothing here or in the rows it seals names a student, so erasing one leaves the chain whole.
"""

from __future__ import annotations

import enum
import hashlib
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, cast

from sqlalchemy import Index, Select, Table, func, insert, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from models.audit import Act
from models.base import Base, Key, one_of
from models.sessions import plainly
from models.tickets import Event
from models.vault import Vault

BATCH = 500
STRAGGLERS = 10_000
"""So far below the last sealed number of its table a row may still come: a transaction that was open meanwhile."""
LATE = timedelta(hours=2)
"""A row that says it is so much older than one sealed before it was not written when it says. Of a mute only the hour
is told: an hour for that, and one for what was under way.
"""
FIRST = "0" * 64
"""What the first entry has before it."""


class Source(enum.StrEnum):
    """Which table a sealed row stands in."""

    EVENT = "event"
    ACT = "act"


class Link(Base):
    """One entry of the chain; its number has no gaps, because there is one writer."""

    __tablename__ = "audit_links"

    id: Mapped[int] = mapped_column(Key, primary_key=True, autoincrement=False)
    source: Mapped[Source] = mapped_column(one_of(Source))
    row_id: Mapped[int] = mapped_column(Key)
    digest: Mapped[str]
    seal: Mapped[str]

    __table_args__ = (Index("uq_audit_links_source_row_id", "source", "row_id", unique=True),)


_links, _events, _acts = (cast(Table, each.__table__) for each in (Link, Event, Act))
_TABLES = {Source.EVENT: _events, Source.ACT: _acts}
_WRITE = insert(_links)


def digest(source: Source, row: Mapping[str, Any]) -> str:
    """What a row says, hashed; the same on both databases and whatever order a column or a key has."""
    plain = {name: value.isoformat() if isinstance(value, datetime) else value for name, value in row.items()}
    text = json.dumps([source, plain], sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def _seal(vault: Vault, before: str, number: int, source: str, row_id: int, content: str) -> str:
    return vault.tag("audit", before, number, source, row_id, content)


def _unsealed(source: Source, *what: Any) -> Select[Any]:
    table = _TABLES[source]
    link = (_links.c.source == source) & (_links.c.row_id == table.c.id)
    return select(*(what or (table,))).select_from(table.outerjoin(_links, link)).where(_links.c.id.is_(None))


async def _rows(session: AsyncSession, statement: Select[Any]) -> list[Mapping[str, Any]]:
    # Rows, not objects: a session remembers objects until it ends, and there may be millions.
    return [dict(row) for row in (await plainly(session, statement)).mappings()]


Ask = Callable[[Select[Any]], Awaitable[Sequence[Mapping[str, Any]]]]
Waiting = tuple[datetime, Source, int, Mapping[str, Any]]


async def seal(session: AsyncSession, vault: Vault) -> int:
    """Seal the next `BATCH` rows, the older first. Returns how many; whoever calls holds the lease."""
    await session.flush()

    async def ask(statement: Select[Any]) -> Sequence[Mapping[str, Any]]:
        return await _rows(session, statement)

    lines = chained(vault, *await waiting(ask, BATCH))
    await keep(session, lines)
    return len(lines)


async def waiting(ask: Ask, most: int) -> tuple[list[Waiting], Mapping[str, Any]]:
    """The next rows to seal, the older first, and the entry they come after. Read wherever `ask` asks: what has been
    committed stays as it is, and nobody else adds to the chain.
    """
    found: list[Waiting] = []
    for source, table in _TABLES.items():
        newest = (await ask(select(func.max(_links.c.row_id).label("id")).where(_links.c.source == source)))[0]["id"]
        which = _unsealed(source).where(table.c.id > (newest or 0) - STRAGGLERS).order_by(table.c.id).limit(most)
        found += [(row["at"], source, row["id"], dict(row)) for row in await ask(which)]
    last = await ask(select(_links).order_by(_links.c.id.desc()).limit(1))
    ranked = sorted(found, key=lambda each: (each[0], each[1] is Source.ACT, each[2]))[:most]
    return ranked, last[0] if last else {"id": 0, "seal": FIRST}


def chained(vault: Vault, found: Sequence[Waiting], last: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The entries for these rows. Pure, and the longest part of it: it may run in a thread."""
    number, before = int(last["id"]), str(last["seal"])
    lines = []
    for _, source, row_id, row in found:
        number += 1
        content = digest(source, row)
        before = _seal(vault, before, number, source, row_id, content)
        lines.append({"id": number, "source": source, "row_id": row_id, "digest": content, "seal": before})
    return lines


async def fits(session: AsyncSession, vault: Vault) -> bool | None:
    """Whether the newest entry is sealed with this key; None while there are none."""
    last = await _rows(session, select(_links).order_by(_links.c.id.desc()).limit(2))
    if not last or (len(last) == 1 and last[0]["id"] != 1):
        return None
    end, before = last[0], last[1]["seal"] if len(last) > 1 else FIRST
    return bool(end["seal"] == _seal(vault, before, end["id"], end["source"], end["row_id"], end["digest"]))


async def keep(session: AsyncSession, lines: Sequence[Mapping[str, Any]]) -> None:
    """Write entries down."""
    if lines:
        await plainly(session, _WRITE, list(lines))


class Flaw(enum.StrEnum):
    """What can be wrong with an entry."""

    GONE = "the entry itself is missing"
    SEAL = "its seal does not fit: it was changed or inserted, or sealed under another UNIONBOT_KEY"
    MISSING = "what it was about has been deleted"
    CHANGED = "what it was about has been changed"
    LATE = "it was inserted: it says it is much older than what was sealed before it"
    CUT = "the chain ends before it: its end was cut off"
    OTHER = "it is sealed otherwise than it was when that was written down"


@dataclass(frozen=True)
class Finding:
    """The first entry that is not what was sealed."""

    number: int
    """In the chain; 0 for a row that has not been sealed."""
    flaw: Flaw
    source: str | None = None
    row_id: int | None = None
    row: Mapping[str, Any] | None = None
    """What stands there now, if anything does."""


@dataclass
class Verdict:
    """What the walk along the chain found."""

    entries: int = 0
    until: datetime | None = None
    """When what the last intact entry is about happened."""
    head: str = FIRST
    """How the last intact entry is sealed."""
    waiting: int = 0
    """Rows that are not sealed yet."""
    finding: Finding | None = None
    _newest: dict[str, datetime] = field(default_factory=dict)

    def is_late(self, source: str, at: datetime) -> bool:
        """Whether a row of this time comes long after its neighbours; else it is the newest of its table now."""
        newest = self._newest.get(source)
        if newest is not None and at < newest - LATE:
            return True
        self._newest[source] = at if newest is None else max(at, newest)
        return False


async def verify(session: AsyncSession, vault: Vault, expected: tuple[int, str] | None = None) -> Verdict:
    """Walk the whole chain, `BATCH` entries at a time, and stop at the first that is not what was sealed.

    `expected` is an entry and the beginning of its seal, as an earlier walk said them: the only way to see that the end
    was cut off.
    """
    verdict = Verdict()
    while verdict.finding is None:
        links = await _rows(
            session, select(_links).where(_links.c.id > verdict.entries).order_by(_links.c.id).limit(BATCH)
        )
        if not links:
            break
        rows = await _sealed_rows(session, links)
        for link in links:
            verdict.finding = _examine(verdict, link, rows.get((link["source"], link["row_id"])), vault, expected)
            if verdict.finding is not None:
                return verdict
    if expected is not None and verdict.entries < expected[0]:
        verdict.finding = Finding(verdict.entries + 1, Flaw.CUT)
        return verdict
    await _look_at_the_rest(session, verdict)
    return verdict


async def _sealed_rows(
    session: AsyncSession, links: Sequence[Mapping[str, Any]]
) -> dict[tuple[str, int], Mapping[str, Any]]:
    found = {}
    for source, table in _TABLES.items():
        numbers = [link["row_id"] for link in links if link["source"] == source]
        for row in await _rows(session, select(table).where(table.c.id.in_(numbers))):
            found[source.value, row["id"]] = row
    return found


def _examine(
    verdict: Verdict,
    link: Mapping[str, Any],
    row: Mapping[str, Any] | None,
    vault: Vault,
    expected: tuple[int, str] | None,
) -> Finding | None:
    number, source, row_id = int(link["id"]), Source(link["source"]), int(link["row_id"])
    if number != verdict.entries + 1:
        return Finding(verdict.entries + 1, Flaw.GONE)
    seal = _seal(vault, verdict.head, number, source, row_id, link["digest"])
    if seal != link["seal"]:
        return Finding(number, Flaw.SEAL, source, row_id, row)
    if row is None:
        return Finding(number, Flaw.MISSING, source, row_id)
    if digest(source, row) != link["digest"]:
        return Finding(number, Flaw.CHANGED, source, row_id, row)
    if verdict.is_late(source, row["at"]):
        return Finding(number, Flaw.LATE, source, row_id, row)
    if expected is not None and expected[0] == number and not seal.startswith(expected[1]):
        return Finding(number, Flaw.OTHER, source, row_id, row)
    verdict.entries, verdict.head, verdict.until = number, seal, row["at"]
    return None


async def _look_at_the_rest(session: AsyncSession, verdict: Verdict) -> None:
    """What is not sealed waits for the next minute; but what says it is old should have been sealed long ago."""
    for source, table in _TABLES.items():
        verdict.waiting += await session.scalar(_unsealed(source, func.count())) or 0
        newest = verdict._newest.get(source)
        if newest is not None and verdict.finding is None:
            late = _unsealed(source).where(table.c.at < newest - LATE).order_by(table.c.id).limit(1)
            for row in await _rows(session, late):
                verdict.finding = Finding(0, Flaw.LATE, source, row["id"], row)


@dataclass(frozen=True)
class Step:
    """Something somebody did, from either table."""

    at: datetime
    source: Source
    id: int
    what: str
    ticket_id: int | None
    staff_id: int | None
    before: str | None
    after: str | None
    detail: Mapping[str, Any]


def step_of(source: Source, row: Mapping[str, Any]) -> Step:
    """A row of either table as what somebody did."""
    what = row["action"] if source is Source.EVENT else row["act"]
    before, after = row.get("before"), row.get("after")
    return Step(
        row["at"], source, row["id"], what, row["ticket_id"], row["staff_id"], before, after, row["detail"] or {}
    )


async def steps(
    session: AsyncSession,
    *,
    ticket_id: int | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
) -> AsyncIterator[Step]:
    """Who did what, the oldest first, `BATCH` rows at a time of each table."""
    streams = [_stream(session, source, ticket_id, since, until) for source in Source]
    heads = [await anext(stream, None) for stream in streams]
    while any(heads):
        first = min((i for i, head in enumerate(heads) if head), key=lambda i: (cast(Step, heads[i]).at, i))
        yield cast(Step, heads[first])
        heads[first] = await anext(streams[first], None)


async def _stream(
    session: AsyncSession, source: Source, ticket_id: int | None, since: datetime | None, until: datetime | None
) -> AsyncIterator[Step]:
    table, last = _TABLES[source], 0
    which = select(table).order_by(table.c.id).limit(BATCH)
    if ticket_id is not None:
        which = which.where(table.c.ticket_id == ticket_id)
    if since is not None:
        which = which.where(table.c.at >= since)
    if until is not None:
        which = which.where(table.c.at < until)
    while True:
        rows = await _rows(session, which.where(table.c.id > last))
        for row in rows:
            yield step_of(source, row)
        if len(rows) < BATCH:
            return
        last = rows[-1]["id"]


async def last_acts(session: AsyncSession, names: Collection[str], most: int) -> list[Step]:
    """The last acts of these kinds, the oldest of them first."""
    which = select(_acts).where(_acts.c.act.in_(names)).order_by(_acts.c.id.desc()).limit(most)
    return [step_of(Source.ACT, row) for row in await _rows(session, which)][::-1]


async def last_steps(session: AsyncSession, ticket_id: int, most: int) -> list[Step]:
    """The last steps of one ticket, the oldest of them first."""
    found = []
    for source, table in _TABLES.items():
        which = select(table).where(table.c.ticket_id == ticket_id).order_by(table.c.id.desc()).limit(most)
        found += [step_of(source, row) for row in await _rows(session, which)]
    return sorted(found, key=lambda step: (step.at, step.source is Source.ACT, step.id))[-most:]
