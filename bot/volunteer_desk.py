"""/volunteers as the office, a station's lead and whoever leads a call sees it: calls, who is on one, hours, what waits
for an answer.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from markupsafe import Markup, escape

from bot.keyboards import Press, button, keyboard
from bot.studies import when
from bot.texts import Texts, cut
from bot.untrusted import inline, titled
from bot.volunteers import PARTS, facts, in_hours, title
from models.people import Audience, Person
from models.projects import Project
from models.questionnaires import EVERYBODY, Group
from models.stations import Station
from models.union.gatherings import AFTER, BEFORE, Attendance, Gathering, Part, Stage
from models.union.passes import Way
from models.union.volunteering import ROUNDINGS, Level, VolunteerCall

if TYPE_CHECKING:
    from bot.settings import Settings

LABEL, NAME, PAGE, PEOPLE = 44, 30, 6, 8
SIGNS = {Stage.PLANNED: "🗓", Stage.CALLED: "📣", Stage.HELD: "✅", Stage.CANCELLED: "✖️"}
SEATS = (5, 10, 20, 50)
ASKERS = "askers"

Screen = tuple[str, dict[str, Any]]
Rows = list[list[dict[str, Any]]]


@dataclass(frozen=True)
class Helped(Press, prefix="vo"):
    """On volunteering, of who looks after it: list, new, one, change, seats, seat, whom, for, role, level, rounding,
    trains, training, after, project, of, lead, leads, open, open_sure, cancel, cancel_sure, code, people, hand, there,
    card; `value` is what was chosen.
    """

    act: str
    gathering: int
    value: str = "-"


@dataclass(frozen=True)
class Credited(Press, prefix="vh"):
    """On hours, and what is said of them: hours, all, person, give, type, excuses, accept, refuse, disputes, reply;
    `value` is what was chosen.
    """

    act: str
    gathering: int
    value: str = "-"


@dataclass(frozen=True)
class View:
    """A call, with what is said beside it."""

    gathering: Gathering
    call: VolunteerCall
    counts: Mapping[Part, int]
    lead: Person | None
    station: Station | None
    training: Gathering | None
    project: Project | None
    unconfirmed: int
    excuses: int
    disputes: int
    """So many wait for an answer of whoever looks at it here."""


# ---------------------------------------------------------------- whom it is for


def group_of(choice: str, settings: Settings, project: int | None) -> Group | None:
    """Whom somebody chose: all, `a.<audience>`, `s.<station>`, or with a project those who asked for it; None for what
    is none of these.
    """
    what, _, key = choice.partition(".")
    if choice == "all":
        return EVERYBODY
    if what == "a" and key in set(Audience):
        return Group(audiences=(Audience(key),))
    if what == "s" and key in {each.key for each in settings.stations} and settings.buildings_of(key):
        return Group(buildings=tuple(settings.buildings_of(key)))
    if choice == ASKERS and project is not None:
        return Group(project=project)
    return None


def named(group: Group, settings: Settings, t: Texts) -> str:
    """What those whom it is for are called."""
    if group.audiences:
        return " / ".join(t.plain(f"audience.{each}") for each in group.audiences)
    for station in settings.stations:
        if group.buildings and set(group.buildings) == set(settings.buildings_of(station.key)):
            return t.plain("survey_new.of_station", station=t.pick(station.name))
    if group.project is not None:
        return t.plain("survey_new.askers")
    if group.buildings:
        return t.plain("survey.and").join(t.pick(settings.building_names(each)) for each in group.buildings)
    return t.plain("survey.everybody")


def whom(it: Gathering, call: VolunteerCall, settings: Settings, t: Texts) -> Screen:
    """Whom is it for?"""
    rows = [[button(t.plain("survey.everybody"), Helped("for", it.id, "all"))]]
    if call.project_id is not None:
        rows.append([button(t.plain("survey_new.askers"), Helped("for", it.id, ASKERS))])
    rows += [[button(t.plain(f"audience.{each}"), Helped("for", it.id, f"a.{each}"))] for each in Audience]
    rows += [
        [
            button(
                cut(named(Group(buildings=tuple(settings.buildings_of(each.key))), settings, t), LABEL),
                _for(it, each.key),
            )
        ]
        for each in settings.stations
        if settings.buildings_of(each.key)
    ]
    return t("volunteer_desk.whom", title=title(it, t)), keyboard([*rows, back_to(it, t)])


def _for(it: Gathering, station: str) -> Helped:
    return Helped("for", it.id, f"s.{station}")


# ---------------------------------------------------------------- the list and one of them


def listed(
    found: Sequence[tuple[Gathering, VolunteerCall, Mapping[Part, int], int]],
    page: int,
    more: bool,
    t: Texts,
    now: datetime,
    *,
    makes: bool,
    exports: bool,
) -> Screen:
    """The latest first, each with how it stands and how many answers it waits for; `makes` for who may make one,
    `exports` for who may have the report card.
    """
    lines, rows = [t("volunteer_desk.list" if found else "volunteer_desk.list_none")], []
    for it, _, counts, waits in found:
        name = title(it, t)
        mark = f" · ❗ {waits}" if waits else ""
        lines.append(
            f"\n{SIGNS[it.stage]} <b>{it.id}</b> · {escape(name)}\n{escape(when(it, t, now))} · "
            f"{so_far(it, counts, t)}{mark}"
        )
        rows.append([button(cut(f"{it.id} · {name}", LABEL), Helped("one", it.id))])
    rows.append(turns("list", 0, page, more))
    if makes:
        rows.append([button(t.plain("volunteer_desk.new"), Helped("new", 0))])
    if exports:
        rows.append([button(t.plain("volunteer_desk.card"), Helped("card", 0, "0"))])
    return "\n".join(lines), keyboard(rows)


def so_far(it: Gathering, counts: Mapping[Part, int], t: Texts) -> str:
    """How it stands, in a few words."""
    if it.stage is Stage.HELD:
        return t("volunteer_desk.was", came=counts.get(Part.CAME, 0), missed=counts.get(Part.MISSED, 0))
    if it.stage is not Stage.CALLED:
        return t(f"volunteer_desk.stage.{it.stage}")
    coming = counts.get(Part.COMING, 0) + counts.get(Part.CAME, 0)
    if it.seats is None:
        return t("volunteer_desk.on_it_any", coming=coming)
    return t("volunteer_desk.on_it", coming=coming, seats=it.seats, waiting=counts.get(Part.WAITING, 0))


def nobody_told(it: Gathering, t: Texts) -> str:
    """What is said of one that is not open yet, with how many places it has."""
    if it.seats is None:
        return t("volunteer_desk.nobody_told_any")
    return t("volunteer_desk.nobody_told", seats=it.seats)


def trains_label(call: VolunteerCall, t: Texts) -> str:
    """What a press makes of it: a training for volunteers, or none."""
    return t.plain("volunteer_desk.do.trains_not" if call.trains else "volunteer_desk.do.trains")


def one(view: View, settings: Settings, group: Group, t: Texts, now: datetime) -> Screen:
    """One call, and what can be done with it now."""
    it, call = view.gathering, view.call
    lead = inline(view.lead.name, NAME) if view.lead is not None else "—"
    by = t.pick(view.station.names) if view.station is not None else t.plain("volunteer.union")
    so = so_far(it, view.counts, t)
    if it.stage in (Stage.CALLED, Stage.HELD):
        so = f"{t(f'volunteer_desk.stage.{it.stage}')} · {so}"
    lines = [
        t(
            "volunteer_desk.one",
            number=it.id,
            by=by,
            lead=lead,
            whom=named(group, settings, t),
            level=t.plain(f"volunteer.level.{call.level}"),
            rounding=call.rounding,
            so=Markup(so),
        )
    ]
    if call.trains:
        lines.append(t("volunteer.trains"))
    if view.training is not None:
        lines.append(t("volunteer_desk.needs", title=title(view.training, t)))
    if view.project is not None:
        lines.append(t("volunteer.of_project", title=titled(view.project.title)))
    if it.stage is Stage.PLANNED:
        lines.append(nobody_told(it, t))
    parts = [facts(it, call, t, now), str(escape(t.pick(it.about))) if it.about else "", "\n".join(lines)]
    return "\n\n".join(part for part in parts if part), keyboard(_ways(view, now, t))


def _ways(view: View, now: datetime, t: Texts) -> Rows:
    it = view.gathering

    def to(act: str, **params: Any) -> dict[str, Any]:
        kind = Credited if act in ("hours", "excuses", "disputes") else Helped
        return button(t.plain(f"volunteer_desk.do.{act}", **params), kind(act, it.id))

    rows: Rows = []
    if it.stage is Stage.PLANNED:
        rows += [
            [to("change"), to("role")],
            [to("seats"), to("whom")],
            [to("level"), to("rounding")],
            [to("lead"), to("training")],
            [to("project"), button(trains_label(view.call, t), Helped("trains", it.id))],
        ]
        if it.starts_at > now:
            rows.append([to("open")])
        rows.append([to("cancel")])
    elif it.stage is Stage.CALLED:
        rows += [[to("people"), to("seats")], [to("lead"), to("rounding")]]
        if it.starts_at - BEFORE <= now <= it.ends_at + AFTER:
            rows.append(
                [
                    button(t.plain("volunteer_desk.code_in"), Helped("code", it.id, Way.IN)),
                    button(t.plain("volunteer_desk.code_out"), Helped("code", it.id, Way.OUT)),
                ]
            )
        if it.starts_at <= now:
            rows.append([to("hand")])
        rows.append([to("cancel")])
    elif it.stage is Stage.HELD:
        rows += [[to("people"), to("hand")], [to("hours", count=view.unconfirmed)]]
    for act, count in (("excuses", view.excuses), ("disputes", view.disputes)):
        if count:
            rows.append([to(act, count=count)])
    return [*rows, [button(t.plain("volunteer_desk.back"), Helped("list", 0, "0"))]]


def asked(key: str, number: int, t: Texts, keys: Rows | None = None, **params: Any) -> Screen:
    """Something is to be written or chosen; the way back leads to where it is about."""
    back = Helped("one", number) if number else Helped("list", 0, "0")
    return t(key, **params), keyboard([*(keys or []), [button(t.plain("nav.cancel"), back)]])


def seats(it: Gathering, t: Texts) -> Screen:
    """How many places?"""
    rows = [[button(str(each), Helped("seat", it.id, str(each))) for each in SEATS]]
    rows.append([button(t.plain("volunteer_desk.any"), Helped("seat", it.id, "any"))])
    return asked("volunteer_desk.seats", it.id, t, rows, title=title(it, t))


def levels(it: Gathering, t: Texts) -> Screen:
    """Whose occasion is it?"""
    rows = [[button(t.plain(f"volunteer.level.{each}"), Helped("level", it.id, each))] for each in Level]
    return asked("volunteer_desk.level", it.id, t, rows)


def roundings(it: Gathering, t: Texts) -> Screen:
    """To how many minutes are hours rounded?"""
    rows = [[button(t.plain("time.minutes", minutes=each), Helped("rounding", it.id, str(each))) for each in ROUNDINGS]]
    return asked("volunteer_desk.rounding", it.id, t, rows)


def trainings(it: Gathering, found: Sequence[Gathering], t: Texts) -> Screen:
    """Which training has to come first?"""
    rows = [
        [button(cut(f"{each.id} · {title(each, t)}", LABEL), Helped("after", it.id, str(each.id)))] for each in found
    ]
    rows.append([button(t.plain("volunteer_desk.no_training"), Helped("after", it.id, "0"))])
    return asked("volunteer_desk.training" if found else "volunteer_desk.training_none", it.id, t, rows)


def projects(it: Gathering, found: Sequence[Project], t: Texts) -> Screen:
    """To which project does it belong?"""
    rows = [
        [button(cut(f"{each.id} · {titled(each.title)}", LABEL), Helped("of", it.id, str(each.id)))] for each in found
    ]
    rows.append([button(t.plain("volunteer_desk.no_project"), Helped("of", it.id, "0"))])
    return asked("volunteer_desk.project", it.id, t, rows)


def choosing(it: Gathering, act: str, turn: str, found: Sequence[Person], page: int, t: Texts, text: str) -> Screen:
    """One of these people, by name."""
    shown = found[page * PEOPLE : (page + 1) * PEOPLE]
    rows = [[button(inline(each.name, NAME) or "—", Helped(act, it.id, str(each.id)))] for each in shown]
    return text, keyboard([*rows, turns(turn, it.id, page, len(found) > (page + 1) * PEOPLE), back_to(it, t)])


def sure(view: View, act: str, group: Group, settings: Settings, t: Texts, now: datetime) -> Screen:
    """Before people are told."""
    it = view.gathering
    count = view.counts.get(Part.COMING, 0) + view.counts.get(Part.WAITING, 0)
    text = t(f"volunteer_desk.sure_{act}", count=count, whom=named(group, settings, t))
    yes = button(t.plain(f"volunteer_desk.yes_{act}"), Helped(f"{act}_sure", it.id))
    return facts(it, view.call, t, now) + "\n\n" + text, keyboard([[yes], back_to(it, t)])


def people(
    view: View,
    found: Sequence[tuple[Person, Attendance]],
    line: Sequence[int],
    missed: Mapping[int, int],
    page: int,
    t: Texts,
) -> Screen:
    """Who is on it: those who come, then those who wait, in their order; `missed` by person."""
    it = view.gathering
    order = list(Part)
    places = {number: nth for nth, number in enumerate(line, 1)}
    ranked = sorted(found, key=lambda each: (order.index(each[1].part), places.get(each[0].id, 0)))
    lines = [t("volunteer_desk.people", title=title(it, t), count=len(found))]
    for person, place in ranked[page * 2 * PEOPLE : (page + 1) * 2 * PEOPLE]:
        name = inline(person.name, NAME) or "—"
        said = t.plain(f"gathering.part.{place.part}")
        if person.id in places:
            said = t.plain("volunteer_desk.nth", nth=places[person.id])
        if place.minutes is not None:
            said = t.plain("volunteer.hours_confirmed", hours=in_hours(place.minutes))
        mark = " " + t("volunteer_desk.missed", count=missed[person.id]) if missed.get(person.id) else ""
        lines.append(f"{PARTS[place.part]} {escape(name)} · {escape(said)}{mark}")
    more = len(found) > (page + 1) * 2 * PEOPLE
    return "\n".join(lines), keyboard([turns("people", it.id, page, more), back_to(it, t)])


def turns(act: str, number: int, page: int, more: bool, kind: type[Helped | Credited] = Helped) -> list[dict[str, Any]]:
    """The page before and the one after."""
    back = [button("◀️", kind(act, number, str(page - 1)))] if page > 0 else []
    return back + ([button("▶️", kind(act, number, str(page + 1)))] if more else [])


def back_to(it: Gathering, t: Texts) -> list[dict[str, Any]]:
    """Back to the call."""
    return [button(t.plain("volunteer_desk.back"), Helped("one", it.id))]
