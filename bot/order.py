"""The buttons of good order: appeals against a mute, what is decided on them, and who is not heard."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from bot.keyboards import Press, button, keyboard
from bot.texts import Texts

A_ROW = 4


@dataclass(frozen=True)
class Order(Press, prefix="zo"):
    """A step about a mute: appeal, which bears no number; lift, keep below an appeal; free below the list."""

    act: str
    mute: int = 0


def appeal(t: Texts, ticket_id: int = 0) -> dict[str, Any]:
    """Under the notice of a mute; it names no ticket."""
    del ticket_id
    return keyboard([[button(t.plain("appeal.do"), Order("appeal"))]])


def decision(t: Texts, mute: int) -> dict[str, Any]:
    """For whoever looks at an appeal."""
    return keyboard(
        [[button(t.plain("appeal.lift"), Order("lift", mute)), button(t.plain("appeal.keep"), Order("keep", mute))]]
    )


def lifting(t: Texts, mutes: Sequence[int]) -> dict[str, Any] | None:
    """Below the list of those who are not heard; None when there is nobody."""
    buttons = [button(t.plain("blocked.lift", which=number), Order("free", number)) for number in mutes]
    return keyboard([buttons[i : i + A_ROW] for i in range(0, len(buttons), A_ROW)]) if buttons else None
