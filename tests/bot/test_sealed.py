"""What a reporter sees of a report of theirs."""

from __future__ import annotations

import re
from datetime import datetime, timedelta

import pytest

from bot.sealed import LONGEST, own_text
from bot.texts import Catalogue
from bot.untrusted import units
from models.cases import Case, CaseState, Head, Line, Said
from tests.house import CALENDAR

TEXTS = Catalogue.load(CALENDAR.timezone)


@pytest.mark.parametrize("language", ["zh-hans", "zh-hant", "en"])
@pytest.mark.parametrize("word", ["<&>", "票🎫"])
def test_of_a_long_report_the_head_and_the_newest_are_shown_and_how_many_are_not(
    now: datetime, language: str, word: str
) -> None:
    t = TEXTS[language]
    case = Case(code="7F3K", state=CaseState.CLOSED, filed_at=now, due=now, delivered=True)
    lines = [
        Line(i, Said.REPORTER, now + timedelta(hours=i), "", {"type": "text", "text": f"{i}. {word * 60}"})
        for i in range(1, 41)
    ]
    lines.append(Line(41, Said.STEP, now + timedelta(days=3), "Sun", {"type": "founded", "text": "Seen to"}))
    shown = own_text(case, Head("Zhou of East Station"), lines, t, now + timedelta(days=4))
    assert shown.startswith(t("case.head", code="7F3K", state=t.plain("case.state.closed")))
    assert "Zhou of East Station" in shown
    assert shown.endswith("Seen to"), "the outcome is what they came for"
    numbers = [int(found) for found in re.findall(r"(?<!\d)(\d+)\. ", shown)]
    assert numbers == list(range(numbers[0], 41)), "the newest, without a gap"
    assert t.n("report.earlier", numbers[0] - 1) in shown
    assert LONGEST / 2 < units(shown) < 4096
    assert re.sub(r"&(?:lt|amp|gt|quot|#\d+);", "", shown).count("&") == 0, "no sign is cut in two"
    few = own_text(case, Head("Zhou"), lines[-2:], t, now + timedelta(days=4))
    assert t.n("report.earlier", 0)[:1] not in few
