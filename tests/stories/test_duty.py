"""The duty roster as its people see it: made by a lead in the group, read on a phone, swapped, and handed over."""

from __future__ import annotations

import re

import pytest
from sqlalchemy import select

from models import people, stations
from models.people import Grant, Role
from models.shifts import OnShift, Shift
from tests.campus import Campus, running

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
TAP = "The tap in the bathroom drips all night"


async def lead_is(campus: Campus, person: int) -> None:
    async with campus.app.database.transaction() as session:
        east = await stations.by_key(session, "east")
        assert east is not None
        await people.grant(session, Role.LEAD, person, given_by=1, now=campus.clock(), station_id=east.id)


async def puts_on(campus: Campus, day: str, span: str, *names: str) -> None:
    """Wang, who leads the station, makes a shift through the whole conversation and puts these people on it."""
    t, wang, east = campus.t("en"), campus.wang, campus.east
    await wang.says("/duty", chat=east)
    await wang.taps(t.plain("duty.edit"), chat=east)
    await wang.taps(day, chat=east)
    await wang.taps(t.plain("duty.add"), chat=east)
    await wang.taps(span, chat=east)
    for name in names:
        await wang.taps(f"▫️ {name}", chat=east)
        await east.shows(re.compile(f"On duty: .*{name}"))
    await wang.taps(t.plain("duty.shift_done"), chat=east)
    await east.shows("tap a shift to change it")


async def test_a_lead_makes_the_roster_by_buttons_and_the_week_fits_a_phone(database_url: str) -> None:
    async with running(database_url) as campus:
        t, wang, li, east = campus.t("en"), campus.wang, campus.li, campus.east
        await lead_is(campus, wang.id)
        await wang.says("/duty", chat=east)
        empty = await east.shows(t.plain("duty.now_nobody"))
        assert "no shift" in empty.text
        # Nobody else may change it; and whoever presses is known to it from then on.
        assert await li.taps(t.plain("duty.edit"), chat=east) == t.plain("shift.leads_only")
        await puts_on(campus, "Monday", "08:30–12:00", "Wang")
        await wang.taps(t.plain("duty.add"), chat=east)
        await wang.taps(t.plain("duty.other_time"), chat=east)
        await wang.taps("18:30", chat=east)
        await east.shows("from 18:30: when does it end?")
        await wang.taps("20:00", chat=east)
        await east.shows("On duty: nobody yet")
        # Li was refused above, and a refusal leaves nothing behind: only a press of their own puts them on the list.
        await li.taps(t.plain("duty.me"), chat=east)
        await wang.taps("▫️ Li", chat=east)
        await east.shows("On duty: Li")
        await wang.taps(re.compile("Only .*12 Oct"), chat=east)
        await east.shows("Only on Mon 12 Oct")
        await wang.taps(t.plain("duty.weekly"), chat=east)
        await east.shows("Every week, until Sun 17 Jan 2027")
        await wang.taps(t.plain("duty.shift_done"), chat=east)
        await li.says("/duty", chat=east)
        week = await east.shows("Next: Li, today 18:30")
        assert "🟢 On duty now: Wang, until 12:00" in week.text
        assert "👉 Mon 12 Oct · today\n▶ 08:30–12:00 Wang\n· 18:30–20:00 Li" in week.text
        assert "Tue 13 Oct" not in week.text, "a day without shifts takes no line"
        await li.taps(t.plain("duty.later"), chat=east)
        later = await east.shows("Mon 19 Oct")
        assert "today\n" not in later.text
        # And off it again.
        await wang.says("/duty edit", chat=east)
        await wang.taps("Monday (2)", chat=east)
        await wang.taps("18:30–20:00 Li", chat=east)
        await wang.taps(t.plain("duty.remove"), chat=east)
        await wang.taps(t.plain("duty.remove_yes"), chat=east)
        await east.shows("Monday: tap a shift to change it")
        async with campus.app.database.reading() as session:
            assert len((await session.scalars(select(Shift))).all()) == 1
            assert len((await session.scalars(select(OnShift))).all()) == 1


async def test_a_role_that_was_taken_back_changes_nothing_any_more(database_url: str) -> None:
    async with running(database_url) as campus:
        t, wang, east = campus.t("en"), campus.wang, campus.east
        await lead_is(campus, wang.id)
        await puts_on(campus, "Tuesday", "08:30–12:00", "Wang")
        async with campus.app.database.transaction() as session:
            (grant,) = await session.scalars(select(Grant).where(Grant.role == Role.LEAD))
            grant.taken_back_at = campus.clock()
        assert await wang.taps(t.plain("duty.add"), chat=east) == t.plain("shift.leads_only")
        await wang.says("/duty edit", chat=east)
        await wang.reads(t.plain("shift.leads_only"), chat=east)
        # Nor does a forged press from another group.
        other = await campus.stage.group("Friends", [wang], [campus.admin])
        await wang.says("/duty", chat=other)
        said = await wang.says("hello", chat=other)
        assert await wang.presses(said, "sr:sure:1:", chat=other) == campus.t("zh-hans").plain("desk.old_button")
        async with campus.app.database.reading() as session:
            assert (await session.scalars(select(Shift))).all()


