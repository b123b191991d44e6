"""People and posts, in the office's group and alone with the bot: a post, the chair's turns, an exchange."""

from __future__ import annotations

import re

import pytest

from tests.campus import running

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
CAPS = {"most": 4, "presidium": 2, "departments": 6}


@pytest.mark.rehearsal
async def test_the_presidium_appoints_plans_the_chair_and_confirms_an_exchange(database_url: str) -> None:
    async with running(database_url, posts=CAPS) as campus:
        t, office = campus.t("en"), campus.office
        admin = await campus.student("Zhao Lei", "en", id=campus.admin.id)
        wang = await campus.student("Wang Fang", "en", id=campus.wang.id)
        li = await campus.student("Li Na", "en", id=campus.li.id)
        await wang.says("/posts", chat=campus.east)
        await campus.east.shows("The register of posts is shown in")

        # Whoever is appointed is written by name, with days, or named by a reply.
        await admin.says("/posts", chat=office)
        register = await office.shows("0 of at most 4 people")
        assert "no rota yet" in register.text
        await admin.taps("Presidium · 0", chat=office)
        await admin.taps("➕ Member", chat=office)
        await office.shows("Who becomes")
        await admin.says("2026-02-30", chat=office)
        await office.shows("There is no day 2026-02-30")
        await admin.says("Chen <Yi> 2026-10-12 2027-01-31 2026-09-20", chat=office)
        shown = await office.shows("Chen <Yi> · member")
        assert "12 Oct – 31 Jan 2027" in shown.text
        assert "elected by the congress on Sun 20 Sep" in shown.text
        await admin.says("2026-10-12 2026-11-09", chat=office)
        await office.shows("12 Oct – 9 Nov")
        await admin.taps(t.plain("posts.sure"), chat=office)
        await office.shows("Chen <Yi>° · 12 Oct – 9 Nov")
        for person, post in ((wang, "member of the presidium"), (li, "staff, Rights and Services")):
            await admin.says(f"/posts {person.id}", chat=office)
            await office.shows("To which post?")
            await admin.taps(f"➕ {post}", chat=office)
            await admin.taps(t.plain("posts.sure"), chat=office)
            await campus.quiet()
        await admin.says(f"/posts {admin.id}", chat=office)
        await admin.taps("➕ member of the presidium", chat=office)
        assert await admin.taps(t.plain("posts.sure"), chat=office) == t.plain("posts.presidium_full", most=2)
        await admin.says("/cancel", chat=office)
        await admin.says(f"/posts {admin.id}", chat=office)
        await admin.taps("➕ head, Study and Practice", chat=office)
        await admin.taps(t.plain("posts.sure"), chat=office)
        await admin.says("/posts", chat=office)
        register = await office.shows("4 of at most 4 people")
        assert "Presidium 2 of 2: Chen <Yi>°, Wang Fang" in register.text
        assert "Chen <Yi> · member of the presidium · 9 Nov (28 days left)" in register.text

        # The chair goes round from tomorrow on; at the change both are asked to confirm.
        await admin.taps(t.plain("posts.chair"), chat=office)
        await admin.taps("2 weeks", chat=office)
        await admin.taps("Tue 13 Oct", chat=office)
        await office.shows("· 13 Oct – 26 Oct Chen <Yi>")
        await campus.later(days=1)
        await office.shows("The executive chair begins, Tue 13 Oct")
        await campus.later(days=14)
        handover = await office.shows("Chen <Yi> → Wang Fang")
        assert "▫️ Takes over: Wang Fang" in handover.text
        await wang.reads("The executive chair changes")
        assert await li.taps(t.plain("handover.sign.incoming"), chat=office) == t.plain("desk.members_only")
        await wang.taps(t.plain("handover.sign.incoming"))
        await wang.reads("✅ Taken over: Wang Fang")
        # The office's copy still has the button: whoever presses it sees how it stands.
        assert await office.shows("▫️ Takes over: Wang Fang")
        await admin.taps(t.plain("handover.sign.incoming"), chat=office)
        await office.hides("▫️ Takes over: Wang Fang")

        # Li, alone with the bot, offers to exchange with the head of a department.
        await li.says("/posts")
        await li.reads("Your posts")
        await li.taps(t.plain("exchange.offer"))
        await li.taps(t.plain("nav.back"))
        await li.reads("Your posts")
        await li.taps(t.plain("exchange.offer"))
        await li.taps(re.compile("Zhao Lei · head"))
        await li.taps(re.compile("1 Dec"))
        # Who was asked thinks better of it: whoever offered it hears, and the office; it is offered again.
        await admin.taps(t.plain("exchange.yes"), message=await admin.reads("Post exchange from Tue 1 Dec"))
        await office.shows("Both agree; the presidium confirms")
        await admin.taps(t.plain("exchange.no"))
        await li.reads(t.plain("exchange.told.declined"))
        await office.shows(t.plain("exchange.told.declined"))
        await li.says("/posts")
        await li.reads("Your posts")
        await li.taps(t.plain("exchange.offer"))
        await li.taps(re.compile("Zhao Lei · head"))
        await li.taps(re.compile("1 Dec"))
        await li.reads("✅ Li Na: staff, Rights and Services → head, Study and Practice")
        await admin.reads("Post exchange from Tue 1 Dec")
        await admin.taps(t.plain("exchange.yes"))
        await office.shows("Both agree; the presidium confirms")
        await admin.taps(t.plain("exchange.confirm"), chat=office)
        await office.shows("Confirmed: from that day on")
        await li.reads("Confirmed: from that day on")

        # A term is ended early; the turns after it are somebody else's.
        await admin.says("/posts", chat=office)
        await admin.taps("Presidium · 2", chat=office)
        await admin.taps("Wang Fang", chat=office)
        await admin.taps(t.plain("posts.end"), chat=office)
        await admin.taps("With Tue 27 Oct", chat=office)
        await admin.says("/posts", chat=office)
        await office.shows("Executive chair: Wang Fang until 27 Oct, then Chen <Yi>")
