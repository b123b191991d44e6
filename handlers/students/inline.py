"""`@bot some words` in any chat: the questions and answers that fit, to be sent there by whoever typed it.

An inline query belongs to no chat and comes with every letter typed. It is not stored, only reads, and is answered at
once or not at all (`bot/inbox.py`); nobody is remembered for it, and nothing is counted.
"""

from __future__ import annotations

from aiogram import Router
from aiogram.types import (
    InlineQuery,
    InlineQueryResultArticle,
    InlineQueryResultsButton,
    InlineQueryResultUnion,
    InputTextMessageContent,
)

from bot import faq
from bot.texts import Texts
from bot.toolbox import Toolbox
from bot.untrusted import cut
from models.articles import ASKED_LENGTH, SHOWN
from models.people import Person

REMEMBERED = 60
"""Seconds for which Telegram answers the same words of the same person by itself."""
DESCRIPTION_LENGTH = 120
OURS = "faq"
"""What the button above the answers puts behind /start: it says only where somebody comes from."""


def router() -> Router:
    """Its one handler."""
    router = Router(name="inline")
    router.inline_query.register(answer)
    return router


async def answer(query: InlineQuery, person: Person | None, t: Texts, toolbox: Toolbox) -> None:
    """What fits these words; without words what is written for them first."""
    shelf, audience = toolbox.shelf, person.audience if person else None
    words = " ".join(query.query.split())[:ASKED_LENGTH]
    if words:
        keys = [hit.key for hit in shelf.search(toolbox.house.fold(words), audience=audience)]
    else:
        keys = shelf.listed(audience)[:SHOWN]
    results: list[InlineQueryResultUnion] = []
    for key in keys:
        article = faq.read(shelf, key, t)
        if article is not None:
            content = InputTextMessageContent(message_text=faq.body(article, t), parse_mode="HTML")
            results.append(
                InlineQueryResultArticle(
                    id=key,
                    title=article.title,
                    description=cut(" ".join(article.text.split()), DESCRIPTION_LENGTH),
                    input_message_content=content,
                )
            )
    ask_us = InlineQueryResultsButton(text=t.plain("faq.inline"), start_parameter=OURS)
    await query.answer(results, cache_time=REMEMBERED, is_personal=True, button=ask_us)
