"""Who holds what, as the office reads it."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from bot import roles
from bot.texts import Catalogue
from bot.untrusted import units
from models.people import Grant, Person, Role
from models.roles import Holder

NOW = datetime(2026, 10, 12, 2, tzinfo=UTC)


def test_a_hundred_leads_are_told_in_several_messages_and_nobody_is_left_out() -> None:
    t = Catalogue.load(ZoneInfo("Asia/Shanghai"))["zh-hans"]
    people = [Person(telegram_id=n, name=f"站长{n:03}" + "东" * 30, username="a" * 30) for n in range(100)]
    held = [Holder(Grant(role=Role.LEAD, given_by=1, given_at=NOW), each, people[0], None) for each in people]
    parts = roles.everybody(held, t, NOW)
    assert len(parts) > 2
    assert all(0 < units(part) <= 4096 for part in parts)
    assert all(any(each.name[:5] in part for part in parts) for each in people)
