"""A call for volunteers from the office's first word to the certificate and the report card."""

from __future__ import annotations

import io
import re
import shutil
from pathlib import Path

import pytest
from openpyxl import load_workbook
from sqlalchemy import select

from models import people, roster, stations
from models.exports import Export
from models.people import Role
from models.roster import Enrolled, Line
from models.union import certificates, gatherings
from sandbox.client import photo, sticker
from tests.campus import Campus, running
from tests.stories.test_own_data import documents

TITLE = "Welcome desk"
DIGITS = re.compile(r"/here (\d{6})")


async def proves(campus: Campus, telegram_id: int, number: str, name: str) -> None:
    """Somebody has shown their student number."""
    vault, now = campus.app.toolbox.house.vault, campus.clock()
    async with campus.app.database.transaction() as session:
        line = Line(number, name, "Physics", "2026", None, "e1", None)
        await roster.replace(session, await roster.compare(session, [line], vault), vault, now)
        row = await session.scalar(select(Enrolled))
        person = await people.by_telegram_id(session, telegram_id)
        assert row is not None
        assert person is not None
        await roster.tie(session, row, person)


async def shows(campus: Campus, way: str) -> str:
    """The office shows the code of now; returns its digits."""
    t = campus.t("en")
    await campus.admin.says("/volunteers 1", chat=campus.office)
    await campus.admin.taps(t.plain(f"volunteer_desk.code_{way}"), chat=campus.office)
    found = DIGITS.search((await campus.office.shows(f"Sign {way}: {TITLE}")).text)
    assert found is not None
    return found[1]


