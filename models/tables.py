"""Every table in one import, for whoever needs the whole schema: migrations and the tests that hold them to it."""

from __future__ import annotations

from models import (
    audit,
    cases,
    conversations,
    inbox,
    majors,
    mutes,
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
    "cases",
    "conversations",
    "inbox",
    "majors",
    "mutes",
    "outbox",
    "people",
    "postings",
    "pulses",
    "requesters",
    "stations",
    "tickets",
    "words",
]
