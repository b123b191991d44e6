"""docs/features.md names a test for each promise, docs/measures.md the command, the job and the test that carry each
sentence of the ten measures: every one of them is there.
"""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path

from bot.texts import read
from scheduler.clock import JOBS

HOUSE = Path(__file__).parent.parent
PAGE = HOUSE / "docs" / "features.md"
NAMED = re.compile(r"(tests/[\w/]+\.py)?::(\w+)")


@cache
def names_in(path: str) -> frozenset[str]:
    tree = ast.parse((HOUSE / path).read_text(encoding="utf-8"))
    return frozenset(n.name for n in ast.walk(tree) if isinstance(n, (ast.FunctionDef, ast.AsyncFunctionDef)))


MEASURES = HOUSE / "docs" / "measures.md"


def lost_in(page: Path) -> tuple[list[str], int]:
    """The tests that a page names and that are not there, and how many it names."""
    lost, count = [], 0
    for row in page.read_text(encoding="utf-8").splitlines():
        path = ""
        for found in NAMED.finditer(row):
            path = found[1] or path
            count += 1
            if not path or not (HOUSE / path).exists() or found[2] not in names_in(path):
                lost.append(found[0])
    return lost, count


def test_every_promise_has_the_test_that_it_names() -> None:
    lost, count = lost_in(PAGE)
    assert not lost
    assert count > 100, "the page is read at all"


def test_every_sentence_of_the_measures_is_carried_by_what_it_names() -> None:
    lost, count = lost_in(MEASURES)
    assert not lost
    assert count > 20, "the page is read at all"
    rows = [line for line in MEASURES.read_text(encoding="utf-8").splitlines() if line.startswith("| ")]
    carried = [[cell.strip() for cell in row.strip("|").split("|")] for row in rows if not row.startswith("| asked")]
    texts = read("en")
    commands = {each for row in carried for each in re.findall(r"`/(\w+)`", row[1])}
    assert not [each for each in commands if f"command.{each}" not in texts]
    jobs = {each for row in carried for each in re.findall(r"`(\w+)`", row[2])}
    assert jobs <= {job.name for job in JOBS}
    files = {each for row in carried for each in re.findall(r"tests/[\w/]+\.py", row[3])}
    assert not [each for each in files if not (HOUSE / each).exists()]
