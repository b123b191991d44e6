"""Too much, too rude, and who may say so: limits, mutes, blocks and roles, as people meet them."""

from __future__ import annotations

import re

import pytest
from sqlalchemy import select

from models import mutes, people, requesters, stations, tickets
from models.audit import Act
from models.people import Role
from sandbox.client import Group, Message, Person, photo
from tests.campus import Campus, running

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


async def acts(campus: Campus) -> list[str]:
    await campus.quiet()
    async with campus.app.database.reading() as session:
        return [act.act for act in await session.scalars(select(Act).order_by(Act.id))]


async def teachers(campus: Campus) -> tuple[Person, Group]:
    """A supervising teacher and their group, in which an admin sits too."""
    teacher = await campus.stage.person("Teacher Sun", "en", id=700000002)
    room = await campus.stage.group("Teachers", [teacher], [campus.admin])
    async with campus.app.database.transaction() as session:
        place = await stations.by_key(session, "supervisors")
        assert place is not None
        place.chat_id, place.language = room.id, "en"
    return teacher, room


async def many_blocks(campus: Campus, number: int, count: int) -> list[int]:
    async with campus.app.database.transaction() as session:
        ticket = await tickets.get(session, number)
        place, admin = await stations.by_key(session, "office"), await people.by_telegram_id(session, campus.admin.id)
        assert place is not None
        assert admin is not None
        (who,) = await requesters.waiting.about(session, number)
        house, now = campus.app.toolbox.house, campus.clock()
        found = [await mutes.mute(session, ticket, who, place, admin, None, "rude", house, now) for _ in range(count)]
        return [mute.id for mute in found]


async def saying(place: Person | Group, words: str) -> list[Message]:
    return [message for message in await place.transcript() if message.from_bot and words in message.text]


async def test_who_sends_too_much_is_told_once_what_was_not_taken(database_url: str) -> None:
    async with running(database_url, limits={"messages_a_minute": 12, "tickets_a_day": 2}) as campus:
        t = campus.t("en")
        alice = await campus.student("Alice")
        await campus.files(alice, "The tap in the bathroom drips all night")
        await campus.files(alice, "Nobody ever cleans the kitchen upstairs", anonymous=True)
        await alice.says("/new")
        for label in ("Complaint", "Dormitory repairs", "Power and light"):
            await alice.taps(label)
        await alice.says("The lamp in the corridor is broken")
        await alice.taps(t.plain("new.continue"))
        await alice.taps(t.plain("name.anonymous"))
        told = await alice.taps(t.plain("preview.send"))
        assert told is not None
        assert told.startswith(
            "That would be more than 2 tickets in 24 hours. Your draft is kept: send it from Tue 13 Oct"
        )
        await campus.later(hours=24, minutes=2)
        await alice.taps(t.plain("preview.send"))
        await alice.reads("📮")

        await campus.later(minutes=2)
        first = await alice.says("/new")
        for label in ("Complaint", "Dormitory repairs", "Power and light"):
            await alice.taps(label)
        said = [await alice.says(f"The lamp number {n} is broken") for n in range(2, 17)]
        await campus.quiet()
        (notice,) = await saying(alice, "more than 12 messages within a minute")
        assert notice.raw["reply_to_message"]["message_id"] == said[11].id
        (shown,) = (await saying(alice, t.n("new.collected", 11, words="").split("\n")[0]))[-1:]
        assert shown.id > first.id
        await alice.edits(said[0], "The lamp number one is broken")
        await campus.quiet()
        assert len(await saying(alice, "within a minute")) == 1
        await campus.later(minutes=2)
        await alice.says("The last lamp is broken as well")
        await alice.reads(t.n("new.collected", 12, words="").split("\n")[0])
        await alice.taps(t.plain("new.continue"))
        await alice.taps(t.plain("similar.none"))
        await alice.taps(t.plain("name.named"))
        await alice.taps(t.plain("preview.send"))
        card = await campus.east.shows("The last lamp")
        assert "The lamp number 2 is broken" in card.text, "an edit was not taken either"
        assert "The lamp number 13" not in card.text
        for _ in range(14):
            await campus.wang.says("/open", chat=campus.east)
        await campus.quiet()
        assert not await saying(campus.east, "within a minute")


