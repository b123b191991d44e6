"""Commands by which staff put tickets in order, as replies to a card or to something below it.

/assign @name · /merge 12 · /split · /priority high · /tag water pipe · /project 3 · /project new Title
/reopen why · /retract (as a reply to one's own answer) · /closeall 12 what was done
/reassign @wang @li (leads and admins)

The same stands on the second keyboard of a card (handlers/staff/more.py). A command whose writer Telegram hides is
refused with what to do about it: the buttons say who presses.
"""

from __future__ import annotations

from collections.abc import Sequence

from aiogram import F, Router
from aiogram.filters import Command, CommandObject
from aiogram.types import Message

from bot import keyboards
from bot.filters import markup
from bot.texts import Texts
from bot.typed import number as number_typed
from bot.typed import username
from bot.untrusted import inline
from handlers.occasion import must_be_seen
from handlers.staff.answers import reason_of
from handlers.staff.desk import AtDesk, Desk, replied_to
from handlers.staff.more import LABEL_LENGTH, linked, really_merge
from models import (
    answering,
    colleagues,
    merging,
    people,
    postings,
    projects,
    requesters,
    retracting,
    sorting,
    tickets,
    words,
)
from models.errors import Refusal
from models.lifecycle import State
from models.people import Person
from models.permissions import Deed, must_stand
from models.projects import Project
from models.words import Words

MOST_HOLDERS = 12
NOTHING = ("-", "none", "off")


def router() -> Router:
    """The handlers of these commands."""
    router = Router(name="sort")
    desk = AtDesk()
    for handler in (assign, reassign, merge, split, priority, tag, project, reopen, retract, closeall):
        router.message.register(handler, Command(handler.__name__), desk)
    router.message.register(departed, desk, F.left_chat_member)
    return router


async def departed(message: Message, desk: Desk) -> None:
    """Somebody has left the group: nothing is given to them any more."""
    assert message.left_chat_member is not None
    person = await people.by_telegram_id(desk.session, message.left_chat_member.id)
    if person is not None:
        await colleagues.left(desk.session, desk.station, person)


def _named(message: Message, text: str, known: Sequence[Person]) -> Person | None:
    """Whom a name means: by @name, by the name shown, or as Telegram links people who have no @name."""
    for entity in message.entities or []:
        if (
            entity.type == "text_mention"
            and entity.user is not None
            and entity.extract_from(message.text or "") == text
        ):
            return next((each for each in known if each.telegram_id == entity.user.id), None)
    name = username(text)
    found = [each for each in known if name in ((each.username or "").casefold(), each.name.casefold())]
    return found[0] if name and len(found) == 1 else None


def _names(known: Sequence[Person], t: Texts) -> str:
    names = (f"@{each.username}" if each.username else inline(each.name, LABEL_LENGTH) for each in known)
    return t.plain("survey.and").join(names) or "—"


async def assign(message: Message, command: CommandObject, desk: Desk) -> None:
    """Give it to a colleague who is in the group; the notice in the chat calls them."""
    ticket, someone = await desk.meant(Deed.ASSIGN, message, command)
    there = await desk.around()
    to = _named(message, command.args or "", there)
    if to is None:
        raise Refusal("assign.unknown", names=_names(there, desk.t))
    await sorting.assign(desk.session, ticket, someone, to, desk.house, desk.now)


async def reassign(message: Message, command: CommandObject, desk: Desk) -> None:
    """All open tickets of one person are another's; without names the buttons ask."""
    must_be_seen(message, command)
    someone = await desk.may_here(Deed.REASSIGN)
    holding = await sorting.holders(desk.session, desk.station, MOST_HOLDERS)
    if not (command.args or "").strip():
        if not holding:
            raise Refusal("reassign.nobody")
        found = [(each.id, f"{inline(each.name, LABEL_LENGTH)} ({count})") for each, count in holding]
        await message.reply(desk.t("reassign.whose"), reply_markup=markup(keyboards.people(desk.t, 0, found)))
        return
    there = await desk.around()
    giver, taker = _two(message, command.args or "", [each for each, _ in holding], there, desk.t)
    count = await sorting.reassign(desk.session, desk.station, someone, giver, taker, desk.now)
    await message.reply(desk.t.n("reassign.done", count, giver=giver.name, taker=taker.name))


def _two(
    message: Message, text: str, holding: Sequence[Person], there: Sequence[Person], t: Texts
) -> tuple[Person, Person]:
    """Who gives and who takes: names may be several words, so wherever the line can be cut in two."""
    parts = text.split()
    for i in range(1, len(parts)):
        giver = _named(message, " ".join(parts[:i]), holding)
        taker = _named(message, " ".join(parts[i:]), there)
        if giver is not None and taker is not None:
            return giver, taker
    raise Refusal("reassign.unknown", holders=_names(holding, t), names=_names(there, t))


async def merge(message: Message, command: CommandObject, desk: Desk) -> None:
    """/merge 12 as a reply to a card: that one becomes part of #12; asked about first when the two are about different
    things or buildings.
    """
    ticket, someone = await desk.meant(Deed.MERGE, message, command)
    number = number_typed(command.args or "")
    if number is None:
        raise Refusal("merge.number_missing", number=ticket.id)
    into = await tickets.gone_on_as(desk.session, await tickets.get(desk.session, number))
    await desk.may(Deed.MERGE, into)
    must_stand(Deed.MERGE, ticket)
    merging.must_fit(ticket, into)
    if not merging.is_likely(ticket, into):
        text, keys = really_merge(ticket, into, desk)
        await message.reply(text, reply_markup=markup(keys))
        return
    await merging.merge(desk.session, ticket, into, someone, desk.house, desk.now)
    await message.reply(desk.t("merge.done", number=ticket.id, into=into.id, name=someone.name))


