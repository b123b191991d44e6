"""What becomes of a sealed report: sent, delivered, acknowledged, asked about, closed (`cases.py` says who may).

sent ─▶ acknowledged (within one working day; reminded before and after) ─▶ closed with an outcome ─▶ destroyed
 │           ▲ asking back and closing acknowledge it as well
 └ nobody may read it yet: it waits, the reporter knows, those who can change that are told
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from models import cases, sealed
from models.cases import Case, CaseState, Report, Said, Told
from models.errors import Refusal
from models.house import House
from models.outbox import Lane
from models.people import Person, Role
from models.words import Content

OUTCOMES = ("founded", "unfounded", "passed_on")


async def file(session: AsyncSession, report: Report, reporter: Person, house: House, now: datetime) -> Case:
    """A student reports somebody of the staff; where nobody may read it yet, it waits. Raises Refusal without words."""
    if not report.contents:
        raise Refusal("draft.empty")
    case, _ = await cases.write(session, report, reporter, house, now)
    there = await deliver(session, case, house, now)
    await to_reporter(
        session, case, "case.receipt" if there else "case.receipt_waiting", house, now, due=case.due.isoformat()
    )
    return case


async def deliver(session: AsyncSession, case: Case, house: House, now: datetime) -> bool:
    """Bring a case to those who may read it. False while there is nobody: they are told that something waits."""
    places = await cases.chats(session, case, house.vault)
    if not places:
        await _something_waits(session, case, house, now)
        return False
    for chat_id in places:
        await show(session, case, chat_id, house, now)
    case.delivered = True
    return True


async def deliver_later(session: AsyncSession, case: Case, house: House, now: datetime) -> None:
    """The same for one that has waited: the reporter was told so, and is told now. One that was delivered, and may be
    read nowhere any more because the supervisors' group has moved or nobody is named, waits again.
    """
    if case.delivered:
        if not await cases.chats(session, case, house.vault):
            await _something_waits(session, case, house, now)
    elif await deliver(session, case, house, now):
        await to_reporter(session, case, "case.delivered", house, now, due=case.due.isoformat())


async def _something_waits(session: AsyncSession, case: Case, house: House, now: datetime) -> None:
    """That a report waits for a group goes to the supervisors and the report readers in private, that it waits for the
    group to be confirmed there, and that it waits for a supervisor to be named to the report readers; not what it says.
    One that is about a supervising teacher waits for somebody whom the bot knows: nobody can be told of that.
    """
    vault = house.vault
    if cases.head_of(case, vault).supervisor:
        # Nor may a group that has yet to be confirmed show a trace of it.
        return
    named, place = await cases.somebody_named(session), await cases.room(session)
    if named and place is not None and place.chat_id is not None:
        key = f"case_room:{vault.tag('room', place.chat_id)}"
        await sealed.post(session, {"what": "gate"}, vault, now, chat_id=place.chat_id, lane=Lane.NOTICE, dedupe=key)
        return
    told = [*await cases.holding(session, Role.SUPERVISOR), *await cases.holding(session, Role.READER)]
    for person in {each.telegram_id: each for each in told}.values():
        key = f"case_waits:{case.id}:{vault.tag('waits', person.telegram_id, int(named))}"
        facts = {"what": "waits", "text": "case.waits" if named else "case.waits_for_teachers"}
        await sealed.post(session, facts, vault, now, chat_id=person.telegram_id, lane=Lane.NOTICE, dedupe=key)


async def show(
    session: AsyncSession, case: Case, chat_id: int, house: House, now: datetime, *, message_id: int | None = None
) -> None:
    """The case as it is when the courier gets to it: a card, in place of this message of the bot's if one is named."""
    facts = {"what": "card", "case": case.id, "message_id": message_id}
    await sealed.post(session, facts, house.vault, now, chat_id=chat_id)
    if message_id is None:
        facts = {"what": "below", "case": case.id}
        await sealed.post(session, facts, house.vault, now, chat_id=chat_id)


async def show_all(session: AsyncSession, case: Case, chat_id: int, house: House, now: datetime) -> None:
    """Every word of it, from the first, once more."""
    await sealed.post(session, {"what": "everything", "case": case.id}, house.vault, now, chat_id=chat_id)


async def to_reporter(
    session: AsyncSession, case: Case, text: str, house: House, now: datetime, /, **params: Any
) -> None:
    """A notice to the reporter, by the sealed way, while there is one."""
    if case.address is None:
        return
    facts = {"what": "notice", "case": case.id, "text": text, "params": params}
    await sealed.post(session, facts, house.vault, now)


async def to_handlers(
    session: AsyncSession,
    case: Case,
    text: str,
    house: House,
    now: datetime,
    /,
    *,
    but: int | None = None,
    **params: Any,
) -> None:
    """A notice wherever the case is handled, but in this chat."""
    for chat_id in await cases.chats(session, case, house.vault):
        if chat_id != but:
            facts = {"what": "notice", "case": case.id, "text": text, "params": params}
            await sealed.post(session, facts, house.vault, now, chat_id=chat_id, lane=Lane.NOTICE)


# ---------------------------------------------------------------- what supervisors do


