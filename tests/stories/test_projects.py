"""A project from the tickets it was made of to its verdict, which those who asked read and everybody may."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from bot.survey_desk import Running
from sandbox.client import Person
from tests.campus import Campus, running

TITLE = "New pipes in E1"
REASON, IN_ENGLISH = "水管已经全部换好，这个项目到此为止。", "All pipes are new: this is done."


async def answers(campus: Campus, person: Person, language: str) -> None:
    """The whole of its closing survey."""
    t = campus.t(language)
    asked = campus.app.toolbox.surveys["project-closing"].questionnaire
    await person.taps(t.plain("survey.begin"))
    for question, answer in (("part", "often"), ("solved", "solved"), ("overall", "5"), ("opinion", "stop")):
        options = {each.key: t.pick(each.text) for q in asked.questions if q.key == question for each in q.options}
        await person.taps(options.get(answer) or t.plain(f"survey.satisfaction.{answer}"))
    await person.taps(t.plain("survey.skip"))
    await person.taps(t.plain("survey.finish"))
    await person.reads("✅")


@pytest.mark.rehearsal
async def test_a_project_goes_from_its_tickets_to_its_verdict(migrated: Path, tmp_path: Path) -> None:
    shutil.copy(migrated, tmp_path / "unionbot.db")
    public: dict[str, Any] = {"pages": {"enabled": True}, "telegram": {"listen": "127.0.0.1:0"}}
    own: dict[str, Any] = {"surveys": {"minimum_cell": 2}}
    async with (
        running(f"sqlite:///{tmp_path / 'unionbot.db'}", **public, **own) as campus,
        aiohttp.ClientSession() as http,
    ):
        t, admin, office, wang, east = campus.t("en"), campus.admin, campus.office, campus.wang, campus.east
        alice, bob = await campus.student("Alice"), await campus.student("Bob", "zh-hans")
        carol = await campus.student("Carol")
        first = await campus.files(alice, "The tap in the bathroom drips all night")
        second = await campus.files(bob, "三楼没有热水已经两天了", language="zh-hans")
        third = await campus.files(carol, "Brown water comes out of the shower", anonymous=True)
        for number, words in ((first, f"/project new {TITLE}"), (second, "/project 1"), (third, "/project 1")):
            await wang.says(words, chat=east, reply_to=await east.shows(f"#{number} ·"))
            await wang.reads(f"#{number} is part of project 1", chat=east)

        await admin.says("/survey", chat=office)
        await admin.taps(t.plain("survey_desk.new"), chat=office)
        await admin.taps("The project “…”", chat=office)
        await admin.taps(f"1 · {TITLE}", chat=office)
        await admin.taps(t.plain("survey_new.askers"), chat=office)
        await admin.taps(t.plain("survey_new.opens.now"), chat=office)
        shown = await office.shows("not written in 简体中文, 繁體中文 yet")
        assert "2 people" in shown.text
        await admin.taps(t.plain("survey_desk.in_language", language="简体中文"), chat=office)
        await office.shows(f"“{TITLE}” in 简体中文?")
        await admin.says("东一栋新水管", chat=office)
        assert "not written in" not in (await office.shows("without a name")).text
        await admin.taps(t.plain("survey_new.start"), chat=office)
        await office.shows("goes out within a minute")
        await campus.later(minutes=2)
        await alice.reads(f"The project “{TITLE}”")
        await bob.reads("“东一栋新水管”项目评价")
        await answers(campus, alice, "en")
        await answers(campus, bob, "zh-hans")
        assert TITLE not in "".join(message.text for message in await campus.stage.transcript(carol.id))

        await campus.later(days=11)
        await campus.later(seconds=10)
        await office.shows("Completed 2 of 2 invited")
        await admin.says("/survey 1", chat=office)
        await admin.taps(t.plain("survey_desk.decide"), chat=office)
        await admin.taps(t.plain("verdict.keep"), chat=office)
        screen = await office.shows("Why? Write the reason")
        await admin.says("It goes on", chat=office)
        await office.shows("It goes on")
        # Somebody thinks better of it: the reason is written anew, in the language of the group.
        await admin.presses(screen, Running("verdict", 1, "stop").pack(), chat=office)
        await admin.says(IN_ENGLISH, chat=office)
        await admin.taps(t.plain("survey_desk.in_language", language="简体中文"), chat=office)
        await admin.says(REASON, chat=office)
        await admin.taps(t.plain("survey_desk.send", count=2), chat=office)
        await office.shows("Why: " + IN_ENGLISH)
        await campus.later(minutes=2)
        assert "⏹ Stop" in (await alice.reads(IN_ENGLISH)).text
        assert f"#{third} was part of it" in (await carol.reads(IN_ENGLISH)).text
        assert "⏹ 停止" in (await bob.reads(REASON)).text

        await wang.says("/projects", chat=east)
        listed = await wang.reads(f"1 · {TITLE} (3 tickets)", chat=east)
        assert f"⏹ Stop, {t.day(campus.clock().date())}: {IN_ENGLISH}" in listed.text
        await admin.says("/audit surveys", chat=office)
        assert "said what comes of survey 1 · Zhao" in (await office.shows("planned survey 1 · Zhao")).text
        card = await east.shows(f"#{await campus.files(alice, 'The lamp on the stairs is out')} ·")
        await wang.says("/project 1", chat=east, reply_to=card)
        await wang.reads("takes no more tickets", chat=east)
        for language, verdict, reason in (("en", "Stop", IN_ENGLISH), ("zh-hant", "停止", "水管已經全部換好")):
            async with http.get(f"{campus.app.address}/surveys?lang={language}") as answer:
                text = await answer.text()
                assert (answer.status, verdict in text, reason in text) == (200, True, True)
