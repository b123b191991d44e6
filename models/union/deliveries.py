"""How a publication is sent: in lots, by day, to everybody it is for; what arrived is counted, and what was sent can be
corrected or withdrawn where it stands.

    approved ─▶ sending: lot after lot is written into the outbox ─▶ sent
    a correction: the same, but the messages that stand there are edited
    withdrawn: they are edited to say so, and why

What somebody has of it is kept sealed (`received.py`). What did not get through is only counted.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, ForeignKey, Select, delete, func, select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, aliased, mapped_column

from models import audit, invitations, outbox, stations
from models.base import Base
from models.errors import Refusal
from models.house import House
from models.outbox import A_SECOND, Lane, Repeat, Sending
from models.people import Person
from models.stations import Desk, Station
from models.union import publications, received
from models.union.publications import NOTE_LENGTH, OUT, Kind, Publication, Stage, Step, Topic
from models.union.received import Delivery
from models.vault import Vault

AT_ONCE = 100
"""So many are written to in one transaction."""
ARCHIVED_AFTER = timedelta(days=180)
WAS_OUT = (*OUT, Stage.WITHDRAWN)
"""Somebody may have read it, and may read it no more."""


class Following(Base):
    """Somebody wants to hear of a topic."""

    __tablename__ = "topic_followers"

    person_id: Mapped[int] = mapped_column(ForeignKey("people.id"), primary_key=True)
    topic: Mapped[str] = mapped_column(primary_key=True)


class Reach(NamedTuple):
    """To how many it goes, and until when."""

    people: int
    done_by: datetime


# ---------------------------------------------------------------- whom it is for


def recipients(publication: Publication) -> Select[int, int]:
    """The number and the chat of each of them; of a correction, of those who were written to with what it corrects."""
    if publication.corrects_id is not None:
        return received.written_to(publication.corrects_id)
    found = invitations.belonging(publication.group)
    if publication.topic is not None:
        follows = select(Following.person_id).where(Following.topic == publication.topic)
        found = found.where(Person.id.in_(follows))
    return found


async def reach(session: AsyncSession, publication: Publication, house: House, now: datetime) -> Reach:
    """How many would be written to, and when the last of them would have been, were it approved now."""
    if publication.kind is Kind.DISCLOSURE:
        return Reach(0, now)
    if publication.corrects_id is not None:
        people = await received.count(session, publication.corrects_id, house.vault)
    else:
        people = await session.scalar(select(func.count()).select_from(recipients(publication).subquery())) or 0
    # A correction edits the words; what is attached stays as it is.
    messages = people * (1 + (len(publication.attachments) if publication.corrects_id is None else 0))
    begins = house.calendar.for_many(max(now, publication.send_at or now))
    return Reach(people, begins + timedelta(seconds=messages / A_SECOND))


# ---------------------------------------------------------------- sending


async def begin_due(session: AsyncSession, house: House, now: datetime) -> None:
    """What is approved and whose time has come begins to go out; what is disclosed can be read from now on."""
    for publication in await publications.in_stage(session, Stage.APPROVED):
        if publication.send_at is not None and publication.send_at > now:
            continue
        publications.step(publication, Step.BEGIN)
        publication.sent_at = now
        await audit.record(session, "publication_begin", now, publication=publication.id)
        if publication.kind is Kind.DISCLOSURE:
            await _supersede(session, publication, now)
            await _end(session, publication, now)
    await session.flush()


async def send_some(session: AsyncSession, publication: Publication, house: House, now: datetime) -> int:
    """Write to the next of them; a correction to those who have what it corrects. Returns how many were looked at; when
    nobody is left, it is sent.
    """
    if publication.stage is not Stage.SENDING:
        return 0
    some = recipients(publication).where(Person.id > publication.told_to).order_by(Person.id).limit(AT_ONCE)
    found = (await session.execute(some)).all()
    if not found:
        await _end(session, publication, now)
        return 0
    publication.told_to = found[-1][0]
    for person_id, chat_id in found:
        if publication.corrects_id is not None and not await _have(session, publication, person_id, house):
            about = {"publication": publication.id, "person": person_id}
            await received.nothing(session, about, house.vault)
            continue
        publication.written += 1
        await _write(session, publication, person_id, chat_id, house, now)
    await session.flush()
    return len(found)


async def _have(session: AsyncSession, publication: Publication, person_id: int, house: House) -> bool:
    return await received.standing(session, publication.id, person_id, house.vault) is not None


async def _write(
    session: AsyncSession,
    publication: Publication,
    person_id: int,
    chat_id: int,
    house: House,
    now: datetime,
    *,
    withdrawn: bool = False,
) -> None:
    """As a message of its own, or as an edit of what they have: that may be said twice."""
    edits = withdrawn or publication.corrects_id is not None
    await outbox.post(
        session,
        now=now,
        lane=Lane.BROADCAST,
        repeat=Repeat.FREELY if edits else Repeat.NUMBERED,
        chat_id=chat_id,
        letter="publication",
        payload={"publication": publication.id, "person": person_id, "withdrawn": withdrawn},
        not_before=house.calendar.after_quiet(now),
        dedupe=house.vault.tag("publication", publication.id, person_id, int(withdrawn)),
    )


async def _end(session: AsyncSession, publication: Publication, now: datetime) -> None:
    """Everybody has been written to. What a correction replaces is over."""
    publications.step(publication, Step.END)
    if publication.corrects_id is not None:
        corrected = await publications.get(session, publication.corrects_id)
        if corrected.stage is Stage.SENT:
            publications.step(corrected, Step.ARCHIVE)
    await session.flush()
    await audit.record(session, "publication_sent", now, publication=publication.id, people=publication.written)


async def _supersede(session: AsyncSession, publication: Publication, now: datetime) -> None:
    """The version before it is kept, and is not what is so any more."""
    before = select(Publication).where(
        Publication.heading == publication.heading, Publication.stage == Stage.SENT, Publication.id != publication.id
    )
    for each in await session.scalars(before):
        publications.step(each, Step.ARCHIVE)


async def ended(session: AsyncSession, about: Mapping[str, Any], state: Sending, vault: Vault) -> None:
    """Of one of them it is known now, or known that nobody knows, whether it arrived."""
    if about.get("withdrawn"):
        return
    await received.nothing(session, about, vault)
    what = {Sending.SENT: "delivered", Sending.UNKNOWN: "unknown"}.get(state, "failed")
    column = getattr(Publication, what)
    number = int(about["publication"])
    # The row's version stays: whoever decides on it at this moment has missed nothing.
    await session.execute(
        update(Publication)
        .where(Publication.id == number)
        .values({what: column + 1})
        .execution_options(synchronize_session=False)
    )


# ---------------------------------------------------------------- what was sent


async def latest(session: AsyncSession, publication: Publication) -> Publication:
    """What is to be read instead of it: the last of what corrected it and went out, or itself. That may be withdrawn:
    then nothing is, least of all what was wrong before.
    """
    rows = select(Publication).where(Publication.corrects_id == publication.id, Publication.stage.in_(WAS_OUT))
    found = (await session.scalars(rows.order_by(Publication.id.desc()))).first()
    return publication if found is None else await latest(session, found)


def still_read() -> ColumnElement[bool]:
    """Whether a publication that went out still says something to those who have it: neither it nor what corrected it
    last was withdrawn. The same as that its `latest` is out, asked of many at once.
    """
    gone = select(Publication.id, Publication.corrects_id).where(Publication.stage == Stage.WITHDRAWN)
    line = gone.cte(recursive=True)
    before, newer = aliased(Publication), aliased(Publication)
    another = (newer.corrects_id == before.id) & newer.stage.in_(OUT) & (newer.id > line.c.id)
    corrected = (
        select(before.id, before.corrects_id)
        .select_from(line)
        .join(before, before.id == line.c.corrects_id)
        .outerjoin(newer, another)
        .where(newer.id.is_(None))
    )
    return Publication.stage.in_(OUT) & Publication.id.not_in(select(line.union(corrected).c.id))


async def withdraw(
    session: AsyncSession,
    publication: Publication,
    reason: Mapping[str, str],
    house: House,
    staff: Person,
    now: datetime,
) -> None:
    """It was wrong to send it: from now on nobody gets it, those who have it read that it is withdrawn, and why; and
    the supervising teachers are told. What was to correct it is a draft again, and stays one. Raises Refusal without a
    reason in each language, and while a correction is being sent: then that is what is to be withdrawn.
    """
    said = must_be_reason(reason, house)
    others = await publications.corrections(session, publication)
    for other in others:
        if other.stage in OUT:
            raise Refusal("publication.corrected_by", number=publication.id, by=other.id)
    publications.step(publication, Step.WITHDRAW)
    for other in others:
        publications.step(other, Step.CHANGE)
        other.revision, other.approved_at = other.revision + 1, None
    publication.reason, publication.told_to = said, 0
    await session.flush()
    await outbox.call_off(session, "publication", "publication", publication.id)
    await audit.record(session, "publication_withdraw", now, staff=staff, publication=publication.id)
    for place in await stations.bound(session, Desk.SUPERVISORS):
        await show(session, publication, place, now)


def must_be_reason(reason: Mapping[str, str], house: House) -> dict[str, str]:
    """The same, trimmed. Raises Refusal where a language has none, and for more than NOTE_LENGTH characters."""
    said = {language: reason.get(language, "").strip() for language in house.languages}
    if not all(said.values()):
        raise Refusal("publication.why")
    if any(len(each) > NOTE_LENGTH for each in said.values()):
        raise Refusal("publication.note_too_long", most=NOTE_LENGTH)
    return said


async def retract_some(session: AsyncSession, publication: Publication, house: House, now: datetime) -> int:
    """Tell the next of those who have what was withdrawn, or what it corrected. Returns how many were looked at."""
    some = received.written_to(publication.id).where(Person.id > publication.told_to)
    found = (await session.execute(some.order_by(Person.id).limit(AT_ONCE))).all()
    for person_id, chat_id in found:
        if await _have(session, publication, person_id, house):
            await _write(session, publication, person_id, chat_id, house, now, withdrawn=True)
        publication.told_to = person_id
    await session.flush()
    return len(found)


async def show(session: AsyncSession, publication: Publication, place: Station, now: datetime) -> None:
    """It comes before a group of the union, with what can be done with it there."""
    if place.chat_id is not None:
        await outbox.post(
            session,
            now=now,
            lane=Lane.NOTICE,
            repeat=Repeat.NUMBERED,
            chat_id=place.chat_id,
            letter="publication_desk",
            payload={"publication": publication.id},
        )


async def archive_due(session: AsyncSession, now: datetime) -> None:
    """What was sent long ago is over: it stays to be read, and nobody's message of it is kept in mind."""
    old = Publication.kind != Kind.DISCLOSURE, Publication.sent_at <= now - ARCHIVED_AFTER
    for publication in (await session.scalars(select(Publication).where(*old, Publication.stage == Stage.SENT))).all():
        publications.step(publication, Step.ARCHIVE)
    # Also of what was corrected or withdrawn.
    await session.execute(delete(Delivery).where(Delivery.publication_id.in_(select(Publication.id).where(*old))))


