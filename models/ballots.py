"""Ballots: how finished answers become counts that nobody can lead back to anybody (docs/decisions/0020).

    a student finishes ─▶ a slip in each of their boxes ─▶ when a box is full, some of it is drawn ─▶ that group's tally

There is a box for everybody and one for each group the student belongs to. A box is one sealed row: every slip that
comes in has it shuffled and sealed anew, so it has no order, no times and no rows of its own. With twice the smallest
cell in it, all but a cell of its slips, drawn at random, are counted; the rest is at the end. So no tally ever moves by
fewer people than a cell has, and a group that stays smaller leaves nothing at all. A slip is not kept whole either:
what is counted for a building is not beside what is counted for a level.

Tallies are sealed too: of a question that only some are asked, a single one of them may be counted among many, and who
belongs to those is known. The words of such a question have a box of their own.

Who wants to change what they finished has the key to it in the button under their receipt, and nowhere else: what they
had answered lies sealed under that key. Equal ballots are one as good as the other, so a change takes one away that
says the same and puts in another.
"""

from __future__ import annotations

import base64
import json
import random
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from sqlalchemy import ForeignKey, Index, LargeBinary, delete, select, true
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from models import invitations, sheets
from models.base import Base, Json
from models.cuts import facts_of
from models.errors import Refusal
from models.people import Person
from models.questionnaires import EVERYBODY as ALL
from models.questionnaires import Answer, Kind, Questionnaire
from models.remarks import Remark
from models.sheets import Sheet, sealed
from models.surveys import RUNNING, Survey
from models.tallies import Cut, Tally, one
from models.vault import Vault

EVERYBODY = ""
"""The cut, and the group, of all together."""
WORDS = "words"
"""Beside the cuts: what was written for a question that only some are asked; the group is the question's key."""
KEY_BYTES = 16
TALLY_BYTES = 8192
"""Bytes of which a sealed tally is a multiple: its length tells nothing of what has been counted."""
_chance = random.SystemRandom()


class Box(Base):
    """The slips of one group that are not counted yet."""

    __tablename__ = "survey_boxes"

    survey_id: Mapped[int] = mapped_column(ForeignKey("surveys.id"), primary_key=True)
    cut: Mapped[str] = mapped_column(primary_key=True)
    value: Mapped[str] = mapped_column(primary_key=True)
    sealed: Mapped[bytes | None] = mapped_column(LargeBinary)


class Counted(Base):
    """The tally of one group as far as it has been counted; gone when what may be told has been made of it."""

    __tablename__ = "survey_tallies"

    survey_id: Mapped[int] = mapped_column(ForeignKey("surveys.id"), primary_key=True)
    cut: Mapped[str] = mapped_column(primary_key=True)
    value: Mapped[str] = mapped_column(primary_key=True)
    sealed: Mapped[str] = mapped_column("counts", Json)


class Receipt(Base):
    """What somebody finished with, for the day on which they change it: sealed under a key that only their chat has."""

    __tablename__ = "survey_receipts"

    tag: Mapped[str] = mapped_column(primary_key=True)
    survey_id: Mapped[int] = mapped_column(ForeignKey("surveys.id"), index=True)
    sealed: Mapped[bytes] = mapped_column(LargeBinary)

    __table_args__ = {"sqlite_with_rowid": False}  # noqa: RUF012


class Signed(Base):
    """The answers of a survey that is not anonymous, with whose they are; every screen of it says so."""

    __tablename__ = "survey_signed"

    survey_id: Mapped[int] = mapped_column(ForeignKey("surveys.id"), primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("people.id"), primary_key=True)
    answers: Mapped[dict[str, Any]] = mapped_column(Json)
    groups: Mapped[dict[str, Any]] = mapped_column(Json)

    __table_args__ = (Index("ix_survey_signed_person_id", "person_id"),)


