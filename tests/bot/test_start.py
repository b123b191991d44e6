"""The command line: one clear line and an exit code where it cannot start, waiting where waiting is right."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import errno
import os
import re
import shutil
import signal
import socket
import sqlite3
import sys
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any
from unittest import mock

import pytest
import typer
from typer.testing import CliRunner, Result

from bot import app as app_room
from bot import logs
from bot.__main__ import app
from bot.app import house_of, shelf_of
from bot.demo.cast import ADMIN, GROUPS
from bot.demo.story import files
from bot.shell import guarded
from bot.texts import Catalogue
from bot.vault import KeyVault, decode_key, new_key
from models import inbox, lease, stations
from models.database import Database
from models.stations import StationSpec
from sandbox import server
from sandbox.client import Group, Person, Place, Sandbox
from tests.campus import BEGIN, EXAMPLE, TOKEN, settings
from tests.house import KEY

HOUSE = Path(__file__).parent.parent.parent


class Told:
    """A command that is running: what it says, and how it ended."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self.process = process
        self.said = ""

    async def until(self, words: str, seconds: float = 60) -> None:
        """Wait until it says this."""
        assert self.process.stdout is not None
        async with asyncio.timeout(seconds):
            while words not in self.said:
                line = await self.process.stdout.readline()
                assert line, f"it ended without saying {words!r}:\n{self.said}"
                self.said += line.decode()

    async def ended(self, seconds: float = 60) -> int:
        assert self.process.stdout is not None
        async with asyncio.timeout(seconds):
            self.said += (await self.process.stdout.read()).decode()
            return await self.process.wait()


@contextlib.asynccontextmanager
async def unionbot(*arguments: str, folder: Path, token: str = TOKEN, key: str | None = None) -> AsyncIterator[Told]:
    environment = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(HOUSE),
        "UNIONBOT_TOKEN": token,
        "UNIONBOT_KEY": key or new_key(),
    }
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "bot",
        *arguments,
        cwd=folder,
        env=environment,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    try:
        yield Told(process)
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


def config(folder: Path, api: str, **changes: str) -> None:
    text = EXAMPLE.read_text(encoding="utf-8").replace("https://api.telegram.org", api)
    for old, new in changes.items():
        assert old in text or old == "url"
        text = text.replace(old, new)
    (folder / "config.toml").write_text(text, encoding="utf-8")


def done_here(
    folder: Path, monkeypatch: pytest.MonkeyPatch, *arguments: str, key: str | None = None, token: str = TOKEN
) -> Result:
    """A command that ends by itself, in this very process: another one takes seconds to start."""
    monkeypatch.chdir(folder)
    monkeypatch.setattr(logs, "configure", lambda *_: None)
    done = CliRunner().invoke(app, arguments, env={"UNIONBOT_TOKEN": token, "UNIONBOT_KEY": key or new_key()})
    assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
    return done


async def checked(folder: Path, monkeypatch: pytest.MonkeyPatch, *arguments: str, token: str = TOKEN) -> Result:
    """`unionbot check` without a process of its own, which takes longer to start than all it has to say."""
    monkeypatch.chdir(folder)
    environment = {"UNIONBOT_TOKEN": token, "UNIONBOT_KEY": new_key()}
    done = await asyncio.to_thread(CliRunner().invoke, app, ["check", *arguments], env=environment)
    assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
    return done


def problems(done: Result) -> list[str]:
    """The lines of a check that are not fine."""
    return [line for line in done.output.splitlines() if not line.startswith("✓")]


async def test_key_prints_a_key(tmp_path: Path) -> None:
    async with unionbot("key", folder=tmp_path) as told:
        assert await told.ended() == 0
    assert len(decode_key(told.said.strip())) == 32


