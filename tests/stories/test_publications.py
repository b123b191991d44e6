"""What the union publishes: drafted, read by another, approved, sent to those it is for, corrected, withdrawn."""

from __future__ import annotations

import pytest

from models import people
from models.people import Role
from models.union import publications
from sandbox.actors import document, photo
from tests.campus import running
from tests.stories.test_reports import bound, met, named

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


async def test_a_notice_goes_from_the_draft_to_those_it_is_for(database_url: str) -> None:
    async with running(database_url) as campus:
        t, office, admin, li = campus.t("en"), campus.office, campus.admin, campus.li
        alice, bob = await campus.student("Alice", "en"), await campus.student("Bob", "zh-hans")
        teacher = await met(campus, "Teacher Sun")
        await named(campus, Role.SUPERVISOR, teacher)
        room = await bound(campus, [teacher])
        await campus.stage.promote(office, li, "member")

        # Only the presidium writes, and in the office.
        await campus.wang.says("/publish", chat=campus.east)
        await campus.east.shows(t.plain("publication.not_here"))
        await admin.says("/publish", chat=office)
        assert await li.taps(t.plain("publication.new"), chat=office) == t.plain("publication.presidium_only")
        await admin.taps(t.plain("publication.new"), chat=office)
        await admin.taps(t.plain("publication.kind.news"), chat=office)
        await admin.taps(t.plain("survey.everybody"), chat=office)
        await office.shows("the first line is the title")
        await admin.says("Job fair on Friday", chat=office)
        await office.shows(t.plain("publication.text_missing"))
        await admin.says("Job fair on Friday\nIn the sports hall, 9:00–16:00 <free>", chat=office)
        await office.shows("简体中文 ✗")
        assert "简体中文" in (await admin.taps(t.plain("publication.act.submit"), chat=office) or "")
        await admin.taps(t.plain("publication.write", language="简体中文"), chat=office)
        await admin.sends(photo(), caption="周五招聘会\n体育馆", chat=office)
        await office.shows(t.plain("textfile.kind"))
        # As a file; what is none that can be read, or cannot be fetched, is said, and nothing is lost.
        await admin.sends(document(b"PK", "notice.docx"), chat=office)
        await office.shows(t.plain("textfile.kind"))
        await campus.stage.fault("getFile", status=502)
        notice = document("# 周五招聘会\r\n\r\n体育馆，9:00–16:00".encode("gb18030"), "notice.md")
        await admin.sends(notice, chat=office)
        await office.shows(t.plain("textfile.not_fetched"))
        await campus.stage.no_faults()
        await admin.sends(notice, chat=office)
        await office.shows("繁體中文 ✓")
        await admin.taps(t.plain("publication.act.attach"), chat=office)
        await admin.says("A picture", chat=office)
        await office.shows(t.plain("publication.attach_what"))
        await admin.sends(photo(), chat=office)
        draft = await office.shows("1 attachment")
        assert "To 2 people" in draft.text
        await admin.taps(t.plain("publication.act.preview"), chat=office)
        await office.shows("體育館")
        await admin.taps(t.plain("publication.act.submit"), chat=office)
        await office.shows("submitted by")
        assert await admin.taps(t.plain("publication.act.pass"), chat=office) == t.plain("publication.own")
        # Nobody judges what they have not seen: the first press shows it.
        assert await li.taps(t.plain("publication.act.pass"), chat=office) == t.plain("publication.look_first")
        await office.shows("體育館")
        await li.taps(t.plain("publication.act.pass"), chat=office)
        await room.shows("read by Li")

        # The teacher sends it back with a reason; it is changed, and begins anew.
        await teacher.taps(t.plain("publication.act.refuse"), chat=room)
        await teacher.says("Which Friday?", chat=room)
        await office.shows("Which Friday?")
        await admin.taps(t.plain("publication.rewrite", language="English"), chat=office)
        # Somebody else writes it at the same time: the later is told.
        async with campus.app.database.transaction() as session:
            found, another = await publications.get(session, 1), await people.meet(session, 901, "T", None, "en")
            texts = {**found.texts, "en": {"title": "Job fair", "body": "On the 16th"}}
            await publications.change(session, found, another, campus.clock(), texts=texts)
        await admin.says("Job fair on 16 October\nIn the sports hall", chat=office)
        await office.shows(t.plain("publication.changed", number=1))
        await admin.says("/publish", chat=office)
        await admin.taps("1 · Job fair", chat=office)
        await admin.taps(t.plain("publication.rewrite", language="English"), chat=office)
        await admin.says("Job fair on 16 October\nIn the sports hall, 9:00–16:00 <free>", chat=office)
        await office.shows("1 · Job fair on 16 October")
        await admin.taps(t.plain("publication.act.submit"), chat=office)
        await li.taps(t.plain("publication.act.preview"), chat=office)
        await li.taps(t.plain("publication.act.pass"), chat=office)
        await room.shows("Job fair on 16 October")
        # That another has seen it, and the one before in another wording, is not enough.
        assert await teacher.taps(t.plain("publication.act.approve"), chat=room) == t.plain("publication.look_first")
        await teacher.taps(t.plain("publication.act.approve"), chat=room)
        await office.shows("approved by Teacher Sun")
        await campus.later(minutes=1)
        news = await alice.reads("Job fair on 16 October")
        assert "<free>" in news.text
        await bob.reads("周五招聘会")
        await campus.quiet()
        attached = {m.id for m in campus.stage.view.chat(alice.id).values() if "photo" in m.raw}
        assert len(attached) == 1
        await admin.says("/publish", chat=office)
        await admin.taps("1 · Job fair on 16 October", chat=office)
        await office.shows("Written to 2: 2 delivered, 0 not, 0 unknown")

        # A correction goes the same way, and changes what stands in her chat.
        await admin.taps(t.plain("publication.act.correct"), chat=office)
        assert "1 attachment" in (correction := await office.shows("Corrects 1")).text
        assert t.plain("publication.act.attach") not in correction.labels
        await admin.taps(t.plain("publication.rewrite", language="English"), chat=office)
        await admin.says("Job fair on 17 October\nIn the sports hall", chat=office)
        await office.shows("2 · Job fair on 17 October")
        await admin.taps(t.plain("publication.act.submit"), chat=office)
        await li.taps(t.plain("publication.act.preview"), chat=office)
        await li.taps(t.plain("publication.act.pass"), chat=office)
        await room.shows("Corrects 1")
        await teacher.taps(t.plain("publication.act.preview"), chat=room)
        await teacher.taps(t.plain("publication.act.approve"), chat=room)
        await campus.later(minutes=1)
        corrected = await alice.reads("Job fair on 17 October")
        assert corrected.id == news.id
        await admin.says("/publish", chat=office)
        await admin.taps("2 · Job fair on 17 October", chat=office)
        await admin.taps(t.plain("publication.act.withdraw"), chat=office)
        await admin.says("What time is lunch?", chat=office)
        # Words alone withdraw nothing: what everybody would read is shown first, and may be written again.
        await office.shows("was withdrawn: What time is lunch?")
        await admin.says("The fair was cancelled", chat=office)
        await office.shows("was withdrawn: The fair was cancelled")
        await admin.taps(t.plain("publication.act.withdraw_it"), chat=office)
        await room.shows("withdrawn")
        await campus.later(minutes=1)
        # The file that went along is not there any more.
        await alice.reads("was withdrawn: The fair was cancelled\n\n" + t.plain("publication.withdrawn_files"))
        await campus.quiet()
        assert not attached & campus.stage.view.chat(alice.id).keys()
