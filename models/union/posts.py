"""Who holds which post of the union, from when until when (measure 6): a lean presidium and staff of departments,
within their caps. The presidium is elected by the congress, everybody else is selected: elsewhere, by people. What the
bot keeps is who it is and the day on which it was decided; nobody votes for a post in a chat.

    a name, a post ─▶ term, from one day to another ─▶ told to the office 30 and 7 days before its end ─▶ over
                       └─▶ ended earlier · exchanged (`exchanges.py`)

Somebody may hold a post before they have ever spoken with the bot: a term bears the name by which the union makes it
known, and the person behind it once that is said.
"""

from __future__ import annotations

import enum
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import ForeignKey, Index, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from models import audit
from models.base import Base, Json, Key, one_of
from models.calendar import AcademicYear
from models.errors import Refusal
from models.house import Caps
from models.people import Person

NAME_LENGTH = 40
LONGEST = timedelta(days=3 * 366)
"""A term that is longer is a slip of the keyboard."""
SOON = (30, 7)
"""So many days before its end a term is told to the office."""
NOBODY = "—"
"""The name of whoever was forgotten."""
PRESIDIUM = "presidium"
"""The key of the presidium's post."""


class Rank(enum.StrEnum):
    """What kind of post it is."""

    PRESIDIUM = "presidium"
    HEAD = "head"
    """Of a department."""
    STAFF = "staff"
    """Of a department."""


class Chosen(enum.StrEnum):
    """How somebody came to a post."""

    ELECTED = "elected"
    """By the congress of students."""
    SELECTED = "selected"
    EXCHANGED = "exchanged"


class Post(Base):
    """One post, which several may hold at once."""

    __tablename__ = "posts"

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    key: Mapped[str] = mapped_column(unique=True)
    """"presidium", "head.rights", "staff.rights"."""
    rank: Mapped[Rank] = mapped_column(one_of(Rank))
    department: Mapped[str | None]
    """Its key in config.toml; None for the presidium."""
    names: Mapped[dict[str, Any]] = mapped_column(Json)
    """The department's name by language; nothing for the presidium."""
    closed: Mapped[bool] = mapped_column(default=False)
    """config.toml knows its department no more: nobody new comes to it."""


class PostTerm(Base):
    """Somebody in a post, from one day to another; both belong to it. One that was taken back before it began ends
    before it starts, and touches no day.
    """

    __tablename__ = "post_terms"

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    post_id: Mapped[int] = mapped_column(ForeignKey("posts.id"), index=True)
    person_id: Mapped[int | None] = mapped_column(ForeignKey("people.id"), index=True)
    """None as long as nobody has said who of those that speak with the bot it is."""
    name: Mapped[str]
    starts: Mapped[date]
    ends: Mapped[date]
    chosen: Mapped[Chosen] = mapped_column(one_of(Chosen))
    decided_on: Mapped[date]
    """The day of the congress, or of the decision."""
    told: Mapped[int | None]
    """The last of `SOON` that the office was told."""
    appointed_by_id: Mapped[int | None] = mapped_column(ForeignKey("people.id"))
    """None for what came with a file."""
    version: Mapped[int] = mapped_column()

    __mapper_args__ = {"version_id_col": version}  # noqa: RUF012  (SQLAlchemy declares it so)
    __table_args__ = (Index("ix_post_terms_ends", "ends"),)

    def covers(self, day: date) -> bool:
        """Whether they are in it on this day."""
        return self.starts <= day <= self.ends


@dataclass(frozen=True)
class Holding:
    """A term with its post."""

    term: PostTerm
    post: Post


@dataclass(frozen=True)
class Headcount:
    """How many there are on a day, against the caps."""

    people: int
    presidium: int
    departments: int
    caps: Caps


@dataclass(frozen=True)
class Listed:
    """Somebody of the list that the union discloses: the presidium and the heads of departments."""

    name: str
    rank: Rank
    department: Mapping[str, str]
    """By language; nothing for the presidium."""
    starts: date
    ends: date
    chosen: Chosen


# ---------------------------------------------------------------- the posts there are


async def follow_config(session: AsyncSession, departments: Mapping[str, Mapping[str, str]]) -> None:
    """Make the posts follow config.toml: the presidium, and of each department its heads and its staff."""
    held = {post.key: post for post in await session.scalars(select(Post))}
    wanted: dict[str, tuple[Rank, str | None, Mapping[str, str]]] = {PRESIDIUM: (Rank.PRESIDIUM, None, {})}
    for key, names in departments.items():
        wanted |= {f"{rank}.{key}": (rank, key, names) for rank in (Rank.HEAD, Rank.STAFF)}
    for key, post in held.items():
        post.closed = key not in wanted
    for key, (rank, department, named) in wanted.items():
        if key not in held:
            held[key] = Post(key=key, rank=rank, department=department)
            session.add(held[key])
        held[key].names = dict(named)
    await session.flush()


