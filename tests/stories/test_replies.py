"""What a reply in a station's chat does: it reaches the student, or it says why it did not."""

from __future__ import annotations

from typing import Any

import pytest

from models import stations
from models.stations import Desk
from sandbox.client import Message, Person, dice, document, photo
from tests.campus import Campus, running

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
"""Nothing here depends on the kind of database."""

TAP = "The tap in the bathroom drips all night"
STORY = {"chat": {"id": -1009, "type": "channel", "title": "News"}, "id": 3}
LIST = {"title": "Tools", "tasks": [{"id": 1, "text": "Wrench"}]}
POLL: dict[str, Any] = {
    "id": "77",
    "question": "When?",
    "options": [{"text": "Today", "voter_count": 0, "persistent_id": "1"}],
    "total_voter_count": 0,
    "is_closed": False,
    "is_anonymous": True,
    "type": "regular",
    "allows_multiple_answers": False,
    "allows_revoting": False,
    "members_only": False,
}


async def filed(campus: Campus) -> tuple[Person, int, Message]:
    alice = await campus.student("Alice")
    number = await campus.files(alice, TAP)
    return alice, number, await campus.east.shows(f"#{number} ·")


def reply(person: Person, card: Message, number: int, **content: Any) -> dict[str, Any]:
    """A raw reply to a card, of a kind that the local Telegram does not know."""
    user = {"id": person.id, "is_bot": False, "first_name": person.name}
    common = {"message_id": number, "date": 1_790_000_000, "chat": card.raw["chat"], "from": user}
    return {"message": {**common, "reply_to_message": card.raw, **content}}


async def refusals(campus: Campus, count: int) -> None:
    """Wait until the station has been told so often that something cannot be passed on."""
    text = campus.t("en").plain("words.unknown_kind")

    def look() -> bool | None:
        return True if sum(m.text == text for m in campus.east.view.chat(campus.east.id).values()) == count else None

    await campus.stage.until(look, 15, f"{count} refusals", campus.east.id)


async def told(campus: Campus, alice: Person) -> str:
    await campus.quiet()
    return "\n".join(m.text for m in await campus.stage.transcript(alice.id))


async def test_a_reply_of_a_kind_that_cannot_be_passed_on_says_which_can(database_url: str) -> None:
    """It vanished without a word, and staff believed that the student had it."""
    async with running(database_url) as campus:
        t = campus.t("en")
        alice, _, card = await filed(campus)
        await campus.wang.sends(dice(), chat=campus.east, reply_to=card)
        await campus.wang.reads(t.plain("words.unknown_kind"), chat=campus.east)
        kinds: list[dict[str, Any]] = [{"poll": POLL}, {"story": STORY}, {"checklist": LIST}, {"of_next_year": {}}]
        for i, content in enumerate(kinds):
            await campus.stage.update(reply(campus.wang, card, 9000 + i, **content))
            await refusals(campus, 2 + i)
        await campus.wang.says("At three", chat=campus.east, reply_to=card)
        await alice.reads("At three")


async def test_what_the_chat_tells_of_itself_is_answered_by_nobody(database_url: str) -> None:
    async with running(database_url) as campus:
        alice, _, card = await filed(campus)
        await campus.quiet()
        before = len(await campus.east.transcript()), len(await alice.transcript())
        await campus.stage.update(reply(campus.wang, card, 9000, pinned_message=card.raw))
        await campus.stage.update(reply(campus.wang, card, 9001, new_chat_title="East"))
        here = {"id": alice.id, "type": "private", "first_name": "Alice"}
        user = {"id": alice.id, "is_bot": False, "first_name": "Alice", "language_code": "en"}
        pinned = {"message_id": 9002, "date": 1_790_000_000, "chat": here, "from": user}
        await campus.stage.update(
            {"message": {**pinned, "message_auto_delete_timer_changed": {"message_auto_delete_time": 60}}}
        )
        # Each chat's updates keep their order: what is answered now came after.
        await campus.wang.says("/help", chat=campus.east)
        await campus.wang.reads("East Campus Station", chat=campus.east)
        await alice.says("/help")
        await alice.reads("What you can do")
        await campus.quiet()
        after = len(await campus.east.transcript()), len(await alice.transcript())
        assert after == (before[0] + 2, before[1] + 2)


async def test_a_note_of_a_picture_stays_in_the_station(database_url: str) -> None:
    async with running(database_url) as campus:
        t = campus.t("en")
        alice, _, card = await filed(campus)
        await campus.wang.sends(photo(), caption="// the valve", chat=campus.east, reply_to=card)
        await campus.east.shows("📝 Wang: 🖼 the valve")
        await campus.wang.sends(document(), caption="/note the plan", chat=campus.east, reply_to=card)
        await campus.east.shows("📝 Wang: 📎 notes.txt the plan")
        await campus.wang.taps(t.plain("desk.note"), chat=campus.east, message=card)
        prompt = await campus.wang.reads("Only colleagues see notes", chat=campus.east)
        await campus.wang.sends(photo(), chat=campus.east, reply_to=prompt)
        await campus.east.hides("📝 Wang: 📎")
        assert not [m for m in await campus.stage.transcript(alice.id) if m.raw.get("photo")]
        for nothing in ("//", "// \u200b"):
            await campus.wang.says(nothing, chat=campus.east, reply_to=card)
            await campus.wang.reads(t.plain("draft.empty"), chat=campus.east)
        await campus.wang.says("/note", chat=campus.east, reply_to=card)
        await campus.wang.reads(t.plain("desk.words_missing", command="note"), chat=campus.east)
        assert "valve" not in await told(campus, alice)


