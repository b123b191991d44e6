"""Nothing is done without asking who may: every handler that Telegram's updates come to asks the one table
(`models/permissions.py`), or stands here by name, with why it need not.
"""

from __future__ import annotations

import ast
from pathlib import Path
from typing import TypeGuard

import handlers

HANDLERS = Path(handlers.__file__).parent
PATHS = sorted(HANDLERS.rglob("*.py"))
Function = ast.FunctionDef | ast.AsyncFunctionDef

RULES = {
    "access", "answering", "asking", "ballots", "bids", "bursts", "calling", "canned", "casework", "comments",
    "deliveries", "evaluations", "exchanges", "excuses", "exports", "handovers", "hours", "leaving", "majors",
    "merging", "milestones", "modes", "outcomes", "places", "posts", "presence", "publications", "pulses",
    "quizzes", "remarks", "report_files", "retracting", "roster", "rota", "scoring", "sheets", "shifts", "signing",
    "sorting", "surveys", "swaps", "undertaking", "volunteering", "walkins", "work_reports",
}  # fmt: skip
LOOKS = {
    "admitted", "alike", "asking_off", "at_card", "by_digits", "by_link", "campus_code", "checked", "count",
    "counts", "day", "fill", "for_office", "found", "get", "given", "groups", "groups_of", "held", "hidden",
    "holders", "holds", "in_stage", "is_all", "is_open", "label", "last_answer", "last_of", "lines_of", "listed",
    "may_answer", "may_change", "means", "mine", "must_be_answerable", "must_be_asked", "must_be_awardable",
    "must_be_criteria", "must_be_deadline", "must_be_listed", "must_be_open", "must_be_reason", "must_be_reward",
    "must_be_this", "must_fit", "must_show", "newest", "number_of", "of", "of_person", "of_semester", "on",
    "open_ones", "read", "recipients", "reviews", "round_of", "rows", "sealed_of", "semester_of", "show", "shown",
    "signed", "speaker", "staff_of", "step", "tagged", "to_decide", "to_reporter", "undertakes", "used", "value_of",
    "winner", "writer",
}  # fmt: skip
"""Functions of these modules that only look or show, whatever module they are in."""
ASKS = {
    "cases.must_handle",
    "evaluations.must_be_own",
    "permissions.may",
    "permissions.must",
}
FINDS = {
    "students/here.py:_may_sign",
    "students/here.py:_must",
    "students/report.py:mine",
    "students/reviews.py:_own",
    "union/gatherings.py:may",
    "union/volunteers.py:may",
}
"""Whoever has called one of these has asked, if it does; as with the methods of what a handler is given."""
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
    "staff/answers.py:among_colleagues": "they talk to each other, and nothing is done",
    "staff/answers.py:edited": "Telegram lets only the author edit",
    "staff/sort.py:departed": "Telegram's own news: nobody acts",
    "staff/lists.py:elsewhere": "says where it can be asked",
    "staff/duty.py:mine": "one's own turns",
    "students/loose.py:edited": "Telegram lets only the author edit",
    "students/loose.py:hold": "one's own words; where they go asks",
    "students/loose.py:asked": "one's own words; where they go asks",
    "students/mine.py:first_page": "the list of one's own",
    "students/mine.py:page": "the list of one's own",
    "students/report.py:explain": "everybody may read what it is",
    "union/unheard.py:say_so": "says that nothing was done",
    "union/pulses.py:count": "Telegram counts votes and names nobody",
    "union/quizzes.py:count": "one's own answer, which Telegram brings",
    "students/union.py:front": "everybody may read what is disclosed",
    "students/union.py:step": "everybody may read what is disclosed",
    "students/union.py:collect": "a comment is one's own; sending it asks",
    "students/here.py:elsewhere": "says where it can be done",
    "students/volunteering.py:verify": "whoever holds a certificate may ask whether it is genuine",
    "students/news.py": "what one follows is one's own, and everybody may read what is out",
}
"""Who acts without asking, and why: whole files, or one function of a file."""
DRAFTING = "a draft is one's own; sending it asks"
FREE |= {f"students/new.py:{name}": DRAFTING for name in (
    "begin", "pick", "collect", "edit_part", "type_building", "press_please", "answered", "sent_already")}  # fmt: skip


