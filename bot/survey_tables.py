"""What came of a survey as a file: a book with a sheet for each side of it, or one long CSV."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from bot import surveyed
from bot.spreadsheets import SHARE, Cell, Csv, Heading, Leaf
from bot.surveyed import Told
from bot.texts import Texts
from models.figures import Rate
from models.means import mean
from models.questionnaires import Kind, Question
from models.results import satisfied
from models.tallies import Count, Cut

if TYPE_CHECKING:
    from bot.settings import Settings

NUMBERS = {"mean": "0.00", "weighted_mean": "0.00", "effective": "0"}
Row = Sequence[Cell]
SHEETS = {
    "overview": {"what": 34, "value": 44},
    "questions": {
        "number": 7,
        "question": 48,
        "kind": 16,
        "of": 10,
        "mean": 8,
        "hits": 10,
        "csat": 9,
        "low": 13,
        "high": 13,
        "weighted": 12,
        "weighted_low": 12,
        "weighted_high": 12,
        "by": 13,
        "weighted_mean": 12,
        "effective": 12,
    },
    "distribution": {
        "number": 7,
        "question": 48,
        "answer": 36,
        "count": 9,
        "of": 10,
        "share": 9,
        "low": 13,
        "high": 13,
    },
    "cuts": {
        "cut": 16,
        "group": 26,
        "number": 7,
        "question": 48,
        "of": 10,
        "mean": 8,
        "hits": 10,
        "csat": 9,
        "low": 13,
        "high": 13,
    },
    "days": {"day": 14, "finished": 12, "so_far": 16, "rate": 16},
}
"""Each sheet with its columns and their widths."""
WRAPS = ("question", "answer", "group")
"""What may be longer than its column."""
LONG = ("cut", "group", "number", "question", "answer", "count", "of", "share", "low", "high")
"""The columns of a CSV: a line for each answer of each group."""


def xlsx(survey: Told, target: Path | BinaryIO, t: Texts, settings: Settings) -> None:
    """A book. Takes a moment: in a thread, never in a transaction."""
    from openpyxl import Workbook

    book = Workbook(write_only=True)
    rows = {
        "overview": _overview(survey, t),
        "questions": _questions(survey, t),
        "distribution": _distribution(survey, t),
        "cuts": _cuts(survey, t, settings),
        "days": _days(survey),
    }
    for name, columns in SHEETS.items():
        heads = [
            Heading(t.plain(f"results.column.{key}"), width, NUMBERS.get(key, SHARE), key in WRAPS)
            for key, width in columns.items()
        ]
        leaf = Leaf(book, t.plain(f"results.sheet.{name}"), heads)
        leaf.add(list(rows[name]))
        leaf.filter()
    book.save(target)


def csv(survey: Told, path: Path, t: Texts, settings: Settings) -> None:
    """Every answer of everybody and of each group, a line each."""
    table = Csv(path, [t.plain(f"results.column.{key}") for key in LONG])
    everybody = t.plain("results.everybody")
    for question in survey.questionnaire.questions:
        count = survey.count(question)
        if count is not None:
            table.add([[None, everybody, *row] for row in _answers(survey, question, count, t)])
    for cut in Cut:
        for question in survey.questionnaire.questions:
            for value, count in survey.answered(cut, question).items():
                start = t.plain(f"results.cut.{cut}"), surveyed.group_name(cut, value, t, settings)
                table.add([[*start, *row] for row in _answers(survey, question, count, t)])
    table.close()


def _overview(survey: Told, t: Texts) -> Iterator[Row]:
    results = survey.results
    low, high = survey.response.interval()
    cells: dict[str, Cell] = {
        "title": t.pick(survey.questionnaire.title),
        "semester": survey.semester,
        "opened": survey.opened,
        "closed": survey.closed,
        "anonymous": t.plain("export.yes" if survey.anonymous else "export.no"),
        "invited": results.invited,
        "completed": results.completed,
        "partial": results.partial,
        "rate": survey.response.share,
        "low": low,
        "high": high,
        "cell": results.cell,
    }
    for key, value in cells.items():
        yield t.plain(f"results.overview.{key}"), value


def _questions(survey: Told, t: Texts) -> Iterator[Row]:
    for question in survey.questionnaire.questions:
        count = survey.count(question)
        start = survey.place(question), t.pick(question.text), t.plain(f"results.kind.{question.kind}")
        if count is None:
            yield start
            continue
        weighted = survey.weighted.get(question.key)
        beside: Row = (
            (
                weighted.share,
                *(weighted.interval or (None, None)),
                t.plain(f"results.cut.{weighted.by}"),
                weighted.mean,
                weighted.effective,
            )
            if weighted
            else ()
        )
        yield *start, count.of, *_figures(question, count), *beside


def _figures(question: Question, count: Count) -> Row:
    """Mean, satisfied, CSAT and its interval, where they mean something."""
    found = mean(question, count)
    value = found.value if found is not None else None
    if question.kind is not Kind.AGREEMENT:
        return value, None, None, None, None
    content = satisfied(count)
    return value, content.hits, content.share, *content.interval()


def _distribution(survey: Told, t: Texts) -> Iterator[Row]:
    for question in survey.questionnaire.questions:
        count = survey.count(question)
        if count is not None:
            yield from _answers(survey, question, count, t)


def _answers(survey: Told, question: Question, count: Count, t: Texts) -> Iterator[Row]:
    """Each answer with how many gave it; of a ranking each option with each place."""
    start = survey.place(question), t.pick(question.text)
    for name, rate in surveyed.distribution(question, count, t):
        yield *start, name, rate.hits, rate.of, rate.share, *rate.interval()


def _cuts(survey: Told, t: Texts, settings: Settings) -> Iterator[Row]:
    for cut in Cut:
        for question in survey.questionnaire.questions:
            for value, count in survey.answered(cut, question).items():
                names = t.plain(f"results.cut.{cut}"), surveyed.group_name(cut, value, t, settings)
                which = survey.place(question), t.pick(question.text)
                yield *names, *which, count.of, *_figures(question, count)


def _days(survey: Told) -> Iterator[Row]:
    for day, finished, so_far in surveyed.running(survey):
        yield day, finished, so_far, Rate(so_far, survey.results.invited).share
