"""The command menus people see when they type "/", per language and per kind of chat."""

from __future__ import annotations

import structlog
from aiogram import Bot
from aiogram.types import (
    BotCommand,
    BotCommandScopeAllGroupChats,
    BotCommandScopeAllPrivateChats,
    BotCommandScopeUnion,
)

from bot.outgoing import NO_ANSWER
from bot.texts import Texts
from bot.toolbox import Toolbox

log = structlog.get_logger()

_OWN = ("language", "help", "privacy", "mydata", "forget", "cancel")
PRIVATE = ("new", "mine", "surveys", "news", "faq", "union", "projects", "volunteer", "report", "here", *_OWN)
GROUP = ("open", "overdue", "find", "a", "ask", "note", "walkin", "duty", "stats", "canned", "help")
"""What a station uses every day. Thirty are too many to read, and most stand on a card's buttons; the others are listed
by /help under `HEADINGS`.
"""


async def publish(bot: Bot, toolbox: Toolbox) -> None:
    """Set the menus. They are a convenience: when Telegram does not take them now, the program goes on without."""
    languages = toolbox.house.languages
    chinese = next((language for language in languages if language.startswith("zh")), None)
    try:
        for language in languages:
            t = toolbox.t(language)
            if language == languages[0]:
                await _set(bot, t, None)
            if language == chinese:
                await _set(bot, t, "zh")
            elif language == "en":
                await _set(bot, t, "en")
    except NO_ANSWER as error:
        log.warning("the command menus were not set", why=type(error).__name__)


async def _set(bot: Bot, t: Texts, code: str | None) -> None:
    scopes: tuple[tuple[tuple[str, ...], BotCommandScopeUnion], ...] = (
        (PRIVATE, BotCommandScopeAllPrivateChats()),
        (GROUP, BotCommandScopeAllGroupChats()),
    )
    for names, scope in scopes:
        commands = [BotCommand(command=name, description=t.plain(f"command.{name}")) for name in names]
        await bot.set_my_commands(commands, scope=scope, language_code=code)
