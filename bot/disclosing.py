"""What the union discloses as it is read in a private chat: /union, page by page."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from markupsafe import escape
from sqlalchemy.ext.asyncio import AsyncSession

from bot import comments as talk
from bot import open_figures as figures
from bot.keyboards import Press, button, keyboard
from bot.menus import Rows, in_rows, way_out
from bot.texts import Texts
from bot.untrusted import cut, inline, lines, split
from models.union import comments, posts, rota
from models.union.comments import Comment, Shown
from models.union.disclosure import Freshness, Version
from models.union.open_figures import RATES, OpenMonth
from models.union.posts import Rank
from models.union.publications import TITLE_LENGTH, Heading

Button = dict[str, Any]
Screen = tuple[str, dict[str, Any]]

ICONS = {
    Heading.CONSTITUTION: "📜",
    Heading.STAFF: "👥",
    Heading.KEY_WORK: "📌",
    Heading.ARRANGEMENTS: "🗓",
    Heading.REFORM: "🧭",
}
PAGE_LENGTH = 3000
"""Of a text, in UTF-16 code units; its head and what is written out in HTML come on top."""
CARD_LENGTH = 600
A_PAGE = 12
NAME_LENGTH = 40
GENERAL = "-"
"""In a button: no heading, the union in general."""


@dataclass(frozen=True)
class Union(Press, prefix="un"):
    """A step of /union: front; heading (a page of its text, of this version or with 0 the current one), history (a
    page), comments (from this one on), comment (write one), figures (a month, 0 the newest), rate (one of its rates).
    `what` is a heading or a rate, or `GENERAL`.
    """

    act: str
    what: str = GENERAL
    page: int = 0
    version: int = 0


@dataclass(frozen=True)
class Saying(Press, prefix="us"):
    """A comment is sent, with the writer's name or without."""

    named: bool


@dataclass(frozen=True)
class Disclosing(Press, prefix="di"):
    """A step of /disclosure: state, headings (which one?), new (a version of this heading), comments (a page)."""

    act: str
    what: str = GENERAL
    page: int = 0


def heading_of(what: str) -> Heading | None:
    """The heading that a button bears; None for the union in general. Raises ValueError for anything else."""
    return None if what == GENERAL else Heading(what)


def day(moment: datetime, t: Texts) -> str:
    """The day of a moment, as it is printed beside a version."""
    return t.full_day(moment.astimezone(t.timezone).date())


def named(heading: Heading, t: Texts) -> str:
    """A heading with its sign."""
    return f"{ICONS[heading]} {t.plain(f'disclosure.heading.{heading}')}"


def approved(version: Version, t: Texts) -> str:
    """Which version it is and who approved it when; without HTML."""
    return t.plain("disclosure.approved", number=version.number, day=day(version.approved_at, t))


def _way_to(heading: Heading | None) -> Union:
    return Union("front") if heading is None else Union("heading", heading)


# ---------------------------------------------------------------- the front


def front(
    fresh: Mapping[Heading, Freshness],
    card: str,
    people: Sequence[str],
    counts: Mapping[Heading | None, int],
    union: str,
    out: Button,
    t: Texts,
) -> Screen:
    """Who runs the union, and the five headings; `card` is what the union says of itself, `people` who is in office."""
    rows = [t("disclosure.front", union=union), t("disclosure.led"), *(str(escape(each)) for each in people)]
    if card:
        rows.append(t("disclosure.card", text=card))
    rows += [standing(each, t) for each in fresh.values()]
    buttons = in_rows((button(named(each, t), Union("heading", each)) for each in fresh), 2)
    buttons.append([button(t.plain("disclosure.figures"), Union("figures"))])
    buttons.append(_comments(GENERAL, counts.get(None, 0), t))
    return "\n".join(rows), keyboard([*buttons, [out]])


async def in_office(session: AsyncSession, day: date, t: Texts) -> list[str]:
    """Who is in office on this day, a line each: the executive chair, the presidium, the heads of departments. Nothing
    where the register of posts is empty.
    """
    listed = await posts.public(session, day)
    chairs = [each.term.name for each in await rota.turns(session, day, 1) if each.turn.starts <= day]
    presidium = [each.name for each in listed if each.rank is Rank.PRESIDIUM]
    heads = [
        t.plain("disclosure.head", name=each.name, of=t.pick(each.department)) for each in listed if each.department
    ]
    named = (("disclosure.chair", chairs), ("disclosure.presidium", presidium), ("disclosure.heads", heads))
    return [t.plain(key, names=t.plain("survey.and").join(names)) for key, names in named if names]