async def test_a_picture_under_a_question_goes_along(database_url: str) -> None:
    async with running(database_url) as campus:
        alice, _, card = await filed(campus)
        await campus.wang.sends(photo(), caption="/ask Is it this one?", chat=campus.east, reply_to=card)
        asked = await alice.reads("Is it this one?")
        assert asked.raw.get("photo")
        assert "/ask" not in asked.text
        await campus.east.shows("waiting for the student")


async def test_a_reason_must_be_written_and_short_enough_to_be_told(database_url: str) -> None:
    async with running(database_url) as campus:
        t = campus.t("en")
        alice, number, card = await filed(campus)
        await campus.wang.taps(t.plain("desk.resolve"), chat=campus.east)
        await campus.wang.taps(t.plain("desk.write"), chat=campus.east)
        prompt = await campus.wang.reads("was resolved", chat=campus.east)
        await campus.wang.sends(photo(), chat=campus.east, reply_to=prompt)
        await campus.wang.reads(t.plain("desk.reason_missing"), chat=campus.east)
        await campus.wang.says(" \u200b", chat=campus.east, reply_to=prompt)
        await campus.wang.reads(t.plain("desk.reason_missing"), chat=campus.east)
        await campus.wang.says("x" * 4096, chat=campus.east, reply_to=prompt)
        await campus.wang.reads(t.plain("desk.reason_too_long", length=4096, most=1000), chat=campus.east)
        await campus.wang.says("/transfer west", chat=campus.east, reply_to=card)
        await campus.wang.reads(t.plain("desk.reason_missing"), chat=campus.east)
        await campus.wang.says("x" * 1000, chat=campus.east, reply_to=prompt)
        await alice.reads(t.plain("ticket.fixed", number=number, reason="").rsplit("<b>", 1)[-1].removesuffix("</b>"))


async def test_a_transfer_has_a_reason_of_one_s_own(database_url: str) -> None:
    async with running(database_url) as campus:
        t = campus.t("en")
        _, _, _ = await filed(campus)
        await campus.wang.taps(t.plain("desk.transfer"), chat=campus.east)
        await campus.wang.taps("West Campus Station", chat=campus.east)
        await campus.wang.taps(t.plain("desk.write"), chat=campus.east)
        prompt = await campus.wang.reads("is transferred", chat=campus.east)
        await campus.wang.says("They have the long ladder", chat=campus.east, reply_to=prompt)
        there = await campus.west.shows("asks you to take it over")
        assert "They have the long ladder" in there.text


async def test_a_place_is_called_by_its_whole_name_and_the_supervisors_by_none(database_url: str) -> None:
    async with running(database_url) as campus:
        t = campus.t("en")
        _, _, card = await filed(campus)
        group = await campus.stage.group("Teachers", [], [])
        async with campus.app.database.transaction() as session:
            (teachers,) = [p for p in await stations.open_desks(session) if p.desk is Desk.SUPERVISORS]
            teachers.chat_id = group.id
            name = teachers.names["en"]
        await campus.wang.says(f"/transfer {name} please", chat=campus.east, reply_to=card)
        said = await campus.wang.reads("No place is called", chat=campus.east)
        assert name not in said.text.partition("”")[2]
        await campus.wang.says("/transfer South Campus Station near them", chat=campus.east, reply_to=card)
        await campus.wang.reads(t.plain("transfer.no_chat", station="South Campus Station"), chat=campus.east)
        await campus.wang.says("/transfer west campus STATION closer to them", chat=campus.east, reply_to=card)
        await campus.west.shows("closer to them")


async def test_a_ticket_is_given_back_by_whoever_has_it(database_url: str) -> None:
    async with running(database_url) as campus:
        t = campus.t("en")
        _, number, card = await filed(campus)
        await campus.wang.taps(t.plain("desk.claim"), chat=campus.east)
        await campus.east.shows("in hand · Wang")
        refused = t.plain("release.not_yours", number=number)
        assert await campus.li.taps(t.plain("desk.release"), chat=campus.east) == refused
        assert await campus.wang.taps(t.plain("desk.release"), chat=campus.east) == ""
        await campus.east.shows("nobody has it yet")
        await campus.li.taps(t.plain("desk.claim"), chat=campus.east, message=card)
        await campus.east.shows("in hand · Li")


async def test_what_was_being_written_is_left_by_the_next_button(database_url: str) -> None:
    """A reply to a reopened ticket ended it again, because a reason had been asked for the first time."""
    async with running(database_url) as campus:
        t = campus.t("en")
        alice, _, card = await filed(campus)
        await campus.wang.taps(t.plain("desk.resolve"), chat=campus.east)
        await campus.wang.taps(t.plain("desk.write"), chat=campus.east)
        await campus.wang.reads("was resolved", chat=campus.east)
        await campus.wang.taps(t.plain("desk.resolve"), chat=campus.east, message=card)
        await campus.wang.taps(t.plain("resolution.done"), chat=campus.east)
        await alice.taps(t.plain("fixed.no"))
        await campus.east.shows("Reopened once")
        await campus.wang.says("We come again at four", chat=campus.east, reply_to=card)
        answer = await alice.reads("We come again at four")
        assert answer.text.startswith("💬")
        await campus.east.shows("answered · Wang")
