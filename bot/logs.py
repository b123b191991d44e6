"""What goes to the log, and what never does: no token, no key, nothing anybody wrote.

The Bot API carries the token in every address, so anything that prints an address prints the token. Every handler
therefore has a filter of its own that takes secrets out of the finished line, tracebacks included; httpx and
httpcore, which log each address, only warn.

A traceback shows where and what kind of mistake, not what it says: a number that cannot be read repeats the words it
was looked for in, and PostgreSQL repeats the whole row that it refuses.
"""

from __future__ import annotations

import logging
import re
import sys
import traceback
from collections.abc import Iterator
from types import TracebackType
from typing import Literal, TextIO

import structlog

TOKEN = re.compile(r"\d{5,}:[A-Za-z0-9_-]{20,}")
HIDDEN = "…"
NOISY = ("httpx", "httpcore", "aiohttp.access", "apscheduler", "aiogram", "telegram", "alembic")


class Redacting(logging.Formatter):
    """Formats as it is told to, then takes every secret out of what came of it."""

    def __init__(self, inner: logging.Formatter, secrets: tuple[str, ...]) -> None:
        super().__init__()
        self._inner = inner
        self._secrets = tuple(s for s in secrets if s)

    def format(self, record: logging.LogRecord) -> str:
        """The finished line, traceback included."""
        return redact(self._inner.format(record), self._secrets)


def redact(text: str, secrets: tuple[str, ...] = ()) -> str:
    """The text without these secrets, and without anything that looks like a bot token."""
    for secret in secrets:
        text = text.replace(secret, HIDDEN)
    return TOKEN.sub(HIDDEN, text)


def _silent(error: BaseException) -> Iterator[str]:
    """The traceback as Python prints it, from the first cause on, each mistake by its kind alone."""
    before = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    if before is not None:
        yield from _silent(before)
        yield "\nand then:\n\n"
    yield from traceback.format_tb(error.__traceback__)
    yield f"{type(error).__module__}.{type(error).__qualname__}\n"
    if isinstance(error, BaseExceptionGroup):
        for each in error.exceptions:
            yield from (f"  {line}" for line in "".join(_silent(each)).splitlines(keepends=True))


ExcInfo = tuple[type[BaseException], BaseException, TracebackType | None]


def _told(exc_info: ExcInfo) -> str:
    return "".join(_silent(exc_info[1])).rstrip("\n")


def _to(stream: TextIO, exc_info: ExcInfo) -> None:
    stream.write("\n" + _told(exc_info))


def configure(
    level: str = "info",
    style: Literal["console", "json"] = "console",
    secrets: tuple[str, ...] = (),
    stream: TextIO | None = None,
) -> None:
    """Send everything, ours and the libraries', through one handler; call it once, at the start."""
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    renderer: structlog.typing.Processor = (
        structlog.processors.JSONRenderer(ensure_ascii=False)
        if style == "json"
        # The default draws tracebacks with every local variable, which is where people's words are.
        else structlog.dev.ConsoleRenderer(colors=False, exception_formatter=_to)
    )
    formatter = structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=shared,
        processors=[
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            *([structlog.processors.ExceptionRenderer(_told)] if style == "json" else []),
            renderer,
        ],
    )
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(Redacting(formatter, secrets))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    for name in NOISY:
        logging.getLogger(name).setLevel(logging.WARNING)
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
