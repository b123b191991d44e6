"""`make chaos`: the whole matrix once, with its mutations. With MINUTES it goes on with new seeds for that long, and
writes the figures of all of it into docs/reliability.md when nothing was found.

    python -m tests.chaos [--minutes 60] [pytest's own options]
"""

from __future__ import annotations

import argparse
import json
import os
import random
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

from tests.chaos.figures import PAGE, between, drawn

PROVEN = "not broken"
"""That the matrix can fail is shown once; the rounds after the first leave it out."""


ELSEWHERE = (
    "tests/fuzz",
    "tests/security",
    "tests/bot/test_start.py",
    "tests/bot/test_demo.py",
    "tests/stories/test_year.py",
)
"""Whose long tests `make fuzz` and `make rehearsal` run: every other one is run here."""


def round_of(seed: int, report: Path, *more: str) -> int:
    """One round; returns pytest's exit code."""
    command = [sys.executable, "-m", "pytest", "tests", "-m", "long", "--timeout", "3600", "-p", "no:cacheprovider"]
    command += [f"--ignore={path}" for path in ELSEWHERE]
    environment = {**os.environ, "CHAOS_SEED": str(seed), "CHAOS_REPORT": str(report)}
    return subprocess.run([*command, *more], env=environment, check=False).returncode


def main() -> int:
    """Rounds until the time is up or one is not green; returns that one's exit code."""
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--minutes", type=float, default=0.0, help="go on for so long, and write docs/reliability.md")
    options, more = parser.parse_known_args()
    first = seed = int(os.environ.get("CHAOS_SEED") or random.randrange(10**6))
    begun = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "lines"
        code = round_of(seed, report, *more)
        while code == 0 and time.monotonic() - begun < options.minutes * 60:
            seed += 1
            code = round_of(seed, report, "-k", PROVEN, *more)
        print(f"CHAOS_SEED={first} to {seed}: {'nothing was found' if code == 0 else f'ended with {code}'}")
        if code == 0 and options.minutes:
            lines = [json.loads(line) for line in report.read_text(encoding="utf-8").splitlines()]
            figures = drawn(lines, first, (time.monotonic() - begun) / 60, datetime.now(UTC).date())
            PAGE.write_text(between(PAGE.read_text(encoding="utf-8"), figures), encoding="utf-8")
    return code


if __name__ == "__main__":
    sys.exit(main())