async def every(session: AsyncSession) -> list[Post]:
    """The posts that can be held: the presidium, then each department's, its heads first."""
    return list(await session.scalars(select(Post).where(Post.closed.is_(False)).order_by(Post.id)))


async def get_post(session: AsyncSession, number: int) -> Post:
    """The post with this number. Raises Refusal when there is none."""
    found: Post | None = await session.get(Post, number)
    if found is None:
        raise Refusal("posts.unknown_post")
    return found


async def get(session: AsyncSession, number: int) -> Holding:
    """The term with this number. Raises Refusal when there is none."""
    term: PostTerm | None = await session.get(PostTerm, number)
    if term is None:
        raise Refusal("posts.unknown_term")
    return Holding(term, await session.get_one(Post, term.post_id))


# ---------------------------------------------------------------- who is in them


async def holdings(session: AsyncSession, since: date, until: date | None = None) -> list[Holding]:
    """Every term that touches these days, by default the one: the presidium first, then by departments, each with its
    heads first, in the order in which they came.
    """
    rows = await session.execute(
        select(PostTerm, Post)
        .join(Post, Post.id == PostTerm.post_id)
        .where(PostTerm.starts <= (until or since), PostTerm.ends >= since, PostTerm.ends >= PostTerm.starts)
        .order_by(Post.id, PostTerm.starts, PostTerm.id)
    )
    return [Holding(term, post) for term, post in rows]


async def of_person(session: AsyncSession, person: Person) -> list[Holding]:
    """Every term of theirs, the latest first."""
    rows = await session.execute(
        select(PostTerm, Post)
        .join(Post, Post.id == PostTerm.post_id)
        .where(PostTerm.person_id == person.id)
        .order_by(PostTerm.starts.desc(), PostTerm.id.desc())
    )
    return [Holding(term, post) for term, post in rows]


async def cohort(session: AsyncSession, day: date) -> list[Person]:
    """Who is in a post on this day, of both levels: the presidium and all staff of departments. Whoever has not spoken
    with the bot yet is not among them (`nameless`).
    """
    inside = select(PostTerm.person_id).where(PostTerm.starts <= day, PostTerm.ends >= day)
    return list(await session.scalars(select(Person).where(Person.id.in_(inside)).order_by(Person.id)))


async def nameless(session: AsyncSession, day: date) -> list[PostTerm]:
    """Of those who are in a post on this day whoever the bot knows by a name only."""
    inside = select(PostTerm).where(PostTerm.starts <= day, PostTerm.ends >= day, PostTerm.person_id.is_(None))
    return list(await session.scalars(inside.order_by(PostTerm.id)))


async def headcount(session: AsyncSession, day: date, caps: Caps) -> Headcount:
    """How many are in a post on this day, and how many departments there are."""
    inside = await holdings(session, day)
    departments = {post.department for post in await every(session)} - {None}
    presidium = [each for each in inside if each.post.rank is Rank.PRESIDIUM]
    return Headcount(len(inside), len(presidium), len(departments), caps)


async def public(session: AsyncSession, day: date) -> list[Listed]:
    """The list of staff for the union's disclosure: the presidium and the heads of departments on this day. Its rows
    name nobody by more than the union makes known.
    """
    return [
        Listed(each.term.name, each.post.rank, each.post.names, each.term.starts, each.term.ends, each.term.chosen)
        for each in await holdings(session, day)
        if each.post.rank is not Rank.STAFF and each.term.name != NOBODY
    ]


async def ending(session: AsyncSession, day: date, within: int) -> list[Holding]:
    """The terms that end within so many days from this one on, the next first."""
    found = [each for each in await holdings(session, day) if (each.term.ends - day).days <= within]
    return sorted(found, key=lambda each: (each.term.ends, each.term.id))


# ---------------------------------------------------------------- appointing


@dataclass(frozen=True)
class Wanted:
    """A term as the office, or a file, wants it."""

    name: str
    starts: date
    ends: date
    decided_on: date
    person_id: int | None = None


def usual_end(starts: date) -> date:
    """With which day a term ends when nobody says: the last of the academic year."""
    return AcademicYear.of(starts).ends


def checked(wanted: Wanted) -> Wanted:
    """The same with its name in good order. Raises Refusal for a name or days that cannot be."""
    name = " ".join(wanted.name.split())
    if not any(sign.isalpha() for sign in name):
        raise Refusal("posts.name_missing")
    if len(name) > NAME_LENGTH:
        raise Refusal("posts.name_too_long", most=NAME_LENGTH)
    if wanted.ends < wanted.starts:
        raise Refusal("posts.order")
    if wanted.ends - wanted.starts > LONGEST:
        raise Refusal("posts.too_long_a_term")
    if wanted.decided_on > wanted.ends:
        raise Refusal("posts.decided_later")
    return Wanted(name, wanted.starts, wanted.ends, wanted.decided_on, wanted.person_id)


async def locked(session: AsyncSession) -> None:
    """Nobody else appoints meanwhile: two at once would each see room for one more."""
    await session.execute(select(Post.id).order_by(Post.id).with_for_update())


