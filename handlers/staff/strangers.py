"""Groups that are nobody's desk: what is said there is none of the bot's business, and a press there is on something
stale.
"""

from __future__ import annotations

from aiogram import Router
from aiogram.filters import Command
from aiogram.types import Message

from bot.filters import InGroup
from bot.texts import Texts


def router() -> Router:
    """Asked after everything else in groups."""
    router = Router(name="strangers")
    router.message.register(help_, Command("help", "start"), InGroup())
    router.message.register(silence, InGroup())
    router.edited_message.register(silence, InGroup())
    return router


async def help_(message: Message, t: Texts) -> None:
    """What to do with this group."""
    await message.reply(t("stranger.help"))


async def silence(message: Message) -> None:
    """Nothing: people talk to each other."""
