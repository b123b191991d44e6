"""What a working day begins with: each place's digest at opening time; once a week the office's topics.

opening of a working day       ─▶ new, due today, overdue, waiting; nothing to say: no message
first opening of a week, office ─▶ what has risen beyond its usual
the same, supervisors           ─▶ what was unlike other weeks (`models/union/anomalies.py`), also that nothing was

Each has its occasion (`digest:{station}:{date}`): a missed one is said later the same day, while people are awake, and
not on another. What a quiet day began with is not said at noon either.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from typing import Any

from bot import anomalies as unusual
from bot import charts, lists, reports
from bot.texts import Texts
from bot.toolbox import Toolbox
from bot.untrusted import inline, units
from models import listing, occasions, outbox, pictures, postings, stations, topics
from models.calendar import WorkCalendar
from models.database import Database
from models.outbox import Lane, Repeat
from models.people import Person
from models.questions import fetch
from models.stations import Desk, Station
from models.tickets import Ticket
from models.topics import Topic
from models.union import anomalies

KEPT = timedelta(days=60)
LISTED = 4
"""So many of what is overdue and due today are named; the rest is under /overdue and /open."""
CAPTION = 1000
SUBJECT_LENGTH = 40
NUMBERS = 8


async def run(database: Database, toolbox: Toolbox, now: datetime) -> None:
    """What is due at `now`."""
    calendar = toolbox.house.calendar
    today = now.astimezone(calendar.timezone).date()
    if not _has_opened(calendar, today, now) or calendar.is_quiet(now):
        return
    async with database.reading() as session:
        desks = [d for d in await stations.open_desks(session) if d.chat_id is not None]
        places = [d for d in desks if d.desk is not Desk.SUPERVISORS]
        due = [d for d in places if not await occasions.has_been(session, _day_key(d, today))]
        week = _week_key(today)
        office = next((d for d in desks if d.desk is Desk.OFFICE), None)
        weekly = office is not None and _begins_week(calendar, today) and not await occasions.has_been(session, week)
        above = next((d for d in desks if d.desk is Desk.SUPERVISORS), None)
        unlike = _anomalies_key(today)
        watched = above is not None and _begins_week(calendar, today) and not await occasions.has_been(session, unlike)
    for place in due:
        await _day(database, toolbox, place, today, now)
    if weekly and office is not None:
        await _week(database, toolbox, office, week, now)
    if watched and above is not None:
        await _anomalies(database, toolbox, above, unlike, now)


def _has_opened(calendar: WorkCalendar, day: date, now: datetime) -> bool:
    hours = calendar.hours_on(day)
    return bool(hours) and now.astimezone(calendar.timezone).time() >= hours[0][0]


def _begins_week(calendar: WorkCalendar, day: date) -> bool:
    """Whether it is the first day of its week on which anybody works: a Monday, unless that is a holiday."""
    return not any(calendar.hours_on(day - timedelta(days=n)) for n in range(1, day.weekday() + 1))


def _day_key(place: Station, day: date) -> str:
    return f"digest:{place.key}:{day:%Y-%m-%d}"


def _week_key(day: date) -> str:
    year, week, _ = day.isocalendar()
    return f"digest:topics:{year}-{week:02}"


def _anomalies_key(day: date) -> str:
    year, week, _ = day.isocalendar()
    return f"digest:anomalies:{year}-{week:02}"


async def _day(database: Database, toolbox: Toolbox, place: Station, today: date, now: datetime) -> None:
    """One place's morning."""
    zone, t = toolbox.house.calendar.timezone, toolbox.t(place.language)
    ends = datetime.combine(today + timedelta(days=1), time(), zone)
    key = _day_key(place, today)
    async with database.reading() as session:
        morning = await listing.morning(session, place, ends, now, 2 * LISTED)
        shown, numbers = morning.first, morning.numbers
        people = {p.id: p.name for p in await fetch(session, Person, {x.claimed_by_id for x in shown} - {None})}
        where = {x.id: await postings.card_of(session, x.id, place.chat_id or 0) for x in shown}

    def line(ticket: Ticket) -> str:
        holder = people.get(ticket.claimed_by_id or 0, "")
        return lists.line(ticket, t, now, holder=holder, card=where.get(ticket.id))

    png = None
    if any(numbers.values()):
        name = t.pick(place.names)
        png = await asyncio.to_thread(charts.draw, reports.day_drawing(numbers, name, now, t))
    head = t("digest.day", **numbers)
    rows = _fitting([head, *map(line, shown[:LISTED])], t("digest.more") if len(shown) > LISTED else "")
    await _say(database, place, key, png, "\n".join(rows), now)