@pytest.mark.rehearsal
async def test_a_call_goes_from_the_office_to_the_certificate_and_the_report_card(
    migrated: Path, tmp_path: Path
) -> None:
    shutil.copy(migrated, tmp_path / "unionbot.db")
    async with running(f"sqlite:///{tmp_path / 'unionbot.db'}") as campus:
        t, admin, office = campus.t("en"), campus.admin, campus.office
        alice, bob = await campus.student("Alice"), await campus.student("Bob", "zh-hans")
        carol = await campus.student("Carol")
        await proves(campus, alice.id, "2026010001", "艾丽")
        await campus.wang.says("/volunteers", chat=campus.east)
        await campus.east.shows(t.plain("volunteer.leads_only"))
        await carol.says("/volunteers")
        await carol.reads("You lead no call")

        # The office makes it.
        await admin.says("/volunteers", chat=office)
        await admin.taps(t.plain("volunteer_desk.new"), chat=office)
        await admin.says(f"{TITLE}\nsoon\nGate 1", chat=office)
        await office.shows("There is no time in it")
        await admin.says(f"{TITLE}\n10-14 14:00-17:00\nGate 1\n{'x' * 600}\n{'y' * 600}", chat=office)
        await office.shows("at most 1000 characters")
        await admin.says(f"{TITLE}\n10-14 14:00-17:00\nGate 1\nShow <b>new</b> students around", chat=office)
        assert "&lt;b&gt;new" not in (await office.shows("Nobody has been told")).text
        await admin.taps(t.plain("volunteer_desk.do.role"), chat=office)
        await admin.says("Guide", chat=office)
        await office.shows("As: Guide")
        await admin.taps(t.plain("volunteer_desk.do.seats"), chat=office)
        await admin.says("0", chat=office)
        await office.shows("from 1 to 1000")
        await admin.says("1", chat=office)
        await office.shows("Places: 1.")
        await admin.taps(t.plain("volunteer_desk.do.whom"), chat=office)
        await admin.taps(t.plain("audience.undergraduate"), chat=office)
        await admin.taps(t.plain("volunteer_desk.do.level"), chat=office)
        await admin.taps("city level", chat=office)
        await office.shows("city level")
        for act in ("rounding", "training", "project", "lead"):
            await admin.taps(t.plain(f"volunteer_desk.do.{act}"), chat=office)
            await admin.taps(t.plain("nav.cancel" if act != "lead" else "volunteer_desk.back"), chat=office)
        await carol.says("/volunteer")
        none = await carol.reads("No call for volunteers")
        await carol.presses(none, "vs:back:1")
        await campus.quiet()
        assert TITLE not in "".join(each.text for each in await carol.transcript()), "nobody has been told"
        await admin.taps(t.plain("volunteer_desk.do.open"), chat=office)
        await admin.taps(t.plain("volunteer_desk.yes_open"), chat=office)
        await office.shows("0 of 1, waiting 0")

        # Alice has the place, Bob waits, Alice cannot come, Bob is asked and does not answer, Carol ...
        await alice.says("/volunteer")
        await alice.taps(TITLE)
        await alice.reads("Free places: 1 of 1")
        await alice.taps(t.plain("volunteer.down"))
        await alice.reads("You have a place")
        zh = campus.t("zh-hans")
        await bob.says("/volunteer")
        await bob.taps(TITLE)
        await bob.taps(zh.plain("volunteer.wait"))
        await bob.reads("候补第 1 位")
        await carol.says("/volunteer")
        await carol.taps(TITLE)
        await carol.taps(t.plain("volunteer.wait"))
        await carol.reads("number 2")
        await admin.taps(t.plain("volunteer_desk.do.people"), chat=office)
        shown = await office.shows("waiting, number 2")
        assert shown.text.index("Alice") < shown.text.index("Bob") < shown.text.index("Carol")
        await alice.taps(t.plain("volunteer.take_back"))
        await alice.reads("Take your name back from")
        await alice.taps(t.plain("volunteer.take_back_sure"))
        await alice.reads("No place is free")
        await bob.reads("有空位了")
        await campus.later(hours=12, minutes=1)
        await bob.reads("没有及时答复")
        await carol.reads("A place is free")
        await carol.taps(t.plain("volunteer.no"))
        await campus.quiet()
        await alice.says("/volunteer")
        await alice.taps(TITLE)
        await alice.taps(t.plain("volunteer.down"))
        await alice.reads("You have a place")
        await campus.later(hours=24)
        await alice.reads("It is soon")
        # In and out.
        async with campus.app.database.reading() as session:
            begins = (await gatherings.get(session, 1)).starts_at
        await campus.later(seconds=max((begins - campus.clock()).total_seconds(), 0))
        await carol.says(f"/here {await shows(campus, 'in')}")
        await carol.reads("All places are taken")
        await alice.says(f"/here {await shows(campus, 'in')}")
        await alice.reads(f"You are signed in: {TITLE}")
        await campus.later(hours=2, minutes=20)
        await alice.says(f"/here {await shows(campus, 'out')}")
        await alice.reads(f"You are signed out: {TITLE}")
        await campus.later(hours=2)
        await office.shows("is over. Confirm the hours: /volunteers 1")
        await admin.says("/volunteers 1", chat=office)
        await admin.taps("⏱ Hours (1 to confirm)", chat=office)
        await office.shows("proposed 2.5 h")
        await admin.taps(t.plain("volunteer_desk.all", count=1), chat=office)
        await alice.reads("2.5 h are confirmed")

        # Alice says that it was longer; whoever led it does not think so, the office has the last word.
        await alice.taps(t.plain("volunteer.dispute"))
        await alice.says("I stayed until five <i>and</i> cleared up")
        await alice.reads("is noted")
        await admin.says("/volunteers 1", chat=office)
        await admin.taps(t.plain("volunteer_desk.do.disputes", count=1), chat=office)
        assert "<i>and</i>" in (await office.shows("I stayed until five")).text
        await admin.taps(t.plain("volunteer_desk.reply"), chat=office)
        await admin.says("3", chat=office)
        await office.shows("needs a reason")
        await admin.says("3 two others saw it", chat=office)
        await alice.reads("The lead has answered: 3 h")

        await alice.taps(t.plain("volunteer.get_certificate"))
        await campus.later(seconds=10)
        await alice.reads("Anybody can check it")
        pdf = (await documents(campus, alice.id))["certificate.pdf"]
        assert pdf.startswith(b"%PDF")
        (tmp_path / "certificate.pdf").write_bytes(pdf)
        async with campus.app.database.reading() as session:
            person = await people.by_telegram_id(session, alice.id)
            assert person is not None
            paper = await certificates.of(session, 1, person, campus.app.toolbox.house.vault)
        await carol.says(f"/start v_{paper.code}")
        genuine = await carol.reads("The certificate is genuine")
        assert "3 h, confirmed by Zhao" in genuine.text
        assert "艾***" in genuine.text
        assert "2026010001" not in genuine.text

        # The report card: from the office, sealed until it is there.
        await admin.says("/volunteers", chat=office)
        await admin.taps(t.plain("volunteer_desk.card"), chat=office)
        await office.shows("within a minute")
        await campus.later(minutes=1)
        await office.shows("Credits are for the university")
        files = await documents(campus, office.id)
        sheet = load_workbook(io.BytesIO(files["report-card-2026-2027-1.xlsx"])).active
        assert sheet is not None
        head, line = ([cell.value for cell in row] for row in sheet.iter_rows())
        assert head[:3] == ["Student number", "Name", "Activity"]
        assert line[:6] == ["2026010001", "艾丽", TITLE, "volunteering", "Guide", 3]
        assert line[8:10] == ["学生会", "city level"] or line[9] == "city level"
        async with campus.app.database.reading() as session:
            kept = await session.scalar(select(Export.content))
            assert kept is not None
            assert not kept.startswith(b"PK"), "it is sealed"

        # Whoever is erased has no hours any more: they read so before, and so does somebody without any not.
        await alice.says("/forget")
        assert "3 h of confirmed volunteering" in (await alice.reads("Erase you from here?")).text
        await carol.says("/forget")
        assert "volunteering" not in (await carol.reads("Erase you from here?")).text


