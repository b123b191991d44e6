"""Keyboards of who may come in, of a place one was led to, of one's own data, and of being forgotten."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from bot.keyboards import Go, Press, button, keyboard
from bot.menus import way_on
from bot.texts import Texts


@dataclass(frozen=True)
class Here(Press, prefix="ah"):
    """Begin a ticket at this station, to which a poster led."""

    station: str


@dataclass(frozen=True)
class Own(Press, prefix="ao"):
    """What somebody does with what is kept about them: data, forget, forget_sure."""

    act: str


@dataclass(frozen=True)
class Number(Press, prefix="an"):
    """At the door: another student number."""

    again: bool


def led_here(t: Texts, station: str, *, drafting: bool) -> dict[str, Any]:
    """For somebody known whom a poster has led to a station."""
    rows = [[button(t.plain("link.begin"), Here(station))], [button(t.plain("home.mine"), Go("mine"))]]
    return keyboard([*rows, [way_on(t, drafting)]])


def outside(t: Texts, *, number: bool = False) -> dict[str, Any]:
    """While the code is asked for: what can be done without it."""
    other = [button(t.plain("access.other_number"), Number(True))] if number else []
    return keyboard(
        [
            other,
            [button(t.plain("home.language"), Go("language")), button(t.plain("home.help"), Go("help"))],
            [button(t.plain("home.privacy"), Go("privacy"))],
        ]
    )


def privacy(t: Texts, *, back: bool, drafting: bool) -> dict[str, Any]:
    """Below what is kept: have it, or have it erased."""
    own = [button(t.plain("privacy.mydata"), Own("data")), button(t.plain("privacy.forget"), Own("forget"))]
    return keyboard([own, [way_on(t, drafting)] if back else []])


def forget_sure(t: Texts) -> dict[str, Any]:
    """Really? The way back stands first."""
    return keyboard(
        [
            [button(t.plain("forget.no"), Go("privacy"))],
            [button(t.plain("forget.data_first"), Own("data"))],
            [button(t.plain("forget.yes"), Own("forget_sure"))],
        ]
    )


def after_data(t: Texts, *, agreed: bool, drafting: bool) -> dict[str, Any]:
    """Below the files' announcement."""
    return keyboard([[button(t.plain("home.privacy"), Go("privacy"))], [way_on(t, drafting)] if agreed else []])
