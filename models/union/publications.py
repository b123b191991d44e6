"""What the union publishes, and that nothing important goes out unreviewed (measure 10; 三审三校): drafted, read by a
second person, approved by a supervising teacher, sent at its time, counted, archived.

    draft ─▶ reading ─▶ approving ─▶ approved ─▶ sending ─▶ sent ─▶ archived
      ▲         │           │            │                    └─▶ withdrawn
      └─────────┴───────────┴────────────┘  changed, or sent back with a reason

Any change after a review makes a new revision and begins anew; who read which revision and what they said of it is kept
(`Review`). What reaches no more than one station's people needs the second reader only; everything else, and whatever
is disclosed, the supervising teacher as well. A correction is a publication of its own that `corrects` another: it goes
the same way, and edits what was sent instead of sending anew. How it is read and approved stands in `reviewing.py`, how
it is sent in `deliveries.py`.
"""

from __future__ import annotations

import enum
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from models import audit
from models.base import Base, Json, Key, one_of
from models.errors import Refusal
from models.house import House
from models.people import Person
from models.questionnaires import EVERYBODY, Group, group_of

TITLE_LENGTH, BODY_LENGTH, NOTE_LENGTH = 100, 3000, 500
"""Characters; a title and a body fit into one message in any language."""
DISCLOSED_LENGTH = 20_000
"""What is disclosed is read page by page."""
MOST_ATTACHMENTS = 3


class Kind(enum.StrEnum):
    """What it is."""

    NEWS = "news"
    """Of the union, or about a topic that students follow."""
    GUIDANCE = "guidance"
    """Political guidance (measure 1)."""
    DISCLOSURE = "disclosure"
    """A version of what stands under one of the five headings (measure 9): it is read, and sent to nobody."""


class Topic(enum.StrEnum):
    """What students follow (measure 3)."""

    STUDY = "study"
    FURTHER = "further"
    JOBS = "jobs"
    BUSINESS = "business"
    RESEARCH = "research"
    ABROAD = "abroad"
    """Hong Kong, Macao and Taiwan, and international affairs."""


class Heading(enum.StrEnum):
    """What is disclosed, in the order of the policy text."""

    CONSTITUTION = "constitution"
    STAFF = "staff"
    KEY_WORK = "key_work"
    ARRANGEMENTS = "arrangements"
    REFORM = "reform"


class Stage(enum.StrEnum):
    """How far it is."""

    DRAFT = "draft"
    READING = "reading"
    """It waits for a second reader of the office."""
    APPROVING = "approving"
    """It waits for a supervising teacher."""
    APPROVED = "approved"
    """It goes out at its time."""
    SENDING = "sending"
    SENT = "sent"
    """Everybody has been written to; of a disclosure, it can be read."""
    ARCHIVED = "archived"
    """It is over: superseded, or long ago."""
    WITHDRAWN = "withdrawn"
    DROPPED = "dropped"
    """Its writer does not go on with it."""


class Step(enum.StrEnum):
    """What is done with it."""

    CHANGE = "change"
    SUBMIT = "submit"
    PASS = "pass"
    APPROVE = "approve"
    REFUSE = "refuse"
    BEGIN = "begin"
    END = "end"
    ARCHIVE = "archive"
    WITHDRAW = "withdraw"
    DROP = "drop"


TRANSITIONS: dict[tuple[Stage, Step], Stage] = {
    (Stage.DRAFT, Step.CHANGE): Stage.DRAFT,
    (Stage.READING, Step.CHANGE): Stage.DRAFT,
    (Stage.APPROVING, Step.CHANGE): Stage.DRAFT,
    (Stage.APPROVED, Step.CHANGE): Stage.DRAFT,
    (Stage.DRAFT, Step.DROP): Stage.DROPPED,
    (Stage.DRAFT, Step.SUBMIT): Stage.READING,
    (Stage.READING, Step.PASS): Stage.APPROVING,
    (Stage.READING, Step.REFUSE): Stage.DRAFT,
    (Stage.APPROVING, Step.APPROVE): Stage.APPROVED,
    (Stage.APPROVING, Step.REFUSE): Stage.DRAFT,
    (Stage.APPROVED, Step.BEGIN): Stage.SENDING,
    (Stage.SENDING, Step.END): Stage.SENT,
    (Stage.SENT, Step.ARCHIVE): Stage.ARCHIVED,
    (Stage.SENDING, Step.WITHDRAW): Stage.WITHDRAWN,
    (Stage.SENT, Step.WITHDRAW): Stage.WITHDRAWN,
}
OUT = (Stage.SENDING, Stage.SENT, Stage.ARCHIVED)
"""Somebody may have read it."""


