"""An album is said once: what its caption makes of one picture it makes of all, whichever picture it stands under."""

from __future__ import annotations

import re

import pytest
from sqlalchemy import func, select

from models import sorting
from models.conversations import Conversation
from sandbox.actors import Attachment, photo
from sandbox.client import Group, Person
from tests.campus import Campus, running
from tests.stories.test_reports import reported
from tests.stories.test_slashes import filed, says

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
"""Nothing here depends on the kind of database."""


def captioned(words: str, where: int, count: int = 3) -> list[Attachment]:
    """Pictures, of which one bears the caption."""
    return [photo(caption=words if i == where else None) for i in range(count)]


async def pictures(campus: Campus, place: Person | Group) -> list[str]:
    """What stands under the pictures that the bot has brought there, once all is out."""
    await campus.quiet()
    found = [m for m in await campus.stage.transcript(place.id) if m.raw.get("photo") and m.raw["from"].get("is_bot")]
    return [str(m.raw.get("caption", "")) for m in found]


@pytest.mark.parametrize("where", [0, 2], ids=["under the first", "under the last"])
async def test_an_album_under_a_command_is_that_command_whole(database_url: str, where: int) -> None:
    """The other pictures were answers, and went to the student."""
    async with running(database_url) as campus:
        t = campus.t("en")
        alice, number, card = await filed(campus)
        for words in ("/tag pipe", "/note 他弄坏的", "／／ 他弄坏的", "/备注 他弄坏的", "/priority high"):
            await campus.wang.sends(*captioned(words, where), chat=campus.east, reply_to=card)
        await says(campus, "desk.slash_noted", 1)
        await campus.east.shows("🏷 #pipe")
        assert await pictures(campus, alice) == []
        assert "他弄坏的" not in str([m.raw for m in await campus.stage.transcript(alice.id)])
        shown = await campus.east.shows("📝 Wang")
        assert "and 2 earlier notes" in shown.text, "three albums are three notes"
        newest = next(line for line in shown.text.splitlines() if line.startswith("📝 Wang"))
        assert "他弄坏的" in newest, "whichever picture it stands under"
        await campus.wang.sends(*captioned("/ask Which of these?", where), chat=campus.east, reply_to=card)
        await alice.reads("Which of these?")
        assert len(await pictures(campus, alice)) == 3
        await campus.east.shows("waiting for the student")
        await campus.wang.sends(*captioned("/resolve Replaced", where), chat=campus.east, reply_to=card)
        await alice.reads(t.plain("ticket.fixed", number=number, reason="").rsplit("<b>", 1)[-1].removesuffix("</b>"))
        assert len(await pictures(campus, alice)) == 3


async def test_an_album_is_what_was_asked_for_whole(database_url: str) -> None:
    """Tags were asked for, and the pictures beside them went to the student; a question's others were an answer."""
    async with running(database_url) as campus:
        t = campus.t("en")
        alice, _, card = await filed(campus)
        for where, tag in ((0, "pipe"), (2, "valve")):
            await campus.wang.taps(t.plain("desk.more"), chat=campus.east, message=card)
            await campus.wang.taps(t.plain("more.tag"), chat=campus.east)
            await campus.wang.sends(*captioned(tag, where), chat=campus.east, reply_to=card)
            await campus.east.shows(f"#{tag}")
        assert await pictures(campus, alice) == []
        await campus.wang.taps(t.plain("desk.ask"), chat=campus.east, message=card)
        await campus.wang.sends(*captioned("Is it this one?", 2), chat=campus.east, reply_to=card)
        await alice.reads("Is it this one?")
        assert len(await pictures(campus, alice)) == 3
        await campus.east.shows("waiting for the student")
        await campus.wang.taps(t.plain("desk.note"), chat=campus.east, message=card)
        await campus.wang.sends(photo(), photo(), chat=campus.east, reply_to=card)
        await campus.east.shows("📝 Wang")
        assert len(await pictures(campus, alice)) == 3


@pytest.mark.parametrize("where", [0, 2], ids=["under the first", "under the last"])
async def test_an_album_that_comes_too_late_for_its_prompt_goes_nowhere(database_url: str, where: int) -> None:
    """The first was refused as too late, and the others were an answer that the student read."""
    async with running(database_url) as campus:
        t = campus.t("en")
        alice, _, card = await filed(campus)
        await campus.wang.taps(t.plain("desk.note"), chat=campus.east, message=card)
        await campus.later(hours=2)
        await campus.wang.sends(*captioned("He broke it himself", where), chat=campus.east, reply_to=card)
        await campus.east.shows(t.plain("desk.prompt_stale", name="Wang"))
        assert await pictures(campus, alice) == []
        assert "He broke it" not in str([m.raw for m in await campus.stage.transcript(alice.id)])


async def test_pictures_under_a_command_that_takes_none_are_said_to_have_gone_nowhere(database_url: str) -> None:
    async with running(database_url) as campus:
        t = campus.t("en")
        alice, _, card = await filed(campus)
        await campus.wang.sends(*captioned("/resolve Replaced, see the pictures", 1), chat=campus.east, reply_to=card)
        left = re.sub("<.?b>", "", t.plain("desk.pictures_left"))
        await campus.east.shows(left)
        await alice.reads("Replaced, see the pictures")
        assert await pictures(campus, alice) == []
        assert [m.text for m in await campus.east.transcript()].count(left) == 1, "once for an album"
        await alice.taps(t.plain("fixed.no"))
        card = await campus.east.shows("reopened")
        await campus.wang.taps(t.plain("desk.resolve"), chat=campus.east, message=card)
        await campus.wang.taps(t.plain("desk.write"), chat=campus.east)
        await campus.wang.sends(*captioned("The valve, too", 2), chat=campus.east, reply_to=card)
        await alice.reads("The valve, too")
        await campus.quiet()
        assert [m.text for m in await campus.east.transcript()].count(left) == 2


