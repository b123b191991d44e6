"""What an outbox row says once its time has come: the letters that the rules wrote (`models/letters.py`), drawn.

The courier calls `draw` in the transaction in which it takes a row; what comes back are plain Bot API calls.
Language: a station's in its chat, the reader's own in private. What people wrote passes through `bot/untrusted.py`
before it is escaped.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from markupsafe import Markup
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from bot import bursts, cards, charts, erased, keyboards, lists, mydata, order, rosters, so_far
from bot.aliases import called
from bot.texts import Texts
from bot.toolbox import Toolbox
from bot.untrusted import cut, inline, units, verbatim, without_mentions
from models import people, postings, pulses, requesters, stations, tickets, words
from models.errors import Refusal
from models.exports import Export
from models.lifecycle import ENDED, State
from models.outbox import Outgoing
from models.people import Person
from models.pulses import Pulse, PulsePicture
from models.requesters import Requester
from models.stations import Desk, Station
from models.tickets import Ticket
from models.words import ERASED, Content, Side, Words

TEXT_LIMIT, CAPTION_LIMIT = 4096, 1024
TOPIC_LENGTH = 128
DELETABLE = timedelta(hours=47)
"""Telegram lets a bot delete its own messages for 48 hours; a copy is a moment younger than what was said."""
SOONEST_CLOSE, LATEST_CLOSE = 5, 2_628_000
"""Seconds within which Telegram closes a poll by itself."""
GROUPED = ("photo", "video", "audio", "document")
"""What an album may hold."""

METHODS = {
    "photo": ("sendPhoto", "photo"),
    "video": ("sendVideo", "video"),
    "voice": ("sendVoice", "voice"),
    "video_note": ("sendVideoNote", "video_note"),
    "audio": ("sendAudio", "audio"),
    "document": ("sendDocument", "document"),
    "sticker": ("sendSticker", "sticker"),
    "animation": ("sendAnimation", "animation"),
}
WITHOUT_CAPTION = ("video_note", "sticker")
PLAIN_FIELDS = {
    "location": ("sendLocation", ("latitude", "longitude")),
    "venue": ("sendVenue", ("latitude", "longitude", "title", "address")),
    "contact": ("sendContact", ("phone_number", "first_name", "last_name")),
}
ALBUM_LENGTH = 10
ABOUT_TICKETS = ("card", "words", "edited", "notice", "so_far", "topic", "moved")
"""Letters that go to a station or to those who wait for a ticket."""


@dataclass(frozen=True)
class Call:
    """One Bot API call: the method as Telegram names it, and its parameters as JSON."""

    method: str
    params: dict[str, Any]
    shows: tuple[int | None, ...] = ()
    """For each message it makes, whose words it shows, so that an edit of them finds it; None for what is ours
    alone.
    """


@dataclass(frozen=True)
class Letter:
    """The calls that say it, in order; none when there is nothing to say any more."""

    calls: list[Call] = field(default_factory=list)
    digest: str | None = None
    """For a card: what was drawn, hashed."""
    topic: str | None = None
    """For a card that needs a forum topic first: the topic's name; the calls then go into it."""
    named: tuple[str, bool] | None = None
    """For a forum topic: what it is called then, and whether it is closed."""
    picture: tuple[int, str] | None = None
    """For a pulse's result: which picture this is, so that Telegram's id for it can be kept."""
    editions: Mapping[int, datetime | None] = field(default_factory=dict)
    """For each message shown that people may still edit: when it had been edited last as it was drawn."""


async def draw(session: AsyncSession, row: Outgoing, toolbox: Toolbox, now: datetime, chat_id: int) -> Letter:
    """What this row says now. `chat_id` is where it goes, already opened if it was sealed."""
    if row.method is not None:
        return Letter([Call(row.method, {"chat_id": chat_id, **(row.payload or {})})])
    drawing = _Drawing(session, row, toolbox, now, chat_id)
    if row.letter in ABOUT_TICKETS and await drawing.is_for_nobody():
        return Letter()
    match row.letter:
        case "card":
            return await drawing.card()
        case "words":
            return await drawing.words()
        case "edited":
            return await drawing.edited()
        case "notice":
            return await drawing.notice()
        case "so_far":
            return await drawing.so_far()
        case "told":
            return await drawing.told()
        case "mydata":
            return await drawing.mydata()
        case "roster":
            return await drawing.roster()
        case "topic":
            return await drawing.topic()
        case "moved":
            return await drawing.moved()
        case "farewell" | "leave":
            return await drawing.goes()
        case "sealed" | "major":
            # What they draw with stands here.
            from bot import majors, sealed

            draws = sealed.draw if row.letter == "sealed" else majors.draw
            return await draws(session, row, toolbox, now, chat_id)
        case "pulse":
            return await drawing.pulse()
        case "pulse_result":
            return await drawing.pulse_result()
        case "export":
            return await drawing.export()
    raise ValueError(f"no letter is called {row.letter!r}")


