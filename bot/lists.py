"""Tickets in a line each, the way to a ticket's card, and the buttons of staff's lists and conversations.

Prefixes of these buttons begin with `l`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from markupsafe import Markup

from bot.keyboards import MOST_BYTES, SEPARATOR, Press, button, keyboard
from bot.texts import Texts
from bot.untrusted import inline
from models import deadlines
from models.lifecycle import OPEN
from models.postings import Card
from models.tickets import Ticket

A_PAGE = 8
"""So many tickets stand on one screen of a phone without scrolling."""
NAME_LENGTH, SUBJECT_LENGTH = 12, 32
PRIORITY_SIGNS = ("▫️", "🔶", "🔴")
SUPERGROUP = -1_000_000_000_000
"""Ids of supergroups lie below; messages of other groups have no links."""


@dataclass(frozen=True)
class Look(Press, prefix="lo"):
    """Bring this ticket's card."""

    ticket: int


@dataclass(frozen=True)
class Turn(Press, prefix="lt"):
    """Another page of a list: open, overdue."""

    what: str
    page: int


@dataclass(frozen=True)
class Seek(Press, prefix="lf"):
    """Another page of what was found for these words."""

    page: int
    words: str


@dataclass(frozen=True)
class Span(Press, prefix="ls"):
    """The figures of another span: week, month, semester."""

    name: str


@dataclass(frozen=True)
class Which(Press, prefix="la"):
    """The ticket that these words of an answer are meant for."""

    ticket: int
    words: str


@dataclass(frozen=True)
class Keep(Press, prefix="lc"):
    """A step with a canned answer: add, view, edit, remove, sure, skip, list, cancel; of the one with this number."""

    step: str
    number: int


@dataclass(frozen=True)
class Mode(Press, prefix="lm"):
    """Change the group's mode: topics, plain, cancel."""

    to: str


@dataclass(frozen=True)
class Walk(Press, prefix="lk"):
    """A step of recording a walk-in: kind, category, building, no_contact, file, back, cancel; with what was chosen."""

    step: str
    value: str


@dataclass(frozen=True)
class Told(Press, prefix="ld"):
    """Somebody who came in person was told: spot, phone."""

    ticket: int
    how: str


@dataclass(frozen=True)
class Heard(Press, prefix="lh"):
    """What they said: yes, no, unknown; or their rating, 0 for none."""

    ticket: int
    what: str


def link(chat_id: int, message_id: int | None, thread_id: int | None = None) -> str | None:
    """Where a message of a supergroup is; members get there by it. None where messages have no links."""
    if message_id is None or chat_id > SUPERGROUP:
        return None
    thread = f"{thread_id}/" if thread_id is not None else ""
    return f"https://t.me/c/{SUPERGROUP - chat_id}/{thread}{message_id}"


def line(
    ticket: Ticket, t: Texts, now: datetime, *, holder: str = "", place: str = "", card: Card | None = None
) -> str:
    """A ticket in one line: priority, number, state, who has it, what is due; then what it is about."""
    href = link(card.chat_id, card.message_id, card.thread_id) if card is not None else None
    shown = f"#{ticket.id}"
    number = Markup('<a href="{}">{}</a>').format(href, shown) if href else Markup("<b>{}</b>").format(shown)
    found = deadlines.next_deadline(ticket) if ticket.state in OPEN else None
    parts = [t.plain(f"state.{ticket.state}"), inline(holder, NAME_LENGTH), inline(place, NAME_LENGTH)]
    if found is not None:
        key = "list.late" if found[1] <= now else "list.due"
        parts.append(t.plain(key, moment=t.moment(found[1], now)))
    return str(
        Markup("{} {} {} — {}").format(
            PRIORITY_SIGNS[ticket.priority],
            number,
            " · ".join(filter(None, parts)),
            inline(ticket.subject, SUBJECT_LENGTH) or "—",
        )
    )


def _numbers(tickets: Iterable[Ticket]) -> list[list[dict[str, Any]]]:
    buttons = [button(f"#{ticket.id}", Look(ticket.id)) for ticket in tickets]
    return [buttons[i : i + 4] for i in range(0, len(buttons), 4)]


def page(tickets: Sequence[Ticket], what: str, number: int, last: int) -> dict[str, Any]:
    """A page of a list: each ticket's card, and the pages beside it."""
    turn = []
    if number > 0:
        turn.append(button("‹", Turn(what, number - 1)))
    if number < last:
        turn.append(button("›", Turn(what, number + 1)))
    return keyboard([*_numbers(tickets), turn])


def found(tickets: Sequence[Ticket], words: str, number: int, more: bool) -> dict[str, Any]:
    """A page of what was found. Words that no button can carry as they are have one page: others find others."""
    turn = []
    for label, to, there in (("‹", number - 1, number > 0), ("›", number + 1, more)):
        if there and SEPARATOR not in words and len(f"lf:{to}:{words}".encode()) <= MOST_BYTES:
            turn.append(button(label, Seek(to, words)))
    return keyboard([*_numbers(tickets), turn])


