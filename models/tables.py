"""Every table in one import, for whoever needs the whole schema: migrations and the tests that hold them to it."""

from __future__ import annotations

from models import (
    audit,
    canned,
    colleagues,
    conversations,
    faq,
    handovers,
    inbox,
    occasions,
    outbox,
    people,
    pictures,
    postings,
    projects,
    pulses,
    requesters,
    shifts,
    stations,
    tickets,
    walkins,
    words,
)

__all__ = [
    "audit",
    "canned",
    "colleagues",
    "conversations",
    "faq",
    "handovers",
    "inbox",
    "occasions",
    "outbox",
    "people",
    "pictures",
    "postings",
    "projects",
    "pulses",
    "requesters",
    "shifts",
    "stations",
    "tickets",
    "walkins",
    "words",
]
