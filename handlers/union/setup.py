"""/setup: a union admin makes a group the chat of a station, of the office or of the supervisors.

(a group in which the bot may not write: said to the admin alone, and nothing is seated)

/setup ─▶ which place? ─▶ (it sits in another group: move it?) ─▶ (a forum: one topic per ticket?) ─▶ seated
                                                              │ rights checked, what to press to mend each
                                                              ├─▶ a test card ─▶ "I see it" ─▶ works
                                                              ├─▶ the language of the cards
                                                              └─▶ the cards of every open ticket
"""

from __future__ import annotations

from aiogram import Router
from aiogram.filters import Command
from aiogram.types import CallbackQuery, Message

from bot import menus
from bot.filters import InGroup, Pressed, markup
from bot.menus import SetUp
from bot.people import Presence, anonymous_admin, clean_name
from bot.texts import Texts
from bot.untrusted import inline
from handlers.screens import show
from handlers.union.acting import Acting, Wherever
from models import seating, stations
from models.errors import Refusal
from models.permissions import Deed
from models.stations import Station

TITLE_LENGTH = 80


def router() -> Router:
    """This conversation's handlers."""
    router = Router(name="setup")
    router.message.register(begin, Command("setup"), InGroup(), Wherever())
    router.callback_query.register(step, Pressed(SetUp), InGroup(), Wherever())
    return router


async def begin(message: Message, acting: Acting) -> None:
    """Which place is this? An anonymous admin is asked by the presses that follow, which carry the real id."""
    if not anonymous_admin(message):
        admin = await acting.may(Deed.SETUP)
        if acting.presence is not None and acting.presence.bot_muted:
            assert message.bot is not None
            words = acting.toolbox.t(admin.language)("setup.muted", chat=message.chat.title or "")
            await message.bot.send_message(admin.telegram_id, words)
            return
    places = [(p.key, acting.t.pick(p.names), p.chat_id is not None) for p in await stations.open_desks(acting.session)]
    await message.reply(acting.t("setup.which"), reply_markup=markup(menus.setup_places(acting.t, places)))


async def step(query: CallbackQuery, press: SetUp, acting: Acting) -> None:
    """A choice on the way; everything but "I see it" is the admins'."""
    t = acting.t
    if not isinstance(query.message, Message):
        raise Refusal("desk.old_button")
    chat, presence = query.message.chat, acting.presence
    if press.step == "seen":
        if presence is None or not presence.present:
            raise Refusal("desk.members_only")
        await show(query, t("setup.works", name=acting.person.name if acting.person else ""))
        return
    await acting.may(Deed.SETUP)
    if presence is not None and presence.bot_muted:
        raise Refusal("setup.muted", chat=chat.title or "")
    match press.step:
        case "place" | "move":
            place = await _open_place(acting, press.value)
            if press.step == "place" and place.chat_id not in (None, chat.id):
                await stations.must_be_free(acting.session, place, chat.id)
                title = inline(presence.sits_in if presence is not None else "", TITLE_LENGTH)
                title = title or t.plain("setup.another_group")
                text = t("setup.sits_elsewhere", station=t.pick(place.names), chat=title)
                await show(query, text, menus.setup_move(t, place.key))
                return
            if chat.is_forum:
                await show(
                    query,
                    t("setup.topics", station=t.pick(place.names)),
                    menus.setup_topics(t, place.key),
                )
            else:
                await _seat(query, place, False, chat.id, acting)
        case "topics" | "plain":
            place = await _open_place(acting, press.value)
            topics = press.step == "topics" and bool(chat.is_forum)
            await _seat(query, place, topics, chat.id, acting)
        case "language":
            if acting.station is None or press.value not in acting.house.languages:
                raise Refusal("desk.old_button")
            acting.station.language = press.value
            await seating.post_open_cards(acting.session, acting.station, acting.now)
            await query.answer(acting.toolbox.t(press.value).plain("setup.language_set"), show_alert=True)
        case "cancel":
            await show(query, t("desk.cancelled"))
        case _:
            raise Refusal("desk.old_button")


async def _open_place(acting: Acting, key: str) -> Station:
    place = await stations.by_key(acting.session, key)
    if place is None or place.closed:
        raise Refusal("desk.old_button")
    return place


async def _seat(query: CallbackQuery, place: Station, topics: bool, chat_id: int, acting: Acting) -> None:
    before = place.chat_id
    await stations.bind(acting.session, place, chat_id, topics)
    await acting.session.flush()
    t = acting.toolbox.t(place.language)
    name = t.pick(place.names)
    if before not in (None, chat_id) and query.bot is not None:
        assert isinstance(query.message, Message)
        title = inline(query.message.chat.title or "", TITLE_LENGTH)
        text = t("setup.moved_away", station=name, chat=title, name=clean_name(query.from_user))
        await query.bot.send_message(before, text)
    missing = _missing(acting.presence, topics, t)
    lines = [t("setup.seated", station=name), *(missing or [t("setup.rights_fine")])]
    await show(query, "\n".join(lines), menus.setup_languages(t, acting.toolbox.house.languages))
    assert isinstance(query.message, Message)
    await query.message.answer(t("setup.test_card", station=name), reply_markup=markup(menus.setup_seen(t)))
    count = await seating.post_open_cards(acting.session, place, acting.now)
    if count:
        await query.message.answer(t.n("setup.open_cards", count))


def _missing(presence: Presence | None, topics: bool, t: Texts) -> list[str]:
    """The rights the bot lacks here, each with what to press."""
    if presence is None or presence.bot_status is None:
        return [t("setup.rights_unknown")]
    lines = []
    if presence.bot_status not in ("administrator", "creator"):
        lines.append(t("setup.not_admin"))
    elif topics and not presence.bot_manages_topics:
        lines.append(t("setup.no_topics_right"))
    if lines and topics:
        lines.append(t("setup.plain_meanwhile"))
    return lines
