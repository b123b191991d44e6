"""What must hold afterwards, asked of the local Telegram and of the database; every breach is one finding.

A finding begins with the name of the promise it breaks, so that a broken program can be told from another.
"""

from __future__ import annotations

import json
import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from bot.keyboards import Desk
from models.inbox import Handling, Incoming
from models.outbox import Outgoing, Sending
from models.postings import Card
from models.tickets import Ticket
from models.words import Side, Words
from sandbox.client import Message
from sandbox.shapes import Json
from scheduler.courier import IN_FLIGHT
from tests.chaos.people import ANSWER, CHANGED, TOKEN, Reply, Station, Student, is_card, number_of, payloads

NUMBERED = re.compile(r"#\d+")
STOPS_WITHIN = 10.0
"""Seconds from SIGTERM to the end."""


@dataclass
class Death:
    """The end of one life: by kill -9, or gently, by SIGTERM."""

    how: str
    """The point at which it came, or "moment"."""
    gentle: bool
    calls_before: int
    """Where the record of Telegram's calls stood when it was heard of, and below when the next life had begun."""
    calls_after: int
    unknown: frozenset[int]
    """The rows of the outbox that are unknown now."""
    sending: frozenset[tuple[int, int]]
    """Those on their way, each with the number of its attempt."""
    seconds: float = 0.0
    """From being told to stop to the end."""
    code: int = -9
    unknown_after: int = 0
    """How many rows are unknown when the next life has ended."""

    @property
    def cost(self) -> int:
        """How many unknown it has left."""
        return self.unknown_after - len(self.unknown)


@dataclass
class Traces:
    """What is left to be looked at."""

    students: Sequence[Student]
    stations: Sequence[Station]
    calls: Sequence[Json]
    chats: dict[int, list[Message]]
    updates: range
    """The numbers of all updates that Telegram has handed out."""
    waiting: frozenset[int]
    """Those of them that were never acknowledged."""
    deaths: Sequence[Death]

    @property
    def replies(self) -> dict[str, Reply]:
        """What staff wrote, by the student's token."""
        return {token: reply for station in self.stations for token, reply in station.replies.items()}


async def findings(session: AsyncSession, traces: Traces) -> list[str]:
    """Everything that does not hold."""
    return [
        *_people(traces),
        *await _updates(session, traces),
        *await _tickets(session, traces),
        *await _answers(session, traces),
        *await _notices(session, traces),
        *await _outbox(session, traces),
        *_gentle(traces),
        *_said_twice(traces),
    ]


def _people(traces: Traces) -> Iterator[str]:
    for student in traces.students:
        if student.number is None:
            yield f"receipt: {student.who.name} has none; {student.stage}"
    tokens = {student.token for student in traces.students if student.number is not None}
    for token in sorted(tokens - traces.replies.keys()):
        yield f"card: staff never saw one for {token}"


async def _updates(session: AsyncSession, traces: Traces) -> Iterator[str]:
    """Law 1: what was acknowledged is here, once, and was done."""
    rows = (await session.execute(select(Incoming.update_id, Incoming.state, Incoming.error))).all()
    found = Counter(row.update_id for row in rows)
    lost = [n for n in traces.updates if n not in found and n not in traces.waiting]
    out = [f"inbox: {len(lost)} acknowledged updates are not there: {lost[:5]}"] if lost else []
    out += [f"inbox: update {n} is there {count} times" for n, count in found.items() if count > 1]
    for state, count in Counter(row.state for row in rows).items():
        if state is not Handling.DONE:
            why = sorted({str(row.error) for row in rows if row.state is state})
            out.append(f"inbox: {count} updates are {state}: {why[:3]}")
    return iter(out)


