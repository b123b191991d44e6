"""Telegram cannot be reached for a minute, a day less an hour, a day and an hour: everything goes on in order, and what
Telegram itself has dropped meanwhile is said.
"""

from __future__ import annotations

import asyncio
import re
from datetime import datetime, timedelta

import pytest
from sqlalchemy import select

from bot import inbox as way_in
from models import outbox
from models.heartbeats import TELEGRAM, Heartbeat
from models.outbox import Lane, Outgoing, Repeat, Sending
from scheduler import backoff
from tests.campus import Campus, running
from tests.chaos.cable import Cable

AWAY = "may be lost"
"""Of what the office is told, in English."""


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """The program tries again at once: no test waits for the seconds that lie between two tries."""
    for room in (way_in, backoff):
        monkeypatch.setattr(room, "AWAY_FIRST", 0.02)
        monkeypatch.setattr(room, "AWAY_LONGEST", 0.02)


async def heard_since(campus: Campus, moment: datetime) -> None:
    """Wait until Telegram was heard after this moment."""
    async with asyncio.timeout(20):
        while True:
            async with campus.app.database.reading() as session:
                at = (await session.scalars(select(Heartbeat.at).where(Heartbeat.name == TELEGRAM))).first()
                if at is not None and at >= moment:
                    return
            await asyncio.sleep(0.01)


@pytest.mark.parametrize(
    ("away", "lost"),
    [
        pytest.param(timedelta(minutes=1), False, id="a minute", marks=pytest.mark.long),
        pytest.param(timedelta(hours=23), False, id="23 hours", marks=pytest.mark.long),
        pytest.param(timedelta(hours=25), True, id="25 hours"),
    ],
)
async def test_after_an_outage_everything_goes_on_in_order(database_url: str, away: timedelta, lost: bool) -> None:
    """Both ways: what people say meanwhile waits at Telegram, what is to be said to them waits here. What Telegram
    drops (messages after a day, presses after 150 s) is gone; of messages the office is told that they may be.
    """
    cable = Cable()
    async with running(database_url, wire=cable.laid, alarm={"enabled": True}) as campus:
        t = campus.t("en")
        alice = await campus.student("Alice")
        number = await campus.files(alice, "The tap in the bathroom drips all night")
        card = await campus.east.shows(f"#{number} ·")
        await campus.quiet()
        cable.cut()
        history = next(b["callback_data"] for b in card.buttons if b["text"] == t.plain("desk.history"))
        await campus.stage.control("tap", chat=campus.east.id, person=campus.wang.id, message_id=card.id, data=history)
        rows = []
        for when in ("early", "late"):
            if when == "late":
                await campus.stage.advance(away.total_seconds())
                campus.clock.move(away)
            for i in range(3):
                await campus.wang.says(f"answer {when} {i}", chat=campus.east, reply_to=card)
                rows.append(await said_meanwhile(campus, alice.id, f"news {when} {i}"))
        mended = campus.clock()
        await cable.mend()
        await heard_since(campus, mended)
        await alice.reads("answer late 2")
        await campus.quiet()
        came = [m.text for m in await alice.transcript() if m.raw["from"]["is_bot"]]
        ordered = [f"{when} {i}" for when in ("early", "late") for i in range(3)]
        assert [text.removeprefix("news ") for text in came if text.startswith("news ")] == ordered
        answers = [found[1] for text in came if (found := re.search(r"answer (\w+ \d)", text))]
        assert answers == (ordered[3:] if lost else ordered)
        async with campus.app.database.reading() as session:
            ends = await session.execute(select(Outgoing.state, Outgoing.attempts).where(Outgoing.id.in_(rows)))
            assert {tuple(end) for end in ends} == {(Sending.SENT, 1)}, "what never had a connection is no attempt"
        await campus.later(minutes=1)
        await campus.quiet()
        shown = "\n".join(m.text for m in await campus.east.transcript())
        assert ("History 1/1" in shown) is (away < timedelta(seconds=150))
        assert (AWAY in "\n".join(m.text for m in await campus.office.transcript())) is lost


async def said_meanwhile(campus: Campus, chat_id: int, text: str) -> int:
    """Something to say to a student; the row's number."""
    async with campus.app.database.transaction() as session:
        number = await outbox.post(
            session,
            now=campus.clock(),
            lane=Lane.ANSWER,
            repeat=Repeat.NEVER,
            chat_id=chat_id,
            method="sendMessage",
            payload={"text": text},
        )
    campus.app.courier.wake()
    assert number is not None
    return number
