"""The public pages of what the union discloses: versions, comments with their answers, and the frozen figures."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest

from models import statistics
from models.database import Database
from models.figures import Rate, Share
from models.statistics import Figures
from models.union import comments, deliveries, moderation, open_figures
from models.union.comments import Reason
from models.union.publications import Heading
from tests.bot.test_pages import HOSTILE, SETTINGS, browsing
from tests.house import HOUSE, furnish, staff, student
from tests.models.test_disclosure import published
from tests.surveying.results import CLOSES

DAY = timedelta(days=1)
MONTH = date(2026, 10, 1)


def plain(text: str) -> str:
    """Without what makes it a table."""
    return re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", text.replace("\u00a0", " ").replace("\u2060", "")))


def counted(answers: int, good: int) -> Figures:
    said = Share(Rate(good, answers), 3)
    return Figures(40, Share(Rate(36, 40), 2), solved=said, satisfied=said, on_time=Share(Rate(30, 40), 1))


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_versions_and_comments_are_read_by_everybody_and_nothing_else(database: Database) -> None:
    async with browsing(database) as gets:
        status, text, _ = await gets("/union?lang=en")
        assert (status, plain(text).count("Not disclosed yet."), text.count('href="/union/')) == (200, 5, 0)
        assert "No comment has been shown yet." in text
        now = CLOSES - 9 * DAY
        async with database.transaction() as session:
            await furnish(session)
            alice, wang = await student(session), await staff(session)
            await published(session, Heading.STAFF, f"Old {HOSTILE}\nSecond line", now)
            await published(session, Heading.STAFF, "Fifteen people\nin five departments", now + DAY)
            withdrawn = await published(session, Heading.REFORM, "A mistake", now)
            await deliveries.withdraw(session, withdrawn, dict.fromkeys(HOUSE.languages, "wrong"), HOUSE, wang, now)

            async def said(words: str, heading: Heading | None, *, named: bool = False) -> int:
                return (await comments.send(session, words, heading, alice, HOUSE, now, named=named)).id

            shown = await said(HOSTILE, Heading.STAFF, named=True)
            await moderation.answer(session, shown, wang, f"Because {HOSTILE}", False, HOUSE, now + DAY)
            insult = await said("An insult", Heading.STAFF)
            await moderation.hide(session, insult, wang, Reason.INSULT, HOUSE, now)
            general = await said("In general", None)
            await moderation.reveal(session, general, wang, HOUSE, now)
            await said("Nobody has looked at it", None)
        status, text, _ = await gets("/union?lang=en")
        assert "Version 2, approved by the Youth League Committee on" in text
        assert '<div class="changes"><p>Fifteen people</p></div>' in text
        assert ("In general" in text, "Nobody has looked" in text) == (True, False)
        assert plain(text).count("Not disclosed yet.") == 4
        status, text, headers = await gets("/union/staff?lang=en")
        assert (status, "in five departments" in text, "Second line" in text) == (200, True, False)
        assert "default-src 'none'" in headers["Content-Security-Policy"]
        assert "C1 · Alice ·" in text
        assert "An insult" not in text
        assert "1 more is not shown" in text
        assert text.count("&lt;script&gt;") == 2
        assert "<script" not in text
        assert 'href="/union/staff?version=1&amp;lang=en"' in text
        status, text, _ = await gets("/union/staff?version=1&lang=en")
        assert (status, "earlier version" in text, "Second line" in text, "<script" in text) == (200, True, True, False)
        assert 'href="/union/staff?version=1&amp;lang=zh-hans"' in text, "the same version in another language"
        for path in ("staff?version=3", "reform", "nothing", "key_work", f"staff?version={HOSTILE}"):
            status, text, _ = await gets(f"/union/{path}")
            assert (status, "<script" in text) == (404, False), path


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_frozen_figures_are_told_with_their_numbers_and_small_ones_are_not(database: Database) -> None:
    async with browsing(database) as gets:
        _, text, _ = await gets("/figures?lang=en")
        assert "There are no open figures yet." in text
        async with database.transaction() as session:
            places = await furnish(session)
            calendar = replace(HOUSE.calendar, semesters=SETTINGS.work_calendar().semesters)
            for month, west in ((MONTH, 12), (date(2026, 11, 1), 4)):
                figures = {places["east"].id: counted(20, 18), places["west"].id: counted(west, 2)}
                at = statistics.period("week", calendar, calendar.at(month + 40 * DAY, CLOSES.time())).until
                await open_figures.keep(session, month, figures, calendar, 10, at)
        status, text, _ = await gets("/figures?lang=en")
        said = plain(text)
        assert status == 200
        assert said.index("November 2026") < said.index("October 2026")
        assert "East Station 90.0 % 69.9–97.2 % 18/20 3" in said
        assert "West Station fewer than 10 answers" in said
        assert "All together not shown, or a small number could be worked out from it" in said
        so_far = said[: said.index("November")]
        assert "Satisfaction rate not shown, or" in so_far, "nor does the semester so far tell it"
        assert "Response rate 90.0 %" in so_far
        for path in ("/figures", "/union", "/surveys", "/board"):
            _, text, _ = await gets(f"{path}?lang=zh-hant")
            found: Any = re.search(r'<nav class="pages".*?</nav>', text, re.DOTALL)
            assert found is not None
            assert found[0].count("lang=zh-hant") == 4
            assert f'href="{path}?lang=zh-hant" aria-current="page"' in found[0]
