"""Whom a desk can give a ticket to, which tickets are one matter, and what the student reads of it meanwhile."""

from __future__ import annotations

import re

import pytest

from tests.campus import running
from tests.stories.test_desk import TAP, filed, is_lead

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
"""Nothing here depends on the kind of database; the rules' own SQL is in `tests/models/`."""


async def test_the_lead_and_whoever_is_on_the_roster_can_be_given_a_ticket_before_they_do_anything(
    database_url: str,
) -> None:
    """`/assign` and a name offered only whoever had typed something here, and not the lead who sat in the group."""
    async with running(database_url) as campus:
        _, number, card = await filed(campus)
        await is_lead(campus, campus.li)
        await campus.li.says("/start")
        chen = await campus.stage.person("Chen", "zh-hans")
        await chen.says("/start")
        await campus.wang.says("/assign nobody", chat=campus.east, reply_to=card)
        said = await campus.wang.reads("Who is to have it?", chat=campus.east)
        assert {"Li", "Wang"} == set(said.text.rsplit(": ", 1)[1].split(", ")), "and not Chen"
        await campus.wang.says("/assign Li", chat=campus.east, reply_to=card)
        await campus.east.shows("in hand · Li")
        assert number == 1


async def test_two_that_are_about_different_things_are_merged_only_when_it_is_meant(database_url: str) -> None:
    """`/merge 7` put a complaint about hot water into one about a corridor light at once; `/merge ７` was no number."""
    async with running(database_url) as campus:
        t, settings = campus.t("en"), campus.app.settings
        alice, bob = await campus.student("Alice"), await campus.student("Bob")
        await campus.files(alice, "The light in the corridor is out", category=("repairs", "power"))
        number = await campus.files(bob, TAP)
        card = await campus.east.shows(f"#{number} ·")
        await campus.wang.says("/merge ＃１", chat=campus.east, reply_to=card)
        asked = await campus.wang.reads("Is it the same matter?", chat=campus.east)
        for words in (
            "The light in the corridor",
            TAP[:20],
            *(t.pick(settings.category_names(k)) for k in ("power", "water")),
        ):
            assert words in asked.text
        await campus.quiet()
        assert not [m for m in await campus.stage.transcript(bob.id) if "same matter" in m.text]
        await campus.wang.taps(t.plain("merge.sure", number=number, into=1), chat=campus.east)
        await bob.reads(f"Your #{number} is the same matter as #1")
        await campus.wang.says("/merge １", chat=campus.east, reply_to=card)
        await campus.wang.reads(t.plain("merge.same", number=1), chat=campus.east)


async def test_while_it_is_offered_its_student_reads_who_has_it_and_who_is_asked(database_url: str) -> None:
    """/mine said that it was with the other place and in nobody's hands while the first one still had it."""
    async with running(database_url) as campus:
        t = campus.t("en")
        alice, number, card = await filed(campus)
        await campus.wang.taps(t.plain("desk.claim"), chat=campus.east, message=card)
        await campus.east.shows("in hand · Wang")
        await campus.wang.says("/transfer west closer to them", chat=campus.east, reply_to=card)
        await campus.west.shows("asks you to take it over")
        await alice.says("/mine")
        await alice.taps(re.compile(f"#{number} "))
        shown = (await alice.reads("has been asked to take it over")).text
        for line in ("With: East Campus Station", "In the hands of: Wang", "East Campus Station, West Campus Station"):
            assert line in shown
        await campus.admin.taps(t.plain("desk.accept"), chat=campus.west)
        await campus.west.shows("in hand · Zhao")
        await alice.says("/mine")
        await alice.taps(re.compile(f"#{number} "))
        shown = (await alice.reads("In the hands of: Zhao")).text
        assert "With: West Campus Station" in shown
        assert "has been asked" not in shown