async def _week(database: Database, toolbox: Toolbox, office: Station, key: str, now: datetime) -> None:
    """The office's topics."""
    t = toolbox.t(office.language)
    told = await database.aside(lambda session: topics.recent(session, now))
    found = await asyncio.to_thread(topics.group, told)
    png = None
    if found:
        png = await asyncio.to_thread(charts.draw, _topics_drawing(found, toolbox, t))
    rows = _fitting([t("digest.topics"), *(_topic(topic, toolbox, t) for topic in found)], "")
    await _say(database, office, key, png, "\n".join(rows), now)


async def _anomalies(database: Database, toolbox: Toolbox, above: Station, key: str, now: datetime) -> None:
    """The supervisors' week."""
    calendar = toolbox.house.calendar
    found = await database.aside(lambda session: anomalies.digest(session, calendar, now))
    async with database.transaction() as session:
        if await occasions.once(session, key, now):
            places = {each.id: each for each in await stations.open_desks(session)}
            text = unusual.draw(found, places, toolbox.settings, toolbox.t(above.language), now)
            await outbox.post(
                session,
                now=now,
                lane=Lane.NOTICE,
                repeat=Repeat.NUMBERED,
                chat_id=above.chat_id,
                method="sendMessage",
                payload={"text": text, "parse_mode": "HTML"},
                dedupe=key,
            )


async def _say(database: Database, place: Station, key: str, png: bytes | None, caption: str, now: datetime) -> None:
    async with database.transaction() as session:
        await occasions.forget(session, now - KEPT)
        if await occasions.once(session, key, now) and png is not None and place.chat_id is not None:
            await pictures.say(session, place.chat_id, png, caption, now, dedupe=key)


def _fitting(rows: Sequence[str], last: str) -> list[str]:
    """As many of the lines as fit below a picture; tags are counted too, so that there is always room."""
    kept: list[str] = []
    for row in rows:
        if units("\n".join([*kept, row, last])) > CAPTION:
            break
        kept.append(row)
    return [*kept, last] if last else kept


def _place_of(topic: Topic, toolbox: Toolbox, t: Texts) -> str:
    category = t.pick(toolbox.settings.category_names(topic.category))
    if topic.building is None:
        return category
    return t.plain(
        "digest.topic_place", building=t.pick(toolbox.settings.building_names(topic.building)), category=category
    )


def _topic(topic: Topic, toolbox: Toolbox, t: Texts) -> str:
    numbers = " ".join(f"#{number}" for number in topic.numbers[:NUMBERS])
    return t(
        "digest.topic",
        place=_place_of(topic, toolbox, t),
        subject=inline(topic.subject, SUBJECT_LENGTH),
        filed=topic.filed,
        usual=_usual(topic),
        numbers=numbers + (" …" if len(topic.numbers) > NUMBERS else ""),
    )


def _usual(topic: Topic) -> str:
    return f"{topic.usual:.1f}".removesuffix(".0")


def _topics_drawing(found: Sequence[Topic], toolbox: Toolbox, t: Texts) -> dict[str, Any]:
    bars = [
        {
            "label": _place_of(topic, toolbox, t),
            "value": topic.filed,
            "text": t.plain("digest.topic_bar", filed=topic.filed, usual=_usual(topic)),
        }
        for topic in found
    ]
    return {"title": t.plain("digest.topics_title"), "bars": bars, "notes": [t.plain("digest.topics_note")]}
