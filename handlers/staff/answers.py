"""Words in a station's chat. Only a reply to the card or to something about the ticket, or a command as such a reply,
does anything.

reply ─▶ what was asked for last (a question, a note, a reason), else: the answer to everybody who waits
//… or /note … ─▶ a note          /ask … ─▶ a question          /claim, /resolve …, /transfer …
under an album ─▶ what the caption makes of the picture it stands under it makes of all (`models/albums.py`)
any other slash ─▶ sent to nobody, and staff are told
an edit of such words ─▶ the students' copies are edited; into a note ─▶ they stay as they are, and staff are told
an anonymous admin, by words or by command ─▶ "press, so that I know who you are" ─▶ done as theirs
anything else ─▶ nothing: colleagues talk to each other
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from aiogram import F, Router
from aiogram.filters import Command, CommandObject
from aiogram.fsm.context import FSMContext
from aiogram.types import CallbackQuery, Message, TelegramObject
from sqlalchemy.ext.asyncio import AsyncSession

from bot import keyboards
from bot.contents import content_of, is_said, kept_of, says_something
from bot.filters import Commanding, markup
from bot.helping import overview
from bot.keyboards import number_on
from bot.people import anonymous_admin, hidden, to_a_colleague
from bot.typed import NOTE_SIGN, TAKE_PICTURES, as_meant
from bot.untrusted import units
from handlers.occasion import must_be_seen
from handlers.screens import show
from handlers.staff import notes
from handlers.staff.desk import NUMBER, AtDesk, Desk, replied_to, ticket_of
from handlers.staff.prompts import Writing, awaited, expected, forget, is_stale, prompt_of
from models import (
    albums,
    answering,
    conversations,
    permissions,
    postings,
    projects,
    sorting,
    stations,
    tickets,
    words,
)
from models.albums import NOTE, WORDS
from models.conversations import NOWHERE, Standing
from models.errors import Refusal
from models.permissions import Deed
from models.stations import Station
from models.tickets import Ticket
from models.words import Side

MOST_REASON = 1000
TYPED_LENGTH = 40
WRITTEN: dict[Writing | None, Deed] = {
    None: Deed.ANSWER,
    Writing.QUESTION: Deed.ASK,
    Writing.NOTE: Deed.NOTE,
    Writing.RESOLUTION: Deed.RESOLVE,
    Writing.TRANSFER: Deed.TRANSFER,
    Writing.DECLINE: Deed.RETURN,
    Writing.REOPENING: Deed.REOPEN,
    Writing.TAGS: Deed.TAG,
    Writing.PROJECT: Deed.PROJECT,
}
"""What a reply does, by what was asked for."""
WITH_PICTURES = (Writing.QUESTION, Writing.NOTE)
"""What is asked for in words, with pictures; anything else in words alone."""


def replies() -> Router:
    """Asked before every conversation: what answers a ticket's card is for its student, and what answers a colleague is
    the colleague's, whatever else is being done.
    """
    router = Router(name="replies to cards")
    desk = AtDesk()
    router.message.register(to_card, desk, F.reply_to_message, ~Commanding(), about_a_ticket)
    router.message.register(among_colleagues, desk, to_a_colleague, ~Commanding())
    return router


async def among_colleagues(_: Message) -> None:
    """They talk to each other."""


async def about_a_ticket(message: Message, session: AsyncSession) -> bool | dict[str, Any]:
    """Filter: a reply to something about a ticket; hands the `ticket` over."""
    ticket = await ticket_of(session, message)
    return {"ticket": ticket} if ticket is not None else False


def router() -> Router:
    """The handlers of this room's words."""
    router = Router(name="answers")
    desk = AtDesk()
    router.message.register(cancel, Command("cancel"), desk)
    router.message.register(help_, Command("help"), desk)
    router.message.register(command, Command("claim", "ask", "note", "resolve", "transfer"), desk)
    router.message.register(reply, desk, F.reply_to_message)
    router.edited_message.register(edited, desk)
    return router


async def cancel(message: Message, command: CommandObject, desk: Desk, state: FSMContext) -> None:
    """Nothing more is expected of this staff member; what is expected is kept under the real id."""
    must_be_seen(message, command)
    asked = await awaited(state)
    if asked is not None:
        await postings.ask_nothing(desk.session, asked["ticket"], message.chat.id)
        await forget(state)
    await state.clear()
    await message.reply(desk.t("desk.cancelled"))


