"""What came of a survey as it is shown, in pictures, in words, in tables and on the page: the figures of each question
and what everything is called. All arithmetic on the counts that is shown stands here. Pure.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from itertools import pairwise
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from bot.survey_screens import step_name
from bot.texts import Texts
from bot.untrusted import inline
from models.figures import Rate, has_changed
from models.means import Change, Mean, change, mean
from models.questionnaires import HIGHEST, LOWEST, SCALE_END, Kind, Names, Question, Questionnaire
from models.remarks import Quote
from models.results import Results, satisfied
from models.surveys import Survey, Verdict
from models.tallies import RANKED, Count, Cut
from models.weighting import Weighted, all_weighted

if TYPE_CHECKING:
    from bot.settings import Settings


MOST_QUOTES, LONGEST_QUOTE = 10, 300


@dataclass(frozen=True)
class Point:
    """CSAT of one semester."""

    semester: str
    rate: Rate
    changed: bool = False
    """Whether it is a change against the point before it."""


@dataclass(frozen=True)
class Moved:
    """A mean that is otherwise than the last time."""

    semester: str
    before: Mean
    change: Change


@dataclass(frozen=True)
class Told:
    """A survey that has closed."""

    number: int
    questionnaire: Questionnaire
    results: Results
    opened: date
    closed: date
    """Days in the union's time zone, both of them in it."""
    semester: str | None = None
    anonymous: bool = True
    reminders: tuple[date, ...] = ()
    what_changes: Names | None = None
    verdict: Verdict | None = None
    quotes: Mapping[str, Sequence[Quote]] = field(default_factory=dict)
    """By question of words: what may be quoted."""
    weighted: Mapping[str, Weighted] = field(default_factory=dict)
    """By question, where it was weighted."""
    trends: Mapping[str, tuple[Point, ...]] = field(default_factory=dict)
    """By question: the semesters from the oldest to this one, where there is more than one."""
    moved: Mapping[str, Moved] = field(default_factory=dict)
    """By question of a scale: against the semester before, where it is a change."""

    @classmethod
    def of(cls, survey: Survey, timezone: ZoneInfo, quotes: Mapping[str, Sequence[Quote]] | None = None) -> Told:
        """What is known of a survey that has closed, with what may be quoted of it."""
        results = survey.told
        assert results is not None, "it has closed"

        def day(moment: datetime) -> date:
            return moment.astimezone(timezone).date()

        return cls(
            number=survey.id,
            questionnaire=survey.questionnaire,
            results=results,
            opened=day(survey.opens_at),
            closed=day(survey.closes_at),
            semester=survey.semester,
            anonymous=survey.anonymous,
            reminders=tuple(day(datetime.fromisoformat(moment)) for moment in survey.reminders),
            what_changes=survey.what_changes,
            verdict=survey.verdict,
            quotes=quotes or {},
            weighted=all_weighted(results, survey.questionnaire),
        )

    def after(self, earlier: Sequence[Told]) -> Told:
        """The same with the semesters before it, given from the oldest on, for the questions that were asked then as
        they are now.
        """
        trends = {}
        for question in self.of_kind(Kind.AGREEMENT):
            points: list[Point] = []
            for each in (*earlier, self):
                count = each.count(question)
                if count is not None and each.semester and each.asks(question):
                    rate = satisfied(count)
                    points.append(Point(each.semester, rate, bool(points) and has_changed(rate, points[-1].rate)))
            if len(points) > 1 and self.count(question) is not None:
                trends[question.key] = tuple(points)
        return replace(self, trends=trends, moved=self._moved(earlier))

    def _moved(self, earlier: Sequence[Told]) -> dict[str, Moved]:
        moved = {}
        for question in self.of_kind(Kind.SCALE):
            before = next((each for each in reversed(earlier) if each.semester and each.asks(question)), None)
            means = [mean(question, count) for each in (self, before) if each and (count := each.count(question))]
            if before is not None and before.semester and len(means) == 2 and means[0] and means[1]:
                found = change(means[0], means[1])
                if found is not None and found.is_one:
                    moved[question.key] = Moved(before.semester, means[1], found)
        return moved

    def asks(self, question: Question) -> bool:
        """Whether it asks just this: only then can it be compared."""
        return self.questionnaire.question(question.key) == question

    @property
    def response(self) -> Rate:
        """Completed of invited."""
        return Rate(self.results.completed, self.results.invited)

    def count(self, question: Question) -> Count | None:
        """How everybody answered it; None where that may not be told."""
        return self.results.everybody.questions.get(question.key)

    def of_kind(self, *kinds: Kind) -> list[Question]:
        """Its questions of these kinds that may be told."""
        return [q for q in self.questionnaire.questions if q.kind in kinds and self.count(q) is not None]

    def place(self, question: Question) -> int:
        """Which of the questions it is, from 1 on."""
        return self.questionnaire.questions.index(question) + 1

    def answered(self, cut: Cut, question: Question) -> dict[str, Count]:
        """How the groups of a cut answered a question, those of which it may be told."""
        groups = self.results.cuts.get(cut, {})
        return {
            value: tally.questions[question.key] for value, tally in groups.items() if question.key in tally.questions
        }

    def hidden(self, cut: Cut) -> list[str]:
        """The groups of the roster that may not be told."""
        return sorted(self.results.shares.get(cut, {}).keys() - self.results.cuts.get(cut, {}).keys())


