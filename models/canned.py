"""Answers that are said often: those that come with the program, and those a station has written itself.

A text may leave places for what differs from ticket to ticket: {number}, {name}, {station}, {due}, {category},
{building}. What each of them says is the caller's matter; here is which there are, and who may change what.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from string import Formatter
from typing import Any

from rapidfuzz import fuzz
from sqlalchemy import ForeignKey, or_, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from models import audit, stations
from models.base import Base, Json, Key
from models.differences import Difference, Mistake
from models.errors import Refusal
from models.house import House
from models.people import Person
from models.stations import Desk, Station

PLACES = ("number", "name", "station", "due", "category", "building")
LABEL_LENGTH = 30
"""So much of a label stands whole on a button of a phone."""
TEXT_LENGTH = 1500
MOST = 60
"""More than this nobody finds again."""
ENOUGH = 60.0
"""From this score (0–100) on an answer is offered for what was typed."""


class Canned(Base):
    """One answer; `texts` maps a language to it, at least one."""

    __tablename__ = "canned"

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    station_id: Mapped[int | None] = mapped_column(ForeignKey("stations.id"))
    """None: every station's; the office writes those."""
    key: Mapped[str]
    """What it is called and found by."""
    texts: Mapped[dict[str, Any]] = mapped_column(Json)
    uses: Mapped[int] = mapped_column(default=0)


@dataclass(frozen=True)
class Answer:
    """An answer that can be chosen, wherever it comes from."""

    value: str
    """What a button carries: the name of a built-in one, or `c` and the row's number."""
    label: str
    texts: Mapping[str, str]
    uses: int = 0


def value_of(canned: Canned) -> str:
    """How a button names it; no built-in one is called so."""
    return f"c{canned.id}"


async def of(session: AsyncSession, station: Station) -> list[Canned]:
    """What this station can say, its own and everybody's, the most used first."""
    rows = await session.scalars(
        select(Canned)
        .where(or_(Canned.station_id == station.id, Canned.station_id.is_(None)))
        .order_by(Canned.uses.desc(), Canned.id)
    )
    return list(rows)


async def get(session: AsyncSession, station: Station, number: int) -> Canned:
    """One of those. Raises Refusal when it is gone, or another station's."""
    found = await session.get(Canned, number)
    if found is None or found.station_id not in (None, station.id):
        raise Refusal("canned.gone")
    return found


def owner_of(station: Station) -> int | None:
    """Whose an answer is that is written in this place's chat: the office writes for everybody."""
    return None if station.desk is Desk.OFFICE else station.id


def may_change(canned: Canned, station: Station) -> bool:
    """Whether it was written here; everybody's are changed by the office only."""
    return canned.station_id == owner_of(station)


async def save(
    session: AsyncSession,
    station: Station,
    key: str,
    texts: Mapping[str, str],
    staff: Person,
    now: datetime,
    *,
    instead: Canned | None = None,
) -> Canned:
    """Keep an answer, a new one or one in place of what it said.

    Raises Refusal for a label or a text that cannot be kept, for one that is there already, and for everybody's answer
    outside the office.
    """
    key = label(key)
    if not texts:
        raise Refusal("canned.no_text")
    kept = {language: checked(text) for language, text in texts.items()}
    others = [each for each in await of(session, station) if instead is None or each.id != instead.id]
    if any(each.key.casefold() == key.casefold() for each in others):
        raise Refusal("canned.taken", label=key)
    if instead is None:
        if sum(may_change(each, station) for each in others) >= MOST:
            raise Refusal("canned.too_many", most=MOST)
        instead = Canned(station_id=owner_of(station), key=key, texts=kept)
        session.add(instead)
        await session.flush()
        await audit.record(session, "canned_add", now, staff=staff, canned=instead.id, label=key)
    elif may_change(instead, station):
        instead.key, instead.texts = key, kept
        await audit.record(session, "canned_edit", now, staff=staff, canned=instead.id, label=key)
    else:
        raise Refusal("canned.of_all")
    return instead


async def remove(session: AsyncSession, station: Station, canned: Canned, staff: Person, now: datetime) -> None:
    """Nobody says it any more. Raises Refusal for everybody's answer outside the office."""
    if not may_change(canned, station):
        raise Refusal("canned.of_all")
    await audit.record(session, "canned_remove", now, staff=staff, canned=canned.id, label=canned.key)
    await session.delete(canned)


# ---------------------------------------------------------------- all of them at once


@dataclass(frozen=True)
class Row:
    """An answer as a file gives it; `station` is the key of an open place, None or the office's for everybody's."""

    station: str | None
    key: str
    texts: Mapping[str, str]


async def compare(session: AsyncSession, rows: Sequence[Row]) -> Difference[Row]:
    """What `replace` with these rows would do; nothing is changed."""
    places = await _places(session)
    wanted, mistakes = _checked_rows(rows, places)
    owners = {owner for owner, _ in wanted}
    held = {_name(each): each for each in await session.scalars(select(Canned).order_by(Canned.id))}
    names = {place.id: place.key for place in places.values() if owner_of(place) is not None}
    before = {
        name: Row(names.get(each.station_id or 0), each.key, each.texts)
        for name, each in held.items()
        if name[0] in owners
    }
    everybodys = {key for owner, key in (wanted if None in owners else held) if owner is None}
    for (owner, key), (i, row) in wanted.items():
        if owner is not None and key in everybodys:
            # The station would see two of one name and could change only one of them.
            mistakes.append(Mistake(i, "canned.taken", {"label": row.key}))
    for owner in owners:
        last = [i for (each, _), (i, _) in wanted.items() if each == owner][MOST:]
        if last:
            mistakes.append(Mistake(last[0], "canned.too_many", {"most": MOST}))
    after = {name: row for name, (_, row) in wanted.items()}
    same = {n for n in after if n in before and (before[n].key, before[n].texts) == (after[n].key, after[n].texts)}
    return Difference(
        added=tuple(after[n] for n in after if n not in before),
        changed=tuple((before[n], after[n]) for n in after if n in before and n not in same),
        removed=tuple(before[n] for n in before if n not in after),
        kept=tuple(after[n] for n in after if n in same),
        mistakes=tuple(sorted(mistakes, key=lambda mistake: mistake.row)),
    )