async def appoint(
    session: AsyncSession, post: Post, wanted: Wanted, caps: Caps, now: datetime, *, staff: Person | None = None
) -> PostTerm:
    """Somebody comes to a post. Raises Refusal for what cannot be (`checked`), for whoever holds a post on one of these
    days already, and when there would be more than the caps allow.
    """
    await locked(session)
    wanted = checked(wanted)
    if post.closed:
        raise Refusal("posts.closed", department=post.names)
    there = await holdings(session, wanted.starts, wanted.ends)
    must_fit(post, wanted, there, caps)
    chosen = Chosen.ELECTED if post.rank is Rank.PRESIDIUM else Chosen.SELECTED
    return await add(session, post, wanted, chosen, now, staff=staff)


async def add(
    session: AsyncSession, post: Post, wanted: Wanted, chosen: Chosen, now: datetime, *, staff: Person | None
) -> PostTerm:
    """Write it into the register; that it may be has been asked."""
    term = PostTerm(
        post_id=post.id,
        person_id=wanted.person_id,
        name=wanted.name,
        starts=wanted.starts,
        ends=wanted.ends,
        chosen=chosen,
        decided_on=wanted.decided_on,
        appointed_by_id=staff.id if staff is not None else None,
    )
    session.add(term)
    await session.flush()
    until = term.ends.isoformat()
    await audit.record(session, "post_appoint", now, staff=staff, post=post.key, term=term.id, until=until)
    return term


def must_fit(post: Post, wanted: Wanted, there: Iterable[Holding], caps: Caps) -> None:
    """Raises Refusal when a term more, beside these, would be one too many: for the person, or for the caps on any of
    its days.
    """
    beside = [each for each in there if each.term.ends >= wanted.starts and each.term.starts <= wanted.ends]
    for each in beside:
        if is_same(each.term, wanted):
            raise Refusal("posts.holds_one", name=wanted.name, until=each.term.ends)
    presidium = [each for each in beside if each.post.rank is Rank.PRESIDIUM]
    if post.rank is Rank.PRESIDIUM and _most_at_once(presidium, wanted) >= caps.presidium:
        raise Refusal("posts.presidium_full", most=caps.presidium)
    if _most_at_once(beside, wanted) >= caps.most:
        raise Refusal("posts.full", most=caps.most)


def is_same(term: PostTerm, wanted: Wanted) -> bool:
    """Whether it is the same person, as far as anybody can tell: two of one name of whom the bot knows both are two."""
    if term.person_id is not None and wanted.person_id is not None:
        return term.person_id == wanted.person_id
    return term.name == wanted.name


def _most_at_once(beside: Sequence[Holding], wanted: Wanted) -> int:
    # There is nobody more than on one of the days on which somebody comes.
    days = {max(each.term.starts, wanted.starts) for each in beside}
    return max((sum(each.term.covers(day) for each in beside) for day in days), default=0)


async def end(session: AsyncSession, term: PostTerm, day: date, today: date, now: datetime, staff: Person) -> None:
    """It ends with this day, earlier than it would have; one that begins later never does. Raises Refusal for a day
    that is over or no earlier.
    """
    if term.ends < today:
        raise Refusal("posts.over")
    if day < today or day >= term.ends:
        raise Refusal("posts.not_earlier", until=term.ends)
    term.ends = day
    await session.flush()
    await audit.record(session, "post_end", now, staff=staff, term=term.id, until=day.isoformat())


async def link(session: AsyncSession, term: PostTerm, person: Person, now: datetime, staff: Person) -> None:
    """This name is this person. Raises Refusal when it is somebody already, or they hold another post then."""
    await locked(session)
    if term.person_id is not None:
        raise Refusal("posts.linked")
    for each in await of_person(session, person):
        if each.term.starts <= term.ends and each.term.ends >= term.starts:
            raise Refusal("posts.holds_one", name=person.name, until=each.term.ends)
    term.person_id = person.id
    await session.flush()
    await audit.record(session, "post_link", now, staff=staff, term=term.id)


# ---------------------------------------------------------------- what time does


async def to_tell(session: AsyncSession, today: date) -> list[int]:
    """The numbers of the terms whose end comes near and of which the office has not been told as much; they are noted
    as told.
    """
    found = []
    for each in await ending(session, today, SOON[0]):
        left = (each.term.ends - today).days
        step = min(days for days in SOON if left <= days)
        if each.term.told is None or each.term.told > step:
            each.term.told = step
            found.append(each.term.id)
    return found


async def forget(session: AsyncSession, person: Person, today: date) -> list[PostTerm]:
    """That a post was held is counted; who it was, nobody can tell any more. A term that is not over ends the day
    before. Returns those.
    """
    cut = []
    for each in await of_person(session, person):
        term = each.term
        if term.ends >= today:
            term.ends = today - timedelta(days=1)
            cut.append(term)
        term.name, term.person_id = NOBODY, None
    await session.flush()
    return cut
