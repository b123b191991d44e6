"""Telegram refuses: told to wait it waits, without making others wait, and whatever is shut, moved or gone is rerouted
or told to people. The sandbox keeps Telegram's windows and counts.
"""

from __future__ import annotations

import os
import random
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import timedelta

import pytest
from sqlalchemy import select

from models import asking, people, tickets
from models.database import Database
from models.outbox import Lane, Outgoing, Sending
from sandbox import server
from sandbox.client import Group, Person, Sandbox
from scheduler import backoff
from tests.campus import BEGIN, TOKEN, Campus, MovedClock, running
from tests.house import draft
from tests.scheduler.test_courier import Office

SEED = int(os.environ.get("CHAOS_SEED") or random.randrange(10**6))


@pytest.fixture
async def post_office(database: Database) -> AsyncIterator[Office]:
    async with server.start(tokens=[TOKEN], flood=True, begin=BEGIN) as telegram, Sandbox(telegram.url) as stage:
        await stage.bot(TOKEN, username="union_bot", first_name="Union")
        yield Office(stage, database, MovedClock(BEGIN), telegram.url)


async def people_of(office: Office, count: int) -> list[int]:
    """The chats of so many who have started the bot."""
    found = []
    for i in range(count):
        person = await office.stage.person(f"P{i}", "en")
        await person.says("/start")
        found.append(person.id)
    return found


# ---------------------------------------------------------------- 429


