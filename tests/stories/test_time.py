"""What time does: warnings, escalation, closing, pulses, and the keys that are destroyed."""

from __future__ import annotations

import asyncio
import re

import pytest
from sqlalchemy import func, select

from models.conversations import Conversation
from models.postings import Posting
from models.pulses import PulseCount
from models.requesters import Requester
from models.tickets import Ticket
from models.words import Words
from tests.campus import Campus, running
from tests.conftest import postgresql_later

on_sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)

TAP = "The tap in the bathroom drips all night"


@postgresql_later
async def test_a_ticket_that_nobody_claims_climbs_level_by_level(database_url: str) -> None:
    """Filed Monday 9:30 with four working hours to claim: due at 15:00, warned an hour before."""
    async with running(database_url) as campus:
        alice = await campus.student("Alice")
        number = await campus.files(alice, TAP)
        await campus.east.shows(f"#{number} ·")
        await campus.later(hours=4, minutes=40)
        await campus.east.shows(f"#{number} is not claimed yet; due today 15:0")
        await campus.later(hours=1)
        await campus.east.shows(f"Escalated to the station lead: #{number} should have been claimed")
        await campus.later(hours=24)
        await campus.office.shows("at East Campus Station should have been claimed")
        await campus.east.shows("Escalated to the union's office: #")
        await campus.later(hours=48)
        await campus.east.shows("Escalated to the supervising teacher: #")
        async with asyncio.timeout(20):
            while len([m for m in await campus.east.transcript() if m.text.startswith("🔺")]) < 3:
                await campus.stage.caught_up()
        before = len(await campus.east.transcript())
        await campus.later(minutes=1)
        await campus.later(minutes=1)
        assert len(await campus.east.transcript()) == before, "a job that runs twice says nothing twice"


@on_sqlite
async def test_a_student_sees_that_it_is_overdue_and_who_has_been_told(database_url: str) -> None:
    """You always know where your matter stands, and who can read it."""
    async with running(database_url) as campus:
        t = campus.t("en")
        alice = await campus.student("Alice")
        number = await campus.files(alice, TAP)
        await campus.later(days=4)
        await campus.office.shows("at East Campus Station should have been claimed")
        await alice.taps(t.plain("own.view"))
        shown = await alice.reads(f"#{number} · ")
        assert "Overdue, was to be" in shown.text
        assert t.plain("mine.told.3") in shown.text
        assert t.plain("event.escalate") in shown.text


@on_sqlite
async def test_a_ticket_that_waits_for_the_student_is_not_overdue(database_url: str) -> None:
    async with running(database_url) as campus:
        alice = await campus.student("Alice")
        number = await campus.files(alice, TAP)
        card = await campus.east.shows(f"#{number} ·")
        await campus.wang.says("/ask Hot or cold?", chat=campus.east, reply_to=card)
        await alice.reads("Hot or cold?")
        await campus.later(days=9)
        card = await campus.east.shows("waiting for the student")
        assert "overdue" not in card.text


@on_sqlite
async def test_a_resolved_ticket_closes_when_nobody_objects(database_url: str) -> None:
    async with running(database_url) as campus:
        alice = await campus.student("Alice")
        await campus.files(alice, TAP)
        await campus.resolves()
        await alice.reads("Is it really fixed?")
        await campus.later(days=2)
        await campus.east.shows("to be confirmed")
        await campus.later(days=2)
        await campus.east.shows("📁 closed")


@postgresql_later
async def test_four_weeks_after_closing_it_is_asked_whether_it_is_still_fixed(database_url: str) -> None:
    async with running(database_url) as campus:
        t = campus.t("en")
        alice = await campus.student("Alice")
        number = await campus.files(alice, TAP)
        await campus.resolves()
        await alice.taps(t.plain("fixed.yes"))
        await alice.taps("5 😀")
        await alice.taps(t.plain("rate.no_word"))
        await campus.later(days=27)
        await campus.later(days=1, minutes=1)
        await alice.reads("Is it still fixed?")
        await campus.later(hours=1)
        asked = [m for m in await campus.stage.transcript(alice.id) if "still fixed" in m.text]
        assert len(asked) == 1
        await alice.taps(t.plain("fixed.no"))
        await campus.east.shows(f"#{number} is not fixed, says the student")


