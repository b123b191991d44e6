"""The HTTP side: which address is answered by what, in which process and for how long.

Requests are dispatched by hand on aiohttp's low-level server. The usual application with its router and
middlewares costs more than a sendMessage does here, and this server is what other programs are measured
against.
"""

import asyncio
import importlib.util
import json
import logging
import mimetypes
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from aiohttp import web

from sandbox import params as parameters
from sandbox.clock import Clock
from sandbox.control import answer_control
from sandbox.faults import Fault
from sandbox.files import DOWNLOAD_LIMIT
from sandbox.methods import METHODS, Call, Raw
from sandbox.model import Bot
from sandbox.params import Upload
from sandbox.refusals import Refusal, bad_request
from sandbox.shapes import Json
from sandbox.world import TOKEN, World

PAGE = Path(__file__).parent / "page"
log = logging.getLogger("sandbox")
_dumps = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


class Cut(Exception):
    """The connection is to be cut without an answer."""


@dataclass
class Sandbox:
    """A running sandbox: its address and its world."""

    host: str
    world: World
    port: int = 0
    tokens: tuple[str, ...] = ()
    settings: Json = field(default_factory=dict)

    @property
    def url(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"http://{host}:{self.port}"

    async def reset(self) -> None:
        """Begin the world anew, with the bots registered at the start, keeping address and options."""
        old = self.world
        self.world = new_world(**self.settings)
        for token in self.tokens:
            self.world.add_bot(token)
        for bot in old.bots.values():
            bot.mailbox.interrupt(by_webhook=False)
        await old.close()

    async def handle(self, request: web.BaseRequest) -> web.StreamResponse:
        path = request.raw_path
        if path.startswith("/bot"):
            return await self.bot_api(request, path[4:].partition("?")[0])
        path = path.partition("?")[0]
        if path.startswith("/control/"):
            return await answer_control(self, request, path[9:])
        if path.startswith("/file/bot"):
            return self.download(path[9:])
        return page(path)

    async def bot_api(self, request: web.BaseRequest, rest: str) -> web.StreamResponse:
        token, _, name = rest.partition("/")
        if "%" in token:
            token = unquote(token)
        world = self.world
        name = name.rstrip("/").lower()
        bot = world.tokens.get(token)
        fault: Fault | None = None
        call: Call | None = None
        params: Json = {}
        body: bytes
        status = 200
        try:
            if bot is None:
                raise unknown_token(token)
            found = METHODS.get(name)
            if found is None and not parameters.known(name):
                raise Refusal(404, "Not Found: method not found")
            params, files = await parameters.read(request)
            if world.faults:
                fault = world.faults.strike(name, params.get("chat_id"))
                if fault is not None:
                    await before_effect(fault)
            if found is None:
                raise bad_request("the sandbox does not know this method yet")
            checked = parameters.check(name, params, files)
            call = Call(world, bot, name, checked, files)
            result: Any = found.run(call)
            if found.waits:
                result = await result
            if type(result) is Raw:
                if result != "[]":
                    world.calls.add(bot.id, found.name, recorded(params, files), 200)
                body = b'{"ok":true,"result":' + result.encode("utf-8", "surrogatepass") + b"}"
            else:
                world.calls.add(bot.id, found.name, recorded(params, files), 200, result)
                body = b'{"ok":true,"result":' + _dumps(result).encode("utf-8", "surrogatepass") + b"}"
        except Refusal as refusal:
            status = refusal.code
            body = _dumps(refusal.body()).encode()
            if bot is not None:
                shown = METHODS[name].name if name in METHODS else name
                world.calls.add(bot.id, shown, params, status, error=refusal.description)
        except Cut:
            return self.cut(request, world, bot, name, params)
        if fault is not None and bot is not None:
            if fault.delay:
                chat, count = (call.sent_to, call.sent) if call else (0, 0)
                with world.flood.under_way(bot.id, chat, count):
                    await asyncio.sleep(fault.delay)
            if fault.drop == "after":
                return self.cut(request, world, None, name, params)
            if fault.garbage is not None:
                body = fault.garbage
        return web.Response(body=body, status=status, headers=_HEADERS)

    def cut(
        self, request: web.BaseRequest, world: World, bot: Bot | None, name: str, params: Json
    ) -> web.StreamResponse:
        if bot is not None:
            shown = METHODS[name].name if name in METHODS else name
            world.calls.add(bot.id, shown, params, 0, error="connection dropped")
        if request.transport is not None:
            request.transport.abort()
        return web.Response()

    def download(self, rest: str) -> web.StreamResponse:
        token, _, path = rest.partition("/")
        try:
            if unquote(token) not in self.world.tokens:
                raise unknown_token(unquote(token))
            file = self.world.files.at(unquote(path))
            if file is None:
                raise Refusal(404, "Not Found")
            if file.size > DOWNLOAD_LIMIT:
                raise bad_request("file is too big")
        except Refusal as refusal:
            return web.Response(body=_dumps(refusal.body()).encode(), status=refusal.code, headers=_HEADERS)
        return web.Response(body=file.data, content_type=file.mime_type.partition(";")[0])


_HEADERS = {"Content-Type": "application/json"}


async def before_effect(fault: Fault) -> None:
    """Cut the connection or refuse. A refusal's delay comes later, with everybody's."""
    if fault.drop == "before":
        await asyncio.sleep(fault.delay)
        raise Cut
    if fault.status is not None and fault.status != 200:
        raise Refusal(fault.status, fault.description or "Fault injected", fault.parameters)


def unknown_token(token: str) -> Refusal:
    return Refusal(401, "Unauthorized") if TOKEN.match(token) else Refusal(404, "Not Found")


def recorded(params: Json, files: dict[str, Upload]) -> Json:
    if not files:
        return params
    sizes = {name: {"file_name": file.name, "size": len(file.data)} for name, file in files.items()}
    return {**params, **sizes}


@cache
def font() -> bytes | None:
    """A font with Chinese characters, where the package that carries one happens to be installed."""
    spec = importlib.util.find_spec("zhplot")
    folder = Path(spec.origin).parent if spec and spec.origin else None
    found = sorted(folder.rglob("*.[ot]tf")) if folder else []
    return found[0].read_bytes() if found else None


def page(path: str) -> web.StreamResponse:
    """The chat page's own files; nothing outside its folder."""
    if path == "/page/font":
        body = font()
        headers = {"Content-Type": "font/ttf", "Cache-Control": "max-age=86400"}
        return web.Response(body=body, headers=headers) if body else web.Response(status=404, text="Not Found")
    name = "index.html" if path in ("", "/") else unquote(path).removeprefix("/page/")
    file = (PAGE / name).resolve()
    if not file.is_relative_to(PAGE.resolve()) or not file.is_file() or (path != "/" and "/page/" not in path):
        return web.Response(status=404, text="Not Found")
    kind = mimetypes.guess_type(file.name)[0] or "application/octet-stream"
    if kind.startswith("text/") or kind.endswith("javascript"):
        kind += "; charset=utf-8"
    return web.Response(body=file.read_bytes(), headers={"Content-Type": kind, "Cache-Control": "no-cache"})


def new_world(*, flood: bool = True, speed: float = 1.0, start: datetime | None = None) -> World:
    return World(Clock(start.timestamp() if start else None, speed), flood=flood)


@asynccontextmanager
async def start(
    *,
    host: str = "127.0.0.1",
    port: int = 0,
    tokens: tuple[str, ...] | list[str] = (),
    flood: bool = True,
    speed: float = 1.0,
    begin: datetime | None = None,
) -> AsyncIterator[Sandbox]:
    """Run the sandbox in this event loop; port 0 picks a free one. Everything ends with the block."""
    settings: Json = {"flood": flood, "speed": speed, "start": begin}
    sandbox = Sandbox(host, new_world(**settings), tokens=tuple(tokens), settings=settings)
    for token in tokens:
        sandbox.world.add_bot(token)
    server = web.Server(sandbox.handle, access_log=None, handler_cancellation=True)
    listener = await asyncio.get_running_loop().create_server(server, host, port, backlog=1024)
    sandbox.port = listener.sockets[0].getsockname()[1]
    try:
        yield sandbox
    finally:
        listener.close()
        for bot in sandbox.world.bots.values():
            bot.mailbox.interrupt(by_webhook=False)
        await sandbox.world.close()
        # Streams and long polls never end by themselves.
        await server.shutdown(0.1)
