"""Every table in one import, for whoever needs the whole schema: migrations and the tests that hold them to it."""

from __future__ import annotations

from models import (
    access,
    audit,
    cases,
    conversations,
    exports,
    forgetting,
    hooks,
    inbox,
    majors,
    mutes,
    outbox,
    people,
    postings,
    pulses,
    requesters,
    roster,
    seals,
    stations,
    tickets,
    words,
)

__all__ = [
    "access",
    "audit",
    "cases",
    "conversations",
    "exports",
    "forgetting",
    "hooks",
    "inbox",
    "majors",
    "mutes",
    "outbox",
    "people",
    "postings",
    "pulses",
    "requesters",
    "roster",
    "seals",
    "stations",
    "tickets",
    "words",
]
