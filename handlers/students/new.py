"""Filing a ticket, from "what is it?" to the receipt.

    /new ─▶ kind ─▶ category ─▶ building ─▶ words ─▶ similar ─▶ name ─▶ preview ─▶ sent
              ▲         ▲           ▲         ▲    (join one: done)  ▲        │
              └─────────┴───────────┴─────────┴──────────────────────┴────────┘ change any step

Every choice goes into the draft and on to the first step that is still open, so changing one thing from the preview
leads straight back to it. The draft lives in the conversation and ends with it. In `words` everything the student sends
is collected, pictures and albums included, until they continue.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from aiogram import F, Router
from aiogram.filters import Command, StateFilter
from aiogram.fsm.context import FSMContext
from aiogram.fsm.state import State, StatesGroup
from aiogram.types import CallbackQuery, Message
from sqlalchemy.ext.asyncio import AsyncSession

from bot import menus
from bot.config import Settings
from bot.contents import MAX_TEXT, content_of, says_something
from bot.filters import Pressed, Private
from bot.keyboards import Go
from bot.menus import Join, Pick, Step
from bot.texts import Texts
from handlers.screens import show
from handlers.students import places
from models import letters, requesters, similar, stations, tickets
from models.errors import Refusal
from models.house import House
from models.outbox import Lane
from models.people import Person
from models.tickets import Draft, Kind
from models.words import Content

MOST_PARTS = 30
"""More messages than this do not make a ticket clearer; the rest can be added once it is filed."""

Part = tuple[dict[str, Any], tuple[int, int]]
"""One collected message and the (chat id, message id) it came with."""


class New(StatesGroup):
    """Each step of the draft; typed words mean something in `building` and `words` only."""

    kind = State()
    category = State()
    building = State()
    words = State()
    similar = State()
    name = State()
    preview = State()


def router() -> Router:
    """This conversation's handlers."""
    router = Router(name="new")
    private, here = Private(), StateFilter(New)
    router.message.register(begin, Command("new"), private)
    router.callback_query.register(begin, Pressed(Go), private, _going("new"))
    router.callback_query.register(pick, Pressed(Pick), private, here)
    router.callback_query.register(step, Pressed(Step), private, here)
    router.callback_query.register(join, Pressed(Join), private, StateFilter(New.similar))
    router.message.register(collect, private, StateFilter(New.words, New.similar, New.name, New.preview), ~F.text.startswith("/"))
    router.message.register(type_building, private, StateFilter(New.building), F.text, ~F.text.startswith("/"))
    router.message.register(press_please, private, here, ~F.text.startswith("/"))
    router.edited_message.register(edit_part, private, here)
    return router


def _going(to: str) -> Any:
    def check(_: CallbackQuery, press: Go) -> bool:
        return press.to == to

    return check


async def begin(event: Message | CallbackQuery, t: Texts, person: Person, state: FSMContext, session: AsyncSession, settings: Settings) -> None:
    """A fresh draft."""
    await state.clear()
    await _go_on(event, {}, t, person, state, session, settings)


async def take_up(event: Message | CallbackQuery, parts: Sequence[Part], t: Texts, state: FSMContext) -> None:
    """A draft that begins with words sent before anybody asked for them."""
    await state.set_state(New.kind)
    await state.set_data({"parts": [[c, list(s)] for c, s in parts]})
    await show(event, t("new.kind_for", words=_excerpt([c for c, _ in parts])), menus.kinds(t))


