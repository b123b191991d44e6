"""Whether the program is alive and ready, for whoever watches over its process."""

from __future__ import annotations

from aiohttp import web
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from models.database import Database


class Health:
    """/healthz: the process lives. /readyz: the database answers, too."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def register(self, app: web.Application) -> None:
        """Its two routes."""
        app.router.add_get("/healthz", self._alive)
        app.router.add_get("/readyz", self._ready)

    async def _alive(self, _: web.Request) -> web.Response:
        return web.Response(text="ok\n")

    async def _ready(self, _: web.Request) -> web.Response:
        try:
            async with self._database.reading() as session:
                await session.execute(text("SELECT 1"))
        except DBAPIError:
            return web.Response(status=503, text="the database does not answer\n")
        return web.Response(text="ready\n")
