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
from typing import Any

from aiogram import Router
from aiogram.fsm.context import FSMContext
from aiogram.types import CallbackQuery, Message

from bot import following, keyboards, pasts
from bot.cards import MOST_ALIKE
from bot.filters import Pressed, markup
from bot.following import Past
from bot.keyboards import Choice
from bot.texts import Texts
from bot.untrusted import inline
from handlers.screens import show
from handlers.staff import answers, canned
from handlers.staff.desk import AtDesk, Desk
from handlers.staff.prompts import Writing, ask, ask_below, cancel, forget
from models import answering, bursts, copies, merging, tickets, walkins, words
from models.errors import Refusal
from models.permissions import Deed, must_stand
from models.stations import Station
from models.tickets import Ticket

RESOLUTIONS = ("done", "explained", "elsewhere", "impossible")
TRANSFER_REASONS = ("area", "task", "together")
DECLINE_REASONS = ("not_ours", "no_means", "first")
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
    router.callback_query.register(act, Pressed(keyboards.Desk), AtDesk())
    router.callback_query.register(choose, Pressed(Choice), AtDesk())
    router.callback_query.register(past, Pressed(Past), AtDesk())
    return router


async def act(query: CallbackQuery, press: keyboards.Desk, desk: Desk, state: FSMContext) -> None:
    """A button on a card."""
    t = desk.t
    if press.act not in DEEDS:
        raise Refusal("desk.old_button")
    ticket, someone = await desk.on(DEEDS[press.act], press.ticket)
    if press.act == "history":
        await below(query, *await _history(desk, ticket, 0))
        return
    # Another button leaves what was being written: a later reply to the card is an answer again.
    await forget(state)
    match press.act:
        case "claim":
            await answering.claim(desk.session, ticket, someone, desk.house, desk.now)
        case "release":
            await answering.release(desk.session, ticket, someone, desk.house, desk.now)
        case "accept":
            await answering.accept(desk.session, ticket, someone, desk.house, desk.now)
        case "recall":
            await answering.recall(desk.session, ticket, someone, desk.house, desk.now)
        case "return":
            must_stand(Deed.RETURN, ticket)
            found = [(key, t.plain(f"decline.{key}")) for key in DECLINE_REASONS]
            keyboard = keyboards.chosen(t, ticket.id, "decline", found, write="decline_write")
            await below(query, t("desk.decline_why", number=ticket.id), keyboard)
        case "more":
            await below(query, t("desk.more_text", number=ticket.id), keyboards.more(t, ticket, desk.station))
        case "cluster":
            alike = await merging.alike(desk.session, ticket, MOST_ALIKE)
            folded = await bursts.count(desk.session, [ticket.id, *(each.id for each in alike)])
            if not alike and not folded:
                raise Refusal("merge.none_alike", number=ticket.id)
            # What is merged later is what was shown here, and by whom it was seen.
            await state.update_data(cluster=ticket.id, these=[each.id for each in alike])
            text = cluster_text(t, ticket, alike, folded)
            await below(query, text, keyboards.cluster(t, ticket.id, len(alike) + folded + 1))
        case "resend":
            if not await copies.resend(desk.session, ticket, desk.house, desk.now):
                raise Refusal("desk.nothing_to_resend", number=ticket.id)
        case "ask" | "note":
            must_stand(DEEDS[press.act], ticket)
            writing = Writing.QUESTION if press.act == "ask" else Writing.NOTE
            await ask(desk, state, writing, ticket, f"desk.{press.act}_prompt")
        case "answers":
            must_stand(Deed.ANSWER, ticket)
            await below(query, *canned.offered(desk, ticket, await canned.choices(desk)))
        case "resolve":
            must_stand(Deed.RESOLVE, ticket)
            keyboard = keyboards.resolutions(t, ticket.id, RESOLUTIONS)
            await below(query, t("desk.resolve_how", number=ticket.id), keyboard)
        case "transfer":
            must_stand(Deed.TRANSFER, ticket)
            places = [(place.key, t.pick(place.names)) for place in await desk.elsewhere()]
            keyboard = keyboards.places(t, ticket.id, places)
            await below(query, t("desk.transfer_where", number=ticket.id), keyboard)
        case _:
            raise Refusal("desk.old_button")