async def _tickets(session: AsyncSession, traces: Traces) -> Iterator[str]:
    """Every student's words are in exactly one ticket, which has its card in the chat of its station."""
    out: list[str] = []
    total = len((await session.scalars(select(Ticket.id))).all())
    filed = [student for student in traces.students if student.number is not None]
    if total != len(filed):
        out.append(f"ticket: {len(filed)} students were told a number, {total} tickets exist")
    said: dict[str, list[int]] = defaultdict(list)
    for words in await session.scalars(select(Words).where(Words.side == Side.STUDENT)):
        if found := TOKEN.search(str(words.content.get("text", ""))):
            said[found[0]].append(words.ticket_id)
    cards = {card.ticket_id: card for card in await session.scalars(select(Card))}
    for student in traces.students:
        numbers = said.get(student.token, [])
        if len(numbers) != (student.number is not None):
            out.append(f"ticket: the words of {student.token} are in {numbers}")
        told = {number_of(m.text) for m in traces.chats[student.who.id] if "📮" in m.text}
        if student.number is not None and told != set(numbers):
            out.append(f"ticket: {student.token} is {numbers}, its student was told {sorted(told)}")
        for number in numbers:
            card = cards.get(number)
            shown = (
                [m for m in traces.chats[card.chat_id] if is_card(m) and number_of(m.text) == number] if card else []
            )
            if card is None or card.message_id not in [m.id for m in shown]:
                out.append(f"card: #{number} is said to be message {card and card.message_id}, not one of {shown}")
    return iter(out)


async def _answers(session: AsyncSession, traces: Traces) -> Iterator[str]:
    """Every answer reached its student once, or stands as unknown."""
    out: list[str] = []
    kept: dict[str, list[Words]] = defaultdict(list)
    for words in await session.scalars(select(Words).where(Words.side == Side.STAFF)):
        if found := TOKEN.search(str(words.content["text"])[1:]):
            kept[found[0]].append(words)
    sending: dict[int, list[Outgoing]] = defaultdict(list)
    for row in await session.scalars(select(Outgoing).where(Outgoing.letter == "words", Outgoing.requester_id > 0)):
        sending[row.words_id or 0].append(row)
    sent = Counter(
        found[1]
        for call in traces.calls
        if call["ok"] and call["method"].startswith("send") and int(call["chat_id"]) > 0
        for found in [re.search(r"\bA(Q[a-z]{7})\b", call["params"].get("text", ""))]
        if found
    )
    people = {student.token: student for student in traces.students}
    cards = {card.ticket_id: card for card in await session.scalars(select(Card))}
    for token, reply in traces.replies.items():
        if len(kept[token]) != 1:
            out.append(f"answer: the answer to {token} was kept {len(kept[token])} times")
            continue
        rows = sending[kept[token][0].id]
        states = [row.state for row in rows]
        if len(states) != 1 or states[0] not in (Sending.SENT, Sending.UNKNOWN):
            out.append(f"answer: the answer to {token} is {[str(s) for s in states]}")
        if sent[token] > 1:
            out.append(f"twice: the answer to {token} was sent {sent[token]} times, it is {states}")
        if sent[token] == 0 and states == [Sending.SENT]:
            out.append(f"answer: the answer to {token} is called sent and was not")
        there = [m.text for m in traces.chats[people[token].who.id] if f"A{token}" in m.text]
        if len(there) != sent[token]:
            out.append(f"answer: {token} was sent {sent[token]} times and stands there {len(there)} times")
        card = cards.get(kept[token][0].ticket_id)
        shown = [m for m in traces.chats[card.chat_id] if m.id == card.message_id] if card else []
        offered = [Desk("resend", reply.number).pack() in payloads(m) for m in shown]
        if offered != [states == [Sending.UNKNOWN]]:
            out.append(f"answer: the answer to {token} is {states}, its card offers to send it again: {offered}")
        wanted = (CHANGED if reply.changed else ANSWER).format(token=token)
        if states == [Sending.SENT] and there and wanted not in there[0]:
            out.append(f"edit: the answer to {token} stands there as {there[0]!r}")
    return iter(out)


