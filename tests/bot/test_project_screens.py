"""However much people write, and with whatever signs, the screen of a project fits into one message."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from markupsafe import Markup

from bot import project_desk, project_screens
from bot.calls import TEXT_LIMIT
from bot.texts import Catalogue
from bot.untrusted import units
from models.projects import TITLE_LENGTH, Conclusion, Project, ProjectState
from models.surveys import Verdict
from models.union import bids, milestones, scoring, undertaking
from models.union.bids import Bid
from models.union.milestones import Milestone, MilestoneState
from models.union.scoring import Mean
from models.union.undertaking import ProjectRow

NOW = datetime(2026, 11, 1, tzinfo=UTC)
LEFT = 100
"""So much is said above a screen of what it puts an end to."""


@pytest.mark.parametrize("sign", ["字", "🌱"])
def test_the_screen_of_a_project_fits_into_a_message(sign: str) -> None:
    """An emoji counts twice for Telegram: a project full of them could not be opened any more."""
    project = Project(
        id=99_999,
        title=sign * TITLE_LENGTH,
        state=ProjectState.STOPPED,
        criteria=[sign * undertaking.CRITERION_LENGTH] * undertaking.CRITERIA,
        reward=sign * undertaking.REWARD_LENGTH,
        bids_until=NOW,
        awarded_at=NOW,
        award_reason={"en": sign * undertaking.REASON_LENGTH},
        end_reason={"en": sign * undertaking.REASON_LENGTH},
    )
    what, missing = sign * milestones.WHAT_LENGTH, sign * milestones.MISSING_LENGTH
    steps = [
        Milestone(id=number, what=what, due=NOW.date(), state=MilestoneState.AWAITED, missing=missing)
        for number in range(milestones.MOST)
    ]
    name = sign * bids.NAME_LENGTH
    means = [Mean(Bid(id=1, name=name), [9.9] * undertaking.CRITERIA, 9.9, scoring.MOST)] * bids.MOST
    concluded = Conclusion(Verdict.STOP, {"en": sign * 1000}, NOW)
    standing = project_desk.Standing(
        99_999, means=means, bids=bids.MOST, awarded_to=name, milestones=steps, concluded=concluded
    )
    row = ProjectRow(project, 9, bids.MOST, name, 1, milestones.MOST, concluded)
    me = {"has_bid": False, "review": None, "undertakes": True}
    for language, t in Catalogue.load(ZoneInfo("Asia/Shanghai")).items():
        office, _ = project_desk.one(project, standing, t, NOW, NOW.date())
        student, _ = project_screens.one(row, steps, **me, t=t, now=NOW, today=NOW.date())  # type: ignore[arg-type]
        for text in (office, student):
            assert units(Markup(text).striptags()) <= TEXT_LIMIT - LEFT, language