async def test_three_chats_that_have_to_wait_for_hours_make_no_other_wait(
    post_office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Several 429 within a second were taken to mean everybody for as long as they said: for hours."""
    monkeypatch.setattr(backoff, "ASK_FIRST", 0.05)
    slow, quick = (await people_of(post_office, 5))[:3], (await people_of(post_office, 3))
    for chat in slow:
        await post_office.stage.fault("sendMessage", chat=chat, status=429, retry_after=4 * 3600)
    async with post_office.open(windows=True):
        waiting = [await post_office.post(chat) for chat in slow]
        for number in waiting:
            await post_office.held(number)
        for chat in quick:
            await post_office.comes_to(await post_office.post(chat), Sending.SENT)
        assert {(await post_office.row(number)).state for number in waiting} == {Sending.DUE}
    calls = await post_office.stage.calls("sendMessage")
    assert [sum(call["chat_id"] == chat for call in calls) for chat in slow] == [1, 1, 1], "hours are hours"


async def test_a_storm_of_429_loses_nothing_and_breaks_no_window(post_office: Office) -> None:
    await storm(post_office, random.Random(7), chats=12, misfortunes=10)


@pytest.mark.long
@pytest.mark.timeout(900)
async def test_a_long_storm_of_429_loses_nothing_and_breaks_no_window(post_office: Office) -> None:
    """Some hundreds are written to while answers are given; an answer waits for its chat and for no broadcast."""
    print(f"CHAOS_SEED={SEED}")
    await storm(post_office, random.Random(SEED), chats=300, misfortunes=120)


async def storm(office: Office, chance: random.Random, *, chats: int, misfortunes: int) -> None:
    """A broadcast to everybody, two answers to a few, and 429 here, there and everywhere."""
    known = await people_of(office, chats)
    answered = chance.sample(known, chats // 4)
    for _ in range(misfortunes):
        where = {"chat": chance.choice(known)} if chance.random() < 0.8 else {"after": chance.randrange(chats)}
        await office.stage.fault("sendMessage", status=429, retry_after=chance.choice((0, 0, 1)), **where)
    planned = {chat: ["news"] for chat in known}
    numbers = [await office.post(chat, "news", lane=Lane.BROADCAST) for chat in known]
    async with office.open(windows=True):
        for i in range(2):
            for chat in answered:
                numbers.append(await office.post(chat, f"answer {i}"))
                planned[chat].append(f"answer {i}")
        for number in numbers:
            await office.comes_to(number, Sending.SENT, patience=300.0)
    calls = await office.stage.calls("sendMessage")
    came = {chat: [c["params"]["text"] for c in calls if c["ok"] and c["chat_id"] == chat] for chat in known}
    assert {chat: sorted(texts) for chat, texts in came.items()} == {c: sorted(texts) for c, texts in planned.items()}
    assert all(texts.index("answer 0") < texts.index("answer 1") for chat, texts in came.items() if chat in answered)
    refused = [call for call in calls if not call["ok"]]
    assert len(refused) <= misfortunes, "every 429 was a planned one: no window was broken"
    if chats >= 100:
        # The answers wait a second each for their own chats, and not for the ten and more that the broadcast takes.
        texts = [call["params"]["text"] for call in calls if call["ok"]]
        last_answer = max(i for i, text in enumerate(texts) if text != "news")
        assert texts[:last_answer].count("news") < 0.75 * chats


# ---------------------------------------------------------------- groups, in the middle of a burst


async def burst(campus: Campus, count: int) -> list[int]:
    """So many tickets at once for the east station; their numbers."""
    numbers = []
    async with campus.app.database.transaction() as session:
        for i in range(count):
            who = await people.meet(session, 50_000 + i, f"S{i}", None, "en")
            given = draft(f"{SUBJECTS[i]} in room {i}", sources=[(50_000 + i, 5)])
            ticket = await asking.file(session, given, who, campus.app.toolbox.house, campus.clock())
            numbers.append(ticket.id)
    campus.app.courier.wake()
    return numbers


SUBJECTS = ("The tap drips", "No light", "A broken window", "Mice", "The door does not close", "Cold radiator")


async def kicked(campus: Campus) -> Group:
    await campus.stage.promote(campus.east, "bot", "kicked")
    await campus.office.shows("was removed from East Campus Station's chat")
    here = await campus.stage.group("East again", [campus.wang], [campus.admin])
    await campus.admin.says("/setup", chat=here)
    await campus.admin.taps(re.compile("东区"), chat=here)
    return here


async def muted(campus: Campus) -> Group:
    await campus.stage.promote(campus.east, "bot", "restricted")
    await campus.office.shows("cannot write in East Campus Station's chat")
    await campus.stage.promote(campus.east, "bot", "administrator")
    return campus.east


async def moved(campus: Campus) -> Group:
    return await campus.east.migrates()


async def no_topics(campus: Campus) -> Group:
    await campus.stage.promote(campus.east, "bot", "administrator", rights={"can_manage_topics": False})
    return campus.east


@pytest.mark.parametrize(
    ("befalls", "forum"),
    [
        pytest.param(muted, False, id="rights removed"),
        pytest.param(kicked, False, id="kicked", marks=pytest.mark.long),
        pytest.param(moved, False, id="migrated", marks=pytest.mark.long),
        pytest.param(no_topics, True, id="no topics", marks=pytest.mark.long),
    ],
)
async def test_a_group_that_is_lost_in_the_middle_of_a_burst_has_every_card_in_the_end(
    database_url: str, befalls: Callable[[Campus], Awaitable[Group]], forum: bool
) -> None:
    async with running(database_url, forum=forum) as campus:
        # The first card is held up on its way: the others wait behind it when it happens.
        await campus.stage.fault("createForumTopic" if forum else "sendMessage", chat=campus.east.id, delay=0.2)
        numbers = await burst(campus, len(SUBJECTS))
        there = await befalls(campus)
        for number in numbers:
            await there.shows(f"#{number} ·")
        await campus.later(minutes=2)
        await campus.quiet()
        shown = "\n".join(m.text for m in await there.transcript() if m.buttons)
        assert [shown.count(f"#{number} ·") for number in numbers] == [1] * len(numbers)
        async with campus.app.database.reading() as session:
            unfinished = Outgoing.state.in_([Sending.DUE, Sending.SENDING]), Outgoing.chat_id == campus.east.id
            left = (await session.scalars(select(Outgoing).where(*unfinished))).all()
            assert [row.letter for row in left if row.not_before < campus.clock() + timedelta(hours=1)] == []


# ---------------------------------------------------------------- private chats, in the middle of a burst


@pytest.mark.long
async def test_who_cannot_be_reached_holds_up_nobody_and_staff_see_it(database_url: str) -> None:
    """One answer to four who wait: one has blocked the bot, one chat is gone. The others have it, the card says so, and
    who comes back has it too.
    """
    async with running(database_url) as campus:
        t, words = campus.t("en"), "The plumber comes at three"
        four = [await campus.student(name) for name in ("Alice", "Bob", "Carol", "Dave")]
        number = await campus.files(four[0], "The tap in the bathroom drips all night")
        async with campus.app.database.transaction() as session:
            ticket = await tickets.get(session, number)
            for each in four[1:]:
                person = await people.by_telegram_id(session, each.id)
                assert person is not None
                await asking.join(session, ticket, person, "e1", campus.app.toolbox.house, campus.clock())
        campus.app.courier.wake()
        card = await campus.east.shows(f"#{number} ·")
        _, bob, carol, _ = four
        await bob.blocks()
        await campus.stage.fault("sendMessage", chat=carol.id, status=400, description="Bad Request: chat not found")
        await campus.wang.says(words, chat=campus.east, reply_to=card)
        for each in (four[0], four[3]):
            await each.reads(words)
        await campus.later(minutes=1)
        await campus.quiet()
        assert [await heard(each, words) for each in four] == [1, 0, 0, 1]
        assert t.n("card.delivery.blocked_some", 2) in (await campus.east.shows(f"#{number} ·")).text
        await bob.unblocks()
        await bob.reads(words)
        await campus.later(minutes=1)
        await campus.quiet()
        assert [await heard(each, words) for each in four] == [1, 1, 0, 1]
        assert t.n("card.delivery.blocked_some", 1) in (await campus.east.shows(f"#{number} ·")).text


async def heard(person: Person, words: str) -> int:
    """How often somebody has read these."""
    return sum(words in m.text for m in await person.transcript())