def test_mistakes_in_the_file_are_listed_and_end_with_2(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    config(tmp_path, "http://127.0.0.1:1", **{'mode = "polling"': 'mode = "pulling"', "Asia/Shanghai": "Mars/Olympus"})
    done = done_here(tmp_path, monkeypatch, "run")
    assert done.exit_code == 2
    assert "telegram.mode" in done.output
    assert "timezone" in done.output


def test_a_file_that_is_not_there_says_what_to_copy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    done = done_here(tmp_path, monkeypatch, "check")
    assert done.exit_code == 2
    assert "config.example.toml" in done.output


def test_check_reads_the_file_alone_when_asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    config(tmp_path, "http://127.0.0.1:1")
    assert done_here(tmp_path, monkeypatch, "check", "--offline").exit_code == 0
    config(tmp_path, "http://127.0.0.1:1", **{"minimum_cell = 10": "minimum_cell = 5"})
    done = done_here(tmp_path, monkeypatch, "check", "--offline")
    assert done.exit_code == 0, "a union may have it so, and is told what that means"
    assert any(line.startswith("! [surveys] minimum_cell = 5") for line in done.output.splitlines())


def test_a_bad_article_is_named_by_check_and_in_the_log_and_keeps_nobody_away(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = tmp_path / "own"
    own.mkdir()
    (own / "hot-water.en.md").write_text("---\ntitle: Hot water\n---\nAt six.\n", encoding="utf-8")
    (own / "heating.en.md").write_text("no head", encoding="utf-8")
    config(tmp_path, "http://127.0.0.1:1", **{'[faq]\nfolder = ""': '[faq]\nfolder = "own"'})
    done = done_here(tmp_path, monkeypatch, "check", "--offline")
    assert done.exit_code == 1, "it is to be mended, though the program would start"
    lines = done.output.splitlines()
    bad = "heating.en.md, line 1: has no head"
    assert any(line.startswith(f"✗ {bad}") for line in lines), lines
    assert any(line.startswith("! hot-water.zh-hans.md: does not exist") for line in lines), lines
    assert "✓ own: 1 question and answers in 1 language" in lines
    chosen = settings("http://127.0.0.1:1", "sqlite:///unionbot.db", faq={"folder": "own"})
    found: dict[str, bool] = {}
    with mock.patch.object(app_room, "log") as logged:
        shelf = shelf_of(chosen, house_of(chosen))
    assert list(shelf.listed(None)) == ["hot-water"]
    for call in logged.warning.call_args_list:
        found[call.kwargs["what"].split(";")[0]] = call.kwargs["shown"]
    assert next(shown for what, shown in found.items() if what.startswith(bad)) is False
    assert any(shown for what, shown in found.items() if "does not exist" in what)


def test_a_database_that_cannot_be_opened_ends_with_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "data").write_text("a file where a folder should be")
    config(tmp_path, "http://127.0.0.1:1")
    done = done_here(tmp_path, monkeypatch, "migrate", "--new")
    assert done.exit_code == 3
    (line,) = done.output.splitlines()
    assert "the database" in line


def test_a_postgresql_that_does_not_answer_ends_with_one_line_without_its_password(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config(tmp_path, "http://127.0.0.1:1", **{"sqlite:///data/unionbot.db": "postgresql://u:geheim@127.0.0.1:1/x"})
    done = done_here(tmp_path, monkeypatch, "run")
    assert done.exit_code == 3
    (line,) = done.output.splitlines()
    assert "postgresql://" in line
    assert "geheim" not in line


@contextlib.contextmanager
def telegram_beside() -> Iterator[str]:
    """The address of a local Telegram in a thread of its own: the program has this one, where signals are heard."""
    begun, over = threading.Event(), asyncio.Event()
    at = list[Any]()

    async def stand() -> None:
        async with server.start(tokens=[TOKEN], flood=False, begin=BEGIN) as telegram:
            at.extend((telegram.url, asyncio.get_running_loop()))
            begun.set()
            await over.wait()

    thread = threading.Thread(target=asyncio.run, args=[stand()])
    thread.start()
    assert begun.wait(60)
    try:
        yield at[0]
    finally:
        at[1].call_soon_threadsafe(over.set)
        thread.join()


def last_line(done: Result) -> str:
    assert "Traceback" not in done.output
    return [line for line in done.output.splitlines() if line.strip()][-1]


def test_a_port_in_use_ends_with_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with telegram_beside() as url, socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        config(
            tmp_path,
            url,
            **{
                'mode = "polling"': 'mode = "webhook"',
                'webhook_url = ""': 'webhook_url = "https://union.example"',
                "127.0.0.1:8080": f"127.0.0.1:{port}",
            },
        )
        key = new_key()
        assert done_here(tmp_path, monkeypatch, "migrate", "--new", key=key).exit_code == 0
        done = done_here(tmp_path, monkeypatch, "run", key=key)
    assert done.exit_code == 4
    assert f"127.0.0.1:{port} is taken" in last_line(done)


def test_a_second_copy_says_that_it_starts_and_never_that_it_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """It once said that it ran, and then that another one did."""
    with telegram_beside() as url:
        config(tmp_path, url)
        key = new_key()
        assert done_here(tmp_path, monkeypatch, "migrate", "--new", key=key).exit_code == 0
        with lease.alone(tmp_path / "data" / "unionbot.db.lock"):
            done = done_here(tmp_path, monkeypatch, "run", key=key)
    assert done.exit_code == 4
    assert "'starting'" in caplog.text
    assert "'running'" not in caplog.text
    assert last_line(done).startswith("another copy of this program runs")


def test_a_wrong_token_ends_with_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    wrong = "700000:" + "x" * 35
    with telegram_beside() as url:
        config(tmp_path, url)
        key = new_key()
        assert done_here(tmp_path, monkeypatch, "migrate", "--new", key=key).exit_code == 0
        done = done_here(tmp_path, monkeypatch, "run", token=wrong, key=key)
    assert done.exit_code == 5
    assert "@BotFather" in last_line(done)
    assert wrong not in done.output


@pytest.mark.long
async def test_without_a_network_it_waits_and_starts_and_sigterm_ends_it_within_ten_seconds(tmp_path: Path) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    config(tmp_path, f"http://127.0.0.1:{port}")
    key = new_key()
    async with unionbot("migrate", "--new", folder=tmp_path, key=key) as told:
        assert await told.ended() == 0
    async with unionbot("run", folder=tmp_path, key=key) as told:
        await told.until("waiting")
        async with (
            server.start(port=port, tokens=[TOKEN], flood=False, begin=BEGIN) as telegram,
            Sandbox(telegram.url) as stage,
        ):
            alice = await stage.person("Alice", "en")
            await alice.says("/start")
            await alice.reads("Welcome", timeout=60)
            told.process.send_signal(signal.SIGTERM)
            async with asyncio.timeout(10):
                assert await told.ended() == 0
    assert re.findall(r"\] (starting|waiting|running) ", told.said) == ["starting", "waiting", "running"]


@pytest.mark.parametrize("fault", [{"status": 500}, {"status": 429}, {"drop": "before"}], ids=["500", "429", "drop"])
@pytest.mark.parametrize("method", ["getMe", "getWebhookInfo", "getChat"])
async def test_a_check_that_telegram_does_not_answer_says_so_in_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, migrated: Path, method: str, fault: dict[str, Any]
) -> None:
    """A gateway's 502 once read as "the bot is not in its group; add it again"."""
    (tmp_path / "data").mkdir()
    shutil.copy(migrated, tmp_path / "data" / "unionbot.db")
    async with server.start(tokens=[TOKEN], flood=False, begin=BEGIN) as telegram, Sandbox(telegram.url) as stage:
        bound = await stage.group("East", [], [await stage.person("Zhao", "zh-hans")])
        config(tmp_path, telegram.url, **{"# chat_id = -1001234567892 ": f"chat_id = {bound.id} #"})
        await stage.fault(method, **fault)
        done = await checked(tmp_path, monkeypatch)
    (line,) = problems(done)
    assert done.exit_code == 1
    assert telegram.url in line
    assert "cannot be reached" in line or "cannot answer right now" in line


async def test_a_check_says_that_the_database_does_not_answer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It once read as if no group had been set up yet."""
    async with server.start(tokens=[TOKEN], flood=False, begin=BEGIN) as telegram:
        config(tmp_path, telegram.url, **{"sqlite:///data/unionbot.db": "postgresql://u:geheim@127.0.0.1:1/x"})
        done = await checked(tmp_path, monkeypatch)
    (line,) = problems(done)
    assert done.exit_code == 3
    assert "the database postgresql://" in line
    assert "cannot be used" in line
    assert "geheim" not in done.output


async def test_a_check_before_the_first_start_says_how_the_database_is_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, empty_database_url: str
) -> None:
    async with server.start(tokens=[TOKEN], flood=False, begin=BEGIN) as telegram:
        config(tmp_path, telegram.url, **{"sqlite:///data/unionbot.db": empty_database_url})
        done = await checked(tmp_path, monkeypatch)
    assert done.exit_code == 0
    (line,) = problems(done)
    assert line.startswith("! ")
    assert "`unionbot migrate --new`" in line


@pytest.mark.parametrize("command", ["run", "migrate", "code", "roster list.csv", "posters", "inbox", "audit verify"])
def test_a_mistyped_address_of_the_database_makes_no_new_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    """It once made an empty one and ran on it, while the real one lay beside."""
    config(tmp_path, "http://127.0.0.1:1", **{"data/unionbot.db": "date/unionbot.db"})
    (tmp_path / "list.csv").write_text("number,name\n2026010001,Lin\n", encoding="utf-8")
    done = done_here(tmp_path, monkeypatch, *command.split())
    assert done.exit_code == 6
    (line,) = done.output.splitlines()
    assert f"there is no database at sqlite:///date/unionbot.db (that is {tmp_path}/date/unionbot.db)" in line
    assert "`unionbot migrate --new`" in line
    assert not (tmp_path / "date").exists()


@pytest.mark.parametrize("command", ["run", "migrate", "code", "audit verify", "backup -o y"])
def test_an_empty_database_is_begun_only_when_told_to(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, empty_database_url: str, command: str
) -> None:
    config(tmp_path, "http://127.0.0.1:1", **{"sqlite:///data/unionbot.db": empty_database_url})
    if empty_database_url.startswith("sqlite"):
        Path(empty_database_url.removeprefix("sqlite:///")).touch()
    key = new_key()
    done = done_here(tmp_path, monkeypatch, *command.split(), key=key)
    assert (done.exit_code, "is empty" in last_line(done)) == (6, True), done.output
    assert "`unionbot migrate --new`" in last_line(done)
    assert done_here(tmp_path, monkeypatch, "migrate", "--new", key=key).exit_code == 0
    assert done_here(tmp_path, monkeypatch, "migrate", key=key).exit_code == 0
    again = done_here(tmp_path, monkeypatch, "migrate", "--new", key=key)
    assert (again.exit_code, "there is a database already" in again.output) == (1, True)


@pytest.mark.parametrize(
    ("name", "code", "words"),
    [
        ("data/unionbot.db.lock", 3, "the database sqlite:///data/unionbot.db cannot be used: "),
        ("data", 3, "the database sqlite:///data/unionbot.db cannot be used: "),
        ("posters/east.png", 1, "posters/east.png: No space left on device"),
        ("data/other.csv", 1, "data/other.csv: No space left on device"),
    ],
)
def test_only_what_is_the_database_s_is_said_of_the_database(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    name: str,
    code: int,
    words: str,
) -> None:
    """A full disk under the posters once read "the database cannot be used"."""
    monkeypatch.chdir(tmp_path)

    async def fails() -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), name)

    with pytest.raises(typer.Exit) as ended:
        guarded(fails(), settings("http://127.0.0.1:1", "sqlite:///data/unionbot.db"))
    assert ended.value.exit_code == code
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith(words)


def test_what_names_no_file_is_not_taken_for_the_database(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)

    async def fails() -> None:
        raise ConnectionResetError

    with pytest.raises(ConnectionResetError):
        guarded(fails(), settings("http://127.0.0.1:1", "sqlite:///data/unionbot.db"))


def test_a_name_that_no_file_can_have_is_said_in_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    config(tmp_path, "http://127.0.0.1:1", **{"data/unionbot.db": f"{'x' * 300}.db"})
    done = done_here(tmp_path, monkeypatch, "run")
    assert done.exit_code == 3
    (line,) = done.output.splitlines()
    assert "File name too long" in line


async def test_another_configuration_can_be_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with server.start(tokens=[TOKEN], flood=False, begin=BEGIN) as telegram:
        config(tmp_path, telegram.url)
        (tmp_path / "config.toml").rename(tmp_path / "other.toml")
        assert (await checked(tmp_path, monkeypatch)).exit_code == 2
        done = await checked(tmp_path, monkeypatch, "--config", "other.toml")
    assert done.exit_code == 0
    assert "✓ other.toml" in done.output


async def nothing(stage: Sandbox, group: Group) -> None:
    """The group stays as it was made."""


async def muted(stage: Sandbox, group: Group) -> None:
    await stage.promote(group, "bot", "restricted")


async def quieted(stage: Sandbox, group: Group) -> None:
    """Nobody but administrators may write there any more, and the bot is none."""
    await stage.control("permissions", chat=group.id, can_send_messages=False)


async def removed(stage: Sandbox, group: Group) -> None:
    await stage.promote(group, "bot", "kicked")


async def moved(stage: Sandbox, group: Group) -> None:
    await group.migrates()


ADD = "Administrators → Add Administrator → choose the bot"


@pytest.mark.parametrize(
    ("made", "befalls", "sign", "words"),
    [
        pytest.param({}, nothing, None, (), id="as it should be"),
        pytest.param({"bot": "member"}, nothing, "!", ("privacy mode", "is enough", ADD), id="a plain member"),
        pytest.param({"bot": "member"}, muted, "✗", ("may not write", ADD), id="muted"),
        pytest.param({"bot": "member"}, quieted, "✗", ("may not write", ADD), id="a group where members are muted"),
        pytest.param({"topics": True}, nothing, "✗", ("Edit → Topics → turn on",), id="topics off"),
        pytest.param(
            {"topics": True, "forum": True, "rights": {"can_manage_topics": False}},
            nothing, "✗", ("the bot → Manage Topics → turn on",), id="no can_manage_topics",
        ),
        pytest.param({}, removed, "✗", ("add it again and send /setup there",), id="removed"),
        pytest.param({}, moved, "!", ("the bot follows it at the next message",), id="moved"),
    ],
)  # fmt: skip
async def test_check_says_what_to_press(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    migrated: Path,
    made: dict[str, Any],
    befalls: Callable[[Sandbox, Group], Awaitable[None]],
    sign: str | None,
    words: tuple[str, ...],
) -> None:
    async with server.start(tokens=[TOKEN], flood=False, begin=BEGIN) as telegram, Sandbox(telegram.url) as stage:
        admin = await stage.person("Zhao", "zh-hans")
        bound = await stage.group("East", [], [admin], **{k: v for k, v in made.items() if k != "topics"})
        await befalls(stage, bound)
        config(tmp_path, telegram.url)
        await seated(tmp_path, migrated, bound, topics=made.get("topics", False))
        done = await checked(tmp_path, monkeypatch)
    assert done.exit_code == (1 if sign == "✗" else 0)
    if sign is None:
        assert not problems(done)
        return
    (line,) = problems(done)
    assert line.startswith(f"{sign} east: ")
    assert all(part in line for part in words), line


async def seated(folder: Path, migrated: Path, group: Group, *, topics: bool) -> None:
    """A database in which /setup has made this group the east station's."""
    (folder / "data").mkdir()
    shutil.copy(migrated, folder / "data" / "unionbot.db")
    database = Database(f"sqlite:///{folder / 'data' / 'unionbot.db'}")
    async with database.transaction() as session:
        await stations.follow_config(session, [StationSpec("east", {"en": "East"})], "en")
        await session.flush()
        place = await stations.by_key(session, "east")
        assert place is not None
        await stations.bind(session, place, group.id, topics)
    await database.close()


async def test_check_says_where_a_wrong_token_is_mended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    wrong = "700000:" + "x" * 35
    async with server.start(tokens=[TOKEN], flood=False, begin=BEGIN) as telegram:
        config(tmp_path, telegram.url)
        done = await checked(tmp_path, monkeypatch, token=wrong)
    assert done.exit_code == 1
    assert "@BotFather → /mybots → API Token" in done.output
    assert wrong not in done.output


@pytest.mark.long
@pytest.mark.timeout(240)
async def test_the_demo_plays_its_story_and_lets_people_play_on_until_ctrl_c(tmp_path: Path) -> None:
    """What `make demo` shows, and what the README promises: tickets, the union's own work, and a semester of surveys up
    to what has changed since the one before. The page's clock buttons move the program along.
    """
    async with unionbot("demo", "--port", "0", folder=tmp_path) as told:
        await told.until("everything runs on", seconds=180)
        assert re.search(r"│ • 2025-2026-2：.*\n.*│ • 2026-2027-1：.* ▲\n", told.said)
        assert told.said.count("信息公开需要更新") == 1, "what the office was told of it did, and is not told again"
        url = told.said.split("chat page: ", 1)[1].split("/\n", 1)[0]
        async with Sandbox(url) as stage:
            buttons = {button.pop("label"): button for button in (await stage.state())["guide"]["clock"]}
            assert list(buttons) == ["An hour on", "Next morning", "Two days on", "End of semester"]
            chosen = settings(url, "sqlite:///unused.db")
            texts = Catalogue.load(chosen.timezone)["en"]
            emma = Person(stage, {"id": 800000003, "first_name": "Emma"})
            lin = Person(stage, {"id": 800000001, "first_name": "林小雨"})
            zhou = Person(stage, {"id": ADMIN, "first_name": "周一帆"})
            office = Place(stage, GROUPS["office"])
            for person, command, shown in (
                (lin, "/surveys", "热水延长到 23:30"),
                (emma, "/projects", "open for bids until"),
                (emma, "/volunteer", "Tea Stand"),
            ):
                await person.says(command)
                await person.reads(shown)
            await zhou.says("/board", chat=office)
            board = (await zhou.reads("思想引领", chat=office)).text
            for floor in ("思想引领", "实事项目都有评估", "学生满意度测评", "信息公开保持更新"):
                assert re.search(f"🟢 {floor}", board), board
            assert "理论学习　1 / 2" in board
            await emma.says("/new")
            number = await files(emma, texts, chosen, "The window in the hall does not close", topic="furniture")
            await stage.control("clock", **buttons["Two days on"])
            await Place(stage, GROUPS["supervisors"]).shows(f"#{number}")
        told.process.send_signal(signal.SIGINT)
        async with asyncio.timeout(10):
            assert await told.ended() == 0
    assert "Traceback" not in told.said


@pytest.mark.long
@pytest.mark.timeout(240)
async def test_the_demo_goes_on_where_it_was_when_told_to(tmp_path: Path) -> None:
    for keep in ([], ["--keep"], ["--keep"]):
        async with unionbot("demo", "--once", *keep, folder=tmp_path) as told:
            code = await told.ended(seconds=180)
        assert code == 0, told.said[-2000:]
        assert ("posted anew" in told.said) is bool(keep)


def test_what_was_set_aside_is_listed_without_its_words_and_runs_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config(tmp_path, "http://127.0.0.1:1")
    done = done_here(tmp_path, monkeypatch, "inbox")
    assert done.exit_code == 6
    assert "there is no database" in done.output
    key = base64.urlsafe_b64encode(KEY).decode()
    assert done_here(tmp_path, monkeypatch, "migrate", "--new", key=key).exit_code == 0
    asyncio.run(_set_aside(tmp_path))
    done = done_here(tmp_path, monkeypatch, "inbox", key=key)
    assert done.exit_code == 0
    assert "7FK3Q2" in done.output
    assert "KeyError at mine.py:204" in done.output
    assert "#2" in done.output
    assert "my secret" not in done.output
    done = done_here(tmp_path, monkeypatch, "inbox", "7fk3q2", "NONE", key=key)
    assert (done.exit_code, "7FK3Q2" in done.output, "#2" in done.output) == (1, True, False)
    assert "nothing is set aside" not in done.output
    assert "not among those set aside: NONE" in done.output
    done = done_here(tmp_path, monkeypatch, "inbox", "--again")
    assert (done.exit_code, "made with another UNIONBOT_KEY" in done.output) == (2, True)
    done = done_here(tmp_path, monkeypatch, "inbox", "--again", "7fk3q2", "NONE", key=key)
    assert done.exit_code == 1
    assert "1 back in the queue" in done.output
    assert "not among those set aside: NONE" in done.output
    assert asyncio.run(_waiting_and_aside(tmp_path)) == ([1], [2])


def test_a_new_database_is_readable_by_its_owner_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    config(tmp_path, "http://127.0.0.1:1")
    assert done_here(tmp_path, monkeypatch, "migrate", "--new").exit_code == 0
    assert {path.stat().st_mode & 0o077 for path in tmp_path.rglob("*.db*")} == {0}


@pytest.mark.parametrize("command", ["check", "inbox", "code", "roster list.csv", "audit verify", "migrate"])
def test_no_command_works_with_a_database_that_a_newer_program_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    config(tmp_path, "http://127.0.0.1:1")
    (tmp_path / "list.csv").write_text("number,name\n2026010001,Lin\n", encoding="utf-8")
    key = new_key()
    assert done_here(tmp_path, monkeypatch, "migrate", "--new", key=key).exit_code == 0
    with contextlib.closing(sqlite3.connect(next(tmp_path.rglob("*.db")))) as file, file:
        file.execute("UPDATE alembic_version SET version_num = '9999'")
        before = list(file.iterdump())
    done = done_here(tmp_path, monkeypatch, *command.split(), key=key)
    assert (done.exit_code, "this program is older than its database" in done.output) == (3, True), done.output
    with contextlib.closing(sqlite3.connect(next(tmp_path.rglob("*.db")))) as file:
        assert list(file.iterdump()) == before


async def _set_aside(folder: Path) -> None:
    database = Database(f"sqlite:///{folder / 'data' / 'unionbot.db'}")
    async with database.transaction() as session:
        await inbox.store(session, 1, [inbox.Arrival(5, 10_001, '{"text": "my secret"}')], KeyVault(KEY), BEGIN)
        assert await inbox.set_aside(session, 1, "7FK3Q2", "KeyError at mine.py:204")
        await inbox.store(session, 1, [inbox.Arrival(6, 0, "{", error="JSONDecodeError")], KeyVault(KEY), BEGIN)
    await database.close()


async def _waiting_and_aside(folder: Path) -> tuple[list[int], list[int]]:
    database = Database(f"sqlite:///{folder / 'data' / 'unionbot.db'}")
    async with database.reading() as session:
        found = (
            [row.id for row in await inbox.waiting(session, 10, KeyVault(KEY))],
            [row.id for row in await inbox.aside(session)],
        )
    await database.close()
    return found


@pytest.mark.parametrize(
    "command", [["posters", "--username", "union_bot", "-o"], ["faq", "--copy"], ["surveys", "--copy"]]
)
def test_what_cannot_be_written_is_said_in_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: list[str]
) -> None:
    config(tmp_path, "http://127.0.0.1:1")
    before, key = (tmp_path / "config.toml").read_bytes(), new_key()
    assert done_here(tmp_path, monkeypatch, "migrate", "--new", key=key).exit_code == 0
    done = done_here(tmp_path, monkeypatch, *command, "config.toml", key=key)
    assert (done.exit_code, done.stderr) == (1, "config.toml cannot be written: File exists\n")
    assert (tmp_path / "config.toml").read_bytes() == before


