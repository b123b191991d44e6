"""Every button on a ticket: what it carries, and which ones are offered in which state.

Keyboards are plain dicts, so that both libraries take them. What a button carries is chosen by whoever presses it: a
payload is at most 64 bytes, is unpacked strictly, and means nothing until the handler has asked who pressed it,
where, and how the ticket stands.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, ClassVar, Self, get_type_hints

from bot.texts import Texts
from models.errors import Refusal
from models.lifecycle import Action, State
from models.merging import CLUSTER
from models.permissions import Deed, is_at, may, stands_for
from models.requesters import Requester
from models.stations import Station
from models.tickets import Ticket, allowed

MOST_BYTES = 64
MOST_DIGITS = 18
"""A longer number does not fit into the database; asking for it would be an error there."""
SEPARATOR = ":"


@dataclass(frozen=True)
class Press:
    """What a button carries. Subclasses name their prefix: `class Go(Press, prefix="go")`; fields are int, str or
    bool.
    """

    prefix: ClassVar[str] = ""

    def __init_subclass__(cls, prefix: str, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        cls.prefix = prefix

    def pack(self) -> str:
        """The payload. Raises ValueError when it does not fit."""
        parts = [self.prefix]
        for each in dataclasses.fields(self):
            value = getattr(self, each.name)
            parts.append(str(int(value)) if isinstance(value, bool) else str(value))
        packed = SEPARATOR.join(parts)
        if len(packed.encode()) > MOST_BYTES or any(SEPARATOR in part for part in parts):
            raise ValueError(f"the payload {packed!r} does not fit")
        return packed

    @classmethod
    @cache
    def _kinds(cls) -> tuple[Any, ...]:
        hints = get_type_hints(cls)
        return tuple(hints[each.name] for each in dataclasses.fields(cls))

    @classmethod
    def unpack(cls, payload: str) -> Self:
        """The press again. Raises ValueError for anything that `pack` did not make."""
        prefix, *parts = payload.split(SEPARATOR)
        kinds = cls._kinds()
        if prefix != cls.prefix or len(parts) != len(kinds):
            raise ValueError("another button")
        press = cls(*(_value(part, kind) for part, kind in zip(parts, kinds, strict=True)))
        if press.pack() != payload:
            raise ValueError("not a payload of ours")
        return press


def _value(part: str, kind: Any) -> str | int | bool:
    if kind is str:
        return part
    if not _is_number(part):
        raise ValueError("not a number")
    return bool(int(part)) if kind is bool else int(part)


def _is_number(part: str) -> bool:
    return part.isascii() and part.isdigit() and len(part) <= MOST_DIGITS


def number_on(value: str) -> int:
    """The number that a button carries where it may carry words as well. Raises Refusal for anything else."""
    if not _is_number(value):
        raise Refusal("old.button")
    return int(value)


def must_be_as_shown(version: int, shown: int) -> None:
    """Raises Refusal when what a button is about is another by now than when the button was shown: whoever pressed it
    has not seen what they would decide upon, or has pressed it before.
    """
    if version != shown:
        raise Refusal("old.button")


@dataclass(frozen=True)
class Desk(Press, prefix="d"):
    """A staff action on a card: claim, release, ask, note, answers, transfer, accept, return, recall, resolve, history,
    resend, more, cluster.
    """

    act: str
    ticket: int


@dataclass(frozen=True)
class Choice(Press, prefix="c"):
    """Something chosen after a staff action: a place to transfer to, a reason, a template; `step` says which."""

    step: str
    ticket: int
    value: str


@dataclass(frozen=True)
class More(Press, prefix="k"):
    """Something on the second keyboard of a card, or chosen after it: assign, merge, priority, project, decline, and so
    on; `value` is what was chosen.
    """

    act: str
    ticket: int
    value: str


@dataclass(frozen=True)
class Hand(Press, prefix="kr"):
    """Whose open tickets become whose (`/reassign`): people by their numbers, 0 while that is still to be chosen."""

    giver: int
    taker: int


@dataclass(frozen=True)
class Mine(Press, prefix="m"):
    """A student's action on their own ticket: view, add, urge, withdraw, withdraw_sure, reopen, rate, no_remark."""

    act: str
    ticket: int
    below: bool = False
    """The button stands under a letter, which is not to be painted over."""


