"""A sealed report (举报) about somebody of the staff: its own tables, so that no list, search, figure or export of the
union's can meet it (mission.md, measure 9).

What is written, whom it is about, who gave their name, what supervisors did with it: all of it is sealed under a key of
its own. A copy of the database tells that there are cases, when each came in and whether it is closed. The reporter is
reached and recognised as an anonymous requester is (`requesters.py`), whether or not they gave their name: a case looks
the same for both. How it goes on stands in `casework.py`.

Who may read a case is asked at every moment anew:

    about staff                     the supervisors, in their group, once one of them has confirmed it
    about a supervising teacher     every other supervisor, each in private; where there is none, the report readers;
                                    of both only who was it when the report came, and whom config.toml names

Some days after a case was closed everything that was said about it is destroyed, and then nobody may read it.
"""

from __future__ import annotations

import enum
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, LargeBinary, delete, or_, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from models import permissions, sealed, stations
from models.base import Base, Key, one_of
from models.calendar import Span
from models.errors import Refusal
from models.house import SUPERVISORS, House
from models.outbox import Outgoing
from models.people import Grant, Person, Role
from models.permissions import Deed, Who
from models.requesters import CHAT_BYTES, LANGUAGE_BYTES, Reached
from models.stations import Station
from models.vault import Vault
from models.words import Content

ALPHABET = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"
CODE_LENGTH = 4
ACKNOWLEDGED_WITHIN = Span(days=1)
"""mission.md, measure 9."""


class CaseState(enum.StrEnum):
    """How far a case is."""

    SENT = "sent"
    ACKNOWLEDGED = "acknowledged"
    CLOSED = "closed"


class Told(enum.IntEnum):
    """What has been said about the time to acknowledge it."""

    NOTHING = 0
    WARNED = 1
    OVERDUE = 2


class Case(Base):
    """One report."""

    __tablename__ = "cases"

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    code: Mapped[str] = mapped_column(unique=True)
    """What people see of its number, as R-7F3K: drawn by lot, so that nobody learns how many there are."""
    state: Mapped[CaseState] = mapped_column(one_of(CaseState))
    version: Mapped[int] = mapped_column()
    filed_at: Mapped[datetime]
    due: Mapped[datetime]
    """When it is to be acknowledged."""
    told: Mapped[int] = mapped_column(default=0)
    delivered: Mapped[bool] = mapped_column(default=False)
    """Whether it is on its way to somebody who may read it; until then it waits here."""
    closed_at: Mapped[datetime | None]
    head: Mapped[bytes] = mapped_column(LargeBinary)
    """Sealed: `about`, `supervisor`, `recused` (a Telegram id), `name` (of a reporter who gave it); empty once
    everything about it is destroyed.
    """
    salt: Mapped[str | None]
    owner_tag: Mapped[str | None]
    address: Mapped[bytes | None] = mapped_column(LargeBinary)

    __mapper_args__ = {"version_id_col": version}  # noqa: RUF012  (SQLAlchemy declares it so)
    __table_args__ = (Index("ix_cases_state", "state"),)


class CaseWords(Base):
    """One thing said about a case or done to it; who, when and what stand inside."""

    __tablename__ = "case_words"

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    case_id: Mapped[int] = mapped_column(ForeignKey("cases.id"), index=True)
    sealed: Mapped[bytes] = mapped_column(LargeBinary)


class CaseRoom(Base):
    """A group in which a supervisor has said that nobody else reads along. An admin binds the supervisors' group; what
    is sealed from admins is not shown in it on an admin's word.
    """

    __tablename__ = "case_rooms"

    chat_tag: Mapped[str] = mapped_column(primary_key=True)
    confirmed_by_id: Mapped[int] = mapped_column(ForeignKey("people.id"))
    confirmed_at: Mapped[datetime]


class Said(enum.StrEnum):
    """What a line of a case is."""

    REPORTER = "reporter"
    SUPERVISOR = "supervisor"
    NOTE = "note"
    STEP = "step"


