"""Links into the bot go from hand to hand: each kind is tampered with, used too late, again, and by somebody else. The
kinds are found in the code, so that a new one stands here or the test fails.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import pytest
from aiogram import Router
from aiogram.filters import CommandStart
from sqlalchemy import select

import handlers
from bot.texts import read as texts_of
from handlers.students.inline import OURS
from models import access, links, reports
from models.links import Link
from models.people import Person
from models.union import certificates, gatherings, passes
from models.union.gatherings import Attendance, Part
from models.union.passes import Way
from models.vault import Vault
from tests.campus import UNLIMITED
from tests.house import HOUSE
from tests.security.attacked import ADMIN, ALICE, BOB, ROOT, Attacked, Seen, attacked
from tests.security.test_ways_in import said

on_sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
EN = texts_of("en")
LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-"
"""What Telegram passes on in a link; whoever types /start themselves sends whatever they like."""


@dataclass(frozen=True)
class Kind:
    """One kind of link."""

    made: str
    """The module that shows it to people."""
    make: Callable[[Vault, datetime], str]
    read: Callable[[str, Vault, datetime], object]
    """What it says; None for one that is not ours."""
    refused: str
    """The sentence for one that is not."""
    does: frozenset[str]
    """The tables that a good one changes."""
    ends: timedelta | None
    """After so long it is refused; None where it holds for ever."""


def gathering_of(number: int) -> Any:
    """A gathering, as far as a pass is concerned."""
    return type("Gathering", (), {"id": number})()


LAST = timedelta(days=30)
KINDS = {
    "p_": Kind(
        "bot/posters.py",
        lambda vault, now: links.payload(Link("east"), vault),
        links.read,
        "link.old",
        frozenset(),
        None,
    ),
    "c_": Kind(
        "bot/posters.py",
        lambda vault, now: links.payload(Link("east", 1, (now + LAST).date()), vault),
        links.read,
        "link.old",
        frozenset({"people"}),
        LAST + timedelta(days=1),
    ),
    "g_": Kind(
        "bot/signing.py",
        lambda vault, now: passes.payload(gathering_of(1), Way.IN, vault, now),
        passes.read,
        "here.link_old",
        frozenset({"attendances"}),
        2 * passes.TURN,
    ),
    "v_": Kind(
        "bot/certificates.py",
        lambda vault, now: f"v_1-{certificates._mac(gathering_of(1), PLACE, vault)}",
        lambda text, vault, now: _certificate(text, vault),
        "certificate.false",
        frozenset(),
        None,
    ),
}
PLACE: Any = type("Place", (), {"person_id": 1, "minutes": 120})()


def _certificate(text: str, vault: Vault) -> object:
    """As `certificates.verified` reads it, without a database."""
    typed = "".join(each for each in text.removeprefix(certificates.PREFIX).upper() if each.isalnum())
    return True if typed == f"1{certificates._mac(gathering_of(1), PLACE, vault)}" else None


# ---------------------------------------------------------------- which there are


def test_every_kind_of_link_stands_here() -> None:
    """Whatever shows a link into the bot, and whatever takes one."""
    showing = {
        str(path.relative_to(ROOT))
        for room in ("bot", "handlers", "models", "scheduler")
        for path in (ROOT / room).rglob("*.py")
        if re.search(r"[?&]start(group|app)?=\{|start_parameter=|create_start_link", path.read_text("utf-8"))
    }
    assert showing == {kind.made for kind in KINDS.values()} | {"handlers/students/inline.py"}
    assert OURS == "faq", "it proves nothing and is not signed"
    taking = set()
    routers: list[Router] = [handlers.router()]
    while routers:
        router = routers.pop()
        routers += router.sub_routers
        for handler in router.message.handlers:
            for each in handler.filters or ():
                found = each.callback
                if isinstance(found, CommandStart) and found.deep_link:
                    taking.add(handler.callback.__name__)
    assert taking == {"start", "by_link", "verify", "open_link"}, "the last takes p_ and c_, and all that is none"


def test_every_token_in_an_address_stands_here() -> None:
    """Of what is read on the web only Open311's token proves anything; pages have numbers that everybody may read."""
    paths = set()
    for path in (ROOT / "bot" / "web").glob("*.py"):
        paths |= set(re.findall(r'add_get\(\w+ \+ "(/[^"]*\{[^"]*)"', path.read_text("utf-8")))
    formats = {"/services.{format}", "/requests.{format}", "/requests/{id}.{format}"}
    assert paths - formats == {"/tokens/{id}.{format}", "/{heading}", "/{number}"}


