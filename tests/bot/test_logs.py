"""What goes to the log, and what never does."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator

import httpx
import pytest
import structlog

from bot import logs

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
