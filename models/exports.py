"""Tables that somebody of the office asked for: the wish is a row, the clock makes the file outside of any transaction,
and the courier brings it. The file's bytes stay a day and are then forgotten; the wish stays in the records (`acts`).
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, cast

from sqlalchemy import ColumnElement, LargeBinary, Table, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from models import audit, outbox
from models.base import Base, Json, Key
from models.database import Database
from models.lifecycle import Kind, State
from models.outbox import Lane, Outgoing, Repeat, Sending
from models.people import Person
from models.requesters import Requester
from models.stations import Station
from models.tickets import Ticket

KEPT = timedelta(days=1)
BATCH = 500
REPORT_CARD = "report_card"
"""`what` of a wish that is for no tickets, but for the second-class report card: it names students, and lies sealed."""


class Export(Base):
    """One file to be made and brought to the office."""

    __tablename__ = "exports"

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    asked_at: Mapped[datetime]
    name: Mapped[str]
    """The file's."""
    wish: Mapped[dict[str, Any]] = mapped_column(Json)
    """Which tickets, in which format, as `bot/exports` reads it; or the report card of which semester."""
    content: Mapped[bytes | None] = mapped_column(LargeBinary)
    """The file; sealed where it names students."""
    made_at: Mapped[datetime | None]
    rows: Mapped[int | None]
    """How many tickets or lines are in it; None until it is made, and for one that could not be."""


async def ask(session: AsyncSession, name: str, wish: dict[str, Any], staff: Person, now: datetime) -> Export:
    """Somebody wants a file; who and which tickets goes into the records."""
    export = Export(asked_at=now, name=name, wish=wish)
    session.add(export)
    await session.flush()
    await audit.record(session, "export", now, staff=staff, export=export.id, **wish)
    return export


async def waiting(session: AsyncSession) -> list[Export]:
    """Those still to be made."""
    return list(await session.scalars(select(Export).where(Export.made_at.is_(None)).order_by(Export.id)))


async def made(
    session: AsyncSession, number: int, content: bytes | None, rows: int | None, office: Station, now: datetime
) -> None:
    """The file is there (None: there is nothing to put into one, or too much): the courier brings it to the office.
    Without `rows` it could not be made, and the courier says so.
    """
    export = await session.get_one(Export, number)
    export.content, export.rows, export.made_at = content, rows, now
    if office.chat_id is not None:
        await outbox.post(
            session,
            now=now,
            lane=Lane.NOTICE,
            repeat=Repeat.NUMBERED,
            chat_id=office.chat_id,
            letter="export",
            payload={"export": number},
            dedupe=f"export:{number}",
        )


async def sweep(session: AsyncSession, now: datetime) -> None:
    """Forget the bytes of what has been brought."""
    await session.execute(
        update(Export)
        .where(Export.content.is_not(None), or_(Export.made_at.is_(None), Export.made_at < now - KEPT))
        .values(content=None)
    )


async def forget_brought(session: AsyncSession) -> None:
    """Forget the bytes of what has been brought at once: they name staff, one of whom wants to be forgotten."""
    for export in await session.scalars(select(Export).where(Export.content.is_not(None))):
        on_its_way = select(Outgoing.id).where(Outgoing.dedupe == f"export:{export.id}", Outgoing.state == Sending.DUE)
        if await session.scalar(on_its_way) is None:
            export.content = None


# ---------------------------------------------------------------- which tickets


@dataclass(frozen=True)
class Which:
    """The tickets that are wanted: filed in [begin, end), and only those of these."""

    begin: datetime
    end: datetime
    station: str | None = None
    kind: Kind | None = None
    category: str | None = None
    state: State | None = None

    def conditions(self) -> list[ColumnElement[bool]]:
        """As the database asks it, of `tickets` joined with its station."""
        wanted = [_tickets.c.filed_at >= self.begin, _tickets.c.filed_at < self.end, *self.among()]
        if self.station is not None:
            wanted.append(_stations.c.key == self.station)
        return wanted

    def among(self) -> list[ColumnElement[bool]]:
        """The same of a ticket alone: without period and station, which figures have their own words for."""
        wanted = []
        for column, value in (
            (_tickets.c.kind, self.kind),
            (_tickets.c.category, self.category),
            (_tickets.c.state, self.state),
        ):
            if value is not None:
                wanted.append(column == value)
        return wanted


_tickets, _stations = cast(Table, Ticket.__table__), cast(Table, Station.__table__)
_requesters, _people = cast(Table, Requester.__table__), cast(Table, Person.__table__)
_filers = _people.alias("filers")
_ROWS = (
    select(
        _tickets,
        _stations.c.names.label("station"),
        _people.c.name.label("holder"),
        _requesters.c.person_id.is_not(None).label("named"),
        _filers.c.name.label("filer"),
    )
    .select_from(_tickets)
    .join(_stations, _stations.c.id == _tickets.c.station_id)
    .outerjoin(_people, _people.c.id == _tickets.c.claimed_by_id)
    .outerjoin(_requesters, (_requesters.c.ticket_id == _tickets.c.id) & (_requesters.c.number == 1))
    .outerjoin(_filers, _filers.c.id == _requesters.c.person_id)
    .order_by(_tickets.c.id)
    .limit(BATCH)
)


async def batches(database: Database, which: Which) -> AsyncIterator[Sequence[Any]]:
    """The tickets in the order they were filed, `BATCH` rows at a time, each batch read for itself: nobody waits for
    the whole, and it is never in memory at once.
    """
    last = 0
    while True:
        rows = await database.apart(_ROWS.where(*which.conditions(), _tickets.c.id > last))
        if rows:
            yield rows
        if len(rows) < BATCH:
            return
        last = rows[-1]["id"]
