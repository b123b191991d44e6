"""A student follows a ticket: nights, the timeline, words taken back, what goes on from what, and a name for nobody."""

from __future__ import annotations

import re
from typing import Any

import pytest
from sqlalchemy import select

from models.requesters import Requester
from models.words import Words
from sandbox.actors import photo, sticker
from sandbox.client import Person
from tests.campus import Campus, number_in, running

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
"""What depends on the kind of database is told in tests/models."""

TAP = "The tap in the bathroom drips all night"


async def opens(campus: Campus, student: Person, number: int) -> Any:
    """The ticket's screen, from the list."""
    await student.says("/mine")
    await student.taps(f"#{number}")
    return await student.reads(f"#{number} · ")


@pytest.mark.parametrize("anonymous", [False, True], ids=["named", "anonymous"])
async def test_an_answer_at_night_arrives_in_the_morning_and_the_card_says_so(
    database_url: str, anonymous: bool
) -> None:
    async with running(database_url) as campus:
        t = campus.t("en")
        alice = await campus.student("Alice")
        number = await campus.files(alice, TAP, anonymous=anonymous)
        card = await campus.east.shows(f"#{number} ·")
        await campus.later(hours=14)
        await campus.wang.taps(t.plain("desk.claim"), chat=campus.east, message=card)
        await campus.wang.says("The plumber comes at nine", chat=campus.east, reply_to=card)
        await campus.east.shows(t.plain("card.morning", at="07:30"))
        await campus.quiet()
        assert "plumber" not in str([m.text for m in await alice.transcript()])
        await campus.later(hours=8)
        await alice.reads("The plumber comes at nine")
        told = [m.text for m in await alice.transcript()]
        claimed = next(i for i, text in enumerate(told) if "has taken on" in text)
        assert claimed < next(i for i, text in enumerate(told) if "plumber" in text), (
            "in the order in which it was said"
        )
        await campus.east.shows("Answer delivered")
        await campus.east.hides(t.plain("card.morning", at="07:30"))


async def test_a_student_who_writes_at_night_is_answered_at_night(database_url: str) -> None:
    async with running(database_url) as campus:
        t = campus.t("en")
        alice = await campus.student("Alice")
        number = await campus.files(alice, TAP)
        card = await campus.east.shows(f"#{number} ·")
        await campus.later(hours=14)
        await campus.wang.says("Is it still dripping?", chat=campus.east, reply_to=card)
        await campus.east.shows(t.plain("card.morning", at="07:30"))
        await opens(campus, alice, number)
        await alice.taps(t.plain("own.add"))
        await alice.says("I cannot sleep")
        await alice.reads("Is it still dripping?")
        await campus.wang.says("We turn the water off", chat=campus.east, reply_to=card)
        await alice.reads("We turn the water off")
        await campus.east.shows("Answer delivered")


@pytest.mark.parametrize("language", ["zh-hans", "zh-hant", "en"])
async def test_the_last_message_is_taken_back_where_it_stands(database_url: str, language: str) -> None:
    async with running(database_url) as campus:
        t = campus.t(language)
        alice = await campus.student("Alice", language)
        number = await campus.files(alice, TAP, language=language)
        await opens(campus, alice, number)
        await alice.taps(t.plain("own.add"))
        await alice.says("My room is 412")
        await campus.east.shows("My room is 412")
        await opens(campus, alice, number)
        await alice.taps(t.plain("own.retract"))
        sure = await alice.reads("My room is 412")
        assert t.plain("take_back.sure", number=number, words="").split("<")[0].strip() in sure.text
        await alice.taps(t.plain("own.retract_yes"))
        await alice.reads(t.plain("event.take_back"))
        await campus.east.hides("My room is 412")
        card = await campus.east.shows(re.compile("took 1 message back"))
        assert campus.t("en").plain("card.delivery.withdrawn") not in card.text, "nobody has answered"
        async with campus.app.database.reading() as session:
            assert "412" not in str([said.content for said in await session.scalars(select(Words))])
        # What is left is all there is: taking it back withdraws the ticket, and it says so.
        await alice.taps(t.plain("own.retract"))
        await alice.reads(t.plain("take_back.sure_all", number=number, words="").split("\n")[0])
        await alice.taps(t.plain("own.retract_yes"))
        await alice.reads(t.plain("take_back.withdrawn", number=number))
        await campus.east.shows("withdrawn")
        await campus.east.hides(TAP)


