"""The buttons on a card, in the chat of a station, the office or the supervisors.

    claim · release · accept · recall · resend                done at the press
    history ─▶ everything that happened, below the card, in pages
    return (decline) ─▶ a reason (picked, or written)
    more ─▶ the second keyboard          merge these N ─▶ which ─▶ merged, one answer (both: handlers/staff/more.py)
    resolve ─▶ a reason (picked, or "write it" ─▶ a reply)
    transfer ─▶ a place ─▶ a reason ─▶ offered
    templates ─▶ preview ─▶ sent
    ask, note ─▶ a prompt ─▶ a reply to it (handlers/staff/answers.py)

Every prompt has a way out. A press counts only for members of the chat in which the ticket is.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from aiogram import Router
from aiogram.fsm.context import FSMContext
from aiogram.types import CallbackQuery, Message
from sqlalchemy.ext.asyncio import AsyncSession

from bot import following, keyboards, pasts
from bot.cards import MOST_ALIKE
from bot.filters import AtDesk, Pressed, markup
from bot.following import Past
from bot.keyboards import Choice, Desk
from bot.people import Presence
from bot.texts import Texts
from bot.toolbox import Toolbox
from bot.untrusted import inline
from handlers.screens import show
from handlers.staff import answers, canned
from handlers.staff.common import Writing, elsewhere, expect, may, member
from models import answering, bursts, copies, letters, merging, tickets, walkins, words
from models.errors import Refusal
from models.house import House
from models.outbox import Lane
from models.people import Person
from models.permissions import Deed, must_stand
from models.stations import Station
from models.tickets import Ticket

RESOLUTIONS = ("done", "explained", "elsewhere", "impossible")
TRANSFER_REASONS = ("area", "task", "together")
DECLINE_REASONS = ("not_ours", "no_means", "first")
ALERT_LENGTH = 200
ROW_LENGTH = 40
DEEDS: dict[str, Deed] = {
    "claim": Deed.CLAIM,
    "release": Deed.RELEASE,
    "accept": Deed.ACCEPT,
    "return": Deed.RETURN,
    "recall": Deed.RECALL,
    "resend": Deed.RESEND,
    "history": Deed.HISTORY,
    "ask": Deed.ASK,
    "note": Deed.NOTE,
    "answers": Deed.ANSWER,
    "resolve": Deed.RESOLVE,
    "transfer": Deed.TRANSFER,
    "more": Deed.HISTORY,
    "cluster": Deed.MERGE,
}
"""What each button of a card is about."""
STEPS: dict[str, Deed] = {
    "resolve": Deed.RESOLVE,
    "resolve_write": Deed.RESOLVE,
    "place": Deed.TRANSFER,
    "why": Deed.TRANSFER,
}
"""What each choice below it is about; the others are about an answer."""


def router() -> Router:
    """The handlers of this room's buttons."""
    router = Router(name="cards")
    router.callback_query.register(act, Pressed(Desk), AtDesk())
    router.callback_query.register(choose, Pressed(Choice), AtDesk())
    router.callback_query.register(past, Pressed(Past), AtDesk())
    return router


