"""A sealed report reaches the supervisors and nobody else, and no copy of the database tells what it says."""

from __future__ import annotations

import json
import re

import pytest
from sqlalchemy import select

from bot.sealed import Handle, Reported, Tell
from models import people, sealed, stations
from models.base import Base
from models.cases import Case, CaseWords
from models.outbox import Outgoing
from models.people import Role
from sandbox.actors import photo
from sandbox.client import Group, Person
from sandbox.view import Message
from tests.campus import Campus, of_draft, running

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


SEALED_ACTS = ("ack", "ask", "note", "all", "card", "outcome", "founded", "unfounded", "passed_on")
"""Every button of a case."""


async def bound(campus: Campus, members: list[Person]) -> Group:
    """The supervisors' group, in which an admin sits too."""
    room = await campus.stage.group("Teachers", members, [campus.admin])
    async with campus.app.database.transaction() as session:
        place = await stations.by_key(session, "supervisors")
        assert place is not None
        place.chat_id, place.language = room.id, "en"
    return room


async def named(campus: Campus, role: Role, *who: Person) -> None:
    """What config.toml names, as the program reads it at its start."""
    async with campus.app.database.transaction() as session:
        await people.grant_configured(session, role, [each.id for each in who], campus.clock())


async def met(campus: Campus, name: str) -> Person:
    """Somebody of the Committee who has sent the bot /start."""
    person = await campus.stage.person(name, "en")
    await person.says("/start")
    await person.reads("student union")
    return person


def code_in(text: str) -> str:
    """A report's code, without the R-."""
    found = re.search(r"R-(\w{4})", text)
    assert found is not None, text
    return found[1]


async def test_a_report_reaches_the_supervisors_only_and_is_answered(database_url: str) -> None:
    async with running(database_url) as campus:
        t, stage = campus.t("en"), campus.stage
        teacher = await stage.person("Teacher Sun", "en", id=700000002)
        room = await bound(campus, [teacher])
        alice = await campus.student("Alice", id=837465921)
        await alice.says("/report")
        await alice.taps(t.plain("report.begin"))
        await alice.says("Zhou Dahai of East Station")
        await alice.taps(t.plain("report.no"))
        await alice.says("He sold the free tickets")
        await alice.taps(t.plain("new.continue"))
        await alice.taps(t.plain("report.anonymous"))
        await alice.taps(t.plain("report.send"))
        await alice.reads("nobody can open it yet")
        assert "sold the free" not in json.dumps([m.raw for m in await room.transcript()])
        assert await campus.admin.taps(t.plain("case.do.room"), chat=room) == t.plain("case.supervisors_only")
        await teacher.taps(t.plain("case.do.room"), chat=room)
        card = await room.shows("sold the free tickets")
        assert "Alice" not in card.text
        await teacher.taps(t.plain("case.do.ack"), chat=room)
        await alice.reads("has acknowledged")
        await teacher.says("When was that?", chat=room, reply_to=card)
        asked = await alice.reads("When was that?")
        await alice.says("On Friday", reply_to=asked)
        await room.shows("On Friday")
        await campus.quiet()
        async with campus.app.database.reading() as session:
            for table in Base.metadata.sorted_tables:
                for row in await session.execute(table.select()):
                    shown = repr(tuple(row))
                    for secret in ("Dahai", "free tickets", "On Friday", "When was that"):
                        assert secret not in shown, table.name
                    if table.name not in ("people", "grants"):
                        assert "837465921" not in shown, table.name


