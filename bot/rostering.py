"""How a lead changes the duty roster: the day, the span, who, and whether every week; each screen with its buttons."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from bot.keyboards import button, keyboard
from bot.rosters import Roster, Rows, Screen, full_name, names, span, to_roster, weekday
from bot.texts import Texts
from bot.untrusted import cut
from models import colleagues, shifts
from models.calendar import WorkCalendar
from models.shifts import Shift
from models.stations import Station

EARLIEST, LATEST, STEP = time(7), time(22), timedelta(minutes=30)
"""Between these a span can be put together by buttons."""


async def days(session: AsyncSession, station: Station, t: Texts, calendar: WorkCalendar, now: datetime) -> Screen:
    """Which day is to be changed?"""
    counts = [len(await shifts.of_weekday(session, station, day, calendar.day_of(now))) for day in range(7)]
    buttons = [
        button(t.plain("duty.day_button", day=weekday(day, t), count=counts[day]), Roster("day", day, ""))
        for day in range(7)
    ]
    rows = [buttons[0:2], buttons[2:4], buttons[4:6], buttons[6:7]]
    return t("duty.edit_days", station=t.pick(station.names)), keyboard([*rows, [to_roster(t)]])


async def day(
    session: AsyncSession, station: Station, number: int, t: Texts, calendar: WorkCalendar, now: datetime
) -> Screen:
    """The shifts of a weekday, each a button, and a new one."""
    found = await shifts.of_weekday(session, station, number, calendar.day_of(now))
    on = await shifts.on(session, [shift.id for shift in found])
    rows: Rows = []
    for shift in found:
        who = names(await colleagues.by_ids(session, on[shift.id]), t)
        label = cut(f"{_span_of(shift, t)} {who}", 60)
        rows.append([button(label, Roster("shift", shift.id, ""))])
    add = button(t.plain("duty.add"), Roster("add", number, ""))
    return (
        t("duty.edit_day" if found else "duty.edit_day_empty", day=weekday(number, t)),
        keyboard([*rows, [add, button(t.plain("nav.back"), Roster("edit", 0, ""))]]),
    )


def _span_of(shift: Shift, t: Texts) -> str:
    once = f" ({t.day(shift.first_day, shift.first_day)})" if shift.once else ""
    return span(shift.starts, shift.ends) + once


async def spans(
    session: AsyncSession, station: Station, number: int, t: Texts, calendar: WorkCalendar, now: datetime
) -> Screen:
    """From when to when? Office hours, and what other days have; anything else is put together."""
    held = {(s.starts, s.ends) for s in await shifts.of_weekday(session, station, number, calendar.day_of(now))}
    usual = {hours for each in calendar.hours.values() for hours in each}
    for other in range(7):
        usual |= {(s.starts, s.ends) for s in await shifts.of_weekday(session, station, other, calendar.day_of(now))}
    buttons = [
        button(span(*each), Roster("span", number, f"{each[0]:%H%M}{each[1]:%H%M}"))
        for each in sorted(usual - held)[:12]
    ]
    rows = [buttons[i : i + 2] for i in range(0, len(buttons), 2)]
    other_time = button(t.plain("duty.other_time"), Roster("from", number, ""))
    return (
        t("duty.which_span", day=weekday(number, t)),
        keyboard([*rows, [other_time, button(t.plain("nav.back"), Roster("day", number, ""))]]),
    )


def begins_at(number: int, t: Texts) -> Screen:
    """When does it begin?"""
    rows = _clock(EARLIEST, LATEST, lambda at: Roster("to", number, f"{at:%H%M}"))
    return (
        t("duty.which_begin", day=weekday(number, t)),
        keyboard([*rows, [button(t.plain("nav.back"), Roster("add", number, ""))]]),
    )


def ends_at(number: int, starts: time, t: Texts) -> Screen:
    """When does it end?"""
    later = (datetime.combine(date.min, starts) + STEP).time()
    rows = _clock(later, time(23), lambda at: Roster("span", number, f"{starts:%H%M}{at:%H%M}"))
    return (
        t("duty.which_end", day=weekday(number, t), at=f"{starts:%H:%M}"),
        keyboard([*rows, [button(t.plain("nav.back"), Roster("from", number, ""))]]),
    )


def _clock(first: time, last: time, press: Any) -> Rows:
    at, end = datetime.combine(date.min, first), datetime.combine(date.min, last)
    buttons = []
    while at <= end:
        buttons.append(button(f"{at:%H:%M}", press(at.time())))
        at += STEP
    return [buttons[i : i + 4] for i in range(0, len(buttons), 4)]


async def shift(
    session: AsyncSession, station: Station, found: Shift, t: Texts, calendar: WorkCalendar, now: datetime
) -> Screen:
    """Who is on it, and whether every week."""
    on = (await shifts.on(session, [found.id]))[found.id]
    known = {person.id: person for person in await colleagues.by_ids(session, on)}
    known |= {person.id: person for person in await colleagues.known(session, station, now)}
    buttons = [
        button(f"{'✅' if number in on else '▫️'} {full_name(person)}", Roster("who", found.id, str(number)))
        for number, person in known.items()
    ]
    rows = [buttons[i : i + 2] for i in range(0, len(buttons), 2)]
    date_ = found.first_day if found.once else shifts.next_date(found.weekday, calendar, now)
    until = t.day(found.last_day, calendar.day_of(now)) if found.last_day else t.plain("duty.for_ever")
    text = t(
        "duty.shift_once" if found.once else "duty.shift",
        day=weekday(found.weekday, t),
        span=span(found.starts, found.ends),
        names=names(await colleagues.by_ids(session, on), t),
        until=until,
    )
    marks = ("▫️", "✅") if found.once else ("✅", "▫️")
    rows += [
        [button(t.plain("duty.me"), Roster("me", found.id, ""))],
        [
            button(f"{marks[0]} {t.plain('duty.weekly')}", Roster("repeat", found.id, "weekly")),
            button(
                f"{marks[1]} {t.plain('duty.once', day=t.day(date_, calendar.day_of(now)))}",
                Roster("repeat", found.id, "once"),
            ),
        ],
        [
            button(t.plain("duty.remove"), Roster("remove", found.id, "")),
            button(t.plain("duty.shift_done"), Roster("day", found.weekday, "")),
        ],
    ]
    return text, keyboard(rows)


def removing(found: Shift, t: Texts) -> Screen:
    """Really?"""
    yes = button(t.plain("duty.remove_yes"), Roster("sure", found.id, ""))
    no = button(t.plain("nav.back"), Roster("shift", found.id, ""))
    day_ = weekday(found.weekday, t)
    return t("duty.remove_sure", day=day_, span=span(found.starts, found.ends)), keyboard([[yes, no]])
