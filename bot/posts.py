"""The register of people and posts in a chat: who is in which post against the caps, one department, one term, the rota
of the executive chair, an exchange; each with its buttons.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

from markupsafe import Markup, escape
from sqlalchemy.ext.asyncio import AsyncSession

from bot.keyboards import Press, button, keyboard
from bot.rosters import Rows, Screen
from bot.texts import Texts
from bot.untrusted import inline
from models import colleagues
from models.errors import Refusal
from models.house import Caps
from models.people import Person
from models.union import exchanges, matters, posts, rota
from models.union.exchanges import Exchange, ExchangeState
from models.union.posts import Holding, Post, PostTerm, Rank, Wanted

NAME = 20
SHORT_NAME = 12
"""In the register, which has sixty of them."""
SHOWN = 8
"""Of turns, of terms that end, and of exchanges."""
UNCONFIRMED = timedelta(days=60)
"""So long a handover that a side has not confirmed is shown."""
PACKED = "%Y%m%d"


@dataclass(frozen=True)
class Posts(Press, prefix="po"):
    """A look at the register or a change of it: all, place, term, appoint, sure, end, ends, link. `number` is a post or
    a term.
    """

    step: str
    number: int
    value: str


@dataclass(frozen=True)
class Chairing(Press, prefix="pr"):
    """The rota of the executive chair: all, pace, plan, turn, give. `number` is a turn, the value a pace with a day, or
    a term.
    """

    step: str
    number: int
    value: str


@dataclass(frozen=True)
class Exchanging(Press, prefix="px"):
    """An exchange of posts: all, mine, one, two, ask, see, yes, no, confirm. `number` is a term, or an exchange; the
    value the other term, and the day.
    """

    step: str
    number: int
    value: str


# ---------------------------------------------------------------- words


def called(rank: Rank, department: Mapping[str, str], t: Texts) -> str:
    """What a post is called."""
    if rank is Rank.PRESIDIUM:
        return t.plain("post.presidium")
    return t.plain(f"post.{rank}", department=t.pick(department))


def called_of(each: Holding, t: Texts) -> str:
    """The same of a term."""
    return called(each.post.rank, each.post.names, t)


def place_of(post: Post, t: Texts) -> str:
    """The presidium, or the department."""
    return t.pick(post.names) if post.department is not None else t.plain("posts.presidium")


def packed(day: date) -> str:
    """A day on a button."""
    return f"{day:{PACKED}}"


def _days(starts: date, ends: date, t: Texts, today: date) -> str:
    return t.plain("posts.days", starts=t.short_day(starts, today), ends=t.short_day(ends, today))


def _names(found: Sequence[Holding], t: Texts) -> str:
    """Heads first, with a star; whom the bot knows by a name only with a ring."""
    ordered = sorted(found, key=lambda each: each.post.rank is Rank.STAFF)
    return t.plain("duty.comma").join(
        ("★" if each.post.rank is Rank.HEAD else "")
        + inline(each.term.name, SHORT_NAME)
        + ("°" if each.term.person_id is None else "")
        for each in ordered
    )


# ---------------------------------------------------------------- the register


async def register(session: AsyncSession, caps: Caps, t: Texts, today: date) -> Screen:
    """Everybody in a post today, against the caps, and what is coming."""
    count = await posts.headcount(session, today, caps)
    inside = await posts.holdings(session, today)
    lines = [
        t("posts.title"),
        t("posts.count", people=count.people, most=caps.most),
        t("posts.presidium_count", people=count.presidium, most=caps.presidium, names=_of(inside, None, t)),
        await _chair_line(session, t, today),
        *await left_out(session, t, today),
        "",
        t("posts.departments", count=count.departments, most=caps.departments),
    ]
    rows: list[dict[str, Any]] = []
    for post in _places([*await posts.every(session), *(each.post for each in inside)]):
        its = [each for each in inside if each.post.department == post.department]
        if post.department is not None:
            names = _of(inside, post.department, t)
            lines.append(t("posts.department", name=t.pick(post.names), count=len(its), names=names))
        rows.append(button(f"{place_of(post, t)} · {len(its)}", Posts("place", post.id, "")))
    if any(each.term.person_id is None for each in inside):
        lines += ["", t("posts.legend")]
    lines += await _coming(session, t, today)
    tail = [
        button(t.plain("posts.chair"), Chairing("all", 0, "")),
        button(t.plain("posts.exchange"), Exchanging("all", 0, "")),
    ]
    return "\n".join(lines), keyboard([*_pairs(rows), tail])


def _places(found: Sequence[Post]) -> list[Post]:
    """One post of each place; also of a department that config.toml has no more, while somebody is in it."""
    places: dict[str | None, Post] = {}
    for post in found:
        places.setdefault(post.department, post)
    return list(places.values())


def _of(inside: Sequence[Holding], department: str | None, t: Texts) -> str:
    its = [each for each in inside if each.post.department == department]
    return _names(its, t) if its else t.plain("posts.nobody")


def _pairs(buttons: Sequence[dict[str, Any]]) -> Rows:
    return [list(buttons[i : i + 2]) for i in range(0, len(buttons), 2)]


async def _chair_line(session: AsyncSession, t: Texts, today: date) -> str:
    now_and_next = await rota.turns(session, today, 2)
    if not now_and_next:
        return t("posts.no_rota")
    first = now_and_next[0]
    if first.turn.starts > today:
        return t("posts.chair_from", name=inline(first.term.name, NAME), day=t.short_day(first.turn.starts, today))
    until = t.short_day(first.turn.ends, today)
    if len(now_and_next) == 1:
        return t("posts.chair_last", name=inline(first.term.name, NAME), until=until)
    after = inline(now_and_next[1].term.name, NAME)
    return t("posts.chair_now", name=inline(first.term.name, NAME), until=until, after=after)


async def left_out(session: AsyncSession, t: Texts, today: date) -> list[str]:
    """A line on who of the presidium is in no turn of the chair, if anybody is."""
    names = [_name(term) for term in await rota.left_out(session, today)]
    return [t("rota.left_out", names=t.plain("duty.comma").join(names))] if names else []


async def _coming(session: AsyncSession, t: Texts, today: date) -> list[str]:
    """What ends soon, what is being exchanged, and which handover nobody has confirmed: a paragraph each."""
    lines: list[str] = []
    soon = await posts.ending(session, today, posts.SOON[0])
    if soon:
        lines += ["", t("posts.ending", days=posts.SOON[0])]
        lines += [ends_line(each, t, today) for each in soon[:SHOWN]]
        lines += [t.n("handover.more", len(soon) - SHOWN)] if len(soon) > SHOWN else []
    waiting = await exchanges.waiting(session)
    if waiting:
        lines += ["", t("posts.exchanges")]
        lines += [await exchange_line(session, each, t, today) for each in waiting[:SHOWN]]
    since = datetime.combine(today, time(), t.timezone) - UNCONFIRMED
    for handover, sides in (await matters.unconfirmed(session, since))[:SHOWN]:
        people = [person for side in sides for person in await colleagues.by_ids(session, side.people)]
        names = t.plain("duty.comma").join(inline(person.name, NAME) for person in people)
        day = handover.at.astimezone(t.timezone).date()
        lines += ["", t("posts.unconfirmed", day=t.short_day(day, today), names=names)]
    return lines


def ends_line(each: Holding, t: Texts, today: date) -> str:
    """Whose term ends when."""
    until = t.short_day(each.term.ends, today)
    return t.n(
        "posts.ends_line", (each.term.ends - today).days, name=_name(each.term), post=called_of(each, t), until=until
    )


def _bold(text: str) -> Markup:
    return Markup("<b>{}</b>").format(inline(text, 80))


def _name(term: PostTerm) -> str:
    return inline(term.name, NAME)


async def exchange_line(session: AsyncSession, found: Exchange, t: Texts, today: date) -> str:
    """Who is to exchange with whom, and for whom it waits."""
    _, one, other = await exchanges.get(session, found.id)
    open_ = [each for each, at in ((one, found.one_agreed_at), (other, found.other_agreed_at)) if at is None]
    names = t.plain("duty.comma").join(_name(each.term) for each in open_) or t.plain("posts.presidium")
    day = t.short_day(found.starts, today)
    return t("posts.exchange_line", one=_name(one.term), other=_name(other.term), day=day, names=names)


async def place(session: AsyncSession, post: Post, t: Texts, today: date) -> Screen:
    """The presidium or a department: its terms that are not over, each a button, and whom to add."""
    its = [each for each in await posts.every(session) if each.department == post.department]
    coming = await posts.holdings(session, today, today + posts.LONGEST)
    found = [each for each in coming if each.post.department == post.department]
    lines = [_bold(place_of(post, t)), ""]
    lines += [_term_line(each, t, today) for each in found] or [t("posts.nobody")]
    keys = [button(_name(each.term), Posts("term", each.term.id, "")) for each in found]
    add = [button(f"➕ {t.plain(f'posts.add.{each.rank}')}", Posts("appoint", each.id, "0")) for each in its]
    return "\n".join(lines), keyboard([*_pairs(keys), add, [back(t)]])


def _term_line(each: Holding, t: Texts, today: date) -> str:
    star = "★ " if each.post.rank is Rank.HEAD else ""
    ring = "°" if each.term.person_id is None else ""
    return f"{star}{escape(_name(each.term))}{ring} · {_days(each.term.starts, each.term.ends, t, today)}"


def back(t: Texts) -> dict[str, Any]:
    """To the register."""
    return button(t.plain("nav.back"), Posts("all", 0, ""))


def term(each: Holding, t: Texts, today: date) -> Screen:
    """One term, and how it can end."""
    its = each.term
    lines = [
        f"{_bold(its.name)} · {escape(called_of(each, t))}",
        _days(its.starts, its.ends, t, today),
        t(f"posts.decided.{its.chosen}", day=t.day(its.decided_on, today)),
    ]
    if its.person_id is None:
        lines += ["", t("posts.only_a_name")]
    keys: Rows = []
    if its.ends > today:
        keys.append([button(t.plain("posts.end"), Posts("end", its.id, ""))])
    keys.append([button(t.plain("nav.back"), Posts("place", each.post.id, ""))])
    return "\n".join(lines), keyboard(keys)


def ending(each: Holding, t: Texts, today: date) -> Screen:
    """With which day does it end?"""
    month = (today.replace(day=1) + timedelta(days=32)).replace(day=1) - timedelta(days=1)
    days = sorted({today, today + timedelta(days=7), month})
    keys = [
        [button(t.plain("posts.end_with", day=t.day(day, today)), Posts("ends", each.term.id, packed(day)))]
        for day in days
        if day < each.term.ends
    ]
    text = t("posts.end_when", name=_name(each.term), post=called_of(each, t))
    return text, keyboard([*keys, [button(t.plain("nav.back"), Posts("term", each.term.id, ""))]])


# ---------------------------------------------------------------- one person


def person(
    whom: Person,
    held: Sequence[Holding],
    open_posts: Sequence[Post],
    unnamed: Sequence[PostTerm],
    t: Texts,
    today: date,
) -> Screen:
    """Somebody of the group: what they hold; who of the names they are, or which post they come to."""
    lines: list[str] = [_bold(whom.name)]
    lines += [_held_line(each, t, today) for each in held[:SHOWN]] or [t("posts.holds_none")]
    keys: Rows = []
    if not any(each.term.ends >= today for each in held):
        same = sorted(unnamed, key=lambda each: each.name != " ".join(whom.name.split()))
        for each in same[:SHOWN]:
            text = t.plain("posts.is", name=inline(each.name, NAME))
            keys.append([button(text, Posts("link", each.id, str(whom.id)))])
        keys += _pairs(
            [
                button(f"➕ {called(each.rank, each.names, t)}", Posts("appoint", each.id, str(whom.id)))
                for each in open_posts
            ]
        )
        lines += ["", t("posts.which")]
    return "\n".join(lines), keyboard(keys)


def _held_line(each: Holding, t: Texts, today: date) -> str:
    return f"{escape(called_of(each, t))} · {_days(each.term.starts, each.term.ends, t, today)}"


def own(held: Sequence[Holding], t: Texts, today: date) -> Screen:
    """One's own posts, alone with the bot; whoever is in a department's may offer to exchange it."""
    lines = [t("posts.yours"), *(_held_line(each, t, today) for each in held[:SHOWN])]
    keys = [
        [button(t.plain("exchange.offer"), Exchanging("one", each.term.id, ""))]
        for each in held
        if each.term.covers(today) and each.post.rank is not Rank.PRESIDIUM
    ]
    return "\n".join(lines), keyboard(keys)


# ---------------------------------------------------------------- appointing


def ask_who(post: Post, t: Texts, today: date) -> str:
    """Who comes to it, in words?"""
    until = posts.usual_end(today)
    return t("posts.ask_who", post=called(post.rank, post.names, t), today=today.isoformat(), until=until.isoformat())


def preview(post: Post, wanted: Wanted, username: str | None, turn: int, t: Texts, today: date) -> Screen:
    """What would be written down."""
    chosen = posts.Chosen.ELECTED if post.rank is Rank.PRESIDIUM else posts.Chosen.SELECTED
    name = f"{wanted.name} (@{username})" if username else wanted.name
    lines = [
        f"{_bold(name)} · {escape(called(post.rank, post.names, t))}",
        _days(wanted.starts, wanted.ends, t, today),
        t(f"posts.decided.{chosen}", day=t.day(wanted.decided_on, today)),
        "",
        t("posts.change_by_words", starts=wanted.starts.isoformat(), ends=wanted.ends.isoformat()),
    ]
    sure = button(t.plain("posts.sure"), Posts("sure", post.id, str(turn)))
    return "\n".join(lines), keyboard([[sure, button(t.plain("nav.back"), Posts("place", post.id, ""))]])


# ---------------------------------------------------------------- what the clock says


async def soon_over(session: AsyncSession, numbers: Sequence[int], t: Texts, today: date) -> str:
    """Whose term ends soon, for the office."""
    lines = [t("posts.ending_told")]
    for number in numbers:
        each = await posts.get(session, number)
        if each.term.ends >= today:
            lines.append(ends_line(each, t, today))
    return "\n".join([*lines, "", t("posts.see")]) if len(lines) > 1 else ""


async def exchange(session: AsyncSession, number: int, t: Texts, now: datetime) -> Screen:
    """An exchange as it is now, with what can be pressed."""
    found, one, other = await exchanges.get(session, number)
    today = now.astimezone(t.timezone).date()
    lines = [t("exchange.title", day=t.day(found.starts, today))]
    for each, at in ((one, found.one_agreed_at), (other, found.other_agreed_at)):
        theirs = other if each is one else one
        key = "exchange.side" if at is None else "exchange.side_agreed"
        lines.append(t(key, name=_name(each.term), post=called_of(each, t), to=called_of(theirs, t)))
    if found.state is not ExchangeState.PROPOSED:
        return "\n".join([*lines, "", t(f"exchange.told.{found.state}")]), keyboard([])
    rows: Rows = []
    no = button(t.plain("exchange.no"), Exchanging("no", found.id, ""))
    if found.agreed:
        lines += ["", t("exchange.to_confirm")]
        rows.append([button(t.plain("exchange.confirm"), Exchanging("confirm", found.id, "")), no])
    else:
        rows.append([button(t.plain("exchange.yes"), Exchanging("yes", found.id, "")), no])
    return "\n".join(lines), keyboard(rows)


DAY = re.compile(r"(\d{4})\s*[-./年]\s*(\d{1,2})\s*[-./月]\s*(\d{1,2})日?")


def read(text: str) -> tuple[str, str | None, list[date]]:
    """What somebody wrote of a term: the name, the @name without its sign, and up to three days: from, to, decided on.
    Raises Refusal for a day that there is not, and for more of them.
    """
    days: list[date] = []
    for found in DAY.finditer(text):
        try:
            days.append(date(int(found[1]), int(found[2]), int(found[3])))
        except ValueError:
            raise Refusal("posts.no_day", typed=found[0]) from None
    if len(days) > 3:
        raise Refusal("posts.too_many_days")
    rest = DAY.sub(" ", text).split()
    at = next((word[1:] for word in rest if word.startswith("@") and len(word) > 1), None)
    return " ".join(word for word in rest if not word.startswith("@")), at, days
