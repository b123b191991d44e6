"""A whole semester of surveys with a moved clock: the calendar brings one, the office starts another; invitations,
reminders to those who have not finished, closing, results, and what has changed since the semester before.
"""

from __future__ import annotations

import re
import shutil
from collections import Counter
from datetime import timedelta
from pathlib import Path
from typing import Any

from bot.texts import unbroken
from models import surveys
from models.questionnaires import EVERYBODY, Questionnaire
from models.results import Results
from models.surveys import Stage
from models.tallies import Count, Tally
from sandbox.client import Person
from tests.campus import Campus, running

SATISFACTION = """
each = "semester"
week = 7
weekday = "tuesday"
time = "10:00"
open_for_days = 14
reminders = [5, 10]
title.zh-hans = "学期满意度"
title.zh-hant = "學期滿意度"
title.en = "Semester satisfaction"

[[questions]]
key = "overall"
kind = "agreement"
labels = "satisfaction"
required = true
text.zh-hans = "总体满意吗？"
text.zh-hant = "總體滿意嗎？"
text.en = "All in all?"

[[questions]]
key = "words"
kind = "words"
text.zh-hans = "还想说什么？"
text.zh-hant = "還想說什麼？"
text.en = "What else?"
"""
PULSE = "One question: …"
REMINDER = "Still open"


async def finishes(person: Person, step: str, words: str | None = None, begin: str = "✍️ Begin") -> None:
    """From the invitation to the receipt."""
    await person.taps(begin)
    await person.reads("All in all?")
    await person.taps(step)
    await person.reads("What else?")
    if words is None:
        await person.taps("Skip ▶")
    else:
        await person.says(words)
    await person.reads("look it over")
    await person.taps("📨 Send")
    await person.reads("Thank you!")


async def reminders(campus: Campus, person: Person) -> int:
    """How many they have got."""
    await campus.quiet()
    return sum(REMINDER in message.text for message in await campus.stage.transcript(person.id))


async def a_semester_before(campus: Campus, asked: Questionnaire) -> None:
    """In the spring one of forty was content."""
    then = campus.clock() - timedelta(days=160)
    tally = Tally(40, {"overall": Count(40, Counter({"1": 20, "2": 19, "4": 1}))})
    async with campus.app.database.transaction() as session:
        survey = await surveys.plan(
            session, key="semester-satisfaction", questionnaire=asked, opens_at=then, closes_at=then, cell=2,
            target=EVERYBODY, semester="2025-2026-2",
        )  # fmt: skip
        assert survey is not None
        survey.stage, survey.results = Stage.TOLD, Results(2, 90, 40, 3, tally).plain()


async def test_a_semester_of_surveys(migrated: Path, tmp_path: Path) -> None:
    shutil.copy(migrated, tmp_path / "unionbot.db")
    folder = tmp_path / "surveys"
    folder.mkdir()
    (folder / "semester-satisfaction.toml").write_text(SATISFACTION, encoding="utf-8")
    own: dict[str, Any] = {"surveys": {"minimum_cell": 2, "folder": str(folder)}}
    async with running(f"sqlite:///{tmp_path / 'unionbot.db'}", **own) as campus:
        alice, bob, carol, dave, erin = [
            await campus.student(name) for name in ("Alice", "Bob", "Carol", "Dave", "Erin")
        ]
        admin, office = campus.admin, campus.office
        await a_semester_before(campus, campus.app.toolbox.surveys["semester-satisfaction"].questionnaire)

        # Saturday: the office is told. Tuesday of the seventh week at ten: everybody is asked, once.
        await campus.later(days=5, hours=1)
        await office.shows("goes out")
        await campus.later(days=3)
        for person in (alice, bob, carol, dave, erin):
            await person.reads("Semester satisfaction")
        await finishes(alice, "Very satisfied", "Hot water is warmer now")
        await finishes(bob, "Satisfied")
        await dave.taps("✍️ Begin")
        await dave.reads("All in all?")
        await erin.taps("🔕 Don’t ask me again this semester")
        await erin.reads("you are not asked again until")
        await campus.later(days=2)
        assert [await reminders(campus, person) for person in (alice, carol, dave, erin)] == [0, 0, 0, 0]

        # Five days on: those who have not finished, but for who wants peace. Ten days on: the second and last.
        await campus.later(days=4)
        assert [await reminders(campus, person) for person in (alice, carol, dave, erin)] == [0, 1, 1, 0]
        await finishes(carol, "Satisfied", "Wang Lei Laoshi helped: call 138 1234 5678")
        await campus.later(days=5)
        # Carol's only one has become her receipt.
        assert [await reminders(campus, person) for person in (alice, carol, dave, erin)] == [0, 0, 2, 0]
        await finishes(dave, "Satisfied", begin="✍️ Go on")
        await campus.later(days=2)
        assert await reminders(campus, dave) == 1, "the other has become the receipt, and no third came"

        # It closes: what came of it stands in the office, beside the semester before.
        await admin.says("/survey", chat=office)
        assert "4 completed" in (await office.shows("Semester satisfaction · 2026-2027-1")).text
        await campus.later(days=3)
        await campus.later(seconds=10)
        words = await office.shows("Distribution")
        assert unbroken("CSAT 100.0 % (4 of 4)") in words.text
        assert "4 of 5" in words.text
        assert "“Hot water is warmer now”" in words.text
        assert "138" not in words.text, "it may name somebody, and nobody has looked"
        assert re.search(r"2026-2027-1.*▲|▲.*2026-2027-1", words.text), words.text
        assert "closed" in (await dave.taps("✏️ Change my answers") or "")

        # One remark may name somebody: the office looks first.
        await admin.says("/survey 2", chat=office)
        await admin.taps(re.compile("🔎"), chat=office)
        await office.shows("138 1234 5678")
        await admin.taps("🚫 Not quoted", chat=office)
        await office.shows("have been looked at")
        await admin.says("/survey 2", chat=office)
        await admin.taps("📣 Say what will change", chat=office)
        await admin.says("Hot water until 23:30", chat=office)
        await admin.taps(re.compile("📨"), chat=office)
        await campus.later(minutes=2)
        assert "Hot water until 23:30" in (await alice.reads("You asked, we did")).text

        # The second one the office starts by itself, about something of its own.
        await admin.says("/survey", chat=office)
        await admin.taps("➕ New survey", chat=office)
        await office.shows("Which survey?")
        await admin.taps(PULSE, chat=office)
        await office.shows("What is it about?")
        await admin.says("the night bus", chat=office)
        await admin.taps("everybody", chat=office)
        await admin.taps("Now", chat=office)
        await admin.taps("🚀 Plan it", chat=office)
        await campus.later(minutes=2)
        invitation = await bob.reads("the night bus")
        assert "Anonymous" in invitation.text
        async with campus.app.database.reading() as session:
            open_now = await surveys.in_stage(session, Stage.OPEN)
            assert [survey.occasion for survey in open_now if "night bus" in survey.definition["title"]["en"]] == [None]
