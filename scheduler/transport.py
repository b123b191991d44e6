"""python-telegram-bot's way to the network, over aiohttp: a fifth of httpx's time a message, and it tells apart what
law 6 must.

`NotSent` means that the request certainly did not reach Telegram: no connection was had. Everything else that goes
wrong after that leaves open whether it did.
"""

from __future__ import annotations

import base64
import json
import os
from typing import Any

import aiohttp

# From its next version on the library says waits as lengths of time; asked for now, it warns nobody about it.
os.environ.setdefault("PTB_TIMEDELTA", "true")

from telegram import InputFile
from telegram._utils.defaultvalue import DEFAULT_NONE
from telegram._utils.types import ODVInput
from telegram.error import BadRequest, NetworkError, RetryAfter, TelegramError, TimedOut
from telegram.ext import AIORateLimiter, ExtBot
from telegram.request import BaseRequest, RequestData

READ_SECONDS = 30.0
CONNECT_SECONDS = 10.0
KEEP_ALIVE_SECONDS = 20.0
"""Shorter than Telegram's own: a connection that it closes under a request would leave an answer unknown."""
TREATED_BY_THE_LIBRARY = (400, 401, 403, 404)
JSON_HEADERS = {"Content-Type": "application/json"}


class NotSent(NetworkError):
    """No connection was had: nothing reached Telegram."""


class AiohttpRequest(BaseRequest):
    """A `BaseRequest` on one aiohttp session, with at most `connections` at once; after `read_seconds` without a byte
    no answer is waited for any more.
    """

    def __init__(self, connections: int, read_seconds: float = READ_SECONDS) -> None:
        self._connections = connections
        self._read_seconds = read_seconds
        self._session: aiohttp.ClientSession | None = None
        self._timeout = aiohttp.ClientTimeout(sock_connect=CONNECT_SECONDS, sock_read=read_seconds)

    @property
    def read_timeout(self) -> float:
        return self._read_seconds

    async def initialize(self) -> None:
        if self._session is None:
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=self._connections, keepalive_timeout=KEEP_ALIVE_SECONDS),
                cookie_jar=aiohttp.DummyCookieJar(),
            )

    async def shutdown(self) -> None:
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def do_request(
        self,
        url: str,
        method: str,
        request_data: RequestData | None = None,
        read_timeout: ODVInput[float] = DEFAULT_NONE,
        write_timeout: ODVInput[float] = DEFAULT_NONE,
        connect_timeout: ODVInput[float] = DEFAULT_NONE,
        pool_timeout: ODVInput[float] = DEFAULT_NONE,
    ) -> tuple[int, bytes]:
        """One request. Raises NotSent, TimedOut, or NetworkError; never shows the address, which holds the token."""
        assert self._session is not None, "initialize() comes first"
        data, headers = _body(request_data)
        try:
            async with self._session.request(
                method, url, data=data, headers=headers, timeout=self._timeout
            ) as response:
                status, payload = response.status, await response.read()
        except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError, aiohttp.InvalidURL) as error:
            raise NotSent(type(error).__name__) from None
        except TimeoutError:
            raise TimedOut from None
        except aiohttp.ClientError as error:
            raise NetworkError(type(error).__name__) from None
        if 400 <= status < 500 and status not in TREATED_BY_THE_LIBRARY:
            _refuse(status, payload)
        if status in (400, 403):
            # A gateway's own page says nothing of the chat, and the library would take it for Telegram's refusal.
            self.parse_json_payload(payload)
        return status, payload

    @staticmethod
    def parse_json_payload(payload: bytes) -> dict[str, Any]:
        """The answer's JSON. Raises TelegramError without repeating what came: it may hold what people wrote."""
        try:
            answer = json.loads(payload)
        except ValueError:
            answer = None
        if not isinstance(answer, dict) or "ok" not in answer or (answer["ok"] is True and "result" not in answer):
            raise TelegramError("Invalid server response")
        return answer


