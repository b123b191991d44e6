"""What rows say once their time has come: to whom they were written, and to nobody else."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from sqlalchemy import select

from bot import letters
from bot.app import house_of
from bot.letters.polls import pulse_labels, pulse_question
from bot.texts import Catalogue
from bot.toolbox import Toolbox
from bot.untrusted import units
from models import answering, asking, pulses, quizzes, requesters, stations, tickets
from models import letters as rules
from models.database import Database
from models.outbox import Outgoing
from models.postings import Posting
from models.pulses import Pulse
from models.quizzes import Draft
from models.words import Words
from tests.campus import settings
from tests.house import EAST, HOUSE, OFFICE, draft, furnish, staff, student

HELLO = {"type": "text", "text": "It is the hot water side"}


@pytest.fixture(scope="module")
def toolbox() -> Toolbox:
    chosen = settings("http://127.0.0.1:1", "sqlite:///unused.db")
    return Toolbox(settings=chosen, house=house_of(chosen), catalogue=Catalogue.load(chosen.timezone))


async def test_what_was_for_a_station_is_not_said_where_it_sits_no_more(
    database: Database, now: datetime, toolbox: Toolbox
) -> None:
    """A student's words went to whoever was left in the group, looking like an answer to a student."""
    async with database.transaction() as session:
        desks = await furnish(session)
        ticket = await asking.file(session, draft(), await student(session), HOUSE, now)
        (place,) = await requesters.waiting.about(session, ticket.id)
        (said,) = await asking.add(session, ticket, place, [(HELLO, (10_001, 6))], HOUSE, now)
        session.add(Posting(chat_id=EAST, message_id=7, ticket_id=ticket.id, words_id=said.id))
        await session.flush()
        await tickets.edit(session, await session.get_one(Words, said.id), HELLO | {"text": "Cold"}, now)
        await asking.urge(session, ticket, now)
        await answering.answer(session, ticket, await staff(session), HELLO, HOUSE, now, (EAST, 77))
        rows = (await session.scalars(select(Outgoing).order_by(Outgoing.id))).all()
        for_the_station = [row for row in rows if row.requester_id is None]
        assert {row.letter for row in for_the_station} == {"card", "words", "edited", "notice"}
        desks["east"].chat_id = None
        await session.flush()
        for row in rows:
            drawn = await letters.draw(session, row, toolbox, now, EAST if row in for_the_station else 10_001)
            assert bool(drawn.calls) == (row.requester_id is not None), row.letter


async def test_words_are_not_said_where_another_place_s_station_sits_by_now(
    database: Database, now: datetime, toolbox: Toolbox
) -> None:
    async with database.transaction() as session:
        desks = await furnish(session)
        ticket = await asking.file(session, draft(), await student(session), HOUSE, now)
        (place,) = await requesters.waiting.about(session, ticket.id)
        (said,) = await asking.add(session, ticket, place, [(HELLO, (10_001, 6))], HOUSE, now)
        desks["east"].chat_id = None
        await session.flush()
        await stations.bind(session, desks["west"], EAST, topics=False)
        await session.flush()
        row = (await session.scalars(select(Outgoing).where(Outgoing.words_id == said.id))).one()
        assert (await letters.draw(session, row, toolbox, now, EAST)).calls == []


async def test_no_group_is_asked_in_another_s_place_or_told_what_came_of_it(
    database: Database, now: datetime, toolbox: Toolbox
) -> None:
    async with database.transaction() as session:
        desks = await furnish(session)
        east, office, until = desks["east"], desks["office"], now + timedelta(days=1)
        pulse = await pulses.launch(session, "Tea?", None, until, HOUSE, now, [east])
        quiz = await quizzes.launch(session, Draft("Who?", ["a", "b"], 1), [east], until, now)
        rows = list(await session.scalars(select(Outgoing).order_by(Outgoing.id)))
        assert [len((await letters.draw(session, row, toolbox, now, EAST)).calls) for row in rows] == [1, 2]
        await pulses.close(session, pulse, {}, [OFFICE], HOUSE, now)
        assert await quizzes.close_due(session, until + pulses.SETTLED_AFTER) == 1
        pulse.closed = quiz.closed = False
        results = select(Outgoing).where(Outgoing.letter.in_(["pulse_result", "quiz_result"])).order_by(Outgoing.id)
        rows += list(await session.scalars(results))
        for row in rows:
            row.payload = {"pulse": pulse.id, "quiz": quiz.id, "station": east.id}
        east.chat_id = office.chat_id = None
        await session.flush()
        for seated in (None, EAST):
            # Nobody's group by now; and another station's.
            desks["west"].chat_id = seated
            await session.flush()
            drawn = {row.letter: (await letters.draw(session, row, toolbox, now, EAST)).calls for row in rows}
            told = [letter for letter, calls in drawn.items() if calls]
            assert told == ([] if seated is None else ["pulse_result"]), "a result of all stations is no secret"


async def test_the_bot_goes_only_from_what_is_no_desk_when_its_time_has_come(
    database: Database, now: datetime, toolbox: Toolbox
) -> None:
    async with database.transaction() as session:
        desks = await furnish(session)
        await rules.leave(session, -1009, "en", now)
        rows = (await session.scalars(select(Outgoing).order_by(Outgoing.id))).all()
        assert all(row.not_before > now for row in rows)
        drawn = [await letters.draw(session, row, toolbox, now, -1009) for row in rows]
        assert [call.method for each in drawn for call in each.calls] == ["sendMessage", "leaveChat"]
        desks["east"].chat_id = -1009
        await session.flush()
        drawn = [await letters.draw(session, row, toolbox, now, -1009) for row in rows]
        assert [call for each in drawn for call in each.calls] == []


def test_a_question_and_its_answers_leave_as_they_were_accepted(toolbox: Toolbox) -> None:
    """Two answers that differed in their last letter arrived alike: they were cut for signs that they do not need."""
    t = toolbox.t("en")
    alike = "y" * (pulses.OPTION_LENGTH - 1)
    pulse = Pulse(question="q" * pulses.QUESTION_LENGTH, options=[f"{alike}1", f"{alike}2"])
    assert pulse_question(pulse, t) == pulse.question
    assert pulse_labels(pulse, t) == (f"{alike}1", f"{alike}2")
    turned = Pulse(question="?", options=["ש" * pulses.OPTION_LENGTH, "x"])
    assert all(units(label) <= pulses.OPTION_LENGTH for label in pulse_labels(turned, t)), "with what isolates it"
