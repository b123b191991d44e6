"""The parts of the program. `unionbot run` is all of them in one process; on PostgreSQL each may run apart, on any
machine, and be there more than once.

| part | does | more than one |
|---|---|---|
| web | the way in: polls Telegram, or listens for its webhook; public pages | all listen, one polls |
| worker | runs what came in | all work, each chat at one of them |
| courier | brings the outbox to Telegram, and steps to other systems | one sends, the others wait |
| clock | the jobs | one keeps it, the others wait |
"""

from __future__ import annotations

from collections.abc import Collection
from enum import StrEnum


class Part(StrEnum):
    """What can be named after `unionbot run`."""

    WEB = "web"
    WORKER = "worker"
    COURIER = "courier"
    CLOCK = "clock"


ALL = frozenset(Part)


def figures_at(parts: Collection[Part], listen: str) -> str:
    """Where a process of these parts shows its figures: at `listen`, or so many ports further that all parts find room
    on one machine with one config.toml.
    """
    host, _, port = listen.rpartition(":")
    further = min((list(Part).index(part) for part in parts), default=0)
    return f"{host}:{min(int(port) + further, 65535)}" if int(port) else listen


def one_file_only(parts: Collection[Part], url: str) -> str | None:
    """Why these parts cannot run on this database; None when they can."""
    if url.startswith("sqlite") and ALL - set(parts):
        named = " ".join(sorted(set(parts)))
        return f"`run {named}` apart needs PostgreSQL; an SQLite file is for one process, so: unionbot run"
    return None