def spans(t: Texts, names: Sequence[str], shown: str) -> dict[str, Any]:
    """The other spans."""
    return keyboard([[button(t.plain(f"figure_button.{name}"), Span(name)) for name in names if name != shown]])


def which(tickets: Sequence[tuple[int, str]], words: str) -> dict[str, Any]:
    """The tickets an answer may be meant for (number, subject); of the words as many as fit."""
    rows = []
    for number, subject in tickets:
        short = words.replace(":", " ")
        while len(f"la:{number}:{short}".encode()) > MOST_BYTES:
            short = short[:-1]
        rows.append([button(f"#{number} {inline(subject, SUBJECT_LENGTH) or '—'}", Which(number, short))])
    return keyboard(rows)


def canned_list(t: Texts, own: Sequence[tuple[int, str]]) -> dict[str, Any]:
    """Those that were written here (number, label), two a row."""
    buttons = [button(label, Keep("view", number)) for number, label in own]
    rows = [buttons[i : i + 2] for i in range(0, len(buttons), 2)]
    return keyboard([*rows[:40], [button(t.plain("canned.add"), Keep("add", 0))]])


def canned_one(t: Texts, number: int, may_change: bool) -> dict[str, Any]:
    """What can be done with one."""
    changes = [
        button(t.plain("canned.edit"), Keep("edit", number)),
        button(t.plain("canned.remove"), Keep("remove", number)),
    ]
    return keyboard([changes if may_change else [], [button(t.plain("nav.back"), Keep("list", 0))]])


def canned_sure(t: Texts, number: int) -> dict[str, Any]:
    """Really remove it?"""
    return keyboard(
        [
            [button(t.plain("canned.remove_yes"), Keep("sure", number))],
            [button(t.plain("nav.back"), Keep("view", number))],
        ]
    )


def canned_writing(t: Texts, *, skip: bool) -> dict[str, Any]:
    """While it is written: leave this language out, or never mind."""
    out = button(t.plain("nav.cancel"), Keep("cancel", 0))
    return keyboard([[button(t.plain("canned.skip"), Keep("skip", 0)), out] if skip else [out]])


def mode_sure(t: Texts, to: str) -> dict[str, Any]:
    """Really change it?"""
    return keyboard([[button(t.plain(f"mode.yes_{to}"), Mode(to))], [button(t.plain("nav.cancel"), Mode("cancel"))]])


def walk_choices(t: Texts, step: str, choices: Sequence[tuple[str, str]], *, none: str | None = None) -> dict[str, Any]:
    """Something to choose while a walk-in is recorded: (value, label), two a row."""
    buttons = [button(label, Walk(step, value)) for value, label in choices]
    rows = [buttons[i : i + 2] for i in range(0, len(buttons), 2)]
    if none is not None:
        rows.append([button(none, Walk(step, "-"))])
    return keyboard([*rows, _out(t, back=step != "kind")])


def walk_words(t: Texts, *, contact: bool = False) -> dict[str, Any]:
    """While words are waited for."""
    return keyboard([[button(t.plain("walkin.no_contact"), Walk("no_contact", ""))] if contact else [], _out(t)])


def walk_preview(t: Texts) -> dict[str, Any]:
    """File it, or not."""
    return keyboard([[button(t.plain("walkin.file"), Walk("file", ""))], _out(t)])


def _out(t: Texts, *, back: bool = True) -> list[dict[str, Any]]:
    """One step back, where there is one, or out of it."""
    out = button(t.plain("nav.cancel"), Walk("cancel", ""))
    return [button(t.plain("nav.back"), Walk("back", "")), out] if back else [out]


def told(t: Texts, ticket_id: int) -> dict[str, Any]:
    """How somebody who came in person was told."""
    return keyboard([[button(t.plain(f"walkin.told_{how}"), Told(ticket_id, how)) for how in ("spot", "phone")]])


def heard(t: Texts, ticket_id: int) -> dict[str, Any]:
    """What they said of the outcome."""
    yes, no = (button(t.plain(f"walkin.heard_{what}"), Heard(ticket_id, what)) for what in ("yes", "no"))
    return keyboard([[yes, no], [button(t.plain("walkin.heard_unknown"), Heard(ticket_id, "unknown"))]])


def rated(t: Texts, ticket_id: int) -> dict[str, Any]:
    """How satisfied they said they are."""
    stars = [button(str(i), Heard(ticket_id, str(i))) for i in range(1, 6)]
    return keyboard([stars, [button(t.plain("walkin.no_rating"), Heard(ticket_id, "0"))]])
