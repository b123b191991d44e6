"""Supervisors and a sealed report: in their group, or each in private where one of them is recused.

press ─▶ acknowledge · everything · outcome (which?)      done at the press
ask, note, an outcome ─▶ a prompt ─▶ a reply to it        the sign at its head says what the reply is
a reply to anything else of the case ─▶ words to the reporter; one that begins with // ─▶ a note
in the group /note … and /ask … as a reply to any of it ─▶ the same, as under a ticket's card
an album ─▶ all of it is what its caption is
"""

from __future__ import annotations

from typing import Any

from aiogram import F, Router
from aiogram.types import CallbackQuery, Message
from sqlalchemy.ext.asyncio import AsyncSession

from bot.contents import kept_of, says_something
from bot.filters import Pressed, markup
from bot.people import GROUPS
from bot.sealed import CODE, SIGNS, Handle, outcome_keys
from bot.toolbox import Toolbox
from bot.typed import NOTE_SIGN, TAKE_PICTURES, as_meant, is_command, is_note
from handlers.staff.answers import reason_of
from handlers.students.appeal import Appealing
from handlers.students.here import Excusing
from handlers.students.mine import Follow
from handlers.students.report import Reporting
from handlers.students.surveys import Asked
from handlers.students.volunteering import Volunteering
from handlers.students.walk import New
from handlers.union.acting import Acting, Wherever
from models import albums, audit, cases, casework, conversations, permissions, sealed
from models.albums import NOTE, WORDS
from models.cases import Case
from models.conversations import NOWHERE
from models.errors import Refusal
from models.people import Person
from models.permissions import Deed


def router() -> Router:
    """Asked before every conversation: a reply to a case is about it, whatever else is being done."""
    router = Router(name="cases")
    router.callback_query.register(act, Pressed(Handle), Wherever())
    router.message.register(reply, F.reply_to_message, about_a_case, Wherever())
    return router


def _must_be_there(acting: Acting) -> int:
    """The chat, in which whoever acts is."""
    event, presence = acting.event, acting.presence
    message = event.message if isinstance(event, CallbackQuery) else event
    if message is None:
        raise Refusal("desk.old_button")
    if message.chat.id < 0 and (presence is None or not presence.present):
        raise Refusal("case.unknown")
    return message.chat.id


async def act(query: CallbackQuery, press: Handle, acting: Acting) -> None:
    """A button; who presses, where, and whether the case is theirs is asked anew each time."""
    chat_id, vault = _must_be_there(acting), acting.house.vault
    session, house, now = acting.session, acting.house, acting.now
    assert query.message is not None
    if press.act == "room":
        teacher = await acting.may(Deed.REPORT_ROOM)
        await cases.confirm_room(session, chat_id, teacher, vault, now)
        await audit.record(session, "case_room", now, staff=teacher)
        await query.bot.send_message(chat_id, acting.t("case.room_confirmed", name=teacher.name))  # type: ignore[union-attr]
        await casework.room_confirmed(session, house, now)
        return
    case = await cases.by_code(session, press.code)
    handler = await cases.must_handle(session, case, acting.person, chat_id, vault)
    on = query.message.message_id
    match press.act:
        case "ack":
            await casework.acknowledge(session, case, handler, chat_id, house, now)
            await casework.show(session, case, chat_id, house, now, message_id=on)
        case "all":
            await casework.show_all(session, case, chat_id, house, now)
        case "card":
            await casework.show(session, case, chat_id, house, now, message_id=on)
        case "outcome" if isinstance(query.message, Message):
            await query.message.edit_reply_markup(reply_markup=markup(outcome_keys(acting.t, case)))
        case _ if press.act in SIGNS:
            facts = {"what": "prompt", "case": case.id, "act": press.act, "name": handler.name}
            await sealed.post(session, facts, vault, now, chat_id=chat_id)
        case _:
            raise Refusal("desk.old_button")


