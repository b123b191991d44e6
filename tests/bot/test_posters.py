"""Posters: one sheet a station, whose link opens the bot there."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path

import pytest
from pypdf import PdfReader

from bot import check, posters
from models import links
from models.database import Database
from models.links import Link
from sandbox import server
from sandbox.client import Sandbox
from tests.campus import TOKEN, settings
from tests.house import HOUSE

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


async def test_each_station_has_a_sheet_in_three_languages(
    database: Database, database_url: str, tmp_path: Path, now: datetime
) -> None:
    chosen = settings("http://127.0.0.1:1", database_url, access={"mode": "code"})
    last_day = date(2027, 4, 1)
    found = await posters.posters(chosen, "union_bot", last_day, now)
    assert [poster.station for poster in found] == ["east", "west", "south"]
    for poster in found:
        address, _, payload = poster.url.partition("?start=")
        assert address == "https://t.me/union_bot"
        assert links.read(payload, HOUSE.vault, now) == Link(poster.station, 1, last_day)
    written = posters.draw(found[:1], chosen, tmp_path / "out", png=True)
    assert [path.name for path in written] == ["posters.pdf", "east.png"]
    (page,) = PdfReader(written[0]).pages
    text = "".join(page.extract_text().split())
    for name in (*found[0].names.values(), found[0].code or "?", "@union_bot", last_day.isoformat()):
        assert name.replace(" ", "") in text, name


async def test_where_everybody_may_come_a_link_carries_no_rights(
    database: Database, database_url: str, now: datetime
) -> None:
    chosen = settings("http://127.0.0.1:1", database_url)
    found = await posters.posters(chosen, "union_bot", date(2027, 4, 1), now)
    assert all(poster.code is None and poster.until is None for poster in found)
    payload = found[0].url.partition("?start=")[2]
    assert links.read(payload, HOUSE.vault, now) == Link("east")


async def test_the_bot_s_name_is_telegram_s_where_none_is_given(database_url: str) -> None:
    async with server.start(tokens=[TOKEN], flood=False) as telegram, Sandbox(telegram.url) as stage:
        await stage.bot(TOKEN, username="our_union_bot", first_name="Union")
        assert await check.bots_name(settings(telegram.url, database_url)) == "our_union_bot"
    with pytest.raises(check.Unreachable, match=telegram.url):
        await check.bots_name(settings(telegram.url, database_url))
