"""The public pages: what the union has published of surveys, for everybody, in three languages, without a script."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import re
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from typing import Any
from xml.etree import ElementTree

import aiohttp
import pytest

from bot import survey_screens
from bot.app import house_of
from bot.inbox import Intake
from bot.texts import Catalogue
from bot.toolbox import Toolbox
from bot.web import Web
from bot.web.board import BoardPage
from bot.web.disclosure import Disclosed
from bot.web.pages import Pages
from models.database import Database
from models.questionnaires import Questionnaire
from models.results import Results
from models.surveys import STAFF_EVALUATION, Stage
from models.union import floors
from tests.campus import settings
from tests.house import HOUSE
from tests.surveying.results import ASKED, CLOSES, RESULTS, closed, three

SETTINGS = settings("http://127.0.0.1:1", "sqlite:///unused.db", telegram={"listen": "127.0.0.1:0"})
HOSTILE = "<script>alert(1)</script> --> $\\frac{$ \"' 🎉"


@contextlib.asynccontextmanager
async def browsing(database: Database) -> AsyncIterator[Any]:
    toolbox = Toolbox(SETTINGS, house_of(SETTINGS), Catalogue.load(SETTINGS.timezone))
    intake = Intake(database, 700000, HOUSE.vault, lambda: CLOSES, lambda: None)
    known = database, toolbox, lambda: CLOSES
    parts = Pages(database, toolbox), Disclosed(*known), BoardPage(*known)
    async with Web(SETTINGS, intake, database, *parts) as web, aiohttp.ClientSession() as http:

        async def gets(path: str, liked: str = "") -> tuple[int, str, Any]:
            async with http.get(web.address + path, headers={"Accept-Language": liked} if liked else {}) as answer:
                return answer.status, await answer.text(), answer.headers

        yield gets


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_what_the_union_has_published_is_read_in_three_languages(database: Database) -> None:
    async with browsing(database) as gets:
        status, text, _ = await gets("/surveys?lang=en")
        assert (status, "No results have been published yet." in text) == (200, True)
        async with database.transaction() as session:
            earlier = {**RESULTS.everybody.plain()["questions"], "overall": {"of": 240, "by": {"5": 220, "1": 20}}}
            before = Results.of({**RESULTS.plain(), "everybody": {"completed": 240, "questions": earlier}})
            await closed(session, CLOSES - timedelta(days=180), results=before, semester="2025-2026-2")
            survey = await closed(session)
            waiting = await closed(session, CLOSES + timedelta(days=1), Stage.CLOSED)
            staff = await closed(session, CLOSES + timedelta(days=2))
            staff.key = STAFF_EVALUATION
        status, text, _ = await gets("/surveys?lang=en")
        assert text.count("<article>") == 2, "what the office has not published, and the staff, are not there"
        assert text.index(f"/surveys/{survey.id}?lang=en") < text.index(f"/surveys/{survey.id - 1}?lang=en")
        assert "Hot water runs until 23:30." in text

        page = f"/surveys/{survey.id}"
        for liked, tag, title in (
            ("fr, zh-TW;q=0.8, en;q=0.5", "zh-Hant", "學生會服務滿意度調查"),
            ("en-GB,zh;q=0.4", "en", "Satisfaction survey, autumn 2026"),
            ("de", "zh-Hans", "学生会服务满意度测评"),
        ):
            status, text, headers = await gets(page, liked)
            assert (status, f'<html lang="{tag}">' in text, title in text) == (200, True, True)
            assert headers["Content-Language"] == tag
            assert re.search(r'<a [^>]*lang="' + tag + '" aria-current="true"', text)
        status, text, headers = await gets(page + "?lang=en")
        for said in (
            "Completed 240 of 612 invited: 39.2 % [35.4–43.1 %]",
            "CSAT 68.3 % (164 of 240) [62.2–73.9 %]",
            '<th scope="row">East Campus Station</th><td>75.0 %</td><td>90/120</td><td>66.6–81.9 %</td>',
            "2026-2027-1 ▼",
        ):
            assert said in re.sub(r"</?span[^>]*>", "", text), said
        assert "2025-2026-2 ▲" not in text
        for svg in re.findall(r"<svg.*?</svg>", text, re.DOTALL):
            ElementTree.fromstring(svg)
            assert not re.search(r"style=|<style|<text|<script", svg), "nothing that the policy drops, no font needed"
        assert text.count("<svg") == text.count('<figure role="img" aria-label="') > 3
        policy = headers["Content-Security-Policy"]
        (style,) = re.findall(r"<style>(.*?)</style>", text, re.DOTALL)
        digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
        assert "default-src 'none'" in policy
        assert f"style-src 'sha256-{digest}'" in policy
        assert not re.search(r"<script|\son\w+=|(?:src|href)=\"(?:https?:)?//", text.replace("http://www.w3.org", ""))

        for given in (waiting.id, staff.id, 0, "99999999999999999999", "%27"):
            status, text, _ = await gets(f"/surveys/{given}?lang=en")
            assert (status, "have not been published" in text) == (404, True), given
        t = Catalogue.load(SETTINGS.timezone)["en"]
        rows = [len(survey_screens.told(each, RESULTS, t)[1]["inline_keyboard"]) for each in (survey, staff)]
        assert rows == [1, 0], "nor behind a button to everybody who was asked"


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_a_hostile_title_is_words_and_too_few_answers_are_nothing(database: Database) -> None:
    asked = Questionnaire(three(HOSTILE, HOSTILE, HOSTILE), ASKED.questions, three(HOSTILE, HOSTILE, HOSTILE))
    few = Results(10, 40, 9, 0, RESULTS.everybody, RESULTS.cuts)
    async with database.transaction() as session:
        survey, small = await closed(session, asked=asked), await closed(session, results=few)
        survey.what_changes = dict.fromkeys(("zh-hans", "zh-hant", "en"), HOSTILE)
    async with browsing(database) as gets:
        for path in ("/surveys", f"/surveys/{survey.id}", f"/surveys/{survey.id}?lang={HOSTILE}"):
            status, text, _ = await gets(path)
            assert status == 200
            assert "<script" not in text
            assert "&lt;script&gt;" in text
        _, text, _ = await gets(f"/surveys/{small.id}?lang=en")
        assert "Fewer than 10 answered" in text
        assert "<svg" not in text
        assert "CSAT" not in text


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_everybody_reads_how_the_floors_stand(database: Database) -> None:
    async with browsing(database) as gets:
        async with database.transaction() as session:
            survey = await closed(session, asked=replace(ASKED, title=three(HOSTILE, HOSTILE, HOSTILE)))
            survey.key = floors.SATISFACTION
        for language, study in (("en", "Theory study"), ("zh-hans", "理论学习"), ("zh-hant", "理論學習")):
            status, text, headers = await gets(f"/board?lang={language}")
            assert (status, study in text, "<script" in text, "&lt;script&gt;" in text) == (200, True, False, True)
            assert text.count("<article>") == 10
            assert "default-src 'none'" in headers["Content-Security-Policy"]
        _, text, _ = await gets("/surveys?lang=en")
        assert 'href="/board?lang=en"' in text, "the pages lead to each other"