@dataclass(frozen=True)
class Line:
    """One of a case's words, opened."""

    id: int
    said: Said
    at: datetime
    by: str
    """The supervisor's name; empty for the reporter."""
    content: Content
    """As in `words.Content`; of a step `type` is what was done."""


@dataclass(frozen=True)
class Head:
    """Whom a case is about and who reports."""

    about: str
    supervisor: bool = False
    """It is about a supervising teacher."""
    recused: int | None = None
    """That teacher's Telegram id; None when they are not on the list."""
    name: str | None = None
    """The reporter's, when they gave it."""


@dataclass(frozen=True)
class Report:
    """What a student is about to send."""

    head: Head
    contents: Sequence[Content]


# ---------------------------------------------------------------- reading


async def by_code(session: AsyncSession, code: str) -> Case:
    """The case with this code. Raises Refusal when there is none."""
    case: Case | None = await session.scalar(select(Case).where(Case.code == code.upper()))
    if case is None:
        raise Refusal("case.unknown")
    return case


def head_of(case: Case, vault: Vault) -> Head:
    """Whom it is about."""
    return Head(**sealed.unseal(case.head, f"head:{case.code}", vault))


def is_destroyed(case: Case) -> bool:
    """Whether nothing is left of it but its code, its times and how far it came."""
    return not case.head


async def destroy(session: AsyncSession, case: Case) -> None:
    """Nobody can read it any more, and nobody can be told: words, names and keys go."""
    await session.execute(delete(CaseWords).where(CaseWords.case_id == case.id))
    case.head = b""
    case.salt = case.owner_tag = case.address = None


async def lines_of(session: AsyncSession, case: Case, vault: Vault) -> list[Line]:
    """Everything said and done, in order."""
    rows = await session.scalars(select(CaseWords).where(CaseWords.case_id == case.id).order_by(CaseWords.id))
    return [_opened(row, case, vault) for row in rows]


def _opened(row: CaseWords, case: Case, vault: Vault) -> Line:
    facts = sealed.unseal(row.sealed, f"words:{case.code}", vault)
    at = datetime.fromisoformat(facts["at"])
    return Line(row.id, Said(facts["said"]), at, facts["by"], facts["content"])


async def keep(
    session: AsyncSession, case: Case, said: Said, by: str, content: Content, vault: Vault, now: datetime
) -> int:
    """Write one line down, sealed. Returns its number."""
    facts: dict[str, Any] = {"said": said, "at": now.isoformat(), "by": by, "content": dict(content)}
    row = CaseWords(case_id=case.id, sealed=sealed.seal(facts, f"words:{case.code}", vault))
    session.add(row)
    await session.flush()
    return row.id


# ---------------------------------------------------------------- the reporter


async def write(
    session: AsyncSession, report: Report, reporter: Person, house: House, now: datetime
) -> tuple[Case, list[int]]:
    """Keep a report under a code of its own; nothing of the reporter stays in the open."""
    vault, salt = house.vault, secrets.token_hex(16)
    code = await _new_code(session)
    plain = reporter.telegram_id.to_bytes(CHAT_BYTES, "big", signed=True)
    plain += reporter.language.encode().ljust(LANGUAGE_BYTES)
    case = Case(
        code=code,
        state=CaseState.SENT,
        filed_at=now,
        due=house.calendar.add(now, ACKNOWLEDGED_WITHIN),
        head=sealed.seal(vars(report.head), f"head:{code}", vault),
        salt=salt,
        owner_tag=_tag(salt, reporter.telegram_id, vault),
        address=vault.apart("case").seal(plain, f"address:{salt}"),
    )
    session.add(case)
    await session.flush()
    return case, [await keep(session, case, Said.REPORTER, "", content, vault, now) for content in report.contents]


async def _new_code(session: AsyncSession) -> str:
    while True:
        code = "".join(secrets.choice(ALPHABET) for _ in range(CODE_LENGTH))
        if await session.scalar(select(Case.id).where(Case.code == code)) is None:
            return code