class _Drawing:
    """One row being drawn; holds what every letter needs."""

    def __init__(self, session: AsyncSession, row: Outgoing, toolbox: Toolbox, now: datetime, chat_id: int) -> None:
        self.session, self.row, self.toolbox, self.now, self.chat_id = session, row, toolbox, now, chat_id
        self.payload: Mapping[str, Any] = row.payload or {}

    async def _ticket(self) -> Ticket:
        assert self.row.ticket_id is not None
        return await self.session.get_one(Ticket, self.row.ticket_id)

    async def is_for_nobody(self) -> bool:
        """Whether it is for a station, and none sits in this chat any more: it was closed, removed or moved. Whoever is
        there now must not read it.
        """
        return self.row.requester_id is None and await stations.by_chat(self.session, self.chat_id) is None

    async def _reader(self) -> tuple[Station | None, Texts]:
        """The station whose chat it is, None for a person's; and in which language they read."""
        if self.row.requester_id is None:
            station = await stations.by_chat(self.session, self.chat_id)
            if station is not None:
                return station, self.toolbox.t(station.language)
            language = await self.session.scalar(select(Person.language).where(Person.telegram_id == self.chat_id))
            return None, self.toolbox.t(language)
        requester = await self.session.get_one(Requester, self.row.requester_id)
        reached = await requesters.reach(self.session, requester, self.toolbox.house.vault)
        return None, self.toolbox.t(reached.language if reached else None)

    async def _beside_the_card(self) -> dict[str, Any]:
        """Where something about a ticket goes in a station's chat: its topic, as a reply to its card."""
        if self.row.ticket_id is None:
            return {}
        card = await postings.card_of(self.session, self.row.ticket_id, self.chat_id)
        if card is None:
            return {}
        params: dict[str, Any] = {}
        if card.thread_id is not None:
            params["message_thread_id"] = card.thread_id
        if card.message_id is not None:
            params["reply_parameters"] = {"message_id": card.message_id, "allow_sending_without_reply": True}
        return params

    async def card(self) -> Letter:
        """The ticket's card: edited where it is, posted where it is not."""
        ticket, (station, t) = await self._ticket(), await self._reader()
        assert station is not None, "a card is a station's"
        drawn = await cards.draw(self.session, ticket, station, t, self.toolbox.settings, self.now)
        digest = hashlib.sha256(json.dumps([drawn.text, drawn.keyboard]).encode()).hexdigest()[:32]
        card = await postings.card_of(self.session, ticket.id, self.chat_id)
        params = {
            "chat_id": self.chat_id,
            "text": drawn.text,
            "parse_mode": "HTML",
            "reply_markup": drawn.keyboard,
            "link_preview_options": {"is_disabled": True},
        }
        if card is not None and card.message_id is not None:
            if card.digest == digest:
                return Letter()
            return Letter([Call("editMessageText", {**params, "message_id": card.message_id})], digest)
        if ticket.state in ENDED and card is not None and card.digest is None and ticket.station_id != station.id:
            return Letter()
        topic = None
        if card is not None and card.thread_id is not None:
            params["message_thread_id"] = card.thread_id
        elif station.topics:
            topic = _topic_name(ticket, station)
        return Letter([Call("sendMessage", params)], digest, topic)

    async def topic(self) -> Letter:
        """The card's forum topic, called and closed as the ticket stands."""
        ticket, (station, _) = await self._ticket(), await self._reader()
        card = await postings.card_of(self.session, ticket.id, self.chat_id)
        if station is None or not station.topics or card is None or card.thread_id is None:
            return Letter()
        where = {"chat_id": self.chat_id, "message_thread_id": card.thread_id}
        name, closed = _topic_name(ticket, station), _has_left(ticket, station)
        calls = []
        if closed != card.topic_closed:
            calls.append(Call("closeForumTopic" if closed else "reopenForumTopic", where))
        if name != (card.topic_name or _plain_topic_name(ticket)):
            calls.append(Call("editForumTopic", {**where, "name": name}))
        return Letter(calls, named=(name, closed))

    async def moved(self) -> Letter:
        """Where a card stood before the group's mode was changed: where the ticket is now."""
        ticket, (_, t) = await self._ticket(), await self._reader()
        card = await postings.card_of(self.session, ticket.id, self.chat_id)
        href = lists.link(self.chat_id, card.message_id, card.thread_id) if card is not None else None
        where = Markup('<a href="{}">{}</a>').format(href, f"#{ticket.id}") if href else f"#{ticket.id}"
        params = {"chat_id": self.chat_id, "message_id": self.payload["message_id"], "parse_mode": "HTML"}
        return Letter([Call("editMessageText", {**params, "text": t("card.moved", ticket=where)})])

    async def words(self) -> Letter:
        """One message, or the album it belongs to, brought to the other side."""
        ticket, (station, t) = await self._ticket(), await self._reader()
        assert self.row.words_id is not None
        said = await self.session.get_one(Words, self.row.words_id)
        album = await words.album_of(self.session, said)
        if said.retracted_at is not None or said.content["type"] == ERASED:
            return Letter()
        if station is not None and station.id not in (ticket.station_id, ticket.from_station_id):
            # Another place has the ticket by now, and with it its words.
            return Letter()
        header = await self._header(ticket, said, t, to_station=station is not None)
        common: dict[str, Any] = {"chat_id": self.chat_id}
        if station is not None:
            return Letter(_say(album, header, common | await self._beside_the_card()), editions=_editions(album))
        asks = bool(self.payload.get("asks"))
        calls = _say(album, header, common, keyboards.about(t, ticket.id, asks=asks))
        if len(album) > 1:
            # An album carries no buttons: they come below it.
            below = t("words.buttons_asks" if asks else "words.buttons", number=ticket.id)
            calls.append(_text(below, {**common, "reply_markup": keyboards.about(t, ticket.id, asks=asks)}))
        return Letter(calls, editions=_editions(album))

    async def _header(self, ticket: Ticket, said: Words, t: Texts, *, to_station: bool) -> str:
        """Who says this, in one line of HTML; never more of an anonymous student than a number."""
        edited = t("words.edited") if said.edited_at else ""
        if to_station:
            requester = await self.session.get_one(Requester, said.requester_id) if said.requester_id else None
            if requester is not None and requester.walk_in:
                return _join(t("words.from_visitor", number=ticket.id), edited)
            if requester is not None and requester.pseudonym is not None:
                return _join(t("alias.words_from", number=ticket.id, who=called(t, requester)), edited)
            key = "words.from_anonymous" if requester is None or requester.anonymous else "words.from_student"
            if requester is None or (requester.number == 1 and ticket.requesters == 1):
                return _join(t(key, number=ticket.id), edited)
            return _join(t(f"{key}_n", number=ticket.id, which=requester.number), edited)
        # While it is offered to another place the first one is still who answers.
        station = await tickets.responsible(self.session, ticket)
        key = "words.question" if self.payload.get("asks") else "words.answer"
        return _join(t(key, number=ticket.id, station=t.pick(station.names)), edited)

    async def edited(self) -> Letter:
        """The copy that is already there follows the words it shows."""
        ticket, (station, t) = await self._ticket(), await self._reader()
        assert self.row.words_id is not None
        said = await self.session.get_one(Words, self.row.words_id)
        if said.retracted_at is not None:
            return self._retracted(ticket, said, t)
        header = await self._header(ticket, said, t, to_station=station is not None)
        keyboard = None if station is not None else keyboards.about(t, ticket.id)
        where = {"chat_id": self.chat_id, "message_id": self.payload["message_id"]}
        if keyboard and said.album is None:
            where["reply_markup"] = keyboard
        kind = said.content["type"]
        if kind == ERASED:
            found = erased.instead(str(said.content["was"]), t("words.erased", number=ticket.id))
            return Letter([Call(found[0], {**where, **found[1]})] if found is not None else [])
        if kind == "text":
            return Letter([Call("editMessageText", {**where, **_body("text", header, said.content, TEXT_LIMIT)})])
        if kind not in METHODS or kind in WITHOUT_CAPTION:
            return Letter()
        first = (await words.album_of(self.session, said))[0].id == said.id
        caption = _body("caption", header if first else "", said.content, CAPTION_LIMIT)
        if kind in GROUPED or kind == "animation":
            media = {"type": kind, "media": said.content["file_id"], **caption}
            return Letter([Call("editMessageMedia", {**where, "media": media})])
        return Letter([Call("editMessageCaption", {**where, **caption})])

    def _retracted(self, ticket: Ticket, said: Words, t: Texts) -> Letter:
        """The copy of words that were taken back: it goes while Telegram still lets it, or else says so, as far as it
        can be edited. What staff have taken back says so wherever it was text: a student who has read it is not left
        wondering.
        """
        where = {"chat_id": self.chat_id, "message_id": self.payload["message_id"]}
        kind, by_staff = str(said.content.get("was", "text")), said.side is Side.STAFF
        if not (by_staff and kind == "text") and self.now - said.at < DELETABLE:
            return Letter([Call("deleteMessage", where)])
        text = t("told.withdrawn_copy" if by_staff else "words.retracted_copy", number=ticket.id)
        if kind == "text":
            keyboard = {"reply_markup": keyboards.about(t, ticket.id)} if by_staff else {}
            return Letter([Call("editMessageText", {**where, "text": text, "parse_mode": "HTML", **keyboard})])
        if kind not in METHODS or kind in WITHOUT_CAPTION:
            return Letter()
        return Letter([Call("editMessageCaption", {**where, "caption": text, "parse_mode": "HTML"})])

    async def so_far(self) -> Letter:
        """What has been said about a ticket until now."""
        ticket, (station, t) = await self._ticket(), await self._reader()
        if station is None or ticket.station_id != station.id:
            return Letter()
        text = await so_far.draw(self.session, ticket, self.payload["about"], t, self.now)
        call = {
            "chat_id": self.chat_id,
            "text": text,
            "parse_mode": "HTML",
            "link_preview_options": {"is_disabled": True},
            **await self._beside_the_card(),
        }
        return Letter([Call("sendMessage", call)])

    async def notice(self) -> Letter:
        """A text with its parameters, in the reader's language."""
        station, t = await self._reader()
        params = {k: self._param(k, v, t) for k, v in self.payload.get("params", {}).items()}
        if self.row.ticket_id is not None:
            params["number"] = self.row.ticket_id
        call: dict[str, Any] = {
            "chat_id": self.chat_id,
            "text": t(self.payload["text"], **params),
            "parse_mode": "HTML",
            "link_preview_options": {"is_disabled": True},
        }
        if station is not None:
            call |= await self._beside_the_card()
            if self.row.ticket_id is not None:
                call["text"] += await bursts.along(self.session, await self._ticket(), t)
        name = self.payload.get("keyboard")
        if name is not None and self.row.ticket_id is not None:
            call["reply_markup"] = KEYBOARDS[name](t, self.row.ticket_id)
        return Letter([Call("sendMessage", call)])

    async def roster(self) -> Letter:
        """A handover, or somebody's offer to stand in, with its buttons."""
        station, t = await self._reader()
        if station is None and self.chat_id < 0:
            return Letter()
        what, number = self.payload["what"], self.payload["number"]
        try:
            text, keyboard = await rosters.draw(self.session, what, number, t, self.toolbox.house.calendar, self.now)
        except Refusal:
            # The shift has been taken off the roster meanwhile.
            return Letter()
        call = {"chat_id": self.chat_id, "text": text, "parse_mode": "HTML", "reply_markup": keyboard}
        return Letter([Call("sendMessage", {**call, "link_preview_options": {"is_disabled": True}})])

    async def told(self) -> Letter:
        """A text about themselves to somebody, in their language."""
        _, t = await self._reader()
        params = {name: self._param(name, value, t) for name, value in self.payload.get("params", {}).items()}
        call = {"chat_id": self.chat_id, "text": t(self.payload["text"], **params), "parse_mode": "HTML"}
        return Letter([Call("sendMessage", call)])

    async def mydata(self) -> Letter:
        """Everything that is kept about whoever's chat it is, as it is now."""
        person = await people.by_telegram_id(self.session, self.chat_id)
        if person is None:
            return Letter()
        t = self.toolbox.t(person.language)
        found = await mydata.files(self.session, person, self.toolbox, self.now)
        calls = []
        for data, name, caption in zip(found, ("my-data.json", "my-data.html"), ("", t("mydata.caption")), strict=True):
            document = {"$file": base64.b64encode(data).decode(), "name": name}
            params = {"chat_id": self.chat_id, "document": document, "caption": caption, "parse_mode": "HTML"}
            calls.append(Call("sendDocument", {key: value for key, value in params.items() if value != ""}))
        return Letter(calls)

    async def goes(self) -> Letter:
        """The bot goes from a group and says why, in the language of whoever added it; it stays in what is a desk."""
        if not await self.is_for_nobody():
            return Letter()
        if self.row.letter == "leave":
            return Letter([Call("leaveChat", {"chat_id": self.chat_id})])
        text = self.toolbox.t(self.payload.get("language"))("stranger.leaving")
        return Letter([Call("sendMessage", {"chat_id": self.chat_id, "text": text, "parse_mode": "HTML"})])

    async def pulse(self) -> Letter:
        """One question to everybody, as a native anonymous poll that Telegram itself closes."""
        _, t = await self._reader()
        pulse = await self.session.get_one(Pulse, self.payload["pulse"])
        if pulse.closed:
            return Letter()
        call = {
            "chat_id": self.chat_id,
            "question": pulse.question,
            "options": [{"text": label} for label in pulse_labels(pulse, t)],
            "is_anonymous": True,
        }
        if SOONEST_CLOSE < (pulse.closes_at - self.now).total_seconds() < LATEST_CLOSE:
            call["close_date"] = int(pulse.closes_at.timestamp())
        return Letter([Call("sendPoll", call)])

    async def pulse_result(self) -> Letter:
        """What came of it, as a picture in the reader's language; too few answers are not shown at all."""
        _, t = await self._reader()
        pulse = await self.session.get_one(Pulse, self.payload["pulse"])
        picture = await self.session.get(PulsePicture, (pulse.id, t.language))
        if picture is None:
            cell = self.toolbox.settings.surveys.minimum_cell
            text = t("pulse.too_few", question=pulse.question, cell=cell)
            return Letter([Call("sendMessage", {"chat_id": self.chat_id, "text": text, "parse_mode": "HTML"})])
        counted = t.plain("pulse.counted", **charts.counted(await pulses.result(self.session, pulse)))
        photo: Any = picture.file_id
        if photo is None:
            assert picture.png is not None, "a picture is there as bytes until Telegram has it"
            photo = {"$file": base64.b64encode(picture.png).decode(), "name": "result.png"}
        caption = t("pulse.result", question=pulse.question, counted=counted)
        call = {"chat_id": self.chat_id, "photo": photo, "caption": caption, "parse_mode": "HTML"}
        return Letter([Call("sendPhoto", call)], picture=(pulse.id, t.language))

    async def export(self) -> Letter:
        """A file somebody of the office asked for; only to the office, wherever it sits now."""
        station, t = await self._reader()
        made = await self.session.get_one(Export, self.payload["export"])
        if station is None or station.desk is not Desk.OFFICE:
            return Letter()
        if made.content is None:
            key = "export.too_much" if made.rows else "export.nothing"
            return Letter([_text(t(key, name=made.name), {"chat_id": self.chat_id})])
        file: Any = {"$file": base64.b64encode(made.content).decode(), "name": made.name}
        caption = t.n("export.caption", made.rows or 0)
        if made.wish.get("format") == "csv":
            caption += "\n" + t("export.csv_figures")
        call = {"chat_id": self.chat_id, "document": file, "caption": caption, "parse_mode": "HTML"}
        return Letter([Call("sendDocument", call)])

    def _param(self, name: str, value: Any, t: Texts) -> Any:
        if isinstance(value, dict):
            return t.pick(value)
        if name in rosters.PARAMS:
            return rosters.shown(name, value, t, self.now)
        if name == "level":
            return t.plain(f"card.escalated.{value}")
        if name in ("due", "since") and isinstance(value, str):
            return t.moment(datetime.fromisoformat(value), self.now)
        return value


