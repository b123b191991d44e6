"""Three machines on this one: a network namespace each, with etcd, Patroni and PostgreSQL from Debian's packages.

    machine 1 ──┐
    machine 2 ──┼── bridge ── the program, and whoever asks
    machine 3 ──┘

A machine is killed (SIGKILL to everything on it), paused (SIGSTOP) or cut off (its cable is pulled), and mended again.
What they run is deploy/patroni/, filled in.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import secrets
import shutil
import signal
import subprocess
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from string import Template
from typing import Any

import aiohttp
import asyncpg

DEPLOY = Path(__file__).parents[3] / "deploy" / "patroni"
COUNT = 3
USER = "postgres"
DATABASE = ROLE = "unionbot"
"""As deploy/patroni/database.sql makes them."""
START_SECONDS = 120.0
LOOK_SECONDS = 0.1


class CannotStart(Exception):
    """Something this machine lacks; the words say what."""


def lacks() -> str | None:
    """What has to be there first, in one sentence; None when everything is."""
    missing = [name for name in ("etcd", "patroni", "ip", "setpriv") if shutil.which(name) is None]
    if missing or binaries() is None:
        return (
            "the cluster needs Debian's packages: apt-get install --no-install-recommends "
            "patroni etcd-server python3-etcd postgresql iproute2 util-linux"
        )
    if os.geteuid() != 0:
        return "the cluster needs root: each of its machines has a network of its own"
    return None


def binaries() -> Path | None:
    """Where the newest PostgreSQL's programs are."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres"), key=lambda path: int(path.parts[-3]))
    return found[-1].parent if found else None


def _ip(*words: str) -> str:
    done = subprocess.run(["ip", *words], capture_output=True, text=True, check=False)
    if done.returncode:
        raise CannotStart(f"ip {' '.join(words)}: {done.stderr.strip()}")
    return done.stdout


@dataclass
class Node:
    """One machine."""

    name: str
    address: str
    space: str
    cable: str
    folder: Path
    running: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def start(self, program: str, *words: str) -> None:
        """A program on this machine, as the user that PostgreSQL wants."""
        with (self.folder / f"{program}.log").open("ab") as log:
            self.running.append(
                subprocess.Popen(
                    [
                        "ip",
                        "netns",
                        "exec",
                        self.space,
                        "setpriv",
                        f"--reuid={USER}",
                        f"--regid={USER}",
                        "--init-groups",
                        program,
                        *words,
                    ],
                    stdout=log,
                    stderr=log,
                    cwd=self.folder,
                    start_new_session=True,
                )
            )

    def boot(self) -> None:
        """Everything that runs on it."""
        self.start("etcd", "--config-file", str(self.folder / "etcd.yml"))
        self.start("patroni", str(self.folder / "patroni.yml"))

    def everything(self, number: signal.Signals) -> None:
        """This signal to every process on the machine."""
        for pid in _ip("netns", "pids", self.space).split():
            with contextlib.suppress(ProcessLookupError):
                os.kill(int(pid), number)
        if number is signal.SIGKILL:
            for process in self.running:
                process.wait()
            self.running.clear()

    def kill(self) -> None:
        """As when the power is gone."""
        # What is begun while one looks has to go as well.
        while _ip("netns", "pids", self.space).split():
            self.everything(signal.SIGKILL)

    def pause(self) -> None:
        """As a virtual machine that is not given any time."""
        self.everything(signal.SIGSTOP)

    def go_on(self) -> None:
        """The end of a pause."""
        self.everything(signal.SIGCONT)

    def cut_off(self) -> None:
        """Its cable is pulled."""
        _ip("link", "set", self.cable, "down")

    def connect(self) -> None:
        """Its cable is plugged in."""
        _ip("link", "set", self.cable, "up")


