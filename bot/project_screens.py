"""/projects as a student sees it, alone with the bot: open lists and what became of the others, one's own bid, the bids
one reviews, the milestones one has to show.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from bot.keyboards import Go, Press, button, keyboard
from bot.project_desk import LABEL, REASON, about, given, head, state, steps, words
from bot.texts import Texts, cut
from bot.untrusted import inline, titled
from models.people import Person
from models.projects import TITLE_LENGTH, Project, ProjectState
from models.union.bids import Bid, BidderKind
from models.union.milestones import Milestone, MilestoneState
from models.union.scoring import HIGHEST, BidReview, ReviewPart
from models.union.undertaking import ProjectRow

A_PAGE = 8
ORDER = (
    ProjectState.LISTED,
    ProjectState.SCORING,
    ProjectState.AWARDED,
    ProjectState.UNDERWAY,
    ProjectState.FINISHED,
    ProjectState.STOPPED,
)
"""What concerns somebody most stands first; what was only suggested is not shown."""
IN_A_ROW = 6


@dataclass(frozen=True)
class ProjectWay(Press, prefix="pjw"):
    """A student's way: list, one, bid, kind, none, send, own, take_back, take_sure, review, free, tied, score, over,
    finish, hand, done. `number` is a page, the place of a kind or of a score, or a milestone.
    """

    act: str
    project: int
    number: int = 0


@dataclass(frozen=True)
class BidPoints(Press, prefix="pjp"):
    """So many points for a criterion of a bid, by its place."""

    bid: int
    criterion: int
    points: int


def public(rows: Sequence[ProjectRow]) -> list[ProjectRow]:
    """Those that students see, in the order in which they do: what was never listed and not looked at is the union's
    own.
    """
    shown = [row for row in rows if row.project.state in ORDER and (row.project.criteria is not None or row.concluded)]
    return sorted(shown, key=lambda row: (ORDER.index(row.project.state), -row.project.id))


def listed(
    rows: Sequence[ProjectRow], page: int, mine: Sequence[tuple[str, Project]], t: Texts, now: datetime
) -> tuple[str, dict[str, Any]]:
    """A page of them; `mine` are what somebody has to do there, each as the key of a button and its project."""
    lines = [t("projects.list" if rows else "projects.none")]
    keys = [
        [button(cut(t.plain(key, title=titled(each.title)), LABEL), ProjectWay("one", each.id))] for key, each in mine
    ]
    for row in rows[page * A_PAGE : (page + 1) * A_PAGE]:
        project, title = row.project, inline(row.project.title, TITLE_LENGTH)
        parts = [state(project, t, now)]
        if row.awarded_to is not None:
            parts.append(t("projects.by", name=inline(row.awarded_to, LABEL)))
        if row.milestones:
            parts.append(t("projects.done", done=row.done, of=row.milestones))
        if row.concluded is not None:
            parts.append(t.plain(f"verdict.{row.concluded.verdict}"))
        lines.append(f"\n{t('project_desk.row', number=project.id, title=title)}\n{' · '.join(parts)}")
        keys.append([button(cut(f"{project.id} · {title}", LABEL), ProjectWay("one", project.id))])
    turn = [button("◀️", ProjectWay("list", 0, page - 1))] if page else []
    turn += [button("▶️", ProjectWay("list", 0, page + 1))] if len(rows) > (page + 1) * A_PAGE else []
    return "\n".join(lines), keyboard([*keys, turn, [button(t.plain("nav.home"), Go("home"))]])


def one(
    row: ProjectRow,
    milestones: Sequence[Milestone],
    *,
    has_bid: bool,
    review: BidReview | None,
    undertakes: bool,
    t: Texts,
    now: datetime,
    today: date,
) -> tuple[str, dict[str, Any]]:
    """One project, and what somebody can do there."""
    project = row.project
    parts = [
        head(project, t) + f"\n{state(project, t, now)}",
        "\n".join(about(project, t)),
        t("projects.sealed") if project.state is ProjectState.LISTED else "",
        "\n".join(given(project, row.awarded_to, t)),
        "\n".join(steps(milestones, t, today)),
    ]
    if row.concluded is not None:
        verdict = t.plain(f"verdict.{row.concluded.verdict}")
        parts.append(t("projects.verdict", verdict=verdict, reason=inline(t.pick(row.concluded.reason), REASON)))
    rows: list[list[dict[str, Any]]] = []

    def act(name: str, number: int = 0) -> dict[str, Any]:
        return button(t.plain(f"projects.{name}"), ProjectWay(name, project.id, number))

    if project.state is ProjectState.LISTED and has_bid:
        parts.append(t("projects.yours_sealed"))
        rows += [[act("own"), act("bid_anew")], [act("take_back")]]
    elif project.state is ProjectState.LISTED:
        rows.append([act("bid")])
    elif project.state is ProjectState.SCORING and review is not None:
        rows.append([act("review")])
    elif project.state is ProjectState.UNDERWAY and undertakes:
        rows += [
            [button(cut(t.plain("projects.hand", what=each.what), LABEL), ProjectWay("hand", project.id, each.id))]
            for each in milestones
            if each.state is MilestoneState.AWAITED
        ]
    rows.append([button(t.plain("project_desk.back"), ProjectWay("list", 0))])
    return "\n\n".join(part for part in parts if part), keyboard(rows)


def way_back(project_id: int, t: Texts) -> dict[str, Any]:
    """Back to the project; what is being written is left."""
    return button(t.plain("nav.back"), ProjectWay("one", project_id))


def asked(key: str, project_id: int, t: Texts, **params: Any) -> tuple[str, dict[str, Any]]:
    """Something is to be written."""
    return t(key, **params), keyboard([[way_back(project_id, t)]])


def on_whose_behalf(project: Project, t: Texts) -> tuple[str, dict[str, Any]]:
    """Who bids?"""
    rows = [
        [button(t.plain(f"bid.kind.{kind}"), ProjectWay("kind", project.id, place))]
        for place, kind in enumerate(BidderKind)
    ]
    return t("bid.which_kind", title=titled(project.title)), keyboard([*rows, [way_back(project.id, t)]])


def interests(project_id: int, most: int, t: Texts) -> tuple[str, dict[str, Any]]:
    """Does anything tie them to those who decide?"""
    none = button(t.plain("bid.no_interests"), ProjectWay("none", project_id))
    return t("bid.which_interests", most=most), keyboard([[none], [way_back(project_id, t)]])


def to_send(project: Project, until: str, t: Texts) -> tuple[str, dict[str, Any]]:
    """Everything is there. What was written stands above, and is not said again: it is sealed from now on."""
    send = button(t.plain("bid.send"), ProjectWay("send", project.id))
    return t("bid.ready", title=titled(project.title), until=until), keyboard([[send], [way_back(project.id, t)]])


def sure(project: Project, t: Texts) -> tuple[str, dict[str, Any]]:
    """The bid would be gone."""
    yes = button(t.plain("bid.take_sure"), ProjectWay("take_sure", project.id))
    return t("bid.take_back_sure", title=titled(project.title)), keyboard([[yes], [way_back(project.id, t)]])


# ---------------------------------------------------------------- reviewing


def declaring(project: Project, bids: Sequence[Bid], t: Texts) -> tuple[str, dict[str, Any]]:
    """Before anything is read: does something tie the reviewer to one of these?"""
    names = "\n".join(f"• {t.plain(f'bid.kind.{bid.kind}')} · {inline(bid.name or '', LABEL)}" for bid in bids)
    free = button(t.plain("review.free"), ProjectWay("free", project.id))
    tied = button(t.plain("review.tied"), ProjectWay("tied", project.id))
    text = t("review.declare", title=titled(project.title), bidders=names)
    return text, keyboard([[free], [tied], [way_back(project.id, t)]])


def scoring(
    project: Project,
    bids: Sequence[Bid],
    by: Mapping[int, Person],
    points: Mapping[int, Sequence[int | None]],
    step: int,
    t: Texts,
) -> tuple[str, dict[str, Any]]:
    """One criterion of one bid; `step` counts criteria from 0 through all bids."""
    criteria = project.criteria or []
    place, criterion = divmod(step, len(criteria))
    bid = bids[place]
    marks = [
        t("review.given", criterion=name, points="—" if got is None else got)
        for name, got in zip(criteria, points[bid.id], strict=True)
    ]
    text = "\n\n".join(
        [
            t("review.head", title=titled(project.title), place=place + 1, of=len(bids)),
            words(bid, by.get(bid.person_id or 0), t),
            "\n".join(marks),
            t("review.how_many", criterion=criteria[criterion], most=HIGHEST),
        ]
    )
    had = points[bid.id][criterion]
    keys = [button(f"· {n} ·" if n == had else str(n), BidPoints(bid.id, criterion, n)) for n in range(HIGHEST + 1)]
    turn = [button("◀️", ProjectWay("score", project.id, step - 1))] if step else []
    if step + 1 < len(bids) * len(criteria):
        turn.append(button("▶️", ProjectWay("score", project.id, step + 1)))
    over = [button(t.plain("review.over"), ProjectWay("over", project.id))]
    tied = [button(t.plain("review.tied"), ProjectWay("tied", project.id))]
    return text, keyboard([keys[:IN_A_ROW], keys[IN_A_ROW:], turn, over, tied])


def overview(
    project: Project, bids: Sequence[Bid], points: Mapping[int, Sequence[int | None]], review: BidReview, t: Texts
) -> tuple[str, dict[str, Any]]:
    """All that a reviewer has given; until it is finished what is missing can be given and what is there changed."""
    criteria = project.criteria or []
    lines = [t("review.all", title=titled(project.title))]
    rows = []
    for place, bid in enumerate(bids):
        got = " · ".join("—" if each is None else str(each) for each in points[bid.id])
        lines.append(t("review.all_line", name=inline(bid.name or "", LABEL), points=got))
        label = cut(f"✏️ {inline(bid.name or '', LABEL)}", LABEL)
        rows.append([button(label, ProjectWay("score", project.id, place * len(criteria)))])
    lines.insert(1, t("review.criteria", criteria=" · ".join(criteria)))
    if review.part is ReviewPart.FINISHED:
        return "\n".join([*lines, "", t("review.finished")]), keyboard([[way_back(project.id, t)]])
    if all(each is not None for got in points.values() for each in got):
        rows.append([button(t.plain("review.finish"), ProjectWay("finish", project.id))])
    return "\n".join(lines), keyboard([*rows, [way_back(project.id, t)]])


# ---------------------------------------------------------------- showing


def collecting(project_id: int, milestone: Milestone, count: int, most: int, t: Texts) -> tuple[str, dict[str, Any]]:
    """Words and pictures are collected."""
    if not count:
        return asked("milestone.show", project_id, t, what=milestone.what, most=most)
    done = button(t.plain("milestone.done"), ProjectWay("done", project_id, milestone.id))
    text = t.n("milestone.so_far", count, what=milestone.what)
    return text, keyboard([[done], [way_back(project_id, t)]])
