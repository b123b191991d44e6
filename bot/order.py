"""The buttons of good order: appeals against a mute, and what the office decides."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from bot.keyboards import Press, button, keyboard
from bot.texts import Texts


@dataclass(frozen=True)
class Order(Press, prefix="zo"):
    """A step about a mute: appeal, lift, keep; with its number for the office."""

    act: str
    mute: int = 0


def appeal(t: Texts, ticket_id: int = 0) -> dict[str, Any]:
    """Under the notice of a mute; it names no ticket."""
    del ticket_id
    return keyboard([[button(t.plain("appeal.do"), Order("appeal"))]])


def decision(t: Texts, mute: int) -> dict[str, Any]:
    """For the office."""
    return keyboard(
        [[button(t.plain("appeal.lift"), Order("lift", mute)), button(t.plain("appeal.keep"), Order("keep", mute))]]
    )