class Publication(Base):
    """One text, known by its number, in all the union's languages."""

    __tablename__ = "publications"

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    kind: Mapped[Kind] = mapped_column(one_of(Kind))
    topic: Mapped[Topic | None] = mapped_column(one_of(Topic))
    heading: Mapped[Heading | None] = mapped_column(one_of(Heading))
    stage: Mapped[Stage] = mapped_column(one_of(Stage), default=Stage.DRAFT, index=True)
    version: Mapped[int] = mapped_column()
    revision: Mapped[int] = mapped_column(default=1)
    """Counted up by every change: a review is of one revision."""
    texts: Mapped[dict[str, Any]] = mapped_column(Json)
    """By language `{"title", "body", "by"}`: the number of whoever wrote that last."""
    attachments: Mapped[list[Any]] = mapped_column(Json, default=list)
    """Each `{"type": "photo" | "document", "file_id", "file_name"}`."""
    audience: Mapped[dict[str, Any]] = mapped_column(Json)
    """Whom it is for: a `questionnaires.Group` as it is stored. With a topic, those of them who follow it."""
    corrects_id: Mapped[int | None] = mapped_column(ForeignKey("publications.id"))
    """It edits what was sent of this one."""
    writer_id: Mapped[int | None] = mapped_column(ForeignKey("people.id"))
    written_at: Mapped[datetime]
    send_at: Mapped[datetime | None]
    """Not before; None is as soon as it is approved."""
    approved_at: Mapped[datetime | None]
    sent_at: Mapped[datetime | None]
    """When it began to go out, or could be read."""
    told_to: Mapped[int] = mapped_column(Key, default=0)
    """Those whose numbers as a person are no higher have been written to."""
    written: Mapped[int] = mapped_column(default=0)
    """To so many."""
    delivered: Mapped[int] = mapped_column(default=0)
    failed: Mapped[int] = mapped_column(default=0)
    unknown: Mapped[int] = mapped_column(default=0)
    """Of those: nobody knows whether it arrived."""
    reason: Mapped[dict[str, Any] | None] = mapped_column(Json)
    """Why it was withdrawn, by language."""

    __mapper_args__ = {"version_id_col": version}  # noqa: RUF012  (SQLAlchemy declares it so)

    @property
    def group(self) -> Group:
        """Whom it is for."""
        return group_of(self.audience)

    def station(self, house: House) -> str | None:
        """The one station whose people it is for; None when it is for more."""
        places = {house.station_of.get(building) for building in self.group.buildings}
        only = places.pop() if len(places) == 1 else None
        return only if self.kind is Kind.NEWS and self.topic is None else None

    def needs_approval(self, house: House) -> bool:
        """Whether a supervising teacher has to see it."""
        return self.station(house) is None


class Review(Base):
    """What somebody said of one revision; never changed, so that approvers are known."""

    __tablename__ = "publication_reviews"

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    publication_id: Mapped[int] = mapped_column(ForeignKey("publications.id"))
    revision: Mapped[int]
    step: Mapped[Step] = mapped_column(one_of(Step))
    person_id: Mapped[int] = mapped_column(ForeignKey("people.id"))
    at: Mapped[datetime]
    note: Mapped[str | None]
    texts: Mapped[dict[str, Any]] = mapped_column(Json)
    """What they saw."""

    __table_args__ = (Index("ix_publication_reviews_publication_id", "publication_id"),)


def step(publication: Publication, what: Step) -> None:
    """It goes on to where this leads. Raises Refusal where it leads nowhere from where it is."""
    after = TRANSITIONS.get((publication.stage, what))
    if after is None:
        raise Refusal(f"publication.is_{publication.stage}", number=publication.id)
    publication.stage = after


# ---------------------------------------------------------------- finding them


async def get(session: AsyncSession, number: int, *, locked: bool = False) -> Publication:
    """The publication with this number. Raises Refusal when there is none."""
    found: Publication | None = await session.get(Publication, number, with_for_update=locked or None)
    if found is None:
        raise Refusal("publication.unknown", number=number)
    return found


async def in_stage(session: AsyncSession, *stages: Stage) -> Sequence[Publication]:
    """Those that are so far, in the order of their numbers."""
    return (
        await session.scalars(select(Publication).where(Publication.stage.in_(stages)).order_by(Publication.id))
    ).all()


async def newest(session: AsyncSession, most: int) -> Sequence[Publication]:
    """The newest that nobody has dropped."""
    rows = select(Publication).where(Publication.stage != Stage.DROPPED).order_by(Publication.id.desc()).limit(most)
    return (await session.scalars(rows)).all()


async def corrections(session: AsyncSession, publication: Publication) -> Sequence[Publication]:
    """What corrects it, or is to: not what was dropped or withdrawn."""
    theirs = Publication.corrects_id == publication.id, Publication.stage.not_in((Stage.DROPPED, Stage.WITHDRAWN))
    return (await session.scalars(select(Publication).where(*theirs).order_by(Publication.id))).all()


