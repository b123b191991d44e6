"""Filing a ticket, from "what is it?" to the receipt.

    /new ─▶ kind ─▶ category ─▶ building ─▶ words ─▶ (faq) ─▶ similar ─▶ name ─▶ preview ─▶ sent
              ▲         ▲           ▲         ▲    (answered or joined: done)  ▲        │
              └─────────┴───────────┴─────────┴────────────────────────────────┴────────┘ change any step

Every choice goes into the draft and on to the first step that is still open, so changing one thing from the preview
leads straight back to it. The draft lives in the conversation and ends with it. In `words` everything the student sends
is collected, pictures and albums included, until they continue.

What has been collected stands under `parts` in the conversation's data, as does what is held until it is known where it
belongs (`loose.py`); what came before they agreed stands under `pending` (`start.py`). An edit finds it in both. Under
`faq` stands the article that is being offered, under `faq_no` those that did not help.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from aiogram import F, Router
from aiogram.filters import Command, StateFilter
from aiogram.fsm.context import FSMContext
from aiogram.fsm.state import State, StatesGroup
from aiogram.types import CallbackQuery, Message
from sqlalchemy.ext.asyncio import AsyncSession

from bot import faq, menus
from bot.cards import excerpt
from bot.contents import kept_of, says_something
from bot.faq import Answered
from bot.filters import Going, Pressed, Private
from bot.menus import Join, Pick, Step
from bot.settings import Settings
from bot.texts import Texts
from bot.toolbox import Toolbox
from bot.untrusted import cut, inline
from handlers.screens import leave, show
from handlers.students import places
from models import asking, letters, mutes, permissions, requesters, similar, smallness, stations, tickets
from models import faq as votes
from models.articles import ASKED_LENGTH, Article, Shelf
from models.asking import Draft
from models.errors import Refusal
from models.house import House
from models.lifecycle import Action, Kind
from models.people import Person
from models.permissions import Deed, Who
from models.tickets import Ticket
from models.words import Content

MOST_PARTS = 30
"""More messages than this do not make a ticket clearer; the rest can be added once it is filed."""
MOST_ANSWERS = 2
"""More articles than this do not answer it either, and somebody wants to be heard."""
SUBJECT_LENGTH = 80
TYPED_LENGTH = 60

Part = tuple[dict[str, Any], tuple[int, int]]
"""One collected message and the (chat id, message id) it came with."""


class New(StatesGroup):
    """Each step of the draft; typed words mean something in `building` and `words` only."""

    kind = State()
    category = State()
    building = State()
    words = State()
    faq = State()
    similar = State()
    name = State()
    preview = State()


def router() -> Router:
    """This conversation's handlers."""
    router = Router(name="new")
    private, here, words = Private(), StateFilter(New), ~F.text.startswith("/")
    router.message.register(begin, Command("new"), private, walking)
    router.callback_query.register(begin, Going("new"), private, walking)
    router.callback_query.register(pick, Pressed(Pick), private, here, walking)
    router.callback_query.register(step, Pressed(Step), private, here, walking)
    router.callback_query.register(join, Pressed(Join), private, StateFilter(New.similar), walking)
    router.callback_query.register(answered, Pressed(Answered), private, StateFilter(New.faq), walking)
    collecting = StateFilter(New.words, New.faq, New.similar, New.name, New.preview)
    router.message.register(collect, private, collecting, words, walking)
    router.message.register(type_building, private, StateFilter(New.building), F.text, words, walking)
    router.message.register(press_please, private, here, words, walking)
    router.edited_message.register(edit_part, private, of_the_draft)
    return router


def parts_of(data: Mapping[str, Any]) -> list[Part]:
    """What a conversation's data holds of the student's words."""
    return [(content, (source[0], source[1])) for content, source in data.get("parts", [])]


def held_with(before: Sequence[Any], message: Message) -> list[Any]:
    """What is held and the message behind it, as data. Raises Refusal when the message cannot be passed on and when
    there is no room for it: nothing is dropped without a word.
    """
    if len(before) >= MOST_PARTS:
        raise Refusal("words.too_many", most=MOST_PARTS)
    return [*before, [kept_of(message), [message.chat.id, message.message_id]]]


