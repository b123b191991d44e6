"""Somebody without Telegram comes to the station: one queue, the same numbers, nothing that is sent to nobody."""

from __future__ import annotations

import re

import pytest
from sqlalchemy import select

from models import stations, statistics, walkins
from models.lifecycle import State
from models.outbox import Outgoing
from models.requesters import Requester
from models.tickets import Event, Ticket
from models.walkins import WalkIn
from tests.campus import Campus, number_in, running

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


async def records(campus: Campus, words: str, contact: str | None) -> int:
    """Wang records a visitor's matter in the east station; the ticket's number."""
    t, settings = campus.t("en"), campus.app.settings
    await campus.wang.says("/walkin", chat=campus.east)
    await campus.wang.taps(t.plain("kind.need"), chat=campus.east)
    for key in ("repairs", "water"):
        await campus.wang.taps(t.pick(settings.category_names(key)), chat=campus.east)
    await campus.wang.taps("East 2", chat=campus.east)
    prompt = await campus.wang.reads("with what they said", chat=campus.east)
    await campus.wang.says(words, chat=campus.east, reply_to=prompt)
    prompt = await campus.wang.reads("how can they be reached", chat=campus.east)
    if contact is None:
        await campus.wang.taps(t.plain("walkin.no_contact"), chat=campus.east)
    else:
        await campus.wang.says(contact, chat=campus.east, reply_to=prompt)
    await campus.wang.reads(words, chat=campus.east)
    await campus.wang.taps(t.plain("walkin.file"), chat=campus.east)
    filed = await campus.wang.reads("📮 Wang has recorded", chat=campus.east)
    return number_in(filed.text)


async def test_a_walk_in_is_a_ticket_whose_answers_are_told_and_whose_outcome_is_asked(database_url: str) -> None:
    async with running(database_url) as campus:
        t = campus.t("en")
        number = await records(campus, "The shower on the third floor is cold", "Room 305, 138-0000")
        card = await campus.east.shows(re.compile(rf"🙋 #{number} ·"))
        for words in ("🚶 came in person, recorded by Wang", "☎️ Room 305, 138-0000", "third floor is cold", "Claim by"):
            assert words in card.text, card.text
        assert t.plain("desk.ask") not in card.labels, "nobody would answer, and the clock would stand still"
        await campus.wang.says("/ask Since when?", chat=campus.east, reply_to=card)
        await campus.wang.reads(t.plain("walkin.no_question", number=number), chat=campus.east)
        await campus.wang.says("The boiler is repaired on Friday", chat=campus.east, reply_to=card)
        await campus.wang.reads("nothing was sent: please tell them", chat=campus.east)
        await campus.wang.taps(t.plain("walkin.told_phone"), chat=campus.east)
        await campus.east.shows(f"#{number}: Told by phone · Wang")
        await campus.resolves()
        await campus.wang.reads("What did they say?", chat=campus.east)
        said = [m.text for m in await campus.east.transcript()]
        assert not [text for text in said if "the student is asked" in text], "a visitor cannot be"
        await campus.wang.taps(t.plain("walkin.heard_yes"), chat=campus.east)
        await campus.wang.taps("4", chat=campus.east)
        await campus.east.shows(f"#{number}: written down")
        await campus.east.shows("closed · #")
        await campus.quiet()
        async with campus.app.database.reading() as session:
            assert (await session.scalars(select(Outgoing).where(Outgoing.requester_id.is_not(None)))).all() == []
            place = (await session.scalars(select(Requester))).one()
            assert (place.person_id, place.address, place.owner_tag, place.salt) == (None, None, None, None)
            assert (place.solved, place.rating) == (True, 4)
            steps = (await session.scalars(select(Event.action).order_by(Event.id))).all()
            assert steps == ["file", "answer", "told", "resolve", "confirm", "rate"]
            calendar, now = campus.app.toolbox.house.calendar, campus.clock()
            counted = await statistics.count(session, statistics.period("week", calendar, now), calendar, now)
            east = await stations.by_key(session, "east")
            assert east is not None
            assert counted[east.id].solved.rate.of == 1, "in one queue with those from chat"
        assert await campus.wang.presses(card, f"lh:{number}:6", chat=campus.east) == t.plain("desk.old_button")
        # Some days after closing nobody can tell any more who came.
        await campus.later(days=15)
        async with campus.app.database.reading() as session:
            assert (await session.scalars(select(WalkIn.contact))).all() == [None]