def standing(fresh: Freshness, t: Texts) -> str:
    """A heading's line: its version, and that it is stale, where it is."""
    name = named(fresh.heading, t)
    if fresh.version is None:
        return t("disclosure.none", name=name)
    row = t("disclosure.line", name=name, approved=approved(fresh.version, t))
    return row + "\n" + stale(fresh, t) if fresh.stale else row


def stale(fresh: Freshness, t: Texts) -> str:
    """That a heading should have been renewed."""
    assert fresh.due is not None, "there is a version"
    return t("disclosure.stale", day=t.full_day(fresh.due))


def card(fresh: Mapping[Heading, Freshness], t: Texts) -> str:
    """What the union says of itself: how the disclosure of its staff begins."""
    version = fresh[Heading.STAFF].version
    return cut(lines(t.pick(version.texts)).partition("\n")[0], CARD_LENGTH) if version is not None else ""


# ---------------------------------------------------------------- a heading


def heading(version: Version, current: bool, page: int, count: int, out: Button, t: Texts) -> Screen:
    """A page of a version, and what can be done about it. Raises IndexError for a page there is not."""
    what, at = version.heading, 0 if current else version.number
    parts = split(lines(t.pick(version.texts)), PAGE_LENGTH, PAGE_LENGTH)
    rows: Rows = [_turns(page, len(parts), lambda n: Union("heading", what, n, at))]
    back = Union("front") if current else Union("history", what)
    if current:
        if version.number > 1:
            rows.append([button(t.plain("disclosure.history"), Union("history", what))])
        rows.append(_comments(what, count, t))
    of = t("disclosure.page", page=page + 1, pages=len(parts)) if len(parts) > 1 else ""
    text = t(
        "disclosure.text" if current else "disclosure.earlier",
        name=named(what, t),
        approved=approved(version, t),
        title=inline(t.pick(version.titles), TITLE_LENGTH),
        of=of,
        text=parts[page],
    )
    return text.rstrip(), keyboard([*rows, [button(t.plain("nav.back"), back), out]])


def _version(version: Version, t: Texts) -> str:
    return t.plain("disclosure.version", number=version.number, day=day(version.approved_at, t))


def _comments(what: str, count: int, t: Texts) -> list[Button]:
    # What is said of a heading stands under the heading.
    key = "disclosure.comments_union" if what == GENERAL else "disclosure.comments"
    read = button(t.plain(key, count=count), Union("comments", what))
    return [read, button(t.plain("disclosure.comment"), Union("comment", what))]


def _turns(page: int, pages: int, to: Callable[[int], Press]) -> list[Button]:
    turns = [button("‹", to(page - 1))] if page > 0 else []
    return turns + ([button("›", to(page + 1))] if page < pages - 1 else [])


