"""/faq stats in the office's group: which articles do not help, and what was looked for in vain."""

from __future__ import annotations

from aiogram import Router
from aiogram.filters import Command, CommandObject
from aiogram.types import Message

from bot.filters import InGroup
from handlers.union.acting import Acting, Wherever
from models import faq as votes
from models import permissions
from models.faq import Told
from models.permissions import Deed


def router() -> Router:
    """Its one handler."""
    router = Router(name="faq stats")
    router.message.register(stats, Command("faq"), InGroup(), Wherever())
    return router


async def stats(message: Message, command: CommandObject, acting: Acting) -> None:
    """Figures without anybody behind them, for the office; elsewhere, where articles are found."""
    t = acting.t
    if (command.args or "").split()[:1] != ["stats"]:
        await message.reply(t("faq.elsewhere"))
        return
    permissions.must(Deed.FAQ_STATS, permissions.there(acting.station))
    whole = await votes.totals(acting.session)
    lines = [
        t("faq.stats", shown=whole.shown, helpful=whole.helpful, no=whole.not_helpful, unanswered=whole.unanswered)
    ]
    worst = [_line(told, acting) for told in await votes.least_helpful(acting.session)]
    lines += ["", t("faq.stats_worst"), *worst] if worst else []
    missed = [t("faq.stats_miss", words=words, count=count) for words, count in await votes.misses(acting.session)]
    lines += ["", t("faq.stats_misses"), *missed] if missed else []
    await message.reply("\n".join([*lines, "", t("faq.stats_few", few=votes.FEWEST)]))


def _line(told: Told, acting: Acting) -> str:
    article = acting.toolbox.shelf.articles.get(told.article, {}).get(told.language)
    title = article.title if article else told.article
    helped = told.helped
    text = acting.t(
        "faq.stats_line",
        title=title,
        file=f"{told.article}.{told.language}",
        no=told.not_helpful,
        answers=helped.of,
        unanswered=told.unanswered,
    )
    if helped.of < acting.settings.surveys.minimum_cell:
        return text
    low, high = helped.interval()
    return text + acting.t("faq.stats_rate", share=f"{helped.share:.0%}", low=f"{low:.1%}", high=f"{high:.1%}")
