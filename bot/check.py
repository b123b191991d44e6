"""`unionbot check`: is the configuration right, and does Telegram let the bot do its work?

Asked over plain HTTP, so that a check needs none of the heavy libraries. Every finding that is a problem says what to
press or to write.
"""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import aiohttp
import structlog

from bot.settings import Settings

log = structlog.get_logger()

SECONDS = 15.0
MOST_TOPICS = 200
"""So many tickets' topics are asked about in a group, the newest."""
AT_ONCE = 8
NO_TOPIC = ("message thread not found", "topic_deleted", "topic_id_invalid", "thread_not_found")
"""How Telegram says that a forum topic is not there."""
SHOWN = 10


@dataclass(frozen=True)
class Finding:
    """One line of the report."""

    level: str
    """ok, warning (it works, but not fully) or error (it does not)."""
    text: str


@dataclass(frozen=True)
class Seat:
    """A group that belongs to a place."""

    chat_id: int
    topics: bool = False
    """Each ticket is to have a forum topic of its own."""
    threads: Mapping[int, int] = field(default_factory=dict)
    """The topics that tickets have which are still worked on: number → topic."""


class TokenRefused(Exception):
    """Telegram does not know the token."""


class Unreachable(Exception):
    """Telegram cannot be reached, or can answer nothing just now: waiting may help."""


class Refused(Exception):
    """Telegram will not do it; its own words."""


def may_write(status: str, own: bool | None, everybody: bool | None) -> bool:
    """Whether a bot of this status gets its words into a group, given its own leave and everybody's (can_send_messages;
    None where Telegram names none). An administrator always does.
    """
    return status in ("administrator", "creator") or (own is not False and everybody is not False)


async def call(http: aiohttp.ClientSession, settings: Settings, method: str, **params: Any) -> Any:
    """A Bot API method's result. Raises TokenRefused, Unreachable or Refused."""
    url = f"{settings.telegram.api_base}/bot{settings.token.get_secret_value()}/{method}"
    try:
        async with http.post(url, json=params, timeout=aiohttp.ClientTimeout(total=SECONDS)) as response:
            answer = await response.json(content_type=None)
    except (aiohttp.ClientError, TimeoutError, ValueError) as error:
        raise Unreachable(f"{settings.telegram.api_base} cannot be reached ({type(error).__name__})") from None
    if not isinstance(answer, dict):
        raise Unreachable(f"{settings.telegram.api_base} does not answer like Telegram")
    if answer.get("ok"):
        return answer["result"]
    said = str(answer.get("description", "?"))
    code = answer.get("error_code")
    if code == 429 or (isinstance(code, int) and code >= 500):
        # Neither says anything about what was asked: a broken gateway must not read as "the bot was removed".
        raise Unreachable(f"{settings.telegram.api_base} cannot answer right now ({said}); try again in a minute")
    if code in (401, 404) and method == "getMe":
        raise TokenRefused(
            "Telegram does not accept UNIONBOT_TOKEN: copy it again from @BotFather → /mybots → API Token"
        )
    raise Refused(said)


async def ask_telegram(settings: Settings, chats: Mapping[str, Seat]) -> list[Finding]:
    """The findings for the token, the way in, and each bound chat by its place's key.

    What goes wrong with one question is a finding of its own, told once however many questions it hit.
    """
    findings: list[Finding] = []
    async with aiohttp.ClientSession() as http:
        try:
            me = await call(http, settings, "getMe")
        except (TokenRefused, Unreachable) as problem:
            return [Finding("error", str(problem))]
        except Refused as refusal:
            return [Finding("error", f"Telegram does not say who the bot is ({refusal})")]
        findings.append(Finding("ok", f"token: @{me.get('username')}"))
        if not me.get("can_join_groups", True):
            findings.append(
                Finding(
                    "error",
                    "the bot may not join groups: @BotFather → /mybots → Bot Settings → Allow Groups? → Turn on",
                )
            )
        if not me.get("supports_inline_queries", True):
            findings.append(
                Finding(
                    "warning",
                    "questions and answers cannot be sent from other chats: "
                    "@BotFather → /mybots → Bot Settings → Inline Mode → Turn on",
                )
            )
        asked = await asyncio.gather(
            _way_in(http, settings),
            *(_chat(http, settings, me, name, seat) for name, seat in chats.items()),
        )
    return list(dict.fromkeys([*findings, *itertools.chain.from_iterable(asked)]))


async def _way_in(http: aiohttp.ClientSession, settings: Settings) -> list[Finding]:
    try:
        info = await call(http, settings, "getWebhookInfo")
    except Unreachable as problem:
        return [Finding("error", str(problem))]
    except Refused as refusal:
        return [Finding("error", f"Telegram does not say how updates come in ({refusal})")]
    url = info.get("url", "")
    if settings.telegram.mode == "polling" and url:
        return [Finding("warning", "a webhook is set; `unionbot run` takes it away when it starts polling")]
    if settings.telegram.mode == "webhook":
        if info.get("last_error_message"):
            return [Finding("warning", f"Telegram's last call of the webhook failed: {info['last_error_message']}")]
        if not url:
            return [Finding("warning", "the webhook is not set yet; `unionbot run` sets it when it starts")]
    return [Finding("ok", f"way in: {settings.telegram.mode}")]