async def help_(message: Message, desk: Desk) -> None:
    """How this chat is used, by whoever asks; by anybody in it where nobody knows who that is."""
    who = permissions.there(desk.station)
    if desk.staff is not None:
        who = await permissions.standing(desk.session, desk.staff, desk.station)
    await message.reply(overview(desk.t, desk.t.pick(desk.station.names), who))


async def command(message: Message, command: CommandObject, desk: Desk, state: FSMContext) -> None:
    """/claim, /ask, /note, /resolve, /transfer as a reply to a card; a picture under /ask or /note goes along."""
    someone = None if hidden(message) else desk.member()
    ticket = await replied_to(desk.session, message, command)
    content = {**kept_of(message), "text": (command.args or "").strip()}
    if command.command != "claim" and not says_something([content]):
        raise Refusal("desk.words_missing", command=command.command)
    if someone is not None:
        await forget(state)
        source = (message.chat.id, message.message_id)
        await _obey(command.command, content, ticket, source, desk)
    elif anonymous_admin(message):
        await _who_are_you(message, {"command": command.command, "content": content}, ticket, desk)
    else:
        raise Refusal("hidden.command", command=command.command)


async def say_pictures_left(
    handler: Callable[[TelegramObject, dict[str, Any]], Awaitable[Any]], event: TelegramObject, data: dict[str, Any]
) -> Any:
    """Around every handler: under a command of staff that takes no picture it went nowhere, and that is said."""
    done = await handler(event, data)
    command, desk = data.get("command"), data.get("desk")
    if command is None or desk is None or f"/{command.command}" in TAKE_PICTURES:
        return done
    if isinstance(event, Message) and event.text is None:
        await event.reply(desk.t("desk.pictures_left"))
    return done


async def _obey(command: str, content: dict[str, Any], ticket: Ticket, source: tuple[int, int], desk: Desk) -> None:
    """Do what a command says; it is known by then who gave it."""
    text = str(content["text"])
    staff = await desk.may(Deed(command), ticket)
    match command:
        case "claim":
            await answering.claim(desk.session, ticket, staff, desk.house, desk.now)
        case "ask":
            await answering.answer(desk.session, ticket, staff, content, desk.house, desk.now, source, asks=True)
        case "note":
            await notes.write(ticket, staff, content, source, desk)
        case "resolve":
            await answering.resolve(desk.session, ticket, staff, reason_of(text), desk.house, desk.now)
        case "transfer":
            to, reason = await _place_and_reason(desk, text)
            await answering.transfer(desk.session, ticket, staff, to, reason_of(reason), desk.house, desk.now)


async def reply(message: Message, desk: Desk, state: FSMContext) -> None:
    """Any other reply: a note by its sign, or to a prompt that nobody has noted; else a colleague's. Raises Refusal for
    a slash that is no command: whoever mistypes one means their colleagues, and a student must not read it; and for
    words where a button was asked for, one of which is for words of one's own.
    """
    ticket = await ticket_of(desk.session, message) or await _asked_about(desk.session, message, state)
    if ticket is None:
        if _is_to_be_pressed(message, desk):
            raise Refusal("desk.press_there", write=desk.t.plain("desk.write"))
        return
    if notes.is_mistyped(message):
        if message.media_group_id is None:
            raise Refusal("desk.slash_not_sent")
        # The other pictures come without a word: refused alone, this one would leave them to the student.
        await message.reply(desk.t("desk.slash_noted"))
    await to_card(message, ticket, desk, state)


def _is_to_be_pressed(message: Message, desk: Desk) -> bool:
    """Whether this replies to a question of ours below which a button stands for words of one's own."""
    replied, own = message.reply_to_message, desk.t.plain("desk.write")
    keys = replied.reply_markup if replied is not None else None
    return keys is not None and any(key.text == own for row in keys.inline_keyboard for key in row)


