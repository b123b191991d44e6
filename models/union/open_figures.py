"""The monthly open figures (mission.md, measure 9): what was filed in a month and how it was dealt with, place by place
and in all, as it stood a week after the month's end. Frozen then: whoever looks later sees the same.

Frozen is every count, and which of them may be told. Of what students said, nothing below the cell is told, nor
anything that leads there:

- beside the places of a month their sum, when what the hidden ones come to is nothing or no small cell;
- beside the months what the semester comes to so far, when what has become known since it was told last of months
  whose sum is hidden is nothing or no small cell. It is summed up of what was frozen: what is said later would stand
  out. Of a single place it is not told: what is hidden in one month could be had from the sums across.

So everything that can be worked out of the page is a sum of pieces none of which is small.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from models import statistics
from models.base import Base, Json
from models.calendar import WorkCalendar
from models.figures import NOTHING, Rate, Share, may_be_told, sum_may_be_told
from models.stations import Desk, Station
from models.statistics import Figures, Period
from models.tickets import Ticket

RATES = ("response", "on_time", "solved", "satisfied")
ANSWERS = ("solved", "satisfied")
"""What students said."""
SETTLED_AFTER = timedelta(days=7)
"""So long after its end a month is counted: replies and answers to its last tickets have come by then."""
MOST_MISSED = 6
"""So many months back the program makes up for what it missed."""


class OpenMonth(Base):
    """One month's figures, frozen."""

    __tablename__ = "open_figures"

    month: Mapped[str] = mapped_column(primary_key=True)
    """As 2026-10."""
    term: Mapped[str]
    """The semester it belongs to, in a vacation the one before; without semesters the year."""
    made_at: Mapped[datetime]
    figures: Mapped[dict[str, Any]] = mapped_column(Json)
    """`Month` as it is stored."""

    @property
    def told(self) -> Month:
        """What it holds."""
        return Month.of(self.figures)

    @property
    def first(self) -> date:
        """Its first day."""
        return date.fromisoformat(f"{self.month}-01")


@dataclass(frozen=True)
class Told:
    """One rate, and whether it may be shown."""

    share: Share
    told: bool


@dataclass(frozen=True)
class Row:
    """What was counted at one place, or in all."""

    names: Mapping[str, str]
    """By language; empty for all together."""
    filed: int
    rates: Mapping[str, Told]

    def plain(self) -> dict[str, Any]:
        """As JSON."""
        rates = {
            name: [each.share.rate.hits, each.share.rate.of, each.share.silent, each.told]
            for name, each in self.rates.items()
        }
        return {"names": dict(self.names), "filed": self.filed, "rates": rates}

    @classmethod
    def of(cls, plain: Mapping[str, Any]) -> Row:
        """The row again."""
        rates = {
            name: Told(Share(Rate(hits, of), silent), told) for name, (hits, of, silent, told) in plain["rates"].items()
        }
        return cls(plain["names"], plain["filed"], rates)


@dataclass(frozen=True)
class Month:
    """A month's places, their sum, and the sum of the semester's months so far."""

    cell: int
    places: Sequence[Row]
    total: Row
    so_far: Row

    def plain(self) -> dict[str, Any]:
        """As JSON."""
        places = [each.plain() for each in self.places]
        return {"cell": self.cell, "places": places, "total": self.total.plain(), "so_far": self.so_far.plain()}

    @classmethod
    def of(cls, plain: Mapping[str, Any]) -> Month:
        """The month again."""
        places = [Row.of(each) for each in plain["places"]]
        return cls(plain["cell"], places, Row.of(plain["total"]), Row.of(plain["so_far"]))

    def unknown(self, name: str) -> int:
        """How many answers of this month would become known with what the months come to together."""
        if self.total.rates[name].told:
            return 0
        return sum(each.rates[name].share.rate.of for each in self.places if not each.rates[name].told)


def freeze(counted: Sequence[tuple[Mapping[str, str], Figures]], earlier: Sequence[Month], cell: int) -> Month:
    """The places' figures as they may be told; `earlier` are the months of the same semester, in order. Pure."""
    places = [
        Row(names, f.filed, {name: _told(getattr(f, name), name, cell) for name in RATES}) for names, f in counted
    ]
    rates = {name: _sum([each.rates[name] for each in places], name, cell) for name in RATES}
    total = Row({}, sum(each.filed for each in places), rates)
    this = Month(cell, places, total, total)
    months = [*earlier, this]
    so_far = {name: _so_far(months, name, cell) for name in RATES}
    return Month(cell, places, total, Row({}, sum(each.total.filed for each in months), so_far))


