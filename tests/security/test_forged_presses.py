"""Callback data is chosen by whoever presses: its words and numbers prove nothing (telegram.md, "Who is who")."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from itertools import cycle

import pytest

from tests.security import attacked as stage
from tests.security.attacked import Presser, attacked, kinds, literals, payloads, there

on_sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)

MAY_CHANGE: dict[Presser, set[str]] = {
    # What is theirs alone: a place in an open call, peace from surveys, and to be forgotten.
    Presser("another student", stage.BOB, stage.BOB): {"attendances", "erasures", "people", "survey_rests"},
    Presser("a staff member of another station", stage.WESTERN, stage.WEST, there()): set(),
    Presser("who is in the supervisors' group without being one", stage.BOB, stage.SUPERVISORS, there()): set(),
    Presser("who has left the group", stage.STAFF, stage.EAST, there("left")): set(),
    Presser("who was removed, a lead until then", stage.LEAD, stage.EAST, there("kicked")): set(),
    Presser("whom Telegram does not know there", stage.LEAD, stage.EAST, there("unknown")): set(),
    Presser("a student in a group of nobody's", stage.BOB, stage.STRAY, there()): set(),
    Presser("a supervisor in a group of nobody's", stage.TEACHER, stage.STRAY, there()): set(),
    # An admin seats a place anywhere: docs/permissions.md, "setup".
    Presser("an admin in a group of nobody's", stage.ADMIN, stage.STRAY, there()): {"cards", "stations"},
    Presser("the anonymous admins' shared account", 1087968824, stage.EAST, there("unknown")): set(),
    Presser("the channels' shared account", 136817688, stage.OFFICE, there("unknown")): set(),
    Presser("Telegram's own account", 777000, 777000): set(),
}
"""By docs/permissions.md: who may do nothing to what there is, and the tables in which they may change rows at all."""
GONE = {"left", "kicked", "unknown"}


def everything() -> Iterator[str]:
    """Each word of each kind of button, and what else it may carry."""
    known = literals()
    for kind in kinds():
        yield from payloads(kind, known)


def test_the_buttons_are_found() -> None:
    found = list(everything())
    assert {payload.partition(":")[0] for payload in found} == {kind.prefix for kind in kinds()}
    for known in ("d:claim:1", "zc:ack:1:-", "pub:approve:1:1:-", "zg:give:1:admin:1", "m:withdraw_sure:1:1"):
        assert known in found or known.split(":")[:2] in [each.split(":")[:2] for each in found], known


async def pressed(database_url: str, now: datetime, presses: list[tuple[Presser, str]]) -> list[str]:
    """What was wrong with what came of these presses."""
    wrong = []
    async with attacked(database_url, now) as program:
        for presser, payload in presses:
            seen = await program.gets(presser.presses(payload), presser.presence)
            what = f"{presser.name} presses {payload}"
            if seen.error is not None:
                wrong.append(f"{what}: {seen.error!r}")
            if more := seen.changed - MAY_CHANGE[presser] - {"outbox"}:
                wrong.append(f"{what}: {sorted(more)} changed")
            gone = presser.presence is not None and presser.presence.status in GONE
            own = set() if gone else {presser.chat}
            if MAY_CHANGE[presser] == set() and (there_said := {chat for chat, _ in seen.said} - own):
                wrong.append(f"{what}: something is said in {there_said}")
    return wrong


@pytest.mark.rehearsal
@on_sqlite
async def test_a_forged_press_changes_nothing(database_url: str, now: datetime) -> None:
    """Of each kind of button every second word, the pressers in turn; with all of them it takes minutes."""
    first = {tuple(payload.split(":")[:2]): payload for payload in reversed(list(everything()))}
    presses = list(zip(cycle(MAY_CHANGE), list(first.values())[::2], strict=False))
    assert len(presses) > 250
    assert await pressed(database_url, now, presses) == []


@on_sqlite
@pytest.mark.long
async def test_no_forged_press_of_anybody_changes_anything(database_url: str, now: datetime) -> None:
    every = [(presser, payload) for payload in everything() for presser in MAY_CHANGE]
    assert await pressed(database_url, now, every) == []


@on_sqlite
async def test_whoever_may_does_change_it(database_url: str, now: datetime) -> None:
    """Otherwise nothing above would mean anything: the same buttons, pressed by those whose they are."""
    staff = Presser("a staff member", stage.STAFF, stage.EAST, there())
    owner = Presser("whose it is", stage.ALICE, stage.ALICE)
    async with attacked(database_url, now) as program:
        for presser, payload, table in (
            (staff, "d:claim:1", "tickets"),
            (staff, "d:claim:2", "tickets"),
            (owner, "m:withdraw_sure:1:0", "tickets"),
            (owner, "m:withdraw_sure:2:0", "tickets"),
        ):
            seen = await program.gets(presser.presses(payload), presser.presence)
            assert seen.error is None, payload
            assert table in seen.changed, payload


@on_sqlite
async def test_nobody_s_own_posts_are_painted_over_a_group_s_card(database_url: str, now: datetime) -> None:
    """A button for those who are alone with the bot, pressed under whatever stands in a group."""
    async with attacked(database_url, now) as program:
        for presser in MAY_CHANGE:
            if presser.chat < 0:
                assert not (await program.gets(presser.presses("px:mine:1:-"), presser.presence)).said, presser.name
