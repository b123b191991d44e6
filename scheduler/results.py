"""What came of an attempt to send, written down: the row's end or its next try, and what follows for tickets, chats
and people (laws 6–8).

Each function runs inside the courier's transaction. Which end it is says `verdict.judge`; here is what it means.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, cast

import structlog
from sqlalchemy import Table, bindparam, insert, select
from sqlalchemy.ext.asyncio import AsyncSession
from telegram.error import ChatMigrated

from bot.calls import Letter
from models import copies, letters, lost_polls, outbox, postings, pulses, quizzes, seating, stations, tickets
from models.outbox import Lane, Outgoing, Repeat, Sending
from models.sessions import plainly
from models.tickets import Ticket
from models.union import comments, deliveries, received
from models.vault import Vault
from models.words import Words
from scheduler.verdict import Fate, Verdict

log = structlog.get_logger()

_POST = insert(cast(Table, postings.Posting.__table__))
_SHOWN = (
    select(Words)
    .where(Words.id.in_(bindparam("numbers", expanding=True)))
    .order_by(Words.id)
    .with_for_update()
    .execution_options(populate_existing=True)
)

CARD_AGAIN = timedelta(hours=1)
"""When a card of which nobody knows whether it stands there is drawn anew, if nothing has done so before."""

_FREE = (
    select(Outgoing)
    .where(Outgoing.id.in_(bindparam("numbers", expanding=True)))
    .order_by(Outgoing.id)
    .with_for_update(skip_locked=True)
)


@dataclass
class Attempt:
    """One row on its way."""

    row: Outgoing
    """As it was taken; what has become of it since, the database knows."""
    chat_id: int
    letter: Letter
    skip: int = 0
    """Calls that an earlier attempt has made already."""
    results: list[Any] = field(default_factory=list)
    """What Telegram returned to the calls of this attempt, in order."""
    weight: int = 1
    """As how many messages the chat counts the first call."""
    thread_id: int | None = None
    """The forum topic that this attempt has made."""
    verdict: Verdict | None = None
    error: Exception | None = None
    number: int = field(init=False)
    """The row's, also when the transaction that took it was undone."""

    def __post_init__(self) -> None:
        self.number = self.row.id

    @property
    def attempts(self) -> int:
        """How many this one makes."""
        return self.row.attempts + 1


async def settle(session: AsyncSession, attempts: Sequence[Attempt], now: datetime, vault: Vault) -> None:
    """Write what came of these attempts."""
    if not attempts:
        return
    shown = await _shown(session, attempts)
    await _made(session, attempts, vault)
    for attempt in attempts:
        await _follow(session, attempt, shown, now)
    through = [a for a in attempts if a.verdict is not None and a.verdict.fate is Fate.SENT]
    arrived = await _arrived(session, through)
    for attempt in arrived:
        await _sent(session, attempt, vault)
    for ticket_id in sorted({a.row.ticket_id for a in arrived if _is_answer(a.row) and a.row.ticket_id is not None}):
        await _touch_card(session, ticket_id, now)
    others = {a.row.id: a for a in attempts if a.verdict is not None and a.verdict.fate is not Fate.SENT}
    if others:
        rows = await session.scalars(select(Outgoing).where(Outgoing.id.in_(others), Outgoing.state == Sending.SENDING))
        for row in rows.all():
            await _settle(session, row, others[row.id], now, vault)


async def cleared(session: AsyncSession, doubtful: Sequence[Attempt]) -> tuple[list[Attempt], list[Attempt]]:
    """Of attempts of which nobody knows whether they were written down: those that have ended and are not, and those
    of which it is still open. Those that were called leaving and did not leave are due again.

    A row that is locked belongs to the transaction nobody has heard of: it may still end either way, and is not waited
    for.
    """
    numbers = [attempt.number for attempt in doubtful]
    free = {row.id: row for row in await session.scalars(_FREE, {"numbers": numbers})}
    there = set(await session.scalars(select(Outgoing.id).where(Outgoing.id.in_(numbers))))
    ended = list[Attempt]()
    for attempt in doubtful:
        row = free.get(attempt.number)
        if row is None or row.state is not Sending.SENDING:
            continue
        if attempt.verdict is not None:
            ended.append(attempt)
        else:
            row.state = Sending.DUE
            row.attempts -= 1
    await session.flush()
    return ended, [each for each in doubtful if each.number in there and each.number not in free]