def pulse_labels(pulse: Pulse, t: Texts) -> tuple[str, ...]:
    """The answers of a pulse as this reader sees them."""
    if pulse.options is not None:
        return tuple(str(option) for option in pulse.options)
    return tuple(t.plain(f"pulse.scale.{i}") for i in range(1, pulses.SCALE + 1))


KEYBOARDS = {
    "cancel": keyboards.cancel,
    "fixed": keyboards.fixed,
    "view": keyboards.view,
    "rate": keyboards.rating,
    "assigned": keyboards.assigned,
    "told": lists.told,
    "heard": lists.heard,
    "appeal": order.appeal,
}
"""The keyboards a notice can name."""


TOPIC_SIGNS = {State.CLOSED: "✅ ", State.MERGED: "🔗 ", State.WITHDRAWN: "✖️ "}
"""Before the name of a topic whose ticket has ended so."""


def _has_left(ticket: Ticket, station: Station) -> bool:
    """Whether there is nothing more to be done about it in this place."""
    return ticket.state in ENDED or station.id not in (ticket.station_id, ticket.from_station_id)


def _topic_name(ticket: Ticket, station: Station) -> str:
    here = station.id in (ticket.station_id, ticket.from_station_id)
    sign = TOPIC_SIGNS.get(ticket.state, "") if here else "↪️ "
    return cut(sign + _plain_topic_name(ticket), TOPIC_LENGTH)


