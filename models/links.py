"""Deep links that the bot itself has made: `https://t.me/<bot>?start=<payload>`, at most 64 of A-Za-z0-9_-.

Each is signed under the key outside the database. One that only names a station holds for ever; one that also proves
that its reader has seen the campus code ends on a day, and earlier when the code does.

    p_<station>_<mac>                        a place
    c_<station>_<rotation>_<last day>_<mac>  a place, and the campus code

Station keys hold no underscore, and what a MAC holds of them comes last.
"""

from __future__ import annotations

import base64
import secrets
from dataclasses import dataclass
from datetime import date, datetime

from models.vault import Vault

LONGEST = 64
MAC_BYTES = 16
DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"


@dataclass(frozen=True)
class Link:
    """What a link of ours says: where, and with `rotation` that the campus code of that rotation was seen."""

    station: str
    rotation: int | None = None
    last_day: date | None = None


def payload(link: Link, vault: Vault) -> str:
    """The link as Telegram passes it on."""
    if link.rotation is None or link.last_day is None:
        signed = f"p_{link.station}"
    else:
        signed = f"c_{link.station}_{_short(link.rotation)}_{_short(link.last_day.toordinal())}"
    text = f"{signed}_{_mac(signed, vault)}"
    if len(text) > LONGEST:
        raise ValueError(f"the link for {link.station!r} is too long")
    return text


def read(text: str, vault: Vault, now: datetime) -> Link | None:
    """What this link says; None for one that is not ours, was changed, or has ended."""
    kind, _, rest = text.partition("_")
    parts = rest.split("_", 1 if kind == "p" else 3)
    if len(text) > LONGEST or len(parts) != {"p": 2, "c": 4}.get(kind):
        return None
    signed, mac = "_".join([kind, *parts[:-1]]), parts[-1]
    if not secrets.compare_digest(mac.encode(), _mac(signed, vault).encode()):
        return None
    if kind == "p":
        return Link(parts[0])
    last_day = date.fromordinal(int(parts[2], 36))
    return Link(parts[0], int(parts[1], 36), last_day) if now.date() <= last_day else None


def _mac(signed: str, vault: Vault) -> str:
    raw = bytes.fromhex(vault.tag("link", signed))[:MAC_BYTES]
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def _short(number: int) -> str:
    digits = ""
    while number or not digits:
        number, at = divmod(number, len(DIGITS))
        digits = DIGITS[at] + digits
    return digits
