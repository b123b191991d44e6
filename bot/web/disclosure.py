"""Public pages (`[pages]`) of what the union discloses: the five headings with their versions, what is said about them
and answered, and the monthly open figures.

    GET /union             who runs the union, the headings, comments in general    ?lang=zh-hans, zh-hant or en
    GET /union/{heading}   one, with its earlier versions and comments              ?version=2
    GET /figures           the semester's months, as they were frozen

Nothing is here that a supervising teacher has not approved, no comment that the office has not decided about, and no
figure but the frozen ones.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from aiohttp import web
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncSession

from bot import comments as talk
from bot import disclosing, open_figures
from bot.reports import numbers
from bot.texts import Texts, unbroken
from bot.toolbox import Clock, Toolbox
from bot.untrusted import lines, titled
from bot.web.site import FIGURES, UNION, Site
from models.database import Database
from models.union import comments, disclosure
from models.union import open_figures as frozen
from models.union.disclosure import Version
from models.union.open_figures import RATES, OpenMonth, Row
from models.union.publications import Heading

MOST_COMMENTS = 200
"""The newest of them; all are in the chat."""


class Disclosed:
    """The pages."""

    def __init__(self, database: Database, toolbox: Toolbox, clock: Clock) -> None:
        self._database, self._toolbox, self._site, self._clock = database, toolbox, Site(toolbox), clock

    def register(self, app: web.Application) -> None:
        """Put the routes into the application."""
        app.router.add_get(UNION, self._union)
        app.router.add_get(UNION + "/{heading}", self._heading)
        app.router.add_get(FIGURES, self._figures)

    async def _union(self, request: web.Request) -> web.Response:
        site, t = self._site, self._site.t(request)
        try:
            async with self._database.reading() as session:
                fresh = await disclosure.fresh(session, self._toolbox.house, self._clock())
                said = await self._comments(session, None, t)
                today = self._toolbox.house.calendar.day_of(self._clock())
                people = await disclosing.in_office(session, today, t)
        except DBAPIError as error:
            return site.unwell(request, t, t.plain("page.union"), error)
        headings = [
            {
                "href": site.link(request, f"{UNION}/{each.heading}") if each.version is not None else "",
                "name": disclosing.named(each.heading, t),
                "approved": disclosing.approved(each.version, t) if each.version is not None else "",
                "stale": disclosing.stale(each, t) if each.version is not None and each.stale else "",
            }
            for each in fresh.values()
        ]
        return site.answer(
            request,
            "union.html",
            t,
            title=t.plain("page.union"),
            led=t.plain("disclosure.led"),
            card=disclosing.card(fresh, t),
            people=people,
            headings=headings,
            not_yet=t.plain("page.not_disclosed"),
            comments=said,
        )

    async def _heading(self, request: web.Request) -> web.Response:
        site, t, wanted = self._site, self._site.t(request), request.query.get("version", "")
        try:
            heading = Heading(request.match_info["heading"])
            async with self._database.reading() as session:
                versions = await disclosure.versions(session, heading)
                said = await self._comments(session, heading, t)
        except ValueError:
            versions = []
        except DBAPIError as error:
            return site.unwell(request, t, t.plain("page.union"), error)
        shown = [v for v in versions if not wanted or str(v.number) == wanted]
        if not shown:
            return site.sorry(request, t, 404, t.plain("page.union"), t.plain("page.not_disclosed"))
        version, current = shown[0], shown[0] is versions[0]
        return site.answer(
            request,
            "heading.html",
            t,
            keep="" if current else f"version={version.number}&",
            title=t.plain(f"disclosure.heading.{heading}"),
            called=titled(t.pick(version.titles)),
            approved=disclosing.approved(version, t),
            earlier="" if current else t.plain("page.earlier"),
            paragraphs=lines(t.pick(version.texts)).splitlines(),
            history=t.plain("page.history"),
            versions=[self._link(request, each, version, versions[0], t) for each in versions],
            comments=said,
        )

    def _link(self, request: web.Request, each: Version, here: Version, newest: Version, t: Texts) -> dict[str, Any]:
        path, query = f"{UNION}/{each.heading}", {} if each is newest else {"version": each.number}
        href = self._site.link(request, path, **query)
        return {"href": href, "name": disclosing.approved(each, t), "here": each is here}

    async def _comments(self, session: AsyncSession, heading: Heading | None, t: Texts) -> dict[str, Any]:
        found = await comments.shown(session, heading, MOST_COMMENTS)
        count, hidden = (await comments.counts(session)).get(heading, 0), await comments.hidden(session, heading)

        def day(moment: Any) -> str:
            return disclosing.day(moment, t) if moment is not None else ""

        return {
            "title": t.plain("page.comments", count=count),
            "how": t.plain("page.comment_how"),
            "none": t.plain("comment.none"),
            "union": t.plain("page.answer"),
            "unanswered": t.plain("page.unanswered"),
            "more": t.plain("page.more_comments", count=count - len(found)) if count > len(found) else "",
            "hidden": re.sub(r"</?i>", "", t.n("comment.hidden_count", hidden)) if hidden else "",
            "shown": [
                {
                    "number": f"C{each.number}",
                    "who": talk.who(each.name, t),
                    "day": day(each.at),
                    "words": lines(each.text).splitlines(),
                    "answer": lines(each.answer or "").splitlines(),
                    "answered": day(each.answered_at),
                }
                for each in found
            ],
        }

    async def _figures(self, request: web.Request) -> web.Response:
        site, t = self._site, self._site.t(request)
        try:
            async with self._database.reading() as session:
                months = await frozen.this_term(session)
        except DBAPIError as error:
            return site.unwell(request, t, t.plain("page.figures_title"), error)
        return site.answer(
            request,
            "figures.html",
            t,
            title=t.plain("page.figures_title"),
            about=t.plain("page.figures_about", cell=self._toolbox.settings.surveys.minimum_cell),
            empty=t.plain("open_figures.none"),
            so_far=_so_far(months[0], t) if len(months) > 1 else None,
            months=[_month(each, t) for each in months],
        )


def _month(month: OpenMonth, t: Texts) -> dict[str, Any]:
    """One month: a table for each rate, place by place."""
    told = month.told
    rows = open_figures.rows_of(told, t)
    return {
        "title": t.month(month.first),
        "counted": open_figures.counted(month, t),
        "filed": t.plain("page.filed", count=told.total.filed),
        "tables": [
            {
                "caption": t.plain(f"figure_name.{name}"),
                "heads": _heads(name, t),
                "rows": [_cells(place, row, name, told.cell, t) for place, row in rows],
            }
            for name in RATES
        ],
    }


def _so_far(month: OpenMonth, t: Texts) -> dict[str, Any]:
    """What the semester's months come to together."""
    told = month.told
    rows = [_cells(t.plain(f"figure_name.{name}"), told.so_far, name, told.cell, t) for name in RATES]
    return {
        "title": t.plain("page.so_far"),
        "filed": t.plain("page.filed", count=told.so_far.filed),
        "table": {"caption": "", "heads": _heads(None, t), "rows": rows},
    }


def _heads(name: str | None, t: Texts) -> Sequence[str]:
    silent = t.plain(f"page.silent.{name}" if name else "page.silent.any")
    return [t.plain("page.place" if name else "page.rate"), *(t.plain(f"page.{k}") for k in ("share", "of")), silent]


def _cells(label: str, row: Row, name: str, cell: int, t: Texts) -> dict[str, Any]:
    """A row of a table; what is not told is one wide cell that says why."""
    if not row.rates[name].told:
        return {"label": label, "why": open_figures.why_not(row, name, cell, t), "cells": []}
    found = numbers(row.rates[name].share)
    share = unbroken(f"{found['rate']} %")
    interval = unbroken(f"{found['low']}–{found['high']} %")
    of = f"{found['hits']}/{found['of']}"
    return {"label": label, "why": "", "cells": [(share, interval), (of, ""), (str(found["silent"]), "")]}
