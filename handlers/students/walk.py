"""The walk through a draft (`new.py`): what has been chosen, every screen it can be at, and which comes next."""

from __future__ import annotations

import json
import secrets
import zlib
from abc import abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from aiogram.filters import Filter
from aiogram.fsm.context import FSMContext
from aiogram.fsm.state import State, StatesGroup
from aiogram.types import CallbackQuery, Message

from bot import faq, menus
from bot.contents import says_something
from bot.keyboards import Press
from bot.menus import Step
from bot.summaries import excerpt
from bot.untrusted import inline
from handlers.screens import place_of, show, take_buttons_off
from handlers.students.talk import Talk
from models import faq as votes
from models import similar, smallness, tickets
from models.articles import ASKED_LENGTH, Article, Shelf
from models.errors import Refusal
from models.lifecycle import Action, Kind
from models.tickets import Ticket
from models.words import Content

MOST_ANSWERS = 2
"""More articles than this do not answer it either, and somebody wants to be heard."""
SUBJECT_LENGTH = 80

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


def drawn(payload: str, data: Mapping[str, Any]) -> str:
    """A button's payload under the draft with this data: what it does, and by a short lot under which draft it stands.
    "Send" says besides what the preview showed, and with which message the words began, by which it is known later
    that they were sent. A draft from before there were lots has none, and neither have its buttons.
    """
    lot = data.get("lot")
    if lot is None:
        return payload
    payload = f"{payload}{menus.OF_DRAFT}{lot}"
    if payload.startswith(Step("send").pack()):
        sources = [source for _, source in data.get("parts", [])]
        shown = [data.get(each) for each in ("kind", "category", "building", "anonymous", "follows")]
        print_ = zlib.crc32(json.dumps([shown, sources]).encode())
        payload += f".{print_:08x}.{sources[0][1] if sources else 0}"
    return payload


def with_lot(data: Mapping[str, Any]) -> dict[str, Any]:
    """The draft's data, by which its buttons are known from any other's."""
    return {"lot": secrets.token_urlsafe(3), **data}


class Marked(Filter):
    """A press on a button of this kind, which may bear a mark of what it stands under; the handler gets it as `press`.
    Whether it counts is asked of what the conversation holds.
    """

    def __init__(self, kind: type[Press]) -> None:
        self._kind = kind

    async def __call__(self, query: CallbackQuery, state: FSMContext) -> bool | dict[str, Any]:
        payload, _, mark = (query.data or "").partition(menus.OF_DRAFT)
        try:
            press = self._kind.unpack(payload)
        except ValueError:
            return False
        return {"press": press} if await self._counts(payload, mark, state) else False

    @abstractmethod
    async def _counts(self, payload: str, mark: str, state: FSMContext) -> bool:
        """Whether it does. Raises Refusal where that has to be said."""


class OfDraft(Marked):
    """The same in a draft. Raises Refusal for a button under another draft: that one may have been another matter, and
    anonymous.
    """

    async def _counts(self, payload: str, mark: str, state: FSMContext) -> bool:
        if await state.get_state() not in New:
            return False
        lot = (await state.get_data()).get("lot", "")
        if mark.partition(".")[0] != lot and (mark or payload != Step("on").pack()):
            # What stands under other screens leads back to the draft, whichever it is by now; /start would leave it.
            raise Refusal("draft.another")
        return True


def parts_of(data: Mapping[str, Any]) -> list[Part]:
    """What a conversation's data holds of the student's words."""
    return [(content, (source[0], source[1])) for content, source in data.get("parts", [])]


def typed_in(data: Mapping[str, Any]) -> str:
    """What a conversation's data holds of what was typed as a building and was none for sure."""
    return " ".join(str(content.get("text", "")) for content, _ in data.get("typed", []))


@dataclass
class Walk(Talk):
    """Somebody on their way through the draft: what they have chosen, and every screen they can be shown."""

    event: Message | CallbackQuery
    data: dict[str, Any]
    before: str = ""
    """What is said before the next screen."""

    @property
    def shelf(self) -> Shelf:
        """The questions and answers."""
        return self.toolbox.shelf

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
        out, typed = menus.way_out(self.t), typed_in(self.data)
        keyboard = menus.buildings(self.t, shown, self.settings, back=back, out=out, chosen=building, typed=typed)
        await self._screen(New.building, text or self.t("new.building"), keyboard)

    async def words(self) -> None:
        """What has been collected so far, and more is welcome."""
        count = len(self.parts)
        text = self.t.n("new.collected", count, words=excerpt(self.contents)) if count else self.t("new.words")
        await self._screen(New.words, text, menus.collecting(self.t, bool(count), typed_in(self.data)))

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
        """All of it, before it is sent. An earlier preview further up keeps its words and loses its buttons."""
        data, t, settings = self.data, self.t, self.settings
        earlier, here = data.get("previewed"), place_of(self.event)
        data["previewed"] = here
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
        if earlier is not None and earlier != here:
            await take_buttons_off(self.event, self.person.telegram_id, earlier)

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
        self.data = with_lot(self.data)
        await self.state.set_state(state)
        await self.state.set_data(self.data)
        await show(self.event, self.before + text, menus.under(keyboard, partial(drawn, data=self.data)))


async def walking(event: Message | CallbackQuery, talk: Talk) -> dict[str, Any]:
    """Filter that always passes, after `Private`: hands the handler its `walk`."""
    return {"walk": Walk(**vars(talk), event=event, data=await talk.state.get_data())}
