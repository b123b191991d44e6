"""Every table in one import, for whoever needs the whole schema: migrations and the tests that hold them to it."""

from __future__ import annotations

from models import (
    audit,
    colleagues,
    conversations,
    faq,
    handovers,
    inbox,
    outbox,
    people,
    postings,
    projects,
    pulses,
    requesters,
    shifts,
    stations,
    tickets,
    words,
)

__all__ = [
    "audit",
    "colleagues",
    "conversations",
    "faq",
    "handovers",
    "inbox",
    "outbox",
    "people",
    "postings",
    "projects",
    "pulses",
    "requesters",
    "shifts",
    "stations",
    "tickets",
    "words",
]
