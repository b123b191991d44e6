"""Bids for what stands on the open list (揭榜挂帅): a union, a club or a class says how it would do it.

    sealed ─▶ open ─▶ won · lost          until the deadline also changed, or taken back (the row goes)

Until the deadline a bid is sealed under the key outside the database, under a keyed tag and filled up to one length: a
copy of the database tells how many bids there are, and neither whose they are nor what they say. The program itself
opens them when the time has come, all at once, and says nothing back to a bidder before that lies in a row of the
outbox unsealed.
"""

from __future__ import annotations

import enum
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, LargeBinary, delete, func, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from models import projects
from models.base import Base, Json, Key, one_of
from models.errors import Refusal
from models.house import House
from models.people import Person
from models.projects import Project, ProjectState
from models.union import interests, tidings
from models.vault import Vault

MOST = 40
"""So many bids a list takes: whoever reviews them reads them all."""
NAME_LENGTH, PLAN_LENGTH, INTERESTS_LENGTH = 60, 1000, 300
STEP = 6 * 1024
"""Bytes: every bid that keeps to these lengths is filled up to so many."""


class BidderKind(enum.StrEnum):
    """On whose behalf it is made."""

    UNION = "union"
    """A student union of a college."""
    CLUB = "club"
    CLASS = "class"


class BidState(enum.StrEnum):
    """How far it is."""

    SEALED = "sealed"
    OPEN = "open"
    WON = "won"
    LOST = "lost"


@dataclass(frozen=True)
class Offer:
    """What is bid."""

    kind: BidderKind
    name: str
    """Of the union, club or class."""
    plan: str
    interests: str
    """What ties the bidder to those who decide, in their own words; empty for nothing."""

    def check(self) -> None:
        """Raises Refusal for what is missing or too long."""
        must_fit(self.name, NAME_LENGTH, "bid.name_length")
        must_fit(self.plan, PLAN_LENGTH, "bid.plan_length")
        if self.interests:
            must_fit(self.interests, INTERESTS_LENGTH, "bid.interests_length")


def must_fit(text: str, most: int, key: str) -> None:
    """Raises the Refusal `key` for words that are missing or too many."""
    if not 0 < len(text) <= most:
        raise Refusal(key, most=most)


class Bid(Base):
    """One bid. While it is sealed only `tag` and `sealed` stand here, afterwards only the others."""

    __tablename__ = "bids"

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    project_id: Mapped[int] = mapped_column(ForeignKey("projects.id"), index=True)
    state: Mapped[BidState] = mapped_column(one_of(BidState), default=BidState.SEALED)
    tag: Mapped[str | None] = mapped_column(unique=True)
    """Whose it is, keyed: one bid a person and project."""
    sealed: Mapped[bytes | None] = mapped_column(LargeBinary)
    person_id: Mapped[int | None] = mapped_column(ForeignKey("people.id"), index=True)
    kind: Mapped[BidderKind | None] = mapped_column(one_of(BidderKind))
    name: Mapped[str | None]
    plan: Mapped[str | None]
    interests: Mapped[str | None]
    known: Mapped[list[Any] | None] = mapped_column(Json)
    """Where the bidder works for the union as the rosters say, whatever was declared: names by language."""


def _tag(project_id: int, person_id: int, vault: Vault) -> str:
    return vault.apart("bid").tag("bidder", project_id, person_id)


def must_be_listed(project: Project, now: datetime) -> None:
    """Raises Refusal when nothing can be bid for it any more, or not yet."""
    listed = project.state is ProjectState.LISTED and project.bids_until is not None
    if not listed or project.bids_until is None or now >= project.bids_until:
        raise Refusal("bid.too_late", number=project.id)


