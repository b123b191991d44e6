"""How a publication is read before it goes out: handed in, read by a second person, approved by a supervising teacher,
or sent back with a reason (三审三校). Each says it of the revision that they saw, and nobody of their own words.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from models import audit, occasions
from models.errors import Refusal
from models.house import House
from models.people import Person
from models.union import publications
from models.union.publications import NOTE_LENGTH, OUT, Publication, Review, Stage, Step

ACTS = {
    Step.SUBMIT: "publication_submit",
    Step.PASS: "publication_read",
    Step.APPROVE: "publication_approve",
    Step.REFUSE: "publication_refuse",
}
"""What the records say of each."""


async def submit(session: AsyncSession, publication: Publication, house: House, staff: Person, now: datetime) -> None:
    """It is ready to be read. Raises Refusal while a language is missing, and when what it corrects was withdrawn."""
    if publication.corrects_id is not None:
        corrected = await publications.get(session, publication.corrects_id)
        if corrected.stage not in OUT:
            raise Refusal(f"publication.is_{corrected.stage}", number=corrected.id)
    lacking = publications.missing(publication, house.languages)
    if lacking:
        raise Refusal("publication.languages_missing", languages=lacking)
    publications.step(publication, Step.SUBMIT)
    await _reviewed(session, publication, Step.SUBMIT, staff, now, None)


async def read(
    session: AsyncSession, publication: Publication, revision: int, house: House, reader: Person, now: datetime
) -> None:
    """A second reader finds nothing against this revision. Raises Refusal for its writer, and when it has changed."""
    must_be_another(publication, revision, reader)
    publications.step(publication, Step.PASS)
    await _reviewed(session, publication, Step.PASS, reader, now, None)
    if not publication.needs_approval(house):
        publication.stage, publication.approved_at = Stage.APPROVED, now


async def approve(
    session: AsyncSession, publication: Publication, revision: int, teacher: Person, now: datetime
) -> None:
    """A supervising teacher lets it out. Raises Refusal for whoever wrote or read it, and when it has changed."""
    must_be_another(publication, revision, teacher)
    said = [each for each in await publications.reviews(session, publication) if each.revision == revision]
    if any(each.step is Step.PASS and each.person_id == teacher.id for each in said):
        raise Refusal("publication.read_by_you")
    publications.step(publication, Step.APPROVE)
    publication.approved_at = now
    await _reviewed(session, publication, Step.APPROVE, teacher, now, None)


async def refuse(
    session: AsyncSession, publication: Publication, revision: int, reader: Person, note: str, now: datetime
) -> None:
    """A reader or a teacher sends it back. Raises Refusal without a reason, and when it has changed."""
    note = note.strip()
    if not note:
        raise Refusal("publication.why")
    if len(note) > NOTE_LENGTH:
        raise Refusal("publication.note_too_long", most=NOTE_LENGTH)
    must_be_this(publication, revision)
    publications.step(publication, Step.REFUSE)
    await _reviewed(session, publication, Step.REFUSE, reader, now, note)


async def looked(session: AsyncSession, publication: Publication, reader: Person, house: House, now: datetime) -> None:
    """They have had this revision before their eyes."""
    await occasions.once(session, _look(publication, reader, house), now)


async def has_looked(session: AsyncSession, publication: Publication, reader: Person, house: House) -> bool:
    """Whether they have: nobody judges what they have not seen."""
    return await occasions.has_been(session, _look(publication, reader, house))


def _look(publication: Publication, reader: Person, house: House) -> str:
    return f"looked:{publication.id}:{publication.revision}:{house.vault.tag('looked', reader.id)}"


def must_be_this(publication: Publication, revision: int) -> None:
    """What somebody judges is what they saw. Raises Refusal when it has changed."""
    if publication.revision != revision:
        raise Refusal("publication.changed", number=publication.id)


def must_be_another(publication: Publication, revision: int, reader: Person) -> None:
    """Nobody judges their own words. Raises Refusal, also when it has changed."""
    must_be_this(publication, revision)
    if reader.id in {publication.writer_id, *(text.get("by") for text in publication.texts.values())}:
        raise Refusal("publication.own")


async def _reviewed(
    session: AsyncSession, publication: Publication, what: Step, person: Person, now: datetime, note: str | None
) -> None:
    session.add(
        Review(
            publication_id=publication.id,
            revision=publication.revision,
            step=what,
            person_id=person.id,
            at=now,
            note=note,
            texts=dict(publication.texts),
        )
    )
    await session.flush()
    about = {"publication": publication.id, "revision": publication.revision}
    await audit.record(session, ACTS[what], now, staff=person, **about)
