"""The register of posts from a file: every line is a term. What the file does not name stays as it is; a term it names
already, by its post, its name and its first day, takes over the rest of the line.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from models import audit
from models.errors import Refusal
from models.house import Caps
from models.union import posts
from models.union.posts import Chosen, Holding, Post, PostTerm, Rank, Wanted


@dataclass(frozen=True)
class Line:
    """One line of the file: the key of a post, and the term."""

    post: str
    wanted: Wanted


@dataclass(frozen=True)
class Mistake:
    """What a rule says of one line, by its place in the file from 0 on."""

    line: int
    key: str
    params: dict[str, Any]


@dataclass
class Difference:
    """What bringing it in would change; nothing while there is a mistake."""

    added: list[Line] = field(default_factory=list)
    changed: list[tuple[PostTerm, Line]] = field(default_factory=list)
    mistakes: list[Mistake] = field(default_factory=list)


async def compare(session: AsyncSession, lines: Sequence[Line], caps: Caps) -> Difference:
    """What these lines would change, each held against the register and the lines before it."""
    found = Difference()
    known = {post.key: post for post in await session.scalars(select(Post))}
    held: list[Holding] = []
    if lines:
        first, last = min(each.wanted.starts for each in lines), max(each.wanted.ends for each in lines)
        held = await posts.holdings(session, first, last)
    for number, line in enumerate(lines):
        post = known[line.post]
        try:
            wanted = posts.checked(line.wanted)
            same = next((each for each in held if _is(each, post, wanted)), None)
            beside = [each for each in held if each is not same]
            posts.must_fit(post, wanted, beside, caps)
        except Refusal as refusal:
            found.mistakes.append(Mistake(number, refusal.key, refusal.params))
            continue
        if same is None:
            found.added.append(Line(post.key, wanted))
        elif _rest(same.term) != _rest(wanted):
            found.changed.append((same.term, Line(post.key, wanted)))
        held = [*beside, Holding(_as_term(post, wanted), post)]
    return found


def _is(each: Holding, post: Post, wanted: Wanted) -> bool:
    return each.post.id == post.id and each.term.name == wanted.name and each.term.starts == wanted.starts


def _rest(term: PostTerm | Wanted) -> tuple[Any, ...]:
    return term.ends, term.decided_on, term.person_id


def _as_term(post: Post, wanted: Wanted) -> PostTerm:
    """As it would be, for the lines after it; it is not in the session."""
    return PostTerm(
        post_id=post.id, name=wanted.name, starts=wanted.starts, ends=wanted.ends, person_id=wanted.person_id
    )


async def bring_in(session: AsyncSession, lines: Sequence[Line], caps: Caps, now: datetime) -> Difference:
    """Write them into the register, or nothing where there is a mistake."""
    await posts.locked(session)
    found = await compare(session, lines, caps)
    if found.mistakes:
        return found
    known = {post.key: post for post in await session.scalars(select(Post))}
    for line in found.added:
        post = known[line.post]
        chosen = Chosen.ELECTED if post.rank is Rank.PRESIDIUM else Chosen.SELECTED
        await posts.add(session, post, line.wanted, chosen, now, staff=None)
    for term, line in found.changed:
        term.ends, term.decided_on, term.person_id = _rest(line.wanted)
    await session.flush()
    await audit.record(session, "post_import", now, added=len(found.added), changed=len(found.changed))
    return found