async def offer(
    session: AsyncSession, project: Project, person: Person, said: Offer, house: House, now: datetime
) -> Bid:
    """They bid, or bid otherwise than before. Raises Refusal before and after its time, for what is missing or too
    long, and when the list takes no more.
    """
    # Whoever opens the bids, or bids as well, waits until this one is in; or this one finds it closed, or full.
    await projects.hold(session, project)
    must_be_listed(project, now)
    said.check()
    bid = await sealed_of(session, project, person, house.vault)
    if bid is None:
        count = select(func.count()).where(Bid.project_id == project.id, Bid.state == BidState.SEALED)
        if (await session.scalar(count) or 0) >= MOST:
            raise Refusal("bid.full", most=MOST)
        bid = Bid(project_id=project.id, tag=_tag(project.id, person.id, house.vault))
        session.add(bid)
    plain = json.dumps({"person": person.id, **asdict(said)}, ensure_ascii=False).encode("utf-8", "surrogatepass")
    assert bid.tag is not None
    bid.sealed = house.vault.apart("bid").seal(plain.ljust(-(-len(plain) // STEP) * STEP), bid.tag)
    await session.flush()
    return bid


async def sealed_of(session: AsyncSession, project: Project, person: Person, vault: Vault) -> Bid | None:
    """Somebody's own bid for it, while it is sealed."""
    found: Bid | None = await session.scalar(select(Bid).where(Bid.tag == _tag(project.id, person.id, vault)))
    return found


def read(bid: Bid, vault: Vault) -> tuple[int, Offer]:
    """Whose a sealed bid is, by their number, and what it says. For the bidder, and for nobody else before its time."""
    assert bid.tag is not None, "it is sealed"
    assert bid.sealed is not None, "it is sealed"
    facts = json.loads(vault.apart("bid").open(bid.sealed, bid.tag).decode("utf-8", "surrogatepass"))
    person_id = facts.pop("person")
    return person_id, Offer(**{**facts, "kind": BidderKind(facts["kind"])})


async def take_back(session: AsyncSession, project: Project, person: Person, house: House, now: datetime) -> None:
    """They bid no longer; nothing of it is left. Raises Refusal once the time is over, and when there is none."""
    await projects.hold(session, project)
    must_be_listed(project, now)
    bid = await sealed_of(session, project, person, house.vault)
    if bid is None:
        raise Refusal("bid.none")
    await session.delete(bid)


async def unseal(session: AsyncSession, project: Project, house: House, now: datetime) -> list[Bid]:
    """Open all bids for it, each with what the rosters know of the bidder. Returns them."""
    rows = await session.scalars(
        select(Bid).where(Bid.project_id == project.id, Bid.state == BidState.SEALED).order_by(Bid.id)
    )
    found = list(rows)
    for bid in found:
        bid.person_id, said = read(bid, house.vault)
        bid.kind, bid.name, bid.plan, bid.interests = said.kind, said.name, said.plan, said.interests
        known = [place.names for place in await interests.places(session, bid.person_id, house.calendar, now)]
        known += [post.names for post in await interests.held(session, bid.person_id, house.calendar.day_of(now))]
        # The presidium's post has no name of its own, and its people are the office's.
        bid.known = [dict(names) for names in known if names]
        bid.state, bid.tag, bid.sealed = BidState.OPEN, None, None
    await session.flush()
    return found


async def drop_sealed(session: AsyncSession, project: Project, vault: Vault) -> list[int]:
    """The sealed bids for it go unread. Returns whose they were, by their numbers, to be told."""
    rows = await session.scalars(select(Bid).where(Bid.project_id == project.id, Bid.state == BidState.SEALED))
    whose = []
    for bid in rows.all():
        whose.append(read(bid, vault)[0])
        await session.delete(bid)
    return whose


async def get(session: AsyncSession, number: int) -> Bid:
    """An opened bid. Raises Refusal when there is none."""
    bid: Bid | None = await session.get(Bid, number)
    if bid is None or bid.state is BidState.SEALED:
        raise Refusal("old.button")
    return bid


async def of(session: AsyncSession, project: Project) -> Sequence[Bid]:
    """The opened bids for it, in the order of their numbers; none before its time."""
    rows = select(Bid).where(Bid.project_id == project.id, Bid.state != BidState.SEALED).order_by(Bid.id)
    return list(await session.scalars(rows))


async def winner(session: AsyncSession, project: Project) -> Bid | None:
    """The bid to which it was given."""
    found: Bid | None = await session.scalar(
        select(Bid).where(Bid.project_id == project.id, Bid.state == BidState.WON).order_by(Bid.id.desc()).limit(1)
    )
    return found


async def of_person(session: AsyncSession, person: Person, vault: Vault) -> list[tuple[Project, BidState, Offer]]:
    """All of somebody's own, sealed ones too, by project."""
    found: list[tuple[Project, BidState, Offer]] = []
    for project in await session.scalars(
        select(Project).where(Project.state == ProjectState.LISTED).order_by(Project.id)
    ):
        bid = await sealed_of(session, project, person, vault)
        if bid is not None:
            found.append((project, bid.state, read(bid, vault)[1]))
    rows = await session.execute(
        select(Project, Bid).join(Bid, Bid.project_id == Project.id).where(Bid.person_id == person.id).order_by(Bid.id)
    )
    for project, bid in rows:
        assert bid.kind is not None, "it is open"
        found.append((project, bid.state, Offer(bid.kind, bid.name or "", bid.plan or "", bid.interests or "")))
    return found


async def forget(session: AsyncSession, person: Person, vault: Vault, now: datetime) -> None:
    """What they bid goes. Of what they undertake stays that it was given to this union, club or class, without them and
    without their words; the office is told that nobody can show it any more.
    """
    listed = await session.scalars(select(Project.id).where(Project.state == ProjectState.LISTED))
    tags = [_tag(number, person.id, vault) for number in listed]
    await session.execute(delete(Bid).where(Bid.tag.in_(tags)))
    for bid in (await session.scalars(select(Bid).where(Bid.person_id == person.id))).all():
        bid.person_id, bid.plan, bid.interests, bid.known = None, "", "", []
        project = await projects.get(session, bid.project_id)
        if bid.state is BidState.WON and project.state in (ProjectState.AWARDED, ProjectState.UNDERWAY):
            await tidings.to_office(session, project, "bid.office_forgotten", now, name=bid.name or "")
