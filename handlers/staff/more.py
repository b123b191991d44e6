"""The second keyboard of a card, and what is chosen after it.

    ⋯ More ─▶ assign ─▶ a colleague who is in the group
              merge… ─▶ a ticket that reads alike ─▶ really? ─▶ merged       merge these N ─▶ merged ─▶ one answer
              priority ─▶ which          project ─▶ which, or a new one ─▶ its title
              tags, reopen ─▶ a prompt ─▶ a reply to it (handlers/staff/answers.py)
              retract ─▶ really? ─▶ the last answer of whoever pressed
              split ─▶ how it is done: a reply says which words
    /reassign ─▶ whose ─▶ to whom

Who may do each of these is asked at every press.
"""

from __future__ import annotations

from datetime import datetime

from aiogram import Router
from aiogram.fsm.context import FSMContext
from aiogram.fsm.state import State
from aiogram.types import CallbackQuery
from sqlalchemy.ext.asyncio import AsyncSession

from bot import keyboards
from bot.cards import summary
from bot.filters import AtDesk, Pressed
from bot.keyboards import Hand, More
from bot.people import Presence
from bot.texts import Texts
from bot.toolbox import Toolbox
from bot.untrusted import inline
from handlers.screens import show
from handlers.staff.cards import DECLINE_REASONS, ROW_LENGTH, prompt
from handlers.staff.common import Writing, around, expect, may, may_here, member
from models import answering, colleagues, merging, projects, retracting, sorting, tickets
from models.errors import Refusal
from models.house import House
from models.people import Person
from models.permissions import Deed, must_stand
from models.stations import Station
from models.tickets import Ticket

LISTED_PROJECTS = 6
LABEL_LENGTH = 28
DEEDS: dict[str, Deed] = {
    "assign": Deed.ASSIGN,
    "assign_to": Deed.ASSIGN,
    "priority": Deed.PRIORITY,
    "merge": Deed.MERGE,
    "merge_into": Deed.MERGE,
    "merge_sure": Deed.MERGE,
    "cluster": Deed.MERGE,
    "unmerge": Deed.UNMERGE,
    "split": Deed.SPLIT,
    "tag": Deed.TAG,
    "project": Deed.PROJECT,
    "project_new": Deed.PROJECT,
    "retract": Deed.RETRACT,
    "retract_sure": Deed.RETRACT,
    "reopen": Deed.REOPEN,
    "decline": Deed.RETURN,
    "decline_write": Deed.RETURN,
}


def router() -> Router:
    """The handlers of these buttons."""
    router = Router(name="more")
    router.callback_query.register(act, Pressed(More), AtDesk())
    router.callback_query.register(hand, Pressed(Hand), AtDesk())
    return router


async def act(
    query: CallbackQuery,
    press: More,
    session: AsyncSession,
    now: datetime,
    station: Station,
    staff: Person | None,
    presence: Presence | None,
    house: House,
    toolbox: Toolbox,
    t: Texts,
    state: FSMContext,
) -> None:
    """A button of the second keyboard, or a choice after it; who may and what is possible is asked anew."""
    someone = member(staff, presence)
    ticket = await tickets.get(session, press.ticket)
    deed = DEEDS.get(press.act)
    if deed is None:
        raise Refusal("desk.old_button")
    await may(session, deed, ticket, station, someone)
    must_stand(deed, ticket)
    these = await _shown(session, state, ticket) if press.act == "cluster" else []
    await state.clear()
    match press.act:
        case "assign" | "assign_to":
            await _assign(query, press, ticket, someone, presence, station, session, house, now, t)
        case "priority":
            await _prioritise(query, press, ticket, someone, session, now, t)
        case "merge" | "merge_into" | "merge_sure":
            await _merge(query, press, ticket, someone, station, session, house, now, t)
        case "cluster":
            count = await merging.merge_all(session, these, ticket, someone, house, now)
            await show(query, t("merge.cluster_done", number=ticket.id, count=count + 1))
            await expect(state, Writing.resolution, ticket, now)
            await prompt(session, station, ticket, "desk.resolve_all_prompt", someone, now)
        case "unmerge":
            whole = await merging.undo(session, ticket, someone, house, now)
            await show(query, t("merge.undone", number=ticket.id, whole=whole.id, name=someone.name))
        case "split":
            await show(query, t("split.how", number=ticket.id))
        case "tag":
            await _ask(query, Writing.tags, "desk.tag_prompt", ticket, someone, station, session, now, t, state)
        case "reopen":
            await _ask(query, Writing.reopening, "desk.reopen_prompt", ticket, someone, station, session, now, t, state)
        case "project":
            await _project(query, press, ticket, someone, session, now, t)
        case "project_new":
            await _ask(query, Writing.project, "desk.project_prompt", ticket, someone, station, session, now, t, state)
        case "retract" | "retract_sure":
            await _retract(query, press, ticket, someone, session, house, now, t)
        case "decline" if press.value in DECLINE_REASONS:
            reason = toolbox.everywhere(f"decline.{press.value}")
            await answering.give_back(session, ticket, someone, reason, house, now)
            await show(query, t("desk.declined", number=ticket.id, name=someone.name))
        case "decline_write":
            await _ask(query, Writing.decline, "desk.decline_prompt", ticket, someone, station, session, now, t, state)
        case _:
            raise Refusal("desk.old_button")