def _plain_topic_name(ticket: Ticket) -> str:
    return cut(f"#{ticket.id} {inline(ticket.subject, TOPIC_LENGTH)}".strip(), TOPIC_LENGTH)


def _editions(said: Sequence[Words]) -> dict[int, datetime | None]:
    return {each.id: each.edited_at for each in said}


def _join(*parts: str) -> str:
    return " ".join(part for part in parts if part)


def _body(name: str, header: str, content: Content, limit: int) -> dict[str, Any]:
    """The words under the header as parameters of a call, where both fit; else the words alone, whole and without
    markup.
    """
    text = verbatim(str(content.get("text", "")))
    if not text and not header:
        return {}
    if _fits(header, text, limit):
        body = str(Markup("{}").format(without_mentions(text)))
        return {name: "\n".join(part for part in (header, body) if part), "parse_mode": "HTML"}
    return {name: cut(without_mentions(text), limit)}


def _fits(header: str, text: str, limit: int) -> bool:
    return units(Markup(header).striptags()) + 1 + units(without_mentions(text)) <= limit


def _text(text: str, common: dict[str, Any]) -> Call:
    return Call("sendMessage", {**common, "text": text, "parse_mode": "HTML"}, (None,))


def _say(
    said: Sequence[Words], header: str, common: dict[str, Any], keyboard: dict[str, Any] | None = None
) -> list[Call]:
    """These words as calls, the header with them where it fits and as a message of its own before them where it does
    not.
    """
    album = len(said) > 1 and all(w.content["type"] in GROUPED for w in said)
    first = said[0].content
    kind = str(first["type"])
    carries = kind == "text" or (kind in METHODS and kind not in WITHOUT_CAPTION)
    limit = TEXT_LIMIT if kind == "text" else CAPTION_LIMIT
    if carries and _fits(header, verbatim(str(first.get("text", ""))), limit):
        calls, with_it = [], header
    else:
        # Where the header says whose sticker or place it is, it goes when that is taken back.
        above = _text(header, common)
        calls, with_it = [above if carries else replace(above, shows=(said[0].id,))], ""
    if album:
        return [*calls, *_album(said, with_it, common)]
    for i, each in enumerate(said):
        last = {"reply_markup": keyboard} if keyboard and len(said) == 1 else {}
        calls.append(_one(each, with_it if i == 0 else "", {**common, **last}))
    return calls


