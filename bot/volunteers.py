"""Volunteering as a student sees it: open calls, one of them, one's own hours, and what one is told."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from markupsafe import escape

from bot.keyboards import Go, Press, button, keyboard
from bot.studies import when, where
from bot.texts import Texts, cut
from bot.untrusted import titled
from models.projects import Project
from models.stations import Station
from models.union.gatherings import Attendance, Gathering, Part, Stage
from models.union.hours import DisputeStage, HourDispute
from models.union.volunteering import MOST_MISSED, VolunteerCall

LABEL, PAGE = 44, 5
PARTS = {
    Part.CAME: "✅",
    Part.COMING: "🟢",
    Part.WAITING: "⏳",
    Part.INVITED: "🟢",
    Part.DECLINED: "▫️",
    Part.EXCUSED: "📝",
    Part.MISSED: "❌",
}

Screen = tuple[str, dict[str, Any]]
Rows = list[list[dict[str, Any]]]


@dataclass(frozen=True)
class Helping(Press, prefix="vs"):
    """What a student does about volunteering: list and hours (with the page as `gathering`), one, down, back,
    back_sure, yes, no, certificate, dispute, further, excuse.
    """

    act: str
    gathering: int


@dataclass(frozen=True)
class Seen:
    """A call as somebody sees it."""

    gathering: Gathering
    call: VolunteerCall
    free: int
    """Places; what is not counted is in `gathering.seats`."""
    waiting: int
    place: Attendance | None = None
    nth: int = 0
    """Of somebody who waits: the how-manieth they are."""
    station: Station | None = None
    training: Gathering | None = None
    trained: bool = True
    project: Project | None = None
    behind: bool = False
    """They have stayed away too often this semester."""


@dataclass(frozen=True)
class Done:
    """Something that somebody took part in, and what is to be said of their hours."""

    gathering: Gathering
    place: Attendance
    dispute: HourDispute | None
    disputable: bool
    excusable: bool = False


def in_hours(minutes: int) -> str:
    """Minutes as hours: "2.5"."""
    return f"{round(minutes / 60, 2):g}"


def title(gathering: Gathering, t: Texts) -> str:
    """What it is called."""
    return titled(t.pick(gathering.titles))


def facts(gathering: Gathering, call: VolunteerCall, t: Texts, now: datetime) -> str:
    """What, when, where and as what, as HTML."""
    return t(
        "volunteer.facts",
        title=title(gathering, t),
        when=when(gathering, t, now),
        place=where(gathering, t),
        role=titled(t.pick(call.role)),
    )


# ---------------------------------------------------------------- open calls


def listed(found: Sequence[Seen], page: int, more: bool, t: Texts, now: datetime) -> Screen:
    """The open calls that are for them."""
    lines, rows = [t("volunteer.list" if found else "volunteer.list_none")], []
    for each in found:
        it = each.gathering
        lines.append(
            f"\n<b>{escape(title(it, t))}</b>\n{escape(when(it, t, now))} · {escape(where(it, t))}\n{_places(each, t)}"
        )
        sign = f"{PARTS[each.place.part]} " if each.place is not None and each.place.part is not Part.DECLINED else ""
        rows.append([button(sign + cut(title(it, t), LABEL), Helping("one", it.id))])
    rows += [_turns("list", page, more), [button(t.plain("volunteer.my_hours"), Helping("hours", 0))], [_home(t)]]
    return "\n".join(lines), keyboard(rows)


def one(seen: Seen, t: Texts, now: datetime) -> Screen:
    """A call, how one stands to it, and what can be done."""
    it, call = seen.gathering, seen.call
    parts = [facts(it, call, t, now)]
    if it.about:
        parts.append(str(escape(t.pick(it.about))))
    parts.append("\n".join(_details(seen, t)))
    parts.append(_yours(seen, t, now))
    return "\n\n".join(part for part in parts if part), keyboard([*_ways(seen, now, t), *_back(t)])


def _details(seen: Seen, t: Texts) -> list[str]:
    call = seen.call
    by = t.pick(seen.station.names) if seen.station is not None else t.plain("volunteer.union")
    found = [t("volunteer.organiser", by=by, level=t.plain(f"volunteer.level.{call.level}")), _places(seen, t)]
    if call.trains:
        found.append(t("volunteer.trains"))
    if seen.project is not None:
        found.append(t("volunteer.of_project", title=seen.project.title))
    if seen.training is not None:
        key = "volunteer.training_done" if seen.trained else "volunteer.training_first"
        found.append(t(key, title=title(seen.training, t)))
    return found


def _places(seen: Seen, t: Texts) -> str:
    if seen.gathering.seats is None:
        return t("volunteer.places_any")
    if seen.free:
        return t("volunteer.places", free=seen.free, seats=seen.gathering.seats)
    return t("volunteer.places_none", seats=seen.gathering.seats, waiting=seen.waiting)


def _yours(seen: Seen, t: Texts, now: datetime) -> str:
    """How they stand to it."""
    place, it = seen.place, seen.gathering
    if it.stage is Stage.CANCELLED:
        return t("volunteer.is_cancelled")
    if place is None or place.part is Part.DECLINED:
        if it.stage is not Stage.CALLED or it.starts_at <= now:
            return t("volunteer.is_over")
        return t("volunteer.behind", most=MOST_MISSED) if seen.behind else t("volunteer.names", most=MOST_MISSED)
    if place.part is Part.WAITING and place.offered_until is not None:
        return t("volunteer.kept", until=t.moment(place.offered_until, now))
    if place.part is Part.WAITING:
        return t("volunteer.waiting", nth=seen.nth)
    return t(f"volunteer.yours.{place.part}")


def _ways(seen: Seen, now: datetime, t: Texts) -> Rows:
    place, it = seen.place, seen.gathering
    rows: Rows = []
    if seen.training is not None and not seen.trained and seen.training.stage is Stage.CALLED:
        rows.append([button(t.plain("volunteer.to_training"), Helping("one", seen.training.id))])
    if it.stage is not Stage.CALLED or it.starts_at <= now:
        return rows
    if place is None or place.part not in (Part.COMING, Part.WAITING, Part.CAME):
        open_ = it.seats is None or seen.free > 0
        return [[button(t.plain("volunteer.down" if open_ else "volunteer.wait"), Helping("down", it.id))], *rows]
    if place.part is Part.WAITING and place.offered_until is not None:
        return [[button(t.plain("volunteer.yes"), Helping("yes", it.id))], [_no(it, t)], *rows]
    if place.part in (Part.COMING, Part.WAITING):
        rows.append([button(t.plain("volunteer.take_back"), Helping("back", it.id))])
    return rows


def sure(it: Gathering, t: Texts) -> Screen:
    """Shall the place really go to the next who waits?"""
    rows = [
        [button(t.plain("volunteer.take_back_sure"), Helping("back_sure", it.id))],
        [button(t.plain("nav.back"), Helping("one", it.id))],
    ]
    return t("volunteer.sure", title=title(it, t)), keyboard(rows)


def _no(it: Gathering, t: Texts) -> dict[str, Any]:
    return button(t.plain("volunteer.no"), Helping("no", it.id))


# ---------------------------------------------------------------- one's own hours


def my_hours(year: str, found: Sequence[Done], page: int, t: Texts, now: datetime) -> Screen:
    """What somebody took part in this academic year, the latest first, and what was confirmed of it."""
    confirmed = [each.place.minutes for each in found if each.place.minutes]
    missed = sum(each.place.part is Part.MISSED for each in found)
    head = t("volunteer.hours", year=year, hours=in_hours(sum(confirmed)), count=len(confirmed))
    if missed:
        head += "\n" + t("volunteer.hours_missed", count=missed, most=MOST_MISSED)
    lines = [head if found else t("volunteer.hours_none", year=year)]
    rows: Rows = []
    for each in found[page * PAGE : (page + 1) * PAGE]:
        it, place = each.gathering, each.place
        lines.append(
            f"\n{PARTS[place.part]} <b>{escape(title(it, t))}</b>\n{escape(when(it, t, now))} · {_so(each, t)}"
        )
        name = cut(title(it, t), LABEL - 14)
        row = []
        if place.minutes:
            row.append(button(t.plain("volunteer.certificate", title=name), Helping("certificate", it.id)))
        rows.append(row)
        rows.append(_disputing(each, name, t))
    rows += [_turns("hours", page, len(found) > (page + 1) * PAGE), *_back(t)]
    return "\n".join(lines), keyboard(rows)


def _so(done: Done, t: Texts) -> str:
    place, dispute = done.place, done.dispute
    if place.part is Part.CAME:
        if place.minutes is None:
            said = t("volunteer.hours_wait")
        else:
            said = t("volunteer.hours_confirmed", hours=in_hours(place.minutes))
    else:
        said = t(f"volunteer.yours.{place.part}")
    return said + (" · " + t(f"volunteer.dispute.{dispute.stage}") if dispute is not None else "")


def _disputing(done: Done, name: str, t: Texts) -> list[dict[str, Any]]:
    number = done.gathering.id
    if done.excusable:
        return [button(t.plain("volunteer.excuse"), Helping("excuse", number)), *_was_there(done, t)]
    if done.dispute is not None and done.dispute.stage is DisputeStage.ANSWERED:
        return [button(t.plain("volunteer.further_of", title=name), Helping("further", number))]
    if done.disputable and done.dispute is None:
        return [button(t.plain("volunteer.dispute_of", title=name), Helping("dispute", number))]
    return []


def _was_there(done: Done, t: Texts) -> list[dict[str, Any]]:
    if done.dispute is not None or not done.disputable:
        return []
    return [button(t.plain("volunteer.was_there"), Helping("dispute", done.gathering.id))]


# ---------------------------------------------------------------- what they are told


def told(
    what: str,
    gathering: Gathering,
    call: VolunteerCall,
    place: Attendance | None,
    dispute: HourDispute | None,
    t: Texts,
    now: datetime,
) -> Screen | None:
    """A letter with its buttons; None for what is not so any more."""
    number = gathering.id
    head, rows = facts(gathering, call, t, now), Rows()
    params: Mapping[str, Any] = {}
    match what:
        case "offer":
            if place is None or place.part is not Part.WAITING or place.offered_until is None:
                return None
            params = {"until": t.moment(place.offered_until, now)}
            rows = [[button(t.plain("volunteer.yes"), Helping("yes", number))], [_no(gathering, t)]]
        case "reminder":
            if place is None or place.part is not Part.COMING or gathering.starts_at <= now:
                return None
            rows = [[button(t.plain("volunteer.take_back"), Helping("back", number))]]
        case "offer_over" | "no_place" | "cancelled":
            rows = [[button(t.plain("volunteer.others"), Helping("list", 0))]]
        case "missed":
            if place is None or place.part is not Part.MISSED:
                return None
            params = {"most": MOST_MISSED}
            rows = [
                [button(t.plain("volunteer.excuse"), Helping("excuse", number))],
                [button(t.plain("volunteer.was_there"), Helping("dispute", number))],
            ]
        case "hours" | "dispute_answered" | "dispute_decided":
            if place is None or (dispute is None and what != "hours"):
                return None
            params = {"hours": in_hours(place.minutes or 0), "reply": dispute.reply if dispute is not None else ""}
            rows = [[button(t.plain("volunteer.get_certificate"), Helping("certificate", number))]]
            if not place.minutes:
                rows = []
            if what == "hours" and dispute is None:
                rows.append([button(t.plain("volunteer.dispute"), Helping("dispute", number))])
            if what == "dispute_answered":
                rows.append([button(t.plain("volunteer.further"), Helping("further", number))])
    text = t(f"volunteer.you_{what}", **params)
    if what == "hours" and place is not None and place.because is not None:
        text += "\n" + t("volunteer.because", because=place.because)
    return f"{text}\n\n{head}", keyboard(rows)


def _turns(act: str, page: int, more: bool) -> list[dict[str, Any]]:
    back = [button("◀️", Helping(act, page - 1))] if page > 0 else []
    return back + ([button("▶️", Helping(act, page + 1))] if more else [])


def _back(t: Texts) -> Rows:
    return [[button(t.plain("volunteer.back"), Helping("list", 0)), _home(t)]]


def _home(t: Texts) -> dict[str, Any]:
    return button(t.plain("nav.home"), Go("home"))
