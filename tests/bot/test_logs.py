"""What goes to the log, and what never does."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
import structlog

from bot import logs
from bot.aside import again, listed
from tests.campus import running

TOKEN = "700000:AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw0"
KEY = "k" * 43


@pytest.fixture
def stream() -> Iterator[io.StringIO]:
    out = io.StringIO()
    root = logging.getLogger()
    before, level, said = list(root.handlers), root.level, structlog.get_config()
    yield out
    root.handlers[:] = before
    root.setLevel(level)
    # Not to its defaults: unconfigured, it prints every variable of a traceback, for half a minute.
    structlog.configure(**said)


@pytest.mark.parametrize("style", ["console", "json"])
def test_secrets_are_taken_out_of_lines_and_tracebacks(stream: io.StringIO, style: str) -> None:
    logs.configure("debug", style, (KEY,), stream)  # type: ignore[arg-type]
    try:
        raise ValueError(f"no answer from https://api.telegram.org/bot{TOKEN}/sendMessage with {KEY}")
    except ValueError:
        structlog.get_logger().error("it failed", address=f"bot{TOKEN}", exc_info=True)
        logging.getLogger("anything").exception("again %s", TOKEN)
    said = stream.getvalue()
    assert "it failed" in said
    assert TOKEN not in said
    assert TOKEN.split(":")[1] not in said
    assert KEY not in said


@pytest.mark.parametrize("style", ["console", "json"])
def test_a_traceback_shows_no_local_variables(stream: io.StringIO, style: str) -> None:
    logs.configure("info", style, (), stream)  # type: ignore[arg-type]
    words = "what a student wrote"
    try:
        raise RuntimeError(len(words))
    except RuntimeError:
        structlog.get_logger().error("a handler failed", exc_info=True)
    assert "a handler failed" in stream.getvalue()
    assert words not in stream.getvalue()


@pytest.mark.parametrize("style", ["console", "json"])
def test_a_traceback_says_what_kind_and_where_but_not_what_the_mistake_says(stream: io.StringIO, style: str) -> None:
    logs.configure("info", style, (), stream)  # type: ignore[arg-type]
    words = "what a student wrote"

    def read(text: str) -> None:
        try:
            int(text)
        except ValueError as error:
            raise ExceptionGroup(text, [KeyError(text)]) from error

    try:
        read(words)
    except ExceptionGroup:
        structlog.get_logger().error("a handler failed", exc_info=True)
        logging.getLogger("anything").exception("again")
    said = stream.getvalue()
    for shown in ("in read", "builtins.ValueError", "builtins.ExceptionGroup", "builtins.KeyError"):
        assert said.count(shown) >= 2, shown
    assert words not in said


def test_json_is_one_object_a_line(stream: io.StringIO) -> None:
    logs.configure("info", "json", (), stream)
    structlog.get_logger().info("一", count=2)
    logging.getLogger("x").warning("two")
    lines = [json.loads(line) for line in stream.getvalue().splitlines()]
    assert [line["event"] for line in lines] == ["一", "two"]


def test_httpx_does_not_log_addresses(stream: io.StringIO) -> None:
    """httpx logs every address at INFO, token included."""
    logs.configure("debug", "console", (), stream)
    transport = httpx.MockTransport(lambda request: httpx.Response(200))
    with httpx.Client(transport=transport) as client:
        client.get("https://api.telegram.org/bot1/getMe")
    assert "api.telegram.org" not in stream.getvalue()


def test_only_what_is_asked_for_is_logged(stream: io.StringIO) -> None:
    logs.configure("warning", "console", (), stream)
    structlog.get_logger().info("chatter")
    structlog.get_logger().warning("news")
    assert "chatter" not in stream.getvalue()
    assert "news" in stream.getvalue()


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_the_number_a_student_quotes_finds_every_line_of_their_update(
    database_url: str, stream: io.StringIO, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As JSON, each line of it; what others did meanwhile carries other numbers, and nobody's words are in any."""
    from handlers.students import report

    words = "Zhou Dahai of East Station"
    async with running(database_url) as campus:
        t = campus.t("en")
        alice = await campus.stage.person("Alice", "en", id=837465921)
        await alice.says("/start")
        await alice.taps(t.plain("consent.agree"))
        await alice.says("/report")
        await alice.taps(t.plain("report.begin"))

        async def broken(*_: Any) -> None:
            structlog.get_logger().info("half way")
            raise KeyError(words)

        monkeypatch.setattr(report, "_ask", broken)
        logs.configure("debug", "json", (TOKEN,), stream)
        await alice.says(words)
        told = (await alice.reads("went wrong")).text
        await campus.quiet()
        lines = [json.loads(line) for line in stream.getvalue().splitlines()]
        assert all({"event", "level", "timestamp"} <= line.keys() for line in lines)
        (aside,) = [line for line in lines if line["event"] == "an update was set aside"]
        number = aside["incident"]
        assert number in told
        assert {line["event"] for line in lines if line.get("update") == number} >= {
            "half way",
            "an update was set aside",
        }
        assert "KeyError at test_logs.py" in aside["why"]
        assert not [word for word in ("Dahai", "Alice", "837465921", TOKEN) if word in stream.getvalue()]
        assert [row.split()[0] for row in await listed(campus.app.settings)] == [number]

        monkeypatch.undo()
        stream.truncate(0)
        stream.seek(0)
        assert await again(campus.app.settings, [number]) == (1, 0, [])
        campus.app.worker.wake()
        await alice.reads("Dahai")
        assert not [line for line in stream.getvalue().splitlines() if number in line], "it runs under a new one"
