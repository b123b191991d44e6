"""Somebody holds a copy of the database and the list of all students, and guesses who wrote what (law 11). Each way of
guessing is code; none may do better than chance.
"""

from __future__ import annotations

import hashlib
import hmac
import random
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import text

from models import asking, people
from models.base import Base
from models.database import Database
from tests.house import HOUSE, draft, furnish

STUDENTS = 20
BY_CHANCE = 6
"""So many of twenty are hit by a random order once in a thousand times or less (Poisson, mean 1: 0.0006)."""
Rows = dict[str, list[dict[str, Any]]]


async def lived(database: Database, now: datetime) -> dict[int, int]:
    """Twenty students come, each files an anonymous ticket, in an order drawn by lot; whose each is, by Telegram id."""
    chance = random.Random(20261012)
    ids = [chance.randrange(10**8, 10**10) for _ in range(STUDENTS)]
    async with database.transaction() as session:
        await furnish(session)
    for number, each in enumerate(ids):
        async with database.transaction() as session:
            person = await people.meet(session, each, f"Student {number}", None, "en")
            person.agreed = True
    truth = {}
    for number, each in enumerate(chance.sample(ids, STUDENTS)):
        async with database.transaction() as session:
            person = await people.meet(session, each, f"Student {ids.index(each)}", None, "en")
            words = draft(f"Tap {number} drips", anonymous=True, sources=[(each, 100 + number)])
            ticket = await asking.file(session, words, person, HOUSE, now + timedelta(minutes=number))
            truth[ticket.id] = each
    return truth


async def copied(database: Database) -> Rows:
    """All rows in the order in which they lie there; of PostgreSQL also which transaction wrote each."""
    found: Rows = {}
    async with database.reading() as session:
        for table in Base.metadata.sorted_tables:
            at = "" if database.is_sqlite else "xmin::text::bigint AS written_by, ctid::text AS lies_at, "
            rows = await session.execute(text(f'SELECT {at}* FROM "{table.name}"'))
            found[table.name] = [dict(row._mapping) for row in rows]
    return found


def in_order(rows: Rows, key: Callable[[dict[str, Any]], Any], *, backwards: bool = False) -> dict[int, int]:
    """The first to be written filed the first ticket, and so on."""
    whose = sorted(rows["people"], key=key, reverse=backwards)
    tickets = sorted(rows["tickets"], key=lambda row: row["id"])
    return {ticket["id"]: person["telegram_id"] for ticket, person in zip(tickets, whose, strict=True)}


def guesses(rows: Rows) -> dict[str, dict[int, int]]:
    """Ways of joining a ticket and a person by where and when they were written."""
    found = {
        "numbers": in_order(rows, lambda row: row["id"]),
        "numbers, backwards": in_order(rows, lambda row: row["id"], backwards=True),
        "Telegram ids": in_order(rows, lambda row: row["telegram_id"]),
    }
    if "written_by" in rows["people"][0]:
        found["transactions"] = in_order(rows, lambda row: row["written_by"])
        found["places on the disk"] = in_order(rows, lambda row: row["lies_at"])
        for table in rows:
            if table == "people" or not rows[table]:
                continue
            # Whichever transaction wrote the ticket: does it also bear a person?
            person = {row["written_by"]: row.get("person_id") for row in rows[table] if row.get("person_id")}
            ids = {row["id"]: row["telegram_id"] for row in rows["people"]}
            found[f"transactions of {table}"] = {
                ticket["id"]: ids[person[ticket["written_by"]]]
                for ticket in rows["tickets"]
                if ticket["written_by"] in person
            }
    return found


def marks(rows: Rows) -> set[str]:
    """Everything that stands beside the tickets, as text: sealed bytes as hexadecimal."""
    found = set()
    for name, lines in rows.items():
        if name not in ("people", "grants"):
            values = (value for line in lines for value in line.values() if value is not None)
            found |= {value.hex() if isinstance(value, bytes) else str(value) for value in values}
    return found


def tried_without_the_key(ids: list[int], salts: list[str]) -> dict[str, int]:
    """What a tag would be if it could be had without the key outside the database: whose each would be."""
    found = {}
    for each in ids:
        plain = str(each)
        for salt in ("", *salts):
            for joined in (plain, salt + plain, plain + salt, f"{salt}:{plain}", f"owner:{salt}:{plain}"):
                for kind in ("sha256", "blake2b", "md5"):
                    found[hashlib.new(kind, joined.encode()).hexdigest()] = each
                found[hmac.new(salt.encode(), plain.encode(), "sha256").hexdigest()] = each
    return found


async def test_no_guess_at_who_wrote_an_anonymous_ticket_is_better_than_chance(
    database: Database, now: datetime
) -> None:
    truth = await lived(database, now)
    rows = await copied(database)
    ids = [row["telegram_id"] for row in rows["people"]]
    assert len(rows["tickets"]) == len(truth) == STUDENTS
    hits = {way: sum(truth[t] == who for t, who in told.items()) for way, told in guesses(rows).items()}
    assert len(hits) >= 3
    assert all(count < BY_CHANCE for count in hits.values()), hits
    beside = marks(rows)
    salts = [row["salt"] for row in rows["requesters"]]
    assert all(salts)
    assert not beside & tried_without_the_key(ids, salts).keys()
    assert not [each for each in ids if any(str(each) in mark for mark in beside)], "an id stands in the open"
    sealed = [row["address"] for row in rows["requesters"]]
    assert len({len(each) for each in sealed}) == 1, "one length, however long the number"
    raw = [each.to_bytes(8, order).hex() for each in ids for order in ("big", "little")]
    assert not [each for each in raw if any(each in mark for mark in beside)], "nor as bytes"


async def test_the_attacker_finds_whoever_gave_their_name(database: Database, now: datetime) -> None:
    """Otherwise nothing would be shown by their failing above."""
    async with database.transaction() as session:
        await furnish(session)
        person = await people.meet(session, 123_456_789, "Alice", None, "en")
        person.agreed = True
        await asking.file(session, draft(), person, HOUSE, now)
    rows = await copied(database)
    assert [row["person_id"] for row in rows["requesters"]] == [rows["people"][0]["id"]]
    if not database.is_sqlite:
        assert 123_456_789 in guesses(rows)["transactions of requesters"].values()
