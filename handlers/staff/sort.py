"""Commands by which staff put tickets in order, as replies to a card or to something below it.

/assign @name · /merge 12 · /split · /priority high · /tag water pipe · /project 3 · /project new Title
/reopen why · /retract (as a reply to one's own answer) · /closeall 12 what was done
/projects · /reassign @wang @li (leads and admins)

The same stands on the second keyboard of a card (handlers/staff/more.py). A command whose writer Telegram hides is
refused with what to do about it: the buttons say who presses.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from aiogram import F, Router
from aiogram.filters import Command, CommandObject
from aiogram.types import Message
from sqlalchemy.ext.asyncio import AsyncSession

from bot import keyboards
from bot.filters import AtDesk, markup
from bot.people import Presence, hidden
from bot.texts import Texts
from bot.untrusted import inline
from handlers.staff.answers import reason_of
from handlers.staff.common import around, may, may_here, member, ticket_of
from handlers.staff.more import LABEL_LENGTH, linked
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
from models.house import House
from models.lifecycle import State
from models.people import Person
from models.permissions import Deed
from models.projects import Project
from models.stations import Station
from models.tickets import Ticket
from models.words import Words

MOST_PROJECTS = 20
MOST_HOLDERS = 12
NOTHING = ("-", "none", "off")


def router() -> Router:
    """The handlers of these commands."""
    router = Router(name="sort")
    desk = AtDesk()
    for handler in (assign, reassign, merge, split, priority, tag, project, reopen, retract, closeall):
        router.message.register(handler, Command(handler.__name__), desk)
    router.message.register(list_projects, Command("projects"), desk)
    router.message.register(departed, desk, F.left_chat_member)
    return router


async def departed(message: Message, session: AsyncSession, station: Station) -> None:
    """Somebody has left the group: nothing is given to them any more."""
    assert message.left_chat_member is not None
    person = await people.by_telegram_id(session, message.left_chat_member.id)
    if person is not None:
        await colleagues.left(session, station, person)


def _someone(message: Message, command: CommandObject, staff: Person | None, presence: Presence | None) -> Person:
    if hidden(message):
        raise Refusal("hidden.command", command=command.command)
    return member(staff, presence)


async def _about(message: Message, command: CommandObject, session: AsyncSession) -> Ticket:
    ticket = await ticket_of(session, message)
    if ticket is None:
        raise Refusal("desk.reply_to_card", command=command.command)
    return ticket


def _number(text: str) -> int | None:
    text = text.strip().lstrip("#")
    return int(text) if text.isascii() and text.isdigit() and len(text) <= keyboards.MOST_DIGITS else None


def _named(message: Message, text: str, known: Sequence[Person]) -> Person | None:
    """Whom a name means: by @name, by the name shown, or as Telegram links people who have no @name."""
    for entity in message.entities or []:
        if (
            entity.type == "text_mention"
            and entity.user is not None
            and entity.extract_from(message.text or "") == text
        ):
            return next((each for each in known if each.telegram_id == entity.user.id), None)
    name = text.strip().lstrip("@").casefold()
    found = [each for each in known if name in ((each.username or "").casefold(), each.name.casefold())]
    return found[0] if name and len(found) == 1 else None


def _names(known: Sequence[Person]) -> str:
    return ", ".join(f"@{each.username}" if each.username else inline(each.name, LABEL_LENGTH) for each in known)


async def assign(
    message: Message,
    command: CommandObject,
    session: AsyncSession,
    now: datetime,
    station: Station,
    staff: Person | None,
    presence: Presence | None,
    house: House,
) -> None:
    """Give it to a colleague who is in the group; the notice in the chat calls them."""
    someone, ticket = _someone(message, command, staff, presence), await _about(message, command, session)
    await may(session, Deed.ASSIGN, ticket, station, someone)
    there = around(await colleagues.of(session, station, now), presence)
    to = _named(message, command.args or "", there)
    if to is None:
        raise Refusal("assign.unknown", names=_names(there) or "—")
    await sorting.assign(session, ticket, someone, to, house, now)


async def reassign(
    message: Message,
    command: CommandObject,
    session: AsyncSession,
    now: datetime,
    station: Station,
    staff: Person | None,
    presence: Presence | None,
    t: Texts,
) -> None:
    """All open tickets of one person are another's; without names the buttons ask."""
    someone = _someone(message, command, staff, presence)
    await may_here(session, Deed.REASSIGN, station, someone)
    holding = await sorting.holders(session, station, MOST_HOLDERS)
    if not (command.args or "").strip():
        if not holding:
            raise Refusal("reassign.nobody")
        found = [(each.id, f"{inline(each.name, LABEL_LENGTH)} ({count})") for each, count in holding]
        await message.reply(t("reassign.whose"), reply_markup=markup(keyboards.people(t, 0, found)))
        return
    there = around(await colleagues.of(session, station, now), presence)
    giver, taker = _two(message, command.args or "", [each for each, _ in holding], there)
    count = await sorting.reassign(session, station, someone, giver, taker, now)
    await message.reply(t.n("reassign.done", count, giver=giver.name, taker=taker.name))