def test_codes_that_cannot_be_had_are_said_in_one_line_and_leave_no_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config(tmp_path, "http://127.0.0.1:1")
    key = new_key()
    assert done_here(tmp_path, monkeypatch, "migrate", "--new", key=key).exit_code == 0
    done = done_here(tmp_path, monkeypatch, "roster", "--codes", "codes.csv", key=key)
    assert (done.exit_code, "is on the roster" in done.stderr) == (1, True), "nobody is to have one"
    (tmp_path / "list.csv").write_text("number,name\n2026010001,Lin\n", encoding="utf-8")
    assert done_here(tmp_path, monkeypatch, "roster", "list.csv", key=key).exit_code == 0
    done = done_here(tmp_path, monkeypatch, "roster", "--codes", "codes.csv")
    assert (done.exit_code, "another UNIONBOT_KEY" in done.stderr) == (2, True), "under another key"
    assert not (tmp_path / "codes.csv").exists()
    done = done_here(tmp_path, monkeypatch, "roster", "--codes", "nowhere/codes.csv", key=key)
    assert (done.exit_code, done.stderr) == (1, "nowhere/codes.csv cannot be written: No such file or directory\n")
    assert "count" not in done_here(tmp_path, monkeypatch, "audit", "show", key=key).output, "and none was given out"


def test_articles_are_looked_at_before_there_is_a_token(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As surveys are: whoever writes answers need not be who holds the secrets."""
    config(tmp_path, "http://127.0.0.1:1")
    monkeypatch.chdir(tmp_path)
    done = CliRunner().invoke(app, ["faq"], env={"UNIONBOT_TOKEN": "", "UNIONBOT_KEY": ""})
    assert (done.exit_code, "questions and answers in 3 languages" in done.output) == (0, True), done.output
