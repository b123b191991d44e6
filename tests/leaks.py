"""No token, no key and no password stands in anything that the suite writes: whatever passes is searched for them, and
the test that wrote it fails.

Searched:

- every line of the log from `info` on, as an operator has it, and what a test printed;
- what the bots said to the local Telegram, and the files they sent it;
- what the program's own pages and other systems were given;
- what commands and child processes printed;
- what lies in a test's folder at its end: databases with their logs, exports, reports, tables, backups, a child's log;
  zip files (XLSX, DOCX, backups) are opened;
- what PostgreSQL wrote into its own log.

Searched for: whatever a Settings was built with, a program was started with or a backup sealed under: the bot's token;
the key as bytes, as Python shows bytes, as base64 of both kinds, as hexadecimal; the secrets of the webhooks, Open311's
key, the database's password, the backup's passphrase.

Left out, because it is there by its nature: the address of a request to Telegram (ASVS 14.2.1, docs/security.md) and
the headers of one to ourselves; `secret_token`, which setWebhook is for; the database's address in config.toml; the
file `phrase`, for `--passphrase-file`; the file `key` of the demo; the key that `unionbot key` prints, which nothing
has been started with. What is sealed, or packed in another way, is not opened; of databases those of SQLite are
searched.
"""

from __future__ import annotations

import base64
import contextlib
import io
import os
import subprocess
import zipfile
import zlib
from asyncio.subprocess import SubprocessStreamProtocol
from collections.abc import Callable, Generator, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

SHORTEST, FEWEST = 6, 5
"""Letters, and different ones: a secret below that stands in for one, and half of the world would hold it."""
PAGE = 4096
BENT = (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, ValueError)
PASSWORD, PASSPHRASE = "the database's password", "the passphrase"
BY_NATURE = {"config.toml": PASSWORD, "phrase": PASSPHRASE, "key": "the key"}
"""Files that are there for it, and how what they are there for begins."""


