"""What the program shows to the network: the webhook when it is used, and whether it is alive."""

from __future__ import annotations

import asyncio
import errno
import hmac
import json
import os
import socket
from types import TracebackType
from typing import Protocol, Self

import aiohttp
import structlog
from aiohttp import web
from sqlalchemy.exc import DBAPIError

from bot.inbox import ALLOWED_UPDATES, Intake
from bot.settings import Settings
from bot.web.health import Health
from models.database import Database

log = structlog.get_logger()

WEBHOOK_PATH = "/telegram"
SECRET_HEADER = "X-Telegram-Bot-Api-Secret-Token"
MOST_BYTES = 1024 * 1024
"""An update is a few kilobytes; anything near this is not one."""


class CannotListen(Exception):
    """The address in `listen` of a section cannot be listened at; the words say why and what to do."""

    def __init__(self, listen: str, error: OSError | UnicodeError, section: str) -> None:
        if isinstance(error, OSError) and error.errno == errno.EADDRINUSE:
            taken = "is taken by another program, perhaps another copy of this one"
            super().__init__(f"{listen} {taken}: stop it, or change listen in [{section}]")
        else:
            super().__init__(f"cannot listen on {listen}: {_reason(error)}; change listen in [{section}]")


def _reason(error: OSError | UnicodeError) -> str:
    if isinstance(error, UnicodeError):
        return "no host can have this name"
    if isinstance(error, socket.gaierror) or error.errno is None:
        return error.strerror or str(error)
    # asyncio says the address again in words of its own; the system's are enough.
    return os.strerror(error.errno)


async def start(runner: web.AppRunner, listen: str, section: str) -> str:
    """Listen there, as this section of config.toml says. Returns the address. Raises CannotListen."""
    await runner.setup()
    host, _, port = listen.rpartition(":")
    site = web.TCPSite(runner, host.strip("[]") or None, int(port))
    try:
        await site.start()
    except (OSError, UnicodeError) as error:
        await runner.cleanup()
        raise CannotListen(listen, error, section) from error
    except BaseException:
        await runner.cleanup()
        raise
    return site.name


class Part(Protocol):
    """Something more that is shown."""

    def register(self, app: web.Application) -> None:
        """Put its routes into the application."""


class Web:
    """The HTTP side. Enter it to listen; raises CannotListen."""

    def __init__(self, settings: Settings, intake: Intake, database: Database, *parts: Part) -> None:
        self._settings = settings
        self._intake = intake
        self._secret = settings.webhook_secret()
        app = web.Application(client_max_size=MOST_BYTES)
        if settings.telegram.mode == "webhook":
            app.router.add_post(WEBHOOK_PATH, self._webhook)
        for part in (Health(database), *parts):
            part.register(app)
        self._runner = web.AppRunner(app, access_log=None)
        self.address = ""

    async def __aenter__(self) -> Self:
        self.address = await start(self._runner, self._settings.telegram.listen, "telegram")
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._runner.cleanup()

    async def _webhook(self, request: web.Request) -> web.Response:
        """Store, then 200; 503 when it could not be stored, so that Telegram brings it again (law 1)."""
        given = request.headers.get(SECRET_HEADER, "")
        # A header may hold bytes that are no text: they are a wrong secret like any other.
        if not hmac.compare_digest(given.encode(errors="surrogatepass"), self._secret.encode()):
            return web.Response(status=401)
        try:
            # Whatever charset the call says it is in: JSON says so by its first bytes.
            raw = json.loads(await request.read())
        except (ValueError, RecursionError):
            # Asking for it again would bring the same bytes: nothing here is an update.
            log.warning("a webhook call that is not JSON was dropped", bytes=request.content_length)
            return web.Response(status=200)
        try:
            await self._intake.store([raw])
        except DBAPIError as error:
            log.error("an update could not be stored", why=type(error).__name__)
            return web.Response(status=503)
        return web.Response(status=200)

    async def announce(self) -> None:
        """Tell Telegram where to send updates; tries until it has been heard."""
        url = f"{self._settings.telegram.webhook_url.rstrip('/')}{WEBHOOK_PATH}"
        api = self._settings.telegram.api_base
        token = self._settings.token.get_secret_value()
        body = {"url": url, "secret_token": self._secret, "allowed_updates": list(ALLOWED_UPDATES)}
        pause = 1.0
        async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=20)) as http:
            while True:
                try:
                    async with http.post(f"{api}/bot{token}/setWebhook", json=body) as answer:
                        said = await answer.json()
                    if said.get("ok"):
                        log.info("the webhook is set", url=url)
                        return
                    log.error("Telegram does not take the webhook", why=said.get("description"))
                except (aiohttp.ClientError, TimeoutError, ValueError) as error:
                    log.warning("Telegram cannot be reached to set the webhook", why=type(error).__name__)
                await asyncio.sleep(pause)
                pause = min(pause * 2, 60.0)