async def choose(query: CallbackQuery, press: Choice, desk: Desk, state: FSMContext) -> None:
    """A choice below a card; the ticket is asked anew whether it still allows it."""
    t = desk.t
    someone = desk.member()
    ticket = await tickets.get(desk.session, press.ticket)
    if press.step == "cancel":
        await forget(state)
        await cancel(desk.session, query)
        await show(query, t("desk.cancelled"))
        return
    if press.step == "as_me":
        # What they were asked to write is what these words are.
        await answers.as_me(query, ticket, press.value, desk, state)
        return
    await desk.may(STEPS.get(press.step, Deed.ANSWER), ticket)
    await forget(state)
    match press.step:
        case "template":
            await show(query, *await canned.preview(desk, ticket, await canned.chosen(desk, press.value)))
        case "templates":
            await show(query, *canned.offered(desk, ticket, await canned.choices(desk)))
        case "send":
            if query.message is None:
                raise Refusal("desk.old_button")
            # A template was written by nobody: it is known by its preview, which sends it once however often it is
            # pressed.
            source = (query.message.chat.id, query.message.message_id)
            if await words.by_source(desk.session, desk.house.vault.tag("source", *source)) is not None:
                raise Refusal("desk.sent_already", number=ticket.id)
            answer = await canned.chosen(desk, press.value)
            content = {"type": "text", "text": await canned.said(desk, ticket, answer)}
            await answering.answer(desk.session, ticket, someone, content, desk.house, desk.now, source)
            await canned.used(desk.session, answer.value)
            await show(query, t("desk.template_sent", number=ticket.id, name=someone.name))
        case "resolve" if press.value in RESOLUTIONS:
            reason = desk.toolbox.everywhere(f"resolution.{press.value}")
            await answering.resolve(desk.session, ticket, someone, reason, desk.house, desk.now)
            # Nobody can ask a visitor; the next message asks the staff instead.
            visitor = await walkins.of(desk.session, ticket)
            done = "desk.resolved_visitor" if visitor else "desk.resolved"
            await show(query, t(done, number=ticket.id, name=someone.name))
        case "resolve_write":
            must_stand(Deed.RESOLVE, ticket)
            await ask_below(query, desk, state, Writing.RESOLUTION, ticket, "desk.resolve_prompt")
        case "place":
            to = await _place(desk, press.value)
            await show(
                query,
                t("desk.transfer_why", number=ticket.id, station=t.pick(to.names)),
                keyboards.transfer_reasons(t, ticket.id, to.key, TRANSFER_REASONS),
            )
        case "why" if "." in press.value:
            key, _, why = press.value.partition(".")
            to = await _place(desk, key)
            if why == "write":
                must_stand(Deed.TRANSFER, ticket)
                await ask_below(query, desk, state, Writing.TRANSFER, ticket, "desk.transfer_prompt", to=key)
                return
            if why not in TRANSFER_REASONS:
                raise Refusal("desk.old_button")
            reason = desk.toolbox.everywhere(f"transfer.{why}")
            await answering.transfer(desk.session, ticket, someone, to, reason, desk.house, desk.now)
            await show(query, t("desk.transferred", number=ticket.id, station=t.pick(to.names), name=someone.name))
        case _:
            raise Refusal("desk.old_button")


async def below(query: CallbackQuery, text: str, keyboard: dict[str, object]) -> None:
    """A choice below the card: the card itself stays what it is."""
    if not isinstance(query.message, Message):
        raise Refusal("desk.old_button")
    await query.message.reply(text, reply_markup=markup(keyboard), allow_sending_without_reply=True)


async def _place(desk: Desk, key: str) -> Station:
    for place in await desk.elsewhere():
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


async def past(query: CallbackQuery, press: Past, desk: Desk) -> None:
    """Another page of a ticket's history, or the newest as it is now, where the history stands."""
    ticket, _ = await desk.on(Deed.HISTORY, press.ticket)
    await show(query, *await _history(desk, ticket, press.page))


async def _history(desk: Desk, ticket: Ticket, page: int) -> tuple[str, dict[str, Any]]:
    """Everything that happened, a page at a time, the newest first."""
    found = pasts.pages(await pasts.for_staff(desk.session, ticket, desk.t, desk.now))
    page = min(page, len(found) - 1)
    head = desk.t("past.head", number=ticket.id, page=len(found) - page, pages=len(found))
    return f"{head}\n\n{found[page]}", following.history(desk.t, ticket.id, page, len(found) - 1)
