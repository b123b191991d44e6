"""The search of everything that the suite writes (tests/leaks.py) can fail: each way out, tried with a secret."""

from __future__ import annotations

import pytest

from tests import leaks
from tests.house import KEY

TOKEN = "AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw0"
WAYS_OUT = """
import asyncio, io, logging, subprocess, sys, zipfile
import aiohttp, pytest, structlog
from aiohttp import web
from typer.testing import CliRunner
import typer
import scheduler.herald
from bot import logs
from sandbox import server
from tests.campus import TOKEN, settings
from tests.house import KEY

SETTINGS = settings("http://127.0.0.1:1", "postgresql://u:geheim@127.0.0.1:1/x")
SECRET = TOKEN.partition(":")[2]


@pytest.fixture(autouse=True)
def logging_as_in_production(leaks):
    logs.configure("info", stream=leaks.log)


def test_good(tmp_path):
    print(TOKEN.partition(":")[0], "nothing")
    (tmp_path / "config.toml").write_text("postgresql://u:geheim@127.0.0.1:1/x")


def test_printed():
    print("the token is", SECRET)


def test_to_standard_error():
    print(KEY, file=sys.stderr)


def test_logged():
    # What looks like a token is taken out; half of one does not.
    structlog.get_logger().info("it is", key=KEY.hex())


def test_logged_by_a_library():
    logging.getLogger("anything").warning("no answer from %s", SETTINGS.database.url)


def test_in_a_file(tmp_path):
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "unionbot.db-wal").write_bytes(bytes(5000) + KEY + bytes(5000))


def test_in_a_table(tmp_path):
    with zipfile.ZipFile(tmp_path / "table.xlsx", "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("xl/sheet1.xml", "x" * 9000 + SETTINGS.webhook_secret())


async def _said(words, document=None):
    async with server.start(tokens=[TOKEN]) as telegram, aiohttp.ClientSession() as http:
        form = aiohttp.FormData({"chat_id": "1", "text": words})
        if document is not None:
            form.add_field("document", document, filename="table.docx")
        async with http.post(f"{telegram.url}/bot{TOKEN}/sendMessage", data=form):
            pass


def test_said_nothing():
    asyncio.run(_said("nothing"))


def test_said_in_a_chat():
    asyncio.run(_said("an error: " + SECRET))


def test_sent_as_a_document():
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as there:
        there.writestr("word/document.xml", SETTINGS.key.get_secret_value())
    asyncio.run(_said("", packed.getvalue()))


async def _page():
    async def answer(request):
        return web.Response(text=KEY.hex().upper())

    app = web.Application()
    app.router.add_get("/", answer)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    async with aiohttp.ClientSession() as http, http.get("http://%s:%s/" % runner.addresses[0][:2]):
        pass
    await runner.cleanup()


def test_on_a_page():
    asyncio.run(_page())


def test_told_another_system():
    scheduler.herald.signature("s", 1, b"with " + SECRET.encode())


def test_by_a_command():
    app = typer.Typer()
    app.command()(lambda: typer.echo("a passphrase: correct horse battery"))
    CliRunner().invoke(app, [], env={"UNIONBOT_BACKUP_PASSPHRASE": "correct horse battery"})


async def _child():
    child = await asyncio.create_subprocess_exec("echo", SECRET, stdout=asyncio.subprocess.PIPE)
    await child.communicate()


def test_by_a_child():
    asyncio.run(_child())


def test_in_the_log_of_a_server(leaks):
    [path] = leaks.growing
    with path.open("ab") as log:
        log.write(KEY.hex().encode())


def test_good_again(tmp_path):
    (tmp_path / "x").write_text("nothing")
"""


def test_each_way_out_is_watched(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    outer, inner = leaks.LEAKS, leaks.Leaks()
    inner.growing[pytester.path / "server.log"] = 0
    monkeypatch.setattr(leaks, "LEAKS", inner)
    pytester.makepyfile(WAYS_OUT)
    pytester.makeini("[pytest]\naddopts = -p tests.leaks -p no:terminal\nasyncio_default_fixture_loop_scope = function")
    ran = pytester.inline_run()
    passed, failed = set(), {}
    for report in ran.getreports("pytest_runtest_logreport"):
        assert report.when == "teardown" or report.passed, report.longrepr
        name = report.nodeid.rpartition("::")[2].removeprefix("test_")
        if report.when == "teardown" and report.passed:
            passed.add(name)
        elif report.failed:
            failed[name] = str(report.longrepr).splitlines()[1]
    assert passed == {"good", "said_nothing", "good_again"}
    # Ours hears what the inner one was there for; and everything of it was on purpose.
    heard = outer.end()
    assert failed == {
        "printed": "the token in output (Captured stdout call)",
        "to_standard_error": "the key (as Python shows bytes) in output (Captured stderr call)",
        "logged": "the key (hexadecimal) in log",
        "logged_by_a_library": "the database's password in log",
        "in_a_file": "the key (bytes) in file deep/unionbot.db-wal",
        "in_a_table": "the webhook's secret in file table.xlsx › xl/sheet1.xml",
        "said_in_a_chat": "the token in telegram sendMessage",
        "sent_as_a_document": "the key (base64) in telegram sendMessage table.docx › word/document.xml",
        "on_a_page": "the key (HEXADECIMAL) in page /",
        "told_another_system": "the token in other system",
        "by_a_command": "the passphrase in command",
        "by_a_child": "the token in child's output",
        "in_the_log_of_a_server": "the key (hexadecimal) in log server.log",
    }
    assert heard
    assert KEY not in str(failed).encode()