async def test_whoever_takes_all_back_where_others_wait_leaves_it_to_them(database_url: str) -> None:
    async with running(database_url) as campus:
        t, settings = campus.t("en"), campus.app.settings
        alice, bob = await campus.student("Alice"), await campus.student("Bob")
        number = await campus.files(alice, TAP)
        await bob.says("/new")
        await bob.taps(t.plain("kind.complaint"))
        for key in ("repairs", "water"):
            await bob.taps(t.pick(settings.category_names(key)))
        await bob.says(TAP)
        await bob.taps(t.plain("new.continue"))
        await bob.taps(f"#{number}")
        await bob.reads("🤝")
        await opens(campus, alice, number)
        await alice.taps(t.plain("own.retract"))
        await alice.taps(t.plain("own.retract_yes"))
        await alice.reads(t.plain("take_back.left", number=number))
        await opens(campus, bob, number)


async def test_after_two_days_a_copy_says_that_it_was_taken_back(database_url: str) -> None:
    """Telegram no longer lets a bot delete it; a picture keeps its place without its words."""
    async with running(database_url) as campus:
        t = campus.t("en")
        alice = await campus.student("Alice")
        number = await campus.files(alice, TAP)
        await opens(campus, alice, number)
        await alice.taps(t.plain("own.add"))
        await alice.says("My room is 412")
        await campus.east.shows("My room is 412")
        await alice.sends(photo(), caption="my door")
        await campus.east.shows("my door")
        await campus.later(hours=49)
        for words in ("my door", "My room is 412"):
            await opens(campus, alice, number)
            await alice.taps(t.plain("own.retract"))
            await alice.taps(t.plain("own.retract_yes"))
            await campus.east.hides(words)
        await campus.quiet()
        left = [m for m in await campus.east.transcript() if "The student took this message back" in m.text]
        assert [bool(m.raw.get("photo")) for m in left] == [False, True]


async def test_the_history_and_the_timeline_keep_the_old_words(database_url: str) -> None:
    async with running(database_url) as campus:
        t = campus.t("en")
        alice = await campus.student("Alice")
        number = await campus.files(alice, TAP)
        card = await campus.east.shows(f"#{number} ·")
        written = next(m for m in await alice.transcript() if m.text == TAP)
        await alice.edits(written, "The shower drips")
        await campus.east.shows(re.compile("The shower drips.*edited", re.S))
        await campus.wang.says("// ask the plumber", chat=campus.east, reply_to=card)
        await campus.wang.says("At three", chat=campus.east, reply_to=card)
        await alice.reads("At three")
        await campus.wang.taps(t.plain("desk.history"), chat=campus.east, message=card)
        past = await campus.east.shows("History 1/1")
        for told in (TAP, "The shower drips", "Wang: ask the plumber", "Wang: At three", "edited · Alice"):
            assert told in past.text
        await alice.taps(t.plain("own.add"))
        await alice.says("x" * 200 + " and thank you")
        await campus.east.shows("and thank you")
        await campus.wang.taps(t.plain("past.renew"), chat=campus.east, message=past)
        renewed = await campus.east.shows(re.compile("History 1/1.*and thank you", re.S))
        assert renewed.id == past.id, "where it stands"
        await opens(campus, alice, number)
        await alice.taps(t.plain("own.past"))
        mine = await alice.reads("before: " + TAP)
        assert "Staff: At three" in mine.text
        assert "plumber" not in mine.text, "a note is the station's own"
        assert "Wang" not in mine.text


