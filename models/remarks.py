"""Free words from surveys: laid together where they say the same, and quoted only where they name nobody or where the
office has looked.

They have no person and no time, a random number, and come in shuffled with others (`ballots.py`). Whether somebody is
named in them is guessed on the side of caution: a name of the roster or of somebody known to the bot, a title behind a
surname, a number that could be a telephone's or a student's, an address.
"""

from __future__ import annotations

import contextlib
import enum
import itertools
import math
import re
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from rapidfuzz import fuzz, process
from sqlalchemy import ForeignKey, Index, Row, delete, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from models import audit, roster
from models.base import Base, one_of
from models.errors import Refusal
from models.people import Person
from models.roster import Enrolled
from models.sessions import plainly
from models.vault import Vault

ALIKE = 78.0
"""From this likeness on (0–100) two remarks are shown as one with others like it."""
LONGEST_NAME = 4
"""Characters of a Chinese name, and words of another."""

_TITLES = re.compile(
    "[\u4e00-\u9fff](?:老师|老師|同学|同學|学长|學長|学姐|學姐|阿姨|师傅|師傅|大叔|大爷|大爺|主任|处长|處長|科长|科長"
    "|书记|書記|辅导员|輔導員|班长|班長|部长|部長|主席|教授|院长|院長|站长|站長)"
    r"|(?:宿管|楼管|樓管|舍管)[\u4e00-\u9fff]?"
    r"|\b(?:mr|mrs|ms|miss|dr|prof|professor|teacher|uncle|auntie|master)\.?\s+[a-z]",
    re.IGNORECASE,
)
_ADDRESSES = re.compile(r"\d[\d\s-]{4,}\d|@\w|\w@|https?:|www\.|t\.me", re.IGNORECASE)
_EAST = re.compile("[\u4e00-\u9fff]+")
_WEST = re.compile(r"[^\W\d_\u4e00-\u9fff]+")


class Look(enum.StrEnum):
    """Whether words may be quoted."""

    HELD = "held"
    """They may name somebody: the office looks first."""
    TOLD = "told"
    KEPT = "kept"
    """The office has looked: they are not quoted."""


class Remark(Base):
    """Free words."""

    __tablename__ = "survey_remarks"

    id: Mapped[str] = mapped_column(primary_key=True)
    survey_id: Mapped[int] = mapped_column(ForeignKey("surveys.id"))
    question: Mapped[str]
    text: Mapped[str]
    look: Mapped[Look] = mapped_column(one_of(Look), default=Look.HELD)
    like: Mapped[str | None]
    """The number of the remark that stands for all that are like it; its own for that one."""

    __table_args__ = (Index("ix_survey_remarks_survey_id", "survey_id", "question"), {"sqlite_with_rowid": False})


async def of(session: AsyncSession, survey_id: int, *looks: Look) -> list[Remark]:
    """The free words of a survey, in an order that says nothing."""
    rows = select(Remark).where(Remark.survey_id == survey_id, Remark.look.in_(looks or tuple(Look)))
    return list(await session.scalars(rows.order_by(Remark.question, Remark.id)))


async def drop_untold(session: AsyncSession, survey_id: int, told: Collection[str]) -> None:
    """Of questions that too few have answered to be told nobody reads the words, the office neither: they go."""
    await session.execute(delete(Remark).where(Remark.survey_id == survey_id, Remark.question.not_in(told)))


class Quote(NamedTuple):
    """Words that may be quoted, and how many said the same, these included."""

    text: str
    alike: int


async def quotes(session: AsyncSession, survey_id: int) -> dict[str, list[Quote]]:
    """By question what may be quoted, what most said first; of those that are alike the one that stands for them, or
    where that may not be quoted another.
    """
    found: dict[str, dict[str, list[Remark]]] = {}
    for remark in await of(session, survey_id, Look.TOLD):
        found.setdefault(remark.question, {}).setdefault(remark.like or remark.id, []).append(remark)
    return {
        question: sorted(
            (
                Quote(next((each for each in alike if each.id == like), alike[0]).text, len(alike))
                for like, alike in by.items()
            ),
            key=lambda quote: (-quote.alike, quote.text),
        )
        for question, by in found.items()
    }


async def get(session: AsyncSession, number: str) -> Remark:
    """One of them. Raises Refusal when there is none."""
    remark: Remark | None = await session.get(Remark, number)
    if remark is None:
        raise Refusal("old.button")
    return remark


async def decide(session: AsyncSession, remark: Remark, look: Look, staff: Person, now: datetime) -> None:
    """The office has looked at these words: they may be quoted or not. That somebody has decided goes into the records;
    about which words does not, because they may name somebody and go one day.
    """
    remark.look = look
    await audit.record(session, "survey_words", now, staff=staff, survey=remark.survey_id, look=look)
    await session.flush()


async def name_lines(session: AsyncSession) -> tuple[list[str], Sequence[Row[Any]]]:
    """What people known to the bot are called, and the lines of the roster as they lie there."""
    lines = await plainly(session, select(Enrolled.number_tag, Enrolled.sealed))
    return list(await session.scalars(select(Person.name))), lines.all()


