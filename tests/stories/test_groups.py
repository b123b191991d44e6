"""Chats that move, die, change hands and are set up (law 8)."""

from __future__ import annotations

import asyncio
import re
from typing import Any

import pytest
from sqlalchemy import select

from bot.__main__ import _chats_in_database
from bot.check import ask_telegram
from models import people, stations
from models.outbox import Outgoing
from models.stations import Station
from sandbox.client import Group, Person
from scheduler import verdict
from tests.campus import Campus, running

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
"""Nothing here depends on the kind of database."""

TAP = "The tap in the bathroom drips all night"


async def filed(campus: Campus) -> tuple[Person, int, Any]:
    alice = await campus.student("Alice")
    number = await campus.files(alice, TAP)
    return alice, number, await campus.east.shows(f"#{number} ·")


async def seat(campus: Campus, key: str) -> Station:
    async with campus.app.database.reading() as session:
        found = await stations.by_key(session, key)
        assert found is not None
        return found


@pytest.mark.parametrize(
    ("told", "join"),
    [
        pytest.param(True, "first", id="Telegram says so"),
        pytest.param(True, "last", id="Telegram says last who added the bot"),
        pytest.param(False, "first", id="found out when sending"),
    ],
)
async def test_a_group_that_becomes_a_supergroup_takes_its_tickets_along(
    database_url: str, told: bool, join: str
) -> None:
    """The bot goes dead when a group is upgraded: no bot among eleven read handled it. Or it leaves its own desk, to
    which somebody who is no admin of the union seems to have added it.
    """
    async with running(database_url) as campus:
        t = campus.t("en")
        alice, number, card = await filed(campus)
        await campus.wang.says("We are on it", chat=campus.east, reply_to=card)
        await alice.reads("We are on it")
        # Otherwise whatever is still on its way finds out, before anybody has told.
        await campus.quiet()
        if not told:
            await campus.stage.fault("getUpdates", status=502, times=3)
        new = await campus.east.migrates(join=join)
        await alice.taps(t.plain("own.add"))
        await alice.says("It is the hot water side")
        anew = await new.shows(f"#{number} ·")
        await new.shows("It is the hot water side")
        assert (await seat(campus, "east")).chat_id == new.id
        await campus.wang.says("Now here", chat=new, reply_to=anew)
        await alice.reads("Now here")
        await campus.later(minutes=2)
        await campus.quiet()
        assert not await campus.stage.calls("leaveChat")
        shown = "\n".join(m.text for m in await new.transcript())
        assert shown.count("It is the hot water side") == 1
        assert shown.count(f"#{number} ·") == 2, "the card, and the words below it"


async def test_a_deleted_card_is_posted_anew(database_url: str) -> None:
    async with running(database_url) as campus:
        t = campus.t("en")
        alice, number, card = await filed(campus)
        await campus.stage.delete(campus.east, card)
        await alice.taps(t.plain("own.view"))
        await alice.taps(t.plain("own.urge"))
        anew = await campus.east.shows(f"#{number} ·")
        assert anew.id != card.id
        await campus.wang.says("Now here", chat=campus.east, reply_to=anew)
        await alice.reads("Now here")


async def test_a_forum_has_one_topic_a_ticket(database_url: str) -> None:
    async with running(database_url, forum=True) as campus:
        t = campus.t("en")
        alice, number, card = await filed(campus)
        assert card.thread
        topics = (await chat(campus, campus.east))["topics"]
        assert [topic["name"] for topic in topics if topic["thread"] == card.thread] == [f"#{number} {TAP}"]
        await alice.taps(t.plain("own.view"))
        await alice.taps(t.plain("own.add"))
        await alice.says("It is the hot water side")
        told = await campus.east.shows("It is the hot water side")
        assert told.thread == card.thread
        await campus.wang.taps(t.plain("desk.ask"), chat=campus.east, message=card)
        prompt = await campus.wang.reads("reply to this message", chat=campus.east)
        assert prompt.thread == card.thread


async def test_chatter_in_a_topic_is_no_reply_to_the_bot(database_url: str) -> None:
    """There every message comes as a reply to the one that made the topic; whoever chats is none of our business."""
    async with running(database_url, forum=True) as campus:
        _, _, card = await filed(campus)
        await campus.li.says("Who has the key to E1?", chat=campus.east, thread=card.thread)
        await campus.wang.says("/note she has called twice", chat=campus.east, reply_to=card)
        await campus.east.shows("📝 Wang: she has called twice")
        asked = [int(call["params"]["user_id"]) for call in await campus.stage.calls("getChatMember")]
        assert campus.wang.id in asked
        assert campus.li.id not in asked
        async with campus.app.database.reading() as session:
            assert await people.by_telegram_id(session, campus.li.id) is None


