"""A sealed report is read by those whom it is for and by nobody else: every role of the union's, wherever it stands and
whatever it tries, and every file, page and search (models/permissions.py, models/cases.py).
"""

from __future__ import annotations

import contextlib
import io
import re
import tomllib
import zipfile
from collections.abc import AsyncIterator, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from sqlalchemy import select

from bot import config, exports, mydata
from bot import work_report_evidence as evidence
from bot.sealed import Handle, Tell
from bot.texts import Catalogue
from bot.toolbox import Toolbox
from bot.web import Web
from bot.web.board import BoardPage
from bot.web.disclosure import Disclosed
from bot.web.open311 import Reports
from bot.web.pages import Pages
from bot.work_report import Writer
from models import cases, casework, people
from models.cases import Head, Report
from models.outbox import Outgoing, Sending
from models.people import Role
from models.permissions import Who
from models.union import report_figures, work_reports
from scheduler.clock import JOBS
from tests.campus import EXAMPLE, TOKEN
from tests.security import attacked as stage
from tests.security.attacked import Attacked, Presser, attacked, there
from tests.semester import LATE, TERMS

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
HANDLES = ("ack", "note", "all", "card", "outcome", "founded")
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
        yield says(presser, f"/{name} {('R-' + codes['staff'], codes['teacher'], 'Dahai', 'vouchers')[number % 4]}")


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
                # What somebody said themselves is no secret to them, where a command says it again.
                said = str(update.get("message", {}).get("text", "")).partition(" ")[2] or "\0"
                for chat, text in seen.shown:
                    for which in told(text.replace(said, "")):
                        place = chat if chat is not None else presser.chat
                        if (which, place) not in READS or presser in PRESSERS[Who.ABOVE]:
                            wrong.append(f"{presser.name}: {which} in {place}: {text}")
                        elif place == presser.chat:
                            read.add((which, place))
    assert wrong == []
    assert read == set(READS), "those whom it is for do read it"


@pytest.mark.rehearsal
@on_sqlite
async def test_every_role_tries_to_read_a_sealed_report(database_url: str, now: datetime) -> None:
    await read_by_all(database_url, now, share=20)


@pytest.mark.long
async def test_every_role_tries_to_read_a_sealed_report_by_every_command(database_url: str, now: datetime) -> None:
    await read_by_all(database_url, now, share=1)


# ---------------------------------------------------------------- files, pages, time


def opened(data: bytes | str) -> str:
    """As text; what is packed is unpacked."""
    plain = data.encode() if isinstance(data, str) else data
    if plain.startswith(b"PK\x03\x04"):
        with zipfile.ZipFile(io.BytesIO(plain)) as packed:
            return "".join(packed.read(name).decode("utf-8", "replace") for name in packed.namelist())
    return plain.decode("utf-8", "replace")


async def files(program: Attacked, now: datetime, folder: Path) -> AsyncIterator[tuple[str, str]]:
    """Every file that the union makes of what it has."""
    app, t = program.app, program.app.toolbox.t("en")
    which = exports.which({"from": "2026-10-01", "to": "2026-12-31"}, app.settings)
    for kind in ("xlsx", "csv"):
        path = folder / f"tickets.{kind}"
        assert await exports.write(app.database, which, path, kind, t, app.settings, now, names=True)
        yield kind, opened(path.read_bytes())
    async with app.database.transaction() as session:
        for whose in (stage.ALICE, ACCUSED, stage.TEACHER, OTHER_TEACHER, stage.ADMIN, stage.BOB):
            person = await people.by_telegram_id(session, whose)
            assert person is not None
            for data in await mydata.files(session, person, app.toolbox, now):
                yield f"/mydata of {whose}", opened(data)
        calendar = app.settings.work_calendar()
        spell = next(each for each in work_reports.spells(TERMS, LATE) if each.kind is work_reports.Kind.WORK)
        report = await work_reports.make(session, spell, TERMS, LATE)
        found = await report_figures.gather(session, report.span, None, calendar, 10, now)
        await work_reports.counted(session, report.id, found, now)
        for name, data in evidence.files(Writer(report, found, app.settings, t)):
            yield name, opened(data)


async def pages(program: Attacked, now: datetime) -> AsyncIterator[tuple[str, str]]:
    """Every page, in each form, for whoever has Open311's key."""
    database, app = program.app.database, program.app
    data = tomllib.loads(EXAMPLE.read_text(encoding="utf-8"))
    data["open311"], data["telegram"]["listen"] = {"enabled": True}, "127.0.0.1:0"
    key = "a key of forty letters, or nearly so many"
    environment = config.Secrets(TOKEN, app.settings.key.get_secret_value()).environment()
    chosen = config.build(data, environment | {"UNIONBOT_OPEN311_KEY": key})
    toolbox = Toolbox(chosen, app.toolbox.house, Catalogue.load(chosen.timezone))
    known = database, toolbox, lambda: now
    shown = Reports(*known, lambda: 0.0, lambda: None), Pages(database, toolbox), Disclosed(*known), BoardPage(*known)
    async with Web(chosen, app.intake, database, *shown) as web, aiohttp.ClientSession() as http:
        routes = [route.resource.canonical for route in web._runner.app.router.routes() if route.method == "GET"]  # type: ignore[union-attr]
        assert len(routes) > 10
        values = {"number": "1", "id": "1", "format": "json", "heading": "staff"}
        for route in routes:
            for form in ("json", "xml") if "{format}" in route else ("-",):
                path = route.format(**values | {"format": form})
                async with http.get(web.address + path, params={"api_key": key, "lang": "en"}) as answer:
                    yield path, await answer.text()


@pytest.mark.long
async def test_no_file_and_no_page_has_a_word_of_a_sealed_report(
    database_url: str, now: datetime, tmp_path: Path
) -> None:
    async with reported(database_url, now) as (program, codes):
        names = []
        for source in (files(program, now, tmp_path), pages(program, now)):
            async for name, text in source:
                names.append(name)
                assert not told(text), name
                assert not [code for code in codes.values() if re.search(rf"\b{code}\b", text)], name
        assert len(names) > 25
        assert any(name.endswith(".docx") for name in names)
        assert "/open311/v2/requests.xml" in names


@pytest.mark.long
async def test_time_brings_a_sealed_report_to_nobody_else(database_url: str, now: datetime) -> None:
    """Every job, from the first hour to the day on which nobody may read it any more."""
    async with reported(database_url, now) as (program, _):
        read, app = set(), program.app
        for hours in (0, 1, 23, 25, 24 * 7, 24 * 30):
            program.now = now + timedelta(hours=hours)
            for job in JOBS:
                await job.work(app.database, app.toolbox, program.now)
            async with app.database.transaction() as session:
                rows = list(await session.scalars(select(Outgoing).where(Outgoing.state == Sending.DUE)))
                for row in rows:
                    for chat, call in await program._drawn(session, row):
                        to = int(call.params.get("chat_id") or chat)
                        read |= {(which, to) for which in told(repr(call.params))}
                    if hours:
                        row.state = Sending.SENT
        assert read == {("staff", stage.SUPERVISORS), ("teacher", OTHER_TEACHER)}