async def pick(
    query: CallbackQuery, press: Pick, t: Texts, person: Person, state: FSMContext, session: AsyncSession, settings: Settings
) -> None:
    """Something chosen by button: check that it exists, keep it, go on."""
    data = await state.get_data()
    if press.what == "kind" and press.value in set(Kind):
        data["kind"] = press.value
        if data.get("category") and not settings.category_takes(data["category"], press.value):
            data.pop("category")
    elif press.what == "category" and press.value in settings.category_keys():
        children = settings.categories_for(data.get("kind", ""), parent=press.value)
        if children:
            await state.set_state(New.category)
            text = t("new.subcategory", category=t.pick(settings.category_names(press.value)))
            await show(query, text, menus.categories(t, children, settings, back=Step("category")))
            return
        data["category"] = press.value
        data.pop("similar_seen", None)
    elif press.what == "building" and (press.value == "-" or press.value in settings.building_keys()):
        data["building"] = None if press.value == "-" else press.value
        data.pop("similar_seen", None)
    elif press.what == "name" and press.value in ("named", "anonymous"):
        data["anonymous"] = press.value == "anonymous"
    else:
        raise Refusal("old.button")
    await _go_on(query, data, t, person, state, session, settings)


async def step(
    query: CallbackQuery,
    press: Step,
    t: Texts,
    person: Person,
    house: House,
    now: datetime,
    state: FSMContext,
    session: AsyncSession,
    settings: Settings,
) -> None:
    """A move within the draft: back, change one thing, continue, send."""
    data = await state.get_data()
    if press.to == "send":
        await _send(query, data, t, person, house, now, state, session)
        return
    if press.to == "empty":
        data["parts"] = []
        await _show_words(query, data, t, state)
        return
    if press.to == "similar":
        if not says_something([c for c, _ in data.get("parts", [])]):
            raise Refusal("draft.says_nothing")
        data["parts_done"] = True
        await _go_on(query, data, t, person, state, session, settings)
        return
    screens = {
        "kind": _show_kinds,
        "category": _show_categories,
        "building": _show_buildings,
        "words": _show_words,
        "name": _show_naming,
    }
    if press.to not in screens:
        raise Refusal("old.button")
    if press.to == "name":
        data["similar_seen"] = True
    await _keep(state, data)
    if press.to == "words":
        data["parts_done"] = False
        await _show_words(query, data, t, state)
    else:
        await screens[press.to](query, data, t, state, settings)  # type: ignore[operator]


async def collect(message: Message, t: Texts, state: FSMContext) -> None:
    """One more message of the student's words; after the preview it is added just the same."""
    content = content_of(message)
    if content is None:
        raise Refusal("words.unknown_kind")
    if len(str(content.get("text", ""))) > MAX_TEXT:
        raise Refusal("words.too_long", length=len(str(content["text"])), most=MAX_TEXT)
    data = await state.get_data()
    parts = data.get("parts", [])
    if len(parts) >= MOST_PARTS:
        raise Refusal("words.too_many", most=MOST_PARTS)
    data["parts"] = [*parts, [content, [message.chat.id, message.message_id]]]
    data["parts_done"] = False
    data.pop("similar_seen", None)
    await _show_words(message, data, t, state)


async def edit_part(message: Message, t: Texts, state: FSMContext) -> None:
    """A collected message was edited before sending: the draft follows silently."""
    content = content_of(message)
    data = await state.get_data()
    source = [message.chat.id, message.message_id]
    if content is not None:
        data["parts"] = [[content, s] if s == source else [c, s] for c, s in data.get("parts", [])]
        await _keep(state, data)


async def type_building(
    message: Message, t: Texts, person: Person, state: FSMContext, session: AsyncSession, settings: Settings
) -> None:
    """Where it is, typed."""
    typed = message.text or ""
    found = places.find(typed, settings)
    data = await state.get_data()
    if len(found) == 1 and found[0].sure:
        data["building"] = found[0].key
        data.pop("similar_seen", None)
        await _go_on(message, data, t, person, state, session, settings)
        return
    keys = [f.key for f in found] or settings.building_keys()
    text = t("building.which") if found else t("building.unknown", typed=typed[:60])
    await show(message, text, menus.buildings(t, keys, settings, back=Step("category")))


