"""What the duty roster looks like in a chat: the week, its shifts, a swap and a handover, each with its buttons.

Read on a phone: a day a line, below it its spans with people by their first names, today and what runs now marked.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Any

from markupsafe import Markup
from sqlalchemy.ext.asyncio import AsyncSession

from bot.keyboards import Press, button, keyboard
from bot.texts import Texts
from bot.untrusted import inline, units
from models import turns
from models.calendar import ONE_DAY, WorkCalendar
from models.people import Person
from models.shifts import Swap, SwapState
from models.stations import Station
from models.turns import Turn

Rows = list[list[dict[str, Any]]]
Screen = tuple[str, dict[str, Any]]
"""A text and its keyboard."""

NAME_LENGTH = 24
SUBJECT_LENGTH = 28
MOST_TICKETS = 15
"""In a handover; the rest are counted."""
MOST_TURNS = 40
"""On buttons."""
MOST_UNITS = 4000
"""Of a message, which takes 4096."""
PARAMS = ("mentions", "leads", "when")
"""Parameters of a notice that are drawn here."""


@dataclass(frozen=True)
class Roster(Press, prefix="sr"):
    """A look at the roster, or a lead's change of it: week, swap, edit, day, add, from, to, span, who, me, repeat,
    remove, sure, shift. `number` is a weekday or a shift.
    """

    step: str
    number: int
    value: str


@dataclass(frozen=True)
class Swapping(Press, prefix="sw"):
    """A step of a swap: pick, all, to, yes, no, with the shift or the swap; the value is the date, who gives and who
    takes, with dots between.
    """

    step: str
    number: int
    value: str


@dataclass(frozen=True)
class HandOver(Press, prefix="sh"):
    """One side's word at the end of a shift."""

    number: int
    incoming: bool


# ---------------------------------------------------------------- words


def first_name(person: Person) -> str:
    """As colleagues call them; of a Chinese name the whole, however Telegram has been told it."""
    parts = person.name.split()
    chinese = any("\u4e00" <= char <= "\u9fff" for char in person.name)
    return inline("".join(parts) if chinese else "".join(parts[:1]), NAME_LENGTH) or full_name(person)


def full_name(person: Person) -> str:
    """On a button by which somebody is chosen: two may have the same first name."""
    return inline(person.name, NAME_LENGTH) or f"{person.id}"


def names(people: Sequence[Person], t: Texts) -> str:
    """First names with commas; "nobody yet" for none."""
    return t.plain("duty.comma").join(first_name(person) for person in people) or t.plain("duty.nobody")


def mention(telegram_id: int, name: str) -> Markup:
    """Somebody's name that calls them."""
    return Markup('<a href="tg://user?id={}">{}</a>').format(telegram_id, inline(name, NAME_LENGTH) or telegram_id)


def shown(name: str, value: Any, t: Texts, now: datetime) -> Any:
    """A notice's parameter as its reader sees it."""
    if name == "when":
        return when(datetime.fromisoformat(value[0]), datetime.fromisoformat(value[1]), t, now)
    if isinstance(value, str):
        # Written before names called anybody.
        return value
    return Markup(t.plain("duty.comma")).join(mention(telegram_id, who) for telegram_id, who in value)


def when(begins: datetime, ends: datetime, t: Texts, now: datetime) -> str:
    """A turn's date and span: "Thu 15 Oct 08:30–12:00"."""
    return f"{t.stamp(begins, now)}–{ends.astimezone(t.timezone):%H:%M}"


def span(starts: time, ends: time) -> str:
    """A span of a day."""
    return f"{starts:%H:%M}–{ends:%H:%M}"


def weekday(number: int, t: Texts) -> str:
    """A weekday's name."""
    return t.plain(f"weekday.{number}")


# ---------------------------------------------------------------- the week


async def week(
    session: AsyncSession, station: Station, monday: date, t: Texts, calendar: WorkCalendar, now: datetime
) -> Screen:
    """Who is on duty now and next, and the whole week."""
    today = calendar.day_of(now)
    found = await turns.between(session, station, monday, monday + ONE_DAY * 6, calendar)
    on = await turns.on_duty(session, station, calendar, now)
    coming = await turns.next_turns(session, station, calendar, now)
    lines = [t("duty.title", station=t.pick(station.names)), ""]
    if on:
        until = f"{max(turn.ends for turn in on).astimezone(t.timezone):%H:%M}"
        lines.append(t("duty.now", names=names(turns.everybody(on), t), until=until))
    else:
        lines.append(t("duty.now_nobody"))
    if coming:
        lines.append(t("duty.next", names=names(turns.everybody(coming), t), at=t.moment(coming[0].begins, now)))
    days = {day: [turn for turn in found if turn.day == day] for day in (monday + ONE_DAY * i for i in range(7))}
    if not found:
        lines += ["", t("duty.week_empty", first=t.day(monday, today), last=t.day(monday + ONE_DAY * 6, today))]
    for day, here in days.items():
        if here or day == today:
            lines += ["", t("duty.today" if day == today else "duty.day", day=t.day(day, today))]
            lines += [_line(turn, t, now) for turn in here] or [t("duty.no_shift")]
    return _fitting(lines), keyboard(
        [
            [
                button(t.plain("duty.earlier"), Roster("week", 0, _packed(monday - ONE_DAY * 7))),
                button(t.plain("duty.later"), Roster("week", 0, _packed(monday + ONE_DAY * 7))),
            ],
            [
                button(t.plain("duty.swap"), Roster("swap", 0, "")),
                button(t.plain("duty.edit"), Roster("edit", 0, "")),
            ],
        ]
    )