def history(versions: Sequence[Version], page: int, out: Button, t: Texts) -> Screen:
    """All versions of a heading, the newest first; each can be read. Raises IndexError for a page there is not."""
    what, here = versions[0].heading, versions[page * A_PAGE : (page + 1) * A_PAGE]
    if not here:
        raise IndexError(page)
    head = t("disclosure.history_head", name=t.plain(f"disclosure.heading.{what}"))
    rows = [f"• {approved(v, t)}" for v in here]
    buttons = [[button(_version(v, t), Union("heading", what, 0, v.number))] for v in here]
    turns = _turns(page, -(-len(versions) // A_PAGE), lambda n: Union("history", what, n))
    back = [button(t.plain("nav.back"), Union("heading", what)), out]
    return "\n".join([head, *rows]), keyboard([*buttons, turns, back])


# ---------------------------------------------------------------- comments


def said(
    about: Heading | None, found: Sequence[Shown], start: int, more: bool, hidden: int, out: Button, t: Texts
) -> Screen:
    """As many of the comments from this one on as fit into a message, with what was not shown."""
    head = t("comment.list", about=talk.about(about, t))
    what = about or GENERAL
    parts = talk.public(found, t)
    taken = talk.fitting(parts)
    rows = [head, *parts[:taken]] if parts else [head, t("comment.none")]
    if hidden:
        rows.append(t.n("comment.hidden_count", hidden))
    turns = [button(t.plain("comment.newest"), Union("comments", what))] if start else []
    if more or taken < len(found):
        turns.append(button("›", Union("comments", what, start + taken)))
    back = [button(t.plain("nav.back"), _way_to(about)), out]
    write = [button(t.plain("disclosure.comment"), Union("comment", what))]
    return "\n\n".join(rows), keyboard([turns, write, back])


def write(about: Heading | None, t: Texts) -> Screen:
    """What do you want to say?"""
    return t("comment.write", about=talk.about(about, t), most=comments.TEXT_LENGTH), keyboard([[way_out(t)]])


def preview(about: Heading | None, text: str, name: str, t: Texts) -> Screen:
    """It once more; sending it says under which name."""
    shown = t("comment.preview", about=talk.about(about, t), text=text)
    rows = [
        [button(t.plain("comment.send_nameless"), Saying(False))],
        [button(t.plain("comment.send_named", name=inline(name, 24)), Saying(True))],
    ]
    return shown, keyboard([*rows, [way_out(t)]])


# ---------------------------------------------------------------- figures


def open_month(months: Sequence[OpenMonth], at: int, out: Button, t: Texts) -> Screen:
    """One month's figures; the others of the semester by their buttons, and each rate place by place. Raises IndexError
    for a month there is not.
    """
    back = [button(t.plain("nav.back"), Union("front")), out]
    if not months:
        return t("open_figures.none"), keyboard([back])
    turns = []
    if at + 1 < len(months):
        turns.append(button(f"‹ {t.month(months[at + 1].first)}", Union("figures", GENERAL, at + 1)))
    if at > 0:
        turns.append(button(f"{t.month(months[at - 1].first)} ›", Union("figures", GENERAL, at - 1)))
    several = len(months[at].told.places) > 1
    rates = [button(t.plain(f"figure_name.{name}"), Union("rate", name, at)) for name in RATES] if several else []
    return figures.overview(months[at], at == 0 and len(months) > 1, t), keyboard([*in_rows(rates, 2), turns, back])


def by_place(months: Sequence[OpenMonth], name: str, at: int, out: Button, t: Texts) -> Screen:
    """One rate of a month, place by place. Raises IndexError for a month there is not, ValueError for a rate."""
    if name not in RATES:
        raise ValueError(name)
    back = [button(t.plain("nav.back"), Union("figures", GENERAL, at)), out]
    return figures.by_place(months[at], name, t), keyboard([back])


# ---------------------------------------------------------------- the office


def of_office(fresh: Mapping[Heading, Freshness], waiting: int, t: Texts) -> Screen:
    """How the headings stand, with when each is to be renewed."""
    rows = [t("disclosure.office_head")]
    for each in fresh.values():
        rows.append(standing(each, t))
        if each.version is not None and each.due is not None:
            rows.append(t("disclosure.approver", name=inline(each.version.approver, NAME_LENGTH)))
            if not each.stale:
                rows.append(t("disclosure.renew", day=t.full_day(each.due)))
    keys = [[button(t.plain("disclosure.new"), Disclosing("headings"))]]
    if waiting:
        keys.append([button(t.plain("disclosure.open_comments", count=waiting), Disclosing("comments"))])
    return "\n".join(rows), keyboard(keys)


def to_renew(t: Texts) -> Screen:
    """Of which heading is a new version written?"""
    rows = in_rows((button(named(each, t), Disclosing("new", each)) for each in Heading), 2)
    back = [button(t.plain("nav.back"), Disclosing("state"))]
    return t("disclosure.which"), keyboard([*rows, back])


def open_comments(found: Sequence[Comment], page: int, t: Texts, now: datetime) -> Screen:
    """What is still to be decided or answered, a page of it; a press brings the card."""
    here = found[page * A_PAGE : (page + 1) * A_PAGE]
    rows = [t.n("comment.open_head", len(found))]
    for each in here:
        step, until = comments.due(each) or ("", now)
        moment = t.stamp(until, now)
        rows.append(t(f"comment.open_{step}", number=each.id, about=talk.about(each.heading, t), moment=moment))
    buttons = in_rows((button(f"C{each.id}", talk.Handle("card", each.id)) for each in here), 4)
    turns = _turns(page, -(-len(found) // A_PAGE), lambda n: Disclosing("comments", GENERAL, n))
    return "\n".join(rows), keyboard([*buttons, turns, [button(t.plain("nav.back"), Disclosing("state"))]])