async def test_a_lead_mutes_the_student_appeals_and_the_office_decides(database_url: str) -> None:
    async with running(database_url) as campus:
        t, east = campus.t("en"), campus.east
        async with campus.app.database.transaction() as session:
            place = await stations.by_key(session, "east")
            assert place is not None
            lead, now = campus.wang.id, campus.clock()
            await people.grant(session, Role.LEAD, lead, given_by=1, now=now, station_id=place.id)
        alice = await campus.student("Alice")
        number = await campus.files(alice, "You idiots never mend anything", anonymous=True)
        await alice.says("/start")
        card = await east.shows(f"#{number} ·")
        await campus.li.says("/mute 24h insults", chat=east, reply_to=card)
        await campus.li.reads("Only this station's lead", chat=east)
        await campus.wang.says("/mute 24h insults", chat=east)
        await campus.wang.reads("as a reply to the student's words", chat=east)
        await campus.wang.says("/mute insults", chat=east, reply_to=card)
        await campus.wang.reads("how long and why", chat=east)
        await campus.wang.says("/mute 24h insults", chat=east, reply_to=card)
        await campus.wang.reads("is muted until tomorrow", chat=east)
        notice = await alice.reads("you cannot file or add anything until")
        assert "insults" in notice.text

        refused = "You cannot file or add anything until Tue 13 Oct 10:00"
        assert await alice.taps(t.plain("home.new")) == "", "it would not fit into the little window"
        await alice.reads(refused)
        await alice.says("/new")
        found = await alice.reads(refused)
        assert [button["text"] for button in found.buttons] == [t.plain("appeal.do")], "the notice may be lost"
        await alice.says("And it drips", reply_to=notice)
        await alice.reads(refused)
        words = next(m for m in await alice.transcript() if m.text == "You idiots never mend anything")
        await alice.edits(words, "You idiots, all of you")
        await alice.reads(refused)
        await campus.wang.says("/ask Which tap is it?", chat=east, reply_to=card)
        asked = await alice.reads("Which tap is it?")
        await alice.says("The left one", reply_to=asked)
        await east.shows("The left one")
        await alice.says("And you are slow", reply_to=asked)
        await alice.reads(refused)

        await alice.taps(t.plain("appeal.do"))
        await alice.reads("Why is it unfair?")
        await alice.sends(photo())
        await alice.reads("say it in words")
        await alice.says("I was tired, I am <b>sorry</b>")
        await alice.reads("The union's office looks at it")
        appeal = await campus.office.shows("I was tired, I am <b>sorry</b>")
        assert "East Campus Station has stopped taking what a student writes.\nReason: insults" in appeal.text
        assert "Alice" not in appeal.text
        assert await alice.taps(t.plain("appeal.do")) == t.plain("appeal.already")
        await campus.admin.taps(t.plain("appeal.keep"), chat=campus.office)
        await campus.office.shows("turned down by Zhao")
        await alice.reads("turned it down")
        await campus.admin.says("/blocked", chat=campus.office)
        await campus.office.shows("East Campus Station, Wang: insults")
        await campus.admin.taps(re.compile("^Lift"), chat=campus.office)
        await campus.office.shows(t.plain("blocked.nobody"))
        await alice.says("/new")
        await alice.reads(t.plain("new.kind").split("\n")[0])
        assert "all of you" not in "".join(m.text for m in await east.transcript())
        assert await acts(campus) == ["mute", "appeal_refused", "unmute"]