def _two(message: Message, text: str, holding: Sequence[Person], there: Sequence[Person]) -> tuple[Person, Person]:
    """Who gives and who takes: names may be several words, so wherever the line can be cut in two."""
    parts = text.split()
    for i in range(1, len(parts)):
        giver = _named(message, " ".join(parts[:i]), holding)
        taker = _named(message, " ".join(parts[i:]), there)
        if giver is not None and taker is not None:
            return giver, taker
    raise Refusal("reassign.unknown", holders=_names(holding) or "—", names=_names(there) or "—")


async def merge(
    message: Message,
    command: CommandObject,
    session: AsyncSession,
    now: datetime,
    station: Station,
    staff: Person | None,
    presence: Presence | None,
    house: House,
    t: Texts,
) -> None:
    """/merge 12 as a reply to a card: that one becomes part of #12."""
    someone, ticket = _someone(message, command, staff, presence), await _about(message, command, session)
    await may(session, Deed.MERGE, ticket, station, someone)
    number = _number(command.args or "")
    if number is None:
        raise Refusal("merge.number_missing", number=ticket.id)
    into = await tickets.gone_on_as(session, await tickets.get(session, number))
    await may(session, Deed.MERGE, into, station, someone)
    await merging.merge(session, ticket, into, someone, house, now)
    await message.reply(t("merge.done", number=ticket.id, into=into.id, name=someone.name))


async def split(
    message: Message,
    command: CommandObject,
    session: AsyncSession,
    now: datetime,
    station: Station,
    staff: Person | None,
    presence: Presence | None,
    house: House,
    t: Texts,
) -> None:
    """As a reply to a student's words: these are a matter of their own. As a reply to the card of a merged ticket: it
    is taken out again.
    """
    someone = _someone(message, command, staff, presence)
    replied = message.reply_to_message
    posting = await postings.in_chat(session, message.chat.id, replied.message_id) if replied is not None else None
    if posting is None:
        raise Refusal("split.reply_to_words")
    ticket = await tickets.get(session, posting.ticket_id)
    if ticket.state is State.MERGED:
        await may(session, Deed.UNMERGE, ticket, station, someone)
        whole = await merging.undo(session, ticket, someone, house, now)
        await message.reply(t("merge.undone", number=ticket.id, whole=whole.id, name=someone.name))
        return
    await may(session, Deed.SPLIT, ticket, station, someone)
    if posting.words_id is None:
        raise Refusal("split.reply_to_words")
    made = await merging.split(session, await session.get_one(Words, posting.words_id), someone, house, now)
    await message.reply(t("split.done", number=ticket.id, made=made.id, name=someone.name))


async def priority(
    message: Message,
    command: CommandObject,
    session: AsyncSession,
    now: datetime,
    station: Station,
    staff: Person | None,
    presence: Presence | None,
    t: Texts,
) -> None:
    """/priority normal, high or urgent, or as the buttons call it."""
    someone, ticket = _someone(message, command, staff, presence), await _about(message, command, session)
    await may(session, Deed.PRIORITY, ticket, station, someone)
    called = {t.plain(f"priority.{key}").casefold(): level for key, level in sorting.PRIORITIES.items()}
    called |= {name.split(maxsplit=1)[-1]: level for name, level in called.items()} | sorting.PRIORITIES
    level = called.get((command.args or "").strip().casefold())
    if level is None:
        raise Refusal("priority.unknown")
    await sorting.prioritise(session, ticket, someone, level, now)
    key = next(name for name, each in sorting.PRIORITIES.items() if each == level)
    done = t("priority.done", number=ticket.id, level=t.plain(f"priority.{key}"), name=someone.name)
    await message.reply(done)