BEFORE = {
    "staff/cards.py:choose": "cancel is one's own; whose words they are is asked by answers.as_me",
    "staff/duty.py:swap": "each of the two ways asks",
    "staff/major.py:decide": "the reader's way asks, and so does the supervisor's",
    "staff/mode.py:change": "cancel changes nothing",
    "students/faq.py:helped": DRAFTING,
    "students/loose.py:belongs": DRAFTING,
    "students/new.py:step": DRAFTING,
    "students/report.py:step": "one's own reports ask; writing one is one's own, and sending it asks",
    "union/cases.py:act": "the room asks, and so does everything else",
    "union/setup.py:step": "whoever reads in a group may say so",
    "union/chairs.py:exchange": "whose terms they are is looked up first, and each step asks",
}
"""Who looks at what was pressed before asking; read by hand, and why it is right."""


class Handlers:
    """What the functions of this room call, and which of them Telegram's updates come to."""

    def __init__(self) -> None:
        self.trees = {path.relative_to(HANDLERS).as_posix(): ast.parse(path.read_text("utf-8")) for path in PATHS}
        self.methods: dict[str, dict[str, str]] = {}
        """Of each class of this room, `file:method` by the method's name; what it has from its base included."""
        for name, tree in self.trees.items():
            for each in tree.body:
                if isinstance(each, ast.ClassDef):
                    assert each.name not in self.methods, "they are told apart by their names"
                    self.methods[each.name] = {f.name: f"{name}:{f.name}" for f in _functions(each)}
        for tree in self.trees.values():
            for each in tree.body:
                for base in each.bases if isinstance(each, ast.ClassDef) else []:
                    inherited = self.methods.get(ast.unparse(base), {})
                    self.methods[each.name] = inherited | self.methods[each.name]  # type: ignore[attr-defined]
        self.calls: dict[str, set[str]] = {}
        self.registered: set[str] = set()
        self.lines: dict[str, list[tuple[int, str]]] = {}
        """Of each function the calls, by the line in which they stand."""
        self.turns: dict[str, int] = {}
        """The line in which a function first goes one way or another by what was pressed."""
        for name, tree in self.trees.items():
            known = {f.name: f"{name}:{f.name}" for f in _functions(tree)} | self._imported(tree)
            for function in _functions(tree):
                self._read(name, function, known)
            for each in tree.body:
                if isinstance(each, ast.ClassDef):
                    own = {f"self.{method}": where for method, where in self.methods[each.name].items()}
                    for function in _functions(each):
                        self._read(name, function, known | own)
            self.registered |= {f"{name}:{each}" for each in _registered(tree)}

    def _read(self, file: str, function: Function, known: dict[str, str]) -> None:
        for argument in function.args.args:
            # `desk: Desk` makes `desk.may` a method of that class.
            kind = ast.unparse(argument.annotation) if argument.annotation is not None else ""
            for called, where in known.items():
                if called.startswith(f"{kind}.") and kind:
                    known = known | {f"{argument.arg}.{called.removeprefix(f'{kind}.')}": where}
        calls = [(c.lineno, ast.unparse(c.func)) for c in ast.walk(function) if isinstance(c, ast.Call)]
        self.lines[f"{file}:{function.name}"] = [(line, known.get(each, each)) for line, each in calls]
        self.calls[f"{file}:{function.name}"] = {called for _, called in self.lines[f"{file}:{function.name}"]}
        turns = [each.lineno for each in ast.walk(function) if _is_turn(each)]
        if turns:
            self.turns[f"{file}:{function.name}"] = min(turns)

    def _imported(self, tree: ast.Module) -> dict[str, str]:
        """What a call in this file means: a function of another file of this room, or a method of one of its
        classes, also of this file's.
        """
        known: dict[str, str] = {}
        for each in tree.body:
            if isinstance(each, ast.ClassDef):
                known |= {f"{each.name}.{method}": where for method, where in self.methods[each.name].items()}
        for node in ast.walk(tree):
            if not isinstance(node, ast.ImportFrom) or not (node.module or "").startswith("handlers"):
                continue
            room = (node.module or "").removeprefix("handlers").strip(".").replace(".", "/")
            for alias in node.names:
                called, file = alias.asname or alias.name, f"{room}/{alias.name}.py".lstrip("/")
                if file in self.trees:
                    other = self.trees[file]
                    known |= {f"{called}.{f.name}": f"{file}:{f.name}" for f in _functions(other)}
                    for kind in (each.name for each in other.body if isinstance(each, ast.ClassDef)):
                        known |= {f"{called}.{kind}.{method}": where for method, where in self.methods[kind].items()}
                else:
                    known[called] = f"{room}.py:{alias.name}"
                    known |= {f"{called}.{method}": where for method, where in self.methods.get(alias.name, {}).items()}
        return known

    def asks(self, function: str, seen: frozenset[str] = frozenset()) -> bool:
        """Whether this one asks, or one that it calls."""
        calls = self.calls.get(function, set())
        if calls & ASKS:
            return True
        return any(self.asks(each, seen | {function}) for each in calls - seen if each in self.calls)

    def turns_before_asking(self, function: str) -> bool:
        """Whether what was pressed leads one way or another before anybody has been asked: a question on one way says
        nothing of the others.
        """
        asked = [line for line, each in self.lines[function] if each in ASKS or self.asks(each)]
        return function in self.turns and self.turns[function] < min(asked)

    def asked_before(self, function: str, seen: frozenset[str] = frozenset()) -> bool:
        """Whether this one asks by itself, or is only called by those that have."""
        methods = {where for methods in self.methods.values() for where in methods.values()}
        if any(each in ASKS or (each in methods | FINDS and self.asks(each)) for each in self.calls[function]):
            return True
        callers = {other for other, theirs in self.calls.items() if function in theirs} - seen
        return bool(callers) and all(self.asked_before(each, seen | {function}) for each in callers)


