"""What a sealed report might be noticed by without being read: a similar ticket that is offered, a ticket that it folds
with, a figure of Prometheus' that moves (models/similar.py, bot/web/metrics.py).
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import aiohttp
import pytest
from prometheus_client.parser import text_string_to_metric_families
from sqlalchemy import func, select, update

from bot.web.health import Health
from bot.web.metrics import Meters, Metrics
from models import asking, casework, people, similar
from models.cases import Case, Head, Report
from models.lifecycle import Kind
from models.outbox import Outgoing, Sending
from models.similar import Trace
from models.tickets import Ticket
from tests.house import draft
from tests.security import attacked as stage
from tests.security.attacked import Attacked
from tests.security.test_sealed_cases import ABOUT, SAID, SECRETS, reported, told

both_but_quickly = pytest.mark.parametrize(
    "database_url", [pytest.param("sqlite"), pytest.param("postgresql", marks=pytest.mark.long)], indirect=True
)
Sample = tuple[str, tuple[tuple[str, str], ...]]


async def reports_again(program: Attacked, now: datetime) -> None:
    """One more report, in the same words."""
    async with program.app.database.transaction() as session:
        alice = await people.by_telegram_id(session, stage.ALICE)
        assert alice is not None
        words = [{"type": "text", "text": SAID}]
        await casework.file(session, Report(Head(ABOUT), words), alice, program.app.toolbox.house, now)


@both_but_quickly
async def test_a_sealed_report_is_offered_to_nobody_and_folds_with_nothing(database_url: str, now: datetime) -> None:
    """Not to whoever writes the very words, of whichever category and wherever; nor is a ticket in these words taken
    for it, or it for the ticket.
    """
    async with reported(database_url, now) as (program, _):
        house, app = program.app.toolbox.house, program.app
        categories = [each.key for each in app.settings.categories]
        assert len(categories) > 3
        async with app.database.transaction() as session:
            for _, words in SECRETS.values():
                for category in categories:
                    for building in ("e1", None):
                        where: dict[str, Any] = {"category": category, "building": building, "house": house}
                        assert await similar.find(session, words, kind=Kind.COMPLAINT, **where) == []
                        assert await similar.find_ended(session, words, kind=Kind.COMPLAINT, now=now, **where) == []
            bob = await people.by_telegram_id(session, stage.BOB)
            assert bob is not None
            ticket = await asking.file(session, draft(SAID), bob, house, now)
            assert isinstance(ticket, Ticket)
            await session.flush()
            found = await similar.find(
                session, SAID, kind=Kind.COMPLAINT, category=ticket.category, building=ticket.building, house=house
            )
            assert [each.ticket.id for each in found] == [ticket.id], "the search does find these words"
            before = await counted(session)
        await reports_again(program, now)
        async with app.database.reading() as session:
            assert await counted(session) == before
            assert await session.scalar(select(func.count()).select_from(Case)) == 4, "no two of them are one"
            assert (await session.get_one(Ticket, ticket.id)).requesters == 1


async def counted(session: object) -> tuple[int | None, int | None]:
    """How many tickets and how many traces of them there are."""
    ask = session.scalar  # type: ignore[attr-defined]
    return await ask(select(func.count()).select_from(Ticket)), await ask(select(func.count()).select_from(Trace))


@both_but_quickly
async def test_no_figure_tells_that_there_is_a_report(database_url: str, now: datetime) -> None:
    """What moves is what waits to be said, as with anything that is said; and once it is said nothing has moved."""
    async with reported(database_url, now) as (program, codes):
        app, moment = program.app, [now]
        # Of before there is nothing left to say.
        await all_said(program)
        meters = Meters()
        listening = Metrics("127.0.0.1:0", meters, app.database, lambda: moment[0], Health(app.database))
        async with listening as metrics, aiohttp.ClientSession() as http:

            async def shown() -> dict[Sample, float]:
                async with http.get(f"{metrics.address}/metrics") as answer:
                    text = await answer.text()
                assert not told(text)
                assert not [code for code in codes.values() if code in text]
                return {
                    (sample.name, tuple(sorted(sample.labels.items()))): sample.value
                    for family in text_string_to_metric_families(text)
                    for sample in family.samples
                    if sample.name.startswith("unionbot_") and not sample.name.endswith("_created")
                }

            before = await shown()
            await reports_again(program, now)
            waits = await shown()
            moved = {name for name in waits if waits[name] != before.get(name)}
            assert {name for name, _ in moved} == {"unionbot_outbox_due"}
            assert {dict(labels)["lane"] for _, labels in moved} <= {"answer", "notice", "ticket"}
            await all_said(program)
            assert await shown() == before
            for path, says in (("healthz", "ok\n"), ("readyz", "ready\n")):
                async with http.get(f"{metrics.address}/{path}") as answer:
                    assert await answer.text() == says
            # Long after it should have been acknowledged, and closed: what is overdue counts tickets alone.
            moment[0] += timedelta(days=40)
            late = await shown()
            async with app.database.transaction() as session:
                await session.execute(update(Case).values(due=moment[0] + timedelta(days=40)))
            assert await shown() == late


async def all_said(program: Attacked) -> None:
    """Nothing waits any more."""
    async with program.app.database.transaction() as session:
        due = update(Outgoing).where(Outgoing.state == Sending.DUE)
        await session.execute(due.values(state=Sending.SENT))