async def test_a_long_history_has_pages(database_url: str) -> None:
    async with running(database_url) as campus:
        t = campus.t("en")
        alice = await campus.student("Alice")
        number = await campus.files(alice, TAP)
        card = await campus.east.shows(f"#{number} ·")
        await opens(campus, alice, number)
        await alice.taps(t.plain("own.add"))
        for i in range(11):
            await alice.says(f"word {i} " + "y" * 290)
        await campus.east.shows("word 10")
        await campus.wang.taps(t.plain("desk.history"), chat=campus.east, message=card)
        newest = await campus.east.shows("History 2/2")
        assert "word 10" in newest.text
        await campus.wang.taps(t.plain("past.earlier"), chat=campus.east, message=newest)
        first = await campus.east.shows("History 1/2")
        assert (first.id, TAP in first.text) == (newest.id, True)
        await opens(campus, alice, number)
        await alice.taps(t.plain("own.past"))
        await alice.taps(t.plain("past.earlier"))
        await alice.reads(TAP)


@pytest.mark.parametrize("language", ["zh-hans", "zh-hant", "en"])
async def test_an_anonymous_student_has_a_name_for_one_ticket(database_url: str, language: str) -> None:
    async with running(database_url) as campus:
        t, desk = campus.t(language), campus.t("en")
        alice = await campus.student("Alice", language)
        number = await campus.files(alice, TAP, language=language, anonymous=True)
        async with campus.app.database.reading() as session:
            (word,) = await session.scalars(select(Requester.pseudonym))
        theirs = desk.plain("alias.called", word=desk.plain(f"alias.{word}"), number="").strip()
        mine = t.plain("alias.called", word=t.plain(f"alias.{word}"), number="").strip()
        await campus.east.shows(f"🕶 {theirs}")
        screen = await opens(campus, alice, number)
        assert mine in screen.text
        await alice.taps(t.plain("own.who"))
        assert mine in (await alice.reads(t.plain("who.head", number=number).split("<b>")[1][:-4])).text
        await alice.taps(t.plain("own.back_to", number=number))
        await alice.taps(t.plain("own.add"))
        await alice.says("It is the left one")
        told = await campus.east.shows("It is the left one")
        assert theirs in told.text


async def test_after_thirty_days_it_is_back_in_a_new_ticket(database_url: str) -> None:
    async with running(database_url, anonymity={"destroy_after_days": 60}) as campus:
        t = campus.t("en")
        alice = await campus.student("Alice")
        number = await campus.files(alice, TAP, category=("life", "canteen"))
        await campus.resolves()
        await alice.taps(t.plain("fixed.yes"))
        hidden = await campus.files(alice, "The stairs smell of paint", anonymous=True, category=("life", "noise"))
        await campus.east.shows(f"#{hidden} ·")
        await campus.resolves()
        await alice.taps(t.plain("fixed.yes"))
        await campus.later(days=40)
        await opens(campus, alice, number)
        await alice.taps(t.plain("own.again"))
        begun = await alice.reads("becomes a new ticket that continues it")
        assert t.plain("new.words").splitlines()[0] in begun.text, "kind, topic and building are taken over"
        await alice.says("Too loud again")
        await alice.taps(t.plain("new.continue"))
        await alice.taps(t.plain("name.named"))
        await alice.reads(t.plain("mine.follows", earlier=number))
        await alice.taps(t.plain("preview.send"))
        new = number_in((await alice.reads(re.compile(r"📮 Ticket #[^1]"))).text)
        assert new != number
        async with campus.app.database.reading() as session:
            assert new in {place.ticket_id for place in await session.scalars(select(Requester))}
        assert t.plain("mine.follows", earlier=number) in (await opens(campus, alice, new)).text
        assert t.plain("mine.goes_on", later=new) in (await opens(campus, alice, number)).text

        # One that was filed anonymously is linked by nothing that bears the name.
        await opens(campus, alice, hidden)
        await alice.taps(t.plain("own.again"))
        await alice.reads("becomes a new ticket that continues it")
        await alice.says("The stairs smell of paint again")
        await alice.taps(t.plain("new.continue"))
        await alice.reads(f"You filed #{hidden} anonymously")
        await alice.taps(t.plain("name.named"))
        assert f"#{hidden}" not in (await alice.reads("Please check")).text
        await alice.taps(t.plain("preview.send"))
        card = await campus.east.shows("paint again")
        assert t.plain("card.follows", earlier=hidden) not in card.text


