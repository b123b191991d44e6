"""A sealed report reaches the supervisors and nobody else, and no copy of the database tells what it says."""

from __future__ import annotations

import json

import pytest

from models import stations
from models.base import Base
from tests.campus import running

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


async def test_a_report_reaches_the_supervisors_only_and_is_answered(database_url: str) -> None:
    async with running(database_url) as campus:
        t, stage = campus.t("en"), campus.stage
        teacher = await stage.person("Teacher Sun", "en", id=700000002)
        room = await stage.group("Teachers", [teacher], [campus.admin])
        async with campus.app.database.transaction() as session:
            place = await stations.by_key(session, "supervisors")
            assert place is not None
            place.chat_id, place.language = room.id, "en"
        alice = await campus.student("Alice", id=837465921)
        await alice.says("/report")
        await alice.taps(t.plain("report.begin"))
        await alice.says("Zhou Dahai of East Station")
        await alice.taps(t.plain("report.no"))
        await alice.says("He sold the free tickets")
        await alice.taps(t.plain("new.continue"))
        await alice.taps(t.plain("report.anonymous"))
        await alice.taps(t.plain("report.send"))
        await alice.reads("nobody can open it yet")
        assert "sold the free" not in json.dumps([m.raw for m in await room.transcript()])
        assert await campus.admin.taps(t.plain("case.do.room"), chat=room) == t.plain("case.supervisors_only")
        await teacher.taps(t.plain("case.do.room"), chat=room)
        card = await room.shows("sold the free tickets")
        assert "Alice" not in card.text
        await teacher.taps(t.plain("case.do.ack"), chat=room)
        await alice.reads("has acknowledged")
        await teacher.says("When was that?", chat=room, reply_to=card)
        asked = await alice.reads("When was that?")
        await alice.says("On Friday", reply_to=asked)
        await room.shows("On Friday")
        await campus.quiet()
        async with campus.app.database.reading() as session:
            for table in Base.metadata.sorted_tables:
                for row in await session.execute(table.select()):
                    shown = repr(tuple(row))
                    for secret in ("Dahai", "free tickets", "On Friday", "When was that"):
                        assert secret not in shown, table.name
                    if table.name not in ("people", "grants"):
                        assert "837465921" not in shown, table.name