def names_in(names: Iterable[str], lines: Sequence[Row[Any]], vault: Vault) -> frozenset[str]:
    """All these names in small letters. Opening fifty thousand lines takes a second: ask it in a thread. A line that an
    earlier key has sealed says no name.
    """
    found = set(names)
    for line in lines:
        with contextlib.suppress(ValueError):
            found.add(roster.opened(line, vault)[1])
    return frozenset(part for name in found for part in _parts(name.casefold()))


def _parts(name: str) -> Iterable[str]:
    """A Chinese name as it is; of another the whole, and its last word if it is long enough to say something."""
    words = _WEST.findall(name)
    yield from (part for part in _EAST.findall(name) if len(part) > 1)
    if len(words) > 1:
        yield " ".join(words)
    yield from (word for word in words if len(word) > 3)


def names_somebody(text: str, names: Collection[str]) -> bool:
    """Whether these words may name a person, by one of these names or by the look of them."""
    text = text.casefold()
    if _TITLES.search(text) or _ADDRESSES.search(text):
        return True
    words = _WEST.findall(text)
    return any(each in names for each in _pieces(words)) or any(
        part[start : start + length] in names
        for part in _EAST.findall(text)
        for start in range(len(part))
        for length in range(2, LONGEST_NAME + 1)
    )


def _pieces(words: Sequence[str]) -> Iterable[str]:
    for start in range(len(words)):
        for length in range(1, LONGEST_NAME + 1):
            yield " ".join(words[start : start + length])


def laid_together(texts: Mapping[str, str], fold: Callable[[str], str]) -> dict[str, str]:
    """By each remark's number that of the one that stands for it: the first that is like it whatever the order of its
    words, the longest coming first, because they say most. Of one question; ten thousand that all differ take a second
    or two in Chinese, some seconds in English: ask it in a thread.
    """
    # Sorted once here: `fuzz.token_sort_ratio` would sort the words of every text again for each it is compared with.
    sorted_words = {number: " ".join(sorted(fold(text).split())) for number, text in texts.items()}
    found: dict[str, str] = {}
    standing = _Standing(sorted_words.values())
    for number in sorted(sorted_words, key=lambda each: (-len(sorted_words[each]), each)):
        nearest = standing.nearest(sorted_words[number])
        if nearest is None:
            standing.add(number, sorted_words[number])
        found[number] = nearest or number
    return found


class _Standing:
    """Texts that stand for others; those that may be like another one are found by the pairs of characters they share.

    Two texts of `both` characters that are alike have `part` = `ALIKE` / 200 · `both` of them in common, in order. What
    lies between these, `both` − 2 · `part` at most, cuts them into no more than one piece more; within a piece every
    pair is common to both. So they share at least 3 · `part` − `both` − 1 pairs: whoever leaves so many out, but for
    `ENOUGH`, still finds `ENOUGH` in the other. Left out are the most frequent ones.
    """

    ENOUGH = 3
    """Shared pairs by which a text is found: by one or two there would be many more, by more they would be slower."""

    def __init__(self, texts: Iterable[str]) -> None:
        """`texts` are all that will be asked about, the longest first."""
        self._often = Counter(itertools.chain.from_iterable(map(_pairs, texts)))
        self._numbers: list[str] = []
        self._texts: list[str] = []
        self._with: defaultdict[str, list[int]] = defaultdict(list)

    def add(self, number: str, text: str) -> None:
        """One more, not longer than those before it."""
        for pair in _pairs(text):
            self._with[pair].append(len(self._texts))
        self._numbers.append(number)
        self._texts.append(text)

    def nearest(self, text: str) -> str | None:
        """The number of the one that is most like this text, of several the first; None where none is `ALIKE`."""
        few = self._few(text)
        among = self._texts if few is None else {at: self._texts[at] for at in few}
        nearest = process.extractOne(text, among, scorer=fuzz.ratio, score_cutoff=ALIKE)
        return self._numbers[nearest[2]] if nearest is not None else None

    def _few(self, text: str) -> list[int] | None:
        """Those that may be like it; None where to look for them would take longer than to read all."""
        # Of what stands nothing is shorter: both together are at least twice as long.
        share = math.ceil((3 * ALIKE / 200 - 1) * 2 * len(text) - 1)
        enough = min(share, self.ENOUGH)
        if enough < 1:
            return None
        pairs = sorted(_pairs(text), key=self._often.__getitem__)
        having = [self._with[pair] for pair in pairs[: len(pairs) - share + enough] if pair in self._with]
        if sum(map(len, having)) >= len(self._texts):
            return None
        shared = Counter(itertools.chain.from_iterable(having))
        return sorted(at for at, count in shared.items() if count >= enough)


def _pairs(text: str) -> list[str]:
    """The characters two by two."""
    return [text[start : start + 2] for start in range(len(text) - 1)]


def sift(remarks: Sequence[Remark], harmless: Collection[str], like: Mapping[str, str]) -> None:
    """Write down which may be quoted without a look, and which are alike."""
    for remark in remarks:
        remark.like = like.get(remark.id)
        if remark.look is Look.HELD and remark.id in harmless:
            remark.look = Look.TOLD
