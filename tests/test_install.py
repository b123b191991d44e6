"""What a machine lacks is said in one line, with the package that brings it (.ci/venv)."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

HOUSE = Path(__file__).parent.parent


def install(folder: Path, **pythons: str) -> subprocess.CompletedProcess[str]:
    """Run the installer where `python3` is this script and no other Python is to be found."""
    path = folder / "bin"
    path.mkdir()
    for name, script in pythons.items():
        file = path / name
        file.write_text(f"#!/bin/sh\n{script}\n")
        file.chmod(0o755)
    return subprocess.run(
        ["/bin/sh", str(HOUSE / ".ci/venv"), str(folder / ".venv"), "requirements.txt"],
        env={"PATH": str(path)},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize(
    ("pythons", "says"),
    [
        pytest.param({}, "apt-get install python3 python3-venv", id="no Python"),
        pytest.param({"python3": "exit 1"}, "Python 3.11 or newer", id="too old a Python"),
        pytest.param(
            {"python3": 'case "$2" in *ensurepip*) exit 1;; *print*) echo 3.11;; esac'},
            "apt-get install python3-venv (or python3.11-venv)",
            id="no venv",
        ),
    ],
)
def test_one_line_says_which_package_to_install(tmp_path: Path, pythons: dict[str, str], says: str) -> None:
    done = install(tmp_path, **pythons)
    assert done.returncode == 1
    (line,) = done.stderr.splitlines()
    assert says in line
    assert not (tmp_path / ".venv").exists()


@pytest.mark.parametrize("lock", ["requirements.txt", "requirements-dev.txt", "requirements-audit.txt"])
def test_locks_are_hashed_and_name_no_index(lock: str) -> None:
    text = (HOUSE / lock).read_text(encoding="utf-8")
    assert "://" not in text
    assert "index-url" not in text
    pinned = [line for line in text.splitlines() if line and line[0].isalpha()]
    assert pinned
    assert all("==" in line for line in pinned)
    assert text.count("--hash=sha256:") >= len(pinned)


def test_make_alone_lists_every_command_with_a_sentence() -> None:
    done = subprocess.run(
        ["make"], cwd=HOUSE, capture_output=True, text=True, check=True, env={"PATH": os.environ["PATH"]}
    )
    for command in ("demo", "test", "run", "check", "bench", "chaos", "screenshots"):
        (line,) = [x for x in done.stdout.splitlines() if x.split()[:2] == ["make", command]]
        assert len(line.split()) > 4