class Leaks:
    """What is known as secret, and where it was found."""

    def __init__(self) -> None:
        self._always: dict[bytes, str] = {}
        self._here: dict[bytes, str] = {}
        self.in_a_test = False
        self.found: list[str] = []
        self.looked: dict[str, int] = {}
        """Bytes searched, by where they came from."""
        self.plain_pages: bytes = b""
        """A database of which a test's own is a copy: what is the same in both was not written by the test."""
        self.growing: dict[Path, int] = {}
        """Files that grow while tests run, and how far each has been read."""
        self.log = Log(self)

    # ------------------------------------------------------------ known

    def know(self, what: str, secret: str | bytes) -> None:
        """From now on this is searched for; what a test made itself, to its end."""
        plain = secret.encode() if isinstance(secret, str) else secret
        if len(plain) >= SHORTEST and len(set(plain)) >= FEWEST:
            (self._here if self.in_a_test else self._always)[plain] = what

    def know_key(self, text: str) -> None:
        """An operator's key in each form that something could bring it into."""
        try:
            raw = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
        except ValueError:
            raw = b""
        if len(raw) != 32:
            return
        forms: dict[str, str | bytes] = {
            "bytes": raw,
            "as Python shows bytes": repr(raw)[2:-1],
            "hexadecimal": raw.hex(),
            "HEXADECIMAL": raw.hex().upper(),
            "base64 for addresses": base64.urlsafe_b64encode(raw).rstrip(b"="),
            "base64": base64.b64encode(raw).rstrip(b"="),
        }
        for form, made in forms.items():
            self.know(f"the key ({form})", made)

    def know_environment(self, given: Mapping[str, str]) -> None:
        """What a program is started with."""
        # The part after the colon: before it stands the bot's public number, and an address quotes the colon.
        self.know("the token", given.get("UNIONBOT_TOKEN", "").rpartition(":")[2])
        self.know_key(given.get("UNIONBOT_KEY", ""))
        self.know("the outgoing webhook's secret", given.get("UNIONBOT_WEBHOOK_SECRET", ""))
        self.know("Open311's key", given.get("UNIONBOT_OPEN311_KEY", ""))
        self.know(PASSPHRASE, given.get("UNIONBOT_BACKUP_PASSPHRASE", ""))

    def know_settings(self, settings: Any) -> None:
        """What a Settings holds."""
        from models.servers import parsed

        self.know_environment(
            {
                "UNIONBOT_TOKEN": settings.token.get_secret_value(),
                "UNIONBOT_KEY": settings.key.get_secret_value(),
                "UNIONBOT_WEBHOOK_SECRET": settings.webhook_out.secret.get_secret_value(),
                "UNIONBOT_OPEN311_KEY": settings.open311.key.get_secret_value(),
            }
        )
        self.know("the webhook's secret", settings.webhook_secret())
        self.know(PASSWORD, parsed(settings.database.url).password or "")

    # ------------------------------------------------------------ searched

    def look(self, data: bytes | str, where: str, *, but: str = "") -> None:
        """Search this; archives are opened."""
        plain = data.encode("utf-8", "surrogatepass") if isinstance(data, str) else data
        place = where.partition(" ")[0]
        self.looked[place] = self.looked.get(place, 0) + len(plain)
        for known in (self._always, self._here):
            for secret, what in known.items():
                if secret in plain and not (but and what.startswith(but)):
                    self.found.append(f"{what} in {where}")
        if plain.startswith(b"PK\x03\x04"):
            # One that somebody has cut or bent does not open, and was searched as it stands.
            with contextlib.suppress(*BENT), zipfile.ZipFile(io.BytesIO(plain)) as packed:
                for name in packed.namelist():
                    self.look(packed.read(name), f"{where} › {name}", but=but)

    def look_into(self, folder: Path) -> None:
        """Search every file in it."""
        for path in sorted(folder.rglob("*")):
            if path.is_file() and not path.is_symlink() and os.access(path, os.R_OK):
                by_nature = BY_NATURE.get(path.name, "")
                self.look(self._own(path.read_bytes()), f"file {path.relative_to(folder)}", but=by_nature)

    def _own(self, data: bytes) -> bytes:
        """Of a database that began as a copy, the pages that are not as they were."""
        plain = self.plain_pages
        if not plain or data[:16] != plain[:16]:
            return data
        shared = min(len(data), len(plain))
        changed = [
            data[at : at + PAGE] for at in range(0, shared, PAGE) if data[at : at + PAGE] != plain[at : at + PAGE]
        ]
        return b"".join(changed) + data[shared:]

    def look_on(self) -> None:
        """Search what has come to the growing logs."""
        for path, read in self.growing.items():
            if path.exists():
                with path.open("rb") as log:
                    log.seek(read)
                    new = log.read()
                self.growing[path] += len(new)
                self.look(new, f"log {path.name}")

    def end(self) -> list[str]:
        """What was found in this test; its own secrets are known no longer."""
        found = list(dict.fromkeys(self.found))
        self.found.clear()
        self._here.clear()
        return found


class Log(io.StringIO):
    """The log's lines are searched as they are written."""

    def __init__(self, leaks: Leaks) -> None:
        super().__init__()
        self._leaks = leaks

    def write(self, text: str, /) -> int:
        self._leaks.look(text, "log")
        return len(text)


LEAKS = Leaks()
LISTENING = pytest.StashKey[pytest.MonkeyPatch]()


# ---------------------------------------------------------------- where things pass


