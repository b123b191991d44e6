"""A sealed report is read by those whom it is for and by nobody else: every role of the union's, wherever it stands and
whatever it tries, and every file, page and search (models/permissions.py, models/cases.py).
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import AsyncIterator, Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest

from bot.sealed import Handle, Tell
from models import cases, casework, people
from models.cases import Head, Report
from models.people import Role
from models.permissions import Who
from tests.security import attacked as stage
from tests.security.attacked import Attacked, Presser, attacked, there

on_sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)

OTHER_TEACHER, ACCUSED = 30_011, stage.STAFF
ABOUT, SAID = "Quisling Dahai", "pilfered nineteen vouchers"
ABOUT_TEACHER, SAID_OF_TEACHER = "Headmistress Grimm", "favours for certificates"
SECRETS = {"staff": (ABOUT, SAID), "teacher": (ABOUT_TEACHER, SAID_OF_TEACHER)}
REPORTER_NAME = "Alice Whistle"

PRESSERS: dict[Who, list[Presser]] = {
    Who.STRANGER: [Presser("another student", stage.BOB, stage.BOB), Presser("somebody new", stage.NEW, stage.NEW)],
    Who.REQUESTER: [Presser("whose ticket it would be", stage.ALICE, stage.ALICE)],
    Who.HERE: [Presser("staff, accused of it", ACCUSED, stage.EAST, there())],
    Who.FIRST: [Presser("staff of the first place", stage.STAFF, stage.EAST, there())],
    Who.OFFERED: [Presser("staff of another place", stage.WESTERN, stage.WEST, there())],
    Who.ELSEWHERE: [Presser("staff alone", stage.WESTERN, stage.WESTERN)],
    Who.LEAD: [Presser("a lead", stage.LEAD, stage.EAST, there("administrator"))],
    Who.ADMIN: [Presser("an admin at a station", stage.ADMIN, stage.EAST, there("administrator"))],
    Who.OFFICE: [Presser("a clerk", stage.CLERK, stage.OFFICE, there())],
    Who.PRESIDIUM: [
        Presser("an admin in the office", stage.ADMIN, stage.OFFICE, there("creator")),
        Presser("an admin alone", stage.ADMIN, stage.ADMIN),
    ],
    Who.ABOVE: [
        Presser("an admin in the supervisors' group", stage.ADMIN, stage.SUPERVISORS, there("creator")),
        Presser("somebody in the supervisors' group", stage.BOB, stage.SUPERVISORS, there()),
    ],
    Who.SUPERVISOR: [
        Presser("a supervisor in their group", stage.TEACHER, stage.SUPERVISORS, there()),
        Presser("a supervisor alone", stage.TEACHER, stage.TEACHER),
        Presser("a supervisor in the office", stage.TEACHER, stage.OFFICE, there()),
        Presser("a supervisor at a station", stage.TEACHER, stage.EAST, there()),
        Presser("a supervisor in a group of nobody's", stage.TEACHER, stage.STRAY, there()),
    ],
    Who.READER: [Presser("a report reader", stage.PARTY, stage.PARTY)],
    Who.REPORTER: [Presser("the reporter", stage.ALICE, stage.ALICE)],
    Who.CONFIDANT: [
        Presser("the other supervisor alone", OTHER_TEACHER, OTHER_TEACHER),
        Presser("the other supervisor in their group", OTHER_TEACHER, stage.SUPERVISORS, there()),
    ],
    Who.ON_DUTY: [Presser("who is on duty", stage.STAFF, stage.STAFF)],
    Who.ASKED: [Presser("who is asked for a turn", stage.LEAD, stage.LEAD)],
    Who.EVALUATED: [Presser("who is evaluated", ACCUSED, ACCUSED)],
    Who.CONVENER: [Presser("who convenes", stage.LEAD, stage.LEAD)],
    Who.CALLED: [Presser("who is called", stage.BOB, stage.BOB)],
    Who.REVIEWER: [Presser("a reviewer", stage.CLERK, stage.CLERK)],
    Who.UNDERTAKER: [Presser("who undertakes", stage.BOB, stage.BOB)],
}
"""Somebody for each of the union's roles, where that role is theirs, and elsewhere; time acts below."""
READS = {
    ("staff", stage.SUPERVISORS): "their group, once confirmed",
    ("staff", stage.ALICE): "whose report it is",
    ("teacher", stage.ALICE): "whose report it is",
    ("teacher", OTHER_TEACHER): "stands in for whom it is about",
}
"""The chats in which a case may be read."""
HANDLES = ("ack", "ask", "note", "all", "card", "outcome", "founded")
COMMAND = re.compile(r'Command\(((?:"\w+",? ?)+)')