async def _shown(session: AsyncSession, attempts: Sequence[Attempt]) -> dict[int, Words]:
    """The words that these attempts showed, as they are now. Somebody may be editing them at this moment: locked, so
    that one of the two sees what the other did.
    """
    numbers = {words_id for attempt in attempts for words_id in attempt.letter.editions}
    if not numbers:
        return {}
    return {said.id: said for said in await session.scalars(_SHOWN, {"numbers": sorted(numbers)})}


async def _arrived(session: AsyncSession, attempts: Sequence[Attempt]) -> list[Attempt]:
    """Write down, all at once, that these got through; those of them that were still on their way until now."""
    if not attempts:
        return []
    ended = await outbox.sent(session, [attempt.row.id for attempt in attempts])
    return [attempt for attempt in attempts if attempt.row.id in ended]


async def _settle(session: AsyncSession, row: Outgoing, attempt: Attempt, now: datetime, vault: Vault) -> None:
    """What follows from an attempt that did not get through."""
    verdict = attempt.verdict
    assert verdict is not None, "an attempt that has ended has been judged"
    match verdict.fate:
        case Fate.AGAIN:
            _again(row, attempt, verdict, now + verdict.pause)
        case Fate.HELD | Fate.NOT_SENT:
            # Neither is an attempt: Telegram has not looked at the message.
            row.attempts -= 1
            _again(row, attempt, verdict, now)
        case Fate.DENIED:
            _again(row, attempt, verdict, now)
        case Fate.MOVED:
            await _moved(session, row, attempt, verdict, now)
        case Fate.GONE:
            await _gone(session, row, attempt, verdict, now, vault)
        case Fate.NO_REPLY:
            _without(row, "reply_parameters")
            _again(row, attempt, verdict, now)
        case Fate.NO_TOPIC:
            await _no_topic(session, row, attempt, verdict, now)
        case Fate.NO_TOPICS:
            station = await stations.by_chat(session, attempt.chat_id)
            if station is not None and station.topics:
                station.topics = False
                key = f"no_topics:{station.key}:{now:%Y%m%d}"
                await letters.to_station(session, station, "desk.no_topics", now, dedupe=key)
            log.warning(
                "no forum topic can be made: cards stand one below the other", chat=attempt.chat_id, why=verdict.reason
            )
            _again(row, attempt, verdict, now)
        case Fate.UNREADABLE if not (row.payload or {}).get(outbox.PLAIN):
            row.payload = {**(row.payload or {}), outbox.PLAIN: True}
            _again(row, attempt, verdict, now)
        case Fate.BLOCKED:
            _made_so_far(row, attempt)
            await end(session, row, Sending.FAILED, outbox.BLOCKED, now, vault)
        case Fate.SHUT_OUT:
            _made_so_far(row, attempt)
            log.error("the bot may not write to a group", chat=attempt.chat_id, why=verdict.reason)
            await _shut_out(session, attempt.chat_id, now)
            await end(session, row, Sending.FAILED, verdict.reason, now, vault)
        case Fate.FAILED | Fate.UNREADABLE:
            _made_so_far(row, attempt)
            log.warning("Telegram refused a message", row=row.id, why=verdict.reason)
            await end(session, row, Sending.FAILED, verdict.reason, now, vault)
        case Fate.UNKNOWN:
            _made_so_far(row, attempt)
            await end(session, row, Sending.UNKNOWN, verdict.reason, now, vault)


async def end(session: AsyncSession, row: Outgoing, state: Sending, reason: str, now: datetime, vault: Vault) -> None:
    """The row ends without having been sent for certain; staff see it on the card."""
    row.state, row.reason = state, reason
    if _is_answer(row) and row.ticket_id is not None:
        await _touch_card(session, row.ticket_id, now)
    if row.letter == "publication":
        await deliveries.ended(session, row.payload or {}, state, vault)
    if row.letter == "card" and state is Sending.UNKNOWN:
        # Nothing else would show the ticket until its next step. No topic: what happens before is shown before.
        await outbox.post(
            session,
            now=now,
            lane=Lane.TICKET,
            repeat=Repeat.NUMBERED,
            chat_id=row.chat_id,
            letter="card",
            ticket_id=row.ticket_id,
            not_before=now + CARD_AGAIN,
        )
    await lost_polls.tell(session, row, now)
    outbox.forget(row)


async def doubted(session: AsyncSession, rows: Sequence[Outgoing], now: datetime, vault: Vault) -> int:
    """Of these, which may have been sent after the backup that they come from, what may not come twice ends as unknown.
    Returns how many.
    """
    ended = [row for row in rows if not outbox.may_come_twice(row)]
    for row in ended:
        await end(session, row, Sending.UNKNOWN, "it may have been sent after the backup was taken", now, vault)
    return len(ended)


