"""The office looks up what was done and takes its tickets home as a table; nobody else does."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any
from unittest import mock

import pytest
from sqlalchemy import select

from bot import exports
from models.audit import Act
from models.seals import Link
from tests.campus import running

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


async def test_the_office_sees_who_did_what_to_a_ticket(database_url: str) -> None:
    async with running(database_url) as campus:
        t = campus.t("en")
        alice = await campus.student("Alice")
        number = await campus.files(alice, "The tap in the bathroom drips all night", anonymous=True)
        await campus.east.shows(f"#{number} ·")
        await campus.wang.taps(t.plain("desk.claim"), chat=campus.east)
        await campus.east.shows("in hand")
        await campus.admin.says(f"/audit {number}", chat=campus.office)
        shown = (await campus.office.shows("the last steps")).text
        assert "filed" in shown
        assert "claimed · Wang" in shown
        assert "Alice" not in shown
        await campus.admin.says("/audit 99", chat=campus.office)
        await campus.office.shows("There is no ticket #99.")
        await campus.admin.says(f"/audit {number}", chat=campus.east)
        await campus.east.shows("in the office's group")
        await campus.wang.says(f"/audit {number}", chat=campus.east)
        await campus.east.shows("Only admins of the union")
        await campus.later(minutes=1)
        async with campus.app.database.reading() as session:
            assert len((await session.scalars(select(Link))).all()) == 2, "sealed within a minute"


def fails_once(apart: Callable[..., Awaitable[int]]) -> Callable[..., Awaitable[int]]:
    """The first table is not made."""
    tried = []

    async def once(*how: Any) -> int:
        tried.append(1)
        if len(tried) == 1:
            raise RuntimeError("the table was not made: 1")
        return await apart(*how)

    return once


@pytest.mark.rehearsal
async def test_an_admin_gets_the_month_as_a_table_in_the_office(database_url: str) -> None:
    async with running(database_url) as campus:
        t = campus.t("en")
        alice = await campus.student("Alice")
        await campus.files(alice, "The tap in the bathroom drips all night")
        await campus.admin.says("/export", chat=campus.office)
        await campus.admin.taps(t.plain("export.period.month"), chat=campus.office)
        await campus.office.shows("Making tickets-2026-10-01-2026-10-12.xlsx")
        await campus.later(minutes=1)
        sent = await campus.office.shows("1 ticket.")
        assert sent.raw["document"]["file_name"] == "tickets-2026-10-01-2026-10-12.xlsx"
        await campus.admin.says("/export 2026-09 csv east", chat=campus.office)
        await campus.office.shows("Making tickets-east")
        await campus.later(minutes=1)
        await campus.office.shows("No tickets in that period, so there is no tickets-east-2026-09-01-2026-09-30.csv.")
        with mock.patch.object(exports, "write_apart", fails_once(exports.write_apart)):
            await campus.admin.says("/export month closed", chat=campus.office)
            await campus.office.shows("Making tickets-closed")
            await campus.admin.says("/export month csv complaint", chat=campus.office)
            await campus.office.shows("Making tickets-complaint")
            await campus.later(minutes=1)
        await campus.office.shows("tickets-closed-2026-10-01-2026-10-12.xlsx could not be made")
        sent = await campus.office.shows("1 ticket.\n" + t.plain("export.csv_figures"))
        assert sent.raw["document"]["file_name"].endswith(".csv")
        await campus.admin.says("/export month suggestion", chat=campus.office)
        await campus.office.shows("Making tickets-suggestion")
        await campus.later(minutes=1)
        await campus.office.shows("there is no tickets-suggestion-2026-10-01-2026-10-12.xlsx.")
        await campus.admin.says("/export yesterday", chat=campus.office)
        await campus.office.shows("Tickets filed when?")
        await campus.wang.says("/export month", chat=campus.east)
        await campus.east.shows("Only admins of the union")
        async with campus.app.database.reading() as session:
            acts = (await session.scalars(select(Act).order_by(Act.id))).all()
        assert [act.act for act in acts] == ["export"] * 5
        assert acts[1].detail is not None
        assert acts[1].detail["station"] == "east"
