"""The buttons with which a ticket is followed closely: its whole timeline, who can read it, taking words back, and a
new ticket that goes on from it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from bot.keyboards import Mine, Press, button, keyboard
from bot.texts import Texts


@dataclass(frozen=True)
class Look(Press, prefix="nl"):
    """On one's own ticket: who, past (with a page), retract, retract_sure, again."""

    act: str
    ticket: int
    page: int = 0


@dataclass(frozen=True)
class Past(Press, prefix="nh"):
    """A page of a ticket's history in a station's chat, the newest being 0."""

    ticket: int
    page: int


@dataclass(frozen=True)
class Back(Press, prefix="nb"):
    """The matter of this ticket, which has just been dealt with, is back."""

    ticket: int


def _turn(t: Texts, press: Any, page: int, last: int) -> list[dict[str, Any]]:
    """Back to what was earlier and on to what was later; page 0 is the newest."""
    turn = []
    if page < last:
        turn.append(button(t.plain("past.earlier"), press(page + 1)))
    if page > 0:
        turn.append(button(t.plain("past.later"), press(page - 1)))
    return turn


def history(t: Texts, ticket_id: int, page: int, last: int) -> dict[str, Any]:
    """Below a ticket's history in a station's chat: it is brought up to date where it stands."""
    renew = button(t.plain("past.renew"), Past(ticket_id, 0))
    return keyboard([_turn(t, lambda page: Past(ticket_id, page), page, last), [renew]])


def timeline(t: Texts, ticket_id: int, page: int, last: int) -> dict[str, Any]:
    """Below a student's own timeline."""
    back = button(t.plain("own.back_to", number=ticket_id), Mine("view", ticket_id))
    return keyboard([_turn(t, lambda page: Look("past", ticket_id, page), page, last), [back]])


def looks(t: Texts, ticket_id: int, *, retracts: bool, goes_on: bool) -> list[list[dict[str, Any]]]:
    """The rows of a ticket's screen that look closer."""

    def look(act: str) -> dict[str, Any]:
        return button(t.plain(f"own.{act}"), Look(act, ticket_id))

    return [
        [look("again")] if goes_on else [],
        [look("past"), look("who")],
        [look("retract")] if retracts else [],
    ]


def retract_sure(t: Texts, ticket_id: int) -> dict[str, Any]:
    """Really take it back?"""
    return keyboard(
        [
            [button(t.plain("own.retract_yes"), Look("retract_sure", ticket_id))],
            [button(t.plain("nav.back"), Mine("view", ticket_id))],
        ]
    )