# ---------------------------------------------------------------- topics


async def topics_of(session: AsyncSession, person: Person) -> set[Topic]:
    """What somebody follows."""
    rows = await session.scalars(select(Following.topic).where(Following.person_id == person.id))
    return {Topic(topic) for topic in rows}


async def follow(session: AsyncSession, person: Person, topic: Topic, *, yes: bool) -> None:
    """They want to hear of it, or no more."""
    row = await session.get(Following, (person.id, topic.value))
    if yes and row is None:
        session.add(Following(person_id=person.id, topic=topic.value))
    elif not yes and row is not None:
        await session.delete(row)
    await session.flush()


async def of_topics(session: AsyncSession, topics: Sequence[Topic], most: int) -> Sequence[Publication]:
    """The newest that went out about these; what was corrected is not among them, its correction is."""
    corrected = select(Publication.corrects_id).where(
        Publication.corrects_id.is_not(None), Publication.stage.in_(WAS_OUT)
    )
    rows = select(Publication).where(
        Publication.topic.in_(topics), Publication.stage.in_(OUT), Publication.id.not_in(corrected)
    )
    return (await session.scalars(rows.order_by(Publication.sent_at.desc(), Publication.id.desc()).limit(most))).all()


async def forget(session: AsyncSession, person: Person) -> None:
    """Nothing says any more what they follow or have been sent."""
    await session.execute(delete(Following).where(Following.person_id == person.id))
    await received.forget(session, person)