async def test_the_way_to_an_anonymous_student_is_destroyed_some_days_after_closing(database_url: str) -> None:
    async with running(database_url) as campus:
        t = campus.t("en")
        alice = await campus.student("Alice")
        number = await campus.files(alice, TAP, anonymous=True)
        await campus.resolves()
        await alice.taps(t.plain("fixed.yes"))
        await alice.taps("5 😀")
        await alice.taps(t.plain("rate.no_word"))
        await campus.later(days=13)
        await alice.says("/mine")
        await alice.reads(t.n("mine.list", 1))
        await campus.later(days=2)
        async with campus.app.database.reading() as session:
            (requester,) = await session.scalars(select(Requester))
            assert (requester.salt, requester.owner_tag, requester.address) == (None, None, None)
            assert (await session.get_one(Ticket, number)).id == number, "the ticket itself stays, for the figures"
        await alice.says("/mine")
        await alice.reads(t.plain("mine.none"))


async def test_once_the_keys_are_destroyed_the_program_knows_its_author_no_more(database_url: str) -> None:
    """Not by an edit either, nor by the messages that the bot has sent them."""
    async with running(database_url) as campus:
        t = campus.t("en")
        alice = await campus.student("Alice")
        await campus.files(alice, TAP, anonymous=True)
        written = next(m for m in await campus.stage.transcript(alice.id) if m.text == TAP)
        await campus.resolves()
        await alice.taps(t.plain("fixed.yes"))
        await campus.later(days=15)
        await alice.edits(written, "It was me, Alice")
        await alice.says("/mine")
        await alice.reads(t.plain("mine.none"))
        await campus.quiet()
        async with campus.app.database.reading() as session:
            (said,) = await session.scalars(select(Words))
            assert (said.content["text"], said.source_tag, said.edited_at) == (TAP, None, None)
            assert not (await session.scalars(select(Posting).where(Posting.requester_id.is_not(None)))).all()


@on_sqlite
async def test_a_draft_nobody_comes_back_to_is_left_behind(database_url: str) -> None:
    async with running(database_url) as campus:
        t = campus.t("en")
        alice, bob = await campus.student("Alice"), await campus.student("Bob")
        await alice.says("/new")
        await bob.says("/new")
        await bob.reads(t.plain("new.kind"))
        await campus.later(days=13)
        await bob.taps(t.plain("kind.complaint"))
        await campus.later(days=2)
        assert await alice.taps(t.plain("kind.complaint")) == t.plain("old.button")
        await bob.taps(t.pick(campus.app.settings.category_names("repairs")))
        async with campus.app.database.reading() as session:
            assert len((await session.scalars(select(Conversation))).all()) == 1


@on_sqlite
async def test_the_words_of_an_anonymous_admin_do_not_wait_for_ever(database_url: str) -> None:
    async with running(database_url) as campus:
        t = campus.t("en")
        alice = await campus.student("Alice")
        number = await campus.files(alice, TAP)
        card = await campus.east.shows(f"#{number} ·")
        await campus.stage.promote(campus.east, campus.li, "administrator", anonymous=True)
        await campus.stage.control(
            "say", person=campus.li.id, chat=campus.east.id, text="At four", reply_to=card.id, anonymous=True
        )
        await campus.east.shows(t.plain("desk.who_are_you"))
        await campus.later(days=15)
        async with campus.app.database.reading() as session:
            assert not (await session.scalars(select(Conversation))).all()


async def counted(campus: Campus, votes: int) -> None:
    """Wait until so many votes are in."""
    async with asyncio.timeout(20):
        while True:
            async with campus.app.database.reading() as session:
                if (await session.scalar(select(func.sum(PulseCount.votes))) or 0) >= votes:
                    return
            await asyncio.sleep(0)