async def tag(
    message: Message,
    command: CommandObject,
    session: AsyncSession,
    now: datetime,
    station: Station,
    staff: Person | None,
    presence: Presence | None,
    t: Texts,
) -> None:
    """/tag water pipe: the card shows them; /tag - takes them away."""
    someone, ticket = _someone(message, command, staff, presence), await _about(message, command, session)
    await may(session, Deed.TAG, ticket, station, someone)
    text = (command.args or "").strip()
    if not text:
        raise Refusal("tag.missing")
    tags = await sorting.tag(session, ticket, someone, "" if text in NOTHING else text, now)
    shown = " ".join(f"#{inline(each, LABEL_LENGTH)}" for each in tags)
    await message.reply(t("tag.done", number=ticket.id, tags=shown) if tags else t("tag.none", number=ticket.id))


async def project(
    message: Message,
    command: CommandObject,
    session: AsyncSession,
    now: datetime,
    station: Station,
    staff: Person | None,
    presence: Presence | None,
    t: Texts,
) -> None:
    """/project 3, /project new Title, /project none."""
    someone, ticket = _someone(message, command, staff, presence), await _about(message, command, session)
    await may(session, Deed.PROJECT, ticket, station, someone)
    first, _, rest = (command.args or "").strip().partition(" ")
    wanted: Project | None = None
    if first.casefold() == "new":
        wanted = await projects.suggest(session, rest, station, now)
    elif first.casefold() not in NOTHING:
        number = _number(first)
        if number is None:
            raise Refusal("project.number_missing")
        wanted = await projects.get(session, number)
    await sorting.link(session, ticket, someone, wanted, now)
    await message.reply(linked(t, ticket, wanted))


async def list_projects(
    message: Message,
    command: CommandObject,
    session: AsyncSession,
    station: Station,
    staff: Person | None,
    presence: Presence | None,
    t: Texts,
) -> None:
    """Every project with the number of its tickets, the newest first."""
    someone = _someone(message, command, staff, presence)
    await may_here(session, Deed.PROJECTS, station, someone)
    found = await projects.newest(session, MOST_PROJECTS)
    if not found:
        await message.reply(t("project.list_empty"))
        return
    rows = [t.n("project.row", count, number=each.id, title=inline(each.title, 100)) for each, count in found]
    await message.reply("\n".join([t("project.list"), *rows]))


async def reopen(
    message: Message,
    command: CommandObject,
    session: AsyncSession,
    now: datetime,
    station: Station,
    staff: Person | None,
    presence: Presence | None,
    house: House,
) -> None:
    """/reopen why: those who waited are told."""
    someone, ticket = _someone(message, command, staff, presence), await _about(message, command, session)
    await may(session, Deed.REOPEN, ticket, station, someone)
    await sorting.reopen(session, ticket, someone, reason_of((command.args or "").strip()), house, now)


async def retract(
    message: Message,
    command: CommandObject,
    session: AsyncSession,
    now: datetime,
    station: Station,
    staff: Person | None,
    presence: Presence | None,
    house: House,
    t: Texts,
) -> None:
    """As a reply to one's own answer: the students' copies go. A lead may take back a colleague's."""
    someone, replied = _someone(message, command, staff, presence), message.reply_to_message
    said = None
    if replied is not None:
        said = await words.by_source(session, house.vault.tag("source", message.chat.id, replied.message_id))
    if said is None:
        raise Refusal("retract.reply_to_answer")
    ticket = await tickets.get(session, said.ticket_id)
    await may(session, Deed.RETRACT, ticket, station, someone)
    if said.staff_id != someone.id:
        await may(session, Deed.RETRACT_ANOTHERS, ticket, station, someone)
    certain = await retracting.retract_answer(session, said, someone, house, now)
    await message.reply(t("retract.done" if certain else "retract.done_unsure", number=ticket.id, name=someone.name))


async def closeall(
    message: Message,
    command: CommandObject,
    session: AsyncSession,
    now: datetime,
    station: Station,
    staff: Person | None,
    presence: Presence | None,
    house: House,
    t: Texts,
) -> None:
    """/closeall 12 what was done, or as a reply to the card: one answer for everybody who waits, also those who came
    with tickets that have been merged into it.
    """
    someone, text = _someone(message, command, staff, presence), (command.args or "").strip()
    number = _number(text.split(maxsplit=1)[0]) if text else None
    if number is not None:
        ticket = await tickets.gone_on_as(session, await tickets.get(session, number))
        text = text.partition(" ")[2].strip()
    else:
        ticket = await _about(message, command, session)
    await may(session, Deed.RESOLVE, ticket, station, someone)
    await answering.resolve(session, ticket, someone, reason_of(text), house, now)
    count = len(await requesters.waiting.about(session, ticket.id))
    await message.reply(t.n("desk.closed_all", count, number=ticket.id))
