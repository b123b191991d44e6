"""The way from the program to Telegram, to be cut: then no connection is had, and those that were there are gone."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from urllib.parse import urlsplit


class Cable:
    """Lay it with `laid`; while it is cut, whoever connects is refused, as without a network."""

    def __init__(self) -> None:
        self._server: asyncio.Server | None = None
        self._writers: set[asyncio.StreamWriter] = set()
        self._port = 0

    @contextlib.asynccontextmanager
    async def laid(self, url: str) -> AsyncIterator[str]:
        """Lead to this address. Yields the address of the near end."""
        there = urlsplit(url)
        self._there = there.hostname, there.port
        await self.mend()
        try:
            yield f"http://127.0.0.1:{self._port}"
        finally:
            self.cut()

    async def mend(self) -> None:
        """Connections are had again, at the same address."""
        self._server = await asyncio.start_server(self._joined, "127.0.0.1", self._port)
        self._port = self._server.sockets[0].getsockname()[1]

    def cut(self) -> None:
        """Nothing gets through any more, in either direction."""
        if self._server is not None:
            self._server.close()
            self._server = None
        for writer in self._writers:
            writer.transport.abort()

    async def _joined(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        far_reader, far_writer = await asyncio.open_connection(*self._there)
        self._writers |= {writer, far_writer}
        try:
            await asyncio.gather(_flow(reader, far_writer), _flow(far_reader, writer))
        finally:
            self._writers -= {writer, far_writer}


async def _flow(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(ConnectionError):
        while chunk := await reader.read(65536):
            writer.write(chunk)
            await writer.drain()
    writer.close()
