"""The rooms of the house: who may import whom, and the small rules that hold everywhere (house.md)."""

from __future__ import annotations

import ast
import functools
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

HOUSE = Path(__file__).parent.parent
ROOMS = ("bot", "handlers", "models", "scheduler", "sandbox")
TOOLBOX = frozenset(
    f"bot.{name}"
    for name in (
        "alarms",
        "aliases",
        "anomalies",
        "board",
        "calls",
        "cards",
        "certificates",
        "chairs",
        "charts",
        "config",
        "contents",
        "doors",
        "commands",
        "comments",
        "disclosing",
        "errors",
        "evaluations",
        "exports",
        "faq",
        "filters",
        "bursts",
        "following",
        "handing_over",
        "helping",
        "keyboards",
        "letters",
        "majors",
        "lists",
        "menus",
        "open_figures",
        "news",
        "order",
        "outgoing",
        "pasts",
        "settings",
        "summaries",
        "people",
        "posts",
        "publishing",
        "project_desk",
        "project_screens",
        "questionnaires",
        "reports",
        "roles",
        "rostering",
        "report_cards",
        "rosters",
        "sealed",
        "signing",
        "studies",
        "study_tables",
        "scripts",
        "survey_charts",
        "survey_desk",
        "survey_making",
        "survey_screens",
        "survey_tables",
        "surveyed",
        "surveys_told",
        "textfiles",
        "texts",
        "toolbox",
        "typed",
        "untrusted",
        "volunteer_desk",
        "volunteer_hours",
        "volunteers",
        "work_report",
        "work_report_evidence",
        "work_report_screens",
        "work_report_sections",
    )
)
"""What of `bot/` the other rooms may use; `outgoing` and `filters` are how a handler says and hears things."""

ALLOWED: dict[str, frozenset[str]] = {
    "models": frozenset({"models", "sqlalchemy", "rapidfuzz", "alembic"}),
    "handlers": frozenset({"handlers", "models", "aiogram", "sqlalchemy", "rapidfuzz", *TOOLBOX}),
    "scheduler": frozenset(
        {"scheduler", "models", "telegram", "apscheduler", "sqlalchemy", "structlog", "aiohttp", *TOOLBOX}
    ),
    "sandbox": frozenset({"sandbox", "aiogram", "aiohttp", "pydantic"}),
}
"""Room → what it may import besides the standard library. `bot` may import anything but the sandbox."""

NOT_OF_THE_SCHEDULER = frozenset(
    {"bot.filters", "bot.outgoing", "bot.people", "bot.typed", "bot.contents", "bot.menus", "bot.disclosing"}
)
"""Parts of the toolbox that stand on aiogram, which the scheduler never imports."""


def files(*rooms: str) -> list[Path]:
    return sorted(path for room in rooms for path in (HOUSE / room).rglob("*.py"))


def named(path: Path) -> str:
    return str(path.relative_to(HOUSE))