async def press_please(message: Message, t: Texts, state: FSMContext, settings: Settings) -> None:
    """Words where a choice was expected: they are kept, and the question is asked again."""
    content = content_of(message)
    data = await state.get_data()
    if content is not None and len(data.get("parts", [])) < MOST_PARTS:
        data["parts"] = [*data.get("parts", []), [content, [message.chat.id, message.message_id]]]
        await _keep(state, data)
    if await state.get_state() == New.category.state:
        await _show_categories(message, data, t, state, settings)
    elif await state.get_state() == New.building.state:
        await _show_buildings(message, data, t, state, settings)
    else:
        await _show_kinds(message, data, t, state, settings)


async def join(
    query: CallbackQuery,
    press: Join,
    t: Texts,
    person: Person,
    house: House,
    now: datetime,
    state: FSMContext,
    session: AsyncSession,
) -> None:
    """Instead of filing: wait for the ticket that is there already. The station sees a number, not a name."""
    data = await state.get_data()
    ticket = await tickets.get(session, press.ticket)
    requester = await tickets.join(session, ticket, person, True, house, now)
    parts = _parts(data)
    if parts:
        await tickets.add(session, ticket, requester, parts, house, now)
    await state.clear()
    await show(query, t("similar.joined", number=ticket.id))
    await letters.to_requester(
        session, ticket, requester, "receipt.joined", now, lane=Lane.ANSWER, keyboard="view", count=ticket.requesters - 1
    )


async def _send(
    query: CallbackQuery,
    data: dict[str, Any],
    t: Texts,
    person: Person,
    house: House,
    now: datetime,
    state: FSMContext,
    session: AsyncSession,
) -> None:
    parts = _parts(data)
    if not says_something([c for c, _ in parts]):
        raise Refusal("draft.says_nothing")
    if not {"kind", "category", "anonymous"} <= data.keys():
        raise Refusal("old.button")
    draft = Draft(
        kind=Kind(data["kind"]),
        category=data["category"],
        building=data.get("building"),
        contents=[content for content, _ in parts],
        sources=[source for _, source in parts],
        anonymous=data["anonymous"],
    )
    ticket = await tickets.file(session, draft, person, house, now)
    await state.clear()
    # The screen itself names no ticket: the receipt does, and it goes by the requester's own way, sealed if need be.
    await show(query, t("new.sent"))
    (requester,) = await requesters.of_ticket(session, ticket.id)
    station = await session.get_one(stations.Station, ticket.station_id)
    await letters.to_requester(
        session,
        ticket,
        requester,
        "receipt.filed",
        now,
        lane=Lane.ANSWER,
        keyboard="view",
        station=station.names,
        due=ticket.reply_due.isoformat() if ticket.reply_due else None,
    )


# ---------------------------------------------------------------- the screens


async def _go_on(
    event: Message | CallbackQuery,
    data: dict[str, Any],
    t: Texts,
    person: Person,
    state: FSMContext,
    session: AsyncSession,
    settings: Settings,
) -> None:
    """On to the first step that is still open."""
    await _keep(state, data)
    if "kind" not in data:
        await _show_kinds(event, data, t, state, settings)
    elif "category" not in data:
        await _show_categories(event, data, t, state, settings)
    elif "building" not in data and person.building is None:
        await _show_buildings(event, data, t, state, settings)
    elif not (data.get("parts") and data.get("parts_done", True) and says_something([c for c, _ in data["parts"]])):
        data.setdefault("building", person.building)
        await _show_words(event, data, t, state)
    else:
        data.setdefault("building", person.building)
        if not data.get("similar_seen") and await _show_similar(event, data, t, state, session):
            return
        if "anonymous" not in data:
            await _show_naming(event, data, t, state, settings)
        else:
            await _show_preview(event, data, t, person, state, settings)


async def _keep(state: FSMContext, data: dict[str, Any]) -> None:
    await state.set_data(data)