def _refuse(status: int, payload: bytes) -> None:
    """The library takes every other 4xx for trouble on the way; but it is an answer, and nothing was done."""
    try:
        answer = AiohttpRequest.parse_json_payload(payload)
    except TelegramError:
        answer = {}
    if status == 429:
        parameters = answer.get("parameters")
        raise RetryAfter(int((parameters or {}).get("retry_after", 1)))
    raise BadRequest(str(answer.get("description") or f"HTTP {status}"))


def _body(data: RequestData | None) -> tuple[Any, dict[str, str] | None]:
    if data is None:
        return None, None
    if not data.contains_files:
        # As one JSON object rather than a form of JSON pieces: half the work on both sides.
        return json.dumps(data.parameters).encode(), JSON_HEADERS
    form = aiohttp.FormData()
    for name, value in data.json_parameters.items():
        form.add_field(name, value)
    for name, (filename, content, kind) in data.multipart_data.items():
        form.add_field(name, content, filename=filename, content_type=kind)
    return form, None


class Mouth(ExtBot[Any]):
    """python-telegram-bot's bot, asked for any method by its name with parameters as Telegram takes them.

    Parameters that hold a file as {"$file": base64, "name": …}, wherever in them, are uploaded.
    """

    def __init__(
        self, token: str, api_base: str, connections: int, *, backstop: bool, read_seconds: float = READ_SECONDS
    ) -> None:
        """`backstop` puts python-telegram-bot's own rate limiter behind the courier's windows; an answer is waited for
        `read_seconds`.
        """
        base = api_base.rstrip("/")
        super().__init__(
            token,
            base_url=f"{base}/bot",
            base_file_url=f"{base}/file/bot",
            request=AiohttpRequest(connections, read_seconds),
            get_updates_request=AiohttpRequest(1),
            rate_limiter=AIORateLimiter(overall_max_rate=30, max_retries=0) if backstop else None,
        )

    async def open(self) -> None:
        """Ready to send. Not `initialize()`: that asks getMe, and a start without network must not fail for it."""
        for request in self._request:
            await request.initialize()
        if self.rate_limiter is not None:
            await self.rate_limiter.initialize()

    async def close_connections(self) -> None:
        """Nothing is sent any more."""
        if self.rate_limiter is not None:
            await self.rate_limiter.shutdown()
        for request in self._request:
            await request.shutdown()

    def _insert_defaults(self, data: dict[str, Any]) -> None:
        """Nothing: a row of the outbox is complete, and the library would take its plain values for its own classes."""

    async def call(self, method: str, params: dict[str, Any]) -> Any:
        """The method's raw result. Raises telegram.error.TelegramError, also for what cannot be this method's result:
        whoever said it, nobody knows whether the method was carried out.
        """
        result = await self._post(method, data=_with_files(params))
        if not _fits(method, result):
            raise TelegramError("Invalid server response")
        return result


def _fits(method: str, result: object) -> bool:
    if method in ("sendMediaGroup", "copyMessages", "forwardMessages"):
        return isinstance(result, list) and all(_has(each, "message_id") for each in result)
    if method == "createForumTopic":
        return _has(result, "message_thread_id")
    if method.startswith(("send", "copy", "forward")) and method != "sendChatAction":
        return _has(result, "message_id")
    return result is True or isinstance(result, dict)


def _has(result: object, name: str) -> bool:
    return isinstance(result, dict) and isinstance(result.get(name), int)


def _with_files(params: dict[str, Any]) -> dict[str, Any]:
    files: dict[str, InputFile] = {}

    def lift(value: Any, *, top: bool) -> Any:
        if isinstance(value, dict):
            if "$file" not in value:
                return {name: lift(part, top=False) for name, part in value.items()}
            file = InputFile(base64.b64decode(value["$file"]), filename=value.get("name"))
            if top:
                return file
            name = f"file{len(files)}"
            files[name] = file
            return f"attach://{name}"
        if isinstance(value, list):
            return [lift(part, top=False) for part in value]
        return value

    lifted = {
        name: lift(value, top=True) if isinstance(value, dict | list) else value for name, value in params.items()
    }
    return {**lifted, **files}
