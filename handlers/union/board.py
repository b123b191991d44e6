"""/board: every floor of the ten measures, how it stands, until when, and what shows it.

/board ─▶ the board, in the office's and the supervisors' groups, and alone with the bot for the presidium
"""

from __future__ import annotations

from aiogram import Router
from aiogram.filters import Command, CommandObject
from aiogram.types import Message

from bot import board
from handlers.occasion import must_be_seen
from handlers.union.acting import Acting, Wherever
from models.permissions import Deed
from models.union import floors


def router() -> Router:
    """Its one handler."""
    router = Router(name="board")
    router.message.register(show_board, Command("board"), Wherever())
    return router


async def show_board(message: Message, command: CommandObject, acting: Acting) -> None:
    """Look, and change nothing."""
    must_be_seen(message, command)
    await acting.may(Deed.BOARD)
    calendar = acting.house.calendar
    found = await floors.board(acting.session, calendar, acting.now)
    await message.reply(board.draw(found, acting.t, calendar.day_of(acting.now)))
