"""A student follows one of their tickets closely.

/mine ─▶ one ticket ─▶ timeline (pages) · who can read this
                    └▶ retract ─▶ sure? ─▶ what they said last is erased (with it the ticket, if that was all)
                    └▶ closed too long ago: "it is back" ─▶ a draft that goes on from it (`new.py`)
a draft that reads like what was just dealt with ─▶ "it is back" ─▶ their own: reopened · another's: goes on from it
"""

from __future__ import annotations

from aiogram import Router
from aiogram.filters import StateFilter
from aiogram.types import CallbackQuery

from bot import following, menus, pasts
from bot.aliases import called
from bot.filters import Pressed
from bot.following import Back, Look
from bot.keyboards import back_to_ticket
from bot.summaries import excerpt
from handlers.screens import show
from handlers.students import mine
from handlers.students.talk import Private, Talk
from handlers.students.walk import New, OfDraft, Walk, walking
from models import asking, permissions, requesters, retracting, tickets
from models import following as goes_on
from models.errors import Refusal
from models.lifecycle import ENDED, OPEN, Kind, State
from models.permissions import Deed, Who
from models.requesters import Requester
from models.stations import Station
from models.tickets import Ticket

DEEDS = {
    "who": Deed.VIEW,
    "past": Deed.VIEW,
    "retract": Deed.TAKE_BACK,
    "retract_sure": Deed.TAKE_BACK,
    "again": Deed.FILE,
}
"""What each closer look is about."""


def router() -> Router:
    """This conversation's handlers."""
    router = Router(name="following")
    private = Private()
    router.callback_query.register(look, Pressed(Look), private, walking)
    router.callback_query.register(back, OfDraft(Back), private, StateFilter(New.similar), walking)
    return router


async def look(query: CallbackQuery, press: Look, walk: Walk) -> None:
    """A closer look at one's own ticket; whose it is and what is possible is asked anew at every press."""
    session, house, t, now = walk.session, walk.house, walk.t, walk.now
    deed = DEEDS.get(press.act)
    if deed is None:
        raise Refusal("old.button")
    ticket, place = await walk.own(deed, press.ticket)
    match press.act:
        case "who":
            await show(query, await _who_reads(ticket, place, walk), back_to_ticket(t, ticket.id))
        case "past":
            found = pasts.pages(await pasts.for_requester(session, ticket, place, t, now))
            page = min(press.page, len(found) - 1)
            text = t("past.yours", number=ticket.id) + "\n\n" + found[page]
            await show(query, text, following.timeline(t, ticket.id, page, len(found) - 1))
        case "retract":
            last = await retracting.last_of(session, ticket, place)
            if not last:
                raise Refusal("take_back.nothing", number=ticket.id)
            key = "take_back.sure_all" if await retracting.is_all(session, ticket, place) else "take_back.sure"
            text = excerpt([said.content for said in last])
            await show(query, t(key, number=ticket.id, words=text), following.retract_sure(t, ticket.id))
        case "retract_sure":
            withdrawn = await retracting.retract(session, ticket, place, house, now)
            if withdrawn:
                done = "take_back.left" if place.left else "take_back.withdrawn"
                await show(query, t(done, number=ticket.id), menus.back_home(t))
                return
            await query.answer(t.plain("take_back.done", number=ticket.id), show_alert=True)
            await mine.show_ticket(query, ticket, place, walk)
        case "again":
            if not await goes_on.may_go_on(session, ticket, place, now):
                raise Refusal("old.button")
            left = await walk.leave()
            walk.data = {
                "kind": ticket.kind,
                "category": ticket.category,
                "building": ticket.building,
                "follows": ticket.id,
                "follows_anonymous": place.anonymous,
            }
            if ticket.category not in walk.settings.category_keys():
                # Config has changed since: they choose anew.
                del walk.data["category"]
            await walk.go_on(left + t("follow.begun", number=ticket.id) + "\n\n")
        case _:
            raise Refusal("old.button")


async def back(query: CallbackQuery, press: Back, walk: Walk) -> None:
    """The draft is about something that was just dealt with. One's own ticket is reopened with these words; another's
    is left as it is, and the new one says what it goes on from.
    """
    session, house, now = walk.session, walk.house, walk.now
    if press.ticket not in walk.data.get("ended", []):
        raise Refusal("old.button")
    ticket = await tickets.get(session, press.ticket)
    place = await requesters.find(session, press.ticket, walk.person, house.vault)
    who = Who.STRANGER if place is None else Who.REQUESTER
    if (
        place is not None
        and permissions.may(Deed.REOPEN, (who,))
        and not await goes_on.is_too_late(session, ticket, place, now)
    ):
        await asking.reopen(session, ticket, place, house, now)
        await asking.add(session, ticket, place, walk.parts, house, now)
        await walk.state.clear()
        await show(query, walk.t("follow.reopened", number=ticket.id), back_to_ticket(walk.t, ticket.id))
        return
    walk.data |= {
        "follows": ticket.id,
        "follows_anonymous": place is not None and place.anonymous,
        "similar_seen": True,
    }
    await walk.go_on()


async def _who_reads(ticket: Ticket, place: Requester, talk: Talk) -> str:
    """Everybody who can read the ticket now, and what of it."""
    session, t = talk.session, talk.t
    here = t.pick((await session.get_one(Station, ticket.station_id)).names)
    rows = [t("who.head", number=ticket.id)]
    if place.anonymous:
        rows.append(t("who.you_anonymous", who=called(t, place)))
    else:
        rows.append(t("who.you_named"))
    rows.append(t("who.station", station=here))
    if ticket.from_station_id is not None:
        first = await session.get_one(Station, ticket.from_station_id)
        rows.append(t("who.offered", station=t.pick(first.names)))
    if ticket.state in OPEN and ticket.escalation:
        rows.append(t(f"mine.told.{ticket.escalation}"))
    elif ticket.state in OPEN:
        rows.append(t("who.overdue"))
    if ticket.kind is Kind.THANKS:
        rows.append(t("who.thanks"))
    elif ticket.state in OPEN:
        rows.append(t("similar.others"))
    elif ticket.state in (State.RESOLVED, State.CLOSED):
        rows.append(t("who.ended"))
    rows.append(t("who.others"))
    if place.anonymous:
        rows.append(t("who.keys_ended" if ticket.state in ENDED else "who.keys"))
    rows.append(t("who.retracted"))
    return "\n\n".join(rows)
