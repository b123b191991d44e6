"""Who may do what: the one table that is asked before anything is done. What is not here nobody may.

Two questions stand before every deed. *Who* acts, says this table; *whether the ticket allows it as it stands*, says
the one in `lifecycle.py`. Handlers ask `must` with those that somebody is at this moment (`standing`), and never decide
themselves; `docs/permissions.md` is this table printed (`python -m tests.permissions --write`).

A new command: a line in `Deed`, a line in `MAY`, and its handler asks `may` (`handlers/staff/common.py`).
"""

from __future__ import annotations

import enum
from collections.abc import Collection

from sqlalchemy.ext.asyncio import AsyncSession

from models import people
from models.errors import Refusal
from models.lifecycle import TRANSITIONS, Action, State
from models.people import Person, Role
from models.stations import Desk, Station
from models.tickets import Ticket


class Who(enum.StrEnum):
    """What somebody is to a ticket, or to a place, at the moment of acting."""

    STRANGER = "stranger"
    """A student who does not wait for this ticket, or somebody who is not in the group."""
    REQUESTER = "requester"
    HERE = "here"
    """In the group of the place that has the ticket."""
    FIRST = "first"
    """In the group of the place that has offered it to another and stays responsible (首接负责)."""
    OFFERED = "offered"
    """In the group of the place that it is offered to."""
    ELSEWHERE = "elsewhere"
    """In the group of a place that has nothing to do with it."""
    LEAD = "lead"
    """A lead of the place in whose group they act; besides what else they are."""
    ADMIN = "admin"
    """An admin of the union, in the group of any place; besides what else they are."""
    SUPERVISOR = "supervisor"
    """In the supervisors' group; besides what else they are."""
    TIME = "time"


class Deed(enum.StrEnum):
    """Everything that is asked about. Those that bear the name of an `Action` also need a state that allows it."""

    FILE = "file"
    JOIN = "join"
    VIEW = "view"
    ADD = "add"
    TAKE_BACK = "take_back"
    URGE = "urge"
    WITHDRAW = "withdraw"
    CONFIRM = "confirm"
    RATE = "rate"
    REOPEN = "reopen"
    CLAIM = "claim"
    RELEASE = "release"
    ASSIGN = "assign"
    REASSIGN = "reassign"
    ANSWER = "answer"
    ASK = "ask"
    NOTE = "note"
    EDIT = "edit"
    RETRACT = "retract"
    RETRACT_ANOTHERS = "retract_anothers"
    RESEND = "resend"
    HISTORY = "history"
    TRANSFER = "transfer"
    ACCEPT = "accept"
    RETURN = "return"
    RECALL = "recall"
    RESOLVE = "resolve"
    MERGE = "merge"
    UNMERGE = "unmerge"
    SPLIT = "split"
    PRIORITY = "priority"
    TAG = "tag"
    PROJECT = "project"
    PROJECTS = "projects"
    MAJOR = "major"
    MUTE = "mute"
    BLOCK = "block"
    LIFT = "lift"
    ROLES = "roles"
    SETUP = "setup"
    CLOSE = "close"
    ESCALATE = "escalate"
    HAND_OVER = "hand_over"


_MINE = frozenset({Who.REQUESTER})
_HERE = frozenset({Who.HERE})
_RESPONSIBLE = frozenset({Who.HERE, Who.FIRST})
_INVOLVED = frozenset({Who.HERE, Who.FIRST, Who.OFFERED})
_AT_A_PLACE = frozenset({*_INVOLVED, Who.ELSEWHERE})