def listen(patch: pytest.MonkeyPatch, leaks: Leaks) -> None:
    """Be there where things pass."""
    from aiohttp import web
    from typer.testing import CliRunner

    import bot.config
    import sandbox.params
    import scheduler.herald
    from bot.backups import archive

    def after(owner: Any, name: str, then: Callable[..., None]) -> None:
        do = getattr(owner, name)

        def wrapped(*arguments: Any, **named: Any) -> Any:
            result = do(*arguments, **named)
            then(result, *arguments, **named)
            return result

        patch.setattr(owner, name, wrapped)

    def before(owner: Any, name: str, first: Callable[..., None]) -> None:
        do = getattr(owner, name)

        def wrapped(*arguments: Any, **named: Any) -> Any:
            first(*arguments, **named)
            return do(*arguments, **named)

        patch.setattr(owner, name, wrapped)

    read, handle = sandbox.params.read, web.Application._handle

    async def read_and_searched(request: Any) -> Any:
        params, files = await read(request)
        method = request.path.rpartition("/")[2]
        said = {k: v for k, v in params.items() if k != "secret_token"}
        leaks.look(repr(said), f"telegram {method}")
        for file in files.values():
            leaks.look(file.data, f"telegram {method} {file.name}")
        return params, files

    async def handled_and_searched(self: Any, request: Any) -> Any:
        answer = await handle(self, request)
        body = getattr(answer, "body", None)
        if isinstance(body, bytes):
            leaks.look(body, f"page {request.path}")
            leaks.look(repr(dict(answer.headers)), f"page {request.path} (headers)")
        return answer

    patch.setattr(sandbox.params, "read", read_and_searched)
    patch.setattr(web.Application, "_handle", handled_and_searched)
    after(bot.config, "build", lambda settings, *_, **__: leaks.know_settings(settings))
    before(archive, "write", lambda *given: leaks.know(PASSPHRASE, given[3]))
    before(archive, "unlock", lambda _, passphrase: leaks.know(PASSPHRASE, passphrase))
    before(scheduler.herald, "signature", lambda _secret, _at, body: leaks.look(body, "other system"))
    # Children: what they are started with, and what they print.
    before(subprocess.Popen, "__init__", lambda *_, **named: leaks.know_environment(named.get("env") or {}))
    before(CliRunner, "invoke", lambda *_, **named: leaks.know_environment(named.get("env") or {}))
    after(CliRunner, "invoke", lambda done, *_, **__: leaks.look(done.output_bytes, "command"))
    after(subprocess, "run", lambda done, *_, **__: _printed(leaks, done))
    before(SubprocessStreamProtocol, "pipe_data_received", lambda _self, _fd, data: leaks.look(data, "child's output"))


def _printed(leaks: Leaks, done: subprocess.CompletedProcess[Any]) -> None:
    for each in (done.stdout, done.stderr):
        if isinstance(each, bytes | str):
            leaks.look(each, "child's output")


@pytest.fixture(scope="session")
def leaks() -> Leaks:
    """For what is made once a session."""
    return LEAKS


def pytest_sessionstart(session: pytest.Session) -> None:
    """Before anything is collected: modules build settings too."""
    from tests.house import KEY

    patch = session.config.stash[LISTENING] = pytest.MonkeyPatch()
    listen(patch, LEAKS)
    # What rules seal with, whether or not a test has settings.
    LEAKS.know_key(base64.urlsafe_b64encode(KEY).decode())


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Nobody listens any more."""
    session.config.stash[LISTENING].undo()


@pytest.fixture
def tmp_path(tmp_path: Path) -> Iterator[Path]:
    """pytest's own, searched before it is removed: everything else that a test uses has ended by then."""
    yield tmp_path
    LEAKS.look_into(tmp_path)


# ---------------------------------------------------------------- who is told


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol() -> Generator[None, object, object]:
    """What becomes known from here on is this test's."""
    LEAKS.in_a_test = True
    try:
        return (yield)
    finally:
        LEAKS.in_a_test = False


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Generator[None, Any, Any]:
    """At its very end a test that wrote a secret fails."""
    report = yield
    if call.when == "teardown":
        for title, text in report.sections:
            if "stdout" in title or "stderr" in title:
                LEAKS.look(text, f"output ({title})")
        LEAKS.look_on()
        if found := LEAKS.end():
            report.outcome = "failed"
            report.longrepr = "\n".join(
                [f"{item.nodeid} wrote what nobody may read:", *found, "", str(report.longrepr or "")]
            )
    return report