async def _made(session: AsyncSession, attempts: Sequence[Attempt], vault: Vault) -> None:
    """Whatever was made is there, however the attempt ended: people reply to it, and edits have to find it."""
    made: list[dict[str, Any]] = []
    for attempt in attempts:
        row = attempt.row
        if row.letter == "publication":
            await _published(session, attempt, vault)
        if row.ticket_id is None:
            continue
        if attempt.thread_id is not None:
            card = await postings.card_of(session, row.ticket_id, attempt.chat_id)
            if card is not None:
                card.thread_id = attempt.thread_id
                card.topic_name, card.topic_closed = attempt.letter.topic, False
        if row.letter not in ("words", "notice", "so_far"):
            continue
        for call, result in zip(attempt.letter.calls[attempt.skip :], attempt.results, strict=False):
            ids = _message_ids(result)
            for message_id, words_id in zip(ids, (*call.shows, *[None] * (len(ids) - len(call.shows))), strict=True):
                made.append(
                    {
                        "chat_id": None if row.requester_id else attempt.chat_id,
                        "requester_id": row.requester_id,
                        "message_id": message_id,
                        "ticket_id": row.ticket_id,
                        "words_id": words_id,
                        "prompt": (row.payload or {}).get("prompt") if row.letter == "notice" else None,
                    }
                )
    if made:
        await plainly(session, _POST, made)


async def _published(session: AsyncSession, attempt: Attempt, vault: Vault) -> None:
    """The first call of a publication brings its words, the others what is attached."""
    about = attempt.row.payload or {}
    for place, result in enumerate(attempt.results, attempt.skip):
        for message_id in _message_ids(result):
            await (received.file if place else received.words)(session, about, message_id, vault)


async def _follow(session: AsyncSession, attempt: Attempt, shown: Mapping[int, Words], now: datetime) -> None:
    """What was edited after it was drawn follows as an edit of what was just made. Which edition was drawn decides
    this, not the time: an edit may be written down later than the moment it bears.
    """
    if not attempt.results:
        return
    for words_id, edition in attempt.letter.editions.items():
        if shown[words_id].edited_at != edition:
            await copies.edited(session, shown[words_id], now)


async def _sent(session: AsyncSession, attempt: Attempt, vault: Vault) -> None:
    """What follows from an attempt that got through."""
    row = attempt.row
    if row.letter == "card":
        await _card_sent(session, attempt)
    elif attempt.letter.named is not None:
        await _topic_named(session, attempt, *attempt.letter.named)
    elif row.letter == "pulse":
        poll = attempt.results[-1].get("poll")
        if poll is not None:
            await pulses.sent(session, int((row.payload or {})["pulse"]), str(poll["id"]), vault)
    elif row.letter == "quiz":
        poll = attempt.results[-1].get("poll")
        about = row.payload or {}
        if poll is not None:
            await quizzes.sent(session, int(about["quiz"]), int(about["station"]), str(poll["id"]))
    elif row.letter == comments.LETTER:
        for message_id in _message_ids(attempt.results[-1]):
            await comments.posted(session, int((row.payload or {})["comment"]), attempt.chat_id, message_id)
    elif row.letter == "publication":
        await deliveries.ended(session, row.payload or {}, Sending.SENT, vault)
    elif attempt.letter.picture is not None:
        await pulses.uploaded(session, *attempt.letter.picture, attempt.results[-1]["photo"][-1]["file_id"])


async def _card_sent(session: AsyncSession, attempt: Attempt) -> None:
    ticket_id = attempt.row.ticket_id
    assert ticket_id is not None, "a card is a ticket's"
    card = await postings.card_of(session, ticket_id, attempt.chat_id)
    if card is None:
        return
    card.digest = attempt.letter.digest
    for message_id in _message_ids(attempt.results[-1] if attempt.results else None):
        if card.message_id != message_id:
            card.message_id = message_id
            session.add(postings.Posting(chat_id=attempt.chat_id, message_id=message_id, ticket_id=ticket_id))


async def _topic_named(session: AsyncSession, attempt: Attempt, name: str, closed: bool) -> None:
    assert attempt.row.ticket_id is not None, "a topic is a ticket's"
    card = await postings.card_of(session, attempt.row.ticket_id, attempt.chat_id)
    if card is not None:
        card.topic_name, card.topic_closed = name, closed


