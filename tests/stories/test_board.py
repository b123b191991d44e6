"""The board: the office and the supervisors see what the union has to do; the clock reminds them."""

from __future__ import annotations

import pytest

from tests.campus import running
from tests.stories.test_reports import bound

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


async def test_the_board_is_seen_by_those_who_have_to_see_to_it(database_url: str) -> None:
    async with running(database_url) as campus:
        wang, office = campus.wang, campus.office
        admin = await campus.student("Admin", "en", id=campus.admin.id)
        await wang.says("/board", chat=campus.east)
        await campus.east.shows("shown in the office’s")
        await admin.says("/board", chat=office)
        board = await office.shows("The ten measures")
        assert "Theory study 0 of 2 · 97 days left (17 Jan 2027)" in board.text
        await admin.says("/board")
        await admin.reads("The ten measures")
        room = await bound(campus, [])
        # Week 8 begins; with the first working hour, once.
        await campus.later(days=14)
        await room.shows("Nothing unusual: nothing has risen")
        await room.shows("Week 8 of")
        said = await office.shows("Week 8 of 2026-2027-1")
        assert "Plan it with /study" in said.text
        await campus.later(days=1)
        assert sum("Week 8 of" in each.text for each in await office.transcript()) == 1
