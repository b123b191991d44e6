"""The open list: a project from its tickets through sealed bids, reviewers and an award to its closing survey."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from sandbox.client import Message, Person, photo
from tests.campus import Campus, running
from tests.stories.test_surveys import files_in

TITLE = "There is no drinking water on the fourth floor"
NAMES = {"Dora": "Green Leaf Club", "Erik": "Class 2 of Chemistry", "Wang": "法学院学生会"}
PLANS = {
    "Dora": "We fit three dispensers and clean them weekly",
    "Erik": "We carry bottles up every evening",
    "Wang": "法学院出钱装一台饮水机",
}
WHY = "They also clean them, and <more> people drink."


async def agrees(campus: Campus, person: Person, language: str) -> None:
    """Somebody has a chat with the bot."""
    await person.says("/start")
    await person.taps(campus.t(language).plain("consent.agree"))
    await person.taps(campus.t(language).plain("audience.undergraduate"))


async def bids(campus: Campus, person: Person, kind: str, interests: str | None, language: str = "en") -> None:
    """The whole conversation, from the list to the sealed bid."""
    t = campus.t(language)
    await person.says("/projects")
    await person.taps(f"1 · {TITLE[:20]}")
    await person.taps(t.plain("projects.bid"))
    await person.taps(t.plain(f"bid.kind.{kind}"))
    await person.reads(t.plain("bid.which_name", most=60))
    await person.says(NAMES[person.name])
    await person.reads(t.plain("bid.which_plan", most=1000))
    await person.says(PLANS[person.name])
    await person.reads(t.plain("bid.which_interests", most=300))
    if interests is None:
        await person.taps(t.plain("bid.no_interests"))
    else:
        await person.says(interests)
    await person.taps(t.plain("bid.send"))
    await person.reads(t.plain("projects.yours_sealed"))


async def scores(campus: Campus, person: Person, points: list[int]) -> None:
    """One reviewer's points, two for each bid."""
    t = campus.t("en")
    await person.reads("Please score the 3 bids")
    await person.taps(t.plain("project.see"))
    await person.taps(t.plain("projects.review"))
    assert "A club · Green Leaf Club" in (await person.reads("Does anything tie you to one of them")).text
    await person.taps(t.plain("review.free"))
    for step, each in enumerate(points):
        screen = await person.reads(f"{'Cost' if step % 2 else 'Useful'}: how many points")
        assert f"bid {step // 2 + 1} of 3" in screen.text
        await person.taps(str(each), message=screen)
    await person.taps(t.plain("review.finish"))
    await person.reads(t.plain("review.finished"))