async def act(
    query: CallbackQuery,
    press: Desk,
    session: AsyncSession,
    now: datetime,
    station: Station,
    staff: Person | None,
    presence: Presence | None,
    house: House,
    t: Texts,
    toolbox: Toolbox,
    state: FSMContext,
) -> None:
    """A button on a card."""
    someone = member(staff, presence)
    ticket = await tickets.get(session, press.ticket)
    if press.act not in DEEDS:
        raise Refusal("desk.old_button")
    await may(session, DEEDS[press.act], ticket, station, someone)
    if press.act == "history":
        text, keyboard = await _history(session, ticket, 0, t, now)
        await below(query, text, keyboard)
        return
    # Another button leaves what was being written: a later reply must not end a ticket that has gone on meanwhile.
    await state.clear()
    match press.act:
        case "claim":
            await answering.claim(session, ticket, someone, house, now)
        case "release":
            await answering.release(session, ticket, someone, house, now)
        case "accept":
            await answering.accept(session, ticket, someone, house, now)
        case "recall":
            await answering.recall(session, ticket, someone, house, now)
        case "return":
            must_stand(Deed.RETURN, ticket)
            found = [(key, t.plain(f"decline.{key}")) for key in DECLINE_REASONS]
            await below(
                query,
                t("desk.decline_why", number=ticket.id),
                keyboards.chosen(t, ticket.id, "decline", found, write="decline_write"),
            )
        case "more":
            await below(query, t("desk.more_text", number=ticket.id), keyboards.more(t, ticket, station))
        case "cluster":
            alike = await merging.alike(session, ticket, MOST_ALIKE)
            folded = await bursts.count(session, [ticket, *alike])
            if not alike and not folded:
                raise Refusal("merge.none_alike", number=ticket.id)
            # What is merged later is what was shown here, and by whom it was seen.
            await state.set_data({"cluster": ticket.id, "these": [each.id for each in alike]})
            text = cluster_text(t, ticket, alike, folded)
            await below(query, text, keyboards.cluster(t, ticket.id, len(alike) + folded + 1))
        case "resend":
            if not await copies.resend(session, ticket, house, now):
                raise Refusal("desk.nothing_to_resend", number=ticket.id)
        case "ask" | "note":
            must_stand(DEEDS[press.act], ticket)
            await expect(state, Writing.question if press.act == "ask" else Writing.note, ticket, now)
            await prompt(session, station, ticket, f"desk.{press.act}_prompt", someone, now)
        case "answers":
            must_stand(Deed.ANSWER, ticket)
            found = canned.buttons(await canned.choices(session, station, toolbox, t))
            await below(query, t("desk.templates", number=ticket.id), keyboards.templates(t, ticket.id, found))
        case "resolve":
            must_stand(Deed.RESOLVE, ticket)
            await below(
                query, t("desk.resolve_how", number=ticket.id), keyboards.resolutions(t, ticket.id, RESOLUTIONS)
            )
        case "transfer":
            must_stand(Deed.TRANSFER, ticket)
            places = await elsewhere(session, station)
            await below(
                query,
                t("desk.transfer_where", number=ticket.id),
                keyboards.places(t, ticket.id, [(p.key, t.pick(p.names)) for p in places]),
            )
        case _:
            raise Refusal("desk.old_button")


async def choose(
    query: CallbackQuery,
    press: Choice,
    session: AsyncSession,
    now: datetime,
    station: Station,
    staff: Person | None,
    presence: Presence | None,
    t: Texts,
    house: House,
    toolbox: Toolbox,
    state: FSMContext,
) -> None:
    """A choice below a card; the ticket is asked anew whether it still allows it."""
    someone = member(staff, presence)
    ticket = await tickets.get(session, press.ticket)
    if press.step == "cancel":
        await state.clear()
        await show(query, t("desk.cancelled"))
        return
    if press.step == "as_me":
        # What they were asked to write is what these words are.
        await answers.as_me(query, ticket, someone, press.value, station, session, house, now, t, state)
        return
    await may(session, STEPS.get(press.step, Deed.ANSWER), ticket, station, someone)
    await state.clear()
    match press.step:
        case "template":
            answer = await canned.chosen(session, station, press.value, toolbox, t)
            text = await canned.said(session, ticket, answer, toolbox, now)
            await show(
                query,
                t("desk.preview", text=text, number=ticket.id),
                keyboards.send_template(t, ticket.id, press.value),
            )
        case "templates":
            found = canned.buttons(await canned.choices(session, station, toolbox, t))
            await show(query, t("desk.templates", number=ticket.id), keyboards.templates(t, ticket.id, found))
        case "send":
            if query.message is None:
                raise Refusal("desk.old_button")
            # A template was written by nobody: it is known by its preview, which sends it once however often it is
            # pressed.
            source = (query.message.chat.id, query.message.message_id)
            if await words.by_source(session, house.vault.tag("source", *source)) is not None:
                raise Refusal("desk.sent_already", number=ticket.id)
            answer = await canned.chosen(session, station, press.value, toolbox, t)
            content = {"type": "text", "text": await canned.said(session, ticket, answer, toolbox, now)}
            await answering.answer(session, ticket, someone, content, house, now, source)
            await canned.used(session, answer.value)
            await show(query, t("desk.template_sent", number=ticket.id, name=someone.name))
        case "resolve" if press.value in RESOLUTIONS:
            reason = toolbox.everywhere(f"resolution.{press.value}")
            await answering.resolve(session, ticket, someone, reason, house, now)
            # Nobody can ask a visitor; the next message asks the staff instead.
            visitor = await walkins.of(session, ticket)
            done = "desk.resolved_visitor" if visitor else "desk.resolved"
            await show(query, t(done, number=ticket.id, name=someone.name))
        case "resolve_write":
            must_stand(Deed.RESOLVE, ticket)
            await expect(state, Writing.resolution, ticket, now)
            await show(query, t("desk.write_below", number=ticket.id))
            await prompt(session, station, ticket, "desk.resolve_prompt", someone, now)
        case "place":
            to = await _place(session, station, press.value)
            await show(
                query,
                t("desk.transfer_why", number=ticket.id, station=t.pick(to.names)),
                keyboards.transfer_reasons(t, ticket.id, to.key, TRANSFER_REASONS),
            )
        case "why" if "." in press.value:
            key, _, why = press.value.partition(".")
            to = await _place(session, station, key)
            if why == "write":
                must_stand(Deed.TRANSFER, ticket)
                await expect(state, Writing.transfer, ticket, now, to=key)
                await show(query, t("desk.write_below", number=ticket.id))
                await prompt(session, station, ticket, "desk.transfer_prompt", someone, now)
                return
            if why not in TRANSFER_REASONS:
                raise Refusal("desk.old_button")
            await answering.transfer(session, ticket, someone, to, toolbox.everywhere(f"transfer.{why}"), house, now)
            await show(query, t("desk.transferred", number=ticket.id, station=t.pick(to.names), name=someone.name))
        case _:
            raise Refusal("desk.old_button")


