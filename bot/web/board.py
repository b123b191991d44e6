"""The board as a public page (`[pages]`): how each floor of the ten measures stands, until when, and what shows it.

    GET /board    ?lang=zh-hans, zh-hant or en

It says what /board says in the office's group: numbers, days and titles, and nobody's name.
"""

from __future__ import annotations

from aiohttp import web
from markupsafe import Markup
from sqlalchemy.exc import DBAPIError

from bot import board
from bot.toolbox import Clock, Toolbox
from bot.web.site import BOARD, Site
from models.database import Database
from models.union import floors


class BoardPage:
    """The page."""

    def __init__(self, database: Database, toolbox: Toolbox, clock: Clock) -> None:
        self._database, self._toolbox, self._site, self._clock = database, toolbox, Site(toolbox), clock

    def register(self, app: web.Application) -> None:
        """Put the route into the application."""
        app.router.add_get(BOARD, self._board)

    async def _board(self, request: web.Request) -> web.Response:
        site, t, calendar = self._site, self._site.t(request), self._toolbox.house.calendar
        title, now = t.plain("page.board"), self._clock()
        try:
            async with self._database.reading() as session:
                found = await floors.board(session, calendar, now)
        except DBAPIError as error:
            return site.unwell(request, t, title, error)
        today = calendar.day_of(now)
        shown = [
            {
                "line": Markup(board.line(floor, t, today)),
                "evidence": [Markup(each.removeprefix("└ ")) for each in board.evidence(floor, t, today)],
            }
            for floor in found.floors
        ]
        return site.answer(
            request,
            "board.html",
            t,
            title=title,
            about=Markup(board.head(found, t).partition("\n")[2]),
            floors=shown,
            missing=t.plain("board.no_semester") if found.semester is None else "",
            legend=t.plain("board.legend"),
        )
