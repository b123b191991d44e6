"""/roles as people see it: everybody who holds one; and what one person holds, with what can be given and taken."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from bot.keyboards import Press, button, keyboard
from bot.reports import messages
from bot.texts import Texts
from bot.untrusted import inline
from models.people import Person, Role
from models.roles import Holder
from models.stations import Station

NAME_LENGTH = 40


@dataclass(frozen=True)
class Granting(Press, prefix="zg"):
    """give or take: a role, whose (their Telegram id), and a lead's place by its number, 0 for the others."""

    act: str
    whom: int
    role: str
    place: int = 0


def everybody(holders: Sequence[Holder], t: Texts, now: datetime) -> list[str]:
    """Who holds which role, given by whom and when, in as few messages as Telegram takes."""
    lines = []
    for role in Role:
        rows = [_line(each, t, now) for each in holders if each.grant.role is role]
        lines += [f"<b>{t(f'roles.{role}')}</b>", *(rows or [t("roles.nobody")]), ""]
    return [part.strip() for part in messages([*lines, t("roles.how")])]


def of(whom: Person, holders: Sequence[Holder], t: Texts, now: datetime) -> str:
    """What one person holds."""
    rows = [f"{t(f'roles.{each.grant.role}')} · {_line(each, t, now)}" for each in holders]
    return "\n".join([t("roles.person", name=_name(whom), id=whom.telegram_id), *(rows or [t("roles.holds_none")])])


def _line(holder: Holder, t: Texts, now: datetime) -> str:
    grant, place = holder.grant, holder.place
    who = _name(holder.person) if holder.person is not None else f"{grant.telegram_id}"
    if place is not None:
        who = t.plain("roles.at", name=who, station=t.pick(place.names))
    if grant.given_by is None:
        return t("roles.from_config", who=who, moment=t.stamp(grant.given_at, now))
    giver = _name(holder.giver) if holder.giver is not None else t.plain("roles.somebody")
    return t("roles.from", who=who, giver=giver, moment=t.stamp(grant.given_at, now))


def _name(person: Person) -> str:
    name = inline(person.name, NAME_LENGTH) or f"{person.telegram_id}"
    return f"{name} (@{person.username})" if person.username else name


def choices(
    whom: Person, holders: Sequence[Holder], gives: Sequence[Role], places: Sequence[Station], t: Texts
) -> dict[str, Any]:
    """A button for everything that can be given to them here, or taken back."""
    held = {(each.grant.role, each.grant.station_id or 0) for each in holders}
    fixed = {(e.grant.role, e.grant.station_id or 0) for e in holders if e.grant.given_by is None}
    # Also what is no station to choose from: closed since, or given at the machine.
    led = [each.place for each in holders if each.place is not None and each.place not in places]
    rows = []
    for role in gives:
        for place in [*places, *led] if role is Role.LEAD else [None]:
            number = place.id if place is not None else 0
            if (role, number) in fixed:
                continue
            act = "take" if (role, number) in held else "give"
            name = t.plain(f"roles.{role}")
            text = f"{name} · {t.pick(place.names)}" if place is not None else name
            rows.append([button(t.plain(f"roles.do.{act}", what=text), Granting(act, whom.telegram_id, role, number))])
    return keyboard(rows)