async def test_a_deleted_topic_swallows_nothing(database_url: str) -> None:
    """A deleted topic swallows messages: seen in other bots. Here the card makes a new one and the words follow it."""
    async with running(database_url, forum=True) as campus:
        t = campus.t("en")
        alice, number, card = await filed(campus)
        await campus.stage.control("topics/delete", chat=campus.east.id, thread=card.thread)
        await alice.taps(t.plain("own.view"))
        await alice.taps(t.plain("own.add"))
        await alice.says("It is the hot water side")
        told = await campus.east.shows("It is the hot water side")
        anew = await campus.east.shows(f"#{number} ·")
        assert told.thread == anew.thread
        assert anew.thread != card.thread


@pytest.mark.parametrize(
    "urged",
    [
        pytest.param(True, id="by the next step", marks=pytest.mark.long),
        pytest.param(False, id="an hour later by itself"),
    ],
)
async def test_a_card_of_which_nobody_knows_comes(
    database_url: str, monkeypatch: pytest.MonkeyPatch, urged: bool
) -> None:
    """Its topic could not be made for half an hour, and it was given up: nobody in the group would see the ticket."""
    monkeypatch.setattr(verdict, "GIVEN_UP_AFTER", 1)
    async with running(database_url, forum=True) as campus:
        t = campus.t("en")
        alice = await campus.student("Alice")
        await campus.stage.fault("createForumTopic", chat=campus.east.id, drop="before")
        number = await campus.files(alice, TAP)
        await campus.quiet()
        assert not [m for m in await campus.east.transcript() if f"#{number} ·" in m.text]
        if urged:
            await alice.taps(t.plain("own.view"))
            await alice.taps(t.plain("own.urge"))
        else:
            await campus.later(hours=1, seconds=1)
        card = await campus.east.shows(f"#{number} ·")
        assert card.thread
        await campus.later(hours=1, seconds=1)
        await campus.quiet()
        shown = [m for m in await campus.east.transcript() if f"#{number} ·" in m.text]
        assert len({m.thread for m in shown}) == 1


async def checked(campus: Campus) -> list[str]:
    """What `unionbot check` says of the east station's group."""
    found = await ask_telegram(campus.app.settings, await _chats_in_database(campus.app.settings))
    return [f"{each.level} {each.text}" for each in found if each.text.startswith("east: ")]


async def test_check_names_the_tickets_whose_topics_were_deleted(database_url: str) -> None:
    """No bot is told of it: until something happens to the ticket nobody sees that its card is gone."""
    async with running(database_url, forum=True) as campus:
        t = campus.t("en")
        alice, number, card = await filed(campus)
        kept = await campus.files(alice, "The light in the corridor is broken")
        await campus.east.shows(f"#{kept} ·")
        (line,) = await checked(campus)
        assert line.startswith("ok "), line
        await campus.stage.control("topics/delete", chat=campus.east.id, thread=card.thread)
        (line,) = await checked(campus)
        assert line.startswith(f"warning east: deleted in the group were the topics of #{number}: "), line
        await alice.says("/mine")
        await alice.taps(re.compile(f"#{number} "))
        await alice.taps(t.plain("own.urge"))
        assert (await campus.east.shows(f"#{number} ·")).thread != card.thread
        await campus.quiet()
        (line,) = await checked(campus)
        assert line.startswith("ok "), "what happened next has brought it"


async def test_where_topics_cannot_be_made_cards_stand_one_below_the_other(database_url: str) -> None:
    """The group and `unionbot check` say so, or it would look as if somebody had wanted it."""
    async with running(database_url, forum=True) as campus:
        alice, number, card = await filed(campus)
        assert card.thread
        await campus.stage.promote(campus.east, "bot", "administrator", rights={"can_manage_topics": False})
        for text in ("The light in the corridor is broken", "The lift stands still"):
            another = await campus.files(alice, text)
            assert (await campus.east.shows(f"#{another} ·")).thread is None
        assert not (await seat(campus, "east")).topics
        await campus.quiet()
        said = campus.t("en").plain("desk.no_topics")
        assert sum(said in m.text for m in await campus.east.transcript()) == 1
        (line,) = await checked(campus)
        assert line.startswith(f"warning east: topics are left over of #{number}, "), line
        assert "Manage Topics → turn on" in line


