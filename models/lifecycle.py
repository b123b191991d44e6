"""The life of a ticket: its states, what can be done to it, and by one table what that makes of it."""

from __future__ import annotations

import enum


class Kind(enum.StrEnum):
    """What a student comes with (mission.md, *The life of a ticket*)."""

    COMPLAINT = "complaint"
    NEED = "need"
    SUGGESTION = "suggestion"
    QUESTION = "question"
    THANKS = "thanks"


class State(enum.StrEnum):
    """Where a ticket stands."""

    NEW = "new"
    CLAIMED = "claimed"
    ANSWERED = "answered"
    WAITING = "waiting"
    """Staff asked the student something."""
    TRANSFERRED = "transferred"
    """Offered to another place that has not accepted it yet."""
    RESOLVED = "resolved"
    """Staff say it is done; the student has not said so yet."""
    CLOSED = "closed"
    MERGED = "merged"
    WITHDRAWN = "withdrawn"
    REOPENED = "reopened"


class Action(enum.StrEnum):
    """What can be done to a ticket."""

    CLAIM = "claim"
    RELEASE = "release"
    ANSWER = "answer"
    ASK = "ask"
    NOTE = "note"
    TRANSFER = "transfer"
    ACCEPT = "accept"
    RETURN = "return"
    RESOLVE = "resolve"
    ADD = "add"
    """A requester says more."""
    TAKE_BACK = "take_back"
    """A requester takes back what they said last."""
    URGE = "urge"
    JOIN = "join"
    WITHDRAW = "withdraw"
    CONFIRM = "confirm"
    RATE = "rate"
    REOPEN = "reopen"
    CLOSE = "close"
    """Nobody objected in time."""
    ESCALATE = "escalate"
    MERGE = "merge"
    HAND_OVER = "hand_over"
    """Its place was closed: another has it now, and nobody there yet."""
    ASSIGN = "assign"
    RECALL = "recall"
    """The first place takes back what it has offered to another."""
    RETRACT = "retract"
    """Staff take back something they have said."""
    TAKE_IN = "take_in"
    """Another ticket is merged into this one."""
    UNMERGE = "unmerge"
    """It was merged by mistake, and goes on by itself again."""
    SPLIT = "split"
    """Something that was said here becomes a ticket of its own."""
    PRIORITY = "priority"
    TAG = "tag"
    PROJECT = "project"


ACTIVE = (State.NEW, State.REOPENED, State.CLAIMED, State.ANSWERED, State.WAITING)
"""Open, and in one place's hands."""
OPEN = (*ACTIVE, State.TRANSFERRED)
"""The states in which the union owes the student something."""
ENDED = (State.CLOSED, State.MERGED, State.WITHDRAWN)

TRANSITIONS: dict[tuple[State, Action], State] = {
    (State.NEW, Action.CLAIM): State.CLAIMED,
    (State.REOPENED, Action.CLAIM): State.CLAIMED,
    (State.CLAIMED, Action.RELEASE): State.NEW,
    (State.ANSWERED, Action.RELEASE): State.NEW,
    (State.NEW, Action.ASSIGN): State.CLAIMED,
    (State.REOPENED, Action.ASSIGN): State.CLAIMED,
    **{(state, Action.ASSIGN): state for state in (State.CLAIMED, State.ANSWERED, State.WAITING)},
    **{(state, Action.ANSWER): State.ANSWERED for state in ACTIVE},
    # The first place stays responsible (首接负责): it still answers, notes, resolves and takes the offer back. It does
    # not ask: nobody knows whose the answer would be.
    (State.TRANSFERRED, Action.ANSWER): State.TRANSFERRED,
    (State.TRANSFERRED, Action.RECALL): State.NEW,
    **{(state, Action.ASK): State.WAITING for state in ACTIVE},
    **{(state, Action.TRANSFER): State.TRANSFERRED for state in ACTIVE},
    (State.TRANSFERRED, Action.ACCEPT): State.CLAIMED,
    (State.TRANSFERRED, Action.RETURN): State.NEW,
    **{(state, Action.RESOLVE): State.RESOLVED for state in OPEN},
    # Words from the student put the ball back into the station's half.
    (State.NEW, Action.ADD): State.NEW,
    (State.REOPENED, Action.ADD): State.REOPENED,
    (State.CLAIMED, Action.ADD): State.CLAIMED,
    (State.ANSWERED, Action.ADD): State.CLAIMED,
    (State.WAITING, Action.ADD): State.CLAIMED,
    (State.TRANSFERRED, Action.ADD): State.TRANSFERRED,
    **{(state, Action.TAKE_BACK): state for state in (*OPEN, State.RESOLVED)},
    **{(state, Action.URGE): state for state in OPEN},
    **{(state, Action.JOIN): state for state in OPEN},
    **{(state, Action.WITHDRAW): State.WITHDRAWN for state in (*OPEN, State.RESOLVED)},
    (State.RESOLVED, Action.CONFIRM): State.CLOSED,
    (State.CLOSED, Action.CONFIRM): State.CLOSED,
    (State.RESOLVED, Action.CLOSE): State.CLOSED,
    (State.RESOLVED, Action.RATE): State.RESOLVED,
    (State.CLOSED, Action.RATE): State.CLOSED,
    (State.RESOLVED, Action.REOPEN): State.REOPENED,
    (State.CLOSED, Action.REOPEN): State.REOPENED,
    **{(state, Action.ESCALATE): state for state in OPEN},
    **{(state, Action.NOTE): state for state in (*OPEN, State.RESOLVED, State.CLOSED)},
    **{(state, Action.RETRACT): state for state in (*OPEN, State.RESOLVED, State.CLOSED, State.MERGED)},
    # What is on its way to another place is taken back first: the two tickets have to be in one hand.
    **{(state, Action.MERGE): State.MERGED for state in ACTIVE},
    **{(state, Action.TAKE_IN): state for state in ACTIVE},
    (State.MERGED, Action.UNMERGE): State.NEW,
    **{(state, Action.SPLIT): state for state in (*ACTIVE, State.RESOLVED)},
    **{(state, Action.PRIORITY): state for state in OPEN},
    **{(state, Action.TAG): state for state in (*OPEN, State.RESOLVED, State.CLOSED)},
    **{(state, Action.PROJECT): state for state in (*OPEN, State.RESOLVED, State.CLOSED)},
    **{(state, Action.HAND_OVER): State.NEW for state in (State.CLAIMED, State.ANSWERED, State.TRANSFERRED)},
    **{(state, Action.HAND_OVER): state for state in (State.NEW, State.REOPENED, State.WAITING, State.RESOLVED)},
}
"""The whole life of a ticket: what is not here is refused."""
