"""Policy news: somebody follows topics, is written to about these alone, and reads the newest at any time.

/news ─▶ topics ─▶ a tap follows one, another ends it
           └▶ the newest ─▶ one of them ─▶ what is attached
a message about a topic ─▶ a tap ends it ─▶ topics

Nothing that is being done is left by it: while a ticket is being written every way back leads to the draft.
"""

from __future__ import annotations

from aiogram import Router
from aiogram.filters import Command
from aiogram.types import CallbackQuery, Message

from bot import news
from bot.filters import Going, Pressed, markup
from bot.news import Follow, News, Unfollow
from handlers.screens import pressed, show
from handlers.students.report import is_drafting
from handlers.students.talk import Private, Talk
from models.errors import Refusal
from models.union import deliveries, publications
from models.union.publications import OUT, Publication, Topic

SHOWN = 8


def router() -> Router:
    """This conversation's handlers."""
    router = Router(name="news")
    private = Private()
    router.message.register(topics, Command("news"), private)
    router.callback_query.register(topics, Going("news"), private)
    router.callback_query.register(follow, Pressed(Follow), private)
    router.callback_query.register(read, Pressed(News), private)
    router.callback_query.register(unfollow, Pressed(Unfollow), private)
    return router


async def topics(event: Message | CallbackQuery, talk: Talk) -> None:
    """/news: what they follow."""
    followed = await deliveries.topics_of(talk.session, talk.person)
    await show(event, *news.topics(followed, talk.person.audience, talk.t, drafting=await is_drafting(talk)))


async def follow(query: CallbackQuery, press: Follow, talk: Talk) -> None:
    """They want to hear of a topic, or no more; it is seen where they pressed."""
    await _follow(query, press.topic, talk, yes=press.yes)
    if press.publication:
        await _article(query, await _open(press.publication, talk), talk)
    else:
        await topics(query, talk)


async def unfollow(query: CallbackQuery, press: Unfollow, talk: Talk) -> None:
    """The same under what they were sent: it stays, and the button says that it was the last."""
    await _follow(query, press.topic, talk, yes=False)
    if isinstance(query.message, Message):
        await query.message.edit_reply_markup(reply_markup=markup(news.left(talk.t)))


async def _follow(query: CallbackQuery, key: str, talk: Talk, *, yes: bool) -> None:
    if key not in set(Topic):
        raise Refusal("old.button")
    await deliveries.follow(talk.session, talk.person, Topic(key), yes=yes)
    said = "news.followed" if yes else "news.unfollowed"
    await query.answer(talk.t.plain(said, topic=news.name(Topic(key), talk.t)))


async def read(query: CallbackQuery, press: News, talk: Talk) -> None:
    """The newest, one of them, what is attached to it; or the topics, below a letter that stays as it is."""
    drafting = await is_drafting(talk)
    if press.act == "topics":
        await topics(pressed(query, below=True), talk)
    elif press.act == "newest":
        followed = await deliveries.topics_of(talk.session, talk.person)
        found = await deliveries.of_topics(talk.session, sorted(followed or set(Topic)), SHOWN)
        await show(query, *news.newest(found, followed, talk.t, talk.now, drafting=drafting))
    elif press.act == "one":
        await _article(query, await _open(press.publication, talk), talk)
    elif press.act == "attached" and isinstance(query.message, Message):
        for each in (await _open(press.publication, talk)).attachments:
            bring = query.message.answer_photo if each["type"] == "photo" else query.message.answer_document
            await bring(each["file_id"])
    else:
        raise Refusal("old.button")


async def _open(number: int, talk: Talk) -> Publication:
    """What is to be read instead of it by now, if it was corrected. Raises Refusal for what was not sent about a topic,
    and for what was withdrawn.
    """
    publication = await deliveries.latest(talk.session, await publications.get(talk.session, number))
    if publication.topic is None or publication.stage not in OUT:
        raise Refusal("news.gone")
    return publication


async def _article(query: CallbackQuery, publication: Publication, talk: Talk) -> None:
    followed = await deliveries.topics_of(talk.session, talk.person)
    await show(query, *news.article(publication, publication.topic in followed, talk.t, talk.settings))
