"""What stays with the colleagues: a note, the album it stands under, and a slash that somebody has mistyped."""

from __future__ import annotations

from typing import Any

from aiogram.types import Message

from bot.typed import is_note
from handlers.staff.desk import Desk
from models import answering, retracting, words
from models.people import Person
from models.tickets import Ticket
from models.words import Side


def is_mistyped(message: Message) -> bool:
    """Whether these words, as they are meant, begin with a slash and are no note."""
    text = (message.text or message.caption or "").lstrip()
    return text.startswith("/") and not is_note(text)


async def write(ticket: Ticket, staff: Person, content: dict[str, Any], source: tuple[int, int], desk: Desk) -> None:
    """For the colleagues only. What has come of the same album before the words that say so was held back for the rest
    of it, and is taken back.
    """
    album = content.get("album")
    before = await words.in_album(desk.session, ticket.id, album, Side.STAFF) if album is not None else []
    if standing := [each for each in before if each.retracted_at is None]:
        await retracting.retract_answer(desk.session, standing[0], staff, desk.house, desk.now)
    await answering.note(desk.session, ticket, staff, content, desk.house, desk.now, source)
