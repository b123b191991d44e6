"""Nothing is done without asking who may: every handler that Telegram's updates come to asks the one table
(`models/permissions.py`), or stands here by name, with why it need not.
"""

from __future__ import annotations

import ast
from pathlib import Path

import handlers

HANDLERS = Path(handlers.__file__).parent

RULES = {
    "answering", "asking", "casework", "handovers", "majors", "merging", "modes", "retracting", "roster", "shifts",
    "sorting", "swaps", "walkins", "canned", "exports", "pulses", "access", "bursts",
}  # fmt: skip
LOOKS = {
    "alike", "holders", "held", "last_of", "last_answer", "is_all", "tagged", "get", "of", "on", "count", "lines_of",
    "newest", "campus_code", "found", "fill", "label", "checked", "value_of", "may_change", "number_of", "recipients",
    "speaker", "admitted", "holds", "to_reporter", "show", "used",
}  # fmt: skip
"""Functions of these modules that only look or show, whatever module they are in."""
ASKS = {"may", "may_here", "may_read", "may_wherever", "own", "permissions.must", "permissions.may"}
ASKS |= {"cases.must_handle", "_mine"}
FREE = {
    "anywhere.py": "help, and leaving what one is doing oneself",
    "membership.py": "Telegram's own news: nobody acts",
    "staff/strangers.py": "says what to do with a group that is nobody's",
    "students/start.py": "everybody may agree and say who they are",
    "students/access.py": "the door itself, which asks for a code and no role",
    "students/links.py": "opens what anybody may begin; what is filed then asks",
    "students/faq.py": "everybody may read articles",
    "students/inline.py": "everybody may read articles",
    "students/privacy.py": "one's own data, which nobody else can name",
    "students/appeal.py": "one's own mute: whoever is heard has nothing to appeal against",
    "staff/answers.py:cancel": "leaving what one is doing oneself",
    "staff/answers.py:help_": "help",
    "staff/answers.py:edited": "Telegram lets only the author edit",
    "staff/sort.py:departed": "Telegram's own news: nobody acts",
    "staff/lists.py:elsewhere": "says where it can be asked",
    "staff/duty.py:mine": "one's own turns",
    "students/loose.py:edited": "Telegram lets only the author edit",
    "students/loose.py:hold": "one's own words; where they go asks",
    "students/mine.py:first_page": "the list of one's own",
    "students/mine.py:page": "the list of one's own",
    "students/report.py:explain": "everybody may read what it is",
    "union/pulses.py:count": "Telegram counts votes and names nobody",
}
"""Who acts without asking, and why: whole files, or one function of a file."""
DRAFTING = "a draft is one's own; sending it asks"
FREE |= {f"students/new.py:{name}": DRAFTING for name in (
    "begin", "pick", "collect", "edit_part", "type_building", "press_please", "answered")}  # fmt: skip


class Handlers:
    """What the functions of this room call, and which of them Telegram's updates come to."""

    def __init__(self) -> None:
        self.calls: dict[str, set[str]] = {}
        self.registered: set[str] = set()
        for path in sorted(HANDLERS.rglob("*.py")):
            name, tree = path.relative_to(HANDLERS).as_posix(), ast.parse(path.read_text("utf-8"))
            known = _known(tree, name)
            for node in ast.walk(tree):
                if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                    called = {ast.unparse(c.func) for c in ast.walk(node) if isinstance(c, ast.Call)}
                    self.calls[f"{name}:{node.name}"] = {known.get(each, each) for each in called}
            self.registered |= {f"{name}:{each}" for each in _registered(tree)}

    def asks(self, function: str, seen: frozenset[str] = frozenset()) -> bool:
        """Whether this one asks, or one that it calls."""
        calls = self.calls.get(function, set())
        if {_plain(each) for each in calls} & ASKS:
            return True
        return any(self.asks(each, seen | {function}) for each in calls - seen if each in self.calls)

    def asked_before(self, function: str, seen: frozenset[str] = frozenset()) -> bool:
        """Whether this one asks by itself, or is only called by those that have."""
        if {_plain(each) for each in self.calls[function]} & ASKS:
            return True
        callers = {other for other, theirs in self.calls.items() if function in theirs} - seen
        return bool(callers) and all(self.asked_before(each, seen | {function}) for each in callers)