async def reviews(session: AsyncSession, publication: Publication) -> Sequence[Review]:
    """Everything that was said of it, from the first on."""
    rows = select(Review).where(Review.publication_id == publication.id).order_by(Review.id)
    return (await session.scalars(rows)).all()


# ---------------------------------------------------------------- writing


def checked(texts: Mapping[str, Mapping[str, str]], kind: Kind) -> dict[str, Any]:
    """The texts, trimmed. Raises Refusal for a title or body that is missing or too long."""
    most = DISCLOSED_LENGTH if kind is Kind.DISCLOSURE else BODY_LENGTH
    found = {}
    for language, text in texts.items():
        title, body = " ".join(text.get("title", "").split()), text.get("body", "").strip()
        if not title or not body:
            raise Refusal("publication.text_missing")
        if len(title) > TITLE_LENGTH:
            raise Refusal("publication.title_too_long", most=TITLE_LENGTH, count=len(title))
        # As Telegram counts: a pictogram is two.
        length = len(body.encode("utf-16-le", "surrogatepass")) // 2
        if length > most:
            raise Refusal("publication.body_too_long", most=most, count=length)
        found[language] = {"title": title, "body": body}
    return found


def _by(writer: Person, texts: Mapping[str, Mapping[str, str]], before: Mapping[str, Any]) -> dict[str, Any]:
    """The texts, each with who wrote it; what is as it was before is still by whoever wrote that."""
    by = {
        language: before[language].get("by") if text.items() <= before.get(language, {}).items() else writer.id
        for language, text in texts.items()
    }
    return {language: {**text, "by": by[language]} for language, text in texts.items()}


async def draft(
    session: AsyncSession,
    kind: Kind,
    texts: Mapping[str, Mapping[str, str]],
    writer: Person,
    now: datetime,
    *,
    topic: Topic | None = None,
    heading: Heading | None = None,
    group: Group = EVERYBODY,
    corrects: Publication | None = None,
) -> Publication:
    """A new one, which nobody has read; a correction is of the same kind, for the same people and with the same
    attachments as what it corrects.
    Raises Refusal as `checked`, for a correction of what was not sent, and for a second one beside another.
    """
    if corrects is not None:
        if corrects.stage not in OUT:
            raise Refusal("publication.not_out", number=corrects.id)
        for other in await corrections(session, corrects):
            raise Refusal("publication.corrected_by", number=corrects.id, by=other.id)
        kind, topic, heading, group = corrects.kind, corrects.topic, corrects.heading, corrects.group
    publication = Publication(
        kind=kind,
        topic=topic,
        heading=heading,
        texts=_by(writer, checked(texts, kind), {}),
        attachments=list(corrects.attachments) if corrects is not None else [],
        audience=group.plain(),
        corrects_id=corrects.id if corrects is not None else None,
        writer_id=writer.id,
        written_at=now,
    )
    session.add(publication)
    await session.flush()
    await audit.record(session, "publication_draft", now, staff=writer, publication=publication.id, kind=kind)
    return publication


async def change(
    session: AsyncSession,
    publication: Publication,
    staff: Person,
    now: datetime,
    *,
    texts: Mapping[str, Mapping[str, str]] | None = None,
    group: Group | None = None,
    attachments: Sequence[Mapping[str, Any]] | None = None,
    send_at: datetime | None = None,
) -> None:
    """What is given is so from now on, and whoever has read it reads it again. Whoever changes it is its writer, beside
    those whose words stand there. Raises Refusal as `checked`, for too many attachments, and for what has gone out.
    """
    step(publication, Step.CHANGE)
    if texts is not None:
        publication.texts = _by(staff, checked(texts, publication.kind), publication.texts)
    if group is not None:
        publication.audience = group.plain()
    if attachments is not None:
        if len(attachments) > MOST_ATTACHMENTS:
            raise Refusal("publication.attachments", most=MOST_ATTACHMENTS)
        publication.attachments = [dict(each) for each in attachments]
    if send_at is not None:
        if send_at <= now:
            raise Refusal("publication.past")
        publication.send_at = send_at
    publication.writer_id, publication.approved_at = staff.id, None
    publication.revision += 1
    await session.flush()


async def drop(session: AsyncSession, publication: Publication, staff: Person, now: datetime) -> None:
    """Nobody goes on with it."""
    step(publication, Step.DROP)
    await session.flush()
    await audit.record(session, "publication_drop", now, staff=staff, publication=publication.id)


def missing(publication: Publication, languages: Collection[str]) -> list[str]:
    """The languages that it is not written in yet."""
    return [each for each in languages if each not in publication.texts]
