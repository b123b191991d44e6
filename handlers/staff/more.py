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

from typing import Any

from aiogram import Router
from aiogram.fsm.context import FSMContext
from aiogram.types import CallbackQuery
from sqlalchemy.ext.asyncio import AsyncSession

from bot import keyboards
from bot.filters import Pressed
from bot.keyboards import Hand, More, number_on
from bot.summaries import summary
from bot.texts import Texts
from bot.untrusted import inline
from handlers.screens import show
from handlers.staff.cards import DECLINE_REASONS, ROW_LENGTH
from handlers.staff.desk import AtDesk, Desk
from handlers.staff.prompts import Writing, ask, ask_below, forget
from models import answering, merging, projects, retracting, sorting, tickets
from models.errors import Refusal
from models.people import Person
from models.permissions import Deed, must_stand
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


async def act(query: CallbackQuery, press: More, desk: Desk, state: FSMContext) -> None:
    """A button of the second keyboard, or a choice after it; who may and what is possible is asked anew."""
    t = desk.t
    deed = DEEDS.get(press.act)
    if deed is None:
        raise Refusal("desk.old_button")
    ticket, someone = await desk.on(deed, press.ticket)
    must_stand(deed, ticket)
    these = await _shown(desk.session, state, ticket) if press.act == "cluster" else []
    await forget(state)
    match press.act:
        case "assign" | "assign_to":
            await _assign(query, press, ticket, someone, desk)
        case "priority":
            await _prioritise(query, press, ticket, someone, desk)
        case "merge" | "merge_into" | "merge_sure":
            await _merge(query, press, ticket, someone, desk)
        case "cluster":
            count = await merging.merge_all(desk.session, these, ticket, someone, desk.house, desk.now)
            await show(query, t("merge.cluster_done", number=ticket.id, count=count + 1))
            await ask(desk, state, Writing.RESOLUTION, ticket, "desk.resolve_all_prompt")
        case "unmerge":
            whole = await merging.undo(desk.session, ticket, someone, desk.house, desk.now)
            await show(query, t("merge.undone", number=ticket.id, whole=whole.id, name=someone.name))
        case "split":
            await show(query, t("split.how", number=ticket.id))
        case "tag":
            await ask_below(query, desk, state, Writing.TAGS, ticket, "desk.tag_prompt")
        case "reopen":
            await ask_below(query, desk, state, Writing.REOPENING, ticket, "desk.reopen_prompt")
        case "project":
            await _project(query, press, ticket, someone, desk)
        case "project_new":
            await ask_below(query, desk, state, Writing.PROJECT, ticket, "desk.project_prompt")
        case "retract" | "retract_sure":
            await _retract(query, press, ticket, someone, desk)
        case "decline" if press.value in DECLINE_REASONS:
            reason = desk.toolbox.everywhere(f"decline.{press.value}")
            await answering.give_back(desk.session, ticket, someone, reason, desk.house, desk.now)
            await show(query, t("desk.declined", number=ticket.id, name=someone.name))
        case "decline_write":
            await ask_below(query, desk, state, Writing.DECLINE, ticket, "desk.decline_prompt")
        case _:
            raise Refusal("desk.old_button")


async def _assign(query: CallbackQuery, press: More, ticket: Ticket, staff: Person, desk: Desk) -> None:
    there = await desk.around()
    if press.act == "assign":
        found = [(str(each.id), inline(each.name, LABEL_LENGTH)) for each in there if each.id != ticket.claimed_by_id]
        if not found:
            raise Refusal("assign.nobody")
        keyboard = keyboards.chosen(desk.t, ticket.id, "assign_to", found, width=2)
        await show(query, desk.t("assign.whom", number=ticket.id), keyboard)
        return
    to = next((each for each in there if str(each.id) == press.value), None)
    if to is None:
        raise Refusal("assign.not_there")
    await sorting.assign(desk.session, ticket, staff, to, desk.house, desk.now)
    await show(query, desk.t("assign.done", number=ticket.id, name=to.name, by=staff.name))


async def _prioritise(query: CallbackQuery, press: More, ticket: Ticket, staff: Person, desk: Desk) -> None:
    t = desk.t
    level = sorting.PRIORITIES.get(press.value)
    if level is None:
        found = [(key, t.plain(f"priority.{key}")) for key in sorting.PRIORITIES]
        await show(query, t("priority.which", number=ticket.id), keyboards.chosen(t, ticket.id, "priority", found))
        return
    await sorting.prioritise(desk.session, ticket, staff, level, desk.now)
    await show(query, t("priority.done", number=ticket.id, level=t.plain(f"priority.{press.value}"), name=staff.name))


