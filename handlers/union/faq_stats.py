"""/faq stats in the office's group: which articles do not help, and what was looked for in vain."""

from __future__ import annotations

from aiogram import Router
from aiogram.filters import Command, CommandObject
from aiogram.types import Message
from sqlalchemy.ext.asyncio import AsyncSession

from bot.filters import InGroup
from bot.settings import Settings
from bot.texts import Texts
from bot.toolbox import Toolbox
from models import faq as votes
from models import permissions
from models.faq import Told
from models.permissions import Deed
from models.stations import Station


def router() -> Router:
    """Its one handler."""
    router = Router(name="faq stats")
    router.message.register(stats, Command("faq"), InGroup())
    return router


async def stats(
    message: Message,
    command: CommandObject,
    station: Station | None,
    session: AsyncSession,
    t: Texts,
    settings: Settings,
    toolbox: Toolbox,
) -> None:
    """Figures without anybody behind them, for the office; elsewhere, where articles are found."""
    if (command.args or "").split()[:1] != ["stats"]:
        await message.reply(t("faq.elsewhere"))
        return
    permissions.must(Deed.FAQ_STATS, permissions.there(station))
    whole = await votes.totals(session)
    lines = [
        t("faq.stats", shown=whole.shown, helpful=whole.helpful, no=whole.not_helpful, unanswered=whole.unanswered)
    ]
    worst = [_line(told, t, settings, toolbox) for told in await votes.least_helpful(session)]
    lines += ["", t("faq.stats_worst"), *worst] if worst else []
    missed = [t("faq.stats_miss", words=words, count=count) for words, count in await votes.misses(session)]
    lines += ["", t("faq.stats_misses"), *missed] if missed else []
    await message.reply("\n".join([*lines, "", t("faq.stats_few", few=votes.FEWEST)]))


def _line(told: Told, t: Texts, settings: Settings, toolbox: Toolbox) -> str:
    article = toolbox.shelf.articles.get(told.article, {}).get(told.language)
    title = article.title if article else told.article
    helped = told.helped
    text = t(
        "faq.stats_line",
        title=title,
        file=f"{told.article}.{told.language}",
        no=told.not_helpful,
        answers=helped.of,
        unanswered=told.unanswered,
    )
    if helped.of < settings.surveys.minimum_cell:
        return text
    low, high = helped.interval()
    return text + t("faq.stats_rate", share=f"{helped.share:.0%}", low=f"{low:.1%}", high=f"{high:.1%}")
