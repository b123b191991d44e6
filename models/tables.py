"""Every table in one import, for whoever needs the whole schema: migrations and the tests that hold them to it."""

from __future__ import annotations

from models import (
    audit,
    conversations,
    faq,
    inbox,
    outbox,
    people,
    postings,
    pulses,
    requesters,
    stations,
    tickets,
    words,
)

__all__ = [
    "audit",
    "conversations",
    "faq",
    "inbox",
    "outbox",
    "people",
    "postings",
    "pulses",
    "requesters",
    "stations",
    "tickets",
    "words",
]
