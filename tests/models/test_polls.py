"""What is kept of polls and quizzes: counts without persons, answers with them for as long as they want."""

from __future__ import annotations

import itertools
import random
from collections import Counter
from datetime import datetime, timedelta

from sqlalchemy import func, select, text, update

from models import forgetting, mydata, pulses, quizzes
from models.audit import Act
from models.database import Database
from models.migrations import migrate
from models.outbox import Outgoing, Sending
from models.pulses import Pulse, PulsePoll
from models.quizzes import Draft, QuizAnswer
from tests.house import EAST, HOUSE, OFFICE, furnish, staff, student

DAY = timedelta(days=1)


async def test_the_counts_of_a_group_are_what_telegram_said_last(database: Database, now: datetime) -> None:
    async with database.transaction() as session:
        places = await furnish(session)
        asked = await pulses.groups(session, None)
        assert [place.key for place in asked] == ["east", "west"]
        pulse = await pulses.launch(session, "Tea?", ["Yes", "No"], now + DAY, HOUSE, now, asked)
        # Quicker than the news that it was delivered; more voters than one; somebody takes it back.
        assert await pulses.voted(session, "1", [1, 0], HOUSE.vault)
        await pulses.sent(session, pulse.id, "1", HOUSE.vault)
        await pulses.sent(session, pulse.id, "2", HOUSE.vault)
        for poll, counts in (("1", [3, 2]), ("2", [0, 4]), ("1", [3, 1]), ("2", [0, 0])):
            assert await pulses.voted(session, poll, counts, HOUSE.vault)
        result = await pulses.result(session, pulse)
        assert (result.counts, result.invited, result.groups) == ((3, 1), 2, True)
        moments = (now + DAY, now + DAY + timedelta(minutes=1))
        assert [len(await pulses.due(session, at)) for at in moments] == [0, 1], "the last counts are on their way"
        places["west"].chat_id = None
        await session.flush()
        await pulses.close(session, pulse, {}, [OFFICE], HOUSE, now + DAY)
        assert not await pulses.voted(session, "1", [9, 9], HOUSE.vault), "it is over"
        told = select(Outgoing.chat_id).where(Outgoing.letter == "pulse_result", Outgoing.state == Sending.DUE)
        assert set(await session.scalars(told)) == {OFFICE, EAST}
        left = select(func.count()).where(Outgoing.letter == "pulse", Outgoing.state == Sending.DUE)
        assert await session.scalar(left) == 0


