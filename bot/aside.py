"""`unionbot inbox`: the updates that could not be handled, and running them again once the mistake is mended."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Sequence

from bot.settings import Settings
from bot.vault import KeyVault
from models import inbox
from models.database import Database

HANDLE = "#"
"""Begins the name of an update that nobody was told a number for: it could not even be read."""


@contextlib.asynccontextmanager
async def _opened(settings: Settings) -> AsyncIterator[Database]:
    database = Database(settings.database.url)
    try:
        yield database
    finally:
        await database.close()


async def listed(settings: Settings) -> list[str]:
    """One line each, the oldest first: the incident number, when it came, and what went wrong where. Never what was
    written.
    """
    zone = settings.timezone
    async with _opened(settings) as database, database.reading() as session:
        return [
            f"{_name(row):<8} {row.received_at.astimezone(zone):%Y-%m-%d %H:%M}  {row.error}"
            for row in await inbox.aside(session)
            if row.received_at is not None
        ]


async def again(settings: Settings, names: Sequence[str]) -> tuple[int, int, list[str]]:
    """Put those with these numbers, or all when none is named, back into the queue; a running program takes them up
    within a second. Returns how many, how many stay aside because another key has sealed them, and the numbers that
    name none.
    """
    wanted, vault = {name.upper() for name in names}, KeyVault(settings.key_bytes())
    async with _opened(settings) as database, database.transaction() as session:
        rows = {_name(row): row.id for row in await inbox.aside(session)}
        chosen = [number for name, number in rows.items() if not wanted or name in wanted]
        count = await inbox.run_again(session, chosen, vault)
        return count, len(chosen) - count, sorted(wanted - rows.keys())


def _name(row: inbox.Incoming) -> str:
    return row.incident or f"{HANDLE}{row.id}"