async def test_a_station_s_lead_trains_excuses_confirms_and_calls_off(migrated: Path, tmp_path: Path) -> None:
    """In the station's group, and alone with the bot for whoever leads it."""
    shutil.copy(migrated, tmp_path / "unionbot.db")
    async with running(f"sqlite:///{tmp_path / 'unionbot.db'}") as campus:
        t, zh, wang, east = campus.t("en"), campus.t("zh-hans"), campus.wang, campus.east
        alice = await campus.student("Alice")
        await wang.says("/start")
        await wang.taps(zh.plain("consent.agree"))
        async with campus.app.database.transaction() as session:
            station = await stations.by_key(session, "east")
            assert station is not None
            by, now = campus.admin.id, campus.clock()
            await people.grant(session, Role.LEAD, wang.id, given_by=by, now=now, station_id=station.id)

        async def calls(*words: str) -> None:
            await wang.says("/volunteers", chat=east)
            await wang.taps(t.plain("volunteer_desk.new"), chat=east)
            await wang.says("\n".join(words), chat=east)
            await east.shows("Nobody has been told")

        async def opens() -> None:
            await wang.taps(t.plain("volunteer_desk.do.open"), chat=east)
            await wang.taps(t.plain("volunteer_desk.yes_open"), chat=east)

        await calls("How to guide", "10-12 10:00-10:30", "Room 1")
        await wang.taps(t.plain("volunteer_desk.do.trains"), chat=east)
        await east.shows("a training for volunteers")
        await opens()
        await calls(TITLE, "10-13 14:00-16:00", "Gate 1")
        await wang.taps(t.plain("volunteer_desk.do.training"), chat=east)
        await wang.taps("1 · How to guide", chat=east)
        await opens()
        await alice.says("/volunteer")
        await alice.taps(TITLE)
        await alice.taps(t.plain("volunteer.down"))
        await alice.reads("without it you cannot sign in")
        await alice.taps(t.plain("volunteer.to_training"))
        await alice.taps(t.plain("volunteer.down"))
        await alice.reads("You have a place")

        # She does not come, says why, and is excused; then it turns out that she was there.
        await campus.later(hours=2, minutes=5)
        await alice.reads("that is a no-show")
        await alice.taps(t.plain("volunteer.excuse"))
        await alice.says("I was <b>ill</b>")
        await alice.reads("hears of it")
        await east.shows("why they were not at “How to guide”")
        await wang.reads("有人说明了缺席原因")
        await wang.taps(zh.plain("volunteer_desk.look"))
        assert "<b>ill</b>" in (await wang.reads("没有参加“How to guide”")).text
        await wang.taps(zh.plain("volunteer_desk.accept"))
        await alice.reads("does not count as a no-show")
        await wang.says("/volunteers 1")
        await wang.taps(zh.plain("volunteer_desk.do.hand"))
        await wang.taps("Alice")
        await wang.reads("都已签到")
        await wang.says("/volunteers 1")
        await wang.taps(zh.plain("volunteer_desk.do.hours", count=1))
        await wang.taps("Alice")
        await wang.taps(zh.plain("volunteer_desk.type"))
        await wang.says("1")
        await wang.reads("需要写明理由")
        await wang.says("1 她留下来收拾场地")
        await alice.reads("Reason: 她留下来收拾场地")
        # The other one is called off; another station's group does not see it.
        await wang.says("/volunteers 2", chat=east)
        await wang.taps(t.plain("volunteer_desk.do.cancel"), chat=east)
        await wang.taps(t.plain("volunteer_desk.yes_cancel"), chat=east)
        await alice.reads("It has been cancelled")
        await campus.admin.says("/volunteers 2", chat=campus.west)
        await campus.west.shows("another station’s")
        await alice.says("/verify 1-AAAA-BBBB-CCCC")
        await alice.reads("There is no such certificate")


