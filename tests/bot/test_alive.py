"""`unionbot alive` asks the program that runs here."""

from __future__ import annotations

import asyncio
import socket
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from typer.testing import CliRunner, Result

from bot.__main__ import app
from bot.cli import alive
from bot.cli.alive import asked_at
from bot.parts import Part
from bot.web.health import Health
from bot.web.metrics import Meters, Metrics
from models.database import Database
from tests.campus import BEGIN, EXAMPLE, settings


def configured(folder: Path, address: str) -> Path:
    """The example's file with figures at this address. Reading it needs no secret."""
    text = EXAMPLE.read_text(encoding="utf-8")
    begin, head, rest = text.partition("[metrics]")
    rest = rest.replace("enabled = false", "enabled = true", 1).replace("127.0.0.1:9464", address, 1)
    path = folder / "config.toml"
    path.write_text(begin + head + rest, encoding="utf-8")
    return path


async def asked(config: Path, *parts: str) -> Result:
    environment = {"UNIONBOT_TOKEN": "", "UNIONBOT_KEY": ""}
    return await asyncio.to_thread(CliRunner().invoke, app, ["alive", *parts, "--config", str(config)], env=environment)


async def test_a_program_that_answers_is_alive_whatever_its_database_does(tmp_path: Path) -> None:
    away = Database("postgresql://u:p@127.0.0.1:1/x")
    async with Metrics("127.0.0.1:0", Meters(), away, lambda: BEGIN, Health(away)) as shown:
        place = shown.address.removeprefix("http://")
        done = await asked(configured(tmp_path, place.replace("127.0.0.1", "0.0.0.0")), "web")
    assert (done.exit_code, "alive at " in done.output) == (0, True), done.output
    await away.close()


async def test_nobody_there_somebody_else_and_one_that_hangs_are_not_alive(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(alive, "SECONDS", 0.2)
    with socket.socket() as hangs:
        hangs.bind(("127.0.0.1", 0))
        port = hangs.getsockname()[1]
        config = configured(tmp_path, f"127.0.0.1:{port}")
        refused = await asked(config, "web")
        hangs.listen()
        silent = await asked(config, "web")
    other = web.AppRunner(web.Application())
    await other.setup()
    site = web.TCPSite(other, "127.0.0.1", port, reuse_address=True)
    await site.start()
    another = await asked(config, "web")
    await other.cleanup()
    for done, why in ((refused, "nobody answers"), (silent, "imeout"), (another, "something else answers (404)")):
        assert done.exit_code == 1
        (line,) = done.output.splitlines()
        assert line.startswith("not alive")
        assert why in line


async def test_where_nobody_listens_it_says_what_to_write(tmp_path: Path) -> None:
    path = tmp_path / "config.toml"
    path.write_text(EXAMPLE.read_text(encoding="utf-8"), encoding="utf-8")
    done = await asked(path)
    assert (done.exit_code, "[metrics]" in done.output) == (2, True)


FIGURES: dict[str, Any] = {"metrics": {"enabled": True, "listen": "0.0.0.0:9464"}}


@pytest.mark.parametrize(
    ("changes", "parts", "places"),
    [
        pytest.param(FIGURES, [Part.CLOCK], ["0.0.0.0:9467"], id="a part at its own port"),
        pytest.param(
            FIGURES, [], [f"0.0.0.0:{port}" for port in range(9464, 9468)], id="in a container whichever part it is"
        ),
        pytest.param({"pages": {"enabled": True}}, [], ["127.0.0.1:8080"], id="public pages"),
        pytest.param({"pages": {"enabled": True}}, [Part.WORKER], [], id="a worker has no pages"),
    ],
)
def test_it_asks_where_the_program_listens(changes: dict[str, Any], parts: list[Part], places: list[str]) -> None:
    chosen = settings("http://127.0.0.1:1", "sqlite:///unused.db", **changes)
    assert asked_at(chosen, parts) == places