MAY: dict[Deed, frozenset[Who]] = {
    Deed.FILE: frozenset({Who.STRANGER, Who.REQUESTER}),
    Deed.JOIN: frozenset({Who.STRANGER}),
    Deed.VIEW: _MINE,
    Deed.ADD: _MINE,
    Deed.TAKE_BACK: _MINE,
    Deed.URGE: _MINE,
    Deed.WITHDRAW: _MINE,
    Deed.CONFIRM: _MINE,
    Deed.RATE: _MINE,
    Deed.REOPEN: _MINE | _HERE,
    Deed.CLAIM: _HERE,
    Deed.RELEASE: _HERE,
    Deed.ASSIGN: _HERE,
    Deed.REASSIGN: frozenset({Who.LEAD, Who.ADMIN}),
    Deed.ANSWER: _RESPONSIBLE,
    Deed.ASK: _HERE,
    Deed.NOTE: _INVOLVED,
    Deed.EDIT: _INVOLVED,
    Deed.RETRACT: _RESPONSIBLE,
    Deed.RETRACT_ANOTHERS: frozenset({Who.LEAD}),
    Deed.RESEND: _RESPONSIBLE,
    Deed.HISTORY: _INVOLVED,
    Deed.TRANSFER: _HERE,
    Deed.ACCEPT: frozenset({Who.OFFERED}),
    Deed.RETURN: frozenset({Who.OFFERED, Who.TIME}),
    Deed.RECALL: frozenset({Who.FIRST}),
    Deed.RESOLVE: _RESPONSIBLE,
    Deed.MERGE: _HERE,
    Deed.UNMERGE: _HERE,
    Deed.SPLIT: _HERE,
    Deed.PRIORITY: _RESPONSIBLE,
    Deed.TAG: _INVOLVED,
    Deed.PROJECT: _RESPONSIBLE,
    Deed.PROJECTS: _AT_A_PLACE,
    Deed.MAJOR: _RESPONSIBLE,
    Deed.MUTE: frozenset({Who.LEAD, Who.ADMIN}),
    Deed.BLOCK: frozenset({Who.ADMIN}),
    Deed.LIFT: frozenset({Who.ADMIN, Who.SUPERVISOR}),
    Deed.ROLES: frozenset({Who.ADMIN, Who.SUPERVISOR}),
    Deed.SETUP: frozenset({Who.ADMIN}),
    Deed.CLOSE: frozenset({Who.TIME}),
    Deed.ESCALATE: frozenset({Who.TIME}),
    Deed.HAND_OVER: frozenset({Who.TIME}),
}


_STEPS = frozenset(action.value for action in Action)


def is_at(ticket: Ticket, station: Station) -> Who:
    """What a place is to a ticket."""
    if station.id == ticket.from_station_id:
        return Who.FIRST
    if station.id != ticket.station_id:
        return Who.ELSEWHERE
    return Who.HERE if ticket.from_station_id is None else Who.OFFERED


def may(deed: Deed, who: Collection[Who]) -> bool:
    """Whether one of those that somebody is may do this."""
    return not MAY[deed].isdisjoint(who)


def stands_for(deed: Deed, state: State) -> bool:
    """Whether a ticket in this state lets it happen; what is no step of a ticket's life asks for none."""
    return deed.value not in _STEPS or (state, Action(deed)) in TRANSITIONS


def must(deed: Deed, who: Collection[Who], ticket: Ticket | None = None) -> None:
    """Raises Refusal when none of those that somebody is may do this; the reason says what they would have to be."""
    if may(deed, who):
        return
    if MAY[deed] <= {Who.LEAD, Who.ADMIN} or deed is Deed.RETRACT_ANOTHERS:
        raise Refusal("permission.lead_only" if Who.LEAD in MAY[deed] else "permission.admin_only")
    if ticket is None:
        raise Refusal("permission.not_here")
    if Who.OFFERED in who:
        raise Refusal("permission.not_yours_yet", number=ticket.id)
    if Who.FIRST in who:
        raise Refusal("permission.offered", number=ticket.id)
    if who and set(who) <= {Who.STRANGER, Who.REQUESTER}:
        raise Refusal("ticket.unknown", number=ticket.id)
    if Who.HERE in who:
        # Nobody has been asked to take it over; or it is nothing that staff do at all.
        offers = deed in (Deed.ACCEPT, Deed.RETURN, Deed.RECALL)
        raise Refusal(f"refused.{deed}" if offers else "permission.not_here", number=ticket.id)
    raise Refusal("desk.elsewhere", number=ticket.id)


def must_stand(deed: Deed, ticket: Ticket) -> None:
    """Raises Refusal when the ticket does not let it happen as it stands."""
    if not stands_for(deed, ticket.state):
        raise Refusal(f"refused.{deed}", number=ticket.id, state=ticket.state)


async def standing(session: AsyncSession, person: Person, station: Station, ticket: Ticket | None) -> frozenset[Who]:
    """What somebody who is in this place's group is there, by membership and by what has been granted."""
    found = {is_at(ticket, station) if ticket is not None else Who.HERE}
    if station.desk is Desk.SUPERVISORS:
        found.add(Who.SUPERVISOR)
    roles = await people.roles(session, person.telegram_id, station.id)
    names = {Role.LEAD: Who.LEAD, Role.ADMIN: Who.ADMIN}
    return frozenset(found | {names[role] for role in roles if role in names})
