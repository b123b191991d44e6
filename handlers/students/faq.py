"""Questions and answers: looked up by words or by topic, at any time and without leaving what is being done.

/faq ───────▶ topics ─▶ a topic ─▶ article ─▶ "did it help?" ─▶ yes: thanks
/faq words ─▶ what was found ────────▲            └─▶ no: a ticket with the words looked up, or back to the draft

While a ticket is being written the draft stays as it is, and every way back leads to it. The words looked up stand in
the conversation under `asked`. Offering an article before a ticket is sent is a step of the draft (`new.py`).
"""

from __future__ import annotations

from aiogram import Router
from aiogram.filters import Command, CommandObject
from aiogram.fsm.context import FSMContext
from aiogram.types import CallbackQuery, Message
from sqlalchemy.ext.asyncio import AsyncSession

from bot import faq
from bot.faq import OTHERS, PAGE, Helped, Read, Topic
from bot.filters import Going, Pressed, Private
from bot.settings import Settings
from bot.texts import Texts
from bot.toolbox import Toolbox
from bot.untrusted import inline
from handlers.screens import leave, show
from handlers.students import new
from models import faq as votes
from models.articles import ASKED_LENGTH, Article, Shelf
from models.errors import Refusal
from models.house import House
from models.people import Audience, Person

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
    router.callback_query.register(helped, Pressed(Helped), private, new.walking)
    return router


async def look_up(
    message: Message,
    command: CommandObject,
    person: Person,
    t: Texts,
    house: House,
    toolbox: Toolbox,
    session: AsyncSession,
    state: FSMContext,
) -> None:
    """/faq with words; alone it is the list."""
    words = " ".join((command.args or "").split())
    if not words:
        await contents(message, person, t, toolbox, state)
        return
    drafting = await state.get_state() in new.New
    if not drafting:
        # The other way round than a message: who edits a command does not edit what became of it.
        source = [message.chat.id, -message.message_id]
        await state.update_data(asked=[{"type": "text", "text": words}, source])
    folded = house.fold(words[:ASKED_LENGTH])
    hits = toolbox.shelf.search(folded, audience=person.audience)
    if not hits:
        await votes.missed(session, folded, house)
        text = t("faq.none", words=inline(words, SHOWN_WORDS))
        await show(message, text, faq.found(t, toolbox.shelf, [], drafting=drafting))
        return
    if len(hits) == 1:
        await _show_article(message, hits[0].key, t, toolbox.shelf, session, drafting=drafting)
        return
    keyboard = faq.found(t, toolbox.shelf, [hit.key for hit in hits], drafting=drafting)
    await show(message, t("faq.found", words=inline(words, SHOWN_WORDS)), keyboard)


async def contents(
    event: Message | CallbackQuery, person: Person, t: Texts, toolbox: Toolbox, state: FSMContext
) -> None:
    """What is written for them, and the topics."""
    shelf, drafting = toolbox.shelf, await state.get_state() in new.New
    topics = by_topic(shelf, toolbox.settings, person.audience)
    own = [key for key in shelf.listed(person.audience) if shelf.is_for(key, person.audience)][:OWN]
    named = [(key, t.plain("faq.others") if key == OTHERS else _name(key, t, toolbox.settings)) for key in topics]
    text = t("faq.contents" if shelf else "faq.empty")
    await show(event, text, faq.contents(t, shelf, own, named, drafting=drafting))


async def topic(
    query: CallbackQuery, press: Topic, person: Person, t: Texts, toolbox: Toolbox, state: FSMContext
) -> None:
    """One topic's articles, a page of them."""
    keys = by_topic(toolbox.shelf, toolbox.settings, person.audience).get(press.value, [])
    if not keys[press.number * PAGE :]:
        raise Refusal("old.button")
    name = t("faq.others") if press.value == OTHERS else _name(press.value, t, toolbox.settings)
    drafting = await state.get_state() in new.New
    keyboard = faq.page(t, toolbox.shelf, press.value, keys, press.number, drafting=drafting)
    await show(query, t("faq.topic", topic=name), keyboard)


async def read(
    query: CallbackQuery, press: Read, t: Texts, toolbox: Toolbox, session: AsyncSession, state: FSMContext
) -> None:
    """The article that was chosen."""
    drafting = await state.get_state() in new.New
    await _show_article(query, press.value, t, toolbox.shelf, session, drafting=drafting)


async def helped(query: CallbackQuery, press: Helped, walk: new.Walk) -> None:
    """ "Did it help?" """
    t, state = walk.t, walk.state
    article = _article(press.value, t, walk.shelf) if press.value != OTHERS else None
    if article is not None:
        await votes.voted(walk.session, article.key, article.language, helpful=press.yes)
    drafting = await state.get_state() in new.New
    # What did not help is not offered again before it is sent.
    said_no = [article.key] if article is not None else []
    if press.yes:
        if article is None:
            raise Refusal("old.button")
        text = f"{faq.body(article, t)}\n\n{t('faq.thanks')}"
        await show(query, text, faq.thanks(t, drafting=drafting))
    elif drafting:
        walk.data["faq_no"] = [*walk.data.get("faq_no", []), *said_no]
        await walk.go_on()
    else:
        asked = (await state.get_data()).get("asked")
        left = await leave(state, t)
        if asked:
            await new.take_up(query, [asked], t, state)
        else:
            walk.data = {}
            await walk.kinds(left)
        await state.update_data(faq_no=said_no)


def by_topic(shelf: Shelf, settings: Settings, audience: Audience | None) -> dict[str, list[str]]:
    """Topic → keys, both with what concerns this audience first; a topic is a category of the first level."""
    order = [*settings.categories_for(None, None, audience), OTHERS]
    found: dict[str, list[str]] = {key: [] for key in order}
    for key in shelf.listed(audience):
        about = (category for each in shelf.articles[key].values() for category in each.categories)
        topics = (settings.topic_of(category) for category in about)
        found[next((each for each in topics if each is not None), OTHERS)].append(key)
    return {key: keys for key, keys in found.items() if keys}


def _name(category: str, t: Texts, settings: Settings) -> str:
    return t.pick(settings.category_names(category))


def _article(key: str, t: Texts, shelf: Shelf) -> Article:
    """Raises Refusal when there is no such article (any more)."""
    article = faq.read(shelf, key, t)
    if article is None:
        raise Refusal("old.button")
    return article


async def _show_article(
    event: Message | CallbackQuery, key: str, t: Texts, shelf: Shelf, session: AsyncSession, *, drafting: bool
) -> None:
    article = _article(key, t, shelf)
    await votes.shown(session, article.key, article.language)
    await show(event, f"{faq.body(article, t)}\n\n{t('faq.helped')}", faq.under_article(t, key, drafting=drafting))
