"""What came of a survey reaches the office, then those who were asked, and the public page."""

from __future__ import annotations

import re
import shutil
from datetime import timedelta
from pathlib import Path
from typing import Any

import aiohttp

from bot.texts import unbroken
from models import people
from models.invitations import Invitation, Part
from models.surveys import Stage
from tests.campus import running
from tests.surveying.results import closed


async def test_results_are_shown_to_the_office_told_and_published(migrated: Path, tmp_path: Path) -> None:
    shutil.copy(migrated, tmp_path / "unionbot.db")
    address = f"sqlite:///{tmp_path / 'unionbot.db'}"
    public: dict[str, Any] = {"pages": {"enabled": True}, "telegram": {"listen": "127.0.0.1:0"}}
    async with running(address, **public) as campus, aiohttp.ClientSession() as http:
        admin, office, alice = campus.admin, campus.office, await campus.student("Alice", "en")
        async with campus.app.database.transaction() as session:
            survey = await closed(session, campus.clock() - timedelta(days=1), Stage.CLOSED)
            survey.what_changes = None
            person = await people.by_telegram_id(session, alice.id)
            assert person is not None
            session.add(Invitation(survey_id=survey.id, person_id=person.id, part=Part.FINISHED, reminded=0))
            number = survey.id

        async def page() -> tuple[int, str]:
            async with http.get(f"{campus.app.address}/surveys/{number}?lang=en") as answer:
                return answer.status, await answer.text()

        await admin.says(f"/survey {number}", chat=office)
        await office.shows("Satisfaction survey, autumn 2026")
        await admin.taps("📊 Results", chat=office)
        await campus.later(seconds=10)
        words = await office.shows("Distribution")
        assert unbroken("CSAT 68.3 % (164 of 240) [62.2–73.9 %]") in words.text
        await campus.quiet()
        said = await campus.stage.transcript(office.id)
        pictures = [message for message in said if message.raw.get("photo")]
        assert len(pictures) >= 4
        await office.shows(f"📎 {len(pictures)} pictures and a table follow.")
        assert any("Question by question" in message.raw["caption"] for message in pictures)
        (file,) = [message.raw["document"] for message in said if message.raw.get("document")]
        assert file["file_name"] == f"survey-{number}.xlsx"
        assert (await page())[0] == 404
        await admin.taps("📄 CSV", chat=office)
        await campus.later(seconds=10)
        await campus.quiet()
        *_, last = await campus.stage.transcript(office.id)
        assert last.raw["document"]["file_name"] == f"survey-{number}.csv"

        await admin.taps("📣 Say what will change", chat=office)
        await admin.says("热水供应时间延长到 23:30。", chat=office)
        await admin.taps(re.compile("📨"), chat=office)
        await campus.later(minutes=2)
        await alice.reads("You asked, we did")
        await alice.taps("📊 All results")
        everything = await alice.reads("Distribution")
        assert unbroken("CSAT 68.3 % (164 of 240) [62.2–73.9 %]") in everything.text
        status, text = await page()
        assert status == 200
        assert "23:30" in text
