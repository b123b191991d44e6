"""Study and training: planned, called, held, missed, made up for, until everybody has been there."""

from __future__ import annotations

import re

import pytest

from models import people, stations
from models.people import Role
from models.union import gatherings, passes
from models.union.passes import Way
from sandbox.client import Person, document, photo, sticker
from tests.campus import Campus, running

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
DIGITS = re.compile(r"\n(\d{3} \d{3})\n")


async def acts(campus: Campus, person: Person) -> None:
    """They do something in the east station's group, and so belong to it."""
    await person.says("/open", chat=campus.east)
    await person.reads("", chat=campus.east)


async def test_a_training_reaches_everybody_in_the_end(database_url: str) -> None:
    async with running(database_url) as campus:
        t, office, admin, li = campus.t("en"), campus.office, campus.admin, campus.li
        wang = await campus.student("Wang", id=campus.wang.id)
        lead = await campus.student("Zhao", id=admin.id)
        for person in (campus.wang, li, admin):
            await acts(campus, person)

        async def presses(label: str) -> str:
            return await admin.taps(label, chat=office) or ""

        # Who may not.
        await li.says("/study", chat=campus.east)
        await li.reads("only its lead can plan study", chat=campus.east)
        await admin.says("/study", chat=campus.east)
        await admin.reads("in the office’s chat", chat=campus.east)

        # Planned: nobody is told.
        await admin.says("/study", chat=office)
        await office.shows("none held this semester yet")
        await presses("➕ Training")
        await admin.says("How a station works <i>\nsome day\nHall 3", chat=office)
        await admin.reads("There is no time in it", chat=office)
        await admin.says("How a station works <i>\n2026-10-13 15:00-17:00\nHall 3\nBring a pen", chat=office)
        card = await admin.reads("In the plan; nobody has been told", chat=office)
        assert "How a station works <i>" in card.text
        assert "Tue 13 Oct 15:00–17:00" in card.text
        await presses(t.plain("survey_desk.in_language", language="简体中文"))
        await admin.says("服务站怎么工作", chat=office)
        await admin.reads("Led by Zhao", chat=office)
        await presses("📎 To read")
        await admin.says("Read the handbook, chapter 2", chat=office)
        await admin.reads("So far: 1.", chat=office)
        await presses(t.plain("nav.back"))
        await presses("🧩 Quiz")
        await admin.says("Who answers first?\n* Whoever claims it\nNobody", chat=office)
        await admin.reads("✅ Whoever claims it", chat=office)
        await presses("Ask")
        await office.shows("Quiz: “Who answers first?”, answered by 0 of 0")
        await presses("📣 Call everybody it is for")
        sure = await office.shows("Call everybody it is for (3)?")
        assert "1 of them has no private chat" in sure.text
        await presses("Yes, call them")
        await office.shows("3 called, 3 have not said")
        assert "Wang" not in (await campus.east.shows("Those it is for have been called")).text

        asked = await campus.east.shows("Who answers first?")
        await wang.votes(asked, 0, chat=campus.east)

        # Answered; what there is to read.
        await wang.reads("You are called to this")
        await wang.taps("To read")
        await wang.reads("chapter 2")
        await wang.taps("I cannot come")
        await wang.reads("Why can you not come")
        await wang.says("An exam")
        await wang.reads("Passed on")
        await lead.reads("Wang asks to be excused")
        await lead.taps("❌")
        await wang.reads("You are not excused")
        await wang.taps("I am coming")
        await wang.reads("You are coming. There")

        # The code, by whoever leads it, alone with the bot: not before its time.
        await lead.says("/study 1")
        assert "answered by 1 of 3" in (await lead.reads("1 coming")).text
        assert "cannot sign in yet" in (await lead.taps("🔳") or "").lower().replace("one ", "")
        await campus.later(hours=24)
        await wang.reads("It begins within a day")
        await wang.says("/here 123456")
        await wang.reads("One cannot sign in yet")
        await campus.later(hours=5, minutes=1)
        await wang.reads("It begins within the hour")
        await lead.taps("🔳")
        code = await lead.reads("Sign in: How a station works")
        found = DIGITS.search(code.text)
        assert found is not None
        digits = found[1]
        wrong = "000000" if digits != "000 000" else "111111"
        await wang.says(f"/here {wrong}")
        await wang.reads("This code is wrong")
        await wang.says("/here")
        await wang.reads("six digits")
        stranger = await campus.student("Somebody")
        await stranger.says(f"/here {digits}")
        await stranger.reads("You are not called")
        await wang.says(f"/here {digits}")
        await wang.reads("You are signed in: How a station works <i>")
        await wang.says(f"/here {digits}")
        await wang.reads("already")
        await lead.taps("The code of now")
        await campus.later(hours=3, minutes=30)
        held = await office.shows("Over: 1 of 3 came")
        assert "Wang" not in held.text
        assert held.text.startswith("Training · How a station works <i>")
        await lead.reads("it counts as missed")

        # By hand, for whoever was there without a telephone; the table; coverage by name in the office only.
        await presses("Look")
        await office.shows("Over: 1 of 3 came")
        await presses("✋ By hand")
        await office.shows("There so far: 1.")
        await presses("Li")
        await office.shows("There so far: 2.")
        await presses(t.plain("nav.back"))
        await presses("📋 Who came")
        names = await office.shows("✅ Li ✉️ ✋")
        assert "❌ Zhao" in names.text
        await presses(t.plain("nav.back"))
        await presses("📄 XLSX")
        await campus.later(seconds=1)
        await campus.quiet()
        files = [each.raw["document"] for each in await office.transcript() if "document" in each.raw]
        assert [each["file_name"] for each in files] == ["attendance-1.xlsx"]
        await campus.later(days=5, hours=16)
        await office.shows("2 of 3 staff have been to it (66 %)")

        # Held once more, for whoever is missing alone.
        await admin.says("/study 1", chat=office)
        await presses("➕ Hold it once more")
        await admin.says("10-21 15:00-16:00\nHall 4", chat=office)
        await admin.reads("For those who were not at number 1", chat=office)
        await presses("📣 Call everybody it is for")
        await office.shows("Call everybody it is for (1)?")
        await presses("Yes, call them")
        await lead.reads("it is held once more")
        await campus.later(days=2, hours=4, minutes=31)
        await lead.says("/start g_2_i_1_00")
        await lead.reads("This code holds no more")
        async with campus.app.database.reading() as session:
            it = await gatherings.get(session, 2)
            link = passes.payload(it, Way.IN, campus.app.toolbox.house.vault, campus.clock())
        await lead.says(f"/start {link}")
        await lead.reads("You are signed in")
        await campus.later(hours=3)
        await admin.says("/study", chat=office)
        await office.shows("3 of 3 staff have been to it (100 %)")
        await presses("📊")
        await office.shows("All 3 staff have been to it (100 %)")


