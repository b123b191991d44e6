"""A role is what it is at the moment of the press: whoever has lost it meanwhile changes nothing."""

from __future__ import annotations

import re

import pytest

from models import people, stations
from models.people import Role
from tests.campus import Campus, running

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
"""Nothing here depends on the kind of database."""


async def take_back(campus: Campus) -> None:
    """The admin is dropped from config.toml, as the program reads it at its start."""
    async with campus.app.database.transaction() as session:
        await people.grant_configured(session, Role.ADMIN, [], campus.clock())


async def test_a_poll_is_not_asked_by_somebody_who_is_no_admin_any_more(database_url: str) -> None:
    async with running(database_url) as campus:
        t = campus.t("en")
        alice = await campus.student("Alice")
        await campus.admin.says("/poll Is the water warm? | Yes | No", chat=campus.office)
        await campus.admin.reads("Is the water warm?", chat=campus.office)
        await take_back(campus)
        said = await campus.admin.taps(t.plain("pulse.send"), chat=campus.office)
        assert said == t.plain("pulse.admins_only")
        await campus.quiet()
        assert not [m for m in await campus.stage.transcript(alice.id) if "poll" in m.raw]


async def test_a_group_is_not_set_up_by_somebody_who_is_no_admin_any_more(database_url: str) -> None:
    async with running(database_url) as campus:
        hans = campus.t("zh-hans")
        here = await campus.stage.group("Desk", [campus.wang], [campus.admin])
        await campus.admin.says("/setup", chat=here)
        await here.shows(re.compile("🔁"))
        await take_back(campus)
        assert await campus.admin.taps(re.compile("东区"), chat=here) == hans.plain("setup.admins_only")
        async with campus.app.database.reading() as session:
            east = await stations.by_key(session, "east")
            assert east is not None
            assert east.chat_id == campus.east.id


async def test_everybody_is_asked_from_the_office_or_in_private_only(database_url: str) -> None:
    async with running(database_url) as campus:
        t = campus.t("en")
        other = await campus.stage.group("Friends", [campus.wang], [campus.admin])
        for place, language in ((campus.east, "en"), (other, "zh-hans")):
            await campus.admin.says("/poll Is the water warm? | Yes | No", chat=place)
            await campus.admin.reads(campus.t(language).plain("pulse.office_only"), chat=place)
        await campus.admin.says("/poll Is the water warm? | Yes | No", chat=campus.office)
        await campus.admin.taps(t.plain("nav.cancel"), chat=campus.office)
        await campus.admin.reads(t.plain("pulse.cancelled"), chat=campus.office)