@dataclass(frozen=True)
class Fixed(Press, prefix="f"):
    """ "Is it really fixed?" """

    ticket: int
    yes: bool
    below: bool = False
    """As in `Mine`."""


@dataclass(frozen=True)
class Rate(Press, prefix="r"):
    """Satisfaction, 1–5."""

    ticket: int
    stars: int


@dataclass(frozen=True)
class Go(Press, prefix="go"):
    """To a place in the menu: home, new, mine, faq, surveys, news, union, volunteer, language, profile, help, privacy,
    agree, cancel.
    """

    to: str


def button(label: str, press: Press) -> dict[str, Any]:
    """One button."""
    return {"text": label, "callback_data": press.pack()}


def keyboard(rows: Sequence[Sequence[dict[str, Any]]]) -> dict[str, Any]:
    """Rows of buttons as Telegram takes them; empty rows are left out."""
    return {"inline_keyboard": [list(row) for row in rows if row]}


# ---------------------------------------------------------------- in the station's chat


def card(
    t: Texts,
    ticket: Ticket,
    station: Station,
    *,
    unsure: bool,
    asks: bool = True,
    alike: int = 0,
    folded: Sequence[dict[str, Any]] = (),
) -> dict[str, Any]:
    """What staff can do now. `unsure` when an answer may not have arrived; `asks` when somebody could answer a
    question; `alike` other open tickets read like it; `folded` the way to those that stand on this card.

    Claim and Resend stand above the rest: when they go, nothing else moves under a finger that taps twice.
    """
    who = (is_at(ticket, station),)

    def press(act: str) -> dict[str, Any]:
        return button(t.plain(f"desk.{act}"), Desk(act, ticket.id))

    def presses(*acts: tuple[str, Deed]) -> list[dict[str, Any]]:
        return [press(act) for act, deed in acts if may(deed, who) and stands_for(deed, ticket.state)]

    if not may(Deed.NOTE, who):
        # Theirs by now: here it can only be looked at.
        return keyboard([[press("history")]])
    cluster = button(t.plain("desk.cluster", count=alike + 1), Desk("cluster", ticket.id))
    said, moved = (
        presses(("resolve", Deed.RESOLVE), ("note", Deed.NOTE)),
        presses(("transfer", Deed.TRANSFER), ("release", Deed.RELEASE)),
    )
    return keyboard(
        [
            [press("resend")] if unsure and may(Deed.RESEND, who) else [],
            presses(("claim", Deed.CLAIM)),
            presses(("accept", Deed.ACCEPT), ("return", Deed.RETURN)),
            presses(("recall", Deed.RECALL)),
            presses(("answers", Deed.ANSWER), *([("ask", Deed.ASK)] if asks else [])),
            # One button alone makes no row.
            *([said, [*moved, press("history")]] if moved else [[*said, press("history")]]),
            [cluster] if alike + 1 >= CLUSTER and may(Deed.MERGE, who) else [],
            folded if may(Deed.SPLIT, who) else [],
            [press("more")] if more_of(ticket, station) else [],
        ]
    )


MORE = (
    ("assign", Deed.ASSIGN),
    ("priority", Deed.PRIORITY),
    ("merge", Deed.MERGE),
    ("split", Deed.SPLIT),
    ("tag", Deed.TAG),
    ("project", Deed.PROJECT),
    ("retract", Deed.RETRACT),
    ("reopen", Deed.REOPEN),
    ("unmerge", Deed.UNMERGE),
)
"""What stands on the second keyboard of a card."""


def more_of(ticket: Ticket, station: Station) -> list[str]:
    """What of it can be done now."""
    who = (is_at(ticket, station),)
    found = [act for act, deed in MORE if may(deed, who) and stands_for(deed, ticket.state)]
    return [act for act in found if act != "retract" or ticket.replied_at is not None]


def _by_two(buttons: Sequence[dict[str, Any]]) -> list[list[dict[str, Any]]]:
    return [list(buttons[i : i + 2]) for i in range(0, len(buttons), 2)]