async def test_a_station_studies_by_itself_and_nobody_is_named_there(database_url: str) -> None:
    async with running(database_url) as campus:
        t, office, east, li = campus.t("en"), campus.office, campus.east, campus.li
        wang, admin = await campus.student("Wang", id=campus.wang.id), await campus.student("Zhao", id=campus.admin.id)
        for person in (campus.wang, li):
            await acts(campus, person)
        async with campus.app.database.transaction() as session:
            station = await stations.by_key(session, "east")
            assert station is not None
            at = {"given_by": admin.id, "now": campus.clock(), "station_id": station.id}
            await people.grant(session, Role.LEAD, wang.id, **at)  # type: ignore[arg-type]
        await wang.says("/study", chat=east)
        await wang.reads("Nothing is planned yet", chat=east)
        await wang.taps("➕ Study", chat=east)
        await wang.says("Reading together\n10-12 15:00-16:00\nReading room", chat=east)
        card = await wang.reads("For: East Campus Station", chat=east)
        assert {"For whom", "Who leads", "Who came"}.isdisjoint(each["text"][2:].strip() for each in card.buttons)
        for forged in ("ge:for:1:-", "ge:people:1:0", "ge:coverage:0:0"):
            assert await wang.presses(card, forged, chat=east) == t.plain("desk.old_button")
        await wang.taps("📎 To read", chat=east)
        await wang.sends(document(file_name="chapter-2.pdf"), chat=east, reply_to=await east.shows("Reply to this"))
        await wang.reads("So far: 1.", chat=east)
        await wang.taps(t.plain("nav.back"), chat=east)
        await wang.taps("Call everybody", chat=east)
        await east.shows("Call everybody it is for (2)?")
        await wang.taps("Yes, call them", chat=east)
        await wang.reads("You are called to this")
        await wang.taps("To read (1)")
        await campus.quiet()
        files = [each.raw["document"] for each in await wang.transcript() if "document" in each.raw]
        assert [each["file_name"] for each in files] == ["chapter-2.pdf"]
        await wang.taps("I cannot come")
        await wang.says("At the dentist's")
        await wang.reads("Passed on")

        # One's own excuse is decided by somebody else; the office is asked without a name.
        asked = await office.shows("1 person asks to be excused")
        assert "Wang" not in asked.text
        await admin.taps("Look", chat=office, message=asked)
        await office.shows("At the dentist")
        await admin.taps("✅ Excuse", chat=office)
        await wang.reads("You are excused from this")
        await office.shows("1 excused")
        await admin.taps("👤 Who leads", chat=office)
        await office.shows("Who leads it?")
        await admin.taps("Zhao", chat=office)
        await office.shows("Led by Zhao")

        # Whoever has never spoken with the bot signs in with the link, and is then asked to agree.
        await campus.later(hours=5, minutes=1)
        async with campus.app.database.reading() as session:
            it = await gatherings.get(session, 1)
            link = passes.payload(it, Way.IN, campus.app.toolbox.house.vault, campus.clock())
        await li.says(f"/start {link}")
        assert (await li.reads("已签到")).buttons, "the consent stands below"
        await wang.says("/here 123456", chat=east)
        await wang.reads("in private", chat=east)

        # Called off: who was called is told.
        await wang.says("/study 1", chat=east)
        await wang.taps("✖️ Call it off", chat=east)
        await wang.taps("Yes, call it off", chat=east)
        await wang.reads("This one is called off")
        await east.shows("This one is called off")
        await wang.says("/study", chat=east)
        await wang.reads("Called off", chat=east)