@dataclass(frozen=True)
class Slip:
    """Finished answers, and the groups they are counted in."""

    answers: Mapping[str, Answer]
    groups: Mapping[Cut, str]

    def plain(self) -> dict[str, Any]:
        """As JSON."""
        return {"answers": dict(self.answers), "groups": dict(self.groups)}

    @classmethod
    def of(cls, plain: Mapping[str, Any]) -> Slip:
        """What `plain` made, again."""
        return cls(plain["answers"], {Cut(cut): value for cut, value in plain["groups"].items()})

    def for_group(self, cut: str, value: str, questionnaire: Questionnaire) -> dict[str, Answer] | None:
        """What is counted of it there, None where it does not belong. Words are only in everybody's, or in the box of
        their question: then everybody's has that there are some, and the box has whoever was asked for them.
        """
        if cut == EVERYBODY:
            apart = self._apart(questionnaire)
            return {key: "" if key in apart else answer for key, answer in self.answers.items()}
        if cut == WORDS:
            return {value: self.answers.get(value, "")} if value in self._apart(questionnaire) else None
        if self.groups.get(Cut(cut)) != value:
            return None
        words = {question.key for question in questionnaire.questions if question.kind is Kind.WORDS}
        return {key: answer for key, answer in self.answers.items() if key not in words}

    def boxes(self, questionnaire: Questionnaire) -> set[tuple[str, str]]:
        """By cut and value those in which something of it is counted."""
        groups = {(str(cut), value) for cut, value in self.groups.items()}
        return {(EVERYBODY, EVERYBODY), *groups, *((WORDS, key) for key in self._apart(questionnaire))}

    def _apart(self, questionnaire: Questionnaire) -> list[str]:
        """The questions of words that only some are asked, this one among them."""
        known = facts_of(self.groups)
        some = (q for q in questionnaire.questions if q.kind is Kind.WORDS and q.only != ALL)
        return [question.key for question in some if question.only.has(known)]


class _Piece(NamedTuple):
    """A slip as it lies in a box: what is to be counted, and what is to be counted no longer."""

    plus: dict[str, Answer] | None
    minus: dict[str, Answer] | None


# ---------------------------------------------------------------- casting


async def cast(session: AsyncSession, survey: Survey, slip: Slip | None, before: Slip | None, vault: Vault) -> None:
    """Put finished answers into the boxes, in place of what was cast before; None takes that away."""
    questionnaire = survey.questionnaire
    boxes = {box for each in (slip, before) if each is not None for box in each.boxes(questionnaire)}
    # In one order for all, so that no two wait for each other.
    for cut, value in sorted(boxes):
        piece = _Piece(
            slip.for_group(cut, value, questionnaire) if slip is not None else None,
            before.for_group(cut, value, questionnaire) if before is not None else None,
        )
        box = await _box(session, survey.id, cut, value)
        if survey.anonymous:
            await _drop_in(session, survey, box, piece, vault)
        else:
            await _count(session, survey, cut, value, [piece], vault)


async def cast_signed(session: AsyncSession, survey: Survey, person: Person, slip: Slip, vault: Vault) -> None:
    """The same for a survey that is not anonymous: what was cast before stands with the person."""
    row: Signed | None = await session.get(Signed, (survey.id, person.id))
    before = Slip.of({"answers": row.answers, "groups": row.groups}) if row is not None else None
    await cast(session, survey, slip, before, vault)
    if row is None:
        session.add(Signed(survey_id=survey.id, person_id=person.id, **slip.plain()))
    else:
        row.answers, row.groups = slip.plain()["answers"], slip.plain()["groups"]


async def signed(session: AsyncSession, survey: Survey, person: Person) -> Slip | None:
    """What somebody answered to a survey that is not anonymous."""
    row: Signed | None = await session.get(Signed, (survey.id, person.id))
    return Slip.of({"answers": row.answers, "groups": row.groups}) if row is not None else None


