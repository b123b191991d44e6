"""Filing a ticket, from "what is it?" to the receipt.

    /new ─▶ kind ─▶ category ─▶ building ─▶ words ─▶ (faq) ─▶ similar ─▶ name ─▶ preview ─▶ sent
              ▲         ▲           ▲         ▲    (answered or joined: done)  ▲        │
              └─────────┴───────────┴─────────┴────────────────────────────────┴────────┘ change any step

Every choice goes into the draft and on to the first step that is still open, so changing one thing from the preview
leads straight back to it. The draft lives in the conversation and ends with it. In `words` everything the student sends
is collected, pictures and albums included, until they continue.

What has been collected stands under `parts` in the conversation's data, as does what is held until it is known where it
belongs (`loose.py`); what came before they agreed stands under `pending` (`start.py`). An edit finds it in both, and
under `typed`, where what may be words or something else waits for a button that says which. Under
`faq` stands the article that is being offered, under `faq_no` those that did not help.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

from aiogram import F, Router
from aiogram.filters import Command, StateFilter
from aiogram.fsm.context import FSMContext
from aiogram.types import CallbackQuery, Message

from bot import faq, menus
from bot.contents import kept_of, says_something
from bot.faq import Answered
from bot.filters import Going
from bot.menus import Join, Pick, Step
from bot.summaries import excerpt
from bot.untrusted import cut
from handlers.occasion import KEPT
from handlers.screens import show
from handlers.students import places
from handlers.students.talk import Private, Talk
from handlers.students.walk import New, OfDraft, Walk, drawn, walking, with_lot
from models import asking, letters, mutes, permissions, requesters, stations, tickets, words
from models import faq as votes
from models.asking import Draft
from models.errors import Refusal
from models.lifecycle import Kind
from models.permissions import Deed, Who

MOST_PARTS = 30
"""More messages than this do not make a ticket clearer; the rest can be added once it is filed."""
TYPED_LENGTH = 60
SEND = Step("send").pack()


def router() -> Router:
    """This conversation's handlers."""
    router = Router(name="new")
    private, here, said = Private(), StateFilter(New), ~F.text.startswith("/")
    router.message.register(begin, Command("new"), private, walking)
    router.callback_query.register(begin, Going("new"), private, walking)
    router.callback_query.register(sent_already, F.data.startswith(SEND), private, was_sent)
    router.callback_query.register(pick, OfDraft(Pick), private, here, walking)
    router.callback_query.register(step, OfDraft(Step), private, here, walking)
    router.callback_query.register(join, OfDraft(Join), private, StateFilter(New.similar), walking)
    router.callback_query.register(answered, OfDraft(Answered), private, StateFilter(New.faq), walking)
    collecting = StateFilter(New.words, New.faq, New.similar, New.name, New.preview)
    router.message.register(collect, private, collecting, said, walking)
    router.message.register(type_building, private, StateFilter(New.building), F.text, said, walking)
    router.message.register(press_please, private, here, said, walking)
    router.edited_message.register(edit_part, private, of_the_draft)
    return router


def held_with(before: Sequence[Any], message: Message) -> list[Any]:
    """What is held and the message behind it, as data. Raises Refusal when the message cannot be passed on and when
    there is no room for it: nothing is dropped without a word.
    """
    if len(before) >= MOST_PARTS:
        raise Refusal("words.too_many", most=MOST_PARTS)
    return [*before, [kept_of(message), [message.chat.id, message.message_id]]]


async def begin(event: Message | CallbackQuery, walk: Walk) -> None:
    """A fresh draft; words from before the consent, which waited for one, go into it. Whoever is not heard is told
    before they have written it.
    """
    await mutes.must_be_heard(walk.session, walk.person.telegram_id, walk.house, walk.now)
    if await take_up_pending(event, walk):
        return
    # What was typed where they live, and was no building, is at hand in the draft that follows.
    typed = walk.data.get("typed", []) if await walk.state.get_state() is None else []
    left = "" if typed else await walk.leave()
    walk.data = {"typed": typed} if typed else {}
    await walk.kinds(left)


async def take_up(event: Message | CallbackQuery, held: Sequence[Any], talk: Talk) -> None:
    """A draft that begins with words held in the conversation since before anybody asked for them."""
    data = with_lot({"parts": list(held)})
    await talk.state.set_state(New.kind)
    await talk.state.set_data(data)
    text = talk.t("new.kind_for", words=excerpt([content for content, _ in held]))
    await show(event, text, menus.under(menus.kinds(talk.t), partial(drawn, data=data)))