async def test_not_solved_opens_a_walk_in_again_and_others_have_no_visitor(database_url: str) -> None:
    async with running(database_url) as campus:
        t = campus.t("en")
        number = await records(campus, "The shower on the third floor is cold", None)
        card = await campus.east.shows(re.compile(rf"🙋 #{number} ·"))
        assert "☎️" not in card.text
        await campus.resolves()
        await campus.wang.taps(t.plain("walkin.heard_no"), chat=campus.east)
        await campus.east.shows(f"🔁 #{number} is open again")
        async with campus.app.database.reading() as session:
            assert (await session.get_one(Ticket, number)).state is State.REOPENED
        alice = await campus.student("Alice")
        other = await campus.files(alice, "No light in the corridor since Friday", category=("repairs", "power"))
        card = await campus.east.shows(f"#{other} ·")
        for payload in (f"lh:{other}:yes", f"ld:{other}:spot"):
            assert await campus.wang.presses(card, payload, chat=campus.east) == t.plain("walkin.none", number=other)
        assert await campus.admin.presses(card, f"ld:{number}:spot", chat=campus.west) == t.plain(
            "desk.elsewhere", number=number
        )
        assert walkins.WAYS == ("spot", "phone")


async def test_every_step_of_recording_can_be_taken_back(database_url: str) -> None:
    async with running(database_url) as campus:
        t, settings, wang, east = campus.t("en"), campus.app.settings, campus.wang, campus.east
        back, repairs, water = t.plain("nav.back"), "Dormitory repairs", t.pick(settings.category_names("water"))

        async def goes(*labels: str) -> None:
            for label in labels:
                await wang.taps(label, chat=east)

        await wang.says("/walkin", chat=east)
        await goes("Complaint", repairs, water, back, back, back, "Need", repairs, water, "East 2", back, "East 1")
        prompt = await wang.reads("with what they said", chat=east)
        await wang.says("The shower is cold", chat=east, reply_to=prompt)
        asked = await wang.reads("how can they be reached", chat=east)
        await goes(back)
        prompt = await wang.reads("with what they said", chat=east)
        assert prompt.id == asked.id, "in its place"
        await wang.says("The shower is hot", chat=east, reply_to=prompt)
        asked = await wang.reads("how can they be reached", chat=east)
        await wang.says("Room 3", chat=east, reply_to=asked)
        await wang.reads("Room 3", chat=east)
        await goes(back)
        asked = await wang.reads("how can they be reached", chat=east)
        await wang.says("Room 305", chat=east, reply_to=asked)
        shown = await wang.reads("Room 305", chat=east)
        for words in ("Need", "Water", "East 1", "The shower is hot"):
            assert words in shown.text, shown.text
        await goes(t.plain("walkin.file"))
        card = await east.shows("🚶 came in person")
        assert "The shower is hot" in card.text
        assert "is cold" not in card.text


async def test_in_the_middle_of_recording_a_reply_to_a_card_is_still_for_its_student(database_url: str) -> None:
    async with running(database_url) as campus:
        t, settings = campus.t("en"), campus.app.settings
        alice = await campus.student("Alice")
        number = await campus.files(alice, "The tap drips")
        card = await campus.east.shows(f"#{number} ·")
        await campus.wang.says("/walkin", chat=campus.east)
        await campus.wang.taps(t.plain("kind.need"), chat=campus.east)
        await campus.wang.taps(t.pick(settings.category_names("other")), chat=campus.east)
        await campus.wang.taps("East 2", chat=campus.east)
        await campus.wang.reads("with what they said", chat=campus.east)
        await campus.wang.says("We come at three", chat=campus.east, reply_to=card)
        await alice.reads("We come at three")