@dataclass
class Walk:
    """Somebody on their way through the draft: what they have chosen, and every screen they can be shown."""

    event: Message | CallbackQuery
    t: Texts
    person: Person
    state: FSMContext
    session: AsyncSession
    settings: Settings
    house: House
    now: datetime
    shelf: Shelf
    data: dict[str, Any]
    before: str = ""
    """What is said before the next screen."""

    @property
    def follows(self) -> int | None:
        """The ticket that this one goes on from; a link that would name an anonymous student is left out."""
        if self.data.get("follows_anonymous") and not self.data.get("anonymous"):
            return None
        return self.data.get("follows")

    @property
    def parts(self) -> list[Part]:
        """What has been collected."""
        return parts_of(self.data)

    @property
    def contents(self) -> list[Content]:
        """The same without where it came from."""
        return [content for content, _ in self.parts]

    @property
    def complete(self) -> bool:
        """Whether every question has been answered once; the last is the one about the name."""
        return "anonymous" in self.data

    async def go_on(self, left: str = "") -> None:
        """On to the first step that is still open; `left` is said before it."""
        data, self.before = self.data, left
        if "kind" not in data:
            await self.kinds()
        elif "category" not in data:
            await self.categories()
        elif "building" not in data and (self.person.building is None or self._elsewhere()):
            await self.buildings()
        else:
            data.setdefault("building", self.person.building)
            if not (data.get("parts_done", bool(data.get("parts"))) and says_something(self.contents)):
                await self.words()
            elif not data.get("similar_seen") and (await self.answer() or await self.similar()):
                return
            elif not self.complete:
                await self.naming()
            else:
                await self.preview()

    def _elsewhere(self) -> bool:
        """Whether a poster has led them to a station that does not serve where they live."""
        station = self.data.get("station")
        return station is not None and self.person.building not in self.settings.buildings_of(station)

    def _back(self, before: str) -> Step:
        """To the step before; but one thing that is changed from the preview leads back to it."""
        return Step("on" if self.complete else before)

    async def kinds(self, left: str = "") -> None:
        """Complaint, need, suggestion …; `left` says what a new draft puts an end to."""
        back = Step("on") if self.complete else None
        await self._screen(New.kind, left + self.t("new.kind"), menus.kinds(self.t, back))

    async def categories(self, parent: str | None = None) -> None:
        """One level of the category tree."""
        keys = self.settings.categories_for(self.data.get("kind", ""), parent, self.person.audience)
        name = self.t.pick(self.settings.category_names(parent)) if parent else ""
        text = self.t("new.subcategory", category=name) if parent else self.t("new.category")
        back = Step("category") if parent else self._back("kind")
        await self._screen(New.category, text, menus.categories(self.t, keys, self.settings, back=back))

    async def buildings(self, text: str | None = None, keys: Sequence[str] | None = None) -> None:
        """Where the matter is; these buildings when what was typed may mean them."""
        shown = keys or self.settings.buildings_from(self.data.get("station"))
        building, back = self.data.get("building"), self._back("category")
        keyboard = menus.buildings(self.t, shown, self.settings, back=back, out=menus.way_out(self.t), chosen=building)
        await self._screen(New.building, text or self.t("new.building"), keyboard)

    async def words(self) -> None:
        """What has been collected so far, and more is welcome."""
        count = len(self.parts)
        text = self.t.n("new.collected", count, words=excerpt(self.contents)) if count else self.t("new.words")
        await self._screen(New.words, text, menus.collecting(self.t, bool(count)))

    async def answer(self) -> bool:
        """An article that may save them the ticket, one at a time; False when there is none to offer (any more)."""
        data, settings = self.data, self.settings
        seen = data.get("faq_no", [])
        if self.complete or len(seen) >= MOST_ANSWERS:
            return False
        words = " ".join(str(content.get("text", "")) for content in self.contents)
        key = self.shelf.fitting(
            self.house.fold(words[:ASKED_LENGTH]),
            kind=Kind(data["kind"]),
            about={data["category"], settings.topic_of(data["category"]) or ""},
            audience=self.person.audience,
            anonymous=data.get("anonymous", False),
            without=seen,
        )
        article = self.article(key) if key else None
        if article is None:
            return False
        if data.get("faq") != key:
            await votes.shown(self.session, article.key, article.language)
        data["faq"] = key
        text = f"{self.t('faq.offer')}\n\n{faq.body(article, self.t)}"
        await self._screen(New.faq, text, faq.offered(self.t, article.key))
        return True

    def article(self, key: str) -> Article | None:
        """An article in the language that is spoken."""
        return faq.read(self.shelf, key, self.t)

    async def similar(self) -> bool:
        """Open tickets that read alike; False when there are none to offer."""
        data = self.data
        found = await similar.find(
            self.session,
            " ".join(str(content.get("text", "")) for content in self.contents),
            kind=Kind(data["kind"]),
            category=data["category"],
            building=data.get("building"),
            house=self.house,
        )
        ended = [] if data.get("follows") else await self._ended()
        data["offered"], data["ended"] = [each.ticket.id for each in found], [each.id for each in ended]
        if not found and not ended:
            data["similar_seen"] = True
            return False
        lines = [
            self.t(
                "similar.line",
                number=each.ticket.id,
                subject=inline(each.ticket.subject, SUBJECT_LENGTH),
                count=each.ticket.requesters,
            )
            for each in found
        ]
        text = [self.t("similar.text"), "\n".join(lines)] if found else []
        if ended:
            text += [self.t("similar.ended"), "\n".join([await self._how_it_ended(ticket) for ticket in ended])]
        offered = [(each.ticket.id, each.ticket.requesters) for each in found]
        keyboard = menus.similar(self.t, offered, [ticket.id for ticket in ended])
        await self._screen(New.similar, "\n\n".join(text), keyboard)
        return True

    async def _ended(self) -> list[Ticket]:
        """Tickets that read alike and were dealt with a short while ago."""
        found = await similar.find_ended(
            self.session,
            " ".join(str(content.get("text", "")) for content in self.contents),
            kind=Kind(self.data["kind"]),
            category=self.data["category"],
            building=self.data.get("building"),
            house=self.house,
            now=self.now,
        )
        return [each.ticket for each in found]

    async def _how_it_ended(self, ticket: Ticket) -> str:
        """Its outcome in a line; what staff wrote about it in their own words was said to those who waited."""
        reason = await tickets.last_reason(self.session, ticket, Action.RESOLVE)
        assert ticket.resolved_at is not None, "only what was dealt with is looked at"
        return self.t(
            "similar.ended_line",
            number=ticket.id,
            subject=inline(ticket.subject, SUBJECT_LENGTH),
            moment=self.t.moment(ticket.resolved_at, self.now),
            outcome=self.t.pick(reason) if isinstance(reason, dict) else self.t.plain("similar.dealt_with"),
        )

    async def naming(self) -> None:
        """With name or anonymously."""
        text = self._with_who_else_reads(self.t("name.ask")) + await self._who_may_guess()
        if self.data.get("follows_anonymous"):
            text += "\n\n" + self.t("follow.anonymous_only", number=self.data["follows"])
        await self._screen(New.name, text, menus.naming(self.t))

    async def preview(self) -> None:
        """All of it, before it is sent."""
        data, t, settings = self.data, self.t, self.settings
        building = data.get("building")
        text = t(
            "preview.text",
            kind=t.plain(f"kind.{data['kind']}"),
            category=t.pick(settings.category_path(data["category"])),
            building=t.pick(settings.building_names(building)) if building else t.plain("building.no"),
            station=t.pick(settings.desk_names(building, data["category"])),
            who=t.plain("preview.anonymous") if data["anonymous"] else self.person.name,
            words=excerpt(self.contents),
            count=len(self.parts),
        )
        if self.follows is not None:
            text += "\n" + t("mine.follows", earlier=self.follows)
        text = self._with_who_else_reads(text) + (await self._who_may_guess() if data["anonymous"] else "")
        await self._screen(New.preview, text, menus.preview(t))

    def _with_who_else_reads(self, text: str) -> str:
        """They always know who can read it: what may be offered to other students says so before it is sent."""
        if self.data["kind"] == Kind.THANKS:
            return text
        # A quotation keeps its distance by itself.
        apart = "\n" if text.endswith("</blockquote>") else "\n\n"
        return f"{text}{apart}{self.t('similar.others')}"

    async def _who_may_guess(self) -> str:
        """Where few share what an anonymous ticket tells, that is said before it is sent."""
        building, minimum = self.data.get("building"), self.settings.surveys.minimum_cell
        where = self.t.pick(self.settings.building_names(building)) if building else ""
        lines = []
        for few in await smallness.find(self.session, self.person, building, minimum):
            group = self.t.plain(f"audience.{few.group}") if few.group is not None else ""
            basis = "roster" if few.by_roster else "known"
            lines.append(self.t.n(f"small.{few.what}_{basis}", few.sharing, building=where, group=group))
        return "".join(f"\n\n{line}" for line in lines)

    async def _screen(self, state: State, text: str, keyboard: dict[str, Any]) -> None:
        await self.state.set_state(state)
        await self.state.set_data(self.data)
        await show(self.event, self.before + text, keyboard)


