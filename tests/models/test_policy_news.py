"""What is read about a topic: what stands now, not what was corrected or withdrawn; and what is kept of a reader."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from bot import news
from models import mydata
from models.database import Database
from models.people import Audience
from models.union import deliveries, received
from models.union.publications import Kind, Publication, Stage, Topic
from tests.house import HOUSE, furnish, staff, student


async def out(session: AsyncSession, now: datetime, stage: Stage = Stage.SENT, **about: object) -> Publication:
    """One that went out about jobs."""
    texts = {each: {"title": "Fair", "body": "Friday"} for each in HOUSE.languages}
    writer = await staff(session)
    found = Publication(
        kind=Kind.NEWS, topic=Topic.JOBS, stage=stage, texts=texts, audience={}, writer_id=writer.id, written_at=now,
        sent_at=now, **about,
    )  # fmt: skip
    session.add(found)
    await session.flush()
    return found


async def test_what_is_read_is_what_stands_now(database: Database, now: datetime) -> None:
    async with database.transaction() as session:
        await furnish(session)
        old = await out(session, now - timedelta(days=1), Stage.ARCHIVED)
        wrong = await out(session, now, Stage.ARCHIVED)
        right = await out(session, now, corrects_id=wrong.id)
        await out(session, now, Stage.DRAFT, corrects_id=right.id)
        await out(session, now, Stage.WITHDRAWN)
        assert list(await deliveries.of_topics(session, [Topic.JOBS], 9)) == [right, old]
        assert await deliveries.of_topics(session, [Topic.STUDY], 9) == []
        assert await deliveries.latest(session, wrong) is right
        read = select(Publication.id).where(deliveries.still_read()).order_by(Publication.id)
        assert list(await session.scalars(read)) == [old.id, wrong.id, right.id]
        # The correction was wrong as well: what it corrected does not come back.
        right.stage = Stage.WITHDRAWN
        await session.flush()
        assert list(await deliveries.of_topics(session, [Topic.JOBS], 9)) == [old]
        assert await deliveries.latest(session, wrong) is right
        assert list(await session.scalars(read)) == [old.id], "nothing is left of it for the board and the report"
        anew = await out(session, now, corrects_id=wrong.id)
        assert list(await session.scalars(read)) == [old.id, wrong.id, anew.id]


async def test_somebody_sees_what_they_follow_and_have_been_sent(database: Database, now: datetime) -> None:
    async with database.transaction() as session:
        await furnish(session)
        alice, found = await student(session), await out(session, now)
        alice.agreed = True
        await received.words(session, {"publication": found.id, "person": alice.id}, 7, HOUSE.vault)
        await deliveries.follow(session, alice, Topic.JOBS, yes=True)
        kept = await mydata.gather(session, alice, 1, HOUSE.vault)
        assert (kept["topics"], [each["titles"]["en"] for each in kept["publications"]]) == (["jobs"], ["Fair"])
        await deliveries.forget(session, alice)
        kept = await mydata.gather(session, alice, 1, HOUSE.vault)
        assert (kept["topics"], kept["publications"]) == ([], [])


@pytest.mark.parametrize(
    ("audience", "first"),
    [
        (None, Topic.STUDY),
        (Audience.UNDERGRADUATE, Topic.STUDY),
        (Audience.GRADUATE, Topic.RESEARCH),
        (Audience.VOCATIONAL, Topic.JOBS),
        (Audience.HONG_KONG_MACAO_TAIWAN, Topic.ABROAD),
        (Audience.INTERNATIONAL, Topic.ABROAD),
    ],
)
def test_what_concerns_them_stands_first_and_nothing_is_hidden(audience: Audience | None, first: Topic) -> None:
    assert news.ORDER[audience][0] is first
    assert set(news.ORDER[audience]) == set(Topic)
