"""/projects as the office sees it: every project and how far it is, and what can be done with one, in one message that
is edited in place.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from bot.keyboards import Press, button, keyboard
from bot.survey_desk import Making
from bot.texts import Texts, cut
from bot.untrusted import cut as shortened
from bot.untrusted import inline, titled
from models.people import Person
from models.projects import TITLE_LENGTH, Conclusion, Project, ProjectState
from models.union.bids import Bid, BidderKind, BidState
from models.union.milestones import Milestone, MilestoneState
from models.union.scoring import FEWEST, BidReview, Mean, ReviewPart
from models.union.undertaking import CRITERION_LENGTH, REWARD_LENGTH

A_PAGE = 8
LABEL = 40
NAME = 40
WHAT, MISSING, REASON, DECISION = 80, 60, 300, 500
"""So much of a milestone, of what was missing, of what the union said of the project, and of why it was given or
stopped stands on its screen, as Telegram counts: an emoji twice."""
RANKED = 5
WEEKS = (1, 2, 3, 4)
"""For how long a list is open, as the buttons offer it."""
SIGNS = {MilestoneState.AWAITED: "⏳", MilestoneState.HANDED_IN: "📥", MilestoneState.ACCEPTED: "✅"}
PARTS = {
    ReviewPart.APPOINTED: "⏳",
    ReviewPart.READING: "✍️",
    ReviewPart.FINISHED: "✅",
    ReviewPart.RECUSED: "🚫",
}


@dataclass(frozen=True)
class ProjectDesk(Press, prefix="pjd"):
    """On a project of the office's: list, one, new, enter, enter_anew, again, weeks, put, reviewers, appoint,
    bids_read, bids, award, stop, language, decide, plan, show, accept, back, finish. `number` is a page, a person, a
    bid, a milestone, a number of weeks, the place of a language, or which preview it stands under; `seen` is the
    version of the milestone that was looked at.
    """

    act: str
    project: int
    number: int = 0
    seen: int = 0


@dataclass(frozen=True)
class Standing:
    """Everything that the screen of a project shows beside the project."""

    tickets: int
    reviewers: Sequence[tuple[BidReview, Person]] = ()
    means: Sequence[Mean] = ()
    bids: int = 0
    """How many were opened."""
    awarded_to: str | None = None
    milestones: Sequence[Milestone] = ()
    concluded: Conclusion | None = None


def listed(
    found: Sequence[tuple[Project, int]], page: int, more: bool, t: Texts, now: datetime
) -> tuple[str, dict[str, Any]]:
    """One page of them, the newest first."""
    lines = [t("project_desk.list" if found else "project.list_empty")]
    rows = []
    for project, tickets in found:
        title = inline(project.title, TITLE_LENGTH)
        counted = t.n("project_desk.tickets", tickets)
        lines.append(f"\n{t('project_desk.row', number=project.id, title=title)}\n{state(project, t, now)} · {counted}")
        rows.append([button(cut(f"{project.id} · {title}", LABEL), ProjectDesk("one", project.id))])
    turn = [button("◀️", ProjectDesk("list", 0, page - 1))] if page else []
    turn += [button("▶️", ProjectDesk("list", 0, page + 1))] if more else []
    new = [button(t.plain("project_desk.new"), ProjectDesk("new", 0))]
    return "\n".join(lines), keyboard([*rows, turn, new])


def state(project: Project, t: Texts, now: datetime) -> str:
    """How far it is, in a few words."""
    until = t.moment(project.bids_until, now) if project.bids_until is not None else ""
    key = "relist" if project.state is ProjectState.SUGGESTED and project.criteria is not None else project.state
    return t(f"project.state.{key}", until=until)


def head(project: Project, t: Texts) -> str:
    """Its number and what it is called."""
    return t("project_desk.head", number=project.id, title=inline(project.title, TITLE_LENGTH))


def about(project: Project, t: Texts) -> list[str]:
    """What bids are scored by, and what whoever undertakes it gets; nothing before it was listed."""
    if project.criteria is None:
        return []
    criteria = t.plain("project_desk.and").join(inline(each, CRITERION_LENGTH) for each in project.criteria)
    reward = shortened(project.reward or "", REWARD_LENGTH)
    return [t("project_desk.criteria", criteria=criteria), t("project_desk.reward", reward=reward)]


def given(project: Project, awarded_to: str | None, t: Texts) -> list[str]:
    """To whom and why; why it was stopped."""
    said = []
    if awarded_to is not None:
        why = shortened(t.pick(project.award_reason or {}), DECISION)
        said.append(t("project_desk.awarded", name=inline(awarded_to, NAME), reason=why))
    if project.end_reason:
        said.append(t("project_desk.stopped", reason=shortened(t.pick(project.end_reason), DECISION)))
    return said


def steps(milestones: Sequence[Milestone], t: Texts, today: date) -> list[str]:
    """The milestones in a line each."""
    if not milestones:
        return []
    done = sum(each.state is MilestoneState.ACCEPTED for each in milestones)
    rows = []
    for each in milestones:
        late = each.state is MilestoneState.AWAITED and each.due < today
        key = "project_desk.milestone_late" if late else "project_desk.milestone"
        rows.append(t(key, sign=SIGNS[each.state], what=inline(each.what, WHAT), day=t.short_day(each.due, today)))
        if each.missing:
            rows.append(t("project_desk.missing", missing=inline(each.missing, MISSING)))
    return [t("project_desk.milestones", done=done, of=len(milestones)), *rows]


def one(project: Project, its: Standing, t: Texts, now: datetime, today: date) -> tuple[str, dict[str, Any]]:
    """One project, and what can be done with it now."""
    parts = [
        head(project, t) + f"\n{state(project, t, now)} · {t.n('project_desk.tickets', its.tickets)}",
        "\n".join(about(project, t)),
        "\n".join(_reviewing(project, its, t)),
        "\n".join(given(project, its.awarded_to, t)),
        "\n".join(steps(its.milestones, t, today)),
        _concluded(its.concluded, t),
    ]
    return "\n\n".join(part for part in parts if part), keyboard(_acts(project, its, t))


def _reviewing(project: Project, its: Standing, t: Texts) -> list[str]:
    if project.state not in (ProjectState.LISTED, ProjectState.SCORING) and not its.means:
        return []
    said = [t("project_desk.sealed")] if project.state is ProjectState.LISTED else []
    active = [review for review, _ in its.reviewers if review.part is not ReviewPart.RECUSED]
    done = sum(review.part is ReviewPart.FINISHED for review in active)
    if its.bids:
        said.append(t.n("project_desk.bids", its.bids))
    said.append(t("project_desk.reviewed", done=done, of=len(active)))
    if len(active) < FEWEST and project.awarded_at is None:
        said.append(t("project_desk.too_few", fewest=FEWEST))
    said += [ranked(place, mean, t) for place, mean in enumerate(its.means[:RANKED], 1)]
    if len(its.means) > RANKED:
        said.append(t("project_desk.more_ranked", count=len(its.means) - RANKED))
    if project.state is ProjectState.SCORING and its.bids and done >= FEWEST:
        said.append(t("project_desk.award_where"))
    return said


def ranked(place: int, mean: Mean, t: Texts) -> str:
    """What a bid got: its place, the mean, each criterion, and of how many reviewers."""
    by = " · ".join(f"{points:.1f}" for points in mean.by_criterion)
    name = inline(mean.bid.name or "", NAME)
    return t("project_desk.mean", place=place, name=name, mean=f"{mean.whole:.1f}", by=by, n=mean.reviewers)


def _concluded(said: Conclusion | None, t: Texts) -> str:
    if said is None:
        return ""
    verdict = t.plain(f"verdict.{said.verdict}")
    day = t.day(said.said_at.astimezone(t.timezone).date())
    return t("project.concluded", verdict=verdict, day=day, reason=inline(t.pick(said.reason), REASON)).strip()


def _act(project: Project, name: str, t: Texts, number: int = 0) -> dict[str, Any]:
    return button(t.plain(f"project_desk.{name}"), ProjectDesk(name, project.id, number))


def _acts(project: Project, its: Standing, t: Texts) -> list[list[dict[str, Any]]]:
    rows: list[list[dict[str, Any]]] = [[_act(project, "bids_read", t)]] if its.bids else []
    match project.state:
        case ProjectState.SUGGESTED:
            again = project.criteria is not None
            rows.append([_act(project, "again" if again else "enter", t)])
            if again:
                rows.append([_act(project, "enter_anew", t)])
        case ProjectState.LISTED:
            rows.append([_act(project, "reviewers", t)])
        case ProjectState.SCORING:
            rows.append([_act(project, "reviewers", t)])
        case ProjectState.AWARDED | ProjectState.UNDERWAY:
            rows += [
                [button(cut(f"📥 {each.what}", LABEL), ProjectDesk("show", project.id, each.id))]
                for each in its.milestones
                if each.state is MilestoneState.HANDED_IN
            ]
            rows.append([_act(project, "plan", t)])
            if its.milestones and all(each.state is MilestoneState.ACCEPTED for each in its.milestones):
                rows.append([_act(project, "finish", t)])
        case ProjectState.FINISHED:
            rows.append([button(t.plain("project_desk.survey"), Making("file", "project-closing"))])
    if project.state not in (ProjectState.STOPPED, ProjectState.FINISHED):
        rows.append([_act(project, "stop", t)])
    return [*rows, [button(t.plain("project_desk.back"), ProjectDesk("list", 0))]]


def way_back(project_id: int, t: Texts) -> dict[str, Any]:
    """Back to the project, or to all of them for 0; what is being written is left."""
    press = ProjectDesk("one", project_id) if project_id else ProjectDesk("list", 0)
    return button(t.plain("nav.back"), press)


def asked(key: str, project_id: int, t: Texts, **params: Any) -> tuple[str, dict[str, Any]]:
    """Something is to be written; in a group the one who pressed is listened to."""
    return t(key, **params), keyboard([[way_back(project_id, t)]])


def until_when(project: Project, t: Texts) -> tuple[str, dict[str, Any]]:
    """How long is the list open?"""
    weeks = [button(t.n("project_desk.weeks", each), ProjectDesk("weeks", project.id, each)) for each in WEEKS]
    return t("project_desk.until"), keyboard([weeks[:2], weeks[2:], [way_back(project.id, t)]])


def to_list(
    project: Project, criteria: Sequence[str], reward: str, until: datetime, turn: int, t: Texts, now: datetime
) -> tuple[str, dict[str, Any]]:
    """What would stand on the list."""
    text = t(
        "project_desk.preview",
        title=titled(project.title),
        criteria=t.plain("project_desk.and").join(criteria),
        reward=reward,
        until=t.moment(until, now),
    )
    put = button(t.plain("project_desk.put"), ProjectDesk("put", project.id, turn))
    return text, keyboard([[put], [way_back(project.id, t)]])


def reviewers(
    project: Project, found: Sequence[tuple[BidReview, Person]], others: Sequence[Person], t: Texts
) -> tuple[str, dict[str, Any]]:
    """Who scores, and who might."""
    lines = [t("project_desk.who_reviews", title=titled(project.title), fewest=FEWEST)]
    for review, person in found:
        why = t.plain(f"review.tie.{review.tie}") if review.tie is not None else t.plain(f"review.part.{review.part}")
        lines.append(t("project_desk.reviewer", sign=PARTS[review.part], name=inline(person.name, NAME), how=why))
    lines.append(t("project_desk.appoint_how"))
    rows = [
        [button(cut(f"➕ {inline(each.name, NAME)}", LABEL), ProjectDesk("appoint", project.id, each.id))]
        for each in others
    ]
    return "\n".join(lines), keyboard([*rows, [way_back(project.id, t)]])


def bid(
    project: Project, found: Sequence[Bid], page: int, means: Sequence[Mean], by: Person | None, t: Texts
) -> tuple[str, dict[str, Any]]:
    """One bid of those that were opened, with what the reviewers gave it."""
    this = found[page]
    place, mean = next(((i, m) for i, m in enumerate(means, 1) if m.bid.id == this.id), (0, None))
    parts = [
        t("project_desk.bid_head", title=titled(project.title), place=page + 1, of=len(found)),
        words(this, by, t),
        ranked(place, mean, t) if mean is not None else t("project_desk.no_scores"),
    ]
    turn = [button("◀️", ProjectDesk("bids", project.id, page - 1))] if page else []
    turn += [button("▶️", ProjectDesk("bids", project.id, page + 1))] if page + 1 < len(found) else []
    rows = [turn]
    if project.state is ProjectState.SCORING and this.state is BidState.OPEN:
        rows.append([_act(project, "award", t, this.id)])
    return "\n\n".join(parts), keyboard([*rows, [way_back(project.id, t)]])


def words(bid: Bid, by: Person | None, t: Texts) -> str:
    """What was bid, with what was declared and what the rosters know."""
    kind = t.plain(f"bid.kind.{bid.kind or BidderKind.UNION}")
    known = t.plain("project_desk.and").join(t.pick(each) for each in bid.known or [])
    parts = [
        t("bid.shown", name=bid.name or "", kind=kind, by=inline(by.name, NAME) if by is not None else "—"),
        t("bid.shown_plan", plan=bid.plan or "—"),
        t("bid.shown_interests", interests=bid.interests) if bid.interests else t("bid.shown_no_interests"),
        t("bid.shown_known", places=known) if known else t("bid.shown_unknown"),
    ]
    return "\n".join(parts)


def to_decide(
    project: Project,
    what: str,
    name: str | None,
    reason: Mapping[str, str],
    missing: Sequence[tuple[int, str]],
    turn: int,
    t: Texts,
) -> tuple[str, dict[str, Any]]:
    """What would be said, in each language there is; `missing` are the places and names of the others."""
    head = t(f"project_desk.{what}_preview", title=titled(project.title), name=inline(name or "", NAME))
    rows = [
        [button(t.plain("survey_desk.in_language", language=each), ProjectDesk("language", project.id, place))]
        for place, each in missing
    ]
    rows.append([button(t.plain(f"project_desk.{what}_sure"), ProjectDesk("decide", project.id, turn))])
    rows.append([way_back(project.id, t)])
    quoted = [t("project_desk.quoted", text=text) for text in reason.values()]
    return "\n\n".join([head, *quoted]), keyboard(rows)


def evidence(milestone: Milestone, project: Project, t: Texts) -> tuple[str, dict[str, Any]]:
    """What is above shows that something is done: is it?"""
    accept = button(t.plain("project_desk.accept"), ProjectDesk("accept", project.id, milestone.id, milestone.version))
    back = button(t.plain("project_desk.send_back"), ProjectDesk("back", project.id, milestone.id, milestone.version))
    text = t("project_desk.evidence", title=titled(project.title), what=milestone.what)
    return text, keyboard([[accept, back], [way_back(project.id, t)]])