async def split(message: Message, command: CommandObject, desk: Desk) -> None:
    """As a reply to a student's words: these are a matter of their own. As a reply to the card of a merged ticket: it
    is taken out again.
    """
    must_be_seen(message, command)
    someone = desk.member()
    replied = message.reply_to_message
    posting = await postings.in_chat(desk.session, message.chat.id, replied.message_id) if replied is not None else None
    if posting is None:
        raise Refusal("split.reply_to_words")
    ticket = await tickets.get(desk.session, posting.ticket_id)
    if ticket.state is State.MERGED:
        await desk.may(Deed.UNMERGE, ticket)
        whole = await merging.undo(desk.session, ticket, someone, desk.house, desk.now)
        await message.reply(desk.t("merge.undone", number=ticket.id, whole=whole.id, name=someone.name))
        return
    await desk.may(Deed.SPLIT, ticket)
    if posting.words_id is None:
        raise Refusal("split.reply_to_words")
    made = await merging.split(
        desk.session, await desk.session.get_one(Words, posting.words_id), someone, desk.house, desk.now
    )
    await message.reply(desk.t("split.done", number=ticket.id, made=made.id, name=someone.name))


async def priority(message: Message, command: CommandObject, desk: Desk) -> None:
    """/priority normal, high or urgent, or as the buttons call it."""
    ticket, someone = await desk.meant(Deed.PRIORITY, message, command)
    called = {desk.t.plain(f"priority.{key}").casefold(): level for key, level in sorting.PRIORITIES.items()}
    called |= {name.split(maxsplit=1)[-1]: level for name, level in called.items()} | sorting.PRIORITIES
    level = called.get((command.args or "").strip().casefold())
    if level is None:
        raise Refusal("priority.unknown")
    await sorting.prioritise(desk.session, ticket, someone, level, desk.now)
    key = next(name for name, each in sorting.PRIORITIES.items() if each == level)
    done = desk.t("priority.done", number=ticket.id, level=desk.t.plain(f"priority.{key}"), name=someone.name)
    await message.reply(done)


async def tag(message: Message, command: CommandObject, desk: Desk) -> None:
    """/tag water pipe: the card shows them; /tag - takes them away."""
    ticket, someone = await desk.meant(Deed.TAG, message, command)
    text = (command.args or "").strip()
    if not text:
        raise Refusal("tag.missing")
    tags = await sorting.tag(desk.session, ticket, someone, "" if text in NOTHING else text, desk.now)
    shown = " ".join(f"#{inline(each, LABEL_LENGTH)}" for each in tags)
    await message.reply(
        desk.t("tag.done", number=ticket.id, tags=shown) if tags else desk.t("tag.none", number=ticket.id)
    )


async def project(message: Message, command: CommandObject, desk: Desk) -> None:
    """/project 3, /project new Title, /project none."""
    ticket, someone = await desk.meant(Deed.PROJECT, message, command)
    first, _, rest = (command.args or "").strip().partition(" ")
    wanted: Project | None = None
    if first.casefold() == "new":
        wanted = await projects.suggest(desk.session, rest, desk.station, desk.now)
    elif first.casefold() not in NOTHING:
        number = number_typed(first)
        if number is None:
            raise Refusal("project.number_missing")
        wanted = await projects.get(desk.session, number)
    await sorting.link(desk.session, ticket, someone, wanted, desk.now)
    await message.reply(linked(desk.t, ticket, wanted))


async def reopen(message: Message, command: CommandObject, desk: Desk) -> None:
    """/reopen why: those who waited are told."""
    ticket, someone = await desk.meant(Deed.REOPEN, message, command)
    await sorting.reopen(desk.session, ticket, someone, reason_of((command.args or "").strip()), desk.house, desk.now)


async def retract(message: Message, command: CommandObject, desk: Desk) -> None:
    """As a reply to one's own answer: the students' copies go. A lead may take back a colleague's."""
    must_be_seen(message, command)
    someone, replied = desk.member(), message.reply_to_message
    said = None
    if replied is not None:
        said = await words.by_source(desk.session, desk.house.vault.tag("source", message.chat.id, replied.message_id))
    if said is None:
        raise Refusal("retract.reply_to_answer")
    ticket = await tickets.get(desk.session, said.ticket_id)
    await desk.may(Deed.RETRACT, ticket)
    if said.staff_id != someone.id:
        await desk.may(Deed.RETRACT_ANOTHERS, ticket)
    certain = await retracting.retract_answer(desk.session, said, someone, desk.house, desk.now)
    await message.reply(
        desk.t("retract.done" if certain else "retract.done_unsure", number=ticket.id, name=someone.name)
    )


async def closeall(message: Message, command: CommandObject, desk: Desk) -> None:
    """/closeall 12 what was done, or as a reply to the card: one answer for everybody who waits, also those who came
    with tickets that have been merged into it.
    """
    must_be_seen(message, command)
    someone, text = desk.member(), (command.args or "").strip()
    number = number_typed(text.split(maxsplit=1)[0]) if text else None
    if number is not None:
        ticket = await tickets.gone_on_as(desk.session, await tickets.get(desk.session, number))
        text = text.partition(" ")[2].strip()
    else:
        ticket = await replied_to(desk.session, message, command)
    await desk.may(Deed.RESOLVE, ticket)
    await answering.resolve(desk.session, ticket, someone, reason_of(text), desk.house, desk.now)
    count = len(await requesters.waiting.about(desk.session, ticket.id))
    await message.reply(desk.t.n("desk.closed_all", count, number=ticket.id))