async def test_a_shift_is_swapped_with_the_other_s_consent_in_private_or_in_the_group(database_url: str) -> None:
    async with running(database_url) as campus:
        t, hans, wang, li, east = campus.t("en"), campus.t("zh-hans"), campus.wang, campus.li, campus.east
        await lead_is(campus, wang.id)
        for person in (wang, li):
            await person.says("/start")
            await person.taps(hans.plain("consent.agree"))
        await li.says("/duty", chat=east)
        await li.taps(t.plain("duty.later"), chat=east)
        await puts_on(campus, "Thursday", "13:30–17:30", "Wang")
        await puts_on(campus, "Friday", "08:30–12:00", "Wang")
        # By name, answered in private.
        await wang.says("/duty", chat=east)
        await wang.taps(t.plain("duty.swap"), chat=east)
        await wang.taps("Thu 15 Oct 13:30–17:30", chat=east)
        await wang.taps("Li", chat=east)
        await east.shows("Wang asks Li to take the shift Thu 15 Oct 13:30–17:30")
        asked = await li.reads("想请 Li 代值")
        assert await campus.admin.taps(t.plain("swap.yes"), chat=east) == t.plain("swap.not_asked")
        await li.taps(hans.plain("swap.yes"))
        await li.reads("这一班由 Li 代 Wang 值")
        await east.shows("✅ Li takes the shift Thu 15 Oct 13:30–17:30 instead of Wang.")
        await wang.reads("由 Li 代你值")
        assert await li.presses(asked, "sw:yes:1:") == hans.plain("swap.taken_already", name="Li")
        # From private, to anybody, answered in the group.
        await wang.says("/duty")
        await wang.taps(re.compile("10月16日（周五）08:30–12:00"))
        await wang.taps(hans.plain("swap.anybody"))
        await wang.reads("已经在群里问")
        await east.shows("Wang is looking for somebody")
        # Whoever is not of the group, or presses in another's, is nobody who was asked; nor may they give it away.
        alice = await campus.student("Alice")
        anything = await alice.says("/mine")
        assert await alice.presses(anything, "sw:yes:2:") == t.plain("swap.not_asked")
        assert await alice.presses(anything, "sw:to:2:20261016.1.0") == t.plain("shift.leads_only")
        elsewhere = await campus.admin.says("hello", chat=campus.west)
        assert await campus.admin.presses(elsewhere, "sw:yes:2:", chat=campus.west) == t.plain("swap.not_asked")
        assert await campus.admin.presses(elsewhere, "sr:sure:2:", chat=campus.west) == t.plain("shift.gone")
        assert await campus.admin.presses(elsewhere, "sw:to:2:202610161", chat=campus.west) == t.plain(
            "desk.old_button"
        )
        await li.taps(t.plain("swap.yes"), chat=east)
        await east.shows("✅ Li takes the shift Fri 16 Oct 08:30–12:00 instead of Wang.")
        # The lead may do it without.
        await wang.says("/duty", chat=east)
        await wang.taps(t.plain("duty.swap"), chat=east)
        await wang.taps(t.plain("swap.others"), chat=east)
        await wang.taps("Fri 16 Oct 08:30–12:00 Li", chat=east)
        await east.shows("who is to be on duty instead?")
        await wang.taps("Wang", chat=east)
        await east.shows("Fri 16 Oct 08:30–12:00: Wang instead of Li. Both have been told.")
        await li.reads("由 Wang 代你值")
        await wang.says("/duty", chat=east)
        week = await wang.reads("Next: Li, Thu 15 Oct 13:30", chat=east)
        assert "· 08:30–12:00 Wang" in week.text
        # Somebody who is on no roster.
        await alice.says("/duty")
        await alice.reads("You have no shift in the next two weeks")


async def test_a_shift_hands_over_what_is_open_and_both_sides_say_so(database_url: str) -> None:
    async with running(database_url) as campus:
        t, wang, li, east = campus.t("en"), campus.wang, campus.li, campus.east
        await lead_is(campus, wang.id)
        await li.says("/duty", chat=east)
        await li.taps(t.plain("duty.later"), chat=east)
        await puts_on(campus, "Monday", "08:30–12:00", "Wang")
        await puts_on(campus, "Monday", "13:30–17:30", "Li")
        alice = await campus.student("Alice")
        number = await campus.files(alice, TAP)
        await east.shows(f"#{number} ·")
        await campus.later(hours=2, minutes=21)
        handover = await east.shows("🤝 Handover")
        assert f"#{number} {TAP[:24]}" in handover.text
        assert "nobody has it · due Mon 12 Oct 15:00" in handover.text
        assert await li.taps(t.plain("handover.sign.outgoing"), chat=east) == t.plain(
            "handover.not_yours", names="Wang"
        )
        elsewhere = await campus.admin.says("hello", chat=campus.west)
        assert await campus.admin.presses(elsewhere, "sh:1:0", chat=campus.west) == t.plain("handover.gone")
        await wang.taps(t.plain("handover.sign.outgoing"), chat=east)
        await east.shows("✅ Handed over: Wang")
        await campus.later(hours=1, minutes=10)
        assert not [m for m in await east.transcript() if "waits for you" in m.text], "Li begins at half past one"
        await campus.later(hours=1, minutes=30)
        await east.shows("Li: the handover of today 12:00 above waits for you")
        warned = await east.shows(f"#{number} is not claimed yet")
        assert "On duty: Li, please claim it" in warned.text
        await li.taps(t.plain("handover.sign.incoming"), chat=east)
        signed = await east.shows("✅ Taken over: Li")
        assert not signed.buttons
        await campus.resolves()
        await alice.taps(t.plain("fixed.yes"))
        await campus.later(hours=3)
        await campus.quiet()
        assert len([m for m in await east.transcript() if "🤝" in m.text]) == 3
        await east.shows("nothing open. Thank you!")