async def test_a_picture_instead_of_words_is_answered_and_nothing_is_left(migrated: Path, tmp_path: Path) -> None:
    """And whoever leads one decides about the others, not about themselves."""
    shutil.copy(migrated, tmp_path / "unionbot.db")
    async with running(f"sqlite:///{tmp_path / 'unionbot.db'}") as campus:
        t, admin, office = campus.t("en"), campus.admin, campus.office
        only = t.plain("gathering.words_only")
        lead, alice = await campus.student("Zhao", id=admin.id), await campus.student("Alice")
        await admin.says("/volunteers", chat=office)
        await admin.taps(t.plain("volunteer_desk.new"), chat=office)
        await admin.sends(photo(caption="A poster"), chat=office)
        await admin.reads(only, chat=office)
        await admin.says(f"{TITLE}\n10-12 14:00-17:00\nGate 1", chat=office)
        await office.shows("Nobody has been told")
        for act in ("role", "seats"):
            await admin.taps(t.plain(f"volunteer_desk.do.{act}"), chat=office)
            await admin.sends(sticker(), chat=office)
            await admin.reads(only, chat=office)
            await admin.taps(t.plain("nav.cancel"), chat=office)
        await admin.taps(t.plain("volunteer_desk.do.open"), chat=office)
        await admin.taps(t.plain("volunteer_desk.yes_open"), chat=office)
        for person in (lead, alice):
            await person.says("/volunteer")
            await person.taps(TITLE)
            await person.taps(t.plain("volunteer.down"))
            await person.reads("You have a place")
        await campus.later(hours=9)
        for person in (lead, alice):
            await person.reads("that is a no-show")
            await person.taps(t.plain("volunteer.excuse"))
            await person.sends(photo(caption="The doctor’s note"))
            await person.reads(only)
            await person.says(f"{person.name} was ill")
            await person.reads("hears of it")
        await admin.says("/volunteers 1", chat=office)
        await admin.taps(t.plain("volunteer_desk.do.excuses", count=2), chat=office)
        await office.shows("Alice was ill")
        await admin.taps(t.plain("volunteer_desk.accept"), chat=office)
        await alice.reads("does not count as a no-show")
        await office.shows("Zhao was ill")
        assert await admin.taps(t.plain("volunteer_desk.accept"), chat=office) == t.plain("volunteer.about_yourself")
