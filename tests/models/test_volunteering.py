"""Volunteers: places and those who wait, being there, hours and what is said of them, certificates, the report card."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from models import forgetting, mydata, roster
from models.calendar import Semester
from models.database import Database
from models.errors import Refusal
from models.invitations import Invitation
from models.invitations import Part as Answered
from models.outbox import Outgoing
from models.people import Audience, Person
from models.questionnaires import EVERYBODY, Group
from models.roster import Line
from models.surveys import Stage as SurveyStage
from models.surveys import Survey
from models.union import certificates, gatherings, hours, places, presence, report_cards, volunteering
from models.union.gatherings import Attendance, Gathering, Kind, Part, Stage
from models.union.hours import DisputeStage
from models.union.volunteering import VolunteerCall
from tests.house import HOUSE, furnish, staff, student

HOUR, MINUTE, DAY = timedelta(hours=1), timedelta(minutes=1), timedelta(days=1)
TERM = Semester("2026-2027-1", date(2026, 9, 7), date(2027, 1, 17))
OURS = replace(HOUSE, calendar=replace(HOUSE.calendar, semesters=(TERM,)))


async def called(
    session: AsyncSession, now: datetime, by: Person, *, seats: int | None = 1, ahead: timedelta = 3 * DAY, **more: Any
) -> tuple[Gathering, VolunteerCall]:
    """A call that is open, three hours long."""
    starts = now + ahead
    titles, role = {"en": "Welcome desk"}, {"en": "Guide"}
    found, call = await volunteering.plan(
        session, titles, "Gate 1", starts, starts + 3 * HOUR, role, OURS, now, by=by, station=None
    )
    for name, value in more.items():
        setattr(call, name, value)
    found.seats = seats
    await volunteering.open_call(session, found, by, now)
    return found, call


async def people(session: AsyncSession, *names: str) -> list[Person]:
    """Students who have agreed."""
    found = [await student(session, number, name) for number, name in enumerate(names, 1)]
    for each in found:
        each.agreed, each.audience = True, Audience.UNDERGRADUATE
    return found


async def told(session: AsyncSession, person: Person) -> list[str]:
    """What somebody was written, in order."""
    rows = select(Outgoing).where(Outgoing.chat_id == person.telegram_id, Outgoing.letter == "volunteer")
    return [(row.payload or {})["what"] for row in await session.scalars(rows.order_by(Outgoing.id))]


async def test_a_button_of_no_call_is_refused(database: Database, now: datetime) -> None:
    """Also where the number is that of something else people come together for."""
    async with database.transaction() as session:
        await furnish(session)
        wang = await staff(session)
        it, _ = await called(session, now, wang)
        it.kind = Kind.MEETING
        for number in (it.id, it.id + 1):
            with pytest.raises(Refusal, match=r"volunteer.unknown"):
                await places.accept(session, number, wang, now)
            with pytest.raises(Refusal, match=r"volunteer.unknown"):
                await places.take_back(session, number, wang, OURS, now)


async def test_places_are_given_in_order_and_a_free_one_is_kept_for_the_first_who_waits(
    database: Database, now: datetime
) -> None:
    async with database.transaction() as session:
        await furnish(session)
        wang = await staff(session)
        alice, bob, carol, dora = await people(session, "Alice", "Bob", "Carol", "Dora")
        it, _ = await called(session, now, wang)
        assert (await places.put_down(session, it.id, alice, OURS, now))[0].part is Part.COMING
        for each, at in ((dora, 0), (bob, 1), (carol, 2)):
            place, _ = await places.put_down(session, it.id, each, OURS, now + at * MINUTE)
            assert place.part is Part.WAITING
        # Whoever stayed away twice waits behind the others, and once more changes nothing.
        for _ in range(2):
            missed, _ = await called(session, now - 9 * DAY, wang, ahead=DAY)
            await places.put_down(session, missed.id, dora, OURS, now - 9 * DAY)
            await presence.hold_due(session, OURS, now - 7 * DAY)
        await places.put_down(session, it.id, bob, OURS, now + HOUR)
        line = await places.line(session, it, OURS, now)
        assert [each.person_id for each in line] == [bob.id, carol.id, dora.id]
        await places.take_back(session, it.id, alice, OURS, now + HOUR)
        with pytest.raises(Refusal, match=r"volunteer.not_down"):
            await places.take_back(session, it.id, alice, OURS, now + HOUR)
        assert await told(session, bob) == ["offer"]
        assert await places.free(session, it) == 0, "it is kept"
        assert (await places.put_down(session, it.id, alice, OURS, now + HOUR))[0].part is Part.WAITING
        with pytest.raises(Refusal, match=r"volunteer.offer_over"):
            await places.accept(session, it.id, carol, now + HOUR)
        # Bob does not answer in time: Carol is asked, and comes.
        await places.ask_the_next(session, OURS, now + 12 * HOUR)
        assert await told(session, bob) == ["offer"]
        after = now + 13 * HOUR + MINUTE
        await places.ask_the_next(session, OURS, after)
        assert (await told(session, bob), await told(session, carol)) == (["offer", "offer_over"], ["offer"])
        assert (await places.accept(session, it.id, carol, after)).part is Part.COMING
        # More places: Alice is asked before Dora, who stayed away; asked at night she has until noon and more.
        night = now + 14 * HOUR
        await places.seat(session, it.id, 2, OURS, night)
        hers = await gatherings.place_of(session, it, alice)
        assert hers is not None
        assert hers.offered_until == OURS.calendar.after_quiet(night) + places.KEPT_FOR
        with pytest.raises(Refusal, match=r"volunteer.seats_taken"):
            await places.seat(session, it.id, 1, OURS, night)
        # An hour before it begins nobody is asked any more, and whoever still waits hears so.
        await places.take_back(session, it.id, carol, OURS, it.starts_at - 80 * MINUTE)
        await places.ask_the_next(session, OURS, it.starts_at - HOUR)
        assert (await told(session, dora))[-1] == "no_place"
        with pytest.raises(Refusal, match=r"volunteer.begun"):
            await places.put_down(session, it.id, bob, OURS, it.starts_at)


async def test_of_two_who_want_the_last_place_at_once_one_has_it(database: Database, now: datetime) -> None:
    async with database.transaction() as session:
        await furnish(session)
        both = await people(session, "Alice", "Bob")
        it, _ = await called(session, now, await staff(session))
        number, ids = it.id, [each.id for each in both]

    async def wants(person_id: int) -> Part:
        async with database.transaction() as session:
            person = await session.get_one(Person, person_id)
            return (await places.put_down(session, number, person, OURS, now))[0].part

    assert sorted(await asyncio.gather(*map(wants, ids))) == [Part.COMING, Part.WAITING]


async def test_who_may_come_is_asked_at_the_list_and_at_the_door(database: Database, now: datetime) -> None:
    async with database.transaction() as session:
        await furnish(session)
        wang = await staff(session)
        alice, bob, carol = await people(session, "Alice", "Bob", "Carol")
        training, _ = await called(session, now, wang, seats=None, ahead=DAY, trains=True)
        it, call = await called(session, now, wang, seats=2, training_id=training.id)
        assert await volunteering.trainings(session, it, 9) == [training]
        it.cohort = Group(audiences=(Audience.UNDERGRADUATE,)).plain()
        carol.audience = Audience.GRADUATE
        with pytest.raises(Refusal, match=r"volunteer.not_for_you"):
            await places.put_down(session, it.id, carol, OURS, now)
        assert await volunteering.open_for(session, carol, now) == [training]
        it.cohort = EVERYBODY.plain()
        assert (await places.put_down(session, it.id, alice, OURS, now))[1], "the training is before her"
        at_once, _ = await called(session, now, wang, ahead=3 * DAY + HOUR)
        with pytest.raises(Refusal, match=r"volunteer.at_once"):
            await places.put_down(session, at_once.id, alice, OURS, now)
        await presence.sign_in(session, training.id, alice, OURS, training.starts_at)
        await presence.hold_due(session, OURS, training.ends_at + 2 * HOUR)
        with pytest.raises(Refusal, match=r"volunteer.untrained"):
            await places.put_down(session, it.id, bob, OURS, training.ends_at + 2 * HOUR)
        # At the door: reminded before, who has no place takes a free one, who was not trained does not.
        for at, count in ((DAY, 1), (DAY - HOUR, 1), (2 * HOUR, 2), (HOUR, 2)):
            await presence.remind(session, OURS, it.starts_at - at)
            assert (await told(session, alice)).count("reminder") == count
        with pytest.raises(Refusal, match=r"volunteer.untrained"):
            await presence.sign_in(session, it.id, bob, OURS, it.starts_at)
        call.training_id = None
        it.seats = 1
        with pytest.raises(Refusal, match=r"volunteer.full"):
            await presence.sign_in(session, it.id, bob, OURS, it.starts_at)
        it.seats = 2
        assert (await presence.sign_in(session, it.id, bob, OURS, it.starts_at)).part is Part.CAME
        # Alice forgot: she has missed it, says why, and is excused; then it counts no more.
        await presence.hold_due(session, OURS, it.ends_at + 2 * HOUR)
        over = it.ends_at + DAY
        assert (await told(session, alice))[-1] == "missed"
        assert await volunteering.missed_by(session, [alice.id, bob.id], OURS, over) == {alice.id: 1}
        await presence.excuse(session, it.id, alice, "I was ill", OURS, over)
        assert "I was ill" in str(await mydata.gather(session, alice, 1, OURS.vault))
        with pytest.raises(Refusal, match=r"volunteer.about_yourself"):
            await presence.decide_excuse(session, it, alice.id, alice, OURS, over, accept=True)
        await presence.decide_excuse(session, it, alice.id, wang, OURS, over, accept=True)
        with pytest.raises(Refusal, match=r"volunteer.decided_already"):
            await presence.decide_excuse(session, it, alice.id, wang, OURS, over, accept=False)
        assert await volunteering.missed_by(session, [alice.id], OURS, over) == {}
        assert "I was ill" not in str(await mydata.gather(session, alice, 1, OURS.vault))
        # She was there after all, says the lead.
        await presence.by_hand(session, it, alice.id, wang, over)
        assert {each.person_id for each in await hours.waiting(session, it)} == {alice.id, bob.id}


async def test_whoever_leads_it_does_not_sign_themselves_in_by_hand(database: Database, now: datetime) -> None:
    async with database.transaction() as session:
        await furnish(session)
        wang, li = await staff(session), await staff(session, 2, "Li")
        it, _ = await called(session, now, wang)
        await places.put_down(session, it.id, wang, OURS, now)
        with pytest.raises(Refusal, match=r"^volunteer.own_hand$"):
            await presence.by_hand(session, it, wang.id, wang, it.starts_at)
        await presence.by_hand(session, it, wang.id, li, it.starts_at)
        place = await gatherings.place_of(session, it, wang)
        assert place is not None
        assert place.part is Part.CAME


async def test_whoever_was_signed_in_meanwhile_has_nothing_to_excuse(database: Database, now: datetime) -> None:
    async with database.transaction() as session:
        await furnish(session)
        wang = await staff(session)
        (alice,) = await people(session, "Alice")
        it, _ = await called(session, now, wang)
        await places.put_down(session, it.id, alice, OURS, now)
        over = it.ends_at + 2 * HOUR
        await presence.hold_due(session, OURS, over)
        # Another transaction changes the place that this one has read already.
        its = update(Attendance).where(Attendance.gathering_id == it.id, Attendance.person_id == alice.id)
        await session.execute(its.values(part=Part.CAME).execution_options(synchronize_session=False))
        with pytest.raises(Refusal, match=r"^volunteer.nothing_to_excuse$"):
            await presence.excuse(session, it.id, alice, "I was ill", OURS, over)


async def test_hours_are_proposed_confirmed_and_disputed_and_a_certificate_says_those_of_now(
    database: Database, now: datetime
) -> None:
    async with database.transaction() as session:
        await furnish(session)
        wang, li = await staff(session), await staff(session, 2, "Li")
        alice, bob = await people(session, "Alice", "Bob")
        it, call = await called(session, now, wang, seats=None)
        for each in (alice, bob):
            await presence.sign_in(session, it.id, each, OURS, it.starts_at + 10 * MINUTE)
        await gatherings.sign_out(session, it, alice, it.starts_at + 2 * HOUR + 20 * MINUTE)
        place = await gatherings.place_of(session, it, alice)
        assert place is not None
        for rounding, minutes in ((1, 130), (15, 135), (30, 120), (60, 120)):
            call.rounding = rounding
            assert hours.proposed(it, call, place) == minutes
        call.rounding = 30
        short = Gathering(starts_at=it.starts_at, ends_at=it.starts_at + 140 * MINUTE)
        early = Attendance(signed_in_at=it.starts_at - 9 * MINUTE, signed_out_at=it.ends_at)
        assert hours.proposed(short, call, early) == 140, "never above the whole of it"
        with pytest.raises(Refusal, match=r"hours.not_over"):
            await hours.confirm(session, it, alice.id, 120, wang, OURS, it.ends_at - MINUTE)
        over = it.ends_at + 2 * HOUR
        await presence.hold_due(session, OURS, over)
        with pytest.raises(Refusal, match=r"certificate.none"):
            await certificates.of(session, it.id, alice, OURS.vault)
        assert await hours.confirm_all(session, it, call, wang, OURS, over) == 1, "nobody knows when Bob left"
        for minutes, by, key in ((181, wang, "hours.reason_needed"), (60, bob, "volunteer.about_yourself")):
            with pytest.raises(Refusal, match=key):
                await hours.confirm(session, it, bob.id, minutes, by, OURS, over)
        await hours.confirm(session, it, bob.id, 200, wang, OURS, over, because="He cleared up")
        with pytest.raises(Refusal, match=r"hours.reason_needed"):
            await hours.confirm(session, it, alice.id, 150, wang, OURS, over)
        first = await certificates.of(session, it.id, alice, OURS.vault)
        assert (first.minutes, first.number, first.name, first.confirmed_by) == (120, None, "Alice", "Wang")
        assert await certificates.verified(session, first.code.lower().replace("-", " "), OURS.vault) == first
        for forged in (first.code[:-1] + "2" if first.code[-1] != "2" else "3", "9-AAAA-BBBB-CCCC", "x", ""):
            assert await certificates.verified(session, forged, OURS.vault) is None
        # Alice says it was longer; the lead thinks not, the office does.
        await hours.dispute(session, it.id, alice, "I left at three", OURS, over)
        with pytest.raises(Refusal, match=r"dispute.once"):
            await hours.dispute(session, it.id, alice, "Really", OURS, over)
        with pytest.raises(Refusal, match=r"dispute.answered_already"):
            await hours.answer(session, it, alice.id, 180, "So", li, OURS, over, office=True)
        await hours.answer(session, it, alice.id, 120, "The list says so", wang, OURS, over, office=False)
        with pytest.raises(Refusal, match=r"dispute.answered_already"):
            await hours.answer(session, it, alice.id, 180, "No", wang, OURS, over, office=False)
        await hours.further(session, it.id, alice, over)
        with pytest.raises(Refusal, match=r"dispute.own_answer"):
            await hours.answer(session, it, alice.id, 180, "So", wang, OURS, over, office=True)
        await hours.answer(session, it, alice.id, 180, "Two others saw it", li, OURS, over, office=True)
        assert place.minutes == 180
        assert await told(session, alice) == ["hours", "dispute_answered", "dispute_decided"]
        assert await certificates.verified(session, first.code, OURS.vault) is None, "it says hours that are not so"
        # Who was excused meanwhile has been there after all: the hours that the answer names stand there.
        carol = await student(session, 77, "Carol")
        session.add(Attendance(gathering_id=it.id, person_id=carol.id, asked_at=now, part=Part.MISSED))
        await session.flush()
        await hours.dispute(session, it.id, carol, "I was there", OURS, over)
        excused = await session.get_one(Attendance, (it.id, carol.id))
        excused.part = Part.EXCUSED
        await hours.answer(session, it, carol.id, 60, "So she was", wang, OURS, over, office=False)
        assert (excused.part, excused.minutes) == (Part.CAME, 60)
        # Bob's lies for a week: it goes to the office by itself.
        await hours.dispute(session, it.id, bob, "It was less", OURS, over)
        await hours.climb(session, over + 7 * DAY)
        assert [each.person_id for each in await hours.disputes(session, it, DisputeStage.OFFICE)] == [bob.id]
        now_ = await certificates.of(session, it.id, bob, OURS.vault)
        await forgetting.forget(session, bob, 1, OURS, over)
        assert await hours.disputes(session, it, *DisputeStage) != []
        kept = await certificates.verified(session, now_.code, OURS.vault)
        assert kept is not None
        assert (kept.name, kept.minutes) == ("", 200)
        place = await gatherings.place_of(session, it, bob)
        assert place is not None
        assert place.because is None


async def test_the_report_card_names_only_the_roster_and_counts_surveys_when_they_have_closed(
    database: Database, now: datetime
) -> None:
    async with database.transaction() as session:
        desks = await furnish(session)
        wang = await staff(session)
        alice, bob = await people(session, "Alice", "Bob")
        line = Line("2026010001", "Ai Li", "Physics", "2026", None, None, None)
        await roster.replace(session, await roster.compare(session, [line], OURS.vault), OURS.vault, now)
        row = await session.scalar(select(roster.Enrolled))
        assert row is not None
        await roster.tie(session, row, alice)
        it, _ = await called(session, now, wang, seats=None, station_id=desks["east"].id)
        for each in (alice, bob):
            await presence.sign_in(session, it.id, each, OURS, it.starts_at)
        over = it.ends_at + 2 * HOUR
        await presence.hold_due(session, OURS, over)
        await hours.confirm(session, it, alice.id, 120, wang, OURS, over)
        await hours.dispute(session, it.id, alice, "Longer", OURS, over)
        survey = Survey(
            key="how", semester=TERM.name, definition={}, anonymous=True, cell=2, target={}, reminders=[],
            stage=SurveyStage.OPEN, opens_at=now, closes_at=now + DAY,
        )  # fmt: skip
        session.add(survey)
        await session.flush()
        for each in (alice, bob):
            session.add(Invitation(survey_id=survey.id, person_id=each.id, part=Answered.FINISHED))
        await session.flush()
        found = await report_cards.helped(session, TERM, OURS.calendar)
        assert [(each.name, each.minutes, each.disputed, each.confirmed_by) for each in found] == [
            ("Alice", 120, True, "Wang"),
            ("Bob", None, None, None),
        ]
        assert roster.opened(found[0], OURS.vault) == ("2026010001", "Ai Li")
        assert (found[1].sealed, found[0].organiser["en"]) == (None, "East Station")
        assert await report_cards.took_part(session, TERM.name) == [], "it is open"
        survey.stage = SurveyStage.CLOSED
        await session.flush()
        assert [each.surveys for each in await report_cards.took_part(session, TERM.name)] == [1]
        assert await report_cards.unknown(session, TERM.name) == 1
        await volunteering.cancel(session, (await called(session, now, wang))[0], wang, OURS, now)
        assert it.stage is Stage.HELD