def _tag(salt: str, telegram_id: int, vault: Vault) -> str:
    return vault.apart("case").tag("owner", salt, telegram_id)


def is_of(case: Case, person: Person, vault: Vault) -> bool:
    """Whether this person sent it; asked only about somebody who is speaking right now."""
    if case.salt is None or case.owner_tag is None:
        return False
    return secrets.compare_digest(case.owner_tag, _tag(case.salt, person.telegram_id, vault))


async def of_reporter(session: AsyncSession, person: Person, vault: Vault) -> list[Case]:
    """The cases this person sent and can still be told about, the newest first."""
    rows = await session.scalars(select(Case).where(Case.owner_tag.is_not(None)).order_by(Case.id.desc()))
    return [case for case in rows if is_of(case, person, vault)]


async def open_of_reporter(session: AsyncSession, person: Person, vault: Vault) -> list[Case]:
    """Those of them that more can be said to: where a supervisor's words wait for an answer first, then the newest."""
    rows = await session.scalars(
        select(Case).where(Case.owner_tag.is_not(None), Case.state != CaseState.CLOSED).order_by(Case.id.desc())
    )
    mine = [case for case in rows if is_of(case, person, vault)]
    asked = {case.id: await _waits_for_reporter(session, case, vault) for case in mine}
    return sorted(mine, key=lambda case: not asked[case.id])


async def _waits_for_reporter(session: AsyncSession, case: Case, vault: Vault) -> bool:
    lines = await lines_of(session, case, vault)
    said = [line.said for line in lines if line.said in (Said.REPORTER, Said.SUPERVISOR)]
    return said[-1:] == [Said.SUPERVISOR]


async def without_reporter(session: AsyncSession, person: Person, vault: Vault) -> list[int]:
    """Whoever sent them wants to be forgotten: their name and every way to them go. What they reported stays with those
    who look into it: it is about somebody else, and nobody shall be pressed into taking it back. Returns the cases.
    """
    mine = await of_reporter(session, person, vault)
    for case in mine:
        head = replace(head_of(case, vault), name=None)
        case.head = sealed.seal(vars(head), f"head:{case.code}", vault)
        case.salt = case.owner_tag = case.address = None
    return [case.id for case in mine]


async def without_handler(session: AsyncSession, name: str, nobody: str, vault: Vault) -> None:
    """What a former supervisor of this name did with cases stays, without the name."""
    for case in await session.scalars(select(Case)):
        for row in await session.scalars(select(CaseWords).where(CaseWords.case_id == case.id)):
            facts = sealed.unseal(row.sealed, f"words:{case.code}", vault)
            if facts["by"] == name:
                row.sealed = sealed.seal(facts | {"by": nobody}, f"words:{case.code}", vault)


def reach(case: Case, vault: Vault) -> Reached | None:
    """The reporter's chat and language; None once the keys are destroyed."""
    if case.address is None or case.salt is None:
        return None
    plain = vault.apart("case").open(case.address, f"address:{case.salt}")
    return Reached(
        int.from_bytes(plain[:CHAT_BYTES], "big", signed=True),
        plain[CHAT_BYTES : CHAT_BYTES + LANGUAGE_BYTES].decode().rstrip(),
    )


async def addressee(session: AsyncSession, row: Outgoing, vault: Vault) -> int | None:
    """Where a sealed letter without a chat goes: to the reporter of its case."""
    case = await session.get(Case, sealed.facts_of(row, vault)["case"])
    reached = reach(case, vault) if case is not None else None
    return reached.chat_id if reached else None


# ---------------------------------------------------------------- who may read


