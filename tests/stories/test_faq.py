"""Questions and answers: found by words and by topic, offered before a ticket is sent, counted without anybody."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from sqlalchemy import func, select

from models import faq
from models.faq import FaqVotes
from models.inbox import Incoming
from models.people import Person as Somebody
from models.tickets import Ticket
from sandbox.client import Person
from tests.campus import Campus, of_draft, running

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
"""Nothing here depends on the kind of database; the counters have a test of their own on both."""


async def counts(campus: Campus) -> dict[tuple[str, str], tuple[int, int, int]]:
    async with campus.app.database.reading() as session:
        rows = await session.scalars(select(FaqVotes))
        return {(row.article, row.language): (row.shown, row.helpful, row.not_helpful) for row in rows}


async def to_the_words(campus: Campus, person: Person, kind: str, language: str = "en", *path: str) -> None:
    """From /new to "what happened?"."""
    t, settings = campus.t(language), campus.app.settings
    await person.says("/new")
    await person.taps(t.plain(f"kind.{kind}"))
    for key in path or ("repairs", "water"):
        await person.taps(t.pick(settings.category_names(key)))
    await person.reads(t.plain("new.words").splitlines()[0])


async def test_an_answer_is_found_by_words_and_no_goes_on_to_a_ticket_with_them(database_url: str) -> None:
    async with running(database_url) as campus:
        t = campus.t("en")
        alice = await campus.student("Alice")
        await alice.says("/faq no hot watter in the shower")
        article = await alice.reads("When is there hot water?")
        assert "Let it run for two or three minutes" in article.text
        assert "write the hours" not in article.text, "nobody reads what the union has still to fill in"
        await alice.taps(t.plain("faq.no"))
        await alice.reads("no hot watter in the shower")
        await alice.taps(t.plain("kind.question"))
        await alice.taps("Dormitory repairs")
        await alice.taps("Water and bathroom")
        # The same article is not offered to whoever has just said that it did not help.
        await alice.reads(t.plain("name.ask").splitlines()[0])
        await alice.taps(t.plain("name.named"))
        await alice.taps(t.plain("preview.send"))
        card = await campus.east.shows("#1 ·")
        assert "no hot watter in the shower" in card.text
        assert "/faq" not in card.text
        assert await counts(campus) == {("hot-water", "en"): (1, 0, 1)}


async def test_yes_thanks_and_the_answer_stays_to_be_read(database_url: str) -> None:
    async with running(database_url) as campus:
        t = campus.t("zh-hant")
        chan = await campus.student("Chan", "zh-hant")
        # Simplified words find the traditional article.
        await chan.says("/faq 台胞证")
        article = await chan.reads("港澳臺同學的通行證和居住證怎麼辦？")
        assert "自願辦" in article.text
        await chan.taps(t.plain("faq.yes"))
        thanked = await chan.reads(t.plain("faq.thanks"))
        assert "自願辦" in thanked.text
        assert t.plain("faq.yes") not in thanked.labels
        assert await counts(campus) == {("travel-permits", "zh-hant"): (1, 1, 0)}


async def test_the_list_puts_what_is_for_the_reader_first(database_url: str) -> None:
    async with running(database_url) as campus:
        t = campus.t("en")
        lin = await campus.student("Lin")
        await lin.says("/start")
        await lin.taps(t.plain("home.faq"))
        topics = (await lin.reads("Questions and answers")).labels
        assert topics[0] == "Dormitory repairs"
        await lin.taps(t.plain("nav.home"))
        await lin.taps(t.plain("home.profile"))
        await lin.taps(t.plain("audience.international"))
        await lin.taps("East 1")
        await lin.says("/faq")
        screen = await lin.reads("Questions and answers")
        assert screen.labels[0].startswith("Registration of residence")
        assert screen.labels[1] == "Visas and permits"
        await lin.taps("Visas and permits")
        page = await lin.reads("What would you like to know?")
        assert page.labels[0].startswith("Registration of residence")
        assert page.labels[1].startswith("Travel permit")
        await lin.taps("Travel permit")
        await lin.reads("The residence card")
        await lin.taps(t.plain("faq.topics"))
        await lin.reads("Choose a topic")
        # The categories of a ticket follow the same order, and hide nothing.
        await lin.says("/new")
        await lin.taps(t.plain("kind.question"))
        asked = await lin.reads(t.plain("new.category"))
        assert asked.labels[0] == "Visas and permits"
        assert {"Dormitory repairs", "Something else"} <= set(asked.labels)


async def test_looking_something_up_leaves_the_draft_as_it_is(database_url: str) -> None:
    async with running(database_url) as campus:
        t = campus.t("en")
        alice = await campus.student("Alice")
        await to_the_words(campus, alice, "complaint")
        await alice.says("The tap in the bathroom drips")
        await alice.says("/faq campus card")
        await alice.reads("Block it first")
        await alice.taps(t.plain("faq.no_draft"))
        await alice.reads("The tap in the bathroom drips")
        await alice.says("/faq")
        await alice.reads("Choose a topic")
        await alice.taps(t.plain("nav.back"))
        await alice.reads("The tap in the bathroom drips")


async def test_a_question_is_answered_before_it_is_sent(database_url: str) -> None:
    async with running(database_url) as campus:
        t = campus.t("zh-hans")
        wang = await campus.student("Wang", "zh-hans")
        await to_the_words(campus, wang, "question", "zh-hans")
        await wang.says("请问宿舍几点有热水？")
        await wang.taps(t.plain("new.continue"))
        offer = await wang.reads(t.plain("faq.offer"))
        assert "宿舍什么时候有热水？" in offer.text
        # More words change nothing about what was asked before; they are collected.
        await wang.says("东一栋")
        await wang.taps(t.plain("new.continue"))
        await wang.taps(t.plain("faq.answered"))
        thanked = await wang.reads("没有提交")
        assert "每栋楼的门厅" in thanked.text
        async with campus.app.database.reading() as session:
            assert await session.scalar(select(func.count()).select_from(Ticket)) == 0
        assert await counts(campus) == {("hot-water", "zh-hans"): (1, 1, 0)}


async def test_two_articles_at_most_are_offered_and_then_it_goes_on(database_url: str, tmp_path: Path) -> None:
    for name in ("one", "two", "three"):
        for language in ("en", "zh-hans", "zh-hant"):
            text = f"---\ntitle: Parking bicycles, part {name}\n---\nPark at the gate, {name}.\n"
            (tmp_path / f"{name}.{language}.md").write_text(text, encoding="utf-8")
    async with running(database_url, faq={"folder": str(tmp_path)}) as campus:
        t = campus.t("en")
        alice = await campus.student("Alice")
        await to_the_words(campus, alice, "need")
        await alice.says("Parking bicycles")
        await alice.taps(t.plain("new.continue"))
        for _ in range(2):
            offer = await alice.reads("does this answer it?")
            await alice.taps(t.plain("faq.go_on"))
        await alice.reads(t.plain("name.ask").splitlines()[0])
        assert sum(no for _, _, no in (await counts(campus)).values()) == 2
        # An offer that is answered does not answer twice, and nobody can vote for what they were not shown.
        for payload in ("qa:one:1", "qa:nothing:1", "qh:nothing:1", "qt:nothing:0", "qt:repairs:999", "qr:nothing"):
            pressed = of_draft(offer, payload) if payload.startswith("qa:") else payload
            assert await alice.presses(offer, pressed) == t.plain("draft.another"), payload
        assert sum(yes for _, yes, _ in (await counts(campus)).values()) == 0


async def test_a_complaint_is_not_sent_away_to_read(database_url: str) -> None:
    async with running(database_url) as campus:
        t = campus.t("en")
        alice = await campus.student("Alice")
        await to_the_words(campus, alice, "complaint")
        await alice.says("There has been no hot water since Monday")
        await alice.taps(t.plain("new.continue"))
        await alice.reads(t.plain("name.ask").splitlines()[0])
        assert await counts(campus) == {}


async def test_inline_words_are_answered_in_any_chat_and_leave_nothing_behind(database_url: str) -> None:
    async with running(database_url) as campus:
        friends = await campus.stage.group("Friends", [campus.wang], bot=None)
        stranger = await campus.stage.person("Stranger", "en")
        # What came in before has been stored by the time somebody is through with all this.
        await campus.student("Alice")
        await campus.quiet()
        async with campus.app.database.reading() as session:
            before = await session.scalar(select(func.count()).select_from(Incoming))
        query, results = await campus.wang.looks_up("热水")
        assert results[0]["title"] == "宿舍什么时候有热水？"
        assert "门厅" in results[0]["description"]
        said = await campus.wang.chooses(query, results[0]["id"], chat=friends)
        assert "放水两三分钟" in said.text
        # Several at once, of somebody nobody knows: in their language, and nobody is remembered for it.
        found = await asyncio.gather(*(stranger.looks_up(words) for words in ("water", "", "wi-fi", "zzzz")))
        titles = [[each["title"] for each in results] for _, results in found]
        assert titles[0][0] == "When is there hot water?"
        assert len(titles[1]) == 8
        assert titles[2][0] == "The campus network does not work or is slow"
        assert titles[3] == []
        await campus.quiet()
        async with campus.app.database.reading() as session:
            assert await session.scalar(select(func.count()).select_from(Incoming)) == before
            assert await session.scalar(select(Somebody.id).where(Somebody.telegram_id == stranger.id)) is None
        assert await counts(campus) == {}


async def test_an_inline_query_waits_for_nobody_who_writes(database_url: str) -> None:
    """It means nothing in ten seconds; so it is answered while another has the database."""
    async with running(database_url) as campus:
        alice = await campus.student("Alice")
        await campus.quiet()
        async with campus.app.database.transaction() as session:
            await faq.shown(session, "heating", "en")
            await session.flush()
            _, results = await alice.looks_up("hot water", timeout=5)
        assert results[0]["id"] == "hot-water"


async def test_several_answers_are_a_list(database_url: str) -> None:
    async with running(database_url) as campus:
        t = campus.t("en")
        alice = await campus.student("Alice")
        await alice.says("/faq roommate")
        screen = await alice.reads("This is what we have about “roommate”")
        assert len(screen.labels) > 4
        await alice.taps("When are lights out")
        article = await alice.reads("Say it kindly")
        assert article.id == screen.id, "one screen at a time"
        await alice.taps(t.plain("nav.home"))
        await alice.says("/faq heeting")
        await alice.reads("Is the valve at the radiator open?")
        await alice.says("/faq gibberish")
        await alice.reads("no answer about “gibberish”")
        await alice.taps(t.plain("faq.ask_us"))
        await alice.reads("gibberish")


async def test_the_office_sees_what_does_not_help_and_nobody_behind_it(database_url: str) -> None:
    async with running(database_url) as campus:
        house = campus.app.toolbox.house
        alice = await campus.student("Alice")
        await alice.says("/faq swimming pool")
        await alice.reads("no answer about “swimming pool”")
        async with campus.app.database.transaction() as session:
            for i in range(12):
                await faq.shown(session, "heating", "en")
                await faq.voted(session, "heating", "en", helpful=i >= 4)
            for _ in range(2):
                await faq.voted(session, "parcels", "en", helpful=False)
                await faq.missed(session, house.fold("Swimming  Pool!"), house)
            await faq.missed(session, house.fold("my neighbour Bob"), house)
        await campus.admin.says("/faq stats", chat=campus.office)
        told = (await campus.admin.reads("did not help", chat=campus.office)).text
        assert "When is the heating on, and what if my radiator is cold? (heating.en): did not help 4 of 12" in told
        assert "helpful 67% (95 %: 39.1%–86.2%)" in told
        assert "swimming pool: 3 times" in told
        assert "Bob" not in told.replace("nobody", "")
        assert "parcels" not in told
        await campus.wang.says("/faq stats", chat=campus.east)
        await campus.wang.reads("in a private chat with me", chat=campus.east)
