"""What is known against a package that the lock names is seen (tests/audit.py), by each of the ways."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests import audit
from tests.audit import LOCK, Unreachable

PACKAGES = {"aiohttp": {"3.9.1"}, "ruff": {"0.17.0"}}


def advisory(*events: dict[str, str], **changes: Any) -> dict[str, Any]:
    there = {
        "package": {"ecosystem": "PyPI", "name": "AioHTTP"},
        "ranges": [{"type": "ECOSYSTEM", "events": [*events]}],
    }
    return {"id": "PYSEC-1", "aliases": ["CVE-1"], "affected": [there], **changes}


@pytest.mark.parametrize(
    ("entry", "affected"),
    [
        pytest.param(advisory({"introduced": "0"}, {"fixed": "3.9.2"}), True, id="not yet mended"),
        pytest.param(advisory({"introduced": "0"}, {"fixed": "3.9.1"}), False, id="mended with it"),
        pytest.param(advisory({"introduced": "3.9.2"}), False, id="begun later"),
        pytest.param(advisory({"introduced": "0"}), True, id="never mended"),
        pytest.param(advisory({"introduced": "0"}, {"last_affected": "3.9.1"}), True, id="the last one"),
        pytest.param(advisory({"introduced": "0"}, {"last_affected": "3.9.0"}), False, id="after the last one"),
        pytest.param(
            advisory({"fixed": "3.8"}, {"introduced": "0"}, {"introduced": "3.9.1"}), True, id="mended and back again"
        ),
        pytest.param(advisory({"introduced": "0"}, withdrawn="2026-01-01"), False, id="taken back"),
    ],
)
def test_a_folder_of_advisories_says_what_a_version_is_affected_by(
    tmp_path: Path, entry: dict[str, Any], affected: bool
) -> None:
    (tmp_path / "vulns" / "aiohttp").mkdir(parents=True)
    (tmp_path / "vulns" / "aiohttp" / "PYSEC-1.yaml").write_text(yaml.safe_dump(entry))
    assert [*audit.in_folder(tmp_path, PACKAGES)] == ["aiohttp 3.9.1: PYSEC-1 (CVE-1)"] * affected
    (tmp_path / "vulns" / "aiohttp").rename(tmp_path / "vulns" / "another")
    with pytest.raises(Unreachable):
        [*audit.in_folder(tmp_path, PACKAGES)]


def test_what_pip_audit_says_is_read_and_that_it_reached_nobody_is_no_acquittal() -> None:
    weak = {"name": "aiohttp", "version": "3.9.1", "vulns": [{"id": "PYSEC-1", "aliases": ["CVE-1"]}]}
    silent = {"name": "ruff", "skip_reason": "not found"}
    assert audit.by_service(json.dumps({"dependencies": [weak, silent]})) == [
        "aiohttp 3.9.1: PYSEC-1 (CVE-1)",
        "ruff was not looked at: not found",
    ]
    assert audit.by_service(json.dumps({"dependencies": [weak | {"vulns": []}]})) == []
    for nothing in ("", json.dumps({"dependencies": [silent]})):
        with pytest.raises(Unreachable):
            audit.by_service(nothing)


def test_what_was_withdrawn_by_its_authors_is_named() -> None:
    fine, gone = ({"metadata": {"name": name, "version": "1.0"}, "is_yanked": name == "gone"} for name in ("a", "gone"))
    assert audit.withdrawn({"install": [fine, gone]}) == ["gone 1.0 was withdrawn by its authors"]


def test_the_whole_lock_is_looked_at() -> None:
    text = LOCK.read_text(encoding="utf-8")
    found, run = audit.pinned(text), audit.pinned((LOCK.parent / "requirements.txt").read_text(encoding="utf-8"))
    lines = [line for line in text.splitlines() if "==" in line and line[0].isalnum()]
    assert sum(map(len, found.values())) == len({line.partition(" ")[0] for line in lines}) > 100
    assert all(versions <= found[name] for name, versions in run.items()), "what runs is in it, in the same versions"
