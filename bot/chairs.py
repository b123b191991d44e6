"""The rota of the executive chair, and how two people come to exchange their posts: the screens between the presses."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta

from markupsafe import escape
from sqlalchemy.ext.asyncio import AsyncSession

from bot.keyboards import button, keyboard
from bot.posts import NAME, SHOWN, Chairing, Exchanging, back, called_of, exchange_line, left_out, packed
from bot.rosters import Rows, Screen
from bot.texts import Texts
from bot.untrusted import inline
from models.calendar import ONE_DAY
from models.union import exchanges, rota
from models.union.posts import Holding
from models.union.rota import Chair, Pace


def _first_of_month(after: date) -> date:
    return (after.replace(day=1) + timedelta(days=32)).replace(day=1)


def days_to_come(today: date) -> list[date]:
    """From when on: tomorrow, next Monday, the first of the next two months."""
    monday = today + ONE_DAY * (7 - today.weekday())
    month = _first_of_month(today)
    return sorted({today + ONE_DAY, monday, month, _first_of_month(month)})


async def turns(session: AsyncSession, t: Texts, today: date) -> Screen:
    """Who has the chair, and who has it next."""
    to_come = await rota.turns(session, today)
    found, later = to_come[:SHOWN], to_come[SHOWN:]
    lines = [t("rota.title"), *(escape(_line(each, t, today)) for each in found)]
    if not found:
        lines.append(t("rota.none"))
    if later:
        lines.append(t.n("rota.later", len(later), day=t.short_day(later[-1].turn.ends, today)))
    keys = [
        [button(_line(each, t, today), Chairing("turn", each.turn.id, ""))] for each in found if not each.turn.begun
    ]
    paces = [button(t.plain(f"rota.pace.{pace}"), Chairing("pace", 0, pace)) for pace in Pace]
    lines += [*await left_out(session, t, today), "", t("rota.plan")]
    return "\n".join(lines), keyboard([*keys, paces, [back(t)]])


def _line(each: Chair, t: Texts, today: date) -> str:
    sign = "▶" if each.turn.starts <= today else "·"
    days = t.plain("posts.days", starts=t.short_day(each.turn.starts, today), ends=t.short_day(each.turn.ends, today))
    return f"{sign} {days} {inline(each.term.name, NAME)}"


def begins(pace: Pace, t: Texts, today: date) -> Screen:
    """From when on?"""
    keys = [
        [button(t.day(day, today), Chairing("plan", 0, f"{pace}.{packed(day)}"))]
        for day in [today, *days_to_come(today)]
    ]
    text = t("rota.from", pace=t.plain(f"rota.pace.{pace}"))
    return text, keyboard([*keys, [button(t.plain("nav.back"), Chairing("all", 0, ""))]])


def instead(each: Chair, them: Sequence[Holding], t: Texts, today: date) -> Screen:
    """Who takes this turn instead?"""
    keys: Rows = [
        [button(inline(other.term.name, NAME), Chairing("give", each.turn.id, str(other.term.id)))]
        for other in them
        if other.term.covers(each.turn.starts) and other.term.covers(each.turn.ends) and other.term.id != each.term.id
    ]
    keys.append([button(t.plain("nav.back"), Chairing("all", 0, ""))])
    return t("rota.instead", turn=_line(each, t, today)), keyboard(keys)


# ---------------------------------------------------------------- exchange


async def waiting(session: AsyncSession, t: Texts, today: date) -> Screen:
    """The exchanges that wait, and whom a new one could be about."""
    lines, keys = [t("exchange.all")], []
    for each in (await exchanges.waiting(session))[:SHOWN]:
        lines.append(await exchange_line(session, each, t, today))
        _, one, other = await exchanges.get(session, each.id)
        label = f"🔁 {inline(one.term.name, NAME)} ⇄ {inline(other.term.name, NAME)}"
        keys.append([button(label, Exchanging("see", each.id, ""))])
    found = await exchanges.can_take_part(session, today)
    lines += ["", t("exchange.who_first" if found else "exchange.nobody")]
    people = [button(_label(each, t), Exchanging("one", each.term.id, "")) for each in found]
    return "\n".join(lines), keyboard([*keys, *([each] for each in people), [back(t)]])


def _label(each: Holding, t: Texts) -> str:
    return f"{inline(each.term.name, NAME)} · {inline(called_of(each, t), 28)}"


def with_whom(one: Holding, found: Sequence[Holding], t: Texts, *, mine: bool) -> Screen:
    """With whom? Back leads to one's own posts, or to all exchanges."""
    keys: Rows = [
        [button(_label(each, t), Exchanging("two", one.term.id, str(each.term.id)))]
        for each in found
        if each.post.id != one.post.id
    ]
    key = "exchange.with_whom" if keys else "exchange.nobody"
    keys.append([button(t.plain("nav.back"), Exchanging("mine" if mine else "all", 0, ""))])
    return t(key, name=inline(one.term.name, NAME), post=called_of(one, t)), keyboard(keys)


def from_when(one: Holding, other: Holding, t: Texts, today: date) -> Screen:
    """From when on?"""
    last = min(one.term.ends, other.term.ends)
    keys = [
        [button(t.day(day, today), Exchanging("ask", one.term.id, f"{other.term.id}.{packed(day)}"))]
        for day in days_to_come(today)
        if day <= last
    ]
    keys.append([button(t.plain("nav.back"), Exchanging("one", one.term.id, ""))])
    text = t("exchange.from", one=inline(one.term.name, NAME), other=inline(other.term.name, NAME))
    return text, keyboard(keys)
