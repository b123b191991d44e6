"""docs/security.md names a test for what it says is held."""

from __future__ import annotations

from tests.security.attacked import ROOT
from tests.test_features import lost_in


def test_every_requirement_has_the_test_that_it_names() -> None:
    lost, count = lost_in(ROOT / "docs" / "security.md")
    assert not lost
    assert count > 20, "the page is read at all"
