"""Public pages (`[pages]`, off by default) of the surveys of which the union has said what comes of them, with figures,
pictures and tables; not those about the staff. What the union discloses stands beside them (`disclosure.py`).

    GET /surveys           all of them, the newest first
    GET /surveys/{number}  one                              ?lang=zh-hans, zh-hant or en

Nothing is here before the union has published it, and nothing that the results do not hold: those were made when the
survey closed, with everything left out that is too small to be told.
"""

from __future__ import annotations

import asyncio
import re
import zlib
from collections.abc import Mapping, Sequence
from typing import Any

from aiohttp import web
from markupsafe import Markup
from sqlalchemy.exc import DBAPIError

from bot import survey_charts, surveyed, surveys_told
from bot.surveyed import Told
from bot.texts import Texts
from bot.toolbox import Toolbox
from bot.untrusted import titled
from bot.web.site import SURVEYS, Site
from models import outcomes, remarks, surveys
from models.database import Database
from models.figures import Rate
from models.questionnaires import Kind, Question
from models.results import satisfied
from models.surveys import PUBLISHED, Survey
from models.tallies import Count, Cut

MOST_DRAWN = 300
"""So many surveys' pictures are kept, each in one language; packed, one is some ten kilobytes."""
LONGEST_NUMBER = 9


class Pages:
    """The pages; drawn pictures are kept, because what a survey came to does not change any more."""

    def __init__(self, database: Database, toolbox: Toolbox) -> None:
        self._database, self._toolbox, self._site = database, toolbox, Site(toolbox)
        self._drawn: dict[tuple[int, str, int], bytes] = {}
        self._drawing = asyncio.Lock()

    def register(self, app: web.Application) -> None:
        """Put the routes into the application."""
        app.router.add_get(SURVEYS, self._list)
        app.router.add_get(SURVEYS + "/{number}", self._survey)

    async def _list(self, request: web.Request) -> web.Response:
        t = self._site.t(request)
        try:
            async with self._database.reading() as session:
                found = await surveys.in_stage(session, *PUBLISHED)
        except DBAPIError as error:
            return self._unwell(request, t, error)
        public = [survey for survey in found if survey.is_public]
        told = sorted(self._told(public), key=lambda each: (each.closed, each.number), reverse=True)
        return self._site.answer(
            request,
            "surveys.html",
            t,
            words=_words(t),
            title=t.plain("page.title"),
            about=t.plain("page.about", cell=self._toolbox.settings.surveys.minimum_cell),
            empty=t.plain("page.empty"),
            entries=[
                {**self._head(each, t), "href": self._site.link(request, f"{SURVEYS}/{each.number}")} for each in told
            ],
        )

    async def _survey(self, request: web.Request) -> web.Response:
        t, given = self._site.t(request), request.match_info["number"]
        number = int(given) if re.fullmatch(rf"[1-9][0-9]{{0,{LONGEST_NUMBER - 1}}}", given) else 0
        try:
            async with self._database.reading() as session:
                survey: Survey | None = await session.get(Survey, number)
                earlier = await outcomes.earlier(session, survey, PUBLISHED) if survey is not None else []
                quotes = await remarks.quotes(session, number)
        except DBAPIError as error:
            return self._unwell(request, t, error)
        if survey is None or not survey.is_public:
            return self._site.sorry(request, t, 404, t.plain("page.title"), t.plain("page.missing"))
        told = Told.of(survey, t.timezone, quotes).after(self._told(earlier))
        shown = told.results.completed >= told.results.cell
        return self._site.answer(
            request,
            "survey.html",
            t,
            words=_words(t),
            home=self._site.link(request, SURVEYS),
            title=titled(t.pick(told.questionnaire.title)),
            head=self._head(told, t),
            about=t.pick(told.questionnaire.about or {}),
            whose=t.plain("page.anonymous" if told.anonymous else "page.signed"),
            too_few="" if shown else t.plain("results.too_few", cell=told.results.cell),
            pictures=await self._pictures(told, t) if shown else [],
            questions=[_question(told, question, t) for question in told.questionnaire.questions] if shown else [],
            cuts=[each for cut in Cut if (each := self._cut(told, cut, t))] if shown else [],
            days=_days(told, t),
        )

    def _told(self, found: Sequence[Survey]) -> list[Told]:
        timezone = self._toolbox.settings.timezone
        return [Told.of(each, timezone) for each in found]

    def _head(self, told: Told, t: Texts) -> dict[str, Any]:
        return {
            "title": titled(t.pick(told.questionnaire.title)),
            "when": surveys_told.when(told, t),
            "response": t.plain("results.response", **surveyed.words(told.response)),
            "partial": t.plain("results.partial", partial=told.results.partial) if told.results.partial else "",
            "verdict": t.plain(f"verdict.{told.verdict}") if told.verdict else "",
            "changes": t.pick(told.what_changes or {}).splitlines(),
        }

    async def _pictures(self, told: Told, t: Texts) -> list[dict[str, Any]]:
        """The pictures as elements, drawn once. One is drawn at a time, and people who speak with the bot go on."""
        key = told.number, t.language, sum(map(len, told.trends.values()))
        async with self._drawing:
            packed = self._drawn.pop(key, None)
            if packed is None:
                packed = await asyncio.to_thread(_drawn, told, t)
            # What was looked at last is kept longest.
            self._drawn[key] = packed
            while len(self._drawn) > MOST_DRAWN:
                del self._drawn[next(iter(self._drawn))]
        parts = zlib.decompress(packed).decode().split(BETWEEN)
        return [{"says": says, "svg": Markup(svg)} for says, svg in zip(parts[::2], parts[1::2], strict=True)]

    def _cut(self, told: Told, cut: Cut, t: Texts) -> dict[str, Any] | None:
        groups, hidden = told.results.cuts.get(cut, {}), told.hidden(cut)
        if not groups and not hidden:
            return None

        def name(value: str) -> str:
            return surveyed.group_name(cut, value, t, self._toolbox.settings)

        def rows(question: Question) -> list[list[str]]:
            return [[name(value), *_cells(satisfied(c))] for value, c in told.answered(cut, question).items()]

        cell = told.results.cell
        names = t.plain("survey.and").join(map(name, hidden))
        of_it = {_numbered(told, q, t): rows(q) for q in told.of_kind(Kind.AGREEMENT)}
        return {
            "title": t.plain("results.by_cut", cut=t.plain(f"results.cut.{cut}")),
            "tables": [
                {"caption": caption, "heads": _heads(("group", "csat", "hits", "interval"), t), "rows": found}
                for caption, found in of_it.items()
                if found
            ],
            "hidden": t.plain("results.cut_hidden", cell=cell, groups=names)
            if hidden
            else t.plain("results.cut_others", cell=cell),
        }

    def _unwell(self, request: web.Request, t: Texts, error: DBAPIError) -> web.Response:
        return self._site.unwell(request, t, t.plain("page.title"), error)


