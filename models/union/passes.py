"""The code that is shown where people come together: whoever types it, or opens the link behind its picture, is there.

A code holds for a few minutes and then for nobody: what was photographed and sent on is stale by the time it
arrives. It is derived from the key outside the database, so that a copy of the database makes none.

    483 920                              typed: six digits
    g_<gathering>_<way>_<turn>_<mac>     the link's payload: way i (in) or o (out)
"""

from __future__ import annotations

import enum
import secrets
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from models.union.gatherings import Gathering
from models.vault import Vault

TURN = timedelta(minutes=5)
"""A code is shown for so long, and holds for as long again: whoever is typing is not overtaken."""
DIGITS, MAC_LENGTH = 6, 20
EPOCH = datetime(2020, 1, 1, tzinfo=UTC)


class Way(enum.StrEnum):
    """Which way somebody goes."""

    IN = "i"
    OUT = "o"


class Pass(NamedTuple):
    """What a link says, and that it holds."""

    gathering: int
    way: Way


def code(gathering: Gathering, way: Way, vault: Vault, now: datetime) -> str:
    """The digits that are shown now."""
    return _digits(gathering.id, way, _turn(now), vault)


def payload(gathering: Gathering, way: Way, vault: Vault, now: datetime) -> str:
    """The link that is shown now, as Telegram passes it on; at most 64 characters."""
    return _payload(gathering.id, way, _turn(now), vault)


def way_of(text: str, gathering: Gathering, vault: Vault, now: datetime) -> Way | None:
    """Which way these digits go; None for those of another gathering, of earlier, or of nobody."""
    typed = "".join(character for character in text if character.isalnum())
    for way in Way:
        for turn in (_turn(now), _turn(now) - 1):
            if secrets.compare_digest(typed.encode(), _digits(gathering.id, way, turn, vault).encode()):
                return way
    return None


def read(text: str, vault: Vault, now: datetime) -> Pass | None:
    """What this link says; None for one that is not ours, was changed, or holds no more."""
    parts = text.split("_")
    if len(parts) != 5 or parts[0] != "g" or not parts[1].isdecimal() or parts[2] not in tuple(Way):
        return None
    number, way = int(parts[1]), Way(parts[2])
    for turn in (_turn(now), _turn(now) - 1):
        if secrets.compare_digest(text.encode(), _payload(number, way, turn, vault).encode()):
            return Pass(number, way)
    return None


def until(now: datetime) -> datetime:
    """When what is shown now is shown no more."""
    return EPOCH + (_turn(now) + 1) * TURN


def _turn(now: datetime) -> int:
    return (now - EPOCH) // TURN


def _digits(number: int, way: Way, turn: int, vault: Vault) -> str:
    return str(int(vault.tag("pass", number, way, turn), 16) % 10**DIGITS).zfill(DIGITS)


def _payload(number: int, way: Way, turn: int, vault: Vault) -> str:
    return f"g_{number}_{way}_{turn}_{vault.tag('pass-link', number, way, turn)[:MAC_LENGTH]}"