@pytest.mark.parametrize("count", [1, 3], ids=["a picture", "an album"])
async def test_a_picture_under_any_command_of_staff_is_said_to_have_gone_nowhere(database_url: str, count: int) -> None:
    """Only /resolve, /transfer and /claim said so."""
    async with running(database_url) as campus:
        alice, number, card = await filed(campus)
        done = ("/tag pipe", "/priority high", "/a", "/project none", f"/closeall {number} Replaced")
        for times, words in enumerate(done, 1):
            await campus.wang.sends(*captioned(words, count - 1, count), chat=campus.east, reply_to=card)
            await says(campus, "desk.pictures_left", times)
        assert await pictures(campus, alice) == []
        # What was refused has done nothing, and says what to do; a note takes its picture along.
        for words in ("/priority strange", "/note See here"):
            await campus.wang.sends(*captioned(words, 0, count), chat=campus.east, reply_to=card)
        await campus.east.shows("📝 Wang")
        await campus.quiet()
        await says(campus, "desk.pictures_left", len(done))


@pytest.mark.parametrize("where", [0, 2], ids=["under the first", "under the last"])
async def test_the_pictures_of_a_command_that_is_refused_go_to_nobody(database_url: str, where: int) -> None:
    """Nothing was remembered of the first, and the others went to the student."""
    async with running(database_url) as campus:
        t = campus.t("en")
        alice, _, card = await filed(campus)
        for words, refused in (("/priority strange", "priority.unknown"), ("/resolve", "desk.reason_missing")):
            await campus.wang.sends(*captioned(words, where), chat=campus.east, reply_to=card)
            await campus.east.shows(t.plain(refused))
        assert await pictures(campus, alice) == []
        # In the reports' room nothing is a reply to a ticket, and the others were asked of whoever reported it.
        teacher, room, _, card = await reported(campus, alice)
        await teacher.sends(*captioned("/tag pipe", where), chat=room, reply_to=card)
        await room.shows("Please use /tag")
        assert await pictures(campus, alice) == []


@pytest.mark.parametrize("where", [0, 2], ids=["under the first", "under the last"])
async def test_the_pictures_of_a_command_that_was_set_aside_go_to_nobody(
    database_url: str, where: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def breaks(*_: object) -> None:
        raise KeyError("a mistake of ours")

    async with running(database_url) as campus:
        alice, _, card = await filed(campus)
        monkeypatch.setattr(sorting, "tag", breaks)
        await campus.wang.sends(*captioned("/tag pipe", where), chat=campus.east, reply_to=card)
        await campus.east.shows("something went wrong")
        assert await pictures(campus, alice) == []


async def test_an_album_of_words_is_an_answer_as_before(database_url: str) -> None:
    async with running(database_url) as campus:
        alice, _, card = await filed(campus)
        await campus.wang.sends(*captioned("Like this", 1), chat=campus.east, reply_to=card)
        await alice.reads("Like this")
        assert len(await pictures(campus, alice)) == 3
        await campus.wang.sends(photo(), photo(), chat=campus.east, reply_to=card)
        there = campus.stage.view.chat(alice.id)
        await campus.stage.until(
            lambda: sum(bool(m.raw.get("photo")) for m in there.values()) == 5 or None, 15, "five pictures", alice.id
        )


@pytest.mark.parametrize("where", [0, 2], ids=["under the first", "under the last"])
async def test_an_album_about_a_sealed_report_is_what_its_caption_is_whole(database_url: str, where: int) -> None:
    """The pictures before the caption of a note were asked of whoever had reported it."""
    async with running(database_url) as campus:
        t = campus.t("en")
        alice = await campus.student("Alice")
        teacher, room, _, card = await reported(campus, alice)
        await teacher.taps(t.plain("case.do.ack"), chat=room)
        await alice.reads("has acknowledged")
        for words in ("// Her roommate", "、、 Her roommate", "/备注 Her roommate", "/help"):
            await teacher.sends(*captioned(words, where), chat=room, reply_to=card)
        await room.shows("kept as a note")
        assert await pictures(campus, alice) == []
        await teacher.sends(*captioned("Which of these?", where), chat=room, reply_to=card)
        await alice.reads("Which of these?")
        assert len(await pictures(campus, alice)) == 3
        await teacher.taps(t.plain("case.do.outcome"), chat=room, message=card)
        await teacher.taps(t.plain("case.do.founded"), chat=room)
        prompt = await room.shows("✅ R-")
        await teacher.sends(*captioned("He has been dismissed", where), chat=room, reply_to=prompt)
        await alice.reads("He has been dismissed")
        await campus.quiet()
        read = "\n".join(m.text for m in await campus.stage.transcript(room.id))
        assert t.plain("desk.reason_missing") not in read


async def test_what_is_remembered_of_an_album_goes_with_what_is_left_behind(database_url: str) -> None:
    """A sign and no words, sealed, and for a day."""
    async with running(database_url) as campus:
        alice, _, card = await filed(campus)
        await campus.wang.sends(*captioned("Like this", 0), chat=campus.east, reply_to=card)
        await alice.reads("Like this")
        await campus.quiet()
        async with campus.app.database.reading() as session:
            kept = await session.scalar(select(func.count()).select_from(Conversation))
        assert kept == 1, "the album's; nobody is in the middle of anything else"
        await campus.later(days=3)
        async with campus.app.database.reading() as session:
            assert not (await session.scalars(select(Conversation))).all()