def _plain(call: str) -> str:
    """`staff/common.py:may` is `may`."""
    return call.rpartition(":")[2]


def _known(tree: ast.Module, name: str) -> dict[str, str]:
    """What a call in this file means: a function of this file, or of another of this room."""
    known = {f.name: f"{name}:{f.name}" for f in tree.body if isinstance(f, ast.FunctionDef | ast.AsyncFunctionDef)}
    known |= {
        f"self.{f.name}": f"{name}:{f.name}" for c in tree.body if isinstance(c, ast.ClassDef) for f in c.body
        if isinstance(f, ast.FunctionDef | ast.AsyncFunctionDef)
    }  # fmt: skip
    for node in ast.walk(tree):
        if not isinstance(node, ast.ImportFrom) or not (node.module or "").startswith("handlers"):
            continue
        room = (node.module or "").removeprefix("handlers").strip(".").replace(".", "/")
        for alias in node.names:
            inside = HANDLERS / room / f"{alias.name}.py"
            if inside.exists():
                other = ast.parse(inside.read_text("utf-8"))
                where, called = inside.relative_to(HANDLERS).as_posix(), alias.asname or alias.name
                known |= {
                    f"{called}.{f.name}": f"{where}:{f.name}"
                    for f in other.body
                    if isinstance(f, ast.FunctionDef | ast.AsyncFunctionDef)
                }
            else:
                known[alias.asname or alias.name] = f"{room}.py:{alias.name}"
    return known


def _registered(tree: ast.Module) -> set[str]:
    found: set[str] = set()
    for loop in ast.walk(tree):
        if isinstance(loop, ast.For) and isinstance(loop.iter, ast.Tuple) and isinstance(loop.target, ast.Name):
            inside = [
                c for c in ast.walk(loop) if isinstance(c, ast.Call) and ast.unparse(c.func).endswith(".register")
            ]
            if inside:
                found |= {ast.unparse(each) for each in loop.iter.elts}
    for call in ast.walk(tree):
        if isinstance(call, ast.Call) and ast.unparse(call.func).endswith(".register") and call.args:
            found.add(ast.unparse(call.args[0]))
    return found & {f.name for f in tree.body if isinstance(f, ast.AsyncFunctionDef)}


def test_no_handler_acts_without_asking() -> None:
    """Every handler asks the table, itself or through what it calls; those that need not are named, with why. And
    whoever calls a rule has asked before: itself, or everybody who calls it.
    """
    found = Handlers()
    assert len(found.registered) > 100, "they are found"
    silent = {each for each in found.registered if not found.asks(each)}
    free = {each for each in silent if each in FREE or each.partition(":")[0] in FREE}
    assert silent - free == set(), "these ask nobody"
    needless = {each for each in FREE if each not in silent and each not in {s.partition(":")[0] for s in silent}}
    assert needless == set(), "these ask, and need not be named"
    for function, calls in found.calls.items():
        acts = {c for c in calls if c.partition(".")[0] in RULES and c.rpartition(".")[2] not in LOOKS and "." in c}
        acts = {c for c in acts if ":" not in c}
        if acts and function not in FREE and function.partition(":")[0] not in FREE:
            assert found.asked_before(function), f"{function} does {acts}, and nobody has asked before"


PRIVATE = {"people.must_be", "people.roles", "Role.ADMIN", "Role.LEAD", "Desk.OFFICE", "Desk.STATION"}


def test_no_handler_decides_by_itself() -> None:
    """Roles, and what a place's desk lets its people do, are read by the table alone."""
    for path in sorted(HANDLERS.rglob("*.py")):
        name = path.relative_to(HANDLERS).as_posix()
        words = {ast.unparse(node) for node in ast.walk(ast.parse(path.read_text("utf-8")))}
        assert name in FREE or not words & PRIVATE, (name, words & PRIVATE)
