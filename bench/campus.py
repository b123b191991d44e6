"""A campus of any size in a database, written row by row and not through the rules, which would take an hour.

What students write is put together from things, troubles, places and times (`sentences.toml`), in Chinese and English,
each said in several ways, so that among a hundred thousand some are about the same and most are not.
"""

from __future__ import annotations

import random
import tomllib
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, cast

from sqlalchemy import Table, func, insert, select

from models import similar
from models.database import Database
from models.house import House
from models.lifecycle import Kind, State
from models.requesters import Requester
from models.similar import Trace
from models.tickets import FOLDED_LENGTH, Ticket
from models.words import Side, Words

SENTENCES = Path(__file__).with_name("sentences.toml")
CATEGORIES = ("water", "power", "furniture", "canteen", "noise", "internet", "teaching", "jobs")
IN_CHINESE = 0.75
AT_ONCE = 5_000
FIRST_STUDENT, STUDENTS = 2 * 10**9, 50_000
"""The chats of those who wrote them."""
A_MONTH = 60 * 24 * 30
"""Minutes."""


def texts(seed: int) -> Iterator[str]:
    """What students write, without end; three in four in Chinese."""
    chance = random.Random(seed)
    pieces = tomllib.loads(SENTENCES.read_text(encoding="utf-8"))
    while True:
        said = pieces["zh" if chance.random() < IN_CHINESE else "en"]
        form = chance.choice(said["forms"])
        yield form.format(**{name: chance.choice(found) for name, found in said.items() if name != "forms"})


async def fill(
    database: Database,
    count: int,
    house: House,
    now: datetime,
    *,
    station_id: int,
    buildings: list[str],
    seed: int = 7,
) -> None:
    """So many open tickets of the last month, each with its words and an anonymous requester, in these buildings; all
    but each third have had an answer.
    """
    chance, said = random.Random(seed), texts(seed)
    for start in range(1, count + 1, AT_ONCE):
        tickets: list[dict[str, Any]] = []
        words: list[dict[str, Any]] = []
        waiting: list[dict[str, Any]] = []
        traces: list[dict[str, Any]] = []
        for number in range(start, min(start + AT_ONCE, count + 1)):
            text = next(said)
            folded = house.fold(text)[:FOLDED_LENGTH]
            at = now - timedelta(minutes=chance.randrange(A_MONTH))
            tickets.append(
                {
                    "id": number,
                    "kind": Kind.COMPLAINT,
                    "category": chance.choice(CATEGORIES),
                    "building": chance.choice(buildings),
                    "subject": text[:200],
                    "folded": folded,
                    "marks": similar.marks(folded),
                    "station_id": station_id,
                    "state": State.ANSWERED if number % 3 else State.NEW,
                    "replied_at": at + timedelta(minutes=chance.randrange(600)) if number % 3 else None,
                    "version": 1,
                    "filed_at": at,
                    # Due beyond the measurement: what is overdue is another matter.
                    "claim_due": now + timedelta(days=30),
                    "reply_due": now + timedelta(days=30),
                    "resolve_due": now + timedelta(days=30),
                }
            )
            traces += similar.traces(number, tickets[-1]["building"], tickets[-1]["category"], folded)
            salt = f"{number:032x}"
            tag = house.vault.tag("owner", salt, FIRST_STUDENT + number % STUDENTS)
            place = {"id": number, "ticket_id": number, "number": 1, "left": False}
            waiting.append(place | {"salt": salt, "owner_tag": tag})
            content = {"type": "text", "text": text}
            words.append(
                {"ticket_id": number, "side": Side.STUDENT, "requester_id": number, "content": content, "at": at}
            )
        async with database.transaction() as session:
            for table, rows in ((Ticket, tickets), (Requester, waiting), (Words, words), (Trace, traces)):
                await session.execute(insert(cast(Table, table.__table__)), rows)
    if not database.is_sqlite:
        async with database.transaction() as session:
            # PostgreSQL counts by itself and has not seen these numbers.
            for name in ("tickets", "requesters"):
                await session.execute(select(func.setval(func.pg_get_serial_sequence(name, "id"), count)))