async def _notices(session: AsyncSession, traces: Traces) -> Iterator[str]:
    """What is called sent was sent: receipts and notices to students, their pictures to the station."""
    out: list[str] = []
    notices = select(Outgoing.ticket_id).where(
        Outgoing.letter == "notice", Outgoing.requester_id > 0, Outgoing.state == Sending.SENT
    )
    counted = Counter(await session.scalars(notices))
    told: dict[tuple[int, int], set[str]] = defaultdict(set)
    pictures: set[int] = set()
    for call in traces.calls:
        text = str(call["params"].get("text") or call["params"].get("caption") or "")
        if not call["ok"] or not call["method"].startswith("send") or not NUMBERED.search(text):
            continue
        if int(call["chat_id"]) > 0:
            told[int(call["chat_id"]), number_of(text)].add(text)
        elif call["method"] == "sendPhoto":
            pictures.add(number_of(text))
    for student in traces.students:
        if student.number is None:
            continue
        came = [text for text in told[student.who.id, student.number] if student.token not in text]
        if len(came) < counted[student.number]:
            out.append(f"notice: {counted[student.number]} are called sent about #{student.number}, there are {came}")
        if student.picture and student.number not in pictures:
            out.append(f"picture: the one of #{student.number} never came")
    return iter(out)


async def _outbox(session: AsyncSession, traces: Traces) -> Iterator[str]:
    """Nothing is still on its way, nothing was refused, and no death left more unknown than was in the air."""
    rows = (await session.execute(select(Outgoing.state, Outgoing.letter, Outgoing.method, Outgoing.reason))).all()
    out = [
        f"outbox: a row is {row.state}: {row.letter or row.method} ({row.reason})"
        for row in rows
        if row.state in (Sending.DUE, Sending.SENDING, Sending.FAILED)
    ]
    out += [f"unknown: {death.cost} after one kill ({death.how})" for death in traces.deaths if death.cost > IN_FLIGHT]
    unknown = sum(row.state is Sending.UNKNOWN for row in rows)
    if unknown > IN_FLIGHT * sum(not death.gentle for death in traces.deaths):
        out.append(f"unknown: {unknown} after {len(traces.deaths)} deaths")
    keys = select(Outgoing.dedupe, func.count()).where(Outgoing.dedupe.is_not(None)).group_by(Outgoing.dedupe)
    out += [
        f"key: {key.partition(':')[0]} was written {count} times"
        for key, count in (await session.execute(keys.having(func.count() > 1))).all()
        if key
    ]
    return iter(out)


def _gentle(traces: Traces) -> Iterator[str]:
    """Who was told to stop has finished what it began, in time."""
    for before, death in zip([None, *traces.deaths], traces.deaths, strict=False):
        if not death.gentle:
            continue
        unknown, sending = (before.unknown, before.sending) if before else (frozenset(), frozenset())
        if death.code:
            yield f"stop: a life told to stop ({death.how}) ended with {death.code}"
        if death.seconds > STOPS_WITHIN:
            yield f"stop: a life told to stop ({death.how}) took {death.seconds:.1f} s"
        if left := death.sending - sending:
            yield f"stop: a life told to stop ({death.how}) left {len(left)} rows on their way"
        # What the life before has left in the air, this one has found.
        if more := death.unknown - unknown - {number for number, _ in sending}:
            yield f"stop: a life told to stop ({death.how}) left {len(more)} unknown"


def _said_twice(traces: Traces) -> Iterator[str]:
    """What bears a ticket's number may come twice, but only when the program was killed in between."""
    before: dict[tuple[Any, ...], int] = {}
    kills = [death for death in traces.deaths if not death.gentle]
    for call in traces.calls:
        params = call["params"]
        if not call["ok"] or not call["method"].startswith("send") or not _about_a_ticket(params):
            continue
        key = _key(call)
        first = before.get(key)
        if first is not None and not any(k.calls_before <= call["n"] and k.calls_after >= first for k in kills):
            near = [(k.how, k.calls_before, k.calls_after) for k in kills if abs(k.calls_after - first) < 200]
            yield f"twice: {key} without a kill in between: calls {first} and {call['n']}, kills near {near}"
        before[key] = call["n"]


def _about_a_ticket(params: Json) -> bool:
    text = str(params.get("text") or params.get("caption") or "")
    return NUMBERED.search(text) is not None and "similar" not in json.dumps(params.get("reply_markup") or {})


def _key(call: Json) -> tuple[Any, ...]:
    """What makes two calls the same to a reader; a card is its ticket, however it looks."""
    params = call["params"]
    markup = json.dumps(params.get("reply_markup") or {})
    if "d:history:" in markup:
        return call["chat_id"], "card", re.findall(r"d:history:(\d+)", markup)[0]
    return call["chat_id"], call["method"], params.get("text") or params.get("caption"), str(params.get("photo"))