async def walking(
    event: Message | CallbackQuery,
    t: Texts,
    person: Person,
    state: FSMContext,
    session: AsyncSession,
    settings: Settings,
    house: House,
    now: datetime,
    toolbox: Toolbox,
) -> dict[str, Any]:
    """Filter that always passes: hands the handler its `walk`."""
    data = await state.get_data()
    return {"walk": Walk(event, t, person, state, session, settings, house, now, toolbox.shelf, data)}


async def begin(event: Message | CallbackQuery, walk: Walk) -> None:
    """A fresh draft; words from before the consent, which waited for one, go into it. Whoever is not heard is told
    before they have written it.
    """
    await mutes.must_be_heard(walk.session, walk.person.telegram_id, walk.house, walk.now)
    if await take_up_pending(event, walk.t, walk.state):
        return
    left = await leave(walk.state, walk.t)
    walk.data = {}
    await walk.kinds(left)


async def take_up(event: Message | CallbackQuery, held: Sequence[Any], t: Texts, state: FSMContext) -> None:
    """A draft that begins with words held in the conversation since before anybody asked for them."""
    await state.set_state(New.kind)
    await state.set_data({"parts": list(held)})
    await show(event, t("new.kind_for", words=excerpt([content for content, _ in held])), menus.kinds(t))