def _album(said: Sequence[Words], header: str, common: dict[str, Any]) -> list[Call]:
    calls = []
    for start in range(0, len(said), ALBUM_LENGTH):
        part = said[start : start + ALBUM_LENGTH]
        media = [
            {
                "type": each.content["type"],
                "media": each.content["file_id"],
                **_body("caption", header if start + i == 0 else "", each.content, CAPTION_LIMIT),
            }
            for i, each in enumerate(part)
        ]
        calls.append(Call("sendMediaGroup", {**common, "media": media}, tuple(each.id for each in part)))
    return calls


def _one(said: Words, header: str, common: dict[str, Any]) -> Call:
    """One message as it was said, under the header if there is one."""
    content, shows = said.content, (said.id,)
    kind = str(content["type"])
    if kind == "text":
        return Call("sendMessage", {**common, **_body("text", header, content, TEXT_LIMIT)}, shows)
    fields = PLAIN_FIELDS.get(kind)
    if fields is not None:
        method, names = fields
        return Call(method, {**common, **{name: content[name] for name in names if name in content}}, shows)
    method, parameter = METHODS[kind]
    caption = {} if kind in WITHOUT_CAPTION else _body("caption", header, content, CAPTION_LIMIT)
    return Call(method, {**common, parameter: content["file_id"], **caption}, shows)