def _fitting(lines: list[str]) -> str:
    """As many of these lines as Telegram takes; the tags of each are closed within it."""
    kept = list(lines)
    while units("\n".join(kept)) > MOST_UNITS:
        kept.pop()
    return "\n".join(kept if len(kept) == len(lines) else [*kept, "…"])


def _line(turn: Turn, t: Texts, now: datetime) -> str:
    sign = "▶" if turn.begins <= now < turn.ends else "✓" if turn.ends <= now else "·"
    return t("duty.line", sign=sign, span=span(turn.shift.starts, turn.shift.ends), names=names(turn.people, t))


def to_roster(t: Texts) -> dict[str, Any]:
    """Back to the week."""
    return button(t.plain("duty.done"), Roster("week", 0, ""))


def _packed(day: date) -> str:
    return f"{day:%Y%m%d}"


# ---------------------------------------------------------------- swaps


def own_turns(person: Person, found: Sequence[Turn], t: Texts, now: datetime, *, lead: bool, private: bool) -> Screen:
    """Which of one's own turns?"""
    rows = [
        [
            button(
                when(turn.begins, turn.ends, t, now),
                Swapping("pick", turn.shift.id, f"{_packed(turn.day)}.{person.id}"),
            )
        ]
        for turn in found[:MOST_TURNS]
    ]
    if lead:
        rows.append([button(t.plain("swap.others"), Swapping("all", 0, ""))])
    if not private:
        rows.append([to_roster(t)])
    return t("swap.which" if found else "swap.none", name=person.name), keyboard(rows)


def all_turns(found: Sequence[Turn], t: Texts, now: datetime) -> Screen:
    """Whose, and when? For a lead."""
    rows: Rows = []
    for turn in found:
        for person in turn.people:
            label = f"{when(turn.begins, turn.ends, t, now)} {first_name(person)}"
            rows.append([button(label, Swapping("pick", turn.shift.id, f"{_packed(turn.day)}.{person.id}"))])
    return t("swap.whose"), keyboard([*rows[:MOST_TURNS], [to_roster(t)]])


def to_whom(
    turn: Turn, giver: Person, people: Sequence[Person], t: Texts, now: datetime, *, consent: bool, private: bool
) -> Screen:
    """Who is to take it?"""
    on = {person.id for person in turn.people}
    buttons = [
        button(full_name(person), Swapping("to", turn.shift.id, f"{_packed(turn.day)}.{giver.id}.{person.id}"))
        for person in people
        if person.id not in on
    ]
    rows = [buttons[i : i + 2] for i in range(0, len(buttons), 2)]
    if consent:
        anybody = Swapping("to", turn.shift.id, f"{_packed(turn.day)}.{giver.id}.0")
        rows.append([button(t.plain("swap.anybody"), anybody)])
    back = Roster("mine" if private else "swap", 0, "")
    text = t(
        "swap.to_whom" if consent else "swap.assign_whom", giver=giver.name, when=when(turn.begins, turn.ends, t, now)
    )
    return text, keyboard([*rows, [button(t.plain("nav.back"), back)]])


async def swap(session: AsyncSession, number: int, t: Texts, calendar: WorkCalendar, now: datetime) -> Screen:
    """Somebody's offer to stand in, as it is now."""
    offered = await session.get_one(Swap, number)
    station, turn = await turns.of_shift(session, offered.shift_id, offered.day, calendar)
    giver = await session.get_one(Person, offered.giver_id)
    other = (
        await session.get(Person, offered.taker_id or offered.asked_id)
        if offered.taker_id or offered.asked_id
        else None
    )
    text = {
        SwapState.OFFERED: "swap.asks" if other else "swap.asks_anybody",
        SwapState.TAKEN: "swap.taken",
        SwapState.DECLINED: "swap.declined",
        SwapState.WITHDRAWN: "swap.withdrawn",
    }[offered.state]
    said = t(
        text,
        giver=giver.name,
        taker=other.name if other else "",
        name=other.name if other else "",
        asked=mention(other.telegram_id, other.name) if other else "",
        when=when(turn.begins, turn.ends, t, now),
        station=t.pick(station.names),
    )
    if offered.state is not SwapState.OFFERED:
        return said, keyboard([])
    yes = button(t.plain("swap.yes"), Swapping("yes", offered.id, ""))
    no = button(t.plain("swap.no" if other else "swap.withdraw"), Swapping("no", offered.id, ""))
    return said, keyboard([[yes, no]])
