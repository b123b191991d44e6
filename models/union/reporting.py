"""What a figure of a report is, and what stands behind it: by which query it was found, as it was run, and the numbers
of the tickets, surveys or gatherings that were counted. Made once, kept as plain values, and shown as it was made.

What was counted says `report_figures.py`; who makes, finishes and hears a report `work_reports.py`.
"""

from __future__ import annotations

import enum
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from sqlalchemy import Row, Select
from sqlalchemy.ext.asyncio import AsyncSession

from models.calendar import WorkCalendar
from models.figures import Rate, Share, may_be_told
from models.sessions import patiently
from models.statistics import Period


class Query(enum.StrEnum):
    """By what a figure was found; each has its definition in words (`work_report.query.*`)."""

    FILED = "filed"
    RESPONSE = "response"
    SOLVED = "solved"
    SATISFIED = "satisfied"
    ON_TIME = "on_time"
    REPLY_TIME = "reply_time"
    CLOSE_TIME = "close_time"
    PROBLEMS = "problems"
    MAJORS = "majors"
    PROJECTS = "projects"
    PUBLICATIONS = "publications"
    GATHERINGS = "gatherings"
    SURVEYS = "surveys"
    POLLS = "polls"
    EVALUATION = "evaluation"


class Thing(enum.StrEnum):
    """What the numbers behind a figure are numbers of."""

    TICKET = "ticket"
    PROJECT = "project"
    PUBLICATION = "publication"
    GATHERING = "gathering"
    SURVEY = "survey"
    POLL = "poll"
    ROUND = "round"


THINGS: Mapping[Query, Thing] = {
    Query.PROJECTS: Thing.PROJECT,
    Query.PUBLICATIONS: Thing.PUBLICATION,
    Query.GATHERINGS: Thing.GATHERING,
    Query.SURVEYS: Thing.SURVEY,
    Query.POLLS: Thing.POLL,
    Query.EVALUATION: Thing.ROUND,
}
"""Of what a query's numbers are; of those that are not here, tickets."""


@dataclass(frozen=True)
class Figure:
    """One figure: a number, a rate, or a length of time."""

    key: str
    query: Query
    measure: int
    """Which of the ten it belongs to."""
    value: int | None = None
    share: Share | None = None
    """None also of a rate that is `hidden`: it is not kept."""
    spread: tuple[int, int, int] | None = None
    """Of how many lengths of time, their middle and their ninth tenth in minutes."""
    hidden: bool = False
    """Too few answers, or too few could be had by subtraction."""
    before: Share | None = None
    """The same in the span before, where it has changed since."""
    names: Mapping[str, str] | None = None
    """Of which station, survey or gathering, by language; None: of all together."""
    about: Mapping[str, Any] = field(default_factory=dict)
    """What else it is about: `kind`, `category`, `building`, `number`, `day` (ISO), `verdict`, `title`."""
    numbers: Mapping[str, str] = field(default_factory=dict)
    """What was counted, as ranges: `of`, and where it says nothing of a single answer `hits` and `silent`; of a project
    its `tickets`.
    """

    def plain(self) -> dict[str, Any]:
        """As JSON, without what it does not have."""
        found: dict[str, Any] = {"key": self.key, "query": self.query, "measure": self.measure}
        shares = {"share": self.share, "before": self.before}
        found |= {name: [each.rate.hits, each.rate.of, each.silent] for name, each in shares.items() if each}
        rest: dict[str, Any] = {
            "value": self.value,
            "hidden": self.hidden or None,
            "names": self.names,
            "about": self.about or None,
        }
        rest |= {"spread": list(self.spread) if self.spread else None, "numbers": self.numbers or None}
        return found | {name: value for name, value in rest.items() if value is not None}

    @classmethod
    def of(cls, plain: Mapping[str, Any]) -> Figure:
        """What `plain` made, again."""
        rest: dict[str, Any] = {
            name: plain[name] for name in ("value", "hidden", "names", "about", "numbers") if name in plain
        }
        for name in ("share", "before"):
            if name in plain:
                hits, of, silent = plain[name]
                rest[name] = Share(Rate(hits, of), silent)
        spread = tuple(plain["spread"]) if "spread" in plain else None
        return cls(plain["key"], Query(plain["query"]), plain["measure"], spread=spread, **rest)


