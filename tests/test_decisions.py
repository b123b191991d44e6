"""Whoever says why by the number of a decision says it of a page that is there, and no two pages have one number."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

HOUSE = Path(__file__).parent.parent
NAMED = re.compile(r"decisions?[ /](\d{4})\b(-[\w-]+\.md)?")
READ = (
    *HOUSE.glob("*.md"),
    *(path for room in ("bot", "handlers", "models", "scheduler") for path in (HOUSE / room).rglob("*.py")),
)


def test_every_decision_that_is_named_is_there_and_has_its_number_alone() -> None:
    pages = [path.name for path in (HOUSE / "docs" / "decisions").glob("0*.md")]
    assert not [number for number, count in Counter(page[:4] for page in pages).items() if count > 1]
    named = [
        (path.name, found[0])
        for path in (*READ, *(HOUSE / "docs").rglob("*.md"))
        for found in NAMED.finditer(path.read_text(encoding="utf-8"))
        if not [page for page in pages if page.startswith(found[1]) and (found[2] or "") in (page[4:], "")]
    ]
    assert not named
    assert len(pages) > 15, "they are found at all"