async def chat(campus: Campus, group: Group) -> dict[str, Any]:
    state = await campus.stage.state()
    found: dict[str, Any] = next(c for c in state["chats"] if c["id"] == group.id)
    return found


async def test_a_bot_that_is_removed_tells_the_office_and_comes_back_by_setup(database_url: str) -> None:
    async with running(database_url) as campus:
        alice, number, _ = await filed(campus)
        await campus.stage.promote(campus.east, "bot", "kicked")
        await campus.office.shows("was removed from East Campus Station's chat")
        assert (await seat(campus, "east")).chat_id is None
        here = await campus.stage.group("East again", [campus.wang], [campus.admin])
        await set_up(campus, here, seated=False)
        card = await here.shows(f"#{number} ·")
        await campus.wang.says("We are back", chat=here, reply_to=card)
        await alice.reads("We are back")


async def set_up(
    campus: Campus, group: Group, *, topics: str | None = None, language: str = "English", seated: bool = True
) -> None:
    hans = campus.t("zh-hans")
    await campus.admin.says("/setup", chat=group)
    await campus.admin.taps(re.compile("东区"), chat=group)
    if seated:
        await campus.admin.taps(hans.plain("setup.move"), chat=group)
    if topics is not None:
        await campus.admin.taps(hans.plain(topics), chat=group)
    await campus.admin.taps(language, chat=group)


async def test_setup_seats_a_station_checks_rights_and_shows_a_test_card(database_url: str) -> None:
    async with running(database_url) as campus:
        here = await campus.stage.group("Desk", [campus.wang], [campus.admin])
        await campus.admin.says("/setup", chat=here)
        await campus.admin.taps(re.compile("东区"), chat=here)
        asked = await here.shows("“East”")
        assert (await seat(campus, "east")).chat_id == campus.east.id, "nothing has moved yet"
        await campus.admin.taps(campus.t("zh-hans").plain("setup.move"), chat=here, message=asked)
        en = campus.t("en")
        await campus.east.shows("Zhao has moved East Campus Station to the group “Desk”")
        await here.shows(en.plain("setup.seated", station="East Campus Station").replace("<b>", "").replace("</b>", ""))
        await here.shows(en.plain("setup.rights_fine"))
        await campus.wang.taps(en.plain("setup.seen"), chat=here)
        await here.shows(en.plain("setup.works", name="Wang"))
        said = await campus.admin.taps("English", chat=here)
        assert said == campus.t("en").plain("setup.language_set")
        place = await seat(campus, "east")
        assert (place.chat_id, place.topics, place.language) == (here.id, False, "en")


@pytest.mark.parametrize(("answer", "topics"), [("setup.topics_yes", True), ("setup.topics_no", False)])
async def test_setup_asks_a_forum_about_topics(database_url: str, answer: str, topics: bool) -> None:
    async with running(database_url) as campus:
        here = await campus.stage.group("Forum", [], [campus.admin], forum=True)
        await set_up(campus, here, topics=answer)
        assert (await seat(campus, "east")).topics is topics


@pytest.mark.parametrize(
    ("forum", "bot", "rights", "missing"),
    [
        pytest.param(False, "member", None, "setup.not_admin", id="no administrator"),
        pytest.param(True, "member", None, "setup.not_admin", id="topics chosen, but no administrator"),
        pytest.param(True, "administrator", {"can_manage_topics": False}, "setup.no_topics_right", id="no topics"),
    ],
)
async def test_setup_says_what_to_press_for_each_missing_right(
    database_url: str, forum: bool, bot: str, rights: dict[str, bool] | None, missing: str
) -> None:
    async with running(database_url) as campus:
        here = await campus.stage.group("Desk", [], [campus.admin], forum=forum, bot=bot, rights=rights)
        await campus.admin.says("/setup", chat=here)
        await campus.admin.taps(re.compile("东区"), chat=here)
        await campus.admin.taps(campus.t("zh-hans").plain("setup.move"), chat=here)
        if forum:
            await campus.admin.taps(campus.t("zh-hans").plain("setup.topics_yes"), chat=here)
        said = await here.shows(campus.t("en").plain(missing))
        assert (campus.t("en").plain("setup.plain_meanwhile") in said.text) is forum


