"""The door: who comes in by the campus code, by a poster, by the roster, and what can be done outside."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select

from models import access, links, roster
from models.links import Link
from models.people import Audience
from models.roster import Enrolled, Line
from tests.campus import Campus, running

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
"""Nothing here depends on the kind of database."""

TAP = "The tap drips all night"


async def campus_code(campus: Campus) -> tuple[str, int]:
    async with campus.app.database.transaction() as session:
        rotation = await access.newest(session, campus.clock())
        return access.campus_code(rotation.id, campus.app.toolbox.house.vault), rotation.id


async def test_the_campus_code_lets_a_student_in_with_what_they_wrote(database_url: str) -> None:
    async with running(database_url, access={"mode": "code"}) as campus:
        t = campus.t("en")
        code, _ = await campus_code(campus)
        alice = await campus.stage.person("Alice", "en")
        await alice.says(TAP)
        await alice.taps(t.plain("consent.agree"))
        await alice.reads("8 letters and digits")
        await alice.says("It is the left one")
        await alice.reads("We keep this for you until you are in")
        for command, shown in (("/help", "What you can do"), ("/privacy", "What is kept"), ("/language", "language")):
            await alice.says(command)
            await alice.reads(shown)
        for command in ("/new", "/report"):
            await alice.says(command)
            await alice.reads("8 letters and digits")
        for _ in range(access.FREE_TRIES):
            await alice.says("ABCD-2345")
            answer = await alice.reads("That is not the campus code")
        assert "Please try again after 1 min" in answer.text
        await alice.says(code)
        await alice.reads("That was wrong several times")
        await campus.later(minutes=2)
        await alice.says(code.lower().replace("-", " "))
        await alice.taps(t.plain("audience.graduate"))
        await alice.taps("East 1")
        await alice.reads("It is the left one")
        # What staff do in their group never depends on the door.
        await campus.wang.says("/code", chat=campus.east)
        await campus.east.shows(code)


async def test_a_poster_opens_the_door_and_its_buildings_stand_first(database_url: str) -> None:
    async with running(database_url, access={"mode": "code"}) as campus:
        t, vault = campus.t("en"), campus.app.toolbox.house.vault
        _, rotation = await campus_code(campus)
        last_day = (campus.clock() + timedelta(days=30)).date()
        payload = links.payload(Link("west", rotation, last_day), vault)
        alice = await campus.stage.person("Alice", "en")
        await alice.says(f"/start {payload}")
        await alice.reads("West Campus Station")
        await alice.taps(t.plain("consent.agree"))
        await alice.taps(t.plain("audience.skip"))
        assert (await alice.reads(t.plain("building.ask"))).labels[:2] == ["West 1", "West 2"]
        await alice.taps("East 1")
        await alice.reads("Noted: East 1")
        await alice.says(f"/start {payload}")
        await alice.taps(t.plain("link.begin"))
        await alice.taps(t.plain("kind.complaint"))
        await alice.taps("Dormitory repairs")
        await alice.taps("Water and bathroom")
        shown = await alice.reads(t.plain("new.building"))
        assert shown.labels[:2] == ["West 1", "West 2"], "she lives elsewhere: she is asked, these first"
        await alice.says(f"/start {payload[:-1]}!")
        await alice.reads("has run out or is not one of ours")
        bob = await campus.stage.person("Bob", "en")
        await campus.later(days=31)
        await bob.says(f"/start {payload}")
        await bob.taps(t.plain("consent.agree"))
        await bob.reads("8 letters and digits")


async def test_the_roster_lets_in_who_proves_a_number(database_url: str) -> None:
    async with running(database_url, access={"mode": "roster"}) as campus:
        t, vault = campus.t("en"), campus.app.toolbox.house.vault
        async with campus.app.database.transaction() as session:
            line = Line("2026123456", "欧阳", "Physics", "BSc", Audience.UNDERGRADUATE, "e1", "3")
            await roster.replace(session, await roster.compare(session, [line], vault), vault, campus.clock())
        alice = await campus.stage.person("Alice", "en")
        await alice.says("/start")
        await alice.taps(t.plain("consent.agree"))
        await alice.reads("student number")
        await alice.says("hello")
        await alice.reads("does not look like a student number")
        await alice.says("2026123456")
        await alice.reads("Now the one-time code")
        await campus.wang.says("/code 2026123456", chat=campus.east)
        said = await campus.wang.reads("One-time code for 2026123456", chat=campus.east)
        code = said.text.split(": ", 1)[1].split()[0]
        await alice.says("ABCD-2345")
        await alice.reads("do not go together")
        await alice.says(code)
        await alice.reads("What would you like to do?")
        number = await campus.files(alice, TAP, anonymous=True)
        await campus.east.shows(f"#{number} ·")
        async with campus.app.database.reading() as session:
            assert (await session.scalars(select(Enrolled.person_id))).one() is not None
        # Another account proves the same number: it moves, and the first one is told.
        eve = await campus.stage.person("Eve", "en")
        await campus.wang.says("/code 2026123456", chat=campus.east)
        newest = await campus.wang.reads("One-time code for 2026123456", chat=campus.east)
        await eve.says("/start")
        await eve.taps(t.plain("consent.agree"))
        await eve.says("2026123456")
        await eve.says(newest.text.split(": ", 1)[1].split()[0])
        await eve.reads("What would you like to do?")
        await alice.reads("was just proved by another Telegram account")
        await alice.says("/new")
        await alice.reads("student number")
        await alice.says("/mine")
        await alice.taps(f"#{number}")
        await alice.reads("State:")