async def test_a_report_waits_for_somebody_who_may_read_it_and_in_the_end_nobody_can(database_url: str) -> None:
    """Nobody is named, no group is bound, none is confirmed: each is said as it is, and nothing is lost. Then it is
    handled to its end, and destroyed.
    """
    async with running(database_url, union={"supervisors": []}) as campus:
        t, database = campus.t("en"), campus.app.database
        teacher, reader = await met(campus, "Teacher Sun"), await met(campus, "Secretary Ma")
        await named(campus, Role.READER, reader)
        alice, bob = await campus.student("Alice"), await campus.student("Bob")
        await alice.says("/report")
        await alice.reads("nobody can open a report")
        # Every step can be taken back, and what was said stays.
        await alice.taps(t.plain("report.begin"))
        await alice.says("Zhou of West Station")
        await alice.taps(t.plain("nav.back"))
        await alice.reads(t.plain("report.about")[:20])
        await alice.says("Zhou Dahai of East Station")
        await alice.taps(t.plain("report.yes"))
        await alice.taps(t.plain("nav.back"))
        await alice.taps(t.plain("report.no"))
        await alice.sends(photo(), caption="The till on Friday")
        await alice.reads("The till")
        await alice.taps(t.plain("new.continue"))
        await alice.taps(t.plain("nav.back"))
        await alice.taps(t.plain("nav.back"))
        await alice.taps(t.plain("report.no"))
        await alice.says("He sold the free tickets")
        await alice.taps(t.plain("new.continue"))
        await alice.taps(t.plain("report.named"))
        await alice.taps(t.plain("nav.back"))
        await alice.taps(t.plain("report.anonymous"))
        await alice.reads("Messages: 2")
        await alice.taps(t.plain("report.send"))
        code = code_in((await alice.reads("nobody can open it yet")).text)
        await reader.reads("no supervising teacher has been named")
        await named(campus, Role.SUPERVISOR, teacher)
        await campus.later(minutes=1)
        await teacher.reads("no supervisors' group is bound")
        room = await bound(campus, [teacher])
        await campus.later(minutes=1)
        await room.shows("must confirm")
        await campus.quiet()
        assert "free tickets" not in json.dumps([m.raw for m in await room.transcript()])
        await teacher.taps(t.plain("case.do.room"), chat=room)
        card = await room.shows("The till on Friday")
        await alice.reads("has now been delivered")
        assert any("photo" in m.raw for m in await room.transcript()), "the picture itself came too"

        async with database.transaction() as session:
            await people.grant(session, Role.LEAD, campus.li.id, given_by=1, now=campus.clock())
        # Nobody else may do anything with it, wherever they stand, and none of them learns anything.
        for act in SEALED_ACTS:
            payload = Handle(act, code).pack()
            assert await campus.admin.presses(card, payload, chat=room) == t.plain("case.supervisors_only")
        for act in ("ack", "founded"):
            payload = Handle(act, code).pack()
            for who, place in (
                (campus.wang, campus.east), (campus.li, campus.east), (campus.admin, campus.office),
                (teacher, campus.east), (reader, reader), (alice, alice), (bob, bob), (teacher, teacher),
            ):  # fmt: skip
                language = "zh-hans" if place in (campus.wang, campus.li, campus.admin) else "en"
                assert await who.presses(1, payload, chat=place) == campus.t(language).plain("case.unknown"), act
        for to in ("view", "add"):
            assert await bob.presses(1, Tell(to, code).pack()) == t.plain("case.unknown")
        await campus.admin.says("// I was here", chat=room, reply_to=card)
        await room.shows(t.plain("case.supervisors_only"))
        await teacher.says("// Who was on duty?", chat=room, reply_to=card)
        await room.shows("Teacher Sun: Who was on duty?")
        for mistyped in ("/备注 Ask the guard", "/notes Ask the guard"):
            await teacher.says(mistyped, chat=room, reply_to=card)
        await room.shows("not sent to whoever reported it")
        await teacher.says("／／ Ask the guard", chat=room, reply_to=card)
        await room.shows("Teacher Sun: Ask the guard")

        await campus.later(hours=23.5)
        await room.shows("is to be acknowledged by")
        await campus.later(hours=1)
        await room.shows("should have been acknowledged by")
        await teacher.taps(t.plain("case.do.ack"), chat=room)
        await alice.reads("has acknowledged")
        await teacher.taps(t.plain("case.do.note"), chat=room)
        asked = await room.shows("📝 R-")
        await teacher.says("Ask the cashier", chat=room, reply_to=asked)
        await room.shows(re.compile(r"📝 .* Teacher Sun: Ask the cashier"))
        await teacher.taps(t.plain("case.do.outcome"), chat=room)
        await teacher.taps(t.plain("case.do.founded"), chat=room)
        asked = await room.shows("✅ R-")
        await teacher.says("The money was given back", chat=room, reply_to=asked)
        told = await alice.reads("closed: founded")
        assert "The money was given back" in told.text
        assert not [m for m in await campus.stage.transcript(alice.id) if "cashier" in m.text], "notes are not for her"
        await alice.taps(t.plain("report.view"))
        assert "Teacher Sun" not in (await alice.reads("The money was given back")).text

        await campus.later(days=13)
        assert await teacher.taps(t.plain("case.do.all"), chat=room) == ""
        await campus.later(days=2)
        assert await teacher.taps(t.plain("case.do.all"), chat=room) == t.plain("case.unknown")
        assert await alice.taps(t.plain("report.view")) == t.plain("case.unknown")
        async with database.reading() as session:
            assert not (await session.scalars(select(CaseWords))).all()
            (case,) = await session.scalars(select(Case))
            assert (case.head, case.address, case.owner_tag) == (b"", None, None)


