"""docs/features.md names a test for each promise: every one of them is there."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path

HOUSE = Path(__file__).parent.parent
PAGE = HOUSE / "docs" / "features.md"
NAMED = re.compile(r"(tests/[\w/]+\.py)?::(\w+)")


@cache
def names_in(path: str) -> frozenset[str]:
    tree = ast.parse((HOUSE / path).read_text(encoding="utf-8"))
    return frozenset(n.name for n in ast.walk(tree) if isinstance(n, (ast.FunctionDef, ast.AsyncFunctionDef)))


def test_every_promise_has_the_test_that_it_names() -> None:
    lost, count = [], 0
    for row in PAGE.read_text(encoding="utf-8").splitlines():
        path = ""
        for found in NAMED.finditer(row):
            path = found[1] or path
            count += 1
            if not path or not (HOUSE / path).exists() or found[2] not in names_in(path):
                lost.append(found[0])
    assert not lost
    assert count > 100, "the page is read at all"
