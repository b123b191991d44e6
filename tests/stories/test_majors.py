"""A major matter goes from a station to the supervisors and, once one of them approves it, to the Party committee."""

from __future__ import annotations

import pytest

from bot.majors import Decide
from models.people import Role
from tests.campus import running
from tests.stories.test_reports import bound, met, named

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


async def test_a_major_matter_is_sent_back_comes_again_and_reaches_the_party_committee(database_url: str) -> None:
    async with running(database_url, union={"supervisors": []}) as campus:
        t, wang, east = campus.t("en"), campus.wang, campus.east
        teacher, reader = await met(campus, "Teacher Sun"), await met(campus, "Secretary Ma")
        await named(campus, Role.SUPERVISOR, teacher)
        await named(campus, Role.READER, reader)
        alice = await campus.student("Alice")
        number = await campus.files(alice, "Water stands in the cellar")
        card = await east.shows(f"#{number} ·")
        await wang.says("/major a flood", chat=east, reply_to=card)
        await wang.reads(t.plain("major.no_supervisors"), chat=east)
        room = await bound(campus, [teacher])
        await wang.says("/major", chat=east)
        await wang.reads(t.plain("major.which"), chat=east)
        await campus.admin.says(f"/major {number} a flood", chat=campus.west)
        await campus.admin.reads(t.plain("desk.elsewhere", number=number), chat=campus.west)
        await wang.says(f"/major {number} the cellar is flooded", chat=east)
        await wang.reads(t.plain("major.sent_up", number=number), chat=east)
        matter = await room.shows("Water stands in the cellar")
        assert "the cellar is flooded" in matter.text
        assert "Alice" not in matter.text
        await east.shows(t.plain("major.card.proposed"))
        await wang.says("/major once more", chat=east, reply_to=card)
        await wang.reads(t.plain("major.already", number=number), chat=east)

        # Only a supervisor decides, and only there.
        for act in ("approve", "back"):
            for who, place in ((campus.admin, room), (wang, east), (teacher, teacher), (reader, reader)):
                said = await who.presses(matter, Decide(act, 1).pack(), chat=place)
                assert said == t.plain("major.supervisors_only"), (act, who.name)
        assert await reader.presses(1, Decide("got", 1).pack()) == t.plain("major.unknown"), "nothing to receive yet"
        await teacher.taps(t.plain("major.do.back"), chat=room)
        why = await room.shows("with why it is sent back")
        await campus.admin.says("because I say so", chat=room, reply_to=why)
        await campus.admin.reads(t.plain("major.supervisors_only"), chat=room)
        await teacher.says("Say how many rooms", chat=room, reply_to=why)
        await room.shows(t.plain("major.went_back", number=number))
        await east.shows(f"Teacher Sun sent #{number} back: Say how many rooms")
        await east.shows(t.plain("major.card.sent_back"))
        assert await teacher.taps(t.plain("major.do.approve"), chat=room) == t.plain("major.decided", number=number)

        await campus.later(hours=1)
        await wang.says("/major twelve rooms are wet", chat=east, reply_to=card)
        await room.shows("twelve rooms are wet")
        await teacher.taps(t.plain("major.do.approve"), chat=room)
        approved = await room.shows("✅ Approved by Teacher Sun")
        assert "10:3" in approved.text, "with its time"
        received = await reader.reads("twelve rooms are wet")
        assert "Alice" not in received.text
        for who, place in ((wang, east), (campus.admin, campus.office), (teacher, teacher), (alice, alice)):
            said = await who.presses(1, Decide("got", 2).pack(), chat=place)
            assert said in {campus.t(x).plain("major.readers_only") for x in ("en", "zh-hans")}, who.name
        await reader.taps(t.plain("major.do.got"))
        await reader.reads(t.plain("major.got"))
        await east.shows(f"#{number}: Secretary Ma confirmed receipt")
        await room.shows("Secretary Ma confirmed receipt")
        assert await reader.presses(received, Decide("got", 2).pack()) == t.plain("major.confirmed_already")
        await wang.taps(t.plain("desk.history"), chat=east)
        past = await east.shows("Say how many rooms")
        for each in ("the cellar is flooded", "twelve rooms are wet", "Teacher Sun"):
            assert each in past.text
