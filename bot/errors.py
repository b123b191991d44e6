"""From what went wrong to what the person reads: a rule's refusal becomes its sentence, anything else an apology with
a number.
"""

from __future__ import annotations

import secrets
import traceback
from datetime import date, datetime
from pathlib import Path
from typing import Any

from bot import order
from bot.menus import LANGUAGE_NAMES
from bot.texts import Texts
from models.errors import Refusal

ALPHABET = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"
"""No letters or digits that look alike: the number is read out over the phone."""


def sentence(refusal: Refusal, t: Texts) -> str:
    """The refusal as HTML in this language; names given in several languages are picked, moments and
    days said."""
    return t(refusal.key, **_localised(refusal, t))


def plain_sentence(refusal: Refusal, t: Texts) -> str:
    """The same for the little window over a button, which knows no HTML; 200 characters at the most."""
    return t.plain(refusal.key, **_localised(refusal, t))[:200]


def in_a_group(refusal: Refusal) -> Refusal:
    """The same where several people read it: there no command opens a menu."""
    return Refusal("desk.old_button") if refusal.key == "old.button" else refusal


def way_out(refusal: Refusal, t: Texts) -> dict[str, Any] | None:
    """The button below the sentence of somebody who is not heard: they may appeal, wherever they meet it. The notice
    with the same button waits for the morning, and may never arrive. None for every other refusal.
    """
    return order.appeal(t) if refusal.key in ("mute.muted", "mute.blocked") else None


def _localised(refusal: Refusal, t: Texts) -> dict[str, object]:
    return {k: _said(v, t) for k, v in refusal.params.items()}


def _said(value: object, t: Texts) -> object:
    if isinstance(value, dict):
        return t.pick(value)
    if isinstance(value, list):
        return t.plain("survey.and").join(LANGUAGE_NAMES[each] for each in value)
    if isinstance(value, datetime):
        # It is said where nobody knows the time; which year it is goes without saying.
        return t.stamp(value, value)
    return t.full_day(value) if isinstance(value, date) else value


def incident_number() -> str:
    """A number a student can quote and the operator can find in the log and with `unionbot inbox`."""
    return "".join(secrets.choice(ALPHABET) for _ in range(6))


def where(error: BaseException) -> str:
    """The kind of a mistake and the line it came from; never its message, which may repeat what a person wrote."""
    frames = traceback.extract_tb(error.__traceback__)
    place = f"{Path(frames[-1].filename).name}:{frames[-1].lineno}" if frames else "?"
    return f"{type(error).__name__} at {place}"