async def to_card(message: Message, ticket: Ticket, desk: Desk, state: FSMContext) -> None:
    """A reply to something the bot wrote about a ticket."""
    if not is_said(message):
        return
    content, prompt = kept_of(message), await prompt_of(desk.session, message)
    if hidden(message):
        if anonymous_admin(message):
            await _who_are_you(message, {"content": content, "prompt": prompt}, ticket, desk)
        return
    someone = desk.member()
    source = (message.chat.id, message.message_id)
    told = await _say(ticket, content, prompt, source, desk, state)
    if told is not None:
        await message.reply(desk.t(told, name=someone.name))


async def _say(
    ticket: Ticket,
    content: dict[str, Any],
    prompt: dict[str, Any] | None,
    source: tuple[int, int],
    desk: Desk,
    state: FSMContext,
) -> str | None:
    """What these words are: a note by its sign, what the prompt asks for that they reply to, what the bot asked for
    last, or the answer. Returns what is to be said of it: that they were asked for so long ago that nothing was done
    with them, or that a picture was left behind; None where the card says it all.
    """
    # What has waited for a press since before may not have been read as it is meant.
    text = as_meant(str(content.get("text", ""))).strip()
    album, vault = content.get("album"), desk.house.vault
    spoken = await albums.recall(desk.session, source[0], album, vault)
    if text.startswith("/") or spoken.sign == NOTE:
        staff = await desk.may(Deed.NOTE, ticket)
        stripped = {**content, "text": text.removeprefix(NOTE_SIGN).strip()}
        await notes.write(ticket, staff, _said_in(stripped), source, desk)
        return None
    last = await expected(state, ticket)
    over = is_stale(last, desk.now) if prompt is None and last is not None else prompt == {}
    if spoken.asked == {}:
        # The first of its pictures came too late, and that has been said.
        return None
    if over and spoken.asked is None:
        if last is not None:
            await forget(state)
        await albums.remember(desk.session, source[0], album, vault, desk.now, asked={})
        return "desk.prompt_stale"
    asked = spoken.asked or (last if prompt is None else prompt)
    writing = Writing(asked["writing"]) if asked is not None else None
    if not text and spoken.sign == WORDS and writing is not None and writing not in WITH_PICTURES:
        # What was asked for stands under another picture.
        return None
    staff = await desk.may(WRITTEN[writing], ticket)
    await albums.remember(desk.session, source[0], album, vault, desk.now, asked=asked)
    match writing:
        case Writing.NOTE:
            await notes.write(ticket, staff, _said_in(content), source, desk)
        case Writing.RESOLUTION:
            await answering.resolve(desk.session, ticket, staff, reason_of(text), desk.house, desk.now)
        case Writing.TRANSFER:
            to = await stations.by_key(desk.session, asked["to"]) if asked is not None else None
            assert to is not None, "the place was chosen from the open ones"
            await answering.transfer(desk.session, ticket, staff, to, reason_of(text), desk.house, desk.now)
        case Writing.DECLINE:
            await answering.give_back(desk.session, ticket, staff, reason_of(text), desk.house, desk.now)
        case Writing.REOPENING:
            await sorting.reopen(desk.session, ticket, staff, reason_of(text), desk.house, desk.now)
        case Writing.TAGS:
            await sorting.tag(desk.session, ticket, staff, text, desk.now)
        case Writing.PROJECT:
            project = await projects.suggest(desk.session, text, desk.station, desk.now)
            await sorting.link(desk.session, ticket, staff, project, desk.now)
        case Writing.QUESTION | None:
            said, asks = _said_in(content), writing is Writing.QUESTION
            await answering.answer(desk.session, ticket, staff, said, desk.house, desk.now, source, asks=asks)
    if last is not None and last["writing"] == writing:
        await forget(state)
    left = content["type"] != "text" and writing is not None and writing not in WITH_PICTURES
    return "desk.pictures_left" if left else None


def _said_in(content: dict[str, Any]) -> dict[str, Any]:
    """The same. Raises Refusal for words in which there is nothing to be seen; a sticker may be an answer."""
    if content["type"] == "text" and not says_something([content]):
        raise Refusal("draft.empty")
    return content


def reason_of(text: str) -> str:
    """The same. Raises Refusal when it is no reason that could be read: empty (a picture alone), or so long that the
    notice that repeats it would not fit into a message.
    """
    if not says_something([{"type": "text", "text": text}]):
        raise Refusal("desk.reason_missing")
    if units(text) > MOST_REASON:
        raise Refusal("desk.reason_too_long", length=units(text), most=MOST_REASON)
    return text