def _words(t: Texts) -> Mapping[str, str]:
    words = {key: t.plain(f"page.{key}") for key in ("all", "response", "questions", "table", "cuts")}
    return words | {key: t.plain(f"results.{key}_head") for key in ("changes", "reason")}


BETWEEN = "\0"


def _drawn(told: Told, t: Texts) -> bytes:
    """All pictures, each after what is on it, packed."""
    parts = [part for each in survey_charts.pictures(told, t, alone=False) for part in (each.says, each.paper.svg())]
    return zlib.compress(BETWEEN.join(parts).encode())


def _heads(keys: Sequence[str], t: Texts) -> list[str]:
    return [t.plain(f"results.column.{key}") for key in keys]


def _cells(rate: Rate) -> list[str]:
    """A rate with its numbers and its interval."""
    return [surveyed.percent(rate.share), f"{rate.hits}/{rate.of}", surveyed.span(*rate.interval())]


def _numbered(told: Told, question: Question, t: Texts) -> str:
    return f"{told.place(question)}. {t.pick(question.text)}"


def _question(told: Told, question: Question, t: Texts) -> Mapping[str, Any]:
    count = told.count(question)
    shown: dict[str, Any] = {"title": _numbered(told, question, t), "lines": [], "tables": []}
    if count is None:
        return shown | {"lines": [t.plain("results.question_hidden", cell=told.results.cell)]}
    shown["lines"] = [surveyed.answered(question, count, t), *_satisfied(told, question, count, t)]
    shown["lines"] += surveyed.quoted(told, question, t)
    if question.kind is not Kind.WORDS:
        rows = [[name, *_cells(rate)] for name, rate in surveyed.distribution(question, count, t)]
        heads = _heads(("answer", "share", "count", "interval"), t)
        shown["tables"] = [{"caption": "", "heads": heads, "rows": rows}]
    if question.key in told.trends:
        points = told.trends[question.key]
        shown["tables"].append(
            {
                "caption": t.plain("results.trend"),
                "heads": _heads(("semester", "csat", "hits", "interval"), t),
                "rows": [[f"{p.semester} {arrow}".rstrip(), *_cells(p.rate)] for p, arrow in surveyed.arrows(points)],
            }
        )
    return shown


def _satisfied(told: Told, question: Question, count: Count, t: Texts) -> list[str]:
    is_agreement = question.kind is Kind.AGREEMENT
    lines = [t.plain("results.csat", **surveyed.words(satisfied(count)))] if is_agreement else []
    beside = surveyed.weighted(told, question, t), surveyed.moved(told, question, t)
    return lines + [each for each in beside if each is not None]


def _days(told: Told, t: Texts) -> Mapping[str, Any]:
    invited = told.results.invited
    rows = [
        [t.short_day(day, told.closed), str(finished), str(so_far), surveyed.percent(Rate(so_far, invited).share)]
        for day, finished, so_far in surveyed.running(told)
    ]
    heads = _heads(("day", "finished", "so_far", "rate"), t)
    return {"title": t.plain("results.by_day"), "caption": "", "heads": heads, "rows": rows}