async def below(query: CallbackQuery, text: str, keyboard: dict[str, object]) -> None:
    """A choice below the card: the card itself stays what it is."""
    if not isinstance(query.message, Message):
        raise Refusal("desk.old_button")
    await query.message.reply(text, reply_markup=markup(keyboard), allow_sending_without_reply=True)


async def prompt(
    session: AsyncSession, station: Station, ticket: Ticket, text: str, staff: Person, now: datetime
) -> None:
    """Asks for words. It is a letter about the ticket, so a reply to it finds the ticket."""
    how: dict[str, Any] = {"ticket": ticket, "keyboard": "cancel", "lane": Lane.ANSWER}
    await letters.to_station(session, station, text, now, **how, name=staff.name)


async def _place(session: AsyncSession, station: Station, key: str) -> Station:
    for place in await elsewhere(session, station):
        if place.key == key:
            return place
    raise Refusal("desk.old_button")


def cluster_text(t: Texts, ticket: Ticket, found: Sequence[Ticket], folded: int) -> str:
    """What would be merged, each with how many wait for it and how it begins; what is folded only by its number."""
    rows = [
        t("merge.row", number=each.id, count=each.requesters, subject=inline(each.subject, ROW_LENGTH))
        for each in (ticket, *found)
    ]
    if folded:
        rows.append(t.n("burst.along", folded))
    return "\n".join([t("merge.cluster", number=ticket.id), *rows])


async def past(
    query: CallbackQuery,
    press: Past,
    session: AsyncSession,
    now: datetime,
    station: Station,
    staff: Person | None,
    presence: Presence | None,
    t: Texts,
) -> None:
    """Another page of a ticket's history, or the newest as it is now, where the history stands."""
    someone = member(staff, presence)
    ticket = await tickets.get(session, press.ticket)
    await may(session, Deed.HISTORY, ticket, station, someone)
    await show(query, *await _history(session, ticket, press.page, t, now))


async def _history(
    session: AsyncSession, ticket: Ticket, page: int, t: Texts, now: datetime
) -> tuple[str, dict[str, Any]]:
    """Everything that happened, a page at a time, the newest first."""
    found = pasts.pages(await pasts.for_staff(session, ticket, t, now))
    page = min(page, len(found) - 1)
    head = t("past.head", number=ticket.id, page=len(found) - page, pages=len(found))
    return f"{head}\n\n{found[page]}", following.history(t, ticket.id, page, len(found) - 1)
