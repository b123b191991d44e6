"""The demo says which step did not happen, and time moves in it as it would outside. Its story: test_start.py."""

from __future__ import annotations

import socket
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from typer.testing import CliRunner, Result

from bot import __main__
from bot.app import App
from bot.demo import watching
from sandbox import client
from sandbox.client import Sandbox, photo

HOUSE = Path(__file__).parent.parent.parent


@pytest.fixture(autouse=True)
def in_a_folder_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Run in this process, so its log stays this process's."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PYTHONPATH", str(HOUSE))
    monkeypatch.setattr("bot.logs.configure", lambda level: None)


def played(*arguments: str) -> Result:
    done = CliRunner().invoke(__main__.app, ["demo", "--once", *arguments])
    assert isinstance(done.exception, SystemExit), done.exception
    return done


@pytest.mark.long
def test_a_taken_port_is_named_and_ends_it() -> None:
    """With --once the port was not even looked at."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        done = played("--port", str(port))
    assert done.exit_code == 1
    (line,) = done.stderr.splitlines()
    assert line.startswith("✗ did not happen: the local Telegram starts")
    assert f"127.0.0.1:{port}" in line


class Unheard(Sandbox):
    """A stage on which the bot is not heard once the story begins, and nobody is patient."""

    def __init__(self, url: str, **how: Any) -> None:
        super().__init__(url, **how | {"patience": 2.0})

    async def set_speed(self, speed: float) -> datetime:
        await self.fault("sendMessage", status=400, times=1000)
        return await super().set_speed(speed)


@pytest.mark.long
def test_a_step_that_takes_long_says_what_it_waits_for_and_at_last_is_named_and_ends_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(__main__, "_sandbox", lambda: (Unheard, photo))
    monkeypatch.setattr(client, "UNUSUAL", 0.5)
    done = played()
    assert done.exit_code == 1
    assert "is waited for: 林小雨 finds no button" in done.stdout
    assert "✗ did not happen: 林小雨 says who she is" in done.stderr
    assert "everything happened" not in done.stdout


@pytest.mark.parametrize(
    ("jump", "hops"),
    [
        pytest.param(timedelta(minutes=5), 1, id="less than an hour at once"),
        pytest.param(timedelta(days=2), 48, id="hour by hour"),
        pytest.param(timedelta(days=120), watching.MOST_HOPS, id="a semester in no more hops than one can watch"),
    ],
)
async def test_a_jump_of_the_clock_leaves_out_nothing_that_falls_due_on_the_way(jump: timedelta, hops: int) -> None:
    ran: list[datetime] = []
    woken: list[datetime] = []

    async def run_due(moment: datetime) -> None:
        ran.append(moment)

    program = SimpleNamespace(
        scheduler=SimpleNamespace(run_due=run_due), courier=SimpleNamespace(wake=lambda: woken.append(ran[-1]))
    )
    before = datetime(2026, 9, 15, 1, 30, tzinfo=UTC)
    await watching._catch_up(cast(App, program), before, before + jump)
    assert ran == sorted(ran)
    assert len(ran) == hops
    assert ran[-1] == before + jump
    assert woken == [before + jump]