async def test_the_teacher_it_is_about_learns_nothing_and_another_handles_it_in_private(database_url: str) -> None:
    async with running(database_url, union={"supervisors": []}) as campus:
        t = campus.t("en")
        sun, qian, reader = [await met(campus, name) for name in ("Teacher Sun", "Teacher Qian", "Secretary Ma")]
        await named(campus, Role.SUPERVISOR, sun, qian)
        await named(campus, Role.READER, reader)
        room = await bound(campus, [sun, qian])
        alice = await campus.student("Alice")

        async def reports(words: str) -> str:
            await alice.says("/report")
            await alice.taps(t.plain("report.begin"))
            await alice.says("Teacher Sun")
            await alice.taps(t.plain("report.yes"))
            await alice.taps("Teacher Sun")
            await alice.says(words)
            await alice.taps(t.plain("new.continue"))
            await alice.taps(t.plain("report.named"))
            await alice.taps(t.plain("report.send"))
            return code_in((await alice.reads("is with the supervising teachers")).text)

        code = await reports("She asked for presents")
        card = await qian.reads("She asked for presents")
        assert "Alice" in card.text
        await qian.taps(t.plain("case.do.ack"))
        await alice.reads("has acknowledged")
        # How a slash is typed, and under which of several pictures, makes no question of a note.
        await qian.says("／／ Ask her roommate", reply_to=card)
        await qian.says("／备注 Ask her roommate", reply_to=card)
        await qian.reads("not sent to whoever reported it:")
        for caption in ("// Her roommate", "／备注 Her roommate"):
            await qian.sends(photo(), photo(), caption=caption, reply_to=card)
        await qian.reads("kept as a note")
        await qian.says("Which presents?", reply_to=card)
        asked = await alice.reads("Which presents?")
        assert not [m for m in await campus.stage.transcript(alice.id) if m.raw.get("photo") or "roommate" in m.text]
        await alice.sends(photo(), caption="These", reply_to=asked)
        await qian.reads("These")
        await qian.taps(t.plain("case.do.outcome"))
        await qian.taps(t.plain("case.do.passed_on"))
        await qian.says("To the Party committee", reply_to=await qian.reads("↗️ R-"))
        await alice.reads("passed on")
        for act in ("note", "all"):
            for who, place in ((sun, room), (sun, sun), (qian, room), (campus.admin, room), (reader, reader)):
                assert await who.presses(1, Handle(act, code).pack(), chat=place) == t.plain("case.unknown"), act
        # With nobody else left it goes to the Party committee.
        await named(campus, Role.SUPERVISOR, sun)
        await reports("And for money")
        await reader.reads("And for money")
        await reader.taps(t.plain("case.do.ack"))
        await alice.reads("has acknowledged")
        await campus.quiet()
        seen = json.dumps([m.raw for place in (room, sun) for m in await campus.stage.transcript(place)])
        assert "R-" not in seen
        assert "presents" not in seen


async def reported(campus: Campus, alice: Person) -> tuple[Person, Group, str, Message]:
    """Alice's report is with a teacher: the teacher, the teachers' group, the report's code and its card."""
    t = campus.t("en")
    teacher = await campus.stage.person("Teacher Sun", "en", id=700000002)
    room = await bound(campus, [teacher])
    await alice.says("/report")
    await alice.taps(t.plain("report.begin"))
    await alice.says("Zhou Dahai of East Station")
    await alice.taps(t.plain("report.no"))
    await alice.says("He sold the free tickets")
    for button in ("new.continue", "report.anonymous", "report.send"):
        await alice.taps(t.plain(button))
    code = code_in((await alice.reads("nobody can open it yet")).text)
    await teacher.taps(t.plain("case.do.room"), chat=room)
    return teacher, room, code, await room.shows("sold the free tickets")


@pytest.mark.parametrize("before", ["nothing", "adding", "another report"])
async def test_an_answer_that_is_no_reply_is_never_led_to_the_station_it_is_about(
    database_url: str, before: str
) -> None:
    """Who was asked typed the answer instead of replying. It was offered to the tickets alone, and went straight to
    the station where that had been asked for words before.
    """
    async with running(database_url) as campus:
        t = campus.t("en")
        alice = await campus.student("Alice", id=837465921)
        number = await campus.files(alice, "The tap drips")
        teacher, room, code, card = await reported(campus, alice)
        await alice.reads("has now been delivered")
        if before == "adding":
            await alice.says("/mine")
            await alice.taps(f"#{number}")
            await alice.taps(t.plain("own.add"))
            await alice.reads(t("mine.add", number=number))
        elif before == "another report":
            await alice.presses(1, Tell("add", code).pack())
            await alice.reads(t("report.say_more", code=code).splitlines()[1])
        await teacher.says("When was that?", chat=room, reply_to=card)
        question = await alice.reads("When was that?")
        assert "reply to this message" in question.text
        await alice.says("On Tuesday")
        screen = await alice.reads(t.plain("loose.ask"))
        assert screen.labels[0] == t.plain("loose.report", code=code)
        assert screen.labels[1].startswith(t.plain("loose.add", number=number, subject="").strip())
        await alice.says("in the evening")
        screen = await alice.reads(t.plain("loose.ask"))
        await alice.taps(t.plain("loose.report", code=code))
        await alice.reads(t("report.added", code=code).splitlines()[1])
        await room.shows("On Tuesday")
        await room.shows("in the evening")
        await campus.quiet()
        assert "Tuesday" not in json.dumps([m.raw for m in await campus.east.transcript()])
        # Words that were meant for the station still get there.
        await alice.says("It drips faster")
        screen = await alice.reads(t.plain("loose.ask"))
        await alice.taps(t.plain("loose.add", number=number, subject=""), message=screen)
        await campus.east.shows("It drips faster")


