"""Anonymous means anonymous: to the staff, to the union, and to someone who holds a copy of the database (law 11)."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from models.base import Base
from tests.campus import Campus, running

on_sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)

TAP = "The tap in the bathroom drips all night"


async def everything(campus: Campus) -> dict[str, list[dict[str, Any]]]:
    """Every row of every table, as somebody with a copy of the database reads it."""
    await campus.quiet()
    async with campus.app.database.reading() as session:
        return {
            table.name: [dict(row._mapping) for row in await session.execute(table.select())]
            for table in Base.metadata.sorted_tables
        }


def traces(rows: dict[str, list[dict[str, Any]]], needles: list[str]) -> list[str]:
    """Where any of these stands, but in the register of people itself."""
    found = []
    for table, lines in rows.items():
        if table in ("people", "grants"):
            continue
        for line in lines:
            shown = json.dumps({k: str(v) for k, v in line.items()}, ensure_ascii=False)
            found += [f"{table}: {shown}" for needle in needles if needle in shown]
    return found


async def test_a_copy_of_the_database_does_not_tell_who_is_behind_a_ticket(database_url: str) -> None:
    async with running(database_url) as campus:
        t = campus.t("en")
        alice = await campus.student("Alice", id=837465921)
        number = await campus.files(alice, TAP, anonymous=True)
        card = await campus.east.shows(f"#{number} ·")
        await campus.wang.says("The plumber comes at three", chat=campus.east, reply_to=card)
        await alice.reads("at three")
        await alice.taps(t.plain("own.add"))
        await alice.says("Thank you so much")
        await campus.east.shows("Thank you so much")
        rows = await everything(campus)
        assert rows["conversations"], "she may add more: the program remembers for which ticket"
        assert not traces(rows, [str(alice.id), "Alice"])
        people = {row["telegram_id"]: row["id"] for row in rows["people"]}
        for table in ("requesters", "words", "ticket_events", "postings", "outbox", "tickets"):
            for row in rows[table]:
                linked = {k: v for k, v in row.items() if k in ("person_id", "staff_id", "claimed_by_id") and v}
                assert people[alice.id] not in linked.values(), (table, row)


@on_sqlite
async def test_staff_see_words_and_a_number_and_nothing_else(database_url: str) -> None:
    async with running(database_url) as campus:
        t = campus.t("en")
        alice = await campus.student("Alice")
        number = await campus.files(alice, TAP, anonymous=True)
        card = await campus.east.shows(f"#{number} ·")
        assert re.search(r"🕶 Anonymous [A-Z][a-z]+\n", card.text)
        await campus.wang.says("Which side?", chat=campus.east, reply_to=card)
        await alice.reads("Which side?")
        await alice.taps(t.plain("own.add"))
        await alice.says("The left one")
        await campus.east.shows("The left one")
        shown = json.dumps([m.raw for m in await campus.east.transcript()], ensure_ascii=False)
        assert "Alice" not in shown
        assert str(alice.id) not in shown


async def test_two_anonymous_tickets_of_one_student_cannot_be_laid_side_by_side(database_url: str) -> None:
    async with running(database_url) as campus:
        alice = await campus.student("Alice")
        await campus.files(alice, TAP, anonymous=True)
        await campus.files(alice, "The canteen is too loud", anonymous=True, category=("life", "canteen"))
        rows = (await everything(campus))["requesters"]
        assert len(rows) == 2
        for name in ("salt", "owner_tag", "address"):
            assert rows[0][name] != rows[1][name]
        sources = [row["source_tag"] for row in (await everything(campus))["words"]]
        assert len(set(sources)) == len(sources)


@on_sqlite
async def test_an_anonymous_student_finds_their_own_and_nobody_else_does(database_url: str) -> None:
    async with running(database_url) as campus:
        t = campus.t("en")
        alice, bob = await campus.student("Alice"), await campus.student("Bob")
        number = await campus.files(alice, TAP, anonymous=True)
        await alice.says("/mine")
        await alice.taps(f"#{number}")
        screen = await alice.reads("Anonymous")
        assert "can read your words only" in screen.text
        await bob.says("/mine")
        await bob.reads(t.plain("mine.none"))
        assert await bob.presses(1, f"m:view:{number}:0") == t.plain("ticket.unknown", number=number)


async def test_an_answer_to_an_anonymous_student_has_no_chat_in_the_outbox(database_url: str) -> None:
    async with running(database_url) as campus:
        alice = await campus.student("Alice")
        number = await campus.files(alice, TAP, anonymous=True)
        card = await campus.east.shows(f"#{number} ·")
        async with campus.app.database.reading() as session:
            rows = (await session.execute(text("SELECT chat_id FROM outbox WHERE requester_id IS NOT NULL"))).all()
        assert all(row[0] is None for row in rows), (
            "no row joins an anonymous ticket and a chat, not even while it waits"
        )
        await campus.wang.says("At three", chat=campus.east, reply_to=card)
        await alice.reads("At three")


async def test_what_somebody_is_in_the_middle_of_is_sealed(database_url: str) -> None:
    async with running(database_url) as campus:
        t = campus.t("en")
        alice = await campus.student("Alice", id=837465921)
        number = await campus.files(alice, "The canteen is too loud", anonymous=True, category=("life", "canteen"))
        await alice.taps(t.plain("own.view"))
        await alice.taps(t.plain("own.add"))
        await alice.reads(t.plain("mine.add", number=number))
        (adding,) = (await everything(campus))["conversations"]
        await alice.says("/new")
        await alice.says(TAP)
        await alice.reads(t.plain("new.kind"))
        (drafting,) = (await everything(campus))["conversations"]
        assert adding["place"] == drafting["place"]
        for row in (adding, drafting):
            assert row.keys() == {"place", "sealed", "day"}
            for told in (str(alice.id), "ticket", "Follow", "New", TAP):
                assert told not in row["place"]
                assert told.encode() not in row["sealed"]


async def test_no_mark_of_a_person_is_also_a_mark_of_an_anonymous_ticket(database_url: str) -> None:
    """A language few read, the day of agreeing, an answer that was refused: each would be a name beside the ticket."""
    async with running(database_url) as campus:
        alice, bob = await campus.student("Alice"), await campus.student("Bob")
        lin = await campus.student("Lin", "zh-hant")
        number = await campus.files(alice, TAP, anonymous=True)
        await campus.files(lin, "水龍頭漏水", language="zh-hant", anonymous=True)
        card = await campus.east.shows(f"#{number} ·")
        await alice.blocks()
        await campus.wang.says("At three", chat=campus.east, reply_to=card)
        await campus.east.shows("has blocked the bot")
        rows = await everything(campus)
        known = {row["telegram_id"]: row for row in rows["people"]}
        themselves = ("id", "telegram_id", "name", "username")
        one, other = ({k: v for k, v in known[x.id].items() if k not in themselves} for x in (alice, bob))
        assert one == other, "that she blocks the bot does not stand with her"
        hers, his = rows["requesters"]
        random = ("id", "ticket_id", "salt", "owner_tag", "address", "pseudonym")
        assert {k: v for k, v in hers.items() if k not in random} == {k: v for k, v in his.items() if k not in random}
        assert len(hers["address"]) == len(his["address"])


@on_sqlite
@pytest.mark.parametrize("anonymous", [False, True], ids=["named", "anonymous"])
async def test_words_follow_when_a_student_who_had_blocked_the_bot_is_back(database_url: str, anonymous: bool) -> None:
    async with running(database_url) as campus:
        alice = await campus.student("Alice")
        number = await campus.files(alice, TAP, anonymous=anonymous)
        card = await campus.east.shows(f"#{number} ·")
        await alice.blocks()
        await campus.wang.says("The plumber comes at three", chat=campus.east, reply_to=card)
        await campus.east.shows("has blocked the bot")
        await alice.unblocks()
        await alice.reads("The plumber comes at three")
        await campus.east.shows("Answer delivered")


@on_sqlite
async def test_an_anonymous_student_is_answered_in_the_language_they_read(database_url: str) -> None:
    async with running(database_url) as campus:
        lin = await campus.student("Lin", "zh-hant")
        t = campus.t("zh-hant")
        number = await campus.files(lin, "水龍頭漏水", language="zh-hant", anonymous=True)
        await campus.wang.taps(campus.t("en").plain("desk.claim"), chat=campus.east)
        claimed = await lin.reads(f"#{number} 已由東區學生會服務站認領")
        await campus.resolves()
        await lin.taps(t.plain("fixed.yes"))
        rating = await lin.reads(t.plain("rate.ask", number=number))
        assert not re.search("[a-z]{3}", claimed.text + rating.text), "the station speaks English, and they do not"


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_what_was_deleted_is_not_left_in_the_file_or_its_log(database_url: str) -> None:
    path = Path(database_url.removeprefix("sqlite:///"))

    def on_disk(needle: str) -> bool:
        log = path.with_name(f"{path.name}-wal")
        return any(needle.encode() in file.read_bytes() for file in (path, log) if file.exists())

    async with running(database_url) as campus:
        t = campus.t("en")
        # What falls due at the start folds the log as well: that is over before there is anything to be found.
        await campus.later(minutes=1)
        alice = await campus.student("Alice", id=837465921)
        await alice.says("/new")
        await alice.taps(t.plain("kind.complaint"))
        for key in ("repairs", "water"):
            await alice.taps(t.pick(campus.app.settings.category_names(key)))
        await alice.reads(t.plain("new.words").splitlines()[0])
        await alice.says("On second thoughts, nobody is to read this")
        await alice.taps(t.plain("new.continue"))
        await alice.taps(t.plain("name.anonymous"))
        await alice.reads("nobody is to read this")
        await alice.says("/cancel")
        await alice.reads(t.plain("cancel.done"))
        written = (str(alice.id), "nobody is to read this")
        assert [on_disk(needle) for needle in written] == [True, False], "the log still knows to whom, and never what"
        await campus.files(alice, TAP, anonymous=True)
        await campus.quiet()
        await campus.later(hours=1)
        await campus.quiet()
        assert not [needle for needle in written if on_disk(needle)]
        assert on_disk(TAP), "the ticket is there"


@on_sqlite
async def test_a_conversation_that_is_over_leaves_no_draft(database_url: str) -> None:
    async with running(database_url) as campus:
        alice = await campus.student("Alice")
        await campus.files(alice, TAP, anonymous=True)
        rows = await everything(campus)
        assert rows["conversations"] == []
        assert not [row for row in rows["inbox"] if row["sealed"]]
