"""`unionbot check`: is the configuration right, and does Telegram let the bot do its work?

Asked over plain HTTP, so that a check needs none of the heavy libraries. Every finding that is a problem says what to
press or to write.
"""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import aiohttp
import structlog

from bot.settings import Settings

log = structlog.get_logger()

SECONDS = 15.0


@dataclass(frozen=True)
class Finding:
    """One line of the report."""

    level: str
    """ok, warning (it works, but not fully) or error (it does not)."""
    text: str


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


async def ask_telegram(settings: Settings, chats: Mapping[str, tuple[int, bool]]) -> list[Finding]:
    """The findings for the token, the way in, and each bound chat: name → (chat id, whether it uses topics).

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
            *(_chat(http, settings, me, name, chat_id, topics) for name, (chat_id, topics) in chats.items()),
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
    http: aiohttp.ClientSession, settings: Settings, me: Mapping[str, Any], name: str, chat_id: int, topics: bool
) -> list[Finding]:
    try:
        chat = await call(http, settings, "getChat", chat_id=chat_id)
        member = await call(http, settings, "getChatMember", chat_id=chat_id, user_id=me["id"])
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
    if topics and not chat.get("is_forum"):
        findings.append(
            Finding(
                "error",
                f"{name}: topics are switched off in the group: group info → Edit → Topics → turn on; "
                "or /setup again without topics",
            )
        )
    elif topics and status == "administrator" and not member.get("can_manage_topics"):
        findings.append(
            Finding(
                "error",
                f"{name}: the bot may not manage topics: "
                "group info → Administrators → the bot → Manage Topics → turn on",
            )
        )
    return findings or [Finding("ok", f"{name}: {chat.get('title')}")]


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
