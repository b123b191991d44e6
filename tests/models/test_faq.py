"""The counters of questions and answers, on both databases: no person, no time, no rare words."""

from __future__ import annotations

from sqlalchemy import select

from models import faq
from models.database import Database
from models.faq import FEWEST, FaqMiss, FaqVotes, Told
from tests.house import HOUSE


async def test_what_readers_say_is_added_up_by_article_and_language(database: Database) -> None:
    async with database.transaction() as session:
        for language in ("en", "en", "zh-hans"):
            await faq.shown(session, "heating", language)
        for helpful in (True, False, False, False):
            await faq.voted(session, "heating", "en", helpful=helpful)
        await faq.voted(session, "heating", "zh-hans", helpful=True)
    async with database.reading() as session:
        assert await faq.least_helpful(session) == [Told("heating", "en", 2, 1, 3)]
        whole = await faq.totals(session)
    assert (whole.shown, whole.helpful, whole.not_helpful, whole.unanswered) == (3, 2, 3, 0)
    assert whole.helped.of == 5


async def test_nothing_counted_is_nothing_told(database: Database) -> None:
    async with database.reading() as session:
        assert await faq.totals(session) == Told("", "", 0, 0, 0)
        assert await faq.least_helpful(session) == []
        assert await faq.misses(session) == []


async def test_words_looked_for_in_vain_are_kept_only_when_several_did(database: Database) -> None:
    async with database.transaction() as session:
        for _ in range(FEWEST - 1):
            await faq.missed(session, "my neighbour bob", HOUSE)
        for _ in range(FEWEST + 1):
            await faq.missed(session, "swimming pool", HOUSE)
        await faq.missed(session, "  ", HOUSE)
    async with database.reading() as session:
        assert await faq.misses(session) == [("swimming pool", FEWEST + 1)]
        rows = (await session.scalars(select(FaqMiss))).all()
    assert len(rows) == 2
    assert {row.words for row in rows} == {None, "swimming pool"}
    assert not any("bob" in row.tag for row in rows)


async def test_there_is_an_end_to_what_somebody_types_at_random(database: Database) -> None:
    async with database.transaction() as session:
        session.add_all(FaqMiss(tag=f"t{i}", count=1) for i in range(faq.MOST_MISSES - 1))
        await session.flush()
        for words in ("one", "two", "one", "one"):
            await faq.missed(session, words, HOUSE)
    async with database.reading() as session:
        assert len((await session.scalars(select(FaqMiss.tag))).all()) == faq.MOST_MISSES
        assert await faq.misses(session) == [("one", 3)]


def test_a_row_names_nobody_and_no_moment() -> None:
    assert set(FaqVotes.__table__.columns.keys()) == {"article", "language", "shown", "helpful", "not_helpful"}
    assert set(FaqMiss.__table__.columns.keys()) == {"tag", "count", "words"}