async def test_copies_from_before_and_after_the_sending_join_no_vote_to_a_chat(
    database: Database, now: datetime
) -> None:
    """Whoever copies the database at every step knows the chats in the order of sending, and then tries that order,
    each transaction's mark, each step's new rows, and the ids that Telegram counts up.
    """
    vault, count = HOUSE.vault, 60
    async with database.transaction() as session:
        for number in range(count):
            (await student(session, number)).agreed = True
        pulse = await pulses.launch(session, "Tea?", ["Yes", "No"], now + DAY, HOUSE, now)
    async with database.reading() as session:
        order = list(await session.scalars(select(Outgoing.id).where(Outgoing.chat_id > 0).order_by(Outgoing.id)))
    tags = [vault.tag("pulse poll", str(500 + i)) for i in range(count)]
    hidden, mark = ("rowid", "rowid") if database.is_sqlite else ("ctid", "xmin")
    noted = [0]
    for i, row in enumerate(order):
        async with database.transaction() as session:
            await session.execute(update(Outgoing).where(Outgoing.id == row).values(state=Sending.SENT))
            await pulses.sent(session, pulse.id, str(500 + i), vault)
        async with database.reading() as session:
            noted.append(len((await session.scalars(select(PulsePoll))).all()))
    steps = {after - before for before, after in itertools.pairwise(noted)}
    assert steps == {0, pulses.LOT}, "one that appears alone is that of the chat written to just before"
    voting = list(range(count))
    random.Random(3).shuffle(voting)
    for i in voting:
        async with database.transaction() as session:
            assert await pulses.voted(session, str(500 + i), [i % 2, 1 - i % 2], vault)
    async with database.transaction() as session:
        pulse = await session.get_one(Pulse, pulse.id)
        early = await pulses.result(session, pulse)
        assert pulse.delivered is not None
        assert not any(tag.encode() in pulse.delivered for tag in tags)
        await pulses.note_rest(session, pulse, vault)
        result = await pulses.result(session, pulse)
        assert early.answered < result.answered
        assert (result.invited, result.counts) == (count, (count // 2, count // 2))
    async with database.reading() as session:
        found = (await session.execute(text(f"SELECT poll_id, {mark} FROM pulse_polls ORDER BY {hidden}"))).all()
        counted = list(await session.scalars(text(f"SELECT poll_id FROM pulse_counts ORDER BY {hidden}")))
    as_they_lie = [row.poll_id for row in found]
    assert set(as_they_lie) == set(counted) == set(tags), "Telegram's ids stand nowhere"
    for tried in (as_they_lie, sorted(as_they_lie), counted):
        # Where one stands behind the one that was sent before it, that is by chance: once or twice.
        places = [tags.index(tag) for tag in tried]
        assert sum(after == before + 1 for before, after in itertools.pairwise(places)) < 15
    if not database.is_sqlite:
        assert min(Counter(row.xmin for row in found).values()) >= pulses.LOT


async def test_who_took_part_in_a_quiz_is_known_until_they_are_forgotten(database: Database, now: datetime) -> None:
    async with database.transaction() as session:
        places = await furnish(session)
        wang, li = await staff(session), await staff(session, 2, "Li")
        draft = Draft("Who?", ["a", "b"], 1)
        quiz = await quizzes.launch(session, draft, await quizzes.groups(session, None), now + DAY, now, li)
        assert quiz.places == [places[key].id for key in ("east", "west", "office")]
        # Before it is known that it was delivered; in two groups; changed; taken back, once more than there was.
        assert await quizzes.answered(session, "e", wang, 0)
        await quizzes.sent(session, quiz.id, places["east"].id, "e")
        await quizzes.sent(session, quiz.id, places["west"].id, "w")
        for poll, person, choice in (
            ("e", wang, 1), ("w", wang, 0), ("e", li, 1), ("w", li, 1), ("w", li, None), ("w", li, None),
        ):  # fmt: skip
            assert await quizzes.answered(session, poll, person, choice)
        await session.flush()
        assert [p.name for p in await quizzes.took_part(session, quiz)] == ["Wang", "Li"]
        found = [(each.staff, each.answered, each.right) for each in await quizzes.results(session, quiz, now)]
        assert found == [(2, 2, 2), (1, 1, 0)]
        over = now + DAY + pulses.SETTLED_AFTER
        assert [await quizzes.close_due(session, at) for at in (now + DAY, over, over)] == [0, 1, 0], "told once"
        acts = [(act.act, act.staff_id, act.detail) for act in await session.scalars(select(Act).order_by(Act.id))]
        asked = {"quiz": quiz.id, "places": ["east", "west", "office"]}
        assert acts == [("quiz_launch", li.id, asked), ("quiz_close", None, {"quiz": quiz.id})]
        assert not await quizzes.answered(session, "e", li, 0), "it is over"
        assert len((await mydata.gather(session, wang, 1, HOUSE.vault))["quizzes"]) == 2
        await forgetting.forget(session, wang, 1, HOUSE, now)
        assert [p.name for p in await quizzes.took_part(session, quiz)] == ["Li"]
        assert await session.scalar(select(func.count()).select_from(QuizAnswer)) == 1


async def test_what_was_chosen_before_groups_were_asked_is_counted_after(empty_database_url: str) -> None:
    database = Database(empty_database_url)
    await migrate(database, "0021")
    no = "0" if database.is_sqlite else "false"
    async with database.transaction() as session:
        await session.execute(
            text(f"INSERT INTO pulses (id, question, closes_at, closed) VALUES (1, 'Tea?', '2026-10-12', {no})")
        )
        await session.execute(
            text("INSERT INTO pulse_polls (poll_id, pulse_id, choice) VALUES ('a', 1, 4), ('b', 1, 4), ('c', 1, NULL)")
        )
    for _ in range(2):
        await migrate(database)
        async with database.reading() as session:
            result = await pulses.result(session, await session.get_one(Pulse, 1))
            assert (result.counts, result.invited, result.groups) == ((0, 0, 0, 0, 2), 3, False)
        await migrate(database, "0021")
    await database.close()