class Cluster:
    """The three of them."""

    def __init__(self, nodes: list[Node], password: str) -> None:
        self.nodes = nodes
        self._password = password
        self._password_program = f"{password}p"

    @property
    def url(self) -> str:
        """As it stands in config.toml."""
        hosts = ",".join(f"{node.address}:5432" for node in self.nodes)
        return f"postgresql://{ROLE}:{self._password_program}@{hosts}/{DATABASE}?target_session_attrs=read-write"

    async def primary(self) -> Node:
        """The one that takes writes, asked of PostgreSQL itself, once the three are whole."""
        (found,) = [node for node in self.nodes if await self._writes(node)]
        return found

    async def other_primary(self, old: Node) -> Node:
        """Wait until another one takes writes."""
        others = [node for node in self.nodes if node is not old]
        while True:
            for node in others:
                if await self._writes(node):
                    return node
            await asyncio.sleep(LOOK_SECONDS)

    async def _writes(self, node: Node) -> bool:
        try:
            connection = await self._connect(node, "postgres")
        except (OSError, TimeoutError, asyncpg.PostgresError):
            return False
        try:
            return not await connection.fetchval("SELECT pg_is_in_recovery()", timeout=1)
        except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError):
            return False
        finally:
            connection.terminate()

    async def _connect(self, node: Node, database: str) -> Any:
        return await asyncpg.connect(
            host=node.address, port=5432, user=USER, password=self._password, database=database, timeout=1
        )

    async def whole(self) -> None:
        """Wait until one leads and takes writes, the others follow it, and one of these confirms each commit. All three
        have to say so: one that was away believes in what it saw last.
        """
        while not all([await self._sees_all(node) for node in self.nodes]):  # noqa: ASYNC110  (servers are asked)
            await asyncio.sleep(LOOK_SECONDS)

    async def _sees_all(self, node: Node) -> bool:
        http = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=2))
        try:
            async with http, http.get(f"http://{node.address}:8008/cluster") as answer:
                members = (await answer.json())["members"]
        except (aiohttp.ClientError, TimeoutError, ValueError):
            return False
        roles = {m["name"]: m["role"] for m in members if m["state"] in ("running", "streaming")}
        leading = [name for name, role in roles.items() if role in ("leader", "master", "primary")]
        writes = await self._writes(node)
        return (
            len(roles) == COUNT
            and len(leading) == 1
            and writes == (node.name in leading)
            and "sync_standby" in roles.values()
        )

    async def make_database(self) -> None:
        """An empty one and the program's role, as an operator makes them."""
        node = await self.primary()
        psql = binaries()
        assert psql is not None
        done = await asyncio.create_subprocess_exec(
            str(psql / "psql"), "-h", node.address, "-U", USER, "-f", str(DEPLOY / "database.sql"), "postgres",
            env={"PGPASSWORD": self._password, "UNIONBOT_DATABASE_PASSWORD": self._password_program},
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        )  # fmt: skip
        said, _ = await done.communicate()
        if done.returncode:
            raise CannotStart(f"database.sql: {said.decode(errors='replace').strip()}")

    def last_words(self) -> str:
        """The end of every log, for whoever has to find out why it does not start."""
        return "\n".join(
            f"--- {path}\n{path.read_text(errors='replace')[-4000:]}"
            for node in self.nodes
            for path in sorted(node.folder.glob("*.log"))
        )


@contextlib.asynccontextmanager
async def started(folder: Path) -> AsyncIterator[Cluster]:
    """Three machines, whole, with an empty database; gone at the end. Raises CannotStart."""
    if lack := lacks():
        raise CannotStart(lack)
    tag, net = secrets.token_hex(2), f"10.213.{secrets.randbelow(250)}"
    bridge = f"ub{tag}"
    nodes = [Node(f"n{n}", f"{net}.{n}", f"ub{tag}n{n}", f"ub{tag}v{n}", folder / f"n{n}") for n in range(1, COUNT + 1)]
    cluster = Cluster(nodes, secrets.token_urlsafe(12))
    try:
        _ip("link", "add", bridge, "type", "bridge")
        _ip("addr", "add", f"{net}.254/24", "dev", bridge)
        _ip("link", "set", bridge, "up")
        for node in nodes:
            _wire(node, bridge)
        for node in nodes:
            _furnish(node, cluster, net)
            node.boot()
        try:
            async with asyncio.timeout(START_SECONDS):
                await cluster.whole()
                await cluster.make_database()
        except TimeoutError:
            raise CannotStart(f"not whole after {START_SECONDS:g} s:\n{cluster.last_words()}") from None
        yield cluster
    finally:
        for node in nodes:
            with contextlib.suppress(CannotStart):
                node.kill()
            for words in (("link", "del", node.cable), ("netns", "del", node.space)):
                with contextlib.suppress(CannotStart):
                    _ip(*words)
        with contextlib.suppress(CannotStart):
            _ip("link", "del", bridge)


def _wire(node: Node, bridge: str) -> None:
    _ip("netns", "add", node.space)
    _ip("link", "add", node.cable, "type", "veth", "peer", "name", "eth0", "netns", node.space)
    _ip("link", "set", node.cable, "master", bridge, "up")
    _ip("-n", node.space, "addr", "add", f"{node.address}/24", "dev", "eth0")
    for device in ("lo", "eth0"):
        _ip("-n", node.space, "link", "set", device, "up")


def _furnish(node: Node, cluster: Cluster, net: str) -> None:
    """Its folder and its two files, readable by PostgreSQL's user alone."""
    node.folder.mkdir()
    given = {
        "NAME": node.name,
        "ADDRESS": node.address,
        "NETWORK": f"{net}.0/24",
        "BIN": str(binaries()),
        "SOCKETS": str(node.folder),
        "PASSWORD": cluster._password,
        "PASSWORD_REPLICATION": f"{cluster._password}r",
        "ETCD": ", ".join(f"{each.address}:2379" for each in cluster.nodes),
        "CLUSTER": ",".join(f"{each.name}=http://{each.address}:2380" for each in cluster.nodes),
    }
    for name in ("etcd", "patroni"):
        text = (DEPLOY / f"{name}.yml").read_text(encoding="utf-8")
        path = node.folder / f"{name}.yml"
        path.write_text(Template(text.replace("${…}", "")).substitute(given, DATA=str(node.folder / f"{name}-data")))
        path.chmod(0o600)
        shutil.chown(path, USER, USER)
    shutil.chown(node.folder, USER, USER)