async def _drop_in(session: AsyncSession, survey: Survey, box: Box, piece: _Piece, vault: Vault) -> None:
    pieces = _opened(box, vault)
    same = next((i for i, each in enumerate(pieces) if piece.minus is not None and each.plus == piece.minus), None)
    if same is None:
        pieces.append(piece)
    else:
        # What is changed has not been counted yet, or what is says exactly the same.
        pieces[same] = _Piece(piece.plus, pieces[same].minus)
    # What changes nothing is nobody's ballot: with such pieces one person alone could fill a box.
    pieces = [each for each in pieces if each.plus != each.minus]
    _chance.shuffle(pieces)
    if len(pieces) >= 2 * survey.cell:
        drawn, pieces = pieces[survey.cell :], pieces[: survey.cell]
        await _count(session, survey, box.cut, box.value, drawn, vault)
    box.sealed = sealed(
        {"slips": pieces},
        2 * len(pieces) * (survey.questionnaire.most_bytes + 8),
        vault,
        _context_of(survey.id, box.cut, box.value),
    )


async def _box(session: AsyncSession, survey_id: int, cut: str, value: str) -> Box:
    """The box, locked: two who finish at once come one after the other, also where it stays empty because answers that
    have a name are counted at once.
    """
    insert = sqlite.insert if session.get_bind().dialect.name == "sqlite" else postgresql.insert
    await session.execute(
        insert(Box).values(survey_id=survey_id, cut=cut, value=value, sealed=None).on_conflict_do_nothing()
    )
    box: Box = await session.get_one(Box, (survey_id, cut, value), with_for_update=True, populate_existing=True)
    return box


def _opened(box: Box, vault: Vault) -> list[_Piece]:
    if box.sealed is None:
        return []
    plain = json.loads(vault.open(box.sealed, _context_of(box.survey_id, box.cut, box.value)))
    return [_Piece(*each) for each in plain["slips"]]


def _context_of(survey_id: int, cut: str, value: str) -> str:
    return f"box:{survey_id}:{cut}:{value}"


