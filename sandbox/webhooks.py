"""Pushing updates to a bot's own address, with the secret header and Telegram's patience.

One chat's updates are pushed in order; different chats' go out side by side up to `max_connections`. An
update that is not answered with 2xx is tried again at once and then after 2, 4, 8 … 120 s of the sandbox's
clock.
"""

import asyncio
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import aiohttp

from sandbox.clock import Clock
from sandbox.mailbox import Mailbox, Update
from sandbox.refusals import bad_request
from sandbox.shapes import Json

if TYPE_CHECKING:
    from sandbox.model import Bot

SECRET = re.compile(r"^[A-Za-z0-9_-]{1,256}$")
PORTS = (443, 80, 88, 8443)
TIMEOUT = aiohttp.ClientTimeout(total=60)


def pause(attempt: int) -> float:
    """Seconds before the next try after `attempt` failures: 0, 2, 4, 8 … 120."""
    return 0.0 if attempt <= 1 else float(min(120, 2 ** (attempt - 1)))


@dataclass
class Webhook:
    url: str
    secret: str | None
    max_connections: int
    ip_address: str | None = None
    last_error_date: int | None = None
    last_error_message: str | None = None
    in_flight: dict[int, "asyncio.Task[None]"] = field(default_factory=dict)
    busy_chats: set[int] = field(default_factory=set)


class Webhooks:
    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._hooks: dict[int, Webhook] = {}
        self._session: aiohttp.ClientSession | None = None

    def get(self, bot: int) -> Webhook | None:
        return self._hooks.get(bot)

    def set(self, bot: "Bot", url: str, secret: str | None, max_connections: int, ip: str | None) -> None:
        self.remove(bot)
        self._hooks[bot.id] = Webhook(checked(url), secret, max_connections, ip)
        bot.mailbox.interrupt(by_webhook=True)
        bot.mailbox.on_arrival = lambda: self._push(bot.id, bot.mailbox)
        self._push(bot.id, bot.mailbox)

    def remove(self, bot: "Bot") -> None:
        hook = self._hooks.pop(bot.id, None)
        bot.mailbox.on_arrival = None
        if hook is not None:
            for task in list(hook.in_flight.values()):
                task.cancel()

    def info(self, bot: "Bot") -> Json:
        hook = self._hooks.get(bot.id)
        shape: Json = {
            "url": hook.url if hook else "",
            "has_custom_certificate": False,
            "pending_update_count": len(bot.mailbox),
        }
        if hook:
            shape["max_connections"] = hook.max_connections
            shape["ip_address"] = hook.ip_address or urlsplit(hook.url).hostname or ""
            if hook.last_error_date is not None:
                shape["last_error_date"] = hook.last_error_date
                shape["last_error_message"] = hook.last_error_message
        if bot.mailbox.allowed_as_given is not None:
            shape["allowed_updates"] = bot.mailbox.allowed_as_given
        return shape

    async def close(self) -> None:
        tasks = [task for hook in self._hooks.values() for task in hook.in_flight.values()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self._hooks.clear()
        if self._session is not None:
            await self._session.close()
            self._session = None

    def _push(self, bot: int, mailbox: Mailbox) -> None:
        hook = self._hooks.get(bot)
        if hook is None:
            return
        for update in list(mailbox.updates):
            if len(hook.in_flight) >= hook.max_connections:
                return
            if update.id in hook.in_flight or (update.chat is not None and update.chat in hook.busy_chats):
                continue
            if update.chat is not None:
                hook.busy_chats.add(update.chat)
            task = asyncio.get_running_loop().create_task(self._carry(bot, hook, mailbox, update))
            hook.in_flight[update.id] = task

    async def _carry(self, bot: int, hook: Webhook, mailbox: Mailbox, update: Update) -> None:
        """Try one update until it is taken, has expired, or the webhook is gone."""
        attempt = 0
        try:
            while self._clock.now() < update.expires and self._hooks.get(bot) is hook:
                error = await self._try(hook, update)
                if error is None:
                    break
                attempt += 1
                hook.last_error_date = int(self._clock.now())
                hook.last_error_message = error
                wait = pause(attempt)
                if wait:
                    await self._clock.sleep(wait)
            if update in mailbox.updates:
                mailbox.updates.remove(update)
        finally:
            hook.in_flight.pop(update.id, None)
            if update.chat is not None:
                hook.busy_chats.discard(update.chat)
        self._push(bot, mailbox)

    async def _try(self, hook: Webhook, update: Update) -> str | None:
        if self._session is None:
            self._session = aiohttp.ClientSession(timeout=TIMEOUT, connector=aiohttp.TCPConnector(limit=100))
        headers = {"Content-Type": "application/json"}
        if hook.secret:
            headers["X-Telegram-Bot-Api-Secret-Token"] = hook.secret
        try:
            async with self._session.post(hook.url, data=update.text.encode(), headers=headers) as answer:
                await answer.read()
                if 200 <= answer.status < 300:
                    return None
                return f"Wrong response from the webhook: {answer.status} {answer.reason}"
        except TimeoutError:
            return "Read timeout expired"
        except aiohttp.ClientConnectorError:
            return "Connection refused"
        except (aiohttp.ClientError, OSError) as error:
            return f"Connection failed: {type(error).__name__}"


def checked(url: str) -> str:
    """Refuse addresses Telegram would refuse; plain http is allowed to this machine itself only."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise bad_request("invalid webhook URL specified") from None
    if not parts.hostname:
        raise bad_request("invalid webhook URL specified")
    if parts.hostname in ("localhost", "127.0.0.1", "::1"):
        if parts.scheme not in ("http", "https"):
            raise bad_request("bad webhook: An HTTPS URL must be provided for webhook")
        return url
    if parts.scheme != "https":
        raise bad_request("bad webhook: An HTTPS URL must be provided for webhook")
    if (port or 443) not in PORTS:
        raise bad_request("bad webhook: Webhook can be set up only on ports 80, 88, 443 or 8443")
    return url
