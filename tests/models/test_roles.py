"""Who may give which role where, and what is kept of it."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from models import people, roles
from models.database import Database
from models.errors import Refusal
from models.people import Role
from tests.house import furnish, staff


async def test_roles_are_given_by_those_who_may_and_what_config_gives_stays(database: Database, now: datetime) -> None:
    async with database.transaction() as session:
        places = await furnish(session)
        office, above, east = places["office"], places["supervisors"], places["east"]
        zhao, sun, li = await staff(session, 1, "Zhao"), await staff(session, 2, "Sun"), await staff(session, 3, "Li")
        await people.grant_configured(session, Role.ADMIN, [zhao.telegram_id], now)
        await people.grant_configured(session, Role.SUPERVISOR, [sun.telegram_id, 99], now)
        for here, giver, role, place, refusal in (
            (office, li, Role.ADMIN, None, "roles.admin_only"),
            (office, sun, Role.LEAD, east, "roles.admin_only"),
            (office, zhao, Role.SUPERVISOR, None, "roles.not_here"),
            (office, zhao, Role.READER, None, "roles.not_here"),
            (above, zhao, Role.SUPERVISOR, None, "roles.supervisor_only"),
            (above, sun, Role.ADMIN, None, "roles.not_here"),
            (east, zhao, Role.LEAD, east, "roles.not_here"),
            (office, zhao, Role.LEAD, None, "desk.old_button"),
            (office, zhao, Role.LEAD, office, "desk.old_button"),
            (office, zhao, Role.ADMIN, east, "desk.old_button"),
        ):
            with pytest.raises(Refusal) as refused:
                await roles.give(session, here, giver, role, li, place, now)
            assert refused.value.key == refusal
        await roles.give(session, office, zhao, Role.LEAD, li, east, now)
        await roles.give(session, above, sun, Role.READER, li, None, now)
        with pytest.raises(Refusal, match=r"roles\.held"):
            await roles.give(session, office, zhao, Role.LEAD, li, east, now)
        with pytest.raises(Refusal, match=r"roles\.in_config"):
            await roles.take_back(session, office, zhao, Role.ADMIN, zhao, None, now)
        assert await people.roles(session, li.telegram_id, east.id) == {Role.LEAD, Role.READER}
        found = [(h.grant.role, h.person, h.giver, h.place) for h in await roles.holders(session)]
        assert found == [
            (Role.LEAD, li, zhao, east),
            (Role.ADMIN, zhao, None, None),
            (Role.SUPERVISOR, sun, None, None),
            (Role.SUPERVISOR, None, None, None),
            (Role.READER, li, sun, None),
        ]
        await roles.take_back(session, office, zhao, Role.LEAD, li, east, now + timedelta(days=1))
        with pytest.raises(Refusal, match=r"roles\.not_held"):
            await roles.take_back(session, office, zhao, Role.LEAD, li, east, now)
        assert [h.grant.role for h in await roles.holders(session, li.telegram_id)] == [Role.READER]
