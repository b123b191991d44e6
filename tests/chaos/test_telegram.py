"""Telegram's answers go missing, come late or are none: a second copy only where it does no harm, and never a word that
nobody knows the fate of.

Every way of being answered badly meets every method the bot speaks with, on both databases. The oracle is what the
sandbox has done, not what the courier believes.
"""

from __future__ import annotations

import asyncio
import base64
import itertools
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from bot.calls import Call, Letter
from bot.keyboards import Desk
from models.database import Database
from models.outbox import Outgoing, Repeat, Sending
from sandbox import server
from sandbox.actors import document, photo
from sandbox.client import Sandbox
from scheduler.courier import Courier
from tests.campus import BEGIN, TOKEN, UNLIMITED, Campus, MovedClock, running
from tests.scheduler.test_courier import PATIENCE, Office, as_written

READ_SECONDS = 0.3
"""How long the courier waits for an answer here."""
ONE_PIXEL = base64.b64encode(
    bytes.fromhex(
        "89504e470d0a1a0a0000000d49484452000000010000000108000000003a7e9b550000000a49444154789c6360000000020001"
        "48afa4710000000049454e44ae426082"
    )
).decode()

UNCLEAR: dict[str, tuple[dict[str, Any], bool]] = {
    "cut before": ({"drop": "before"}, False),
    "cut after": ({"drop": "after"}, True),
    "500": ({"status": 500}, False),
    "502": ({"status": 502}, False),
    "504": ({"status": 504}, False),
    "a gateway's 403": ({"status": 403, "garbage": "html"}, False),
    "a page": ({"garbage": "html"}, True),
    "half an answer": ({"garbage": "half"}, True),
    "no ok": ({"garbage": "no ok"}, True),
    "no result": ({"garbage": "no result"}, True),
    "somebody else's answer": ({"garbage": "not ours"}, True),
    "nothing": ({"garbage": "empty"}, True),
    "too late": ({"delay": 3 * READ_SECONDS}, True),
}
"""What comes in place of an answer, and whether Telegram has done what it was asked all the same."""


ENDS = (Sending.SENT, Sending.FAILED, Sending.UNKNOWN, Sending.SUPERSEDED)


@dataclass(frozen=True)
class Way:
    """A way in which the bot speaks."""

    method: str
    repeat: Repeat
    payload: dict[str, Any]
    again: int = 1
    """How often it has had an effect after it was done a second time."""


PICTURE = {"$file": ONE_PIXEL, "name": "tap.png"}
WAYS = (
    Way("sendMessage", Repeat.NEVER, {"text": "the plumber comes at three"}),
    Way("sendPhoto", Repeat.NEVER, {"photo": PICTURE}),
    Way("sendMediaGroup", Repeat.NEVER, {"media": [{"type": "photo", "media": PICTURE}] * 2}),
    Way("sendPoll", Repeat.NEVER, {"question": "Content?", "options": [{"text": "yes"}, {"text": "no"}]}),
    Way("sendDocument", Repeat.NUMBERED, {"document": PICTURE}, again=2),
    Way("editMessageText", Repeat.FREELY, {"text": "another screen"}),
    Way("deleteMessage", Repeat.FREELY, {}),
    Way("createForumTopic", Repeat.NUMBERED, {"text": "#1 The tap drips"}, again=2),
)


async def with_topics(session: AsyncSession, row: Outgoing, now: datetime, chat_id: int) -> Letter:
    """As written; the letter "in a topic" makes a forum topic first."""
    if row.letter != "in a topic":
        return await as_written(session, row, now, chat_id)
    return Letter([Call("sendMessage", {"chat_id": chat_id, "text": (row.payload or {})["text"]})], topic="#1 The tap")


@pytest.fixture
async def post_office(database: Database) -> AsyncIterator[Office]:
    async with server.start(tokens=[TOKEN], flood=False, begin=BEGIN) as telegram, Sandbox(telegram.url) as stage:
        await stage.bot(TOKEN, username="union_bot", first_name="Union")
        yield Office(stage, database, MovedClock(BEGIN), telegram.url)


async def written(office: Office, way: Way, fault: dict[str, Any]) -> tuple[int, int]:
    """A row for a chat of its own, in which this goes wrong once: the row's number and the chat's."""
    if way.method == "createForumTopic":
        chat = (await office.stage.group("East", forum=True)).id
    else:
        alice = await office.stage.person("Alice", "en")
        await alice.says("/start")
        chat = alice.id
    payload = dict(way.payload)
    if way.method in ("editMessageText", "deleteMessage"):
        said = {"chat_id": chat, "text": "a screen"}
        async with office.stage.session.post(f"{office.url}/bot{TOKEN}/sendMessage", json=said) as answer:
            payload["message_id"] = (await answer.json())["result"]["message_id"]
    await office.stage.fault(way.method, chat=chat, **fault)
    how = {"method": None, "letter": "in a topic"} if way.method == "createForumTopic" else {"method": way.method}
    return await office.post(chat, payload=payload, repeat=way.repeat, **how), chat


