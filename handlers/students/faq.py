"""Questions and answers: looked up by words or by topic, at any time and without leaving what is being done.

/faq ───────▶ topics ─▶ a topic ─▶ article ─▶ "did it help?" ─▶ yes: thanks
/faq words ─▶ what was found ────────▲            └─▶ no: a ticket with the words looked up, or back to the draft

While a ticket is being written the draft stays as it is, and every way back leads to it. The words looked up stand in
the conversation under `asked`. Offering an article before a ticket is sent is a step of the draft (`new.py`).
"""

from __future__ import annotations

from aiogram import Router
from aiogram.filters import Command, CommandObject
from aiogram.types import CallbackQuery, Message

from bot import faq
from bot.faq import OTHERS, PAGE, Helped, Read, Topic
from bot.filters import Going, Pressed
from bot.settings import Settings
from bot.untrusted import inline
from handlers.screens import show
from handlers.students import new
from handlers.students.report import back_to_draft, is_drafting
from handlers.students.talk import Private, Talk
from handlers.students.walk import Walk, walking
from models import faq as votes
from models.articles import ASKED_LENGTH, Article, Shelf
from models.errors import Refusal
from models.people import Audience

OWN = 5
SHOWN_WORDS = 60


def router() -> Router:
    """This conversation's handlers."""
    router = Router(name="faq")
    private = Private()
    router.message.register(look_up, Command("faq"), private)
    router.callback_query.register(contents, Going("faq"), private)
    router.callback_query.register(topic, Pressed(Topic), private)
    router.callback_query.register(read, Pressed(Read), private)
    router.callback_query.register(helped, Pressed(Helped), private, walking)
    return router


async def look_up(message: Message, command: CommandObject, talk: Talk) -> None:
    """/faq with words; alone it is the list."""
    words = " ".join((command.args or "").split())
    if not words:
        await contents(message, talk)
        return
    drafting = await is_drafting(talk)
    if not drafting:
        # The other way round than a message: who edits a command does not edit what became of it.
        source = [message.chat.id, -message.message_id]
        await talk.state.update_data(asked=[{"type": "text", "text": words}, source])
    folded = talk.house.fold(words[:ASKED_LENGTH])
    hits = talk.toolbox.shelf.search(folded, audience=talk.person.audience)
    if not hits:
        await votes.missed(talk.session, folded, talk.house)
        text = talk.t("faq.none", words=inline(words, SHOWN_WORDS))
        await show(message, text, faq.found(talk.t, talk.toolbox.shelf, [], drafting=drafting))
        return
    if len(hits) == 1:
        await _show_article(message, hits[0].key, talk)
        return
    keyboard = faq.found(talk.t, talk.toolbox.shelf, [hit.key for hit in hits], drafting=drafting)
    await show(message, talk.t("faq.found", words=inline(words, SHOWN_WORDS)), keyboard)


async def contents(event: Message | CallbackQuery, talk: Talk) -> None:
    """What is written for them, and the topics."""
    shelf, drafting = talk.toolbox.shelf, await is_drafting(talk)
    topics = by_topic(shelf, talk.settings, talk.person.audience)
    own = [key for key in shelf.listed(talk.person.audience) if shelf.is_for(key, talk.person.audience)][:OWN]
    named = [(key, talk.t.plain("faq.others") if key == OTHERS else _name(key, talk)) for key in topics]
    text = talk.t("faq.contents" if shelf else "faq.empty")
    await show(event, text, faq.contents(talk.t, shelf, own, named, drafting=drafting))


async def topic(query: CallbackQuery, press: Topic, talk: Talk) -> None:
    """One topic's articles, a page of them."""
    keys = by_topic(talk.toolbox.shelf, talk.settings, talk.person.audience).get(press.value, [])
    if not keys[press.number * PAGE :]:
        raise Refusal("old.button")
    name = talk.t("faq.others") if press.value == OTHERS else _name(press.value, talk)
    drafting = await is_drafting(talk)
    keyboard = faq.page(talk.t, talk.toolbox.shelf, press.value, keys, press.number, drafting=drafting)
    await show(query, talk.t("faq.topic", topic=name), keyboard)


async def read(query: CallbackQuery, press: Read, talk: Talk) -> None:
    """The article that was chosen."""
    await _show_article(query, press.value, talk)


async def helped(query: CallbackQuery, press: Helped, walk: Walk) -> None:
    """ "Did it help?" """
    t = walk.t
    article = _article(press.value, walk) if press.value != OTHERS else None
    if article is not None:
        await votes.voted(walk.session, article.key, article.language, helpful=press.yes)
    drafting = await is_drafting(walk)
    # What did not help is not offered again before it is sent.
    said_no = [article.key] if article is not None else []
    if press.yes:
        if article is None:
            raise Refusal("old.button")
        text = f"{faq.body(article, t)}\n\n{t('faq.thanks')}"
        await show(query, text, faq.thanks(t, drafting=drafting))
    elif drafting:
        walk.data["faq_no"] = [*walk.data.get("faq_no", []), *said_no]
        await back_to_draft(query, walk)
    else:
        asked = (await walk.state.get_data()).get("asked")
        left = await walk.leave()
        if asked:
            await new.take_up(query, [asked], walk)
        else:
            walk.data = {}
            await walk.kinds(left)
        await walk.state.update_data(faq_no=said_no)


def by_topic(shelf: Shelf, settings: Settings, audience: Audience | None) -> dict[str, list[str]]:
    """Topic → keys, both with what concerns this audience first; a topic is a category of the first level."""
    order = [*settings.categories_for(None, None, audience), OTHERS]
    found: dict[str, list[str]] = {key: [] for key in order}
    for key in shelf.listed(audience):
        about = (category for each in shelf.articles[key].values() for category in each.categories)
        topics = (settings.topic_of(category) for category in about)
        found[next((each for each in topics if each is not None), OTHERS)].append(key)
    return {key: keys for key, keys in found.items() if keys}


def _name(category: str, talk: Talk) -> str:
    return talk.t.pick(talk.settings.category_names(category))


def _article(key: str, talk: Talk) -> Article:
    """Raises Refusal when there is no such article (any more)."""
    article = faq.read(talk.toolbox.shelf, key, talk.t)
    if article is None:
        raise Refusal("old.button")
    return article


async def _show_article(event: Message | CallbackQuery, key: str, talk: Talk) -> None:
    article = _article(key, talk)
    await votes.shown(talk.session, article.key, article.language)
    text = f"{faq.body(article, talk.t)}\n\n{talk.t('faq.helped')}"
    await show(event, text, faq.under_article(talk.t, key, drafting=await is_drafting(talk)))
