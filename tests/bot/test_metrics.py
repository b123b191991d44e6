"""What Prometheus reads: true, the same in every process, and nobody in it."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import aiohttp
import pytest
from prometheus_client.parser import text_string_to_metric_families

from bot.inbox import Intake
from bot.web import CannotListen
from bot.web.health import Health
from bot.web.metrics import Meters, Metrics
from models import heartbeats, outbox
from models.database import Database
from models.inbox import set_aside
from models.outbox import Lane, Outgoing, Repeat, Sending
from tests.campus import running
from tests.house import HOUSE

Shown = dict[tuple[str, tuple[tuple[str, str], ...]], float]


def parsed(text: str) -> Shown:
    """Each sample by its name and labels."""
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


async def shown(address: str) -> Shown:
    async with aiohttp.ClientSession() as http, http.get(f"{address}/metrics") as answer:
        assert answer.status == 200
        return parsed(await answer.text())


def of(found: Shown, name: str, **labels: str) -> float:
    return found[name, tuple(sorted(labels.items()))]


async def wait(database: Database, now: datetime, minutes: int, **row: Any) -> int:
    """Something to say whose time came so long ago."""
    async with database.transaction() as session:
        number = await outbox.post(
            session, now=now - timedelta(minutes=minutes), repeat=Repeat.NEVER, chat_id=77, method="sendMessage", **row
        )
    assert number is not None
    return number


async def test_the_gauges_say_what_waits_and_what_went_wrong(database: Database, now: datetime) -> None:
    intake = Intake(database, 700000, HOUSE.vault, lambda: now - timedelta(minutes=7), lambda: None)
    await intake.store([{"update_id": n, "message": {"chat": {"id": n}, "text": "Alice"}} for n in (1, 2, 3)])
    await wait(database, now, 3, lane=Lane.ANSWER)
    await wait(database, now, 9, lane=Lane.BROADCAST)
    await wait(database, now, -60, lane=Lane.BROADCAST)
    lost = await wait(database, now, 90, lane=Lane.ANSWER)
    forgotten = await wait(database, now, 60 * 30, lane=Lane.ANSWER)
    async with database.transaction() as session:
        for number in (lost, forgotten):
            (await session.get_one(Outgoing, number)).state = Sending.UNKNOWN
        assert await set_aside(session, 1, "ABC234", "KeyError at here:1")
        await heartbeats.beat(session, heartbeats.CLOCK, now - timedelta(seconds=40), timedelta(minutes=5))
    async with Metrics("127.0.0.1:0", Meters(), database, lambda: now, Health(database)) as metrics:
        found = await shown(metrics.address)
    assert of(found, "unionbot_database_up") == 1
    assert of(found, "unionbot_lease_held", duty="courier") == 0
    assert of(found, "unionbot_inbox_waiting") == 2
    assert of(found, "unionbot_inbox_age_seconds") == 420
    assert of(found, "unionbot_updates_set_aside") == 1
    assert of(found, "unionbot_outbox_due", lane="answer") == 1
    assert of(found, "unionbot_outbox_age_seconds", lane="answer") == 180
    assert of(found, "unionbot_outbox_due", lane="broadcast") == 1, "what waits for its time is not late"
    assert of(found, "unionbot_outbox_age_seconds", lane="broadcast") == 540
    assert of(found, "unionbot_outbox_age_seconds", lane="ticket") == 0
    assert of(found, "unionbot_messages_unknown") == 1, "of the last day"
    assert of(found, "unionbot_silent_seconds", what="clock") == 40


async def test_without_its_database_it_still_answers_and_says_so(now: datetime) -> None:
    database = Database("postgresql://u@127.0.0.1:1/x")
    async with Metrics("127.0.0.1:0", Meters(), database, lambda: now, Health(database)) as metrics:
        assert of(await shown(metrics.address), "unionbot_database_up") == 0
        async with aiohttp.ClientSession() as http, http.get(f"{metrics.address}/readyz") as ready:
            assert ready.status == 503
    await database.close()


async def test_an_address_that_is_taken_is_blamed_on_its_own_section(database: Database, now: datetime) -> None:
    async with Metrics("127.0.0.1:0", Meters(), database, lambda: now) as first:
        taken = first.address.removeprefix("http://")
        with pytest.raises(CannotListen, match=r"change listen in \[metrics\]"):
            await Metrics(taken, Meters(), database, lambda: now).__aenter__()


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_a_running_program_counts_what_it_does_and_names_nobody(database_url: str) -> None:
    """Updates by kind and end, attempts by lane; no name, chat or word of a person; not where the pages are."""
    shows = {"enabled": True, "listen": "127.0.0.1:0"}
    pages = {"enabled": True}
    async with running(database_url, metrics=shows, pages=pages, telegram={"listen": "127.0.0.1:0"}) as campus:
        alice = await campus.student("Alice Lin", id=837465921)
        number = await campus.files(alice, "The dean of West took my bicycle")
        await campus.quiet()
        async with aiohttp.ClientSession() as http:
            async with http.get(f"{campus.app.metrics_address}/metrics") as answer:
                text = await answer.text()
            async with http.get(f"{campus.app.address}/metrics") as outside:
                assert outside.status == 404
        found = parsed(text)
        assert of(found, "unionbot_lease_held", duty="courier") == 1
        assert of(found, "unionbot_handler_seconds_count", kind="message", end="done") >= 3
        assert of(found, "unionbot_handler_seconds_count", kind="callback_query", end="done") >= 3
        assert of(found, "unionbot_sends_total", lane="answer", end="sent") >= 6
        assert of(found, "unionbot_sends_total", lane="ticket", end="sent") >= 1
        assert of(found, "unionbot_telegram_429_total") == 0
        assert of(found, "unionbot_inbox_waiting") == 0
        assert not [w for w in ("Alice", "837465921", "bicycle", str(campus.east.id), "token") if w in text]
        assert number


async def test_a_429_is_counted(now: datetime) -> None:
    meters = Meters()
    meters.attempted(Lane.TICKET, "held")
    meters.attempted(Lane.TICKET, "sent")
    found = parsed(meters.show(None, now).decode())
    assert of(found, "unionbot_telegram_429_total") == 1
    assert of(found, "unionbot_sends_total", lane="ticket", end="held") == 1