async def _ask(
    query: CallbackQuery,
    writing: State,
    text: str,
    ticket: Ticket,
    staff: Person,
    station: Station,
    session: AsyncSession,
    now: datetime,
    t: Texts,
    state: FSMContext,
) -> None:
    """Words are needed: a prompt below, and the next reply is them."""
    await expect(state, writing, ticket, now)
    await show(query, t("desk.write_below", number=ticket.id))
    await prompt(session, station, ticket, text, staff, now)


async def _assign(
    query: CallbackQuery,
    press: More,
    ticket: Ticket,
    staff: Person,
    presence: Presence | None,
    station: Station,
    session: AsyncSession,
    house: House,
    now: datetime,
    t: Texts,
) -> None:
    there = around(await colleagues.of(session, station, now), presence)
    if press.act == "assign":
        found = [(str(each.id), inline(each.name, LABEL_LENGTH)) for each in there if each.id != ticket.claimed_by_id]
        if not found:
            raise Refusal("assign.nobody")
        await show(
            query, t("assign.whom", number=ticket.id), keyboards.chosen(t, ticket.id, "assign_to", found, width=2)
        )
        return
    to = next((each for each in there if str(each.id) == press.value), None)
    if to is None:
        raise Refusal("assign.not_there")
    await sorting.assign(session, ticket, staff, to, house, now)
    await show(query, t("assign.done", number=ticket.id, name=to.name, by=staff.name))


async def _prioritise(
    query: CallbackQuery, press: More, ticket: Ticket, staff: Person, session: AsyncSession, now: datetime, t: Texts
) -> None:
    level = sorting.PRIORITIES.get(press.value)
    if level is None:
        found = [(key, t.plain(f"priority.{key}")) for key in sorting.PRIORITIES]
        await show(query, t("priority.which", number=ticket.id), keyboards.chosen(t, ticket.id, "priority", found))
        return
    await sorting.prioritise(session, ticket, staff, level, now)
    await show(query, t("priority.done", number=ticket.id, level=t.plain(f"priority.{press.value}"), name=staff.name))


async def _merge(
    query: CallbackQuery,
    press: More,
    ticket: Ticket,
    staff: Person,
    station: Station,
    session: AsyncSession,
    house: House,
    now: datetime,
    t: Texts,
) -> None:
    if press.act == "merge":
        found = await merging.alike(session, ticket)
        if not found:
            await show(query, t("merge.none_alike", number=ticket.id))
            return
        labels = [(str(each.id), f"#{each.id} {inline(each.subject, LABEL_LENGTH)}") for each in found]
        await show(query, t("merge.which", number=ticket.id), keyboards.chosen(t, ticket.id, "merge_into", labels))
        return
    if not (press.value.isascii() and press.value.isdigit()):
        raise Refusal("desk.old_button")
    into = await tickets.get(session, int(press.value[: keyboards.MOST_DIGITS]))
    await may(session, Deed.MERGE, into, station, staff)
    if press.act == "merge_into":
        rows = [
            t("merge.row", number=each.id, count=each.requesters, subject=inline(each.subject, ROW_LENGTH))
            for each in (ticket, into)
        ]
        sure = [(str(into.id), t.plain("merge.sure", number=ticket.id, into=into.id))]
        text = "\n".join([t("merge.really", number=ticket.id, into=into.id), *rows])
        await show(query, text, keyboards.chosen(t, ticket.id, "merge_sure", sure))
        return
    await merging.merge(session, ticket, into, staff, house, now)
    await show(query, t("merge.done", number=ticket.id, into=into.id, name=staff.name))


