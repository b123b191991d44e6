"""PostgreSQL as a whole, by its own tools: pg_dump, and back by pg_restore and psql.

Where the server is and the password go to them in the environment: a command line is for everybody on the machine to
read.
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import subprocess
import tempfile
import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import IO

from sqlalchemy.engine import URL

ENVIRONMENT = {
    "host": "PGHOST",
    "port": "PGPORT",
    "user": "PGUSER",
    "ssl": "PGSSLMODE",
    "sslmode": "PGSSLMODE",
    "target_session_attrs": "PGTARGETSESSIONATTRS",
}
NAME_IT = ', or say where it is: [backup] postgresql_tools = "/usr/lib/postgresql/…/bin"'
UNKNOWN_BEFORE = re.compile(rb"SET (transaction_timeout|idle_session_timeout)\b")
"""Settings that a newer pg_restore writes and an older server does not know; they are for its own session."""


class ToolFailed(Exception):
    """One of PostgreSQL's tools is not there, too old, or says that something went wrong; one sentence."""


def tool(name: str, folder: str) -> str:
    """Where a tool is: in this folder, or on the PATH where it is empty. Raises ToolFailed."""
    found = shutil.which(name, path=folder or None)
    if found is None:
        where = folder or "the PATH"
        raise ToolFailed(f"{name} is not in {where}: install PostgreSQL's client programs{NAME_IT}")
    return found


def must_know(server: int, folder: str) -> None:
    """Raises ToolFailed unless pg_dump is at least as new as the server of this major version."""
    found = tool("pg_dump", folder)
    said = subprocess.run([found, "--version"], capture_output=True, text=True, check=True).stdout
    # Debian's says after it whose it is: "pg_dump (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)".
    version = re.search(r"\(PostgreSQL\) (\d+)", said)
    if version is None or int(version[1]) < server:
        raise ToolFailed(
            f"{found} is of PostgreSQL {version[1] if version else '?'} and the server of {server}: an older pg_dump "
            f"cannot read a newer server; install the newer one{NAME_IT}"
        )


def environment(url: URL) -> dict[str, str]:
    """What tells the tools where the database is."""
    given = {"PATH": os.environ.get("PATH", ""), "PGDATABASE": url.database or "", "PGCONNECT_TIMEOUT": "10"}
    parts = {"host": url.host, "port": url.port, "user": url.username, **url.query}
    if isinstance(parts["host"], tuple):
        # Several servers: the tools try them one after the other as well (`models/servers.py`).
        hosts = [host.rpartition(":") for host in parts["host"]]
        parts["host"], parts["port"] = (",".join(host[n] for host in hosts) for n in (0, 2))
    for name, value in parts.items():
        if value and name in ENVIRONMENT:
            given[ENVIRONMENT[name]] = str(value)
    if url.password:
        given["PGPASSWORD"] = str(url.password)
    return given


@contextlib.contextmanager
def dump(url: URL, folder: str) -> Iterator[IO[bytes]]:
    """All of it as it stands at one moment, in pg_dump's own format; nobody who writes waits. Raises ToolFailed at the
    end when it is not whole.
    """
    arguments = [tool("pg_dump", folder), "--format=custom", "--no-owner", "--no-privileges", "--no-password"]
    with _running(arguments, url, stdin=subprocess.DEVNULL) as (process, finish):
        assert process.stdout is not None
        yield process.stdout
        finish()


def restore(url: URL, folder: str, write: Callable[[IO[bytes]], None], tables: Sequence[str], then: str) -> None:
    """Put a dump in the place of these tables and say `then`, all in one transaction. `write` writes the dump. Raises
    ToolFailed, and then nothing was changed.
    """
    reading = [tool("pg_restore", folder), "--no-owner", "--no-privileges", "--schema=public", "--file=-"]
    saying = [
        tool("psql", folder),
        "--no-psqlrc",
        "--quiet",
        "--no-password",
        "--set=ON_ERROR_STOP=1",
        "--output=/dev/null",
    ]
    with _running(saying, url) as (psql, finished), _running(reading, url) as (script, read):
        assert script.stdin is not None
        assert script.stdout is not None
        assert psql.stdin is not None
        feeding = _Feeding(write, script.stdin)
        try:
            psql.stdin.write(b"BEGIN;\n")
            for table in tables:
                psql.stdin.write(f'DROP TABLE public."{table}" CASCADE;\n'.encode())
            data = False
            for line in script.stdout:
                data = line != b"\\.\n" if data else line.startswith(b"COPY ")
                if data or not UNKNOWN_BEFORE.match(line):
                    psql.stdin.write(line)
            feeding.ended()
            read()
            psql.stdin.write(f"{then};\nCOMMIT;\n".encode())
            psql.stdin.close()
        except BrokenPipeError:
            # It has ended early, and says why.
            script.kill()
        finished()


class _Feeding:
    """Writes into a pipe while somebody reads what comes out at the other end."""

    def __init__(self, write: Callable[[IO[bytes]], None], pipe: IO[bytes]) -> None:
        self._error: Exception | None = None
        self._thread = threading.Thread(target=self._run, args=(write, pipe), daemon=True)
        self._thread.start()

    def _run(self, write: Callable[[IO[bytes]], None], pipe: IO[bytes]) -> None:
        try:
            with pipe:
                write(pipe)
        except Exception as error:  # noqa: BLE001  (told to whoever waits)
            self._error = error

    def ended(self) -> None:
        """Wait for its end; raises what went wrong, but not that the reader wanted no more."""
        self._thread.join()
        if self._error is not None and not isinstance(self._error, BrokenPipeError):
            raise self._error


@contextlib.contextmanager
def _running(
    arguments: Sequence[str], url: URL, stdin: int = subprocess.PIPE
) -> Iterator[tuple[subprocess.Popen[bytes], Callable[[], None]]]:
    """A tool at work, and what waits for its end and raises ToolFailed with what it said. It does not outlive this."""
    with tempfile.TemporaryFile() as said:
        process = subprocess.Popen(
            arguments, stdin=stdin, stdout=subprocess.PIPE, stderr=said, env=environment(url), cwd="/"
        )

        def finish() -> None:
            if process.wait() == 0:
                return
            said.seek(0)
            lines = said.read().decode(errors="replace").strip().splitlines() or ["no reason given"]
            raise ToolFailed(f"{Path(arguments[0]).name} did not do it: {lines[0][:300]}")

        try:
            yield process, finish
        finally:
            process.kill()
            process.wait()
            for pipe in (process.stdin, process.stdout):
                if pipe is not None:
                    with contextlib.suppress(BrokenPipeError):
                        pipe.close()
