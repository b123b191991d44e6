"""A campus system files a ticket and hears what becomes of it, while the program polls as ever."""

from __future__ import annotations

import asyncio
from typing import Any

import aiohttp
import pytest
from aiohttp import web

from bot import config
from tests.campus import running

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)

KEY = "k" * 32


async def test_a_campus_system_files_and_is_told(database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("scheduler.herald.LOOK_SECONDS", 0.05)
    told: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
    plain = config.Secrets.environment
    extra = {"UNIONBOT_OPEN311_KEY": KEY, "UNIONBOT_WEBHOOK_SECRET": "s" * 32}
    monkeypatch.setattr(config.Secrets, "environment", lambda self: plain(self) | extra)

    async def hear(request: web.Request) -> web.Response:
        told.put_nowait(await request.json())
        return web.Response(status=204)

    app = web.Application()
    app.router.add_post("/hook", hear)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    sections: dict[str, Any] = {
        "open311": {"enabled": True},
        "webhook_out": {"url": f"{site.name}/hook"},
        "telegram": {"listen": "127.0.0.1:0"},
    }
    try:
        async with running(database_url, **sections) as campus, aiohttp.ClientSession() as http:
            t = campus.t("en")
            alice = await campus.student("Alice")
            form = {"service_code": "power", "description": "The lamp is out", "address_id": "e2", "api_key": KEY}
            async with http.post(f"{campus.app.address}/open311/v2/requests.json", data=form) as answer:
                number = int((await answer.json())[0]["service_request_id"])
            card = await campus.east.shows(f"#{number} ·")
            assert "Filed by a campus system" in card.text
            assert "The lamp is out" in card.text
            await campus.wang.taps(t.plain("desk.claim"), chat=campus.east)
            async with asyncio.timeout(20):
                heard = [await told.get() for _ in range(2)]
            assert [(each["event"], each["ticket"]["number"]) for each in heard] == [
                ("filed", number),
                ("claimed", number),
            ]
            async with http.get(f"{campus.app.address}/healthz") as alive:
                assert alive.status == 200
            await alice.says("/mine")
            await campus.quiet()
            assert "lamp" not in "".join(m.text for m in await campus.stage.transcript(alice.id))
    finally:
        await runner.cleanup()
