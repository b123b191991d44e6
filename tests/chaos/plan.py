"""A plan of deaths, and the campus on which it is played."""

from __future__ import annotations

import socket
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import text

from bot.app import App
from bot.people import follow_config
from models import stations as places
from models.migrations import migrate
from tests.campus import BEGIN, UNLIMITED, settings
from tests.chaos import people
from tests.chaos.breakages import SCHEMA


@dataclass(frozen=True)
class Plan:
    """How much, for how long, and what is broken on purpose."""

    seed: int
    students: int
    deaths: int
    way: str = "polling"
    """The way in: polling, or webhook."""
    points: Sequence[str] = ()
    """Where the program may end by itself; anywhere when none is given."""
    share: float = 0.65
    """Of the deaths come at such points; the others at any moment."""
    gentle: float = 0.3
    """Of the deaths are SIGTERM; the others kill -9."""
    longest_life: float = 2.5
    patience: float = 5.0
    end: float = 60.0
    """Seconds within which somebody more must come to the end of their business once nothing is killed any more."""
    neighbour: bool = False
    """Another process writes into the same database all the time, as the operator's commands do."""
    late: bool = False
    """Staff come only after everybody has filed, and after some more deaths: every ticket waits for them meanwhile."""
    breakages: tuple[str, ...] = ()


def changes(plan: Plan) -> dict[str, Any]:
    """What the child's configuration has of its own."""
    # The station is warned of every ticket that waits, at the next look.
    soon = {"deadlines": {"claim": "4h", "warn_before": "4h"}}
    if plan.way == "polling":
        return soon
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        where = f"127.0.0.1:{free.getsockname()[1]}"
    return soon | {"telegram": {"mode": "webhook", "webhook_url": f"http://{where}", "listen": where}}


async def furnish(
    api_base: str, database_url: str, stations: Sequence[people.Station], breakages: Sequence[str] = ()
) -> None:
    """The schema, and the two stations in their chats."""
    app = App(settings(api_base, database_url, limits=UNLIMITED))
    await migrate(app.database)
    async with app.database.transaction() as session:
        await follow_config(session, app.toolbox, BEGIN)
        await session.flush()
        for key, station in zip(("east", "west"), stations, strict=True):
            place = await places.by_key(session, key)
            assert place is not None
            place.chat_id, place.topics, place.language = station.group.id, key == "west", "en"
        for broken in SCHEMA.keys() & set(breakages):
            await session.execute(text(SCHEMA[broken]))
    await app.database.close()
