"""What becomes of the students' copies of what staff change and take back, and what is told of a ticket so far."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from bot import letters, so_far
from bot.app import house_of
from bot.calls import Call
from bot.texts import Catalogue
from bot.toolbox import Toolbox
from models import answering, asking, merging, retracting, tickets
from models.database import Database
from models.outbox import Outgoing
from models.postings import Posting
from models.tickets import Ticket
from models.words import Words
from tests.campus import settings
from tests.house import EAST, HOUSE, draft, furnish, staff, student

PHOTO = {"type": "photo", "file_id": "one", "text": "This valve?"}


@pytest.fixture(scope="module")
def toolbox() -> Toolbox:
    chosen = settings("http://127.0.0.1:1", "sqlite:///unused.db")
    return Toolbox(settings=chosen, house=house_of(chosen), catalogue=Catalogue.load(chosen.timezone))


async def answered(session: AsyncSession, content: dict[str, str], now: datetime) -> tuple[Ticket, Words]:
    """An answer whose copy the student has as message 7."""
    await furnish(session)
    ticket = await asking.file(session, draft(), await student(session), HOUSE, now)
    said = await answering.answer(session, ticket, await staff(session), content, HOUSE, now, (EAST, 77))
    row = (await session.scalars(select(Outgoing).where(Outgoing.words_id == said.id))).one()
    session.add(Posting(requester_id=row.requester_id, message_id=7, ticket_id=ticket.id, words_id=said.id))
    await session.flush()
    return ticket, await session.get_one(Words, said.id)


async def drawn(session: AsyncSession, toolbox: Toolbox, now: datetime) -> list[Call]:
    """What the copy's edits come to."""
    rows = await session.scalars(select(Outgoing).where(Outgoing.letter == "edited"))
    return [call for row in rows.all() for call in (await letters.draw(session, row, toolbox, now, 10_001)).calls]


@pytest.mark.parametrize(
    ("before", "after", "method", "shows"),
    [
        ({"type": "text", "text": "At three"}, {"type": "text", "text": "At four"}, "editMessageText", "At four"),
        (PHOTO, PHOTO | {"text": "That valve?"}, "editMessageMedia", "That valve?"),
        (PHOTO, PHOTO | {"file_id": "two"}, "editMessageMedia", "two"),
        (PHOTO, {"type": "video", "file_id": "three"}, "editMessageMedia", "three"),
        (
            {"type": "voice", "file_id": "v"},
            {"type": "voice", "file_id": "v", "text": "Hm"},
            "editMessageCaption",
            "Hm",
        ),
    ],
    ids=["text", "caption", "another picture", "a film instead", "caption of a voice message"],
)
async def test_the_student_s_copy_follows_every_edit_of_an_answer(
    database: Database,
    now: datetime,
    toolbox: Toolbox,
    before: dict[str, str],
    after: dict[str, str],
    method: str,
    shows: str,
) -> None:
    async with database.transaction() as session:
        _, said = await answered(session, before, now)
        await tickets.edit(session, said, after, now)
        (call,) = await drawn(session, toolbox, now)
        assert (call.method, call.params["message_id"]) == (method, 7)
        assert shows in str(call.params)


@pytest.mark.parametrize(
    ("content", "hours", "method"),
    [
        ({"type": "text", "text": "At three"}, 0, "editMessageText"),
        ({"type": "text", "text": "At three"}, 100, "editMessageText"),
        (PHOTO, 0, "deleteMessage"),
        (PHOTO, 100, "editMessageCaption"),
        ({"type": "sticker", "file_id": "s"}, 46, "deleteMessage"),
        ({"type": "sticker", "file_id": "s"}, 48, None),
    ],
)
async def test_a_copy_of_what_was_taken_back_goes_as_far_as_telegram_lets_it(
    database: Database, now: datetime, toolbox: Toolbox, content: dict[str, str], hours: int, method: str | None
) -> None:
    later = now + timedelta(hours=hours)
    async with database.transaction() as session:
        ticket, said = await answered(session, content, now)
        await retracting.retract_answer(session, said, await staff(session), HOUSE, later)
        calls = await drawn(session, toolbox, later)
        assert [call.method for call in calls] == ([method] if method else [])
        for call in calls:
            assert "At three" not in str(call.params)
            assert method == "deleteMessage" or f"#{ticket.id}" in str(call.params)
        first = (await session.scalars(select(Outgoing).where(Outgoing.letter == "words"))).one()
        assert (await letters.draw(session, first, toolbox, later, 10_001)).calls == [], "an attempt in flight"


async def test_what_was_said_so_far_is_read_in_order_and_fits_into_a_message(
    database: Database, now: datetime, toolbox: Toolbox
) -> None:
    async with database.transaction() as session:
        await furnish(session)
        ticket = await asking.file(session, draft(anonymous=True), await student(session), HOUSE, now)
        wang = await staff(session)
        for i in range(40):
            text = {"type": "text", "text": f"<b>{i}</b> " + "x" * 400}
            await answering.answer(session, ticket, wang, text, HOUSE, now + timedelta(minutes=i), (EAST, i))
        await answering.note(session, ticket, wang, PHOTO, HOUSE, now + timedelta(hours=1), (EAST, 99))
        shown = await so_far.draw(session, ticket, [ticket.id], toolbox.t("en"), now)
        assert len(shown) <= 4096
        assert shown.index("&lt;b&gt;38") < shown.index("&lt;b&gt;39") < shown.index("📝 <b>Wang</b>")
        assert "earlier messages" in shown
        other = await asking.file(session, draft(anonymous=True), await student(session, 2), HOUSE, now)
        await merging.merge(session, other, ticket, wang, HOUSE, now)
        merged = await so_far.draw(session, ticket, [other.id] * 10, toolbox.t("en"), now)
        assert len(merged) <= 4096
        assert "🕶 <b>Anonymous student" in merged
        assert "drips all night" in merged
        assert "Alice" not in merged + shown
