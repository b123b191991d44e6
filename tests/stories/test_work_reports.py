"""The semester's report to the Party committee, from the draft that the clock makes to the meeting that heard it."""

from __future__ import annotations

import pytest

from models.people import Role
from sandbox.client import Message
from tests.campus import running
from tests.stories.test_own_data import documents
from tests.stories.test_reports import bound, named

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@pytest.mark.rehearsal
async def test_a_semester_s_report_from_its_draft_to_the_meeting(database_url: str) -> None:
    async with running(database_url) as campus:
        t, office, wang = campus.t("en"), campus.office, campus.wang
        admin = await campus.student("Zhao", "en", id=campus.admin.id)
        reader, alice = await campus.student("Secretary"), await campus.student("Alice")
        number = await campus.files(alice, "The tap in the bathroom drips all night")
        await campus.east.shows(f"#{number} ·")
        room = await bound(campus, [])

        async def presses(key: str, message: Message | None = None) -> str:
            return await admin.taps(t.plain(f"work_report.{key}"), chat=office, message=message) or ""

        # Who may: the presidium, and those above look; alone with the bot, /report is a sealed report.
        await wang.says("/workreport", chat=campus.east)
        await campus.east.shows("Reports are seen in the office’s")
        await admin.says("/report", chat=room)
        await room.shows("There is no report yet")
        await admin.says("/report en", chat=office)
        await office.shows("There is no report of this semester yet")
        # Three weeks before the semester ends the clock makes the draft.
        await campus.later(days=77, hours=1)
        told = await office.shows("Work report 2026-2027-1 has been counted")
        await presses("open", message=told)
        draft = await office.shows("Response rate")
        assert "Draft · edition 1" in draft.text
        assert "0 of 2 places" in draft.text, "one ticket is no problem"
        # What people write stays when it is counted anew.
        await presses("write")
        await office.shows("Where do you want to write?")
        await admin.taps("✏️ Next steps", chat=office)
        await office.shows("Write it in one message")
        await admin.says("x" * 1501, chat=office)
        await office.shows("At most 1500 characters")
        await admin.says("More <hot> water\nin East 1", chat=office)
        await office.shows("It stands in the report")
        await admin.taps("✅ Next steps", chat=office)
        await office.shows("More <hot> water")
        await presses("back_words")
        await presses("back_one")
        await office.shows("1 of 2 places")
        await presses("renew")
        await office.shows("Being counted")
        await campus.later(minutes=1)
        # The supervisors look, and change nothing.
        await admin.says("/workreport", chat=room)
        await admin.taps("📝 Work report 2026-2027-1", chat=room)
        seen = await room.shows("Draft · edition 1")
        assert [label for label in seen.labels if not label.startswith("📎")] == [t.plain("work_report.back")]
        # Final: nothing changes any more. Sent to the readers; heard; corrected.
        await admin.says("/workreport", chat=office)
        await admin.taps("📝 Work report 2026-2027-1", chat=office)
        await presses("finish")
        assert "to be written: 1" in (await office.shows("Finish it now?")).text
        await presses("finish_yes")
        final = await office.shows("Final · edition 1")
        assert t.plain("work_report.renew") not in final.labels
        await presses("send")
        assert (await presses("send_yes")).startswith("The bot knows no report reader yet")
        await named(campus, Role.READER, reader)
        asked = await office.shows("in private?")
        await presses("send_yes")
        await office.shows("Sent to the report readers")
        await presses("meeting")
        await office.shows("On which day")
        await admin.says("tomorrow", chat=office)
        await office.shows("That is no day")
        await admin.says("2030-01-01", chat=office)
        await office.shows("still to come")
        await admin.says("2026年12月28日", chat=office)
        await office.shows("What did the meeting of 28 Dec 2026 decide?")
        await admin.says("Approved. Report on the hot water in March.", chat=office)
        await office.shows("Once recorded it stays")
        await presses("record")
        heard = await office.shows("Heard by the Party committee · edition 1")
        assert "Report on the hot water in March." in heard.text
        await presses("correct")
        await presses("correct_yes")
        await office.shows("Draft · edition 2, replaces edition 1")
        await campus.later(minutes=1)
        await campus.quiet()
        sent = await documents(campus, reader.id)
        assert sorted(sent) == [f"work-report-2026-2027-1-1{end}" for end in ("-evidence.xlsx", ".docx", ".html")]
        page = sent["work-report-2026-2027-1-1.html"].decode()
        assert "More &lt;hot&gt; water" in page
        assert "Report on the hot water in March." in page
        assert "drips" not in page, "no word of a student's stands in it"
        # Pressed again on the screen as somebody else may still see it, when the files have gone: once is enough.
        again = next(b["callback_data"] for b in asked.buttons if b["text"] == t.plain("work_report.send_yes"))
        assert await admin.presses(asked, again, chat=office) == t.plain("desk.old_button")