# ---------------------------------------------------------------- tampered with, read without a program


def tampered(text: str) -> Iterator[str]:
    """Each bit of it the other way, each letter another or gone, cut off anywhere, gone on with, and turned around."""
    for at, letter in enumerate(text):
        for bit in range(7):
            yield text[:at] + chr(ord(letter) ^ 1 << bit) + text[at + 1 :]
        yield text[:at] + LETTERS[(LETTERS.find(letter) + 1) % 64] + text[at + 1 :]
        yield text[:at] + text[at + 1 :]
        yield text[:at] + letter + text[at:]
        yield text[:at]
    for more in ("A", "0", "_", "=", " ", "\n", "\0", "é", "_" + text, text):
        yield text + more
    yield from (text[::-1], text.swapcase(), "٣".join(text.split("1", 1)), "x" * 5_000, "g_" + "9" * 4_999, "")


@pytest.mark.parametrize("prefix", KINDS)
def test_no_link_that_was_changed_says_anything(prefix: str, now: datetime) -> None:
    kind, vault = KINDS[prefix], HOUSE.vault
    good = kind.make(vault, now)
    assert good.startswith(prefix)
    assert len(good) <= links.LONGEST
    assert set(good) <= set(LETTERS)
    assert kind.read(good, vault, now) is not None
    wrong = [each for each in tampered(good) if same(each) != same(good)]
    assert len(wrong) > 9 * len(good)
    said = [each for each in wrong if kind.read(each, vault, now) is not None and prefix != "v_"]
    said += [each for each in wrong if prefix == "v_" and _certificate(each, vault) is not None and each[:2] == "v_"]
    assert not said
    for other in KINDS:
        if other != prefix:
            body = KINDS[other].make(vault, now)[2:]
            assert kind.read(prefix + body, vault, now) is None, "what another kind has signed is none of this one's"
    assert kind.read(good, HOUSE.vault.apart("another union"), now) is None


def same(text: str) -> str:
    """A certificate's code is typed off paper: case and dashes do not matter there. Everywhere else they do."""
    return "".join(filter(str.isalnum, text.upper())) if text[:2] in ("v_", "V_") else text


def test_no_token_of_open311_that_was_changed_says_anything() -> None:
    good = reports.token(HOUSE.vault, 12)
    assert reports.number_of(HOUSE.vault, good) == 12
    assert not [each for each in tampered(good) if each != good and reports.number_of(HOUSE.vault, each) is not None]


# ---------------------------------------------------------------- and by the whole program


@asynccontextmanager
async def linked(database_url: str, now: datetime) -> AsyncIterator[tuple[Attacked, dict[str, str]]]:
    """A union that asks for its campus code, a call for volunteers that has just begun, and a link of each kind."""
    async with attacked(database_url, now, access={"mode": "code"}, limits=UNLIMITED) as program:
        async with program.app.database.transaction() as session:
            call = await gatherings.get(session, 1)
            call.starts_at, call.ends_at = now, now + timedelta(hours=3)
            await access.newest(session, now)
            bob = (await session.scalars(select(Person).where(Person.telegram_id == BOB))).one()
            bob.admitted = True
            admin = (await session.scalars(select(Person).where(Person.telegram_id == ADMIN))).one()
            place = Attendance(
                gathering_id=1,
                person_id=admin.id,
                part=Part.CAME,
                asked_at=now,
                minutes=120,
                confirmed_by_id=admin.id,
                confirmed_at=now,
            )
            session.add(place)
            call.seats = 5
            await session.flush()
            vault = program.app.toolbox.house.vault
            found = {prefix: kind.make(vault, now) for prefix, kind in KINDS.items() if prefix != "v_"}
            found["v_"] = f"v_{certificates.code(call, place, vault)}"
        yield program, found


async def follows(program: Attacked, who: int, payload: str, *, keep: bool = False) -> Seen:
    """Somebody opens a link, or sends what it would."""
    user = {"id": who, "is_bot": False, "first_name": "Alice", "language_code": "en"}
    return await program.gets(said(f"/start {payload}", user, who), keep=keep)


