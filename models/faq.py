"""What became of the union's questions and answers: plain counters of articles, and of searches that found nothing.

No person and no time stands beside any of it (law 11), so nothing is counted once a person. What somebody searched for
may be anything, so the words themselves are kept only when they were looked for often enough to be nobody's: until
then there is a keyed tag and a number.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base
from models.figures import Rate
from models.house import House

FEWEST = 3
"""Smaller counts are not shown: behind one or two there may be somebody one knows."""
WORDS_LENGTH = 60
MOST_MISSES = 2000
"""So many different searches are counted; more come only from somebody who types at random."""
LISTED = 20


class FaqVotes(Base):
    """How often an article was shown in a language, and what its readers said of it."""

    __tablename__ = "faq_votes"

    article: Mapped[str] = mapped_column(primary_key=True)
    language: Mapped[str] = mapped_column(primary_key=True)
    shown: Mapped[int] = mapped_column(default=0)
    helpful: Mapped[int] = mapped_column(default=0)
    not_helpful: Mapped[int] = mapped_column(default=0)


class FaqMiss(Base):
    """A search that found nothing, and how often; its words once there are `FEWEST` of them."""

    __tablename__ = "faq_misses"

    tag: Mapped[str] = mapped_column(primary_key=True)
    """A keyed tag of the folded words."""
    count: Mapped[int] = mapped_column(default=0)
    words: Mapped[str | None]


@dataclass(frozen=True)
class Told:
    """What readers said of one article in one language."""

    article: str
    language: str
    shown: int
    helpful: int
    not_helpful: int

    @property
    def helped(self) -> Rate:
        """Helpful ÷ those who said whether it was."""
        return Rate(self.helpful, self.helpful + self.not_helpful)

    @property
    def unanswered(self) -> int:
        """Shown, and nobody said anything."""
        return max(self.shown - self.helpful - self.not_helpful, 0)


async def shown(session: AsyncSession, article: str, language: str) -> None:
    """Somebody was shown this article."""
    await _count(session, article, language, shown=1)


async def voted(session: AsyncSession, article: str, language: str, *, helpful: bool) -> None:
    """Somebody said whether it answered their question."""
    await _count(session, article, language, **{"helpful" if helpful else "not_helpful": 1})


async def missed(session: AsyncSession, folded: str, house: House) -> None:
    """A search for these folded words found nothing."""
    words = folded[:WORDS_LENGTH].strip()
    if not words:
        return
    tag = house.vault.tag("faq", words)
    known = await session.get(FaqMiss, tag)
    if known is None and (await session.scalar(select(func.count()).select_from(FaqMiss)) or 0) >= MOST_MISSES:
        return
    insert = sqlite.insert if session.get_bind().dialect.name == "sqlite" else postgresql.insert
    count = await session.scalar(
        insert(FaqMiss)
        .values(tag=tag, count=1)
        .on_conflict_do_update(index_elements=["tag"], set_={"count": FaqMiss.count + 1})
        .returning(FaqMiss.count)
    )
    if count is not None and count >= FEWEST:
        row = await session.get_one(FaqMiss, tag)
        row.words = words


async def least_helpful(session: AsyncSession) -> list[Told]:
    """The articles that did not help at least `FEWEST` times, the worst first."""
    rows = await session.execute(
        select(FaqVotes.article, FaqVotes.language, FaqVotes.shown, FaqVotes.helpful, FaqVotes.not_helpful)
        .where(FaqVotes.not_helpful >= FEWEST)
        .order_by(FaqVotes.not_helpful.desc(), FaqVotes.article, FaqVotes.language)
        .limit(LISTED)
    )
    return [Told(*row) for row in rows]


async def totals(session: AsyncSession) -> Told:
    """All articles together."""
    columns = (FaqVotes.shown, FaqVotes.helpful, FaqVotes.not_helpful)
    row = (await session.execute(select(*(func.coalesce(func.sum(column), 0) for column in columns)))).one()
    return Told("", "", *(int(number) for number in row))


async def misses(session: AsyncSession) -> Sequence[tuple[str, int]]:
    """What was searched for in vain, the most wanted first: folded words and how often."""
    rows = await session.execute(
        select(FaqMiss.words, FaqMiss.count)
        .where(FaqMiss.words.is_not(None), FaqMiss.count >= FEWEST)
        .order_by(FaqMiss.count.desc(), FaqMiss.words)
        .limit(LISTED)
    )
    return [(words or "", count) for words, count in rows]


async def _count(session: AsyncSession, article: str, language: str, **more: int) -> None:
    insert = sqlite.insert if session.get_bind().dialect.name == "sqlite" else postgresql.insert
    none = {"shown": 0, "helpful": 0, "not_helpful": 0}
    await session.execute(
        insert(FaqVotes)
        .values(article=article, language=language, **(none | more))
        .on_conflict_do_update(
            index_elements=["article", "language"],
            set_={name: getattr(FaqVotes, name) + number for name, number in more.items()},
        )
    )