async def _shown(session: AsyncSession, state: FSMContext, ticket: Ticket) -> list[Ticket]:
    """What this person was shown as alike; whoever was shown nothing has to look first."""
    data = await state.get_data()
    if data.get("cluster") != ticket.id:
        raise Refusal("desk.old_button")
    return await tickets.several(session, data["these"])


async def _project(
    query: CallbackQuery, press: More, ticket: Ticket, staff: Person, session: AsyncSession, now: datetime, t: Texts
) -> None:
    if not press.value:
        found = [
            (str(project.id), t.plain("project.label", number=project.id, title=inline(project.title, LABEL_LENGTH)))
            for project, _ in await projects.newest(session, LISTED_PROJECTS)
        ]
        if ticket.project_id is not None:
            found.append(("0", t.plain("project.none")))
        keys = keyboards.chosen(t, ticket.id, "project", found, write="project_new")
        await show(query, t("project.which", number=ticket.id), keys)
        return
    if not (press.value.isascii() and press.value.isdigit() and len(press.value) <= keyboards.MOST_DIGITS):
        raise Refusal("desk.old_button")
    project = await projects.get(session, int(press.value)) if int(press.value) else None
    await sorting.link(session, ticket, staff, project, now)
    await show(query, linked(t, ticket, project))


def linked(t: Texts, ticket: Ticket, project: projects.Project | None) -> str:
    """What it is part of now."""
    if project is None:
        return t("project.unlinked", number=ticket.id)
    return t("project.linked", number=ticket.id, project=project.id, title=project.title)


async def _retract(
    query: CallbackQuery,
    press: More,
    ticket: Ticket,
    staff: Person,
    session: AsyncSession,
    house: House,
    now: datetime,
    t: Texts,
) -> None:
    said = await retracting.last_answer(session, ticket.id, staff)
    if said is None:
        raise Refusal("retract.nothing", number=ticket.id)
    if press.act == "retract_sure" and press.value == str(said.id):
        certain = await retracting.retract_answer(session, said, staff, house, now)
        await show(query, t("retract.done" if certain else "retract.done_unsure", number=ticket.id, name=staff.name))
        return
    sure = [(str(said.id), t.plain("retract.sure"))]
    text = t("retract.really", number=ticket.id, text=inline(summary(said.content), 200))
    await show(query, text, keyboards.chosen(t, ticket.id, "retract_sure", sure))


async def hand(
    query: CallbackQuery,
    press: Hand,
    session: AsyncSession,
    now: datetime,
    station: Station,
    staff: Person | None,
    presence: Presence | None,
    t: Texts,
) -> None:
    """/reassign by buttons: whose, then to whom; also whoever has left the group can be named here."""
    someone = member(staff, presence)
    await may_here(session, Deed.REASSIGN, station, someone)
    if not press.giver:
        await show(query, t("desk.cancelled"))
        return
    giver = await session.get(Person, press.giver)
    if giver is None:
        raise Refusal("desk.old_button")
    there = [each for each in around(await colleagues.of(session, station, now), presence) if each.id != giver.id]
    if not press.taker:
        if not there:
            raise Refusal("assign.nobody")
        found = [(each.id, inline(each.name, LABEL_LENGTH)) for each in there]
        await show(query, t("reassign.to_whom", name=giver.name), keyboards.people(t, giver.id, found))
        return
    taker = next((each for each in there if each.id == press.taker), None)
    if taker is None:
        raise Refusal("assign.not_there")
    count = await sorting.reassign(session, station, someone, giver, taker, now)
    await show(query, t.n("reassign.done", count, giver=giver.name, taker=taker.name))