def answers(question: Question) -> tuple[str, ...]:
    """What can be answered, as it is counted and in the order in which it is shown; of a ranking the options."""
    match question.kind:
        case Kind.AGREEMENT:
            return tuple(str(step) for step in range(HIGHEST, LOWEST - 1, -1))
        case Kind.SCALE:
            return tuple(str(step) for step in range(SCALE_END + 1))
    return question.keys


def rate(count: Count, answer: str) -> Rate:
    """How many of those who answered gave this answer."""
    return Rate(count.by[answer], count.of)


def places(question: Question, count: Count, option: str) -> list[int]:
    """How often an option of a ranking was given each place."""
    return [count.by[f"{option}{RANKED}{place}"] for place in range(1, len(question.keys) + 1)]


def mean_place(question: Question, count: Count, option: str) -> float:
    """1 is the first place."""
    return sum(i * times for i, times in enumerate(places(question, count, option), 1)) / max(count.of, 1)


def ranked(question: Question, count: Count) -> list[str]:
    """The options of a ranking, the best placed first."""
    return sorted(question.keys, key=lambda option: mean_place(question, count, option))


def arrows(points: Sequence[Point]) -> list[tuple[Point, str]]:
    """Each semester with the sign of its change, empty where there is none."""
    pairs = pairwise((points[0], *points))
    return [(p, ("▲" if p.rate.share > before.rate.share else "▼") if p.changed else "") for before, p in pairs]


def running(told: Told) -> list[tuple[date, int, int]]:
    """Each day from the first to the last: how many finished on it, and how many had by its end."""
    by, found, so_far, day = dict(told.results.days), [], 0, told.opened
    # Whoever is counted on a later day, finishing while it was closed, is in.
    while day <= max((told.closed, *by)):
        so_far += by.get(day, 0)
        found.append((day, by.get(day, 0), so_far))
        day += timedelta(days=1)
    return found


def distribution(question: Question, count: Count, t: Texts) -> list[tuple[str, Rate]]:
    """What was answered by how many of those who answered; of a ranking each option with each place."""
    if question.kind is not Kind.RANKING:
        return [(answer_name(question, answer, t), rate(count, answer)) for answer in answers(question)]
    return [
        (
            t.plain("results.place", place=place, option=answer_name(question, option, t)),
            rate(count, f"{option}{RANKED}{place}"),
        )
        for option in question.keys
        for place in range(1, len(question.keys) + 1)
    ]


def answer_name(question: Question, answer: str, t: Texts) -> str:
    """What an answer is called."""
    if question.kind is Kind.AGREEMENT:
        return step_name(question, int(answer), t)
    return next((t.pick(option.text) for option in question.options if option.key == answer), answer)


def group_name(cut: Cut, value: str, t: Texts, settings: Settings) -> str:
    """What a group is called."""
    match cut:
        case Cut.STATION:
            return t.pick(next((spec.names for spec in settings.station_specs() if spec.key == value), {"en": value}))
        case Cut.BUILDING:
            return t.pick(settings.building_names(value))
        case Cut.AUDIENCE:
            return t.plain(f"audience.{value}")
    return value


def percent(share: float) -> str:
    """`78.3 %`."""
    return f"{100 * share:.1f} %"


def span(low: float, high: float) -> str:
    """`72.7–83.1 %`."""
    return f"{100 * low:.1f}–{100 * high:.1f} %"


def words(counted: Rate) -> dict[str, str | int]:
    """A rate for a text: `rate`, `hits`, `of`, `span`."""
    return {"rate": percent(counted.share), "hits": counted.hits, "of": counted.of, "span": span(*counted.interval())}


def weighted(told: Told, question: Question, t: Texts) -> str | None:
    """What it is when weighted, without HTML; None where it is not."""
    found = told.weighted.get(question.key)
    if found is None:
        return None
    beside = {"by": t.plain(f"results.cut.{found.by}"), "effective": int(found.effective)}
    if found.share is None or found.interval is None:
        return t.plain("results.weighted_mean", mean=f"{found.mean:.2f}", **beside)
    return t.plain("results.weighted", rate=percent(found.share), span=span(*found.interval), **beside)


def moved(told: Told, question: Question, t: Texts) -> str | None:
    """How far a mean has moved since the semester before, without HTML; None where that is no change."""
    found = told.moved.get(question.key)
    if found is None:
        return None
    return t.plain(
        "results.moved",
        arrow="▲" if found.change.difference > 0 else "▼",
        by=f"{found.change.difference:+.2f}",
        span=f"{found.change.low:+.2f} – {found.change.high:+.2f}",
        before=f"{found.before.value:.2f}",
        semester=found.semester,
    )


def quoted(told: Told, question: Question, t: Texts) -> list[str]:
    """What was written, a line each, what most said first; without HTML."""
    return [
        t.plain(
            "results.quote" if quote.alike == 1 else "results.quote_alike",
            words=inline(quote.text, LONGEST_QUOTE),
            count=quote.alike,
        )
        for quote in told.quotes.get(question.key, ())[:MOST_QUOTES]
    ]


def answered(question: Question, count: Count, t: Texts) -> str:
    """By how many it was answered, and the mean where there is one; without HTML."""
    found = mean(question, count)
    low, high = found.interval() if found is not None else (0.0, 0.0)
    shown = f"{found.value:.2f} [{low:.2f}–{high:.2f}]" if found is not None else ""
    return t.plain(f"results.answered.{question.kind}", of=count.of, mean=shown)