async def ended(office: Office, numbers: list[int]) -> dict[int, Outgoing]:
    """The rows, once none of them is under way any more; what is to be tried again gets its time."""
    async with asyncio.timeout(PATIENCE):
        for number in numbers:
            while (row := await office.comes_to(number, Sending.DUE, *ENDS)).state is Sending.DUE:
                if row.attempts:
                    office.clock.move(timedelta(minutes=2))
                await asyncio.sleep(0)
    return {number: await office.row(number) for number in numbers}


async def test_whatever_comes_in_place_of_an_answer_nothing_is_said_twice_that_must_not_be(post_office: Office) -> None:
    """An answer to a student ends as unknown after one attempt; what may come twice is repeated until it is there."""
    # Each way of being answered badly once, and each way of speaking; the whole product is the long test's.
    ways = itertools.cycle(WAYS)
    await badly_answered(post_office, [(what, way) for what, way in zip([*UNCLEAR] * 2, ways, strict=False)])


@pytest.mark.long
async def test_whatever_comes_in_place_of_any_answer_nothing_is_said_twice(post_office: Office) -> None:
    await badly_answered(post_office, list(itertools.product(UNCLEAR, WAYS)))


async def badly_answered(post_office: Office, plan: list[tuple[str, Way]]) -> None:
    """Each of these at once, and what came of it."""
    rows = [await written(post_office, way, UNCLEAR[what][0]) for what, way in plan]
    async with post_office.open(draw=with_topics, read_seconds=READ_SECONDS):
        ends = await ended(post_office, [number for number, _ in rows])
    done = Counter(
        (call["method"], int(call["chat_id"] or 0)) for call in await post_office.stage.calls() if call["ok"]
    )
    wrong = []
    for (what, way), (number, chat) in zip(plan, rows, strict=True):
        row, took_effect = ends[number], UNCLEAR[what][1]
        found = row.state, row.attempts, done[way.method, chat]
        if way.repeat is Repeat.NEVER:
            expected = Sending.UNKNOWN, 1, int(took_effect)
        else:
            expected = Sending.SENT, 2, way.again if took_effect else 1
        if found != expected:
            wrong.append((what, way.method, found, row.reason))
    assert not wrong


@pytest.mark.long
@pytest.mark.timeout(600)
async def test_after_any_bad_answer_send_again_brings_it_once(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Staff see that nobody knows, press once, and the student has it: once more than Telegram had done by itself."""
    assert Courier.__init__.__kwdefaults__ is not None
    monkeypatch.setitem(Courier.__init__.__kwdefaults__, "read_seconds", READ_SECONDS)
    async with running(database_url, limits=UNLIMITED) as campus:
        alice = await campus.student("Alice")
        number = await campus.files(alice, "The tap in the bathroom drips all night")
        card = await campus.east.shows(f"#{number} ·")
        resend = Desk("resend", number).pack()
        wrong = []
        ways = {"sendMessage": None, "sendPhoto": photo(), "sendDocument": document()}
        for i, (what, (method, what_with)) in enumerate(itertools.product(UNCLEAR, ways.items())):
            fault, took_effect = UNCLEAR[what]
            words = f"answer {i} ends"
            await campus.stage.fault(method, chat=alice.id, **fault)
            if what_with is None:
                await campus.wang.says(words, chat=campus.east, reply_to=card)
            else:
                await campus.wang.sends(what_with, caption=words, chat=campus.east, reply_to=card)
            await nobody_knows(campus, 1)
            assert await campus.wang.presses(card, resend, chat=campus.east) == ""
            await campus.quiet()
            await nobody_knows(campus, 0)
            came = sum(words in m.text for m in await alice.transcript())
            if came != 1 + took_effect:
                wrong.append((what, method, came))
            assert await campus.wang.presses(card, resend, chat=campus.east) == campus.t("en").plain(
                "desk.nothing_to_resend", number=number
            )
        assert not wrong


async def nobody_knows(campus: Campus, count: int) -> None:
    """Wait until so many answers are unknown."""
    unknown = select(func.count()).where(Outgoing.state == Sending.UNKNOWN, Outgoing.letter == "words")
    async with asyncio.timeout(PATIENCE):
        while True:
            async with campus.app.database.reading() as session:
                if await session.scalar(unknown) == count:
                    return
            await campus.stage.caught_up()