async def _merge(query: CallbackQuery, press: More, ticket: Ticket, staff: Person, desk: Desk) -> None:
    t = desk.t
    if press.act == "merge":
        found = await merging.alike(desk.session, ticket)
        if not found:
            await show(query, t("merge.none_alike", number=ticket.id))
            return
        labels = [(str(each.id), f"#{each.id} {inline(each.subject, LABEL_LENGTH)}") for each in found]
        await show(query, t("merge.which", number=ticket.id), keyboards.chosen(t, ticket.id, "merge_into", labels))
        return
    into = await tickets.get(desk.session, number_on(press.value))
    await desk.may(Deed.MERGE, into)
    if press.act == "merge_into":
        await show(query, *really_merge(ticket, into, desk))
        return
    await merging.merge(desk.session, ticket, into, staff, desk.house, desk.now)
    await show(query, t("merge.done", number=ticket.id, into=into.id, name=staff.name))


def really_merge(ticket: Ticket, into: Ticket, desk: Desk) -> tuple[str, dict[str, Any]]:
    """The screen that asks whether both are one matter: how each begins, and what and where it is about when that is
    not the same.
    """
    t, settings = desk.t, desk.settings
    rows = []
    for each in (ticket, into):
        row = t("merge.row", number=each.id, count=each.requesters, subject=inline(each.subject, ROW_LENGTH))
        where = t.pick(settings.building_names(each.building)) if each.building else t.plain("building.none")
        about = t("merge.about", category=t.pick(settings.category_path(each.category)), building=where)
        rows += [row] if merging.is_likely(ticket, into) else [row, about]
    sure = [(str(into.id), t.plain("merge.sure", number=ticket.id, into=into.id))]
    text = "\n".join([t("merge.really", number=ticket.id, into=into.id), *rows])
    return text, keyboards.chosen(t, ticket.id, "merge_sure", sure)


async def _shown(session: AsyncSession, state: FSMContext, ticket: Ticket) -> list[Ticket]:
    """What this person was shown as alike, once; whoever was shown nothing has to look first."""
    data = await state.get_data()
    if data.pop("cluster", None) != ticket.id:
        raise Refusal("desk.old_button")
    numbers = data.pop("these")
    await state.set_data(data)
    return await tickets.several(session, numbers)


async def _project(query: CallbackQuery, press: More, ticket: Ticket, staff: Person, desk: Desk) -> None:
    t = desk.t
    if not press.value:
        over = await projects.stopped(desk.session)
        found = [
            (
                str(project.id),
                t.plain("project.label", number=project.id, title=inline(project.title, LABEL_LENGTH)),
            )
            for project, _ in await projects.newest(desk.session, LISTED_PROJECTS, over)
        ]
        if ticket.project_id is not None:
            found.append(("0", t.plain("project.none")))
        keys = keyboards.chosen(t, ticket.id, "project", found, write="project_new")
        await show(query, t("project.which", number=ticket.id), keys)
        return
    number = number_on(press.value)
    project = await projects.get(desk.session, number) if number else None
    await sorting.link(desk.session, ticket, staff, project, desk.now)
    await show(query, linked(t, ticket, project))


def linked(t: Texts, ticket: Ticket, project: projects.Project | None) -> str:
    """What it is part of now."""
    if project is None:
        return t("project.unlinked", number=ticket.id)
    return t("project.linked", number=ticket.id, project=project.id, title=project.title)


async def _retract(query: CallbackQuery, press: More, ticket: Ticket, staff: Person, desk: Desk) -> None:
    t = desk.t
    said = await retracting.last_answer(desk.session, ticket.id, staff)
    if said is None:
        raise Refusal("retract.nothing", number=ticket.id)
    if press.act == "retract_sure" and press.value == str(said.id):
        certain = await retracting.retract_answer(desk.session, said, staff, desk.house, desk.now)
        await show(query, t("retract.done" if certain else "retract.done_unsure", number=ticket.id, name=staff.name))
        return
    sure = [(str(said.id), t.plain("retract.sure"))]
    text = t("retract.really", number=ticket.id, text=inline(summary(said.content), 200))
    await show(query, text, keyboards.chosen(t, ticket.id, "retract_sure", sure))


async def hand(query: CallbackQuery, press: Hand, desk: Desk) -> None:
    """/reassign by buttons: whose, then to whom; also whoever has left the group can be named here."""
    t = desk.t
    someone = await desk.may_here(Deed.REASSIGN)
    if not press.giver:
        await show(query, t("desk.cancelled"))
        return
    giver = await desk.session.get(Person, press.giver)
    if giver is None:
        raise Refusal("desk.old_button")
    there = [each for each in await desk.around() if each.id != giver.id]
    if not press.taker:
        if not there:
            raise Refusal("assign.nobody")
        found = [(each.id, inline(each.name, LABEL_LENGTH)) for each in there]
        await show(query, t("reassign.to_whom", name=giver.name), keyboards.people(t, giver.id, found))
        return
    taker = next((each for each in there if each.id == press.taker), None)
    if taker is None:
        raise Refusal("assign.not_there")
    count = await sorting.reassign(desk.session, desk.station, someone, giver, taker, desk.now)
    await show(query, t.n("reassign.done", count, giver=giver.name, taker=taker.name))
