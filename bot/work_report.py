"""The semester's work report and the year's self-assessment in words: its figures, and where people write. What stands
in the document says `work_report_sections.py`; it is written as DOCX and as a page (`documents.py`).

Every figure bears the number of its query, which leads to the appendix (`work_report_evidence.py`).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Any

from bot.documents import Blank, Ref, Run
from bot.texts import Texts
from bot.untrusted import titled
from models.figures import Share
from models.union.reporting import Figure, Findings, Query
from models.union.work_reports import Kind, WorkReport

if TYPE_CHECKING:
    from bot.settings import Settings

MEASURES = range(1, 11)
OPENING, NEXT = "opening", "next"
NOTHING = "—"


@dataclass(frozen=True)
class Writer:
    """A report in one language."""

    report: WorkReport
    findings: Findings
    settings: Settings
    t: Texts

    # ------------------------------------------------------------ words for what was found

    def say(self, key: str, /, **params: Any) -> str:
        """A text of the document's; `head.day` is one of the group `head`."""
        group, _, name = key.rpartition(".")
        return self.t.plain(f"work_report.doc_{group}.{name}" if group else f"work_report.doc.{name}", **params)

    @cached_property
    def queries(self) -> list[Query]:
        """Those that were asked, in the order of their numbers."""
        return [query for query in Query if query in self.findings.queries]

    def ref(self, query: Query) -> Ref:
        """The number of a query, leading to what it is."""
        return Ref(anchor(query), f"[Q{self.queries.index(query) + 1}]")

    def name(self, figure: Figure) -> str:
        """What a figure counts, without of what."""
        return self.t.plain(f"work_report.figure.{figure.key}")

    def of_what(self, figure: Figure) -> str:
        """Of what: a station, a survey, a kind; empty for all together."""
        about = figure.about
        if figure.names is not None:
            return titled(self.t.pick(figure.names))
        if "kind" in about:
            return self.t.plain(f"kind.{about['kind']}")
        if figure.key == "problem":
            return self.problem(figure)
        if "category" in about:
            return self.t.pick(self.settings.category_path(about["category"]))
        if "title" in about:
            return self.say("numbered", number=about["number"], title=titled(about["title"]))
        return str(about.get("semester", ""))

    def problem(self, figure: Figure) -> str:
        """A category, and in which building."""
        category = self.t.pick(self.settings.category_names(figure.about["category"]))
        building = figure.about["building"]
        place = self.t.pick(self.settings.building_names(building)) if building else self.say("no_building")
        return f"{category} · {place}"

    def day(self, text: str) -> str:
        """A day that stands in a figure."""
        return self.t.full_day(date.fromisoformat(text))

    def span(self) -> str:
        """From the first day to the last that is counted."""
        first, last = (
            self.t.full_day(moment.astimezone(self.t.timezone).date())
            for moment in (self.report.since, self.report.until - timedelta(seconds=1))
        )
        return self.say("span", first=first, last=last)

    def said(self, figure: Figure) -> str:
        """What a figure is, in words."""
        if figure.hidden:
            return self.say("few", cell=self.findings.cell)
        if figure.spread is not None:
            count, median, ninth = figure.spread
            lengths = [self.t.span(timedelta(minutes=each)) for each in (median, ninth)]
            return self.say("spread", count=count, median=lengths[0], ninth=lengths[1])
        if figure.query in (Query.GATHERINGS, Query.PUBLICATIONS, Query.EVALUATION) and figure.share is not None:
            people = self.say("of", hits=figure.share.rate.hits, of=figure.share.rate.of)
            return people if figure.value is None else self.say("attended", count=figure.value, people=people)
        parts = [str(figure.value)] if figure.value is not None else []
        if figure.share is not None and figure.share.rate.of:
            parts.append(rate(figure.share, self.t))
        if figure.key == "volunteer_minutes":
            return self.say("hours", hours=hours(figure.value or 0))
        return " · ".join(parts) or NOTHING

    def line(self, figure: Figure) -> list[Run]:
        """A figure with its name and its number."""
        return [
            f"{self.name(figure)}{self.t.plain('work_report.doc.colon')}{self.said(figure)} ",
            self.ref(figure.query),
        ]

    def words(self, place: str, hint: str) -> Blank:
        """What people wrote at a place, or that they still have to."""
        return Blank(self.say(f"hint.{hint}"), self.report.words.get(place))


def anchor(query: Query) -> str:
    """Where a query stands."""
    return f"q_{query}"


def hours(minutes: int) -> str:
    """Volunteer hours, to the tenth."""
    return f"{minutes / 60:.1f}"


def rate(share: Share, t: Texts) -> str:
    """A rate with what it was counted from and its interval."""
    low, high = share.rate.interval()
    return t.plain(
        "work_report.doc.rate",
        rate=per_cent(share.rate.share),
        hits=share.rate.hits,
        of=share.rate.of,
        silent=share.silent,
        low=f"{100 * low:.1f}",
        high=f"{100 * high:.1f}",
    )


def per_cent(share: float) -> str:
    """0.862 as 86.2 %."""
    return f"{100 * share:.1f} %"


def places(report: WorkReport, findings: Findings) -> list[str]:
    """Where people write, in the order of the document."""
    if report.kind is Kind.ASSESSMENT:
        return [*(f"measure:{n}" for n in MEASURES), NEXT]
    return [OPENING, *(problem_place(each) for each in findings.all_of("problem")), NEXT]


def problem_place(figure: Figure) -> str:
    """The place for what was done about a problem; it is the same when the problems stand in another order."""
    return f"problem:{figure.about['category']}:{figure.about['building'] or ''}"


def place_name(place: str, writer: Writer) -> str:
    """How a place is called."""
    what, _, which = place.partition(":")
    if what == "measure":
        return measure_name(int(which), writer.t)
    if what == "problem":
        return next(writer.problem(f) for f in writer.findings.all_of("problem") if problem_place(f) == place)
    return writer.say(f"section.{what}")


def measure_name(number: int, t: Texts) -> str:
    """One of the ten, in a few words."""
    return t.plain("work_report.measure_numbered", number=number, name=t.plain(f"work_report.measure.{number}"))
