"""Gatherings: a stage leads only where it may, and whoever shows the code of now was there now."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from sqlalchemy.ext.asyncio import AsyncSession

from models import forgetting, mydata
from models.database import Database
from models.errors import Refusal
from models.union import gatherings, passes
from models.union.gatherings import Gathering, Kind, Part, Stage
from models.union.passes import Pass, Way
from tests.house import HOUSE, student

VAULT = HOUSE.vault

HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)


async def planned(session: AsyncSession, now: datetime, seats: int | None = None) -> Gathering:
    titles = {"en": "  What  a station is for ", "zh-hans": "服务站是做什么的"}
    starts = now + 2 * HOUR
    return await gatherings.plan(
        session,
        Kind.TRAINING,
        titles,
        "Hall 3",
        starts,
        starts + HOUR,
        now,
        cohort={},
        semester="2026-2027-1",
        seats=seats,
    )


async def test_a_gathering_goes_only_where_it_may(database: Database, now: datetime) -> None:
    async with database.transaction() as session:
        found = await planned(session, now)
        assert found.titles["en"] == "What a station is for"
        with pytest.raises(Refusal, match=r"gathering.is_planned"):
            await gatherings.move(session, found, Stage.HELD, now)
        await gatherings.move(session, found, Stage.CALLED, now)
        await gatherings.move(session, found, Stage.HELD, now)
        with pytest.raises(Refusal, match=r"gathering.is_held"):
            await gatherings.move(session, found, Stage.CANCELLED, now)
        for titles, place, starts, span, key in (
            ({"en": " "}, "Hall", now + HOUR, HOUR, "title_missing"),
            ({"en": "x" * 101}, "Hall", now + HOUR, HOUR, "title_too_long"),
            ({"en": "T"}, " ", now + HOUR, HOUR, "place_missing"),
            ({"en": "T"}, "x" * 101, now + HOUR, HOUR, "place_too_long"),
            ({"en": "T"}, "Hall", now, HOUR, "past"),
            ({"en": "T"}, "Hall", now + HOUR, 0 * HOUR, "span"),
            ({"en": "T"}, "Hall", now + HOUR, 73 * HOUR, "span"),
        ):
            with pytest.raises(Refusal, match=f"^gathering.{key}$"):
                gatherings.checked(titles, place, starts, starts + span, now)
        with pytest.raises(Refusal, match=r"gathering.seats"):
            await planned(session, now, seats=0)


async def test_whoever_shows_the_code_of_now_was_there_now(database: Database, now: datetime) -> None:
    async with database.transaction() as session:
        found, other = await planned(session, now), await planned(session, now)
        alice = await student(session)
        await gatherings.move(session, found, Stage.CALLED, now)
        with pytest.raises(Refusal, match=r"gathering.too_early"):
            await gatherings.sign_in(session, found, alice, now)
        at = found.starts_at
        with pytest.raises(Refusal, match=r"gathering.not_signed_in"):
            await gatherings.sign_out(session, found, alice, at)
        shown = passes.code(found, Way.IN, VAULT, at)
        assert passes.way_of(f"{shown[:3]} {shown[3:]}", found, VAULT, at + passes.TURN) is Way.IN
        assert passes.way_of(passes.code(found, Way.OUT, VAULT, at), found, VAULT, at) is Way.OUT
        assert passes.way_of(shown, other, VAULT, at) is None
        assert passes.way_of(shown, found, VAULT, at + 2 * passes.TURN) is None, "it is stale"
        assert passes.way_of(shown, found, VAULT, at - passes.TURN) is None, "it is not shown yet"
        link = passes.payload(found, Way.IN, VAULT, at)
        assert len(link) <= 64
        assert passes.read(link, VAULT, passes.until(at)) == Pass(found.id, Way.IN)
        assert passes.read(link, VAULT, passes.until(at) + passes.TURN) is None
        for forged in (link.replace(f"g_{found.id}_i", f"g_{other.id}_i"), link.replace("_i_", "_o_"), link[:-1], "g_"):
            assert passes.read(forged, VAULT, at) is None
        first = await gatherings.sign_in(session, found, alice, at)
        again = await gatherings.sign_in(session, found, alice, at + MINUTE)
        assert (again.part, again.signed_in_at) == (Part.CAME, first.signed_in_at)
        await gatherings.sign_out(session, found, alice, at + HOUR)
        last = await gatherings.sign_out(session, found, alice, at + HOUR + MINUTE)
        assert last.signed_out_at == at + HOUR + MINUTE
        with pytest.raises(Refusal, match=r"gathering.too_late"):
            await gatherings.sign_out(session, found, alice, at + 2 * HOUR + MINUTE)


async def test_who_is_forgotten_has_no_place_at_what_is_still_to_come(database: Database, now: datetime) -> None:
    async with database.transaction() as session:
        alice, over, coming = await student(session), await planned(session, now), await planned(session, now)
        for each in (over, coming):
            await gatherings.move(session, each, Stage.CALLED, now)
            await gatherings.sign_in(session, each, alice, each.starts_at)
        coming.lead_id = alice.id
        await gatherings.move(session, over, Stage.HELD, now)
        kept = await mydata.gather(session, alice, 1, VAULT)
        assert [(each["part"], each["minutes"]) for each in kept["gatherings"]] == [("came", None)] * 2
        await forgetting.forget(session, alice, 1, HOUSE, now)
        await session.refresh(coming)
        assert [each for each, _ in await gatherings.of_person(session, alice)] == [over]
        assert coming.lead_id is None
