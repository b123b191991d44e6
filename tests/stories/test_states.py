"""Every state of every conversation has somebody listening, and /cancel leads out of it."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterator

import pytest
from aiogram.fsm.state import State, StatesGroup

import handlers
from handlers.union import unheard
from models import conversations
from models.conversations import Standing
from tests.campus import UNLIMITED, Campus, running

STAFF_GROUPS = {"Asking", "Wording", "Recording"}
"""Conversations of a group's chat; the others are private."""
BOT = 700000


def groups() -> list[type[StatesGroup]]:
    found: list[type[StatesGroup]] = []
    for module in pkgutil.walk_packages(handlers.__path__, "handlers."):
        values = vars(importlib.import_module(module.name)).values()
        found += [v for v in values if isinstance(v, type) and issubclass(v, StatesGroup) and v is not StatesGroup]
    return sorted(set(found), key=lambda g: g.__name__)


def states() -> Iterator[State]:
    for group in groups():
        yield from group.__states__


STATES = [state for state in states() if state.state]


def test_there_are_states_to_look_at() -> None:
    assert len(STATES) > 10
    assert {g.__name__ for g in groups()} >= STAFF_GROUPS


def test_every_dialogue_of_the_union_says_what_it_cannot_use() -> None:
    """Also alone with the bot, where a picture would otherwise begin a ticket."""
    assert set(unheard.UNION) == {group for group in groups() if group.__module__.startswith("handlers.union.")}


async def put(campus: Campus, chat: int, user: int, state: str) -> None:
    """As if this person were in the middle of it, with nothing collected yet."""
    await keep(campus, user, Standing(state, {"ticket": 1}), chat=chat)


async def keep(campus: Campus, user: int, standing: Standing, *, chat: int | None = None) -> None:
    """As if this person stood there, in this chat or alone with the bot."""
    key, vault = conversations.key_of(BOT, chat or user, user), campus.app.toolbox.house.vault
    async with campus.app.database.transaction() as session:
        before = await conversations.read(session, key, vault)
        await conversations.write(session, key, before, standing, vault, campus.clock())


async def state_of(campus: Campus, chat: int, user: int) -> str | None:
    async with campus.app.database.reading() as session:
        key = f"chat:{BOT}:{chat}:{user}"
        return (await conversations.read(session, key, campus.app.toolbox.house.vault)).state


@pytest.mark.rehearsal
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_cancel_leads_out_of_every_state(database_url: str) -> None:
    async with running(database_url, limits=UNLIMITED) as campus:
        t = campus.t("en")
        alice = await campus.student("Alice")
        await campus.files(alice, "The tap in the bathroom drips all night")
        for state in STATES:
            assert state.state
            if state.state.split(":")[0] in STAFF_GROUPS:
                place, person, said = campus.office, campus.admin, t.plain("desk.cancelled")
                await put(campus, place.id, person.id, state.state)
                await person.says("/cancel", chat=place)
                await person.reads(said, chat=place)
                assert await state_of(campus, place.id, person.id) is None, state.state
            else:
                await put(campus, alice.id, alice.id, state.state)
                await alice.says("/cancel")
                await alice.reads(t.plain("cancel.done"))
                assert await state_of(campus, alice.id, alice.id) is None, state.state


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_words_are_answered_in_every_private_state(database_url: str) -> None:
    async with running(database_url, limits=UNLIMITED) as campus:
        t = campus.t("en")
        alice = await campus.student("Alice")
        await campus.files(alice, "The tap in the bathroom drips all night")
        for state in STATES:
            assert state.state
            if state.state.split(":")[0] in STAFF_GROUPS:
                continue
            await put(campus, alice.id, alice.id, state.state)
            await alice.says("hello there")
            answer = await alice.reads("")
            assert answer.text != t.plain("unknown.command"), state.state
            assert "went wrong" not in answer.text, state.state
