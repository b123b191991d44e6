"""What an anonymous requester is called on a ticket: a word, drawn by lot when they come, with a number when all are
taken.

It is a name for one ticket only. Nothing of the person goes into it, so two tickets of one student say nothing of each
other, and it may stay when the keys to them are destroyed: it names nobody.
"""

from __future__ import annotations

import secrets
from collections.abc import Collection
from itertools import count

WORDS = (
    "willow", "maple", "bamboo", "lotus", "orchid", "plum", "pine", "cypress", "ginkgo", "osmanthus", "jasmine",
    "cedar", "birch", "reed", "clover", "daisy", "iris", "lilac", "magnolia", "camellia", "wisteria", "ivy", "swallow",
    "magpie", "crane", "heron", "lark", "robin", "kingfisher", "brook", "moon", "cloud", "dawn", "breeze", "star",
    "spring",
)  # fmt: skip
"""Each is a text `alias.<word>`."""


def draw(taken: Collection[str | None]) -> str:
    """One that nobody else on the ticket has: `willow`, or `willow 2` when every word is taken."""
    for number in count(1):
        free = [name for word in WORDS if (name := word if number == 1 else f"{word} {number}") not in taken]
        if free:
            return secrets.choice(free)
    raise AssertionError("there is always another number")