@pytest.mark.rehearsal
async def test_a_project_is_listed_bid_for_awarded_and_shown(migrated: Path, tmp_path: Path) -> None:
    shutil.copy(migrated, tmp_path / "unionbot.db")
    async with running(f"sqlite:///{tmp_path / 'unionbot.db'}") as campus:
        t, admin, office, wang, li, east = (
            campus.t("en"),
            campus.admin,
            campus.office,
            campus.wang,
            campus.li,
            campus.east,
        )
        alice, carol = await campus.student("Alice"), await campus.student("Carol")
        dora, erik = await campus.student("Dora"), await campus.student("Erik")
        judges = [await campus.stage.person(name, "en", username=name.lower()) for name in ("Frida", "Gustav", "Hanna")]
        for person in judges:
            await agrees(campus, person, "en")
        for staff in (wang, li):
            await agrees(campus, staff, "zh-hans")
        first = await campus.files(alice, TITLE)
        second = await campus.files(carol, "Brown water comes out of the shower", anonymous=True)
        await li.says("/duty", chat=east)

        # The office makes a project of a ticket, a station adds another, and it goes on the open list.
        await admin.says("/projects", chat=office)
        await admin.taps(t.plain("project_desk.new"), chat=office)
        await admin.says(f"#{first}", chat=office)
        screen = await office.shows(f"1 · {TITLE}")
        assert "1 ticket" in screen.text
        await wang.says("/project 1", chat=east, reply_to=await east.shows(f"#{second} ·"))
        await wang.reads(f"#{second} is part of project 1", chat=east)
        await admin.taps(t.plain("project_desk.enter"), chat=office)
        await admin.says("Useful\nUseful", chat=office)
        await office.shows("none twice")
        await admin.says("Useful\nCost", chat=office)
        await office.shows("What does whoever undertakes it get?")
        await admin.says("800 yuan and a room", chat=office)
        await admin.taps("2 weeks", chat=office)
        await office.shows("Scored by: Useful, Cost")
        await admin.taps(t.plain("project_desk.put"), chat=office)
        await office.shows("open for bids until Mon 26 Oct 18:00")
        await admin.taps(t.plain("project_desk.reviewers"), chat=office)
        await admin.says("@frida @gustav @nobody", chat=office)
        await office.shows("@nobody is not known here")
        await admin.says("@frida, @gustav、@hanna", chat=office)
        await office.shows("Hanna: appointed")
        await admin.taps("➕ Li", chat=office)
        await office.shows("Li: appointed")
        await campus.later(minutes=2)
        assert f"#{first} is part of the project" in (await alice.reads("on the open list now")).text
        assert f"#{second} is part of the project" in (await carol.reads("on the open list now")).text

        # Three bid, one of them anew; until the deadline a copy of the database tells nothing.
        await bids(campus, dora, "club", None)
        await dora.says("/projects")
        await dora.taps("✉️ My bid")
        await dora.taps(t.plain("projects.own"))
        await dora.reads(PLANS["Dora"])
        await bids(campus, wang, "union", "我在东区服务站值班", "zh-hans")
        # A bid left for something else harms nothing, nor does a picture, a changed message or a copy of it all.
        await carol.says("/projects")
        await carol.taps(f"1 · {TITLE[:20]}")
        await carol.taps(t.plain("projects.bid"))
        await carol.taps(t.plain("bid.kind.club"))
        await carol.says("Chess Club")
        plan = await carol.says("We would ask")
        await carol.reads(t.plain("bid.which_interests", most=300))
        await carol.sends(photo())
        await carol.reads(t.plain("bid.words_only"))
        await carol.edits(plan, "We would ask twice")
        await carol.says("/mydata")
        await carol.reads(t.plain("mydata.coming"))
        await carol.says("/new")
        await carol.reads(t.plain("draft.left"))
        await carol.says("/cancel")
        await erik.says("/projects")
        await bids(campus, erik, "class", "Our monitor is Gustav's friend")
        await campus.quiet()
        told = files_in(tmp_path)
        for words in (*NAMES.values(), *PLANS.values(), "值班", "friend"):
            assert words.encode() not in told
        await admin.says("/projects", chat=office)
        await admin.taps(f"1 · {TITLE[:20]}", chat=office)
        assert "Green Leaf" not in (await office.shows("bids are sealed")).text

        # They are opened together; whoever works where a bidder works reviews none of them.
        await campus.later(days=14, hours=9)
        await office.shows("are open: 3 bids")
        await office.shows("the reviewer Li works at the same place")
        await li.reads("同一处工作")
        for person, points in zip(judges, ([9, 8, 5, 6, 10, 9], [8, 8, 6, 6, 9, 9], [9, 9, 4, 5, 10, 10]), strict=True):
            await scores(campus, person, points)
            if person is judges[1]:
                await office.shows("2 of 3 reviewers have finished")
                await admin.taps(t.plain("project.see"), chat=office)
                await admin.taps(t.plain("project_desk.bids_read"), chat=office)
                refused = await admin.taps(t.plain("project_desk.award"), chat=office)
                assert refused is not None
                assert refused.startswith("It takes 3 reviewers who have finished; 2 of 3")
        await office.shows("3 of 3 reviewers have finished")
        await admin.taps(t.plain("project.see"), chat=office)
        ranked = await office.shows("1. Class 2 of Chemistry")
        assert "Green Leaf Club: 8.5 (8.7 · 8.3; 3 reviewers)" in ranked.text
        assert t.plain("project_desk.award_where") in ranked.text
        await admin.taps(t.plain("project_desk.bids_read"), chat=office)
        bid = await office.shows("Bid 1 of 3")
        assert "does not work for the union" in bid.text
        await admin.taps("▶️", chat=office)
        assert "works at East" in (await office.shows("Bid 2 of 3")).text
        await admin.taps("◀️", chat=office)

        # The presidium decides otherwise than the reviewers, and says why.
        await admin.taps(t.plain("project_desk.award"), chat=office)
        await office.shows("The reviewers gave most to “Class 2 of Chemistry”")
        await admin.says(WHY, chat=office)
        await admin.taps(t.plain("project_desk.award_sure"), chat=office)
        await office.shows("Undertaken by Green Leaf Club")
        await campus.later(minutes=2)
        await dora.reads("is yours, Green Leaf Club")
        assert WHY in (await erik.reads("goes to Green Leaf Club")).text
        assert WHY in (await carol.reads("is undertaken by Green Leaf Club")).text
        await alice.says("/projects")
        assert "by Green Leaf Club" in (await alice.reads(TITLE)).text
        await alice.taps(f"1 · {TITLE[:20]}")
        await alice.reads(WHY)

        # Milestones: one is late, one is sent back; then everything is accepted, and those who asked are asked.
        day = campus.clock().date().isoformat()
        await admin.taps(t.plain("project_desk.plan"), chat=office)
        await admin.says(f"{day} Dispensers are in\n2026-12-30 Cleaned for a month", chat=office)
        await office.shows("Milestones: 0 of 2")
        await dora.reads("has 2 new milestones")
        await campus.later(days=1)
        await dora.reads("nothing has been shown yet")
        await office.shows("reminded once")
        older: Message | None = None
        for what, sent_back in (("Dispensers are in", True), ("Dispensers are in", False), ("Cleaned for", False)):
            await dora.says("/projects")
            await dora.taps("To show:")
            await dora.taps(f"Show: {what}")
            await dora.reads("send words or pictures")
            await dora.sends(photo(), caption="On <every> floor")
            await dora.taps(t.plain("milestone.done"))
            await office.shows("evidence is in")
            await admin.taps(t.plain("project.see"), chat=office)
            await admin.taps(f"📥 {what}", chat=office)
            await office.shows("On <every> floor")
            below = await office.shows(t.plain("project_desk.evidence", title=TITLE, what=what).splitlines()[-1])
            if not sent_back and older is not None:
                # Below what was shown the first time nobody accepts what is shown now.
                accept = next(b["callback_data"] for b in older.buttons if b["text"] == t.plain("project_desk.accept"))
                assert await admin.presses(older, accept, chat=office) == t.plain("desk.old_button")
            older = below if sent_back else None
            await admin.taps(t.plain("project_desk.send_back" if sent_back else "project_desk.accept"), chat=office)
            if sent_back:
                await admin.says("The third floor", chat=office)
                assert "The third floor" in (await dora.reads("still missing")).text
            else:
                await dora.reads(f"{what}")
        await admin.taps(t.plain("project_desk.finish"), chat=office)
        await office.shows("🏁 finished")
        await campus.later(minutes=2)
        await dora.reads("is finished: everything was accepted")
        assert f"#{second}" in (await carol.reads("is finished. It was done by Green Leaf Club")).text
        await admin.taps(t.plain("project_desk.survey"), chat=office)
        await admin.taps(f"1 · {TITLE[:20]}", chat=office)
        await admin.taps(t.plain("survey_new.askers"), chat=office)
        await admin.taps(t.plain("survey_new.opens.now"), chat=office)
        await admin.taps(t.plain("survey_new.start"), chat=office)
        await office.shows("goes out within a minute")
        await campus.later(minutes=2)
        await alice.reads(f"The project “{TITLE}”")
