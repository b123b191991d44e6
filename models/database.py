"""The way to the database, and the only place that commits.

`transaction()` is the unit of work: everything inside it is kept together or not at all (law 2). SQLite gets what its
defaults lack (law 12): a write-ahead log that is synced at every commit, foreign keys, deleted words overwritten, and
`BEGIN IMMEDIATE`, because a transaction that reads first and writes later would otherwise lose other people's updates.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket
import sqlite3
import weakref
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping, Sequence
from contextvars import ContextVar
from pathlib import Path
from typing import Any, Protocol, TypeVar, cast

from sqlalchemy import Connection, CursorResult, Engine, Executable, create_engine, event, text
from sqlalchemy.engine import URL, ExceptionContext
from sqlalchemy.exc import OperationalError
from sqlalchemy.exc import TimeoutError as NoneFree
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, create_async_engine

from models import servers
from models.sessions import Asking, AskingInLoop, Remembering, in_thread, plainly
from models.sqlite import DRIVER, LONG, connect, copy_log, fold, log_length

T = TypeVar("T")

log = logging.getLogger(__name__)

BUSY_SECONDS = 10.0
"""How long a writer waits for another process that holds the SQLite file before giving up."""
IDLE_SECONDS = 10
"""After so long PostgreSQL ends a transaction that holds rows and says nothing: its program was stopped or cut off, and
the others wait for those rows."""

SILENT_SECONDS = 60.0
"""So long PostgreSQL may take for one statement, a COMMIT among them, before its connection is given up: its process
may be frozen, or the network swallow what it says, and whoever waits would wait for ever.
"""
LINE_SECONDS = 15
"""After so long without a sign from the other machine the system itself gives a connection up."""


class Fence(Protocol):
    """What has to be so in every transaction of those who work under it (`models/lease.py`)."""

    async def ask(self, session: AsyncSession) -> None:
        """Raises when it is not so any more; until the session ends it stays so."""

    def stands(self) -> bool:
        """Whether it can only be so."""


fences: ContextVar[tuple[Fence, ...]] = ContextVar("fences", default=())
"""Asked at the beginning of each transaction on PostgreSQL."""
_PATIENT = text("SET LOCAL idle_in_transaction_session_timeout = 0")


def driver_url(url: str) -> URL:
    """The SQLAlchemy address for a `sqlite:///…` or `postgresql://…` address as written in config.toml, which may name
    several servers (`models/servers.py`).

    Raises ValueError for any other engine.
    """
    parsed = servers.parsed(url)
    name = parsed.get_backend_name()
    if name == "sqlite":
        return parsed.set(drivername=DRIVER)
    if name == "postgresql":
        return parsed.set(drivername="postgresql+asyncpg")
    raise ValueError(f"database engine {name!r} is neither sqlite nor postgresql")


async def aside(session: AsyncSession, work: Callable[[AsyncSession], Awaitable[T]]) -> T:
    """`Database.aside` for whoever has only a session; what that has changed is not seen there."""
    database: Database = session.info["database"]
    return await database.aside(work)


class _Group:
    """Transactions of several tasks that become one in SQLite: whoever waits for the only writer shares its commit.

    A commit waits for the disk, and while it does nobody else may write. So each task works in a savepoint of its own,
    which alone is undone when it fails; the first of them commits for all who were waiting when it had finished, and
    until then none of them is told that its work is kept.
    """

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self._raw = connection.connection.dbapi_connection
        self.led = False
        """Somebody has taken it on to commit."""
        self.kept: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        # Everybody may have gone when it fails; that nobody asks is no mistake then.
        self.kept.add_done_callback(lambda kept: kept.cancelled() or kept.exception())

    @property
    def whole(self) -> bool:
        """False once SQLite has undone all of it by itself, as it does when the disk is full."""
        return bool(getattr(self._raw, "in_transaction", False))

    def commit(self) -> None:
        """Keep everything, or tell everybody that nothing was kept."""
        try:
            if not self.whole:
                lost = sqlite3.OperationalError("SQLite has undone the transaction")
                raise OperationalError("COMMIT", None, lost)
            self.connection.commit()
        except Exception as error:  # noqa: BLE001  (whatever it is, everybody in the group is told)
            self.kept.set_exception(error)
        else:
            self.kept.set_result(None)
        finally:
            self.connection.close()


def _read(engine: Engine, statement: Executable) -> Sequence[Mapping[str, Any]]:
    with engine.connect() as connection:
        return _named(connection.execute(statement))


def _named(found: CursorResult[*tuple[Any, ...]]) -> Sequence[Mapping[str, Any]]:
    return cast(Sequence[Mapping[str, Any]], found.mappings().all())


def _watch_the_line(connection: Any) -> None:
    """Have the system ask a machine that says nothing whether it is still there. A socket of this one needs none."""
    line = connection._transport.get_extra_info("socket")  # asyncpg has no other way to it
    if line is None or line.family not in (socket.AF_INET, socket.AF_INET6):
        return
    line.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    third = max(LINE_SECONDS // 3, 1)
    wishes = {"TCP_KEEPIDLE": third, "TCP_KEEPINTVL": third, "TCP_KEEPCNT": 2, "TCP_USER_TIMEOUT": LINE_SECONDS * 1000}
    for name, value in wishes.items():
        # Not every system has all of them.
        if hasattr(socket, name):
            line.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), value)


def _given_up(context: ExceptionContext) -> Exception | None:
    """A statement that took too long is like a connection that has ended, and ends it: nobody knows what it is still
    doing. Of a COMMIT nobody knows then whether it was kept.
    """
    error = context.original_exception
    if not isinstance(error, TimeoutError):
        return None
    if context.connection is not None and not context.connection.invalidated:
        raw: Any = context.connection.connection.driver_connection
        raw.terminate()
    context.is_disconnect, context.invalidate_pool_on_disconnect = True, False
    return OperationalError(context.statement, None, error)


class Database:
    """One engine and its sessions. Make it with its address, end it with `close`."""

    def __init__(self, url: str, *, foreign_keys: bool = True) -> None:
        """`foreign_keys` is False where tables are made anew under others that point to them: SQLite asks about that
        when a connection is made, and whoever moves a schema looks afterwards.
        """
        self.url = driver_url(url)
        self._foreign_keys = foreign_keys
        self.is_sqlite = self.url.get_backend_name() == "sqlite"
        self._open: weakref.WeakSet[Any] = weakref.WeakSet()
        self._asides: set[tuple[asyncio.AbstractEventLoop, Database]] = set()
        self._reader: Engine | AsyncEngine = self._sqlite("BEGIN") if self.is_sqlite else self._postgresql()
        self._writer: Engine | AsyncEngine = self._sqlite("BEGIN IMMEDIATE") if self.is_sqlite else self._reader
        # SQLite has one writer. Waiting for it inside sqlite3 would hold the whole event loop, so tasks queue here.
        self._turn = asyncio.Lock()
        self._group: _Group | None = None
        self._too_long = LONG

    def _sqlite(self, begin: str) -> Engine:
        path, keys = self._path, self._foreign_keys
        # Nobody waits for a connection: that would hold the loop, and with it whoever is to give one back.
        return create_engine(
            self.url,
            creator=lambda: connect(path, keys),
            pool_size=10,
            max_overflow=-1,
            begin=begin,
            hide_parameters=True,
        )

    @property
    def _path(self) -> Path:
        return Path(self.url.database or "")

    @property
    def address(self) -> str:
        """By which another `Database` finds the same, the password in it."""
        return self.url.render_as_string(hide_password=False)

    @property
    def engine(self) -> Engine:
        """The one that writes."""
        return self._writer.sync_engine if isinstance(self._writer, AsyncEngine) else self._writer

    @property
    def asynchronous(self) -> AsyncEngine:
        """PostgreSQL's engine, for what needs a connection of its own."""
        assert isinstance(self._writer, AsyncEngine)
        return self._writer

    def _postgresql(self) -> AsyncEngine:
        async def reach(**how: Any) -> Any:
            driver: Any = engine.dialect.loaded_dbapi
            return await servers.reach(driver.asyncpg, **how)

        engine = create_async_engine(
            self.url,
            pool_size=10,
            max_overflow=10,
            pool_pre_ping=True,
            hide_parameters=True,
            connect_args={
                "server_settings": {"idle_in_transaction_session_timeout": f"{IDLE_SECONDS * 1000:.0f}"},
                "async_creator_fn": reach,
                "command_timeout": SILENT_SECONDS,
            },
        )

        def begun(raw: Any, _: object) -> None:
            self._open.add(raw.driver_connection)
            _watch_the_line(raw.driver_connection)

        event.listen(engine.sync_engine, "connect", begun)
        event.listen(engine.sync_engine, "handle_error", _given_up)
        return engine

    def cut(self) -> None:
        """End every connection to PostgreSQL at once, whatever waits on it: it raises DBAPIError there."""
        for connection in list(self._open):
            connection.terminate()
        self._open.clear()
        for loop, other in list(self._asides):
            with contextlib.suppress(RuntimeError):
                # It has ended at this moment, and its loop with it.
                loop.call_soon_threadsafe(other.cut)

    @contextlib.contextmanager
    def connecting(self) -> Iterator[None]:
        """Around getting a connection to PostgreSQL: whatever goes wrong is OperationalError. The driver's own errors
        at this moment are of many kinds, and whoever waits for the database would have to know them all.
        """
        driver: Any = self.asynchronous.dialect.loaded_dbapi
        try:
            yield
        except (OSError, TimeoutError, NoneFree, driver.asyncpg.PostgresError) as error:
            raise OperationalError("CONNECT", None, error) from error

    @contextlib.asynccontextmanager
    async def _reached(self, **how: Any) -> AsyncIterator[Asking]:
        """A session on PostgreSQL that has its connection. Raises OperationalError when none is to be had."""
        async with self._session() as session:
            with self.connecting():
                await session.connection(execution_options=how)
            yield session

    def _session(self, bind: Connection | None = None) -> Asking:
        kind: Callable[..., Asking] = AskingInLoop if self.is_sqlite else Asking
        return kind(
            bind or self._reader,
            expire_on_commit=False,
            sync_session_class=Remembering,
            join_transaction_mode="create_savepoint",
            info={"database": self},
        )

    @contextlib.asynccontextmanager
    async def transaction(self) -> AsyncIterator[AsyncSession]:
        """A session whose work commits when the block ends well and is undone when it raises.

        Raises OperationalError when the database cannot be written within `BUSY_SECONDS`, and under a lease that
        somebody else has by now (`models/lease.py`) Lost.
        """
        if self.is_sqlite:
            async with self._in_group() as session, self._unit(session):
                yield session
        else:
            async with self._reached() as session, self._unit(session):
                for fence in fences.get():
                    await fence.ask(session)
                yield session

    @contextlib.asynccontextmanager
    async def _unit(self, session: AsyncSession) -> AsyncIterator[None]:
        try:
            yield
            await session.commit()
        except BaseException:
            await session.rollback()
            raise

    @contextlib.asynccontextmanager
    async def _in_group(self) -> AsyncIterator[AsyncSession]:
        """The writer, for one task: its session's commit releases a savepoint, and leaving waits for the group's."""
        await self._turn.acquire()
        leads = False
        try:
            group = self._group = self._group or await self._begin_writing()
            try:
                async with self._session(group.connection) as session:
                    yield session
            finally:
                if not group.whole:
                    self._end(group)
                leads = not group.led
                group.led = True
        finally:
            self._turn.release()
            if leads:
                await self._lead(group)
        await asyncio.shield(group.kept)

    async def _lead(self, group: _Group) -> None:
        """Let those who wait for the writer now do their work, then commit for all of them."""
        try:
            # Those who are ready now come first, whether or not they have had time to stand in line.
            await asyncio.sleep(0)
            await self._turn.acquire()
        except asyncio.CancelledError:
            group.led = False
            if self._turn.locked():
                # Whoever has the writer now leads in our place.
                raise
            self._end(group)
            raise
        try:
            self._end(group)
            if (length := log_length(self._path)) > self._too_long:
                # Nobody writes now. Somebody who reads may hinder it; then the log grows on before the next try.
                self._too_long = LONG if await self._copy_log() else length + LONG
        finally:
            self._turn.release()

    async def _copy_log(self) -> bool:
        """Bring the log into the file. False when that is not possible now, be it that the disk is full: what was
        committed is kept all the same, and nobody's work has failed.
        """
        try:
            return await in_thread(lambda: copy_log(self._path))
        except sqlite3.Error as error:
            log.warning("SQLite's log cannot be brought into its file: %s", error)
            return False

    def _end(self, group: _Group) -> None:
        if self._group is group:
            self._group = None
            group.commit()

    async def _begin_writing(self) -> _Group:
        waited, pause = 0.0, 0.002
        while True:
            connection = self.engine.connect()
            try:
                connection.begin()
                return _Group(connection)
            except BaseException as error:
                connection.close()
                if not isinstance(error, OperationalError) or "locked" not in str(error.orig) or waited >= BUSY_SECONDS:
                    raise
            # Another process writes. The loop goes on meanwhile.
            await asyncio.sleep(pause)
            waited, pause = waited + pause, min(pause * 2, 0.1)

    @contextlib.asynccontextmanager
    async def reading(self) -> AsyncIterator[AsyncSession]:
        """A session that only reads, all of it as it stood at the first question, on either database: it never waits
        for the writer, and what it changes is thrown away.
        """
        async with self._session() if self.is_sqlite else self._reached(isolation_level="REPEATABLE READ") as session:
            try:
                if not self.is_sqlite:
                    # It may think for long between two questions, and nobody waits for it.
                    await plainly(session, _PATIENT)
                yield session
            finally:
                # What was read stays readable after the session has ended.
                session.expunge_all()
                await session.rollback()

    async def apart(self, statement: Executable) -> Sequence[Mapping[str, Any]]:
        """What a statement finds, read in a transaction of its own and, on SQLite, in a thread: it may take as long as
        it likes, and the loop goes on meanwhile. PostgreSQL's driver waits without holding it.
        """
        if isinstance(self._reader, AsyncEngine):
            async with self.reading() as session:
                return _named(await plainly(session, statement))
        return await asyncio.to_thread(_read, self._reader, statement)

    async def aside(self, work: Callable[[AsyncSession], Awaitable[T]]) -> T:
        """What `work` finds out by reading with a session of its own, in a thread of its own: for what takes long in
        the database and long in Python.
        """

        async def alone() -> T:
            # Connections belong to the loop in which they were made.
            database = Database(self.address)
            here = asyncio.get_running_loop(), database
            self._asides.add(here)
            try:
                async with database.reading() as session:
                    return await work(session)
            finally:
                self._asides.discard(here)
                await database.leave()

        # Begun there and not here: whoever is cancelled while all threads are busy leaves nothing half made.
        return await asyncio.to_thread(lambda: asyncio.run(alone()))

    async def fold(self) -> bool:
        """Bring SQLite's log into the file and empty it: what was deleted from the file can still be read in the log.

        False when somebody reads or another process writes: it is done next time. PostgreSQL looks after its own.
        """
        if not self.is_sqlite:
            return True
        async with self._turn:
            if self._group is not None:
                # Its work is done; nobody else may be writing, ourselves included.
                self._end(self._group)
            return await in_thread(lambda: fold(self._path))

    async def close(self) -> None:
        """Give every connection back, the log folded."""
        with contextlib.suppress(sqlite3.OperationalError):
            await self.fold()
        await self.leave()

    async def leave(self) -> None:
        """Give every connection back; the log stays as it is."""
        for engine in (self._writer, self._reader):
            if isinstance(engine, AsyncEngine):
                await engine.dispose()
            else:
                engine.dispose()