async def edited(message: Message, desk: Desk) -> None:
    """An answer was edited where it was written; only its author can do that. Raises Refusal when it reads like a note
    now: the student keeps what they have.
    """
    said = await words.by_source(desk.session, desk.house.vault.tag("source", message.chat.id, message.message_id))
    content = content_of(message)
    if said is None or content is None or said.retracted_at is not None:
        return
    content.pop("album", None)
    text = str(content.get("text", ""))
    if said.side is Side.NOTE:
        text = text.removeprefix(NOTE_SIGN).removeprefix("/note ").strip()
    else:
        text = text.removeprefix("/ask ")
        if text.lstrip().startswith("/"):
            raise Refusal("desk.edit_not_sent")
    if "text" in content:
        content["text"] = text
    await tickets.edit(desk.session, said, content, desk.now)


async def _who_are_you(message: Message, said: dict[str, Any], ticket: Ticket, desk: Desk) -> None:
    """An anonymous admin wrote: the words or the command wait for a press, because a press carries the real id."""
    key = _waiting_key(message.chat.id, str(message.message_id))
    waiting = Standing(None, {"ticket": ticket.id, **said})
    await conversations.write(desk.session, key, NOWHERE, waiting, desk.house.vault, desk.now)
    keyboard = keyboards.as_me(desk.t, ticket.id, message.message_id)
    await message.reply(desk.t("desk.who_are_you"), reply_markup=markup(keyboard))


async def as_me(query: CallbackQuery, ticket: Ticket, message_id: str, desk: Desk, state: FSMContext) -> None:
    """The press that says whose the waiting words are: they are sent once, as what the bot had asked this person for
    (`state` is the presser's), or the command is carried out once.
    """
    if not isinstance(query.message, Message):
        raise Refusal("desk.old_button")
    chat_id = query.message.chat.id
    key = _waiting_key(chat_id, message_id)
    waiting = await conversations.read(desk.session, key, desk.house.vault)
    if waiting.data.get("ticket") != ticket.id:
        raise Refusal("desk.old_button")
    data, source = waiting.data, (chat_id, number_on(message_id))
    await conversations.write(desk.session, key, waiting, NOWHERE, desk.house.vault, desk.now)
    if "command" in data:
        await forget(state)
        await _obey(data["command"], data["content"], ticket, source, desk)
        await show(query, desk.t("desk.done_as", name=desk.member().name, command=data["command"], number=ticket.id))
    else:
        told = await _say(ticket, data["content"], data.get("prompt"), source, desk, state)
        await show(query, desk.t(told or "desk.sent_as", name=desk.member().name, number=ticket.id))


def _waiting_key(chat_id: int, message_id: str) -> str:
    return f"anonymous:{chat_id}:{message_id}"


async def _asked_about(session: AsyncSession, message: Message, state: FSMContext) -> Ticket | None:
    """The ticket that this person was just asked about, when they reply to the bot's message that shows its number: a
    prompt that nobody has noted. Dropped in silence, what they wrote would be lost.
    """
    replied, number = message.reply_to_message, (await awaited(state) or {}).get("ticket")
    if replied is None or replied.from_user is None or message.bot is None or number is None:
        return None
    if replied.from_user.id != message.bot.id or str(number) not in NUMBER.findall(replied.text or ""):
        return None
    return await tickets.get(session, number)


async def _place_and_reason(desk: Desk, text: str) -> tuple[Station, str]:
    """Where to and why: a place by its key or by its name in any language, then the reason. A name may be several
    words, so the longest that fits is meant.
    """
    desks = [place for place in await stations.open_desks(desk.session) if place.desk is not stations.Desk.SUPERVISORS]
    called = {name.casefold(): place for place in desks for name in (place.key, *place.names.values())}
    for name in sorted(called, key=len, reverse=True):
        if text.casefold() == name or text.casefold().startswith(f"{name} "):
            return called[name], text[len(name) :].strip()
    known = desk.t.plain("survey.and").join(f"{p.key} ({desk.t.pick(p.names)})" for p in await desk.elsewhere())
    raise Refusal("desk.unknown_place", typed=text.partition(" ")[0][:TYPED_LENGTH], places=known)
