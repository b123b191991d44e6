"""The promise stands word for word in the README and in docs/reliability.md, and every test that is named there is
there; the figures of the long run have their place.
"""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from tests.chaos.figures import between, drawn
from tests.test_features import lost_in

HOUSE = Path(__file__).parent.parent
PAGE = HOUSE / "docs" / "reliability.md"
PROMISE = (
    "Every update Telegram hands over is durable before it is acknowledged and takes effect once. "
    "Every outgoing message ends as sent, failed or unknown, never silently. "
    "No automatic retry duplicates an answer to a student. "
    "A crash leaves at most 32 unknowns, shown to staff."
)


def quoted(page: Path) -> str:
    """All that is quoted on a page, as one line."""
    lines = page.read_text(encoding="utf-8").splitlines()
    return " ".join(line.removeprefix(">").strip() for line in lines if line.startswith(">"))


def test_the_promise_is_the_same_word_for_word_and_each_clause_has_its_test() -> None:
    assert PROMISE in quoted(PAGE)
    assert PROMISE in quoted(HOUSE / "README.md")
    assert "(docs/reliability.md)" in (HOUSE / "README.md").read_text(encoding="utf-8")
    text = PAGE.read_text(encoding="utf-8")
    rows = re.findall(r"^\| (.+?) \| (.+?) \|$", text.partition("Not promised")[0], re.MULTILINE)
    clauses = [(clause, tests) for clause, tests in rows if clause != "the promise"]
    assert " ".join(clause for clause, _ in clauses) == PROMISE
    assert all("::test_" in tests for _, tests in clauses)


def test_every_fault_has_the_test_that_it_names() -> None:
    lost, count = lost_in(PAGE)
    assert not lost
    assert count > 20, "the page is read at all"
    matrix = PAGE.read_text(encoding="utf-8").partition("\nThree machines under Patroni")[0]
    rows = [line for line in matrix.splitlines() if line.startswith("| ")]
    assert not [row for row in rows if row.count(" | ") == 3 and "::test_" not in row and "| held by |" not in row]


def deaths(**changes: Any) -> dict[str, Any]:
    """One run's line."""
    figures = {"updates": 10, "tickets": 2, "answers": 2, "calls": 20, "slowest stop": 0.5, "findings": 0}
    ends = {"deaths": {"kill -9": 2, "SIGTERM": 1}, "how": {"moment": 2, "mark.after": 1}, "unknown a kill": [0, 3]}
    return {"kind": "deaths", "database": "sqlite", "way": "polling", **figures, **ends, **changes}


def test_the_figures_are_counted_from_the_runs_and_stand_in_their_place() -> None:
    broken = {"kind": "mutation", "broken": "sync less", "red": True}
    power = {"kind": "power", "cuts": 500, "records": 7, "findings": 0}
    text = drawn([deaths(), deaths(updates=5, **{"unknown a kill": [7]}), power, broken], 11, 60.4, date(2026, 11, 28))
    assert "| sqlite, polling | 2 | 4 | 2 | 0.5 | 15 | 4 | 4 | 40 | 10 | 3, 7 | 0 |" in text
    assert "mark.after 2, moment 4" in text
    assert "Power cuts: 500, in what 1 lives wrote" in text
    assert "sync less red" in text
    page = between(PAGE.read_text(encoding="utf-8"), text)
    assert text.strip() in page
    assert between(page, "other") == between(PAGE.read_text(encoding="utf-8"), "other")
    with pytest.raises(ValueError, match="no place"):
        between("a page", text)