async def acknowledge(
    session: AsyncSession, case: Case, supervisor: Person, chat_id: int, house: House, now: datetime
) -> None:
    """Somebody has it. Raises Refusal when it is acknowledged or closed."""
    if case.state is not CaseState.SENT:
        raise Refusal("case.acknowledged_already", code=case.code)
    await _acknowledged(session, case, supervisor, chat_id, house, now)
    await to_reporter(session, case, "case.acknowledged", house, now)


async def _acknowledged(
    session: AsyncSession, case: Case, supervisor: Person, chat_id: int, house: House, now: datetime
) -> None:
    case.state = CaseState.ACKNOWLEDGED
    await cases.keep(session, case, Said.STEP, supervisor.name, {"type": "acknowledged"}, house.vault, now)
    await to_handlers(session, case, "case.somebody_has_it", house, now, but=chat_id, name=supervisor.name)


async def ask(
    session: AsyncSession, case: Case, supervisor: Person, chat_id: int, content: Content, house: House, now: datetime
) -> None:
    """Words to the reporter. Raises Refusal when it is closed, and when the reporter was forgotten."""
    _must_be_open(case)
    if case.address is None:
        raise Refusal("case.nobody_there", code=case.code)
    if case.state is CaseState.SENT:
        await _acknowledged(session, case, supervisor, chat_id, house, now)
    number = await cases.keep(session, case, Said.SUPERVISOR, supervisor.name, content, house.vault, now)
    await sealed.post(session, {"what": "words", "case": case.id, "words": [number]}, house.vault, now)
    await _others_see(session, case, number, chat_id, house, now)


async def note(
    session: AsyncSession, case: Case, supervisor: Person, chat_id: int, content: Content, house: House, now: datetime
) -> None:
    """Something for those who handle it."""
    number = await cases.keep(session, case, Said.NOTE, supervisor.name, content, house.vault, now)
    await _others_see(session, case, number, chat_id, house, now)


async def _others_see(
    session: AsyncSession, case: Case, number: int, chat_id: int, house: House, now: datetime
) -> None:
    for other in await cases.chats(session, case, house.vault):
        if other != chat_id:
            facts = {"what": "words", "case": case.id, "words": [number]}
            await sealed.post(session, facts, house.vault, now, chat_id=other)


async def close(
    session: AsyncSession,
    case: Case,
    supervisor: Person,
    chat_id: int,
    outcome: str,
    words: str,
    house: House,
    now: datetime,
) -> None:
    """How it ended and why; the reporter is told both. Raises Refusal when it is closed."""
    assert outcome in OUTCOMES
    _must_be_open(case)
    case.state, case.closed_at = CaseState.CLOSED, now
    content = {"type": outcome, "text": words}
    await cases.keep(session, case, Said.STEP, supervisor.name, content, house.vault, now)
    await to_reporter(session, case, f"case.outcome.{outcome}", house, now, words=words)
    await to_handlers(session, case, "case.somebody_closed_it", house, now, but=chat_id, name=supervisor.name)


def _must_be_open(case: Case) -> None:
    if case.state is CaseState.CLOSED:
        raise Refusal("case.closed", code=case.code)


# ---------------------------------------------------------------- what the reporter does


async def add(session: AsyncSession, case: Case, contents: Sequence[Content], house: House, now: datetime) -> None:
    """The reporter says more. Raises Refusal when it is closed."""
    _must_be_open(case)
    numbers = [await cases.keep(session, case, Said.REPORTER, "", c, house.vault, now) for c in contents]
    for chat_id in await cases.chats(session, case, house.vault):
        facts = {"what": "words", "case": case.id, "words": numbers}
        await sealed.post(session, facts, house.vault, now, chat_id=chat_id)


# ---------------------------------------------------------------- what time does


async def open_ones(session: AsyncSession) -> list[Case]:
    """Every case that is not closed."""
    return list(await session.scalars(select(Case).where(Case.state != CaseState.CLOSED).order_by(Case.id)))


async def room_confirmed(session: AsyncSession, house: House, now: datetime) -> None:
    """The supervisors' group has been confirmed: what waits is delivered, what is under way is shown there."""
    for case in await open_ones(session):
        if cases.head_of(case, house.vault).supervisor:
            continue
        if case.delivered:
            await deliver(session, case, house, now)
        else:
            await deliver_later(session, case, house, now)


async def remind(session: AsyncSession, case: Case, house: House, now: datetime) -> None:
    """The time to acknowledge it is nearly over, or over: said once each, wherever it is handled."""
    if case.state is not CaseState.SENT:
        return
    if now >= case.due:
        level, text = Told.OVERDUE, "case.overdue"
    elif now >= house.calendar.subtract(case.due, house.general.warn_before):
        level, text = Told.WARNED, "case.warned"
    else:
        return
    if case.told < level and case.delivered:
        await to_handlers(session, case, text, house, now, due=case.due.isoformat())
        case.told = level


async def destroy_old(session: AsyncSession, house: House, now: datetime) -> int:
    """What was said about cases closed long enough ago goes for good, with every way to their reporters, and so does
    what could not be delivered of it. Returns how many.
    """
    rows = list(await session.scalars(select(Case).where(Case.head != b"", Case.closed_at <= now - house.forget_after)))
    for case in rows:
        await cases.destroy(session, case)
    if rows:
        await sealed.drop(session, {case.id for case in rows}, house.vault)
    return len(rows)