async def test_with_a_report_alone_words_are_asked_about_and_nothing_says_that_there_is_one(database_url: str) -> None:
    async with running(database_url) as campus:
        t = campus.t("en")
        alice, bob = await campus.student("Alice", id=837465921), await campus.student("Bob")
        teacher, room, code, card = await reported(campus, alice)
        await alice.says("The canteen is closed on Sundays")
        screen = await alice.reads(t.plain("loose.ask"))
        assert screen.labels == [t.plain("loose.report", code=code), t.plain("loose.new"), t.plain("nav.cancel")]
        await campus.quiet()
        async with campus.app.database.reading() as session:
            newest = await session.scalar(select(Outgoing).order_by(Outgoing.id.desc()).limit(1))
        assert newest is not None
        assert newest.letter == sealed.LETTER, "what is asked leaves sealed"
        # Another student's press on a copied payload finds nothing, and the words of theirs stay held.
        await campus.files(bob, "The tap drips")
        await bob.says("And the shower")
        theirs = await bob.reads(t.plain("loose.ask"))
        assert await bob.presses(theirs, of_draft(theirs, Reported(code).pack())) == t.plain("case.unknown")
        await alice.taps(t.plain("loose.new"))
        await alice.reads("The canteen is closed on Sundays")
        await alice.says("/cancel")
        # What is closed is not offered; words begin a ticket again.
        await teacher.taps(t.plain("case.do.outcome"), message=card, chat=room)
        await teacher.taps(t.plain("case.do.founded"), message=card, chat=room)
        prompt = await room.shows("✅ R-")
        await teacher.says("He has been dismissed", chat=room, reply_to=prompt)
        await alice.reads("He has been dismissed")
        await alice.says("The canteen is closed on Mondays")
        await alice.reads("You wrote:")


@pytest.mark.parametrize("meant", ["the report", "the draft"])
async def test_an_answer_in_the_middle_of_a_draft_does_not_slip_into_it(database_url: str, meant: str) -> None:
    async with running(database_url) as campus:
        t, settings = campus.t("en"), campus.app.settings
        alice = await campus.student("Alice", id=837465921)
        teacher, room, code, card = await reported(campus, alice)
        await alice.says("/new")
        await alice.taps(t.plain("kind.complaint"))
        await alice.taps(t.pick(settings.category_names("repairs")))
        await alice.taps(t.pick(settings.category_names("water")))
        await alice.reads(t.plain("new.words").splitlines()[0])
        await alice.says("The tap drips")
        await alice.taps(t.plain("new.continue"))
        await alice.taps(t.plain("name.named"))
        preview = await alice.reads("Please check")
        await teacher.says("When was that?", chat=room, reply_to=card)
        await alice.reads("When was that?")
        await alice.says("On Tuesday")
        screen = await alice.reads(t.plain("loose.ask"))
        take = t.plain("building.take", words="On Tuesday")
        assert screen.labels == [t.plain("loose.report", code=code), take]
        assert await alice.taps(t.plain("preview.send"), message=preview) == t.plain("draft.place_first")
        if meant == "the report":
            await alice.taps(t.plain("loose.report", code=code))
            await room.shows("On Tuesday")
            await alice.taps(t.plain("nav.on"))
            await alice.reads("Please check")
        else:
            await alice.taps(take)
            await alice.reads("Got 2 messages")
            await alice.taps(t.plain("new.continue"))
            await alice.reads("Please check")
        await alice.taps(t.plain("preview.send"))
        await campus.east.shows("The tap drips")
        await campus.quiet()
        shown = json.dumps([m.raw for m in await campus.east.transcript()])
        assert ("Tuesday" in shown) == (meant == "the draft")
