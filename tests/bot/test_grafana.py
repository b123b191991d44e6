"""The board asks for nothing that /metrics does not give, and leaves out nothing that it gives."""

from __future__ import annotations

import json
import re
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families

from bot.web.metrics import Meters
from models.database import Database
from models.heartbeats import CLOCK, TELEGRAM, Heartbeat
from models.outbox import Lane
from models.vitals import take

BOARD = Path(__file__).parent.parent.parent / "deploy" / "grafana.json"
HANDBOOK = BOARD.parent.parent / "docs" / "operator.md"
NAMED = re.compile(r"\b((?:unionbot|process|python)_\w+)(\{[^}]*\})?")
BY = re.compile(r"\bby \(([^)]*)\)")
PROMETHEUS_OWN = {"job", "instance", "le"}


def queries() -> list[tuple[str, str]]:
    """Each panel's title with a query of it."""
    board = json.loads(BOARD.read_text(encoding="utf-8"))
    return [(panel["title"], target["expr"]) for panel in board["panels"] for target in panel["targets"]]


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_every_figure_of_the_board_is_one_that_the_program_gives(database: Database, now: datetime) -> None:
    async with database.transaction() as session:
        session.add_all([Heartbeat(name=name, at=now) for name in (CLOCK, TELEGRAM)])
    meters = Meters()
    meters.handled("message", "done", 0.1)
    for lane in Lane:
        meters.attempted(lane, "sent")
    async with database.reading() as session:
        shown = meters.show(await take(session, now), now).decode()
    given: dict[str, set[str]] = {}
    for family in text_string_to_metric_families(shown):
        for sample in family.samples:
            given.setdefault(sample.name, set()).update(sample.labels)
    asked = queries()
    used = {name: query for _, query in asked for name, _ in NAMED.findall(query)}
    assert not {name: query for name, query in used.items() if name not in given}
    for title, query in asked:
        labels = {part.strip() for found in BY.findall(query) for part in found.split(",")}
        there = set().union(*(given[name] for name, _ in NAMED.findall(query)))
        assert labels <= there | PROMETHEUS_OWN, title
    rules = re.findall(r"alert: \w+, expr: '(.*?)'", HANDBOOK.read_text(encoding="utf-8"))
    assert {name for rule in rules for name, _ in NAMED.findall(rule)} <= set(given)
    assert len(rules) == 5, "those of the handbook"
    own = {name for name in given if name.startswith("unionbot_") and not name.endswith("_created")}
    assert own <= set(used), "everything we count is on the board"


def test_the_board_is_what_grafana_reads() -> None:
    board: dict[str, Any] = json.loads(BOARD.read_text(encoding="utf-8"))
    assert board["title"] == "unionbot"
    assert len({panel["id"] for panel in board["panels"]}) == len(board["panels"]) > 10
    for panel in board["panels"]:
        assert {"type", "title", "gridPos", "datasource", "targets"} <= panel.keys()
        assert all(query.count("(") == query.count(")") for query in (t["expr"] for t in panel["targets"]))