def _functions(inside: ast.Module | ast.ClassDef) -> list[Function]:
    return [each for each in inside.body if isinstance(each, ast.FunctionDef | ast.AsyncFunctionDef)]


def _is_turn(node: ast.AST) -> TypeGuard[ast.If | ast.Match]:
    """A way that only refuses leads nowhere."""
    if isinstance(node, ast.If):
        return "press." in ast.unparse(node.test) and not all(isinstance(each, ast.Raise) for each in node.body)
    return isinstance(node, ast.Match) and "press." in ast.unparse(node.subject)


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
    """Every handler asks the table, itself or through what it calls, before it goes several ways by what was pressed;
    those that need not are named, with why. And whoever calls a rule has asked before: itself, or everybody who calls
    it.
    """
    found = Handlers()
    assert len(found.registered) > 100, "they are found"
    silent = {each for each in found.registered if not found.asks(each)}
    free = {each for each in silent if each in FREE or each.partition(":")[0] in FREE}
    assert silent - free == set(), "these ask nobody"
    early = {each for each in found.registered - silent if found.turns_before_asking(each)}
    assert early == set(BEFORE), "these go several ways before they ask"
    needless = {each for each in FREE if each not in silent and each not in {s.partition(":")[0] for s in silent}}
    assert needless == set(), "these ask, and need not be named"
    for function, calls in found.calls.items():
        acts = {c for c in calls if c.partition(".")[0] in RULES and c.rpartition(".")[2] not in LOOKS and "." in c}
        acts = {c for c in acts if ":" not in c}
        if acts and function not in FREE and function.partition(":")[0] not in FREE:
            assert found.asked_before(function), f"{function} does {acts}, and nobody has asked before"


PRIVATE = {"people.roles", "Role.ADMIN", "Role.LEAD", "Desk.OFFICE", "Desk.STATION"}


def test_no_handler_decides_by_itself() -> None:
    """Roles, and what a place's desk lets its people do, are read by the table alone."""
    for path in PATHS:
        name = path.relative_to(HANDLERS).as_posix()
        words = {ast.unparse(node) for node in ast.walk(ast.parse(path.read_text("utf-8")))}
        assert name in FREE or not words & PRIVATE, (name, words & PRIVATE)