def _again(row: Outgoing, attempt: Attempt, verdict: Verdict, when: datetime) -> None:
    """Due again."""
    row.state, row.not_before, row.holds, row.reason = Sending.DUE, when, True, verdict.reason
    _made_so_far(row, attempt)


def _made_so_far(row: Outgoing, attempt: Attempt) -> None:
    """Calls that were made are not made a second time, whether the courier tries again or a person decides to."""
    if attempt.results:
        row.payload = {**(row.payload or {}), outbox.DONE: attempt.skip + len(attempt.results)}
        # An album of which something has been said takes no more pictures in: one that comes now has a row of its own.
        row.topic = row.topic if row.letter != "words" else None


def _without(row: Outgoing, *names: str) -> None:
    """From its next try on it is said without these parameters."""
    payload = row.payload or {}
    row.payload = {**payload, outbox.WITHOUT: sorted({*payload.get(outbox.WITHOUT, ()), *names})}


async def _moved(session: AsyncSession, row: Outgoing, attempt: Attempt, verdict: Verdict, now: datetime) -> None:
    assert isinstance(attempt.error, ChatMigrated)
    old, new = attempt.chat_id, attempt.error.new_chat_id
    log.warning("a group became a supergroup", old=old, new=new)
    # Due again first: what is written below a card that has to be posted anew is written anew behind it.
    _again(row, attempt, verdict, now)
    await session.flush()
    await seating.follow_chat(session, old, new, now)


async def _gone(
    session: AsyncSession, row: Outgoing, attempt: Attempt, verdict: Verdict, now: datetime, vault: Vault
) -> None:
    """What was to be edited is not there: a card and a screen are posted anew, everything else has nothing to
    change.
    """
    if row.letter == "card" and row.ticket_id is not None:
        card = await postings.card_of(session, row.ticket_id, attempt.chat_id)
        if card is not None:
            card.message_id = card.digest = None
        _again(row, attempt, verdict, now)
    elif row.method == "editMessageText":
        _without(row, "message_id", "inline_message_id")
        row.method, row.repeat = "sendMessage", Repeat.NEVER
        _again(row, attempt, verdict, now)
    else:
        await end(session, row, Sending.FAILED, verdict.reason, now, vault)


async def _shut_out(session: AsyncSession, chat_id: int, now: datetime) -> None:
    """What was to be said in a station's chat is said nowhere now: the office hears of it, once a day."""
    station, office = await stations.by_chat(session, chat_id), await stations.office(session)
    if station is None or station.id == office.id:
        return
    key = f"shut_out:{station.key}:{now:%Y%m%d}"
    await letters.to_station(session, office, "office.shut_out", now, dedupe=key, station=station.names)


async def _no_topic(session: AsyncSession, row: Outgoing, attempt: Attempt, verdict: Verdict, now: datetime) -> None:
    """The ticket's topic was deleted: the card makes a new one, and what was to go into it follows the card (law 8)."""
    if row.ticket_id is None:
        row.thread_id = None
        _without(row, "message_thread_id")
        _again(row, attempt, verdict, now)
        return
    card = await postings.card_of(session, row.ticket_id, attempt.chat_id)
    if card is not None:
        card.thread_id = card.message_id = card.digest = None
    if row.letter == "card":
        _again(row, attempt, verdict, now)
        return
    station = await stations.by_chat(session, attempt.chat_id)
    if station is not None:
        await letters.card(session, await session.get_one(Ticket, row.ticket_id), station, now)
        await session.flush()
    # A row of its own behind the card's: one chat's messages leave in the order of their numbers.
    values = {c.key: getattr(row, c.key) for c in Outgoing.__table__.columns if c.key not in ("id", "dedupe")}
    session.add(Outgoing(**{**values, "state": Sending.DUE, "attempts": 0, "not_before": now}))
    row.state, row.reason = Sending.SUPERSEDED, verdict.reason
    outbox.forget(row)


def _is_answer(row: Outgoing) -> bool:
    """Words for a student: the card shows what became of them."""
    return row.requester_id is not None and row.letter == "words"


async def _touch_card(session: AsyncSession, ticket_id: int, now: datetime) -> None:
    await tickets.redraw(session, await session.get_one(Ticket, ticket_id), now)


def _message_ids(result: Any) -> list[int]:
    """The ids of the messages in what Telegram returned: one message, several, or none."""
    messages = result if isinstance(result, list) else [result]
    return [m["message_id"] for m in messages if isinstance(m, dict) and isinstance(m.get("message_id"), int)]