def sentence(key: str) -> str:
    """How a text begins."""
    return EN[key][0].pieces[0][0].split("{")[0].splitlines()[0][:40]


def told(seen: Seen) -> str:
    return "\n".join(str(payload.get("text")) for _, payload in seen.said)


def refusal(seen: Seen) -> str:
    """With which sentence it was refused; empty where it was not."""
    if seen.refused is not None:
        return seen.refused.key
    return next((kind.refused for kind in KINDS.values() if sentence(kind.refused) in told(seen)), "")


@on_sqlite
async def test_what_was_changed_is_refused_with_a_sentence_and_changes_nothing(
    database_url: str, now: datetime
) -> None:
    async with linked(database_url, now) as (program, found):
        for prefix, kind in KINDS.items():
            # Volunteers are signed in who are in already; to be let in is for somebody who is not.
            good, who = found[prefix], BOB if prefix == "g_" else ALICE
            seen = await follows(program, who, good)
            assert (seen.error, refusal(seen)) == (None, ""), prefix
            assert kind.does <= seen.changed, (prefix, seen.changed)
            wrong = [each for each in tampered(good) if same(each) != same(good) and each.strip()]
            others = [f"{prefix}{text[2:]}" for other, text in found.items() if other != prefix]
            for text in [*wrong[:: len(wrong) // 12], *wrong[-6:], *others]:
                seen = await follows(program, who, text)
                assert seen.error is None, (text, seen.error)
                assert seen.changed <= {"outbox"}, (text, seen.changed)
                words = seen.refused is not None or told(seen)
                assert words, f"not a word on {text!r}"
                if text.startswith(prefix) and text[2:].strip():
                    assert refusal(seen) == kind.refused, (text, refusal(seen), told(seen))


@on_sqlite
async def test_what_has_ended_is_refused_with_a_sentence_and_changes_nothing(database_url: str, now: datetime) -> None:
    async with linked(database_url, now) as (program, found):
        for prefix, kind in KINDS.items():
            program.now = now + (kind.ends or timedelta(days=400))
            seen = await follows(program, ALICE, found[prefix])
            assert seen.error is None
            assert seen.changed <= {"outbox"}, prefix
            assert refusal(seen) == (kind.refused if kind.ends else ""), prefix
        program.now = now
        async with program.app.database.transaction() as session:
            place = (await session.scalars(select(Attendance).where(Attendance.minutes == 120))).one()
            place.minutes = 90
            await access.rotate(session, now, None, keep=timedelta())
        for prefix, why in (("v_", "the hours were decided otherwise"), ("c_", "there is another code")):
            seen = await follows(program, ALICE, found[prefix])
            assert seen.error is None
            assert seen.changed <= {"outbox"}, why
        assert refusal(await follows(program, ALICE, found["v_"])) == "certificate.false"


@on_sqlite
async def test_a_second_time_nothing_happens_twice_and_for_another_only_what_is_theirs(
    database_url: str, now: datetime
) -> None:
    async with linked(database_url, now) as (program, found):
        for prefix, kind in KINDS.items():
            first = await follows(program, ALICE, found[prefix], keep=True)
            assert kind.does <= first.changed, prefix
            again = await follows(program, ALICE, found[prefix])
            assert again.error is None
            assert again.changed <= {"outbox"}, (prefix, again.changed)
            assert again.refused is not None or told(again), prefix
            other = await follows(program, BOB, found[prefix], keep=True)
            assert other.error is None
            assert other.changed <= kind.does | {"outbox", "acts"}, (prefix, other.changed)
            assert {chat for chat, _ in other.said} <= {BOB}, prefix
        async with program.app.database.reading() as session:
            rows = await session.execute(select(Person.telegram_id, Person.admitted).where(Person.admitted))
            assert {who for who, _ in rows} == {ALICE, BOB}
            came = select(Person.telegram_id).join(Attendance, Attendance.person_id == Person.id)
            signed = came.where(Attendance.signed_in_at.is_not(None))
            assert set(await session.scalars(signed)) == {ALICE, BOB}, "each for themselves"


@on_sqlite
async def test_the_button_above_inline_answers_leads_to_the_menu(database_url: str, now: datetime) -> None:
    """It said that its own link had run out."""
    async with attacked(database_url, now) as program:
        seen = await follows(program, ALICE, OURS)
        assert seen.error is None
        assert told(seen)
        assert refusal(seen) == ""