@on_sqlite
@pytest.mark.parametrize("language", ["zh-hans", "zh-hant", "en"])
async def test_a_pulse_goes_to_everybody_and_its_result_comes_back_as_a_picture(
    database_url: str, language: str
) -> None:
    async with running(database_url, surveys={"minimum_cell": 2}) as campus:
        t, office = campus.t(language), campus.t("en")
        students = [await campus.student(f"S{i}", language) for i in range(3)]
        await campus.admin.says("/poll 热水够热吗？", chat=campus.office)
        preview = await campus.admin.reads(
            office.n("pulse.preview", 3, question="", options="").split("\n")[2][:16], chat=campus.office
        )
        assert "in 简体中文, 繁體中文 it stands as you wrote it" in preview.text
        asked = "熱水夠熱嗎？" if language == "zh-hant" else "热水够热吗？"
        await campus.admin.taps(office.plain("pulse.send"), chat=campus.office)
        for student, choice in zip(students, (4, 3, 0), strict=True):
            poll = await student.reads(asked)
            assert poll.raw["poll"]["options"][0]["text"] == t.plain("pulse.scale.1")
            assert poll.raw["poll"]["is_anonymous"]
            await student.votes(poll, choice)
        await counted(campus, 3)
        await campus.later(days=2, minutes=1)
        for student in students:
            result = await student.reads("📊")
            assert result.raw["photo"]
            assert "3" in result.text
            assert asked in result.text
        await campus.office.shows("Response 100 %: 3 of 3, 0 silent")
        await campus.later(minutes=5)
        told = [m for m in await campus.office.transcript() if m.text.startswith("📊")]
        assert len(told) == 1


@on_sqlite
async def test_of_too_few_answers_nothing_is_shown(database_url: str) -> None:
    async with running(database_url) as campus:
        students = [await campus.student(f"S{i}") for i in range(2)]
        await campus.admin.says("/poll Tea or coffee? | Tea | Coffee", chat=campus.office)
        await campus.admin.taps(campus.t("en").plain("pulse.send"), chat=campus.office)
        for student in students:
            await student.votes(await student.reads("Tea or coffee?"), 0)
        await counted(campus, 2)
        await campus.later(days=2, minutes=1)
        await campus.office.shows("Fewer than 10 answered")
        result = await students[0].reads("Fewer than 10 answered")
        assert "Tea" not in re.sub("Tea or coffee", "", result.text)


@on_sqlite
@pytest.mark.parametrize(
    ("words", "refusal"),
    [
        pytest.param("/poll " + "x" * 301, "pulse.question_length", id="too long a question"),
        pytest.param("/poll One? | only", "pulse.options_limits", id="one answer"),
        pytest.param("/poll Same? | a | a", "pulse.options_twice", id="twice the same"),
    ],
)
async def test_a_poll_that_telegram_would_not_take_is_refused_with_a_sentence(
    database_url: str, words: str, refusal: str
) -> None:
    async with running(database_url) as campus:
        await campus.admin.says(words, chat=campus.office)
        limits = {"most": 300} if refusal == "pulse.question_length" else {"most": 12, "length": 100}
        expected = campus.t("en").plain(refusal, **limits) if refusal != "pulse.options_twice" else None
        await campus.admin.reads(expected or campus.t("en").plain(refusal), chat=campus.office)


@on_sqlite
async def test_only_union_admins_ask_everybody(database_url: str) -> None:
    async with running(database_url) as campus:
        await campus.wang.says("/poll Tea?", chat=campus.east)
        await campus.east.shows(campus.t("en").plain("pulse.leads_only"))
        await campus.admin.says("/poll Tea?", chat=campus.east)
        await campus.east.shows(campus.t("en").plain("pulse.office_only"))


@on_sqlite
async def test_a_question_can_be_built_step_by_step_and_left(database_url: str) -> None:
    async with running(database_url) as campus:
        t = campus.t("en")
        await campus.student("Alice")
        await campus.admin.says("/poll", chat=campus.office)
        await campus.admin.reads(t.plain("pulse.question"), chat=campus.office)
        await campus.admin.says("Tea or coffee?", chat=campus.office)
        await campus.admin.reads(t.plain("pulse.options"), chat=campus.office)
        await campus.admin.says("Tea\nCoffee", chat=campus.office)
        await campus.admin.reads("Tea or coffee?", chat=campus.office)
        await campus.admin.taps(t.plain("nav.cancel"), chat=campus.office)
        await campus.admin.reads(t.plain("pulse.cancelled"), chat=campus.office)