async def take_up_pending(event: Message | CallbackQuery, talk: Talk) -> bool:
    """The same with the words from before the consent; False when there are none."""
    pending = (await talk.state.get_data()).get("pending", [])
    if pending:
        await take_up(event, pending, talk)
    return bool(pending)


async def pick(_: CallbackQuery, press: Pick, walk: Walk) -> None:
    """Something chosen by button: check that it exists, keep it, go on."""
    data, settings, value = walk.data, walk.settings, press.value
    if press.what == "kind" and value in set(Kind):
        data["kind"] = value
        if data.get("category") and not settings.category_takes(data["category"], value):
            data.pop("category")
    elif press.what == "category" and value in settings.category_keys():
        if settings.categories_for(data.get("kind", ""), parent=value):
            await walk.categories(parent=value)
            return
        data["category"] = value
        data.pop("similar_seen", None)
    elif press.what == "building" and (value == "-" or value in settings.building_keys()):
        data["building"] = None if value == "-" else value
        data.pop("similar_seen", None)
    elif press.what == "name" and value in ("named", "anonymous"):
        data["anonymous"] = value == "anonymous"
    else:
        raise Refusal("old.button")
    await walk.go_on()


async def step(query: CallbackQuery, press: Step, walk: Walk) -> None:
    """A move within the draft: back, change one thing, continue, send."""
    match press.to:
        case "on":
            await walk.go_on()
        case "kind":
            await walk.kinds()
        case "category":
            await walk.categories()
        case "building":
            await walk.buildings()
        case "words":
            walk.data["parts_done"] = False
            await walk.words()
        case "empty":
            walk.data["parts"] = []
            await walk.words()
        case "take" if walk.data.get("typed"):
            if len(walk.parts) + len(walk.data["typed"]) > MOST_PARTS:
                raise Refusal("words.too_many", most=MOST_PARTS)
            walk.data["parts"] = [*walk.data.get("parts", []), *walk.data.pop("typed")]
            walk.data["parts_done"] = False
            walk.data.pop("similar_seen", None)
            walk.data.pop("asked", None)
            await walk.go_on(walk.t("draft.taken") + "\n\n")
        case "similar":
            if not walk.parts:
                raise Refusal("draft.nothing_yet")
            if not says_something(walk.contents):
                raise Refusal("draft.says_nothing")
            walk.data["parts_done"] = True
            await walk.go_on()
        case "name" if {"kind", "category"} <= walk.data.keys():
            walk.data["similar_seen"] = True
            await walk.naming()
        case "send":
            await _send(query, walk)
        case "cancel":
            await walk.state.clear()
            await show(query, walk.t("cancel.done"), menus.home(walk.t))
        case _:
            raise Refusal("old.button")


async def collect(message: Message, walk: Walk) -> None:
    """One more message of the student's words; after the preview it is added just the same."""
    data = walk.data
    data["parts"] = held_with(data.get("parts", []), message)
    data["parts_done"] = False
    data.pop("similar_seen", None)
    await walk.words()


async def of_the_draft(message: Message, state: FSMContext) -> bool:
    """Filter: an edit of words that have not gone anywhere yet; any other is about a ticket."""
    data, source = await state.get_data(), [message.chat.id, message.message_id]
    return any(source == s for name in KEPT for _, s in data.get(name, []))


async def edit_part(message: Message, state: FSMContext) -> None:
    """A collected message was edited before sending: what is kept of it follows silently."""
    content, source = kept_of(message), [message.chat.id, message.message_id]
    data = await state.get_data()
    for name in set(KEPT) & data.keys():
        data[name] = [[content, s] if s == source else [c, s] for c, s in data[name]]
    await state.set_data(data)


async def type_building(message: Message, walk: Walk) -> None:
    """Where it is, typed: a near miss is offered, never guessed. What is no building may be what they have to say: it
    is kept, and one button makes it words.
    """
    typed = message.text or ""
    found = places.find(typed, walk.settings, walk.house)
    if len(found) == 1 and found[0].sure:
        walk.data["building"] = found[0].key
        walk.data.pop("similar_seen", None)
        await walk.go_on()
        return
    walk.data["typed"] = held_with(walk.data.get("typed", []), message)
    text = walk.t("building.which") if found else walk.t("building.unknown", typed=cut(typed, TYPED_LENGTH))
    await walk.buildings(text, [place.key for place in found])


