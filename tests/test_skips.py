"""What is skipped where CI runs is a failure there (tests/conftest.py)."""

from __future__ import annotations

import pytest

pytest_plugins = ["pytester"]

PROMISES = """
import pytest

def test_it_says_so_itself():
    pytest.skip("nobody may mount here")

@pytest.mark.skipif(True, reason="not to be reached")
def test_it_is_marked():
    assert True

@pytest.mark.xfail(reason="known")
def test_it_is_known_to_fail():
    assert False

def test_it_holds():
    assert True
"""


@pytest.mark.parametrize(("ci", "ends"), [("", {"skipped": 2}), ("true", {"failed": 1, "errors": 1})])
def test_a_promise_that_is_skipped_fails_where_ci_runs(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch, ci: str, ends: dict[str, int]
) -> None:
    monkeypatch.setenv("CI", ci)
    pytester.makeconftest("from tests.conftest import pytest_runtest_makereport")
    pytester.makepyfile(PROMISES)
    done = pytester.runpytest_inprocess("-p", "no:cacheprovider", "-p", "no:asyncio")
    done.assert_outcomes(passed=1, xfailed=1, **ends)
    if ci:
        done.stdout.fnmatch_lines(
            ["*CI must show this*nobody may mount here*", "*CI must show this*not to be reached*"]
        )
