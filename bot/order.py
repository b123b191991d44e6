"""The buttons of good order: appeals against a mute, what is decided on them, and who is not heard."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from bot.keyboards import Press, button, keyboard
from bot.texts import Texts
from bot.untrusted import units

A_PAGE, A_ROW = 12, 4
PAGE_LENGTH = 3500
"""In UTF-16 code units, without the head."""


@dataclass(frozen=True)
class Order(Press, prefix="zo"):
    """A step about a mute: appeal, which bears no number; lift, keep below an appeal; free below the list."""

    act: str
    mute: int = 0


@dataclass(frozen=True)
class Unheard(Press, prefix="zu"):
    """Another page of those who are not heard."""

    page: int


def appeal(t: Texts, ticket_id: int = 0) -> dict[str, Any]:
    """Under the notice of a mute; it names no ticket."""
    del ticket_id
    return keyboard([[button(t.plain("appeal.do"), Order("appeal"))]])


def decision(t: Texts, mute: int) -> dict[str, Any]:
    """For whoever looks at an appeal."""
    return keyboard(
        [[button(t.plain("appeal.lift"), Order("lift", mute)), button(t.plain("appeal.keep"), Order("keep", mute))]]
    )


def pages(rows: Sequence[tuple[int, str]]) -> list[list[tuple[int, str]]]:
    """Mutes by number and what is said of each, a few at once; never longer than one message takes."""
    found: list[list[tuple[int, str]]] = []
    for row in rows:
        if found and len(found[-1]) < A_PAGE and sum(units(f"{r}\n") for _, r in [*found[-1], row]) <= PAGE_LENGTH:
            found[-1].append(row)
        else:
            found.append([row])
    return found


def lifting(t: Texts, mutes: Sequence[int], page: int, last: int) -> dict[str, Any] | None:
    """Below a page of those who are not heard; None when there is nobody."""
    buttons = [button(t.plain("blocked.lift", which=number), Order("free", number)) for number in mutes]
    turns = [button("‹", Unheard(page - 1))] if page > 0 else []
    turns += [button("›", Unheard(page + 1))] if page < last else []
    return keyboard([*(buttons[i : i + A_ROW] for i in range(0, len(buttons), A_ROW)), turns]) if buttons else None
