"""What staff write to each other stays with them, however the slash before it was typed."""

from __future__ import annotations

import re

import pytest

from models import stations
from sandbox.client import Message, Person, photo
from tests.campus import Campus, running
from tests.stories.test_reports import reported

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
"""Nothing here depends on the kind of database."""

TAP = "The tap in the bathroom drips all night"


async def filed(campus: Campus) -> tuple[Person, int, Message]:
    alice = await campus.student("Alice")
    number = await campus.files(alice, TAP)
    return alice, number, await campus.east.shows(f"#{number} ·")


async def says(campus: Campus, key: str, count: int, language: str = "en") -> None:
    """Wait until the station has been told this so often."""
    text = re.sub(r"<[^>]+>", "", campus.t(language)(key))

    def look() -> bool | None:
        return sum(m.text == text for m in campus.east.view.chat(campus.east.id).values()) == count or None

    await campus.stage.until(look, 15, f"{key}, {count} times", campus.east.id)


async def told(campus: Campus, alice: Person) -> list[Message]:
    await campus.quiet()
    return await campus.stage.transcript(alice.id)


async def test_a_mistyped_slash_sends_no_note_to_a_student(database_url: str) -> None:
    """`／／`, `、、` and `/note：` from a Chinese keyboard, `/备注` and `/notes` were each sent to the student."""
    async with running(database_url) as campus:
        t = campus.t("en")
        alice, number, card = await filed(campus)
        notes = {
            "／／ 总是夸大": "总是夸大",
            "、、 他又来了": "他又来了",
            "/note：上次也这样": "上次也这样",
            "／note 拖一拖": "拖一拖",
            "/note同上": "同上",
            "/Note as before": "as before",
        }
        for text, kept in notes.items():
            await campus.wang.says(text, chat=campus.east, reply_to=card)
            await campus.east.shows(f"📝 Wang: {kept}")
        refused = ["/备注 先拖着", "／备注 先拖着", "/notes 先拖着", "/ 先拖着", "/new 先拖着"]
        for i, text in enumerate(refused):
            await campus.wang.says(text, chat=campus.east, reply_to=card)
            await says(campus, "desk.slash_not_sent", i + 1)
        for language in ("zh-hans", "zh-hant"):
            async with campus.app.database.transaction() as session:
                place = await stations.by_key(session, "east")
                assert place is not None
                place.language = language
            await campus.wang.says("/备注 先拖着", chat=campus.east, reply_to=card)
            await says(campus, "desk.slash_not_sent", 1, language)
        await campus.wang.says("A plumber comes, number 24/7", chat=campus.east, reply_to=card)
        await alice.reads("number 24/7")
        await campus.wang.says("/resolve：已修好", chat=campus.east, reply_to=card)
        await alice.reads(t.plain("ticket.fixed", number=number, reason="").rsplit("<b>", 1)[-1].removesuffix("</b>"))
        read = "\n".join(m.text for m in await told(campus, alice))
        assert not [secret for secret in (*notes.values(), "先拖着") if secret in read]


async def test_an_answer_that_is_edited_into_a_note_stays_as_the_student_has_it(database_url: str) -> None:
    async with running(database_url) as campus:
        alice, _, card = await filed(campus)
        said = await campus.wang.says("At three", chat=campus.east, reply_to=card)
        await alice.reads("At three")
        for text in ("// at three at the earliest", "／／ 夸大", "/note 夸大", "/备注 夸大"):
            await campus.wang.edits(said, text, chat=campus.east)
        await says(campus, "desk.edit_not_sent", 4)
        read = "\n".join(m.text for m in await told(campus, alice))
        assert "At three" in read
        assert not [secret for secret in ("夸大", "earliest") if secret in read]
        await campus.wang.edits(said, "At four", chat=campus.east)
        await alice.reads("At four")
        note = await campus.wang.says("／／ no ladder", chat=campus.east, reply_to=card)
        await campus.east.shows("📝 Wang: no ladder")
        await campus.wang.edits(note, "、、 no long ladder", chat=campus.east)
        await campus.east.shows("📝 Wang: no long ladder")
        assert "ladder" not in "\n".join(m.text for m in await told(campus, alice))


async def test_an_album_is_a_note_by_its_caption_whole(database_url: str) -> None:
    """Its first picture was a note, and the others, which have no caption, went to the student."""
    async with running(database_url) as campus:
        alice, _, card = await filed(campus)
        for caption in ("／／ 是他弄的", "/note 是他弄的", "/备注 是他弄的"):
            await campus.wang.sends(photo(), photo(), photo(), caption=caption, chat=campus.east, reply_to=card)
        await says(campus, "desk.slash_noted", 1)
        first, second = photo(), photo()
        second.shape["caption"] = "// 是他弄的"
        await campus.wang.sends(first, second, chat=campus.east, reply_to=card)
        await campus.wang.sends(photo(), photo(), caption="Like this", chat=campus.east, reply_to=card)
        await alice.reads("Like this")
        read = await told(campus, alice)
        assert len([m for m in read if m.raw.get("photo")]) == 2
        assert "是他" not in str([m.raw for m in read])


async def test_a_command_that_says_what_a_reply_is_does_so_under_a_report_as_well(database_url: str) -> None:
    """`/note` was answered with "use it as a reply to a ticket's card", which the reports' room has none of."""
    async with running(database_url) as campus:
        t = campus.t("en")
        alice = await campus.student("Alice", id=837465921)
        teacher, room, _, card = await reported(campus, alice)
        for words in ("/note Her roommate", "／note：Her roommate", "/Note\nHer roommate"):
            await teacher.says(words, chat=room, reply_to=card)
        await teacher.sends(photo(), photo(), caption="/note The receipt", chat=room, reply_to=card)
        await room.shows("The receipt")
        await teacher.taps(t.plain("case.do.note"), message=card, chat=room)
        await teacher.says("/ask When was that?", chat=room, reply_to=await room.shows("📝 R-"))
        await alice.reads("When was that?")
        await teacher.says("/note", chat=room, reply_to=card)
        await room.shows(t.plain("draft.empty"))
        await teacher.says("/tag pipe", chat=room, reply_to=card)
        await room.shows("Please use /tag as a reply to a ticket's card")
        await campus.quiet()
        read = "\n".join(m.text for m in await alice.transcript())
        assert not [secret for secret in ("roommate", "receipt", "/ask", "pipe") if secret in read]
        assert not [m for m in await alice.transcript() if m.raw.get("photo")]
        said = "\n".join(m.text for m in await room.transcript() if m.from_bot)
        assert "Please use /note" not in said
        assert "Sun: Her roommate" in said