async def _chat(
    http: aiohttp.ClientSession, settings: Settings, me: Mapping[str, Any], name: str, seat: Seat
) -> list[Finding]:
    try:
        chat = await call(http, settings, "getChat", chat_id=seat.chat_id)
        member = await call(http, settings, "getChatMember", chat_id=seat.chat_id, user_id=me["id"])
    except Refused as refusal:
        if "upgraded to a supergroup" in str(refusal):
            return [Finding("warning", f"{name}: the group has a new id; the bot follows it at the next message")]
        return [
            Finding("error", f"{name}: the bot is not in its group ({refusal}); add it again and send /setup there")
        ]
    except Unreachable as problem:
        return [Finding("error", str(problem))]
    status = member.get("status")
    if status in ("left", "kicked") or member.get("is_member") is False:
        return [Finding("error", f"{name}: the bot was removed from its group; add it again and send /setup there")]
    findings = []
    press = "open the group → its name → Administrators → Add Administrator → choose the bot"
    everybody = chat.get("permissions", {}).get("can_send_messages")
    if not may_write(status, member.get("can_send_messages"), everybody):
        findings.append(Finding("error", f"{name}: the bot may not write in its group, no card gets there: {press}"))
    elif status not in ("administrator", "creator"):
        if not me.get("can_read_all_group_messages"):
            findings.append(
                Finding(
                    "warning",
                    f"{name}: the bot is no administrator and in privacy mode: it sees replies to its own messages, "
                    f"which is enough; for edits of them as well: {press}",
                )
            )
        else:
            findings.append(Finding("warning", f"{name}: the bot is no administrator: {press}"))
    findings += _topics(name, seat, chat, member)
    if chat.get("is_forum") and not any(finding.level == "error" for finding in findings):
        findings += await _deleted(http, settings, name, seat)
    return findings or [Finding("ok", f"{name}: {chat.get('title')}")]


def _topics(name: str, seat: Seat, chat: Mapping[str, Any], member: Mapping[str, Any]) -> list[Finding]:
    """Whether the bot can make and name topics where tickets are to have them."""
    press = "group info → Administrators → the bot → Manage Topics → turn on"
    if not seat.topics:
        if seat.threads:
            return [
                Finding(
                    "warning",
                    f"{name}: topics are left over of {_named(list(seat.threads))}, and new tickets have none, because "
                    f"Telegram refused to make one: {press}; then /mode in the group",
                )
            ]
        return []
    if not chat.get("is_forum"):
        return [
            Finding(
                "error",
                f"{name}: topics are switched off in the group: group info → Edit → Topics → turn on; "
                "or /setup again without topics",
            )
        ]
    if member.get("status") == "administrator" and not member.get("can_manage_topics"):
        return [Finding("error", f"{name}: the bot may not manage topics: {press}")]
    return []


async def _deleted(http: aiohttp.ClientSession, settings: Settings, name: str, seat: Seat) -> list[Finding]:
    """Which tickets' topics somebody has deleted: no bot is told of it, and nobody reads what stood there. Telegram has
    no question for it; "typing…" leaves nothing behind and is refused where there is no topic.
    """
    free = asyncio.Semaphore(AT_ONCE)

    async def gone(thread: int) -> bool:
        async with free:
            try:
                await call(
                    http, settings, "sendChatAction", chat_id=seat.chat_id, message_thread_id=thread, action="typing"
                )
            except Refused as refusal:
                return any(words in str(refusal).lower() for words in NO_TOPIC)
            return False

    try:
        lost = await asyncio.gather(*map(gone, seat.threads.values()))
    except Unreachable as problem:
        return [Finding("error", str(problem))]
    numbers = [number for number, is_gone in zip(seat.threads, lost, strict=True) if is_gone]
    if not numbers:
        return []
    return [
        Finding(
            "warning",
            f"{name}: deleted in the group were the topics of {_named(numbers)}: what happens next to such a ticket, "
            "a reminder too, brings its card in a new topic",
        )
    ]


def _named(numbers: Sequence[int]) -> str:
    named = ", ".join(f"#{number}" for number in numbers[:SHOWN])
    return named if len(numbers) <= SHOWN else f"{named} and {len(numbers) - SHOWN} more"


async def bots_name(settings: Settings) -> str:
    """The bot's username. Raises TokenRefused, Unreachable or Refused."""
    async with aiohttp.ClientSession() as http:
        return str((await call(http, settings, "getMe"))["username"])


async def wait_for_telegram(settings: Settings) -> None:
    """Return once Telegram has accepted the token; say every so often that it cannot be reached.

    Raises TokenRefused: waiting would not help.
    """
    pause = 2.0
    async with aiohttp.ClientSession() as http:
        while True:
            try:
                await call(http, settings, "getMe")
                return
            except (Unreachable, Refused) as problem:
                log.warning("waiting for Telegram", why=str(problem), seconds=pause)
            await asyncio.sleep(pause)
            pause = min(pause * 2, 60.0)
