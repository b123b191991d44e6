"""CONTRIBUTING.md's recipes, followed: each addition takes what the recipe says, and nothing else."""

from __future__ import annotations

import tomllib
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import pytest
from aiogram import Router
from aiogram.filters import Command
from aiogram.types import Message
from apscheduler.triggers.interval import IntervalTrigger

import handlers
from bot.settings import Settings
from bot.toolbox import Toolbox
from handlers.staff.desk import AtDesk, Desk
from handlers.students.talk import Private, Talk
from handlers.union.acting import Acting, Wherever
from models.database import Database
from models.inbox import Incoming
from models.permissions import Deed
from scheduler import clock
from scheduler.clock import Job
from tests.campus import EXAMPLE, running


@pytest.fixture
def database_url(tmp_path: Any) -> str:
    return f"sqlite:///{tmp_path / 'unionbot.db'}"


async def test_a_category_is_one_entry_in_the_file(database_url: str) -> None:
    categories = tomllib.loads(EXAMPLE.read_text(encoding="utf-8"))["categories"]
    name = {"zh-hans": "快递", "zh-hant": "快遞", "en": "Parcels"}
    categories.append({"key": "parcels", "name": name, "to": "office", "deadlines": {"claim": "1h"}})
    async with running(database_url, categories=categories) as campus:
        alice = await campus.student("Alice")
        number = await campus.files(alice, "My parcel is not there", category=("parcels",))
        card = await campus.office.shows(f"#{number} ·")
        assert "Parcels" in card.text
        assert "Claim by Mon 12 Oct 10:3" in card.text


SURVEY = """
each = "semester"
week = 6
weekday = "monday"
time = "10:00"
title = { zh-hans = "自习室", zh-hant = "自習室", en = "Study rooms" }
[[questions]]
key = "seats"
kind = "agreement"
text = { zh-hans = "座位够吗？", zh-hant = "座位夠嗎？", en = "Are there enough seats?" }
"""


async def test_a_survey_is_a_file_that_the_calendar_brings(database_url: str, tmp_path: Any) -> None:
    folder = tmp_path / "surveys"
    folder.mkdir()
    (folder / "study-rooms.toml").write_text(SURVEY, encoding="utf-8")
    async with running(database_url, surveys={"folder": str(folder)}) as campus:
        alice = await campus.student("Alice")
        await campus.later(seconds=1)
        told = await campus.office.shows("Study rooms")
        assert "goes out today 10:00" in told.text
        await campus.later(minutes=31)
        await alice.reads("Study rooms")
        await alice.taps("✍️ Begin")
        await alice.reads("Are there enough seats?")
        await alice.taps("Agree")
        await alice.reads("look it over")


async def test_a_job_is_a_function_and_a_line(database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[datetime] = []

    async def run(database: Database, toolbox: Toolbox, now: datetime) -> None:
        async with database.reading() as session:
            assert await session.get(Incoming, -1) is None
        assert isinstance(toolbox.settings, Settings)
        seen.append(now)

    monkeypatch.setattr(clock, "JOBS", (*clock.JOBS, Job("mine", partial(IntervalTrigger, minutes=5), run)))
    async with running(database_url) as campus:
        await campus.later(hours=1)
        assert campus.clock() - seen[-1] < timedelta(minutes=1)


async def test_a_conversation_is_a_file_and_a_line(database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    async def weather(message: Message, talk: Talk) -> None:
        await message.answer(f"It rains on {talk.person.name}.")

    async def roof(message: Message, desk: Desk) -> None:
        someone = await desk.may_here(Deed.WALKIN)
        await message.reply(f"{someone.name}, the roof of {desk.t.pick(desk.station.names)} leaks.")

    async def sky(message: Message, acting: Acting) -> None:
        await message.reply(f"{(await acting.may(Deed.POLL)).name}, it clears up.")

    def mine() -> Router:
        router = Router(name="weather")
        router.message.register(weather, Command("weather"), Private())
        router.message.register(roof, Command("weather"), AtDesk())
        router.message.register(sky, Command("sky"), Wherever())
        return router

    whole = handlers.router

    def with_mine() -> Router:
        root = Router(name="with mine")
        root.include_router(mine())
        root.include_router(whole())
        return root

    monkeypatch.setattr(handlers, "router", with_mine)
    async with running(database_url) as campus:
        alice = await campus.student("Alice")
        await alice.says("/weather")
        await alice.reads("It rains on Alice.")
        await campus.li.says("/weather", chat=campus.east)
        await campus.li.reads("Li, the roof of East", chat=campus.east)
        await campus.admin.says("/sky", chat=campus.office)
        await campus.admin.reads("Zhao, it clears up.", chat=campus.office)
        number = await campus.files(alice, "The tap drips")
        await campus.east.shows(f"#{number} ·")