async def holding(session: AsyncSession, role: Role, since: datetime | None = None) -> list[Person]:
    """Those who hold a role now and whom the bot knows, by name; with `since` only those who have held it from then on,
    and whom config.toml names.
    """
    held = select(Grant.telegram_id).where(Grant.role == role, Grant.taken_back_at.is_(None))
    if since is not None:
        held = held.where(or_(Grant.given_by.is_(None), Grant.given_at <= since))
    rows = await session.scalars(select(Person).where(Person.telegram_id.in_(held)).order_by(Person.name, Person.id))
    return list(rows)


async def somebody_named(session: AsyncSession) -> bool:
    """Whether the union has named any supervisor at all."""
    found = await session.scalar(
        select(Grant.id).where(Grant.role == Role.SUPERVISOR, Grant.taken_back_at.is_(None)).limit(1)
    )
    return found is not None


async def confidants(session: AsyncSession, case: Case, head: Head) -> list[Person]:
    """Who reads a case about a supervising teacher, each in private: the others, or else the report readers.

    Only those who were it when the case was filed, and whom config.toml names: whom it is about gives roles too.
    """
    others: list[Person] = []
    for role in (Role.SUPERVISOR, Role.READER):
        others = others or [p for p in await holding(session, role, case.filed_at) if p.telegram_id != head.recused]
    return others


async def room(session: AsyncSession) -> Station | None:
    """The supervisors' group; None while none is bound."""
    place = await stations.by_key(session, SUPERVISORS)
    return place if place is not None and place.chat_id is not None else None


async def is_confirmed(session: AsyncSession, chat_id: int, vault: Vault) -> bool:
    """Whether a supervisor has said that only supervisors read in this group."""
    return await session.get(CaseRoom, _room_tag(chat_id, vault)) is not None


def _room_tag(chat_id: int, vault: Vault) -> str:
    return vault.apart("case").tag("room", chat_id)


async def confirm_room(session: AsyncSession, chat_id: int, supervisor: Person, vault: Vault, now: datetime) -> None:
    """A supervisor says so. Raises Refusal for another group."""
    place = await room(session)
    if place is None or place.chat_id != chat_id:
        raise Refusal("case.unknown")
    if not await is_confirmed(session, chat_id, vault):
        session.add(CaseRoom(chat_tag=_room_tag(chat_id, vault), confirmed_by_id=supervisor.id, confirmed_at=now))
        await session.flush()


async def readers_room(session: AsyncSession, vault: Vault) -> int | None:
    """The chat in which supervisors read reports about staff now; None while no group is bound, none of them has
    confirmed it, or nobody is named a supervisor.
    """
    place = await room(session)
    if place is None or place.chat_id is None or not await is_confirmed(session, place.chat_id, vault):
        return None
    return place.chat_id if await somebody_named(session) else None


async def chats(session: AsyncSession, case: Case, vault: Vault) -> list[int]:
    """Where this case may be shown now."""
    if is_destroyed(case):
        return []
    head = head_of(case, vault)
    if head.supervisor:
        return [person.telegram_id for person in await confidants(session, case, head)]
    chat_id = await readers_room(session, vault)
    return [] if chat_id is None else [chat_id]


async def standing(session: AsyncSession, case: Case, person: Person, chat_id: int, vault: Vault) -> frozenset[Who]:
    """What somebody is to this case in this chat; nothing where it may not be shown to them now."""
    alone, found = chat_id == person.telegram_id, set()
    if alone and is_of(case, person, vault):
        found.add(Who.REPORTER)
    if chat_id in await chats(session, case, vault):
        if alone:
            found.add(Who.CONFIDANT)
        elif not head_of(case, vault).supervisor:
            found |= await permissions.standing(session, person, await room(session))
    return frozenset(found)


async def must_handle(session: AsyncSession, case: Case, person: Person | None, chat_id: int, vault: Vault) -> Person:
    """The person, who may see this case and act on it in this chat. For everybody else, in every other chat, it does
    not exist: they learn nothing from the Refusal, not even that they are the one it is about.
    """
    who = await standing(session, case, person, chat_id, vault) if person is not None else frozenset()
    permissions.must(Deed.REPORT_HANDLE, who)
    assert person is not None
    return person