def commands() -> list[str]:
    """Every command there is."""
    code = "\n".join(path.read_text("utf-8") for path in (stage.ROOT / "handlers").rglob("*.py"))
    return sorted({name for found in COMMAND.findall(code) for name in re.findall(r"\w+", found)})


@contextlib.asynccontextmanager
async def reported(database_url: str, now: datetime) -> AsyncIterator[tuple[Attacked, dict[str, str]]]:
    """The program with two reports of Alice's, delivered; their codes."""
    async with attacked(database_url, now) as program:
        house = program.app.toolbox.house
        async with program.app.database.transaction() as session:
            other = await people.meet(session, OTHER_TEACHER, "Teacher Qian", None, "en")
            other.agreed = True
            await people.grant(session, Role.SUPERVISOR, OTHER_TEACHER, given_by=1, now=now - timedelta(days=9))
            teacher = await people.by_telegram_id(session, stage.TEACHER)
            alice = await people.by_telegram_id(session, stage.ALICE)
            assert teacher is not None
            assert alice is not None
            await cases.confirm_room(session, stage.SUPERVISORS, teacher, house.vault, now)
            codes = {}
            for which, head in (
                ("staff", Head(ABOUT, name=REPORTER_NAME)),
                ("teacher", Head(ABOUT_TEACHER, supervisor=True, recused=stage.TEACHER, name=REPORTER_NAME)),
            ):
                words = [{"type": "text", "text": SECRETS[which][1]}]
                case = await casework.file(session, Report(head, words), alice, house, now)
                assert case.delivered, which
                codes[which] = case.code
        yield program, codes


def says(presser: Presser, text: str) -> dict[str, Any]:
    """Words, or a command, of somebody somewhere."""
    chat = presser.presses("-")["callback_query"]["message"]["chat"]
    who = presser.presses("-")["callback_query"]["from"]
    message: dict[str, Any] = {"message_id": 9, "date": 1, "chat": chat, "from": who, "text": text}
    if text.startswith("/"):
        message["entities"] = [{"type": "bot_command", "offset": 0, "length": len(text.split()[0])}]
    return {"message": message}


def tries(presser: Presser, codes: dict[str, str], some: list[str]) -> Iterator[dict[str, Any]]:
    """What somebody tries who wants to read: every button of a case, a reply to it, commands with its code or words."""
    for code in codes.values():
        for press in (*(Handle(act, code) for act in HANDLES), Tell("view", code), Tell("add", code)):
            yield presser.presses(press.pack())
        head = f"R-{code}"
        above = says(presser, head)["message"] | {"from": {"id": 700000, "is_bot": True, "first_name": "Union"}}
        above["entities"] = [{"type": "bold", "offset": 0, "length": len(head)}]
        reply = says(presser, "What does it say?")
        reply["message"]["reply_to_message"] = above
        yield reply
    yield presser.presses(Tell("list").pack())
    for number, name in enumerate(some):
        yield says(presser, f"/{name} {('R-' + codes['staff'], codes['teacher'], ABOUT, 'vouchers')[number % 4]}")


def told(text: str) -> set[str]:
    """Which of the cases a text tells of."""
    return {which for which, secrets in SECRETS.items() if any(secret in text for secret in secrets)}


async def read_by_all(database_url: str, now: datetime, share: int) -> None:
    """Each tries; where nobody may read, every so-manieth way in turn."""
    assert set(PRESSERS) == {*Who} - {Who.TIME}
    known, wrong, read = commands(), [], set()
    assert {"find", "export", "audit", "report", "open", "mydata", "workreport"} <= set(known)
    every = 4 * share if share > 1 else 1
    everybody = list({(p.user, p.chat): p for some in PRESSERS.values() for p in some}.values())
    async with reported(database_url, now) as (program, codes):
        for number, presser in enumerate(everybody):
            ways = list(tries(presser, codes, known[number % every :: every]))
            if presser.chat not in {chat for _, chat in READS}:
                ways = ways[number % share :: share]
            for update in ways:
                seen = await program.gets(update, presser.presence, draw=True)
                assert seen.error is None, (presser.name, update, seen.error)
                for chat, text in seen.shown:
                    for which in told(text):
                        place = chat if chat is not None else presser.chat
                        if (which, place) not in READS or presser in PRESSERS[Who.ABOVE]:
                            wrong.append(f"{presser.name}: {which} in {place}: {text}")
                        elif place == presser.chat:
                            read.add((which, place))
    assert wrong == []
    assert read == set(READS), "those whom it is for do read it"


@on_sqlite
async def test_every_role_tries_to_read_a_sealed_report(database_url: str, now: datetime) -> None:
    await read_by_all(database_url, now, share=5)


@on_sqlite
@pytest.mark.long
async def test_every_role_tries_to_read_a_sealed_report_by_every_command(database_url: str, now: datetime) -> None:
    await read_by_all(database_url, now, share=1)
