"""The figures of long runs: each run leaves a line, and `docs/reliability.md` is written from the lines.

CHAOS_REPORT names the file of lines; without it nothing is kept.
"""

from __future__ import annotations

import json
import os
import platform
from collections import Counter
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from statistics import median
from typing import Any

PAGE = Path(__file__).parent.parent.parent / "docs" / "reliability.md"
BEGIN, END = "<!-- figures: written by MINUTES=60 make chaos -->", "<!-- /figures -->"


def keep(kind: str, **figures: Any) -> None:
    """A line for the report: "deaths", "power" or "mutation"."""
    path = os.environ.get("CHAOS_REPORT")
    if path:
        with open(path, "a", encoding="utf-8") as lines:
            lines.write(json.dumps({"kind": kind, **figures}) + "\n")


def between(page: str, figures: str) -> str:
    """The page with these figures in their place. Raises ValueError where it has no place for them."""
    head, begins, rest = page.partition(BEGIN)
    _, ends, tail = rest.partition(END)
    if not begins or not ends:
        raise ValueError("the page has no place for figures")
    return f"{head}{BEGIN}\n\n{figures.strip()}\n\n{END}{tail}"


def drawn(lines: Sequence[dict[str, Any]], seed: int, minutes: float, day: date) -> str:
    """The report. `minutes` is how long all of it took."""
    cores = len(os.sched_getaffinity(0))
    out = [f"{day}, seeds from {seed}, {minutes:.0f} min on {cores} cores, Python {platform.python_version()}.", ""]
    out += [*_deaths([line for line in lines if line["kind"] == "deaths"])]
    out += [*_power([line for line in lines if line["kind"] == "power"])]
    out += [*_mutations([line for line in lines if line["kind"] == "mutation"])]
    return "\n".join(out)


def _deaths(lines: Sequence[dict[str, Any]]) -> list[str]:
    groups: dict[str, list[dict[str, Any]]] = {}
    for line in lines:
        groups.setdefault(f"{line['database']}, {line['way']}", []).append(line)
    out = [
        "| database, way in | runs | kill -9 | SIGTERM | slowest stop, s | updates | tickets | answers | calls "
        "| unknown in all | a kill: median, most | findings |",
        "|---|---|---|---|---|---|---|---|---|---|---|---|",
    ]
    for name, group in groups.items():
        ends = sum((Counter(line["deaths"]) for line in group), Counter[str]())
        costs = [cost for line in group for cost in line["unknown a kill"]]
        cells: list[Any] = [name, len(group), ends["kill -9"], ends["SIGTERM"]]
        cells += [max(line["slowest stop"] for line in group)]
        cells += [sum(line[what] for line in group) for what in ("updates", "tickets", "answers", "calls")]
        cells += [sum(costs), f"{median(costs):g}, {max(costs)}", sum(line["findings"] for line in group)]
        out.append(f"| {' | '.join(map(str, cells))} |")
    points = sum((Counter(line["how"]) for line in lines), Counter[str]())
    told = ", ".join(f"{point} {count}" for point, count in sorted(points.items()))
    return [*out, "", f"Where lives ended: {told or 'nowhere'}.", ""]


def _power(lines: Sequence[dict[str, Any]]) -> list[str]:
    if not lines:
        return []
    cuts, records = sum(line["cuts"] for line in lines), sum(line["records"] for line in lines)
    found = sum(line["findings"] for line in lines)
    return [f"Power cuts: {cuts}, in what {len(lines)} lives wrote ({records} writes and syncs); {found} findings.", ""]


def _mutations(lines: Sequence[dict[str, Any]]) -> list[str]:
    told = ", ".join(f"{line['broken']} {'red' if line['red'] else '**GREEN**'}" for line in lines)
    return [f"Broken on purpose: {told}."] if lines else []
