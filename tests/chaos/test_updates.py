"""What comes in twice, in another order, broken or unknown: each update has its effect once, and no other suffers.

The same students do the same things in a clean stream and in a torn one; every one of them must have read the same.
"""

from __future__ import annotations

import asyncio
import os
import random
import re
from collections import defaultdict
from collections.abc import Sequence
from typing import Any

import pytest
from sqlalchemy import func, select

from bot import aside
from bot.inbox import Intake
from models.inbox import Handling, Incoming
from models.tickets import Ticket
from models.words import Side, Words
from sandbox.client import Person
from tests.campus import UNLIMITED, Campus, running

SEED = int(os.environ.get("CHAOS_SEED") or random.randrange(10**6))
JUNK: tuple[Any, ...] = (
    {"message": {"message_id": "nonsense", "chat": 5}},
    {"message": []},
    {"callback_query": {"id": 7, "from": None}},
    "not an update at all",
    None,
    [],
)
"""What cannot be read: set aside."""
UNKNOWN: tuple[Any, ...] = ({"something_new": {"from": {"id": 5}}}, {"another_thing": {"chat": {"id": 6}}})
"""Kinds of which nobody here knows anything: passed over."""


class Torn:
    """In front of the intake: lots arrive shuffled across chats, with junk in between, and again."""

    def __init__(self, chance: random.Random, monkeypatch: pytest.MonkeyPatch) -> None:
        self._chance = chance
        self._seen: list[Any] = []
        self._number = 10**9
        self.junk = self.repeated = self.unknown = 0
        real = Intake.store

        async def store(intake: Intake, raws: Sequence[object]) -> None:
            await real(intake, self._tear(raws))
            if self._chance.random() < 0.3:
                # Once more, by itself, while the first may be under way.
                await real(intake, [self._chance.choice(self._seen)])
                self.repeated += 1

        monkeypatch.setattr(Intake, "store", store)

    def _tear(self, raws: Sequence[Any]) -> list[Any]:
        chats = defaultdict(list)
        for raw in raws:
            content = next(part for name, part in raw.items() if name != "update_id")
            message = content.get("message", content)
            chats[(message.get("chat") or content["from"])["id"]].append(raw)
        torn: list[Any] = []
        while chats:
            chat = self._chance.choice(list(chats))
            torn.append(chats[chat].pop(0))
            if not chats[chat]:
                del chats[chat]
            if self._chance.random() < 0.2 and self._seen:
                torn.append(self._chance.choice(self._seen))
                self.repeated += 1
            if self._chance.random() < 0.15:
                torn.append(self._other(self._chance.choice(JUNK)))
                self.junk += 1
            if self._chance.random() < 0.1:
                torn.append(self._other(self._chance.choice(UNKNOWN)))
                self.unknown += 1
        self._seen += raws
        return torn

    def _other(self, raw: Any) -> Any:
        self._number += 1
        return {"update_id": self._number, **raw} if isinstance(raw, dict) else raw


async def files(campus: Campus, token: str) -> Person:
    """A student files one ticket."""
    person = await campus.student("Alice")
    await campus.files(person, f"{token} {token[::-1]}")
    return person


async def read(campus: Campus, person: Person, token: str) -> list[str]:
    """What a student has read, without number and token."""
    texts = [m.text for m in await campus.stage.transcript(person.id)]
    return [re.sub(r"#\d+|\d+", "#", text.replace(token, "…").replace(token[::-1], "…")) for text in texts]


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_a_torn_stream_of_updates_has_the_effect_of_a_clean_one(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    await torn_stream(database_url, random.Random(11), monkeypatch, students=4)


@pytest.mark.long
@pytest.mark.timeout(900)
async def test_a_long_torn_stream_of_updates_has_the_effect_of_a_clean_one(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    print(f"CHAOS_SEED={SEED}")
    await torn_stream(database_url, random.Random(SEED), monkeypatch, students=30)


async def torn_stream(
    database_url: str, chance: random.Random, monkeypatch: pytest.MonkeyPatch, *, students: int
) -> None:
    """The clean student first, then all others at once through the torn stream."""
    tokens = ["".join(chance.choices("bcdfghjklmnpqrstvwxz", k=14)) for _ in range(students + 1)]
    async with running(database_url, limits=UNLIMITED) as campus:
        alice = await files(campus, tokens[0])
        await campus.quiet()
        clean = await read(campus, alice, tokens[0])
        torn = Torn(chance, monkeypatch)
        others = await asyncio.gather(*(files(campus, token) for token in tokens[1:]))
        await campus.quiet()
        assert torn.repeated
        assert torn.junk
        assert torn.unknown
        for other, token in zip(others, tokens[1:], strict=True):
            assert await read(campus, other, token) == clean
        async with campus.app.database.reading() as session:
            assert await session.scalar(select(func.count()).select_from(Ticket)) == students + 1
            kept = [
                words.content["text"]
                for words in await session.scalars(select(Words).where(Words.side == Side.STUDENT))
            ]
            assert sorted(kept) == sorted(f"{token} {token[::-1]}" for token in tokens)
            states = list(await session.scalars(select(Incoming.state)))
        assert states.count(Handling.SET_ASIDE) == torn.junk
        assert states.count(Handling.WAITING) == 0
        listed = await aside.listed(campus.app.settings)
        assert len(listed) == torn.junk
        count, sealed, strange = await aside.again(campus.app.settings, [])
        assert (count, sealed, strange) == (torn.junk, 0, [])
        campus.app.worker.wake()
        await campus.quiet()
        assert len(await aside.listed(campus.app.settings)) == torn.junk, "nothing was mended: they are aside again"