@dataclass(frozen=True)
class Standing:
    """How a floor (`floors.py`) stood when the report was made."""

    key: str
    measure: int
    needed: int
    done: int
    state: str
    until: date | None
    semester: str | None
    """Of which it is; None of a year's."""
    evidence: tuple[tuple[str, int], ...]
    """What shows it, as the thing and its number."""

    def plain(self) -> dict[str, Any]:
        """As JSON."""
        until = self.until.isoformat() if self.until is not None else None
        return {**vars(self), "until": until, "evidence": [list(each) for each in self.evidence]}

    @classmethod
    def of(cls, plain: Mapping[str, Any]) -> Standing:
        """What `plain` made, again."""
        until = date.fromisoformat(plain["until"]) if plain["until"] is not None else None
        evidence = tuple((what, number) for what, number in plain["evidence"])
        return cls(**{**plain, "until": until, "evidence": evidence})


@dataclass(frozen=True)
class Findings:
    """All of it, as it was found at one moment."""

    counted_at: datetime
    cell: int
    """So few answers are not told."""
    figures: tuple[Figure, ...]
    floors: tuple[Standing, ...]
    queries: Mapping[str, Sequence[str]]
    """Of each query the SQL as it was run."""

    def plain(self) -> dict[str, Any]:
        """As JSON."""
        return {
            "counted_at": self.counted_at.isoformat(),
            "cell": self.cell,
            "figures": [each.plain() for each in self.figures],
            "floors": [each.plain() for each in self.floors],
            "queries": {name: list(found) for name, found in self.queries.items()},
        }

    @classmethod
    def of(cls, plain: Mapping[str, Any]) -> Findings:
        """What `plain` made, again."""
        return cls(
            datetime.fromisoformat(plain["counted_at"]),
            plain["cell"],
            tuple(Figure.of(each) for each in plain["figures"]),
            tuple(Standing.of(each) for each in plain["floors"]),
            plain["queries"],
        )

    def all_of(self, key: str) -> list[Figure]:
        """Those of this key, in the order in which they were made."""
        return [each for each in self.figures if each.key == key]

    def total(self, key: str) -> Figure | None:
        """The one of all together, if there is one."""
        return next((each for each in self.figures if each.key == key and each.names is None), None)


# ---------------------------------------------------------------- what is told of answers


def told_of(parts: Sequence[Share], cell: int) -> tuple[list[bool], bool]:
    """Which of these may be shown, and whether their sum may. The sum comes first: where a small part could be had from
    it by subtraction, the smallest of the others are not shown either.
    """
    if sum(part.rate.of for part in parts) < cell:
        return [False] * len(parts), False
    told = [may_be_told(part, cell) for part in parts]
    while 0 < sum(part.rate.of for part, shown in zip(parts, told, strict=True) if not shown) < cell:
        told[min((i for i, shown in enumerate(told) if shown), key=lambda i: parts[i].rate.of)] = False
    return told, True


# ---------------------------------------------------------------- numbers


def ranges(numbers: Iterable[int]) -> str:
    """Numbers as people write them: 1-3, 5."""
    found: list[list[int]] = []
    for number in sorted(set(numbers)):
        if found and found[-1][1] == number - 1:
            found[-1][1] = number
        else:
            found.append([number, number])
    return ", ".join(f"{first}-{last}" if last > first else str(first) for first, last in found)


@dataclass
class Look:
    """A span that is looked at, and what was asked of the database meanwhile."""

    session: AsyncSession
    span: Period
    before: Period | None
    """The span of the same kind before it."""
    calendar: WorkCalendar
    cell: int
    now: datetime
    stations: Mapping[int, Mapping[str, str]] = field(default_factory=dict)
    """Every place's names by language, by its number."""
    asked: defaultdict[str, list[str]] = field(default_factory=lambda: defaultdict(list))

    async def ask(self, query: Query, statement: Select[*tuple[Any, ...]]) -> Sequence[Row[*tuple[Any, ...]]]:
        """What a statement finds; how it was run stands with the query from now on."""
        self.note(query, statement)
        return await patiently(self.session, statement)

    def note(self, query: Query, statement: Select[*tuple[Any, ...]]) -> None:
        """This statement belongs to the query; whoever counts has run it."""
        dialect = self.session.get_bind().dialect
        sql = str(statement.compile(dialect=dialect, compile_kwargs={"literal_binds": True}))
        if sql not in self.asked[query]:
            self.asked[query].append(sql)


def numbered(rows: Iterable[Row[*tuple[Any, ...]]], when: Callable[[Any], bool] = lambda row: True) -> dict[str, str]:
    """The numbers of those rows for which it is so, as `Figure.numbers`: each row has its `number`, and perhaps whether
    it is a `hit` or `silent`.
    """
    sorts: dict[str, list[int]] = {"of": [], "hits": [], "silent": []}
    for row in rows:
        if not when(row):
            continue
        sorts["of"].append(row.number)
        if getattr(row, "hit", None):
            sorts["hits"].append(row.number)
        if getattr(row, "silent", None):
            sorts["silent"].append(row.number)
    return {name: ranges(found) for name, found in sorts.items() if found}
