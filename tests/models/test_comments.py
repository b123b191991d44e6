"""Comments on what the union discloses: decided, answered in time, and nobody's who gave no name."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from models import forgetting, mydata, people
from models.audit import Act
from models.database import Database
from models.errors import Refusal
from models.outbox import Outgoing, Sending
from models.people import Person
from models.union import comments, moderation
from models.union.comments import TEXT_LENGTH, Comment, CommentCard, Reason, Shown, Stage
from models.union.publications import Heading
from tests.house import HOUSE, OFFICE, furnish, staff, student

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
ABOVE = -1004


async def sent(session: AsyncSession, by: Person, now: datetime, *, named: bool = False) -> Comment:
    return await comments.send(session, "Who pays for it?", Heading.STAFF, by, HOUSE, now, named=named)


async def letters(session: AsyncSession) -> list[tuple[int | None, str]]:
    """Where what was written since goes, and what it says; then it is as if it had been sent."""
    rows = (await session.scalars(select(Outgoing).where(Outgoing.state == Sending.DUE).order_by(Outgoing.id))).all()
    said = [(row.chat_id, " ".join(filter(None, map((row.payload or {}).get, ("what", "step"))))) for row in rows]
    for row in rows:
        row.state = Sending.SENT
    await session.flush()
    return said


async def test_a_comment_is_nobody_s_shown_answered_and_its_keys_destroyed(database: Database, now: datetime) -> None:
    async with database.transaction() as session:
        await furnish(session)
        alice, wang = await student(session), await staff(session)
        comment = await sent(session, alice, now)
        assert comment.person_id is None
        assert await letters(session) == [(OFFICE, "new")]
        await comments.posted(session, comment.id, OFFICE, 7)
        assert await comments.at_card(session, OFFICE, 7) is comment
        assert await comments.shown(session, Heading.STAFF, 9) == [], "not before somebody has looked"
        assert comments.is_of(comment, alice, HOUSE.vault)
        assert not comments.is_of(comment, await student(session, 2, "Bob"), HOUSE.vault)
        await moderation.reveal(session, comment.id, wang, HOUSE, now)
        assert await letters(session) == [(None, "shown"), (OFFICE, "card")]
        with pytest.raises(Refusal, match=r"comment\.is_shown"):
            await moderation.reveal(session, comment.id, wang, HOUSE, now)
        later = now + HOUR
        await moderation.answer(session, comment.id, wang, "The League", False, HOUSE, later)
        with pytest.raises(Refusal, match=r"comment\.answered_meanwhile"):
            await moderation.answer(session, comment.id, wang, "Nobody", False, HOUSE, later)
        await moderation.answer(session, comment.id, wang, "The League Committee", True, HOUSE, later + HOUR)
        # The courier has not come to the card yet: it is drawn once.
        assert await letters(session) == [(None, "answered"), (OFFICE, "card"), (None, "corrected")]
        text, answer = "Who pays for it?", "The League Committee"
        shown = Shown(comment.id, Heading.STAFF, text, now, None, answer, later)
        assert await comments.shown(session, Heading.STAFF, 9) == [shown]
        assert await comments.shown(session, None, 9) == []
        assert await comments.counts(session) == {Heading.STAFF: 1}
        reached = comments.reach(comment, HOUSE.vault)
        assert reached is not None
        assert (reached.chat_id, reached.language) == (alice.telegram_id, "en")
        await comments.leave(session, HOUSE, later + HOUSE.forget_after - HOUR)
        assert comment.owner_tag is not None
        await comments.leave(session, HOUSE, later + HOUSE.forget_after)
        assert {comment.salt, comment.owner_tag, comment.address} == {None}
        assert not comments.is_of(comment, alice, HOUSE.vault)
        assert comments.reach(comment, HOUSE.vault) is None
        acts = [(act.act, act.staff_id) for act in await session.scalars(select(Act).order_by(Act.id))]
        assert acts == [(f"comment_{act}", wang.id) for act in ("shown", "answered", "corrected")]


async def test_it_is_hidden_only_for_a_reason_that_is_told_and_the_supervisors_may_show_it(
    database: Database, now: datetime
) -> None:
    async with database.transaction() as session:
        places = await furnish(session)
        places["supervisors"].chat_id = ABOVE
        alice, wang = await student(session), await staff(session)
        comment = await sent(session, alice, now, named=True)
        await letters(session)
        await moderation.hide(session, comment.id, wang, Reason.INSULT, HOUSE, now)
        assert await letters(session) == [(None, "hidden"), (ABOVE, "hidden")]
        assert (await comments.shown(session, Heading.STAFF, 9), await comments.hidden(session, Heading.STAFF)) == (
            [],
            1,
        )
        for refused in (moderation.must_be_answerable(session, comment.id), comments.get(session, 99)):
            with pytest.raises(Refusal, match=r"comment\.(is_hidden|unknown)"):
                await refused
        with pytest.raises(Refusal, match=r"comment\.is_hidden"):
            await moderation.hide(session, comment.id, wang, Reason.ADVERT, HOUSE, now)
        await moderation.reveal(session, comment.id, wang, HOUSE, now)
        (shown,) = await comments.shown(session, Heading.STAFF, 9)
        assert (shown.name, comment.reason) == ("Alice", None)
        act = (await session.scalars(select(Act).order_by(Act.id))).first()
        assert act is not None
        assert act.detail == {"comment": comment.id, "reason": "insult"}


async def test_it_is_decided_and_answered_in_working_time_or_the_supervisors_hear_of_it(
    database: Database, now: datetime
) -> None:
    async with database.transaction() as session:
        places = await furnish(session)
        places["supervisors"].chat_id, places["office"].chat_id = ABOVE, None
        alice, wang = await student(session), await staff(session)
        comment = await sent(session, alice, now)
        assert await letters(session) == [], "the office has no chat yet"
        places["office"].chat_id = OFFICE
        found = {}
        for hours in (0, 22, 23, 24, 25):
            await moderation.remind(session, HOUSE, now + hours * HOUR)
            found[hours] = await letters(session)
        overdue = [(OFFICE, "overdue decide"), (ABOVE, "overdue decide")]
        assert found == {0: [(OFFICE, "new")], 22: [], 23: [(OFFICE, "warned decide")], 24: overdue, 25: []}
        await moderation.reveal(session, comment.id, wang, HOUSE, now + 2 * DAY)
        await letters(session)
        # Monday to Monday: five working days.
        due = comments.due(comment)
        assert due == ("answer", now + 7 * DAY)
        await moderation.remind(session, HOUSE, now + 7 * DAY - HOUR)
        await moderation.remind(session, HOUSE, now + 7 * DAY)
        overdue = [(OFFICE, "overdue answer"), (ABOVE, "overdue answer")]
        assert await letters(session) == [(OFFICE, "warned answer"), *overdue]
        await moderation.answer(session, comment.id, wang, "The League", False, HOUSE, now + 8 * DAY)
        assert comments.due(comment) is None
        assert await comments.open_ones(session) == []


async def test_whoever_has_enough_waiting_or_is_too_long_is_told(database: Database, now: datetime) -> None:
    async with database.transaction() as session:
        await furnish(session)
        alice = await student(session)
        for named in (True, False, True):
            await sent(session, alice, now, named=named)
        with pytest.raises(Refusal, match=r"comment\.too_many"):
            await sent(session, alice, now)
        await sent(session, await student(session, 2, "Bob"), now)
    for text, length, key in (("", 0, "words_only"), ("x", TEXT_LENGTH + 1, "too_long")):
        with pytest.raises(Refusal, match=rf"comment\.{key}"):
            comments.must_fit(text, length)
    comments.must_fit("x", TEXT_LENGTH)


async def test_whoever_is_forgotten_takes_their_comments_along_the_nameless_at_a_moment_of_their_own(
    database: Database, now: datetime
) -> None:
    async with database.transaction() as session:
        await furnish(session)
        alice = await student(session)
        named, nameless = await sent(session, alice, now, named=True), await sent(session, alice, now)
        for each in (named, nameless):
            await moderation.reveal(session, each.id, await staff(session), HOUSE, now)
            await comments.posted(session, each.id, OFFICE, each.id)
        await letters(session)
        found = (await mydata.gather(session, alice, 1, HOUSE.vault))["comments"]
        assert [(each["named"], each["text"]) for each in found] == [
            (True, "Who pays for it?"),
            (False, "Who pays for it?"),
        ]
        await forgetting.forget(session, alice, 1, HOUSE, now)
        assert (named.stage, named.text, named.person_id) == (Stage.GONE, None, None)
        assert (nameless.stage, nameless.owner_tag, nameless.address) == (Stage.SHOWN, None, None)
        assert await letters(session) == [(OFFICE, "card")], "only what bears the name goes at once"
        assert await people.by_telegram_id(session, alice.telegram_id) is None
        await comments.leave(session, HOUSE, now + comments.SOONEST - timedelta(seconds=1))
        assert nameless.stage is Stage.SHOWN
        await comments.leave(session, HOUSE, now + comments.LATEST)
        assert (nameless.stage, nameless.text) == (Stage.GONE, None)
        cards = await session.scalars(select(CommentCard.message_id).order_by(CommentCard.message_id))
        assert list(cards) == [named.id, nameless.id]