async def press_please(message: Message, walk: Walk) -> None:
    """Words where a choice was expected: they are kept, which is said, and the question is asked again."""
    walk.data["parts"] = held_with(walk.data.get("parts", []), message)
    walk.before = walk.t("draft.taken") + "\n\n"
    match await walk.state.get_state():
        case New.category.state:
            await walk.categories()
        case New.building.state:
            await walk.buildings()
        case _:
            await walk.kinds()


async def join(query: CallbackQuery, press: Join, walk: Walk) -> None:
    """Instead of filing: wait for the ticket that is there already. The station sees a number, not a name.

    Only one of those on the screen: whoever joins reads every answer, and a payload may hold any number.
    """
    session, house, now = walk.session, walk.house, walk.now
    if press.ticket not in walk.data.get("offered", []):
        raise Refusal("old.button")
    _must_have_its_place(walk)
    ticket = await tickets.get(session, press.ticket)
    permissions.must(Deed.JOIN, (Who.STRANGER,), ticket)
    requester = await asking.join(session, ticket, walk.person, walk.data.get("building"), house, now)
    if walk.parts:
        await asking.add(session, ticket, requester, walk.parts, house, now)
    await walk.state.clear()
    await show(query, walk.t("similar.joined", number=ticket.id), menus.back_home(walk.t))
    others = ticket.requesters - 1
    await letters.to_requester(session, ticket, requester, "receipt.joined", house, now, keyboard="view", count=others)


async def answered(query: CallbackQuery, press: Answered, walk: Walk) -> None:
    """Whether the article that is offered says it all: then nothing is sent, else the draft goes on."""
    data, article = walk.data, walk.article(press.value)
    if article is None or data.get("faq") != press.value:
        raise Refusal("old.button")
    await votes.voted(walk.session, article.key, article.language, helpful=press.yes)
    if press.yes:
        await walk.state.clear()
        text = f"{faq.body(article, walk.t)}\n\n{walk.t('faq.nothing_sent')}"
        await show(query, text, menus.back_home(walk.t))
        return
    data["faq_no"] = [*data.get("faq_no", []), data.pop("faq")]
    await walk.go_on()


def _must_have_its_place(walk: Walk) -> None:
    """Raises Refusal while it is not said whether what was written last is a supervisor's (`loose.py`)."""
    if "asked" in walk.data and walk.data.get("typed"):
        raise Refusal("draft.place_first")


async def was_sent(query: CallbackQuery, talk: Talk) -> bool:
    """Filter: "Send" under a draft that has been sent: its words are with a station."""
    first = (query.data or "").rpartition(".")[2]
    if not first.isascii() or not first.isdigit() or not isinstance(query.message, Message):
        return False
    tag = talk.house.vault.tag("source", query.message.chat.id, int(first))
    return await words.by_source(talk.session, tag) is not None


async def sent_already(query: CallbackQuery, talk: Talk) -> None:
    """A second tap, because nothing happened at once."""
    await query.answer(talk.t.plain("draft.sent_already"), show_alert=True)


async def _send(query: CallbackQuery, walk: Walk) -> None:
    data, session = walk.data, walk.session
    if not says_something(walk.contents):
        raise Refusal("draft.says_nothing")
    if not {"kind", "category", "anonymous"} <= data.keys():
        raise Refusal("old.button")
    _must_have_its_place(walk)
    if query.data != drawn(SEND, data):
        # What is sent is what is seen: an earlier preview of the same draft showed something else.
        await query.answer(walk.t.plain("draft.changed"), show_alert=True)
        await walk.go_on()
        return
    draft = Draft(
        kind=Kind(data["kind"]),
        category=data["category"],
        building=data.get("building"),
        contents=walk.contents,
        sources=[source for _, source in walk.parts],
        anonymous=data["anonymous"],
        follows=walk.follows,
    )
    permissions.must(Deed.FILE, (Who.STRANGER,))
    ticket = await asking.file(session, draft, walk.person, walk.house, walk.now)
    await walk.state.clear()
    # The screen itself names no ticket: the receipt does, and it goes by the requester's own way, sealed if need be.
    await show(query, walk.t("new.sent"), menus.back_home(walk.t))
    (requester,) = await requesters.waiting.about(session, ticket.id)
    station = await session.get_one(stations.Station, ticket.station_id)
    due = ticket.reply_due.isoformat() if ticket.reply_due else None
    await letters.to_requester(
        session,
        ticket,
        requester,
        "receipt.filed",
        walk.house,
        walk.now,
        keyboard="view",
        station=station.names,
        due=due,
    )
