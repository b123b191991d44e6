"""What the program shows to the network: where it listens, and whether it is alive."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import datetime

import aiohttp
import pytest

from bot.inbox import Intake
from bot.web import CannotListen, Web
from models.database import Database
from tests.campus import settings
from tests.house import HOUSE


@pytest.fixture
async def http() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as session:
        yield session


def listening(database: Database, now: datetime, listen: str = "127.0.0.1:0") -> Web:
    chosen = settings(
        "http://127.0.0.1:1",
        "sqlite:///unused.db",
        telegram={"mode": "webhook", "webhook_url": "https://union.example", "listen": listen},
    )
    return Web(chosen, Intake(database, 700000, HOUSE.vault, lambda: now, lambda: None), database)


@pytest.mark.parametrize(
    ("listen", "reason"),
    [
        pytest.param("192.0.2.1:8080", "Cannot assign requested address", id="an address of another machine"),
        pytest.param("1.2.3.4.5:8080", "cannot listen on 1.2.3.4.5:8080", id="no host"),
        pytest.param(f"{'a' * 70}:8080", "no host can have this name", id="no name"),
    ],
)
async def test_an_address_that_cannot_be_listened_at_is_not_blamed_on_the_database(
    now: datetime, listen: str, reason: str
) -> None:
    with pytest.raises(CannotListen, match=reason) as refused:
        await listening(Database("sqlite:///unused.db"), now, listen).__aenter__()
    assert "change listen in [telegram]" in str(refused.value)


async def test_it_says_that_it_is_alive_and_ready(
    database: Database, now: datetime, http: aiohttp.ClientSession
) -> None:
    async with listening(database, now) as web, http.get(f"{web.address}/readyz") as ready:
        assert (ready.status, await ready.text()) == (200, "ready\n")


async def test_without_its_database_it_is_alive_but_not_ready(now: datetime, http: aiohttp.ClientSession) -> None:
    """A restart would not bring the database back, so only /readyz says no."""
    database = Database("postgresql://u@127.0.0.1:1/x")
    async with listening(database, now) as web:
        async with http.get(f"{web.address}/healthz") as alive:
            assert alive.status == 200
        async with http.get(f"{web.address}/readyz") as ready:
            assert (ready.status, await ready.text()) == (503, "the database does not answer\n")
    await database.close()
