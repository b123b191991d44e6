"""Letters about a ticket: its card and topic in a station's chat, and the words and notices that go to both sides."""

from __future__ import annotations

import hashlib
import json
from datetime import timedelta
from typing import Any

from markupsafe import Markup

from bot import bursts, cards, erased, keyboards, lists, order
from bot import so_far as past
from bot.aliases import called
from bot.calls import (
    CAPTION_LIMIT,
    GROUPED,
    METHODS,
    TEXT_LIMIT,
    WITHOUT_CAPTION,
    Call,
    Letter,
    body,
    editions,
    join,
    say,
    text_call,
)
from bot.letters.drawing import Drawing
from bot.texts import Texts
from bot.untrusted import cut, inline
from models import copies, postings, tickets
from models.lifecycle import ENDED, State
from models.requesters import Requester
from models.stations import Station
from models.tickets import Ticket
from models.words import ERASED, Side, Words

TOPIC_LENGTH = 128
DELETABLE = timedelta(hours=47)
"""Telegram lets a bot delete its own messages for 48 hours; a copy is a moment younger than what was said."""

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


async def card(drawing: Drawing) -> Letter:
    """The ticket's card: edited where it is, posted where it is not."""
    ticket, (station, t) = await drawing.ticket(), await drawing.reader()
    assert station is not None, "a card is a station's"
    drawn = await cards.draw(drawing.session, ticket, station, t, drawing.toolbox.settings, drawing.now)
    digest = hashlib.sha256(json.dumps([drawn.text, drawn.keyboard]).encode()).hexdigest()[:32]
    card = await postings.card_of(drawing.session, ticket.id, drawing.chat_id)
    params = {
        "chat_id": drawing.chat_id,
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


async def topic(drawing: Drawing) -> Letter:
    """The card's forum topic, called and closed as the ticket stands."""
    ticket, (station, _) = await drawing.ticket(), await drawing.reader()
    card = await postings.card_of(drawing.session, ticket.id, drawing.chat_id)
    if station is None or not station.topics or card is None or card.thread_id is None:
        return Letter()
    where = {"chat_id": drawing.chat_id, "message_thread_id": card.thread_id}
    name, closed = _topic_name(ticket, station), _has_left(ticket, station)
    calls = []
    if closed != card.topic_closed:
        calls.append(Call("closeForumTopic" if closed else "reopenForumTopic", where))
    if name != (card.topic_name or _plain_topic_name(ticket)):
        calls.append(Call("editForumTopic", {**where, "name": name}))
    return Letter(calls, named=(name, closed))


async def moved(drawing: Drawing) -> Letter:
    """Where a card stood before the group's mode was changed: where the ticket is now."""
    ticket, (_, t) = await drawing.ticket(), await drawing.reader()
    card = await postings.card_of(drawing.session, ticket.id, drawing.chat_id)
    href = lists.link(drawing.chat_id, card.message_id, card.thread_id) if card is not None else None
    where = Markup('<a href="{}">{}</a>').format(href, f"#{ticket.id}") if href else f"#{ticket.id}"
    params = {"chat_id": drawing.chat_id, "message_id": drawing.payload["message_id"], "parse_mode": "HTML"}
    return Letter([Call("editMessageText", {**params, "text": t("card.moved", ticket=where)})])


async def words(drawing: Drawing) -> Letter:
    """One message, or the album it belongs to, brought to the other side. A picture that comes when the album has left
    already comes by itself: nobody gets the others again.
    """
    ticket, (station, t) = await drawing.ticket(), await drawing.reader()
    assert drawing.row.words_id is not None
    said = await drawing.session.get_one(Words, drawing.row.words_id)
    album = await copies.told_by(drawing.session, drawing.row, said)
    if said.retracted_at is not None or said.content["type"] == ERASED:
        return Letter()
    if station is not None and station.id not in (ticket.station_id, ticket.from_station_id):
        # Another place has the ticket by now, and with it its words.
        return Letter()
    header = await _header(drawing, ticket, said, t, to_station=station is not None)
    common: dict[str, Any] = {"chat_id": drawing.chat_id}
    if station is not None:
        return Letter(say(album, header, common | await drawing.beside_the_card()), editions=editions(album))
    asks = bool(drawing.payload.get("asks"))
    calls = say(album, header, common, keyboards.about(t, ticket.id, asks=asks))
    if len(album) > 1:
        # An album carries no buttons: they come below it.
        below = t("words.buttons_asks" if asks else "words.buttons", number=ticket.id)
        calls.append(text_call(below, {**common, "reply_markup": keyboards.about(t, ticket.id, asks=asks)}))
    return Letter(calls, editions=editions(album))


async def _header(drawing: Drawing, ticket: Ticket, said: Words, t: Texts, *, to_station: bool) -> str:
    """Who says this, in one line of HTML; never more of an anonymous student than a number."""
    edited = t("words.edited") if said.edited_at else ""
    if to_station:
        requester = await drawing.session.get_one(Requester, said.requester_id) if said.requester_id else None
        if requester is not None and requester.walk_in:
            return join(t("words.from_visitor", number=ticket.id), edited)
        if requester is not None and requester.pseudonym is not None:
            return join(t("alias.words_from", number=ticket.id, who=called(t, requester)), edited)
        key = "words.from_anonymous" if requester is None or requester.anonymous else "words.from_student"
        if requester is None or (requester.number == 1 and ticket.requesters == 1):
            return join(t(key, number=ticket.id), edited)
        return join(t(f"{key}_n", number=ticket.id, which=requester.number), edited)
    # While it is offered to another place the first one is still who answers.
    station = await tickets.responsible(drawing.session, ticket)
    key = "words.question" if drawing.payload.get("asks") else "words.answer"
    return join(t(key, number=ticket.id, station=t.pick(station.names)), edited)


async def edited(drawing: Drawing) -> Letter:
    """The copy that is already there follows the words it shows."""
    ticket, (station, t) = await drawing.ticket(), await drawing.reader()
    assert drawing.row.words_id is not None
    said = await drawing.session.get_one(Words, drawing.row.words_id)
    if said.retracted_at is not None:
        return _retracted(drawing, ticket, said, t)
    header = await _header(drawing, ticket, said, t, to_station=station is not None)
    keyboard = None if station is not None else keyboards.about(t, ticket.id)
    where = {"chat_id": drawing.chat_id, "message_id": drawing.payload["message_id"]}
    if keyboard and said.album is None:
        where["reply_markup"] = keyboard
    kind = said.content["type"]
    if kind == ERASED:
        found = erased.instead(str(said.content["was"]), t("words.erased", number=ticket.id))
        return Letter([Call(found[0], {**where, **found[1]})] if found is not None else [])
    if kind == "text":
        return Letter([Call("editMessageText", {**where, **body("text", header, said.content, TEXT_LIMIT)})])
    if kind not in METHODS or kind in WITHOUT_CAPTION:
        return Letter()
    above = header if await copies.bears_the_header(drawing.session, drawing.row, said) else ""
    caption = body("caption", above, said.content, CAPTION_LIMIT)
    if kind in GROUPED or kind == "animation":
        media = {"type": kind, "media": said.content["file_id"], **caption}
        return Letter([Call("editMessageMedia", {**where, "media": media})])
    return Letter([Call("editMessageCaption", {**where, **caption})])


def _retracted(drawing: Drawing, ticket: Ticket, said: Words, t: Texts) -> Letter:
    """The copy of words that were taken back: it goes while Telegram still lets it, or else says so, as far as it
    can be edited. What staff have taken back says so wherever it was text: a student who has read it is not left
    wondering.
    """
    where = {"chat_id": drawing.chat_id, "message_id": drawing.payload["message_id"]}
    kind, by_staff = str(said.content.get("was", "text")), said.side is Side.STAFF
    if not (by_staff and kind == "text") and drawing.now - said.at < DELETABLE:
        return Letter([Call("deleteMessage", where)])
    text = t("told.withdrawn_copy" if by_staff else "words.retracted_copy", number=ticket.id)
    if kind == "text":
        keyboard = {"reply_markup": keyboards.about(t, ticket.id)} if by_staff else {}
        return Letter([Call("editMessageText", {**where, "text": text, "parse_mode": "HTML", **keyboard})])
    if kind not in METHODS or kind in WITHOUT_CAPTION:
        return Letter()
    return Letter([Call("editMessageCaption", {**where, "caption": text, "parse_mode": "HTML"})])


async def so_far(drawing: Drawing) -> Letter:
    """What has been said about a ticket until now."""
    ticket, (station, t) = await drawing.ticket(), await drawing.reader()
    if station is None or ticket.station_id != station.id:
        return Letter()
    text = await past.draw(drawing.session, ticket, drawing.payload["about"], t, drawing.now)
    call = {
        "chat_id": drawing.chat_id,
        "text": text,
        "parse_mode": "HTML",
        "link_preview_options": {"is_disabled": True},
        **await drawing.beside_the_card(),
    }
    return Letter([Call("sendMessage", call)])


async def notice(drawing: Drawing) -> Letter:
    """A text with its parameters, in the reader's language."""
    station, t = await drawing.reader()
    params = {k: drawing.param(k, v, t) for k, v in drawing.payload.get("params", {}).items()}
    if drawing.row.ticket_id is not None:
        params["number"] = drawing.row.ticket_id
    call: dict[str, Any] = {
        "chat_id": drawing.chat_id,
        "text": t(drawing.payload["text"], **params),
        "parse_mode": "HTML",
        "link_preview_options": {"is_disabled": True},
    }
    if station is not None:
        call |= await drawing.beside_the_card()
        if drawing.row.ticket_id is not None:
            call["text"] += await bursts.along(drawing.session, await drawing.ticket(), t)
    name = drawing.payload.get("keyboard")
    if name is not None and drawing.row.ticket_id is not None:
        call["reply_markup"] = KEYBOARDS[name](t, drawing.row.ticket_id)
    return Letter([Call("sendMessage", call)])