def _told(share: Share, name: str, cell: int) -> Told:
    return Told(share, may_be_told(share, cell) if name in ANSWERS else share.rate.of > 0)


def _sum(places: Sequence[Told], name: str, cell: int) -> Told:
    share = sum((each.share for each in places), NOTHING)
    if name not in ANSWERS:
        return Told(share, share.rate.of > 0)
    return Told(share, sum_may_be_told([each.share for each in places], [each.told for each in places], cell))


def _so_far(months: Sequence[Month], name: str, cell: int) -> Told:
    """The last of the months is new, and what it says of the sum so far does not count."""
    share = sum((each.total.rates[name].share for each in months), NOTHING)
    if name not in ANSWERS:
        return Told(share, share.rate.of > 0)
    said = [i for i, each in enumerate(months[:-1]) if each.so_far.rates[name].told]
    since = months[said[-1] + 1 :] if said else months
    unknown = sum(each.unknown(name) for each in since)
    return Told(share, share.rate.of >= cell and not 0 < unknown < cell)


# ---------------------------------------------------------------- months


def _next(first: date) -> date:
    return (first + timedelta(days=32)).replace(day=1)


def _before(first: date) -> date:
    return (first - timedelta(days=1)).replace(day=1)


def term_of(first: date, calendar: WorkCalendar) -> str:
    """The semester that the month of this first day belongs to."""
    term = statistics.semester_on(_next(first) - timedelta(days=1), calendar)
    return term.name if term is not None else str(first.year)


def span_of(first: date, calendar: WorkCalendar) -> Period:
    """The month as a span of time."""
    return Period("month", calendar.at(first, time()), calendar.at(_next(first), time()))


async def missing(session: AsyncSession, calendar: WorkCalendar, now: datetime) -> list[date]:
    """The first days of the months that are to be frozen and are not, in order: of the last half year, and none before
    the month of the first ticket.
    """
    begun: datetime | None = await session.scalar(select(Ticket.filed_at).order_by(Ticket.id).limit(1))
    if begun is None:
        return []
    oldest = calendar.day_of(begun).replace(day=1)
    wanted = [_before(calendar.day_of(now - SETTLED_AFTER).replace(day=1))]
    while len(wanted) < MOST_MISSED:
        wanted.insert(0, _before(wanted[0]))
    frozen = set(await session.scalars(select(OpenMonth.month).where(OpenMonth.month >= f"{wanted[0]:%Y-%m}")))
    return [each for each in wanted if each >= oldest and f"{each:%Y-%m}" not in frozen]


async def places(session: AsyncSession, counted: Mapping[int, Figures]) -> list[tuple[Mapping[str, str], Figures]]:
    """Every place that takes tickets, with its figures; a closed one only where it had some."""
    rows = await session.scalars(select(Station).where(Station.desk != Desk.SUPERVISORS).order_by(Station.id))
    return [(each.names, counted.get(each.id, Figures())) for each in rows if not each.closed or each.id in counted]


async def keep(
    session: AsyncSession, first: date, counted: Mapping[int, Figures], calendar: WorkCalendar, cell: int, now: datetime
) -> OpenMonth | None:
    """Freeze a month, with what was counted at each place by its number; None when it is frozen already."""
    month, term = f"{first:%Y-%m}", term_of(first, calendar)
    if await session.get(OpenMonth, month) is not None:
        return None
    earlier = [each.told for each in await of_term(session, term) if each.month < month]
    frozen = freeze(await places(session, counted), earlier, cell)
    row = OpenMonth(month=month, term=term, made_at=now, figures=frozen.plain())
    session.add(row)
    await session.flush()
    return row


async def of_term(session: AsyncSession, term: str) -> list[OpenMonth]:
    """The frozen months of a semester, in order."""
    return list(await session.scalars(select(OpenMonth).where(OpenMonth.term == term).order_by(OpenMonth.month)))


async def this_term(session: AsyncSession) -> list[OpenMonth]:
    """The frozen months of the semester of the newest, the newest first."""
    newest = await session.scalar(select(OpenMonth.term).order_by(OpenMonth.month.desc()).limit(1))
    return (await of_term(session, newest))[::-1] if newest is not None else []
