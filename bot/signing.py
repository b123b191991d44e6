"""The code that is shown where people come together: its picture, its digits, until when it holds."""

from __future__ import annotations

import io
from datetime import datetime

import segno

from bot.texts import Texts
from bot.untrusted import titled
from models.union import passes
from models.union.gatherings import Gathering
from models.union.passes import Way
from models.vault import Vault

SCALE, QUIET = 12, 4
"""Pixels a module, and modules of white around it, as the code's standard asks."""


def picture(gathering: Gathering, way: Way, bot: str, vault: Vault, now: datetime) -> bytes:
    """The link that is shown now as a QR code, PNG; `bot` is its name on Telegram."""
    url = f"https://t.me/{bot}?start={passes.payload(gathering, way, vault, now)}"
    out = io.BytesIO()
    segno.make(url, error="m", micro=False).save(out, kind="png", scale=SCALE, border=QUIET)
    return out.getvalue()


def caption(gathering: Gathering, way: Way, vault: Vault, t: Texts, now: datetime) -> str:
    """What stands below it: for what, the digits, and until when they hold."""
    digits = passes.code(gathering, way, vault, now)
    half = len(digits) // 2
    # What is shown now holds for one turn more; beyond that nobody is promised anything.
    until = (passes.until(now) + passes.TURN).astimezone(t.timezone)
    return t(
        f"here.code_{way.name.lower()}",
        title=titled(t.pick(gathering.titles)),
        digits=f"{digits[:half]} {digits[half:]}",
        typed=digits,
        until=f"{until:%H:%M}",
    )