def more(t: Texts, ticket: Ticket, station: Station) -> dict[str, Any]:
    """The second keyboard of a card."""
    found = [button(t.plain(f"more.{act}"), More(act, ticket.id, "")) for act in more_of(ticket, station)]
    return keyboard([*_by_two(found), [_cancel(t, ticket.id)]])


def chosen(
    t: Texts, ticket_id: int, act: str, found: Sequence[tuple[str, str]], *, width: int = 1, write: str = ""
) -> dict[str, Any]:
    """One of these (value, label) for what is being done; `write` leads to words of one's own instead."""
    buttons = [button(label, More(act, ticket_id, value)) for value, label in found]
    rows = _by_two(buttons) if width == 2 else [[each] for each in buttons]
    own = [button(t.plain("desk.write"), More(write, ticket_id, ""))] if write else []
    return keyboard([*rows, [*own, _cancel(t, ticket_id)]])


def assigned(t: Texts, ticket_id: int) -> dict[str, Any]:
    """For somebody who has been given a ticket: give it back."""
    return keyboard([[button(t.plain("desk.release"), Desk("release", ticket_id))]])


def cluster(t: Texts, ticket_id: int, count: int) -> dict[str, Any]:
    """Merge these and answer once, or not."""
    sure = button(t.plain("merge.cluster_sure", count=count), More("cluster", ticket_id, ""))
    return keyboard([[sure], [_cancel(t, ticket_id)]])


def people(t: Texts, giver: int, found: Sequence[tuple[int, str]]) -> dict[str, Any]:
    """Whose tickets, or, once that is known, to whom: (number, label)."""
    rows = [[button(label, Hand(giver or number, number if giver else 0))] for number, label in found]
    return keyboard([*rows, [button(t.plain("nav.cancel"), Hand(0, 0))]])


def _cancel(t: Texts, ticket_id: int) -> dict[str, Any]:
    return button(t.plain("nav.cancel"), Choice("cancel", ticket_id, ""))


def cancel(t: Texts, ticket_id: int) -> dict[str, Any]:
    """Under a prompt for words: never mind."""
    return keyboard([[_cancel(t, ticket_id)]])


def templates(t: Texts, ticket_id: int, found: Sequence[tuple[str, str]]) -> dict[str, Any]:
    """The answers that are said often, as (value, label); a tap shows one first."""
    rows = [[button(label, Choice("template", ticket_id, value))] for value, label in found]
    return keyboard([*rows, [_cancel(t, ticket_id)]])


def send_template(t: Texts, ticket_id: int, key: str) -> dict[str, Any]:
    """Send what was shown, or look at the others."""
    back = button(t.plain("nav.back"), Choice("templates", ticket_id, ""))
    return keyboard([[button(t.plain("desk.send"), Choice("send", ticket_id, key))], [back, _cancel(t, ticket_id)]])


def resolutions(t: Texts, ticket_id: int, keys: Sequence[str]) -> dict[str, Any]:
    """How it ended."""
    rows = [[button(t.plain(f"resolution.{k}"), Choice("resolve", ticket_id, k))] for k in keys]
    write = button(t.plain("desk.write"), Choice("resolve_write", ticket_id, ""))
    return keyboard([*rows, [write, _cancel(t, ticket_id)]])


def places(t: Texts, ticket_id: int, found: Sequence[tuple[str, str]]) -> dict[str, Any]:
    """Where to: (key, name)."""
    rows = [[button(name, Choice("place", ticket_id, key))] for key, name in found]
    return keyboard([*rows, [_cancel(t, ticket_id)]])


def transfer_reasons(t: Texts, ticket_id: int, place: str, keys: Sequence[str]) -> dict[str, Any]:
    """Why there."""
    rows = [[button(t.plain(f"transfer.{k}"), Choice("why", ticket_id, f"{place}.{k}"))] for k in keys]
    write = button(t.plain("desk.write"), Choice("why", ticket_id, f"{place}.write"))
    return keyboard([*rows, [write, _cancel(t, ticket_id)]])


