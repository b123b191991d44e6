"""docs/permissions.md, made from the two tables that the program really asks. `python -m tests.permissions --write`."""

from __future__ import annotations

import sys
from pathlib import Path

from models.lifecycle import TRANSITIONS, Action, State
from models.permissions import MAY, Deed, Who

PAGE = Path(__file__).parent.parent / "docs" / "permissions.md"

WHO = {
    Who.STRANGER: "student who does not wait for it",
    Who.REQUESTER: "student who waits for it",
    Who.HERE: "staff of the place that has it",
    Who.FIRST: "staff of the first place, while it is offered to another",
    Who.OFFERED: "staff of the place it is offered to",
    Who.ELSEWHERE: "staff of any other place",
    Who.LEAD: "lead of the place",
    Who.ADMIN: "admin of the union, in any group",
    Who.OFFICE: "anybody in the office's group",
    Who.PRESIDIUM: "admin, in the office or alone with the bot",
    Who.ABOVE: "anybody in the supervisors' group",
    Who.SUPERVISOR: "supervisor, in that group",
    Who.READER: "report reader, alone with the bot",
    Who.REPORTER: "who sent the sealed report",
    Who.CONFIDANT: "who stands in for the supervisor a report is about",
    Who.ON_DUTY: "whose turn of duty it is",
    Who.ASKED: "who was asked to take a turn, alone with the bot",
    Who.EVALUATED: "whom a sheet of the staff evaluation is about, alone with the bot",
    Who.CONVENER: "leads this gathering, alone with the bot",
    Who.CALLED: "is called to this gathering, alone with the bot",
    Who.REVIEWER: "reviewer of a project",
    Who.UNDERTAKER: "undertakes a project",
    Who.TIME: "time",
}


def page() -> str:
    """The whole page."""
    return "\n".join(
        [
            "# Who may do what, and when",
            "",
            "Made by `python -m tests.permissions --write` from `MAY` (`models/permissions.py`) and `TRANSITIONS`",
            "(`models/lifecycle.py`); a test fails when this page is older than they are. Both are asked before",
            "anything is done: who acts, and whether the ticket allows it as it stands. Roles come on top of",
            "membership: a lead is also staff of their place.",
            "",
            "## Who",
            "",
            *_table(["", *(WHO[who] for who in Who)], [[deed, *_marks(deed)] for deed in Deed]),
            "",
            "## When: what each step makes of a ticket in each state",
            "",
            *_table(["", *State], [[action, *_after(action)] for action in Action]),
            "",
        ]
    )


def _marks(deed: Deed) -> list[str]:
    return ["●" if who in MAY[deed] else "" for who in Who]


def _after(action: Action) -> list[str]:
    return [TRANSITIONS.get((state, action), "") for state in State]


def _table(head: list[str], rows: list[list[str]]) -> list[str]:
    return [_row(head), _row(["---"] * len(head)), *map(_row, rows)]


def _row(cells: list[str]) -> str:
    return "| " + " | ".join(str(cell) for cell in cells) + " |"


if __name__ == "__main__":
    if "--write" in sys.argv:
        PAGE.write_text(page(), encoding="utf-8")
    else:
        print(page())