async def take_up_pending(event: Message | CallbackQuery, t: Texts, state: FSMContext) -> bool:
    """The same with the words from before the consent; False when there are none."""
    pending = (await state.get_data()).get("pending", [])
    if pending:
        await take_up(event, pending, t, state)
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


async def step(query: CallbackQuery, press: Step, walk: Walk, now: datetime) -> None:
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
        case "similar":
            if not says_something(walk.contents):
                raise Refusal("draft.says_nothing")
            walk.data["parts_done"] = True
            await walk.go_on()
        case "name":
            walk.data["similar_seen"] = True
            await walk.naming()
        case "send":
            await _send(query, walk, now)
        case _:
            raise Refusal("old.button")


async def collect(message: Message, walk: Walk) -> None:
    """One more message of the student's words; after the preview it is added just the same."""
    data = walk.data
    data["parts"] = held_with(data.get("parts", []), message)
    data["parts_done"] = False
    data.pop("similar_seen", None)
    await walk.words()


KEPT = ("parts", "pending")
"""Under which names a conversation keeps words that have not gone anywhere yet."""


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
    """Where it is, typed: a near miss is offered, never guessed."""
    typed = message.text or ""
    found = places.find(typed, walk.settings, walk.house)
    if len(found) == 1 and found[0].sure:
        walk.data["building"] = found[0].key
        walk.data.pop("similar_seen", None)
        await walk.go_on()
        return
    text = walk.t("building.which") if found else walk.t("building.unknown", typed=cut(typed, TYPED_LENGTH))
    await walk.buildings(text, [place.key for place in found])


async def press_please(message: Message, walk: Walk) -> None:
    """Words where a choice was expected: they are kept, and the question is asked again."""
    walk.data["parts"] = held_with(walk.data.get("parts", []), message)
    match await walk.state.get_state():
        case New.category.state:
            await walk.categories()
        case New.building.state:
            await walk.buildings()
        case _:
            await walk.kinds()


async def join(query: CallbackQuery, press: Join, walk: Walk, now: datetime) -> None:
    """Instead of filing: wait for the ticket that is there already. The station sees a number, not a name.

    Only one of those on the screen: whoever joins reads every answer, and a payload may hold any number.
    """
    session, house = walk.session, walk.house
    if press.ticket not in walk.data.get("offered", []):
        raise Refusal("old.button")
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


async def _send(query: CallbackQuery, walk: Walk, now: datetime) -> None:
    data, session = walk.data, walk.session
    if not says_something(walk.contents):
        raise Refusal("draft.says_nothing")
    if not {"kind", "category", "anonymous"} <= data.keys():
        raise Refusal("old.button")
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
    ticket = await asking.file(session, draft, walk.person, walk.house, now)
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
        now,
        keyboard="view",
        station=station.names,
        due=due,
    )