def as_me(t: Texts, ticket_id: int, message_id: int) -> dict[str, Any]:
    """For an anonymous admin: the press that says who they are."""
    return keyboard([[button(t.plain("desk.as_me"), Choice("as_me", ticket_id, str(message_id)))]])


# ---------------------------------------------------------------- in the student's chat


def about(t: Texts, ticket_id: int, *, asks: bool = False) -> dict[str, Any]:
    """Under staff's words: answer them, look at the ticket."""
    label = t.plain("own.answer_question" if asks else "own.add")
    view_it = button(t.plain("own.view"), Mine("view", ticket_id, True))
    return keyboard([[button(label, Mine("add", ticket_id, True)), view_it]])


def view(t: Texts, ticket_id: int) -> dict[str, Any]:
    """Under a receipt or a notice."""
    return keyboard([[button(t.plain("own.view"), Mine("view", ticket_id, True))]])


def fixed(t: Texts, ticket_id: int) -> dict[str, Any]:
    """ "Is it really fixed?", and what it was about, for whoever has forgotten."""
    view_it = button(t.plain("own.view"), Mine("view", ticket_id, True))
    return keyboard([_fixed(t, ticket_id, below=True), [view_it]])


def _fixed(t: Texts, ticket_id: int, *, below: bool) -> list[dict[str, Any]]:
    yes, no = Fixed(ticket_id, True, below), Fixed(ticket_id, False, below)
    return [button(t.plain("fixed.yes"), yes), button(t.plain("fixed.no"), no)]


def rating(t: Texts, ticket_id: int) -> dict[str, Any]:
    """1–5, the faces saying which end is which."""
    faces = ("😞", "🙁", "😐", "🙂", "😀")
    return keyboard(
        [
            [button(f"{i} {face}", Rate(ticket_id, i)) for i, face in enumerate(faces, 1)],
            [button(t.plain("own.view"), Mine("view", ticket_id))],
        ]
    )


def no_remark(t: Texts, ticket_id: int) -> dict[str, Any]:
    """No word with the rating, and the way back to what was rated."""
    return keyboard(
        [
            [button(t.plain("rate.no_word"), Mine("no_remark", ticket_id))],
            [button(t.plain("own.back_to", number=ticket_id), Mine("view", ticket_id))],
        ]
    )


def withdraw_sure(t: Texts, ticket_id: int) -> dict[str, Any]:
    """Really withdraw it?"""
    return keyboard(
        [
            [button(t.plain("own.withdraw_yes"), Mine("withdraw_sure", ticket_id))],
            [button(t.plain("nav.back"), Mine("view", ticket_id))],
        ]
    )


def back_to_ticket(t: Texts, ticket_id: int) -> dict[str, Any]:
    """Back from adding words."""
    return keyboard([[button(t.plain("own.back_to", number=ticket_id), Mine("view", ticket_id))]])


def own_ticket(
    t: Texts, ticket: Ticket, place: Requester, looks: Sequence[Sequence[dict[str, Any]]] = (), *, late: bool = False
) -> dict[str, Any]:
    """What a student can do with their ticket now, above the rows that look closer; `late` when it is no longer
    reopened.
    """

    def press(act: str) -> dict[str, Any]:
        return button(t.plain(f"own.{act}"), Mine(act, ticket.id))

    rows: list[list[dict[str, Any]]] = []
    if ticket.state is State.RESOLVED and place.solved is None:
        rows.append(_fixed(t, ticket.id, below=False))
    first = []
    if allowed(ticket, Action.ADD):
        first.append(press("add"))
    if allowed(ticket, Action.URGE):
        first.append(press("urge"))
    rows.append(first)
    second = []
    if allowed(ticket, Action.REOPEN) and not late:
        second.append(press("reopen"))
    if allowed(ticket, Action.RATE) and place.rating is None:
        second.append(press("rate"))
    rows.append(second)
    rows += [list(row) for row in looks]
    if allowed(ticket, Action.WITHDRAW):
        rows.append([press("withdraw")])
    rows.append([button(t.plain("own.list"), Go("mine")), button(t.plain("nav.home"), Go("home"))])
    return keyboard(rows)
