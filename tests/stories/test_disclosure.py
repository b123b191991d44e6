"""What the union discloses is read by everybody, what is said about it is decided and answered in public."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from models import stations
from models.outbox import Outgoing
from models.people import Role
from models.union.comments import Comment
from models.union.publications import Heading
from tests.campus import running
from tests.models.test_disclosure import published
from tests.stories.test_reports import bound, met, named

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


async def test_a_comment_without_a_name_is_shown_answered_and_its_writer_told(database_url: str) -> None:
    async with running(database_url) as campus:
        t, office, admin, li = campus.t("en"), campus.office, campus.admin, campus.li
        alice, bob = await campus.student("Alice"), await campus.student("Bob")
        await alice.taps(t.plain("home.union"))
        await alice.reads("Led by the Party committee")
        await alice.taps(t.plain("disclosure.comment"))
        await alice.reads("What do you want to say about “the union in general”?")
        await alice.says("x" * 1001)
        await alice.reads("That is too long: 1001 characters, at most 1000")
        await alice.says("Who <b>pays</b> for the posters?\n@union_bot")
        await alice.reads("Who <b>pays</b> for the posters?")
        await alice.taps(t.plain("comment.send_nameless"))
        await alice.reads("Comment C1 is with the union.")
        card = await office.shows("New comment")
        assert "without a name, Mon 12 Oct 09:30" in card.text
        assert "Alice" not in card.text
        await bob.says("/union")
        await bob.taps(t.plain("disclosure.comments_union", count=0))
        await bob.reads("No comment has been shown yet.")
        # Who is not in the office's group decides nothing, also not by a forged press.
        await li.says("/disclosure", chat=campus.east)
        await campus.east.shows("in the office’s chat")
        await admin.taps(t.plain("comment.do.hide"), chat=office)
        await admin.taps(t.plain("comment.reason.insult"), chat=office)
        await alice.reads("C1 (the union in general) is not shown: it insults somebody.")
        await admin.taps(t.plain("comment.do.show"), chat=office)
        await alice.reads("can be read by everybody now")
        # The answer is a reply to the card, which is seen once more.
        await admin.says("The League", chat=office, reply_to=card)
        earlier = await office.shows("The public answer to C1:")
        await admin.says("The League Committee, from its own means", chat=office)
        await office.shows("from its own means")
        assert await admin.taps(t.plain("comment.do.publish"), chat=office, message=earlier) == t.plain(
            "desk.old_button"
        )
        await admin.taps(t.plain("comment.do.publish"), chat=office)
        await office.shows("The answer to C1 is public.")
        await alice.reads("The union has answered your comment C1")
        late = await office.shows("public, answered")
        assert late.id == card.id, "the card follows"
        await bob.says("/union")
        await bob.taps(t.plain("disclosure.comments_union", count=1))
        shown = await bob.reads("The League Committee, from its own means")
        assert "without a name" in shown.text
        # With a name, about what the office has still to decide; reminded of, and found under /disclosure.
        await bob.taps(t.plain("disclosure.comment"))
        await bob.says("Thanks")
        await bob.taps(t.plain("comment.send_named", name="Bob"))
        await bob.reads("Comment C2 is with the union.")
        room = await campus.stage.group("Teachers", [admin], [])
        async with campus.app.database.transaction() as session:
            place = await stations.by_key(session, "supervisors")
            assert place is not None
            place.chat_id, place.language = room.id, "en"
        await campus.later(days=1, minutes=1)
        await office.shows("Overdue: nobody has decided about this comment")
        overdue = await room.shows("Overdue: nobody has decided about this comment")
        refused = await admin.taps(t.plain("comment.do.show"), chat=room, message=overdue)
        assert refused == t.plain("comment.supervisors_only")
        await admin.says("/disclosure", chat=office)
        await office.shows("not disclosed yet")
        await admin.taps(t.plain("disclosure.open_comments", count=1), chat=office)
        await office.shows("1 comment to deal with")
        await admin.taps("C2", chat=office)
        await admin.taps(t.plain("comment.do.answer"), chat=office)
        await office.shows("Your answer to comment C2")
        await admin.says("Gladly", chat=office)
        await office.shows("The public answer to C2:")
        await admin.taps(t.plain("comment.do.publish"), chat=office)
        await office.shows("The answer to C2 is public.")
        await bob.reads("The union has answered your comment C2")
        await campus.quiet()
        async with campus.app.database.reading() as session:
            comment = await session.get_one(Comment, 1)
            assert (comment.person_id, comment.text) == (None, "Who <b>pays</b> for the posters?\n@\u2060union_bot")
            told = await session.scalars(select(Outgoing).where(Outgoing.letter == "comment_told"))
            assert {(row.chat_id, row.payload is None) for row in told} == {(None, True)}


async def test_a_version_is_written_approved_read_and_grows_old(database_url: str) -> None:
    async with running(database_url) as campus:
        t, office, admin, li = campus.t("en"), campus.office, campus.admin, campus.li
        alice, teacher = await campus.student("Alice"), await met(campus, "Teacher Sun")
        await named(campus, Role.SUPERVISOR, teacher)
        room = await bound(campus, [teacher])
        await campus.stage.promote(office, li, "member")
        await campus.later(minutes=1)
        told = await office.shows("Disclosure to be renewed")
        assert told.text.count("never disclosed") == 5
        # Written in the office, read by another there, approved by a supervising teacher.
        await admin.says("/disclosure", chat=office)
        await admin.taps(t.plain("disclosure.new"), chat=office)
        await admin.taps("👥 Staff", chat=office)
        for language, words in (("English", "Autumn\nFour of us."), ("简体中文", "秋季\n我们四个人。")):
            await office.shows(language)
            await admin.says(words, chat=office)
            await office.shows(f"{language} ✓")
            if language == "English":
                await admin.taps(t.plain("publication.write", language="简体中文"), chat=office)
        await admin.taps(t.plain("publication.act.submit"), chat=office)
        await office.shows("submitted by")
        await li.taps(t.plain("publication.act.preview"), chat=office)
        await li.taps(t.plain("publication.act.pass"), chat=office)
        await room.shows("read by Li")
        await teacher.taps(t.plain("publication.act.preview"), chat=room)
        await teacher.taps(t.plain("publication.act.approve"), chat=room)
        await room.shows("approved by Teacher Sun")
        await campus.later(minutes=1)
        await alice.says("/union")
        front = await alice.reads("Four of us.")
        assert "👥 Staff\nVersion 1, approved by the Youth League Committee on 12 Oct 2026" in front.text
        await alice.taps("👥 Staff")
        # What the office hides a supervising teacher may show after all.
        await alice.taps(t.plain("disclosure.comment"))
        await alice.says("Four are too few")
        await alice.taps(t.plain("comment.send_named", name="Alice"))
        await office.shows("New comment")
        await admin.taps(t.plain("comment.do.hide"), chat=office)
        await admin.taps(t.plain("comment.reason.advert"), chat=office)
        await alice.reads("C1 (Staff) is not shown")
        await room.shows("The office does not show this comment.")
        await teacher.taps(t.plain("comment.do.show"), chat=room)
        await alice.reads("C1 (Staff) can be read by everybody now")
        long = "We work under the Party committee.\n" + "\n".join(
            f"Department {n} has its own work." for n in range(200)
        )
        async with campus.app.database.transaction() as session:
            await published(session, Heading.STAFF, long, campus.clock(), title="Autumn, corrected")
        await alice.says("/union")
        front = await alice.reads("We work under the Party committee.")
        assert "👥 Staff\nVersion 2, approved by the Youth League Committee on 12 Oct 2026" in front.text
        assert front.text.count("not disclosed yet") == 4
        assert "Department 0" not in front.text
        refused = await alice.taps("📜 Constitution")
        assert refused == t.plain("disclosure.not_yet")
        await alice.taps("👥 Staff")
        assert "page 1 of 3" in (await alice.reads("Autumn, corrected")).text
        await alice.taps("›")
        await alice.taps("›")
        await alice.reads("Department 199 has its own work.")
        await alice.taps(t.plain("disclosure.history"))
        await alice.taps("Version 1 · 12 Oct 2026")
        assert "earlier version" in (await alice.reads("Four of us.")).text
        # What should not have been said is withdrawn; what was so before it is read again.
        await admin.says("/publish", chat=office)
        await admin.taps("2 · Autumn, corrected", chat=office)
        await admin.taps(t.plain("publication.act.withdraw"), chat=office)
        await admin.says("It names a department that there is not", chat=office)
        await admin.taps(t.plain("publication.act.withdraw_it"), chat=office)
        await room.shows("It names a department that there is not")
        await alice.says("/union")
        await alice.reads("Four of us.")
        await alice.taps(t.plain("disclosure.figures"))
        await alice.reads("There are no open figures yet.")
        number = await campus.files(alice, "The tap in the bathroom drips all night")
        await campus.east.shows(f"#{number} ·")
        await campus.resolves()
        await campus.later(days=30)
        await alice.says("/union")
        await alice.taps(t.plain("disclosure.figures"))
        figures = await alice.reads("📊 October 2026 · as counted on 11 Nov 2026")
        assert "Response rate: 100.0 % – 1 of 1" in figures.text
        assert "Satisfaction rate: fewer than 10 answers" in figures.text
        await alice.taps(t.plain("figure_name.response"))
        await alice.reads("East Campus Station: 100.0 %")
