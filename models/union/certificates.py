"""What says that somebody helped: the facts of a certificate, and the code by which anybody can ask whether it is
genuine.

    <the gathering's number>-XXXX-XXXX-XXXX

The code is derived from the key outside the database, the gathering, the person and their minutes: nobody can make one,
and when the hours are decided otherwise the certificate that says the old ones is genuine no more.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from models import roster
from models.errors import Refusal
from models.people import Person
from models.union import gatherings, volunteering
from models.union.gatherings import Attendance, Gathering, Part
from models.union.volunteering import VolunteerCall
from models.vault import Vault

ALPHABET = roster.ALPHABET
GROUPS, EACH = 3, 4
PREFIX = "v_"
"""Before a code in a link."""


@dataclass(frozen=True)
class Certificate:
    """What one says."""

    gathering: Gathering
    call: VolunteerCall
    number: str | None
    """The student number; None of somebody who has proved none."""
    name: str
    """As on the roster, else as they are called on Telegram; empty of somebody whose data was erased."""
    minutes: int
    confirmed_by: str | None
    confirmed_at: datetime
    code: str


async def of(session: AsyncSession, number: int, person: Person, vault: Vault) -> Certificate:
    """Somebody's certificate of this gathering. Raises Refusal while no hours are confirmed."""
    gathering, call = await volunteering.get(session, number)
    place = await gatherings.place_of(session, gathering, person)
    if place is None or not place.minutes:
        raise Refusal("certificate.none")
    return await _of(session, gathering, call, place, person, vault)


async def verified(session: AsyncSession, text: str, vault: Vault) -> Certificate | None:
    """The certificate with this code, as it is now; None for a code that is none, or holds no more."""
    typed = "".join(each for each in text.upper() if each.isalnum())
    digits, mac = typed[: -GROUPS * EACH], typed[-GROUPS * EACH :]
    if not (digits.isascii() and digits.isdigit() and len(digits) < 16):
        return None
    call = await session.get(VolunteerCall, int(digits))
    if call is None:
        return None
    gathering = await gatherings.get(session, int(digits))
    theirs = select(Attendance).where(Attendance.gathering_id == gathering.id, Attendance.minutes > 0)
    for place in (await session.scalars(theirs)).all():
        if secrets.compare_digest(mac.encode(), _mac(gathering, place, vault).encode()):
            person = await session.get_one(Person, place.person_id)
            return await _of(session, gathering, call, place, person, vault)
    return None


def code(gathering: Gathering, place: Attendance, vault: Vault) -> str:
    """The code of somebody's certificate."""
    mac = _mac(gathering, place, vault)
    return "-".join([str(gathering.id), *(mac[i : i + EACH] for i in range(0, len(mac), EACH))])


def _mac(gathering: Gathering, place: Attendance, vault: Vault) -> str:
    tag, found = int(vault.tag("certificate", gathering.id, place.person_id, place.minutes or 0), 16), ""
    for _ in range(GROUPS * EACH):
        tag, at = divmod(tag, len(ALPHABET))
        found += ALPHABET[at]
    return found


async def _of(
    session: AsyncSession, gathering: Gathering, call: VolunteerCall, place: Attendance, person: Person, vault: Vault
) -> Certificate:
    assert place.part is Part.CAME
    assert place.minutes is not None
    assert place.confirmed_at is not None
    row = await roster.of_person(session, person)
    number, name = roster.opened(row, vault) if row is not None else (None, person.name)
    by = await session.get(Person, place.confirmed_by_id) if place.confirmed_by_id is not None else None
    return Certificate(
        gathering,
        call,
        number,
        name if person.telegram_id > 0 else "",
        place.minutes,
        by.name if by is not None and by.telegram_id > 0 else None,
        place.confirmed_at,
        code(gathering, place, vault),
    )
