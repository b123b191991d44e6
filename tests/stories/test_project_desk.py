"""What the office does with a project, where two screens stand in the chat, or two people decide."""

from __future__ import annotations

from datetime import timedelta

import pytest

from models.people import Person, meet
from models.projects import Project
from models.union import bids, scoring, undertaking
from models.union.bids import BidderKind, BidState, Offer
from tests.campus import Campus, running

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
NAMES = ("Green Leaf Club", "Class 2")


async def scored(campus: Campus) -> int:
    """A project whose two bids three reviewers have scored; returns its number."""
    house, now = campus.app.toolbox.house, campus.clock()
    async with campus.app.database.transaction() as session:

        async def person(number: int) -> Person:
            found = await meet(session, 900_000 + number, f"Student {number}", None, "en")
            found.agreed = True
            return found

        zhao = await meet(session, campus.admin.id, "Zhao", None, "zh-hans")
        project = await undertaking.suggest(session, "Water dispensers", zhao, now)
        until = now + timedelta(days=1)
        await undertaking.put_on_list(session, project.id, ["Useful"], "800", until, zhao, now)
        for number, name in enumerate(NAMES):
            offer = Offer(BidderKind.CLUB, name, "We fit three", "")
            await bids.offer(session, project, await person(number), offer, house, now)
        for number in await undertaking.over(session, until):
            await undertaking.open_bids(session, number, house, until)
        for number in (10, 11, 12):
            review = await scoring.appoint(session, project.id, await person(number), zhao, house, until)
            await scoring.declare(session, project, review, False, until)
            for points, bid in enumerate(await bids.of(session, project)):
                await scoring.score(session, project, review, bid, 0, points)
            await scoring.finish(session, project, review, until)
        return project.id


async def test_what_is_decided_is_what_stands_above_the_button(database_url: str) -> None:
    """An older preview gave the project to whom the newer one named."""
    async with running(database_url) as campus:
        t, office, admin = campus.t("en"), campus.office, campus.admin
        number = await scored(campus)
        await admin.says("/projects", chat=office)
        await admin.taps(f"{number} · Water", chat=office)
        await admin.taps(t.plain("project_desk.bids_read"), chat=office)
        await office.shows("Bid 1 of 2")
        await admin.taps(t.plain("project_desk.award"), chat=office)
        await office.shows("Why “Green Leaf Club”?")
        await admin.says("They clean them, too", chat=office)
        older = await office.shows("goes to Green Leaf Club")
        await admin.says("/projects", chat=office)
        await admin.taps(f"{number} · Water", chat=office)
        await admin.taps(t.plain("project_desk.bids_read"), chat=office)
        await admin.taps("▶️", chat=office)
        await office.shows("Bid 2 of 2")
        await admin.taps(t.plain("project_desk.award"), chat=office)
        await office.shows("Why “Class 2”?")
        await admin.says("They live there", chat=office)
        newer = await office.shows("goes to Class 2")
        old = t.plain("desk.old_button")
        assert await admin.taps(t.plain("project_desk.award_sure"), message=older, chat=office) == old
        await admin.taps(t.plain("project_desk.award_sure"), message=newer, chat=office)
        await office.shows("Undertaken by Class 2")
        async with campus.app.database.reading() as session:
            project = await session.get_one(Project, number)
            assert [bid.state for bid in await bids.of(session, project)] == [BidState.LOST, BidState.WON]


async def test_who_comes_to_a_post_is_who_stands_above_the_button(database_url: str) -> None:
    async with running(database_url) as campus:
        t, office, admin = campus.t("en"), campus.office, campus.admin
        await admin.says("/posts", chat=office)
        await admin.taps("Presidium · 0", chat=office)
        await admin.taps("➕ Member", chat=office)
        await office.shows("Who becomes")
        await admin.says("Chen Yi", chat=office)
        older = await office.shows("Chen Yi · member")
        await admin.says("Liu Xin", chat=office)
        newer = await office.shows("Liu Xin · member")
        assert await admin.taps(t.plain("posts.sure"), message=older, chat=office) == t.plain("desk.old_button")
        await admin.taps(t.plain("posts.sure"), message=newer, chat=office)
        shown = await office.shows("Liu Xin° ·")
        assert "Chen" not in shown.text


async def test_what_goes_on_the_list_is_what_stands_above_the_button(database_url: str) -> None:
    async with running(database_url) as campus:
        t, office, admin = campus.t("en"), campus.office, campus.admin
        await admin.says("/projects", chat=office)
        await admin.taps(t.plain("project_desk.new"), chat=office)
        await admin.says("Drying rooms", chat=office)
        await admin.taps(t.plain("project_desk.enter"), chat=office)
        await office.shows("By what are bids scored?")
        await admin.says("🌱🌱🌱🌱 for all @home", chat=office)
        await office.shows("What does whoever undertakes it get?")
        await admin.says("800 yuan", chat=office)
        await office.shows("Until when can they bid?")
        await admin.says("2026-11-02", chat=office)
        older = await office.shows("Closes Mon 2 Nov 18:00")
        assert "🌱🌱🌱🌱 for all @\u2060home" in older.text, "a name with signs in it was cut short"
        await admin.says("2026-11-09", chat=office)
        newer = await office.shows("Closes Mon 9 Nov 18:00")
        assert await admin.taps(t.plain("project_desk.put"), message=older, chat=office) == t.plain("desk.old_button")
        await admin.taps(t.plain("project_desk.put"), message=newer, chat=office)
        await office.shows("open for bids until Mon 9 Nov 18:00")


async def test_whoever_has_not_scored_the_bids_after_three_days_is_reminded_once(database_url: str) -> None:
    async with running(database_url) as campus:
        t, house = campus.t("en"), campus.app.toolbox.house
        frida, gustav = await campus.student("Frida"), await campus.student("Gustav")
        number = await scored(campus)
        async with campus.app.database.transaction() as session:
            zhao = await meet(session, campus.admin.id, "Zhao", None, "zh-hans")
            for each in (frida, gustav):
                reviewer = await meet(session, each.id, each.name, None, "en")
                await scoring.appoint(session, number, reviewer, zhao, house, campus.clock())
        reminder = t.plain("review.remind", title="Water dispensers", fewest=scoring.FEWEST)
        for person in (frida, gustav):
            await person.reads("Please score the 2 bids")
        await gustav.taps(t.plain("project.see"))
        await gustav.taps(t.plain("projects.review"))
        await gustav.taps(t.plain("review.tied"))
        await gustav.reads(t.plain("review.recused_declared", title="Water dispensers"))
        await campus.later(days=2)
        await campus.quiet()
        assert reminder not in [each.text for each in await frida.transcript()]
        await campus.later(days=1, hours=1)
        await frida.reads(reminder)
        await campus.later(days=4)
        await campus.quiet()
        assert [each.text for each in await frida.transcript()].count(reminder) == 1
        assert reminder not in [each.text for each in await gustav.transcript()]