async def _count(
    session: AsyncSession, survey: Survey, cut: str, value: str, pieces: Sequence[_Piece], vault: Vault
) -> None:
    """Add what was drawn to the group's tally; words go to the remarks."""
    questionnaire = survey.questionnaire
    row: Counted | None = await session.get(Counted, (survey.id, cut, value))
    tally = _tally(row, vault) if row is not None else Tally()
    for piece in pieces:
        if piece.minus is not None:
            tally.add(one(questionnaire, piece.minus), -1)
        if piece.plus is not None:
            tally.add(one(questionnaire, piece.plus))
    if row is None:
        row = Counted(survey_id=survey.id, cut=cut, value=value)
        session.add(row)
    plain = json.dumps(tally.plain(), ensure_ascii=False).encode()
    filled = plain.ljust(-(-len(plain) // TALLY_BYTES) * TALLY_BYTES)
    row.sealed = base64.b64encode(vault.seal(filled, _tally_context(survey.id, cut, value))).decode()
    if cut in (EVERYBODY, WORDS):
        await _note_words(session, survey, questionnaire, pieces)
    await session.flush()


def _tally(row: Counted, vault: Vault) -> Tally:
    context = _tally_context(row.survey_id, row.cut, row.value)
    return Tally.of(json.loads(vault.open(base64.b64decode(row.sealed), context)))


def _tally_context(survey_id: int, cut: str, value: str) -> str:
    return f"tally:{survey_id}:{cut}:{value}"


async def _note_words(
    session: AsyncSession, survey: Survey, questionnaire: Questionnaire, pieces: Sequence[_Piece]
) -> None:
    asked = [question.key for question in questionnaire.questions if question.kind is Kind.WORDS]
    said = [(key, str(text)) for each in pieces for key in asked if (text := (each.plus or {}).get(key))]
    gone = [(key, str(text)) for each in pieces for key in asked if (text := (each.minus or {}).get(key))]
    _chance.shuffle(said)
    for key, text in said:
        if (key, text) in gone:
            gone.remove((key, text))
        else:
            session.add(Remark(id=secrets.token_urlsafe(KEY_BYTES), survey_id=survey.id, question=key, text=text))
    await session.flush()
    for key, text in gone:
        same = select(Remark).where(Remark.survey_id == survey.id, Remark.question == key, Remark.text == text).limit(1)
        await session.delete(await session.scalar(same))
        await session.flush()


async def forget(session: AsyncSession, person: Person, vault: Vault) -> None:
    """What bears this person's name goes, and from what is still being counted too. Anonymous ballots stay: nobody
    knows which are theirs.
    """
    for row in await session.scalars(select(Signed).where(Signed.person_id == person.id)):
        survey = await session.get_one(Survey, row.survey_id)
        if survey.stage in RUNNING:
            await cast(session, survey, None, Slip.of({"answers": row.answers, "groups": row.groups}), vault)
        await session.delete(row)
    for survey_id in await invitations.forget(session, person):
        await sheets.drop(session, survey_id, person, vault)


# ---------------------------------------------------------------- changing


async def give_receipt(session: AsyncSession, survey: Survey, slip: Slip, vault: Vault) -> str:
    """A key with which this can be changed until the survey closes; it is told once and not kept."""
    key = secrets.token_urlsafe(KEY_BYTES)
    # Beside the answers: college, building and the like.
    size = 600 + survey.questionnaire.most_bytes
    under = vault.apart(f"survey receipt {key}")
    tag = _receipt_tag(survey, key, vault)
    session.add(Receipt(tag=tag, survey_id=survey.id, sealed=sealed(slip.plain(), size, under, f"receipt:{tag}")))
    return key


async def with_key(session: AsyncSession, survey: Survey, key: str, vault: Vault) -> Slip:
    """What was finished under this key. Raises Refusal for a key that fits nothing (any more)."""
    tag = _receipt_tag(survey, key, vault)
    receipt: Receipt | None = await session.get(Receipt, tag)
    if receipt is None:
        raise Refusal("survey.key_gone")
    return Slip.of(json.loads(vault.apart(f"survey receipt {key}").open(receipt.sealed, f"receipt:{tag}")))


async def take_receipt(session: AsyncSession, survey: Survey, key: str, vault: Vault) -> None:
    """The key fits nothing any more: another takes its place."""
    await session.execute(delete(Receipt).where(Receipt.tag == _receipt_tag(survey, key, vault)))


def _receipt_tag(survey: Survey, key: str, vault: Vault) -> str:
    return vault.tag("survey receipt", survey.id, key)


# ---------------------------------------------------------------- the end


async def empty(session: AsyncSession, survey: Survey, vault: Vault) -> None:
    """The survey is over: what is left in the boxes is counted, and sheets, receipts and groups that were too small are
    destroyed.
    """
    for box in await session.scalars(select(Box).where(Box.survey_id == survey.id)):
        await _count(session, survey, box.cut, box.value, _opened(box, vault), vault)
    for table in (Box, Sheet, Receipt):
        await session.execute(delete(table).where(table.survey_id == survey.id))
    for row in await session.scalars(select(Counted).where(Counted.survey_id == survey.id)):
        if _tally(row, vault).completed < survey.cell:
            await session.delete(row)
            if row.cut in (EVERYBODY, WORDS):
                theirs = Remark.question == row.value if row.cut == WORDS else true()
                await session.execute(delete(Remark).where(Remark.survey_id == survey.id, theirs))


async def tallies(session: AsyncSession, survey: Survey, vault: Vault) -> tuple[Tally, dict[Cut, dict[str, Tally]]]:
    """What has been counted: of everybody, and by cut and group."""
    everybody = Tally()
    cuts: dict[Cut, dict[str, Tally]] = {}
    for row in await session.scalars(select(Counted).where(Counted.survey_id == survey.id)):
        if row.cut == EVERYBODY:
            everybody = _tally(row, vault)
        elif row.cut != WORDS:
            cuts.setdefault(Cut(row.cut), {})[row.value] = _tally(row, vault)
    return everybody, cuts


async def forget_counts(session: AsyncSession, survey: Survey) -> None:
    """What may be told has been made of them."""
    await session.execute(delete(Counted).where(Counted.survey_id == survey.id))