async def _show_kinds(event: Message | CallbackQuery, data: dict[str, Any], t: Texts, state: FSMContext, _: Settings) -> None:
    await state.set_state(New.kind)
    await show(event, t("new.kind"), menus.kinds(t))


async def _show_categories(
    event: Message | CallbackQuery, data: dict[str, Any], t: Texts, state: FSMContext, settings: Settings
) -> None:
    await state.set_state(New.category)
    keys = settings.categories_for(data.get("kind", ""), parent=None)
    await show(event, t("new.category"), menus.categories(t, keys, settings, back=Step("kind")))


async def _show_buildings(
    event: Message | CallbackQuery, data: dict[str, Any], t: Texts, state: FSMContext, settings: Settings
) -> None:
    await state.set_state(New.building)
    await show(event, t("new.building"), menus.buildings(t, settings.building_keys(), settings, back=Step("category")))


async def _show_words(event: Message | CallbackQuery, data: dict[str, Any], t: Texts, state: FSMContext, *_: object) -> None:
    await state.set_state(New.words)
    await _keep(state, data)
    parts = data.get("parts", [])
    text = t.n("new.collected", len(parts), words=_excerpt([c for c, _ in parts])) if parts else t("new.words")
    await show(event, text, menus.collecting(t, bool(parts)))


async def _show_similar(
    event: Message | CallbackQuery, data: dict[str, Any], t: Texts, state: FSMContext, session: AsyncSession
) -> bool:
    text = " ".join(str(c.get("text", "")) for c, _ in data["parts"])
    found = await similar.find(
        session, text, kind=Kind(data["kind"]), category=data["category"], building=data.get("building")
    )
    data["similar_seen"] = True
    await _keep(state, data)
    if not found:
        return False
    await state.set_state(New.similar)
    lines = [
        t("similar.line", number=a.ticket.id, subject=a.ticket.subject[:80], count=a.ticket.requesters) for a in found
    ]
    await show(
        event,
        t("similar.text") + "\n\n" + "\n".join(lines),
        menus.similar(t, [(a.ticket.id, a.ticket.requesters) for a in found]),
    )
    return True


async def _show_naming(event: Message | CallbackQuery, data: dict[str, Any], t: Texts, state: FSMContext, *_: object) -> None:
    await state.set_state(New.name)
    await show(event, t("name.ask"), menus.naming(t))


async def _show_preview(
    event: Message | CallbackQuery, data: dict[str, Any], t: Texts, person: Person, state: FSMContext, settings: Settings
) -> None:
    await state.set_state(New.preview)
    await _keep(state, data)
    building = data.get("building")
    text = t(
        "preview.text",
        kind=t.plain(f"kind.{data['kind']}"),
        category=t.pick(settings.category_path(data["category"])),
        building=t.pick(settings.building_names(building)) if building else t.plain("building.no"),
        station=t.pick(settings.desk_names(building, data["category"])),
        who=t.plain("preview.anonymous") if data["anonymous"] else person.name,
        words=_excerpt([c for c, _ in data["parts"]]),
        count=len(data["parts"]),
    )
    await show(event, text, menus.preview(t))


def _parts(data: dict[str, Any]) -> list[Part]:
    return [(content, (source[0], source[1])) for content, source in data.get("parts", [])]


EXCERPT = 600


def _excerpt(contents: Sequence[Content]) -> str:
    """What has been collected, shortened before it is escaped: the words, and a sign for each thing that is not words."""
    icons = {"photo": "🖼", "video": "🎬", "voice": "🎤", "video_note": "🎬", "audio": "🎵", "document": "📎",
             "sticker": "🏷", "location": "📍", "venue": "📍", "contact": "👤", "animation": "🎞"}
    lines = [" ".join(x for x in (icons.get(str(c["type"]), ""), str(c.get("text", "")).strip()) if x) for c in contents]
    text = "\n".join(line for line in lines if line)
    return text if len(text) <= EXCERPT else text[:EXCERPT].rstrip() + "…"