async def test_the_office_blocks_and_the_supervising_teacher_is_where_to_turn(database_url: str) -> None:
    async with running(database_url) as campus:
        t, office = campus.t("en"), campus.office
        alice = await campus.student("Alice")
        number = await campus.files(alice, "I know where you live, all of you")
        card = await campus.east.shows(f"#{number} ·")
        await campus.admin.says("/block threats", chat=campus.east, reply_to=card)
        await campus.admin.reads("in the office's group", chat=campus.east)
        await campus.admin.says("/block threats", chat=office)
        await campus.admin.reads("/block #12", chat=office)
        await campus.admin.says(f"/block #{number} threats", chat=office)
        await campus.admin.reads("wrote this is blocked", chat=office)
        told = await alice.reads("does not take anything from you any more")
        assert "turn to the supervising teacher" in told.text
        assert "threats" in told.text
        await alice.says("/new")
        await alice.reads("the supervising teacher decides")
        await campus.wang.says("The tap is mended", chat=campus.east, reply_to=card)
        await alice.reads("The tap is mended")
        assert "in person" in (await alice.taps(t.plain("appeal.do")) or "")
        await campus.admin.says(f"/block #{number} more threats", chat=office)
        await alice.reads("more threats")

        teacher, room = await teachers(campus)
        await alice.taps(t.plain("appeal.do"))
        await alice.says("It was my brother")
        await alice.reads("The supervising teachers look at it")
        await room.shows("It was my brother")
        assert await campus.admin.taps(t.plain("appeal.keep"), chat=room) == t.plain("appeal.supervisors_only")
        await teacher.taps(t.plain("appeal.lift"), chat=room)
        await room.shows("lifted by Teacher Sun")
        still = await alice.reads("something else still holds")
        assert "threats" in still.text
        await alice.taps(t.plain("appeal.do"), message=still)
        await alice.says("It was my other brother")
        await room.shows("It was my other brother")
        await teacher.taps(t.plain("appeal.lift"), chat=room)
        await alice.reads("It has been lifted")

        await campus.admin.says(f"/block #{number} threats again", chat=office)
        await campus.admin.reads("wrote this is blocked", chat=office)
        await campus.admin.says("/blocked", chat=office)
        listed = (await campus.admin.reads("threats again", chat=office)).text
        which = listed.splitlines()[1].split(" ")[0]
        assert "blocked · Binhai University Student Union office, Zhao: threats again" in listed
        await campus.wang.says(f"/unblock {which}", chat=campus.east)
        await campus.wang.reads(t.plain("permission.admin_only"), chat=campus.east)
        await campus.admin.says("/unblock", chat=office)
        await campus.admin.reads("/unblock 482913", chat=office)
        await campus.admin.says(f"/unblock {which}", chat=office)
        await campus.admin.reads("Nobody knows who it is", chat=office)
        await campus.admin.says(f"/unblock {which}", chat=office)
        await campus.admin.reads(t.plain("mute.over"), chat=office)
        await campus.files(alice, "The lamp in the corridor is broken", category=("repairs", "power"))
        assert await acts(campus) == ["block", "block", "unblock", "unblock", "block", "unblock"]

        given = await many_blocks(campus, number, 13)
        await campus.admin.says("/blocked", chat=office)
        shown = await campus.admin.reads("13 mutes and blocks in force · page 1 of 2", chat=office)
        seen = re.findall(r"\b\d{6}\b", shown.text)
        await campus.admin.taps("›", chat=office)
        shown = await campus.admin.reads("page 2 of 2", chat=office)
        seen += re.findall(r"\b\d{6}\b", shown.text)
        assert sorted(seen) == sorted(map(str, given)), "everybody can be lifted"
        await campus.admin.taps(re.compile("^Lift"), chat=office)
        await campus.admin.reads(re.compile("^🔇 12 mutes and blocks in force\n"), chat=office)


async def test_roles_are_seen_given_and_taken_back_in_the_chat(database_url: str) -> None:
    async with running(database_url) as campus:
        t, office = campus.t("en"), campus.office
        teacher, room = await teachers(campus)
        await campus.wang.says("/start")
        await campus.wang.says("/roles", chat=campus.east)
        await campus.wang.reads(t.plain("roles.not_here"), chat=campus.east)
        await campus.admin.says("/roles 4711", chat=office)
        await campus.admin.reads(t.plain("roles.unknown"), chat=office)
        await campus.admin.says(f"/roles {campus.wang.id}", chat=office)
        await campus.admin.reads(t.plain("roles.holds_none"), chat=office)
        await campus.admin.taps("➕ Station lead · East Campus Station", chat=office)
        await campus.admin.reads("Station lead · Wang, East Campus Station · by Zhao, Mon 12 Oct", chat=office)
        await campus.wang.reads("东区学生会服务站的站长")
        await campus.admin.says("/roles", chat=office)
        shown = (await campus.admin.reads("Wang, East Campus Station · by Zhao", chat=office)).text
        assert "Admin of the union\nZhao · config.toml" in shown
        assert "Supervising teacher\n700000002 · config.toml" in shown
        await campus.admin.taps("➖ Station lead · East Campus Station", chat=office)
        await campus.admin.reads(t.plain("roles.holds_none"), chat=office)
        await campus.wang.reads("不再是")

        await teacher.says(f"/roles {campus.wang.id}", chat=room)
        asked = await teacher.reads(t.plain("roles.holds_none"), chat=room)
        labels = [button["text"] for button in asked.buttons]
        assert labels == ["➕ Supervising teacher", "➕ Report reader (Party committee)"]
        assert await campus.admin.taps("➕ Supervising", chat=room) == t.plain("roles.supervisor_only")
        await teacher.taps("➕ Report reader", chat=room)
        await teacher.reads("Report reader (Party committee) · Wang · by Teacher Sun", chat=room)
        forged = asked.buttons[0]["callback_data"]
        assert await campus.admin.presses(asked, forged, chat=office) == t.plain("roles.not_here")
        assert await acts(campus) == ["grant", "revoke", "grant"]
