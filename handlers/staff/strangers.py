"""What no conversation in a group has understood. In groups that are nobody's desk what is said is none of the bot's
business.
"""

from __future__ import annotations

from aiogram import Router
from aiogram.filters import Command, CommandObject
from aiogram.types import Message

from bot import commands
from bot.filters import InGroup
from bot.texts import Texts
from handlers.staff.desk import AtDesk


def router() -> Router:
    """Asked after everything else in groups."""
    router = Router(name="strangers")
    router.message.register(help_, Command("help", "start"), InGroup())
    router.message.register(alone_only, Command(*commands.PRIVATE), AtDesk())
    router.message.register(silence, InGroup())
    router.edited_message.register(silence, InGroup())
    return router


async def help_(message: Message, t: Texts) -> None:
    """What to do with this group."""
    await message.reply(t("stranger.help"))


async def alone_only(message: Message, command: CommandObject, t: Texts) -> None:
    """A student's command where the union works."""
    if command.command != "cancel":
        await message.reply(t("stranger.alone_only", command=command.command))


async def silence(message: Message) -> None:
    """Nothing: people talk to each other."""