async def about_a_case(message: Message, session: AsyncSession, person: Person | None, toolbox: Toolbox) -> Any:
    """Filter: a reply to something of the bot's about a case; hands over the `case` and what the reply is, `how`."""
    replied = message.reply_to_message
    if person is None or replied is None or replied.from_user is None or message.bot is None:
        return False
    text = replied.text or replied.caption or ""
    entity = next(iter(replied.entities or replied.caption_entities or []), None)
    if replied.from_user.id != message.bot.id or entity is None or entity.type != "bold":
        return False
    found = CODE.match(entity.extract_from(text))
    spoken = await albums.recall(session, message.chat.id, message.media_group_id, toolbox.house.vault)
    words = message.text or message.caption or (spoken.sign if spoken.sign != WORDS else "")
    # Teachers are told of a slash that is no command; to somebody who is alone with the bot this is said anyway.
    elsewhere = message.chat.type not in GROUPS or (is_command(words) and _commanded(words)[0] is None)
    if found is None or (words.startswith("/") and not is_note(words) and elsewhere):
        return False
    try:
        case = await cases.by_code(session, found[1])
    except Refusal:
        return False
    how = next((act for act, sign in SIGNS.items() if text.startswith(sign)), "ask")
    return {"case": case, "how": how}


def _commanded(text: str) -> tuple[str | None, str]:
    """What a reply is by the command that it begins with, and its words: `ask` or `note`, None for any other."""
    name, *words = text.split(maxsplit=1) or [""]
    name = name.partition("@")[0]
    return (name.removeprefix("/"), "".join(words)) if name in TAKE_PICTURES else (None, text)


GO_OUT_AT_ONCE = (
    Follow.adding,
    Follow.remark,
    Appealing.words,
    Excusing.why,
    Volunteering.dispute,
    Volunteering.excuse,
    Asked.words,
    Reporting.adding,
)
"""What is written next goes to somebody unseen: to a station, to an office, into a survey, to another report."""


async def _nothing_else_is_asked(case: Case, acting: Acting) -> None:
    """The reporter has been asked, and answers without replying, as people do: what they had been asked for before,
    by the station that the report may be about, does not get it. They are asked where it belongs (`loose.py`), in
    the middle of a draft as well, which goes on. So does what else shows them their words before it is sent.
    """
    session, vault = acting.session, acting.house.vault
    reached = cases.reach(case, vault)
    assert reached is not None, "nobody is asked who cannot be reached"
    key = conversations.key_of(acting.settings.bot_id, reached.chat_id, reached.chat_id)
    stands = await conversations.read(session, key, vault)
    if stands.state in {each.state for each in GO_OUT_AT_ONCE}:
        await conversations.write(session, key, stands, NOWHERE, vault, acting.now)
    elif stands.state in New:
        asked = stands._replace(data=stands.data | {"asked": case.code})
        await conversations.write(session, key, stands, asked, vault, acting.now)


async def reply(message: Message, case: Case, how: str, acting: Acting) -> None:
    """The reporter's own words, or what a supervisor was asked for."""
    session, house, now = acting.session, acting.house, acting.now
    content = kept_of(message)
    album = content.pop("album", None)
    chat_id, person = _must_be_there(acting), acting.person
    assert person is not None, "a reply of nobody known is about no case"
    who = await cases.standing(session, case, person, chat_id, house.vault)
    if permissions.may(Deed.REPORT_FOLLOW, who):
        await casework.add(session, case, [content], house, now)
        await casework.to_reporter(session, case, "report.added", house, now)
        return
    handler = await cases.must_handle(session, case, person, chat_id, house.vault)
    commanded, text = _commanded(as_meant(str(content.get("text", ""))).strip())
    if commanded is not None:
        how, content = commanded, {**content, "text": text}
    spoken = await albums.recall(session, chat_id, album, house.vault)
    if commanded is None and text.startswith("/") and not is_note(text):
        if album is None:
            raise Refusal("case.slash_not_sent")
        # The other pictures come without a word: refused alone, this one would leave them to the reporter.
        await message.reply(acting.t("case.slash_noted"))
    if commanded is None and (text.startswith("/") or spoken.sign == NOTE):
        how, content = "note", {**content, "text": text.removeprefix(NOTE_SIGN).strip()}
    if how not in ("ask", "note") and not text and spoken.sign == WORDS:
        # The outcome's reason stands under another picture.
        return
    if not says_something([content]):
        raise Refusal("draft.empty")
    if how == "ask":
        await casework.ask(session, case, handler, chat_id, content, house, now)
        await _nothing_else_is_asked(case, acting)
    elif how == "note":
        await casework.note(session, case, handler, chat_id, content, house, now)
    else:
        await casework.close(session, case, handler, chat_id, how, reason_of(text), house, now)
    await casework.show(session, case, chat_id, house, now)