async def resolved(campus: Campus, student: Person) -> int:
    t = campus.t("en")
    number = await campus.files(student, TAP)
    await campus.resolves()
    await student.taps(t.plain("fixed.yes"))
    return number


async def writes_the_same(campus: Campus, student: Person) -> None:
    t, settings = campus.t("en"), campus.app.settings
    await student.says("/new")
    await student.taps(t.plain("kind.complaint"))
    for key in ("repairs", "water"):
        await student.taps(t.pick(settings.category_names(key)))
    await student.reads(t.plain("new.words").splitlines()[0])
    await student.says("the tap in the bathroom drips all night!")
    await student.taps(t.plain("new.continue"))


async def test_what_was_just_dealt_with_is_shown_with_its_outcome_and_linked(database_url: str) -> None:
    async with running(database_url) as campus:
        t = campus.t("en")
        alice, bob = await campus.student("Alice"), await campus.student("Bob")
        number = await resolved(campus, alice)
        await campus.later(days=3)
        await writes_the_same(campus, bob)
        shown = await bob.reads(t.plain("similar.ended"))
        assert t.plain("resolution.done") in shown.text
        await bob.taps(t.plain("similar.back", number=number))
        await bob.taps(t.plain("name.named"))
        await bob.taps(t.plain("preview.send"))
        await bob.reads("📮")
        await campus.east.shows(t.plain("card.follows", earlier=number))
        # Whose own it was reopens it with the same press.
        await writes_the_same(campus, alice)
        await alice.taps(t.plain("similar.back", number=number))
        await alice.reads(t.plain("follow.reopened", number=number))
        await campus.east.shows("drips all night!")
        await campus.east.shows("Reopened once")


async def test_a_closer_look_is_for_one_s_own_tickets(database_url: str) -> None:
    async with running(database_url) as campus:
        t = campus.t("en")
        alice, bob = await campus.student("Alice"), await campus.student("Bob")
        number = await campus.files(alice, TAP)
        unknown = t.plain("ticket.unknown", number=number)
        for act in ("who", "past", "retract", "retract_sure", "again"):
            assert await bob.presses(1, f"nl:{act}:{number}:0") == unknown
        assert await bob.presses(1, f"nb:{number}") == t.plain("old.button")
        assert await alice.presses(1, f"nl:again:{number}:0") == t.plain("old.button")
        card = await campus.east.shows(f"#{number} ·")
        async with campus.app.database.reading() as session:
            assert (await session.scalars(select(Words))).one().content["text"] == TAP
        assert await campus.admin.presses(card, f"nh:{number}:0", chat=campus.west) != ""


async def test_a_sticker_can_be_taken_back(database_url: str) -> None:
    async with running(database_url) as campus:
        t = campus.t("en")
        alice = await campus.student("Alice")
        number = await campus.files(alice, TAP)
        await opens(campus, alice, number)
        await alice.taps(t.plain("own.add"))
        await alice.sends(sticker())
        await alice.reads(t.plain("mine.added", number=number))
        await campus.quiet()
        assert [m for m in await campus.east.transcript() if m.raw.get("sticker")]
        await opens(campus, alice, number)
        await alice.taps(t.plain("own.retract"))
        await alice.taps(t.plain("own.retract_yes"))
        await campus.east.shows("took 1 message back")
        await campus.quiet()
        assert len(await campus.east.transcript()) == 1, "the card alone: what said whose it was is gone as well"