async def called(campus: Campus, title: str = "Reading together") -> None:
    """The office plans a study this afternoon and calls everybody to it."""
    await campus.admin.says("/study", chat=campus.office)
    await campus.admin.taps("➕ Study", chat=campus.office)
    await campus.admin.says(f"{title}\n10-12 15:00-16:00\nReading room", chat=campus.office)
    await campus.admin.taps("Call everybody", chat=campus.office)
    await campus.admin.taps("Yes, call them", chat=campus.office)


async def test_a_picture_instead_of_words_is_answered_and_nothing_is_left(database_url: str) -> None:
    async with running(database_url) as campus:
        t, office, admin = campus.t("en"), campus.office, campus.admin
        only = t.plain("gathering.words_only")
        wang = await campus.student("Wang", id=campus.wang.id)
        await acts(campus, campus.wang)
        await admin.says("/study", chat=office)
        await admin.taps("➕ Study", chat=office)
        await admin.sends(photo(caption="A poster"), chat=office)
        await admin.reads(only, chat=office)
        await admin.says("Reading together\n10-12 15:00-16:00\nReading room", chat=office)
        await admin.reads("In the plan", chat=office)
        await admin.taps(t.plain("survey_desk.in_language", language="简体中文"), chat=office)
        await admin.sends(sticker(), chat=office)
        await admin.reads(only, chat=office)
        await admin.says("读书会", chat=office)
        await admin.reads("In the plan", chat=office)
        await admin.taps("🧩 Quiz", chat=office)
        await admin.sends(photo(), chat=office)
        await admin.reads(only, chat=office)
        await admin.taps(t.plain("nav.back"), chat=office)
        await admin.taps("📎 To read", chat=office)
        await admin.sends(sticker(), chat=office)
        await admin.reads("or send a file or a picture", chat=office)
        await admin.taps(t.plain("nav.back"), chat=office)
        await admin.taps("Call everybody", chat=office)
        await admin.taps("Yes, call them", chat=office)
        # Why somebody cannot come: a picture begins no ticket, and the question stands.
        await wang.reads("You are called to this")
        await wang.taps("I cannot come")
        await wang.sends(photo(caption="The doctor’s note"))
        await wang.reads(only)
        await wang.says("At the dentist’s")
        await wang.reads("Passed on")


async def test_words_for_a_ticket_are_no_reason_to_stay_away(database_url: str) -> None:
    async with running(database_url) as campus:
        wang = await campus.student("Wang", id=campus.wang.id)
        number = await campus.files(wang, "The tap in the bathroom drips all night")
        filed = next(each for each in await wang.transcript() if each.text.startswith("📮"))
        await acts(campus, campus.wang)
        await called(campus)
        await wang.reads("You are called to this")
        await wang.taps("I cannot come")
        await wang.reads("Why can you not come")
        await wang.says("My roommate must not know", reply_to=filed)
        await wang.reads(f"Passed on to the station (#{number})")
        await wang.says("At the dentist’s")
        await wang.reads("Passed on")


async def test_whoever_leads_one_decides_about_the_others_though_they_asked_first(database_url: str) -> None:
    async with running(database_url) as campus:
        wang = await campus.student("Wang", id=campus.wang.id)
        lead = await campus.student("Zhao", id=campus.admin.id)
        for person in (campus.wang, campus.admin):
            await acts(campus, person)
        await called(campus)
        for person, why in ((lead, "A wedding"), (wang, "At the dentist’s")):
            await person.reads("You are called to this")
            await person.taps("I cannot come")
            await person.says(why)
            await person.reads("Passed on")
        await lead.says("/study 1")
        await lead.taps("📝 Excuses (2)")
        await lead.reads("At the dentist")
        await lead.taps("✅ Excuse")
        await wang.reads("You are excused from this")
        await lead.reads("A wedding")
        assert await lead.taps("✅ Excuse") == campus.t("en").plain("study.own_reason")
        # By hand neither: a sentence says who can.
        await campus.later(hours=5)
        await lead.says("/study 1")
        await lead.taps("✋ By hand")
        assert await lead.taps("Zhao") == campus.t("en").plain("study.own_hand")
