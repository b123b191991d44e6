"""The office looks once more at what the calendar brings, puts it off or cancels it; and the records say who did."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path

import pytest
from sqlalchemy import select

from models.audit import Act
from models.seals import Link, Source
from tests.campus import running
from tests.stories.test_semester import SATISFACTION


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_what_the_calendar_brings_is_put_off_once_or_cancelled(database_url: str, tmp_path: Path) -> None:
    folder = tmp_path / "surveys"
    folder.mkdir()
    (folder / "semester-satisfaction.toml").write_text(SATISFACTION, encoding="utf-8")
    async with running(database_url, surveys={"folder": str(folder)}) as campus:
        t, admin, office = campus.t("en"), campus.admin, campus.office
        alice = await campus.student("Alice")
        await campus.later(days=5, hours=1)
        notice = await office.shows("goes out Tue 20 Oct 10:00")
        later, cancel = (button["callback_data"] for button in notice.buttons[1:3])

        async def presses(data: str) -> str | None:
            return await admin.presses(notice, data, chat=office)

        assert await admin.taps(t.plain("survey_desk.preview"), chat=office) == ""
        await office.shows("1. All in all?")
        assert await campus.li.presses(notice, later, chat=office) == t.plain("survey_desk.admins_only")
        assert sorted(await asyncio.gather(presses(later), presses(later)), key=str) == [
            "",
            "Somebody was quicker and has put it off: it goes out Tue 27 Oct 10:00.",
        ]
        await office.shows("opens Tue 27 Oct 10:00")
        await presses(cancel)
        await admin.taps(t.plain("survey_desk.sure"), chat=office)
        await office.shows("🚫 cancelled")
        for data in (cancel.replace("cancel", "sure"), later):
            assert await presses(data) == t.plain("survey.cancelled_already")

        await admin.says("/poll Tea? | Yes | No", chat=office)
        await admin.taps(t.plain("pulse.send_groups", count=2), chat=office)
        await office.shows("Asked: Tea?")
        await campus.later(days=12)
        assert "All in all" not in "".join(message.text for message in await campus.stage.transcript(alice.id))
        await admin.says("/audit surveys", chat=office)
        lines = (await office.shows("what was done last")).text.split("\n")[1:]
        assert [re.sub(r"^[^·]* · ", "", line) for line in lines] == [
            "put survey 1 off · Zhao",
            "cancelled survey 1 · Zhao",
            "asked poll 1 · Zhao → East Campus Station, West Campus Station",
            "poll 1 closed",
        ]
        async with campus.app.database.reading() as session:
            sealed = await session.scalars(select(Link.row_id).where(Link.source == Source.ACT))
            assert set(sealed) == set(await session.scalars(select(Act.id)))