async def test_setup_in_a_group_where_the_bot_is_muted_says_so_to_the_admin_alone(database_url: str) -> None:
    """What it said in the group itself was refused, and /setup seemed to do nothing at all."""
    async with running(database_url) as campus:
        hans = campus.t("zh-hans")
        await campus.admin.says("/start")
        here = await campus.stage.group("Desk", [], [campus.admin], bot="member")
        await campus.admin.says("/setup", chat=here)
        menu = await here.shows(re.compile("🔁"))
        await campus.stage.promote(here, "bot", "restricted")
        said = hans.plain("setup.muted", chat="Desk")
        assert await campus.admin.taps(re.compile("东区"), chat=here, message=menu) == said
        assert (await seat(campus, "east")).chat_id == campus.east.id
        await campus.admin.says("/setup", chat=here)
        await campus.admin.reads(said)


async def test_setup_is_for_union_admins_only(database_url: str) -> None:
    async with running(database_url) as campus:
        here = await campus.stage.group("Desk", [campus.wang], [campus.admin])
        await campus.wang.says("/setup", chat=here)
        await here.shows(campus.t("zh-hans").plain("setup.admins_only"))
        await campus.admin.says("/setup", chat=here)
        menu = await here.shows(re.compile("🔁"))
        payload = next(b["callback_data"] for b in menu.buttons if "东区" in b["text"])
        refused = campus.t("zh-hans").plain("setup.admins_only")
        assert await campus.wang.presses(menu, payload, chat=here) == refused
        assert (await seat(campus, "east")).chat_id == campus.east.id


async def test_a_chat_holds_one_place_only(database_url: str) -> None:
    async with running(database_url) as campus:
        en = campus.t("en")
        await campus.admin.says("/setup", chat=campus.west)
        said = await campus.admin.taps(re.compile("East Campus"), chat=campus.west)
        assert said == en.plain("setup.chat_taken", station="West Campus Station")


async def wait_for_farewell(campus: Campus) -> None:
    """Until it is written that the bot will go; it is not said yet."""
    async with asyncio.timeout(20):
        while True:
            async with campus.app.database.reading() as session:
                if (await session.scalars(select(Outgoing.id).where(Outgoing.letter == "leave"))).all():
                    return
            await campus.stage.caught_up()


async def test_the_bot_leaves_groups_nobody_authorised(database_url: str) -> None:
    async with running(database_url) as campus:
        alice = await campus.student("Alice")
        theirs = await campus.stage.group("Our floor", [alice], [], bot=None)
        await campus.stage.control("join", chat=theirs.id, person="bot", by=alice.id)
        await wait_for_farewell(campus)
        await campus.later(minutes=1)
        await theirs.shows("Only union admins can add me")
        async with asyncio.timeout(20):
            while not await campus.stage.calls("leaveChat"):
                await campus.stage.caught_up()
        async with campus.app.database.reading() as session:
            assert not [s for s in await session.scalars(select(Station)) if s.chat_id == theirs.id]


async def test_groups_that_are_nobody_s_desk_hear_nothing(database_url: str) -> None:
    async with running(database_url) as campus:
        other = await campus.stage.group("Friends", [campus.wang], [campus.admin])
        await campus.wang.says("hello everybody", chat=other)
        await campus.wang.says("/new", chat=other)
        await campus.wang.says("/help", chat=other)
        await other.shows(campus.t("zh-hans").plain("stranger.help"))
        told = [m for m in await other.transcript() if m.raw["from"]["is_bot"]]
        assert len(told) == 1


async def test_a_command_may_say_whose_it_is(database_url: str) -> None:
    """Telegram's apps write "/setup@union_bot" by themselves where there are several bots."""
    async with running(database_url) as campus:
        t = campus.t("en")
        await campus.stage.fault("getMe", status=502, times=1)
        await campus.admin.says("/help@union_bot", chat=campus.east)
        await campus.east.shows("Nothing else written here reaches a student")
        await campus.admin.says("/setup@union_bot", chat=campus.east)
        await campus.east.shows(t.plain("setup.which").splitlines()[0])
        before = len(await campus.stage.transcript(campus.east.id))
        await campus.admin.says("/help@another_bot", chat=campus.east)
        await campus.quiet()
        assert len(await campus.stage.transcript(campus.east.id)) == before + 1, "another bot's command is none of ours"
        await campus.admin.says("/surveys", chat=campus.east)
        await campus.east.shows("/surveys works in a private chat with me")