async def replace(session: AsyncSession, rows: Sequence[Row], now: datetime) -> Difference[Row]:
    """Make these the answers of the places they name; a place that none of them names keeps its own. What keeps its
    name keeps its row, and with it how often it was said.

    Raises Refusal with the first mistake; `compare` tells all of them.
    """
    found = await compare(session, rows)
    if found.mistakes:
        raise Refusal(found.mistakes[0].key, **found.mistakes[0].params)
    places = await _places(session)
    held = {_name(each): each for each in await session.scalars(select(Canned))}
    for row in found.removed:
        await session.delete(held[_owner(row, places), row.key.casefold()])
    for row in found.added:
        session.add(Canned(station_id=_owner(row, places), key=row.key, texts=dict(row.texts)))
    for _, row in found.changed:
        canned = held[_owner(row, places), row.key.casefold()]
        canned.key, canned.texts = row.key, dict(row.texts)
    await session.flush()
    counts: dict[str, Any] = {n: len(getattr(found, n)) for n in ("added", "changed", "removed", "kept")}
    await audit.record(session, "canned_replace", now, **counts)
    return found


async def _places(session: AsyncSession) -> dict[str, Station]:
    return {place.key: place for place in await stations.open_desks(session)}


def _owner(row: Row, places: Mapping[str, Station]) -> int | None:
    return None if row.station is None else owner_of(places[row.station])


def _name(canned: Canned) -> tuple[int | None, str]:
    """What tells one answer from another."""
    return canned.station_id, canned.key.casefold()


def _checked_rows(
    rows: Sequence[Row], places: Mapping[str, Station]
) -> tuple[dict[tuple[int | None, str], tuple[int, Row]], list[Mistake]]:
    """Each row as it is kept, with its number; and what is wrong with the others."""
    found: dict[tuple[int | None, str], tuple[int, Row]] = {}
    mistakes: list[Mistake] = []
    for i, row in enumerate(rows):
        try:
            key, texts = label(row.key), {language: checked(text) for language, text in row.texts.items()}
            if not texts:
                raise Refusal("canned.no_text")
        except Refusal as refusal:
            mistakes.append(Mistake(i, refusal.key, dict(refusal.params)))
            continue
        owner = _owner(row, places)
        if (owner, key.casefold()) in found:
            mistakes.append(Mistake(i, "canned.taken", {"label": key}))
        found.setdefault((owner, key.casefold()), (i, Row(None if owner is None else row.station, key, texts)))
    return found, mistakes


# ---------------------------------------------------------------- what can be kept


def label(typed: str) -> str:
    """A label as it is kept: one line. Raises Refusal when it is none."""
    line = " ".join(typed.split())
    if not 1 <= len(line) <= LABEL_LENGTH:
        raise Refusal("canned.label_length", most=LABEL_LENGTH)
    return line


def checked(text: str) -> str:
    """A text as it is kept. Raises Refusal when it is too long, or leaves a place that nothing fills."""
    text = text.strip()
    if not 1 <= len(text) <= TEXT_LENGTH:
        raise Refusal("canned.text_length", most=TEXT_LENGTH)
    known = " ".join(f"{{{name}}}" for name in PLACES)
    try:
        parts = list(Formatter().parse(text))
    except ValueError:
        raise Refusal("canned.braces", known=known) from None
    for _, name, spec, conversion in parts:
        if name is not None and (name not in PLACES or spec or conversion):
            raise Refusal("canned.unknown_place", typed=f"{{{name[:LABEL_LENGTH]}}}", known=known)
    return text


def fill(text: str, values: Mapping[str, str]) -> str:
    """The text with its places filled."""
    return "".join(
        literal + (values[name] if name is not None else "") for literal, name, _, _ in Formatter().parse(text)
    )


def found(typed: str, answers: Sequence[Answer], house: House) -> list[Answer]:
    """The answers whose label or text reads like what was typed, best first; of equal ones the more used."""
    wanted = house.fold(typed)
    if not wanted:
        return []
    scored = [(max(_score(wanted, answer, house)), answer.uses, answer) for answer in answers]
    ranked = sorted((s for s in scored if s[0] >= ENOUGH), key=lambda s: (-s[0], -s[1]))
    return [answer for _, _, answer in ranked]


def _score(wanted: str, answer: Answer, house: House) -> list[float]:
    name = house.fold(answer.label)
    # A label that begins with it is meant before one that holds it, and that before a text that does.
    scores = [fuzz.WRatio(wanted, name) * 0.9]
    if name.startswith(wanted):
        scores.append(100.0)
    elif wanted in name:
        scores.append(97.0)
    for text in answer.texts.values():
        folded = house.fold(text)
        scores.append(94.0 if wanted in folded else fuzz.partial_ratio(wanted, folded) * 0.75)
    return scores
