"""Public pages (`[pages]`, off by default): the surveys of which the union has said what comes of them, with figures,
pictures and tables; not those about the staff. They need no script, load nothing from elsewhere, and know nobody who
reads them.

    GET /surveys           all of them, the newest first
    GET /surveys/{number}  one                              ?lang=zh-hans, zh-hant or en

Nothing is here before the union has published it, and nothing that the results do not hold: those were made when the
survey closed, with everything left out that is too small to be told.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import re
import zlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import structlog
from aiohttp import web
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape
from sqlalchemy.exc import DBAPIError

from bot import survey_charts, surveyed, surveys_told
from bot.people import language_of
from bot.surveyed import Told
from bot.texts import Texts
from bot.toolbox import Toolbox
from models import outcomes, remarks, surveys
from models.database import Database
from models.figures import Rate
from models.questionnaires import Kind, Question
from models.results import satisfied
from models.surveys import PUBLISHED, Survey
from models.tallies import Count, Cut

log = structlog.get_logger()

TEMPLATES = Path(__file__).parent / "templates"
BASE = "/surveys"
MOST_DRAWN = 300
"""So many surveys' pictures are kept, each in one language; packed, one is some ten kilobytes."""
LONGEST_NUMBER = 9
TAGS = {"zh-hans": ("zh-Hans", "简体中文"), "zh-hant": ("zh-Hant", "繁體中文"), "en": ("en", "English")}
"""Each language's tag in HTML and its own name."""


class Pages:
    """The pages; drawn pictures are kept, because what a survey came to does not change any more."""

    def __init__(self, database: Database, toolbox: Toolbox) -> None:
        self._database, self._toolbox = database, toolbox
        self._drawn: dict[tuple[int, str, int], bytes] = {}
        self._drawing = asyncio.Lock()
        environment = Environment(
            loader=FileSystemLoader(TEMPLATES),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        environment.filters["whole"] = _whole
        self._all, self._one = (environment.get_template(name) for name in ("surveys.html", "survey.html"))
        self._missing = environment.get_template("missing.html")
        style = (TEMPLATES / "style.css").read_text(encoding="utf-8")
        self._style = Markup(style)
        digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
        self._headers = {
            "Content-Security-Policy": f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; "
            "form-action 'none'; frame-ancestors 'none'",
            "X-Content-Type-Options": "nosniff",
            "Referrer-Policy": "no-referrer",
            "Vary": "Accept-Language",
        }

    def register(self, app: web.Application) -> None:
        """Put the routes into the application."""
        app.router.add_get(BASE, self._list)
        app.router.add_get(BASE + "/{number}", self._survey)

    async def _list(self, request: web.Request) -> web.Response:
        t = self._t(request)
        try:
            async with self._database.reading() as session:
                found = await surveys.in_stage(session, *PUBLISHED)
        except DBAPIError as error:
            return self._unwell(request, t, error)
        public = [survey for survey in found if survey.is_public]
        told = sorted(self._told(public), key=lambda each: (each.closed, each.number), reverse=True)
        return self._answer(
            request,
            self._all,
            t,
            title=t.plain("page.title"),
            about=t.plain("page.about", cell=self._toolbox.settings.surveys.minimum_cell),
            empty=t.plain("page.empty"),
            entries=[{**self._head(each, t), "href": self._link(request, each.number)} for each in told],
        )

    async def _survey(self, request: web.Request) -> web.Response:
        t, given = self._t(request), request.match_info["number"]
        number = int(given) if re.fullmatch(rf"[1-9][0-9]{{0,{LONGEST_NUMBER - 1}}}", given) else 0
        try:
            async with self._database.reading() as session:
                survey: Survey | None = await session.get(Survey, number)
                earlier = await outcomes.earlier(session, survey, PUBLISHED) if survey is not None else []
                quotes = await remarks.quotes(session, number)
        except DBAPIError as error:
            return self._unwell(request, t, error)
        if survey is None or not survey.is_public:
            return self._sorry(request, t, 404, t.plain("page.missing"))
        told = Told.of(survey, t.timezone, quotes).after(self._told(earlier))
        shown = told.results.completed >= told.results.cell
        return self._answer(
            request,
            self._one,
            t,
            title=t.pick(told.questionnaire.title),
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
            "title": t.pick(told.questionnaire.title),
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

    # ------------------------------------------------------------ answering

    def _t(self, request: web.Request) -> Texts:
        """The language asked for, or the one that the browser likes best of those there are."""
        asked = request.query.get("lang", "")
        languages = self._toolbox.house.languages
        if asked in languages:
            return self._toolbox.t(asked)
        liked = [code for code in _liked(request.headers.get("Accept-Language", "")) if code[:2] in ("zh", "en")]
        return self._toolbox.t(language_of(liked[0] if liked else None, languages))

    def _link(self, request: web.Request, number: int | None) -> str:
        """The address of a page, in the same language where that was asked for."""
        path = BASE if number is None else f"{BASE}/{number}"
        asked = request.query.get("lang", "")
        return f"{path}?lang={asked}" if asked in self._toolbox.house.languages else path

    def _answer(
        self, request: web.Request, template: Any, t: Texts, *, status: int = 200, **values: Any
    ) -> web.Response:
        tags = {each: TAGS[each] for each in self._toolbox.house.languages}
        others = [
            {"tag": tag, "name": name, "href": f"{request.path}?lang={each}", "here": each == t.language}
            for each, (tag, name) in tags.items()
        ]
        body = template.render(
            tag=TAGS[t.language][0],
            style=self._style,
            union=t.pick(self._toolbox.settings.union.name),
            languages=others,
            language=t.plain("page.languages"),
            words={key: t.plain(f"page.{key}") for key in ("all", "response", "questions", "table", "cuts")}
            | {key: t.plain(f"results.{key}_head") for key in ("changes", "reason")},
            home=self._link(request, None),
            **values,
        )
        headers = {**self._headers, "Content-Language": TAGS[t.language][0]}
        headers["Cache-Control"] = "public, max-age=300" if status == 200 else "no-store"
        answer = web.Response(text=body, status=status, content_type="text/html", charset="utf-8", headers=headers)
        answer.enable_compression()
        return answer

    def _sorry(self, request: web.Request, t: Texts, status: int, why: str) -> web.Response:
        return self._answer(request, self._missing, t, status=status, title=t.plain("page.title"), why=why)

    def _unwell(self, request: web.Request, t: Texts, error: DBAPIError) -> web.Response:
        log.error("a page could not be shown", why=type(error).__name__)
        return self._sorry(request, t, 503, t.plain("page.trouble"))


BETWEEN = "\0"


def _drawn(told: Told, t: Texts) -> bytes:
    """All pictures, each after what is on it, packed."""
    parts = [part for each in survey_charts.pictures(told, t, alone=False) for part in (each.says, each.paper.svg())]
    return zlib.compress(BETWEEN.join(parts).encode())


def _whole(text: str) -> Markup:
    """The text, its intervals not broken at the end of a line."""
    return Markup(re.sub(r"\[[^\[\]]*\]", r'<span class="whole">\g<0></span>', str(escape(text))))


def _liked(header: str) -> list[str]:
    """The codes of an Accept-Language header, the best liked first; what cannot be read is left out."""
    found = re.findall(r"([A-Za-z-]{2,20})(?:\s*;\s*q=([01](?:\.\d{0,3})?))?\s*(?:,|$)", header[:200])
    return [code.lower() for code, _ in sorted(found, key=lambda each: -float(each[1] or 1))]


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
