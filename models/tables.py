"""Every table in one import, for whoever needs the whole schema: migrations and the tests that hold them to it."""

from __future__ import annotations

from models import (
    audit,
    conversations,
    exports,
    hooks,
    inbox,
    outbox,
    people,
    postings,
    pulses,
    requesters,
    seals,
    stations,
    tickets,
    words,
)

__all__ = [
    "audit",
    "conversations",
    "exports",
    "hooks",
    "inbox",
    "outbox",
    "people",
    "postings",
    "pulses",
    "requesters",
    "seals",
    "stations",
    "tickets",
    "words",
]