@functools.cache
def parsed(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


@functools.cache
def nodes(path: Path) -> tuple[ast.AST, ...]:
    """Everything in a file: each rule looks at every file, and reading them anew took a minute."""
    return tuple(ast.walk(parsed(path)))


def imports(path: Path) -> Iterator[tuple[int, str]]:
    """Each imported module with its line; `from bot import cards` counts as `bot.cards`."""
    for node in nodes(path):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield node.lineno, alias.name
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{named(path)}:{node.lineno} imports relatively"
            module = node.module or ""
            if module in ROOMS:
                for alias in node.names:
                    yield node.lineno, f"{module}.{alias.name}"
            else:
                yield node.lineno, module


def may_import(room: str, module: str) -> bool:
    top = module.split(".")[0]
    if top in sys.stdlib_module_names:
        return True
    allowed = ALLOWED[room]
    if top == "bot":
        whole = ".".join(module.split(".")[:2])
        return whole in allowed and not (room == "scheduler" and whole in NOT_OF_THE_SCHEDULER)
    return top in allowed


@pytest.mark.parametrize("room", ["models", "handlers", "scheduler", "sandbox"])
def test_a_room_imports_only_what_its_arrow_allows(room: str) -> None:
    wrong = [
        f"{named(path)}:{line}: {module}"
        for path in files(room)
        for line, module in imports(path)
        if not may_import(room, module)
    ]
    assert not wrong


def test_the_product_knows_nothing_of_the_sandbox_but_at_the_demo_s_door() -> None:
    doors = [
        named(path)
        for path in files("bot")
        for _, module in imports(path)
        if module.split(".")[0] in ("sandbox", "tests", "bench")
    ]
    assert doors == ["bot/__main__.py"], "the demo's door is one import"


def test_what_the_scheduler_uses_of_the_toolbox_does_not_bring_aiogram_along() -> None:
    """Importing aiogram costs seconds and megabytes; the arrow would be worth nothing if it came by a detour."""
    reached, todo = set(), files("scheduler")
    while todo:
        path = todo.pop()
        for line, module in imports(path):
            assert not module.startswith("aiogram"), f"{named(path)}:{line}"
            parts = module.split(".")
            if parts[0] not in ("bot", "models", "scheduler"):
                continue
            found = HOUSE.joinpath(*parts).with_suffix(".py")
            if found.exists() and found not in reached and not in_type_checking(path, module):
                reached.add(found)
                todo.append(found)


def in_type_checking(path: Path, module: str) -> bool:
    """Whether this import stands under `if TYPE_CHECKING`, where it never runs."""
    for node in nodes(path):
        if isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING":
            for inner in ast.walk(node):
                if isinstance(inner, ast.ImportFrom) and (inner.module or "") in (module, module.rpartition(".")[0]):
                    return True
    return False


def calls(path: Path) -> Iterator[ast.Call]:
    for node in nodes(path):
        if isinstance(node, ast.Call):
            yield node


def test_there_is_one_place_that_commits() -> None:
    """A session's own `commit`, which hands it on to SQLAlchemy's, decides nothing."""
    found = {
        named(path)
        for path in files("bot", "handlers", "models", "scheduler")
        for call in calls(path)
        if isinstance(call.func, ast.Attribute)
        and call.func.attr == "commit"
        and (named(path), ast.unparse(call.func)) != ("models/sessions.py", "self.sync_session.commit")
    }
    assert found == {"models/database.py"}


def test_no_task_is_started_and_forgotten() -> None:
    """A task that nobody holds may vanish, and its error with it."""
    forgotten = [
        f"{named(path)}:{node.lineno}"
        for path in files(*ROOMS)
        for node in nodes(path)
        if isinstance(node, ast.Expr)
        and isinstance(node.value, ast.Call)
        and ast.unparse(node.value.func) in ("asyncio.create_task", "asyncio.ensure_future", "loop.create_task")
    ]
    assert not forgotten


def test_nothing_waits_with_what_swallows_a_cancellation() -> None:
    """Before Python 3.12 `asyncio.wait_for` can lose the cancellation that was to end the program."""
    waiters = {
        named(path)
        for path in files("bot", "handlers", "models", "scheduler")
        for call in calls(path)
        if ast.unparse(call.func) == "asyncio.wait_for" and "process" not in ast.unparse(call)
    }
    assert not waiters


def test_no_rule_reads_the_clock() -> None:
    """`now` is an argument (law 10): the one clock of the real world stands in the toolbox."""
    readers = {
        named(path)
        for path in files("bot", "handlers", "models", "scheduler")
        for call in calls(path)
        if ast.unparse(call.func) in ("datetime.now", "datetime.utcnow", "datetime.today", "date.today", "time.time")
    }
    assert readers == {"bot/toolbox.py"}


def test_the_schema_is_never_made_by_create_all() -> None:
    makers = [
        named(path)
        for path in files("bot", "handlers", "models", "scheduler")
        if "create_all" in path.read_text(encoding="utf-8")
    ]
    assert not makers


def test_no_exception_is_swallowed() -> None:
    """`except …: pass` hides what went wrong; `contextlib.suppress` at least names it."""
    swallowed = [
        f"{named(path)}:{node.lineno}"
        for path in files(*ROOMS)
        for node in nodes(path)
        if isinstance(node, ast.ExceptHandler) and len(node.body) == 1 and isinstance(node.body[0], ast.Pass)
    ]
    assert not swallowed


def test_a_module_says_why_it_exists() -> None:
    silent = [
        named(path)
        for path in files("bot", "handlers", "models", "scheduler")
        if (tree := parsed(path)).body and not ast.get_docstring(tree)
    ]
    assert not silent


def test_no_file_has_grown_past_reading() -> None:
    """craft.md: split one past about 400 lines. The margin is for tables of words and of settings."""
    long = {named(p): n for p in files(*ROOMS) if (n := len(p.read_text(encoding="utf-8").splitlines())) > 700}
    assert not long
