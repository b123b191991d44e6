"""What a bot says of itself: commands by scope and language, names and descriptions, the menu button."""

import re
from typing import Any

from sandbox.members import rights_of
from sandbox.methods.base import Call, find_chat, method
from sandbox.model import Chat
from sandbox.refusals import Refusal, bad_request
from sandbox.shapes import Json

COMMAND = re.compile(r"^[a-z0-9_]{1,32}$")
LIMITS = {"name": 64, "description": 512, "short_description": 120}


def scope_key(call: Call) -> str:
    """One string for a scope, narrow ones with their chat and user."""
    scope = call.params.get("scope") or {"type": "default"}
    kind = scope.get("type", "default")
    if kind not in ("chat", "chat_administrators", "chat_member"):
        return str(kind)
    chat_id: Any = scope["chat_id"]
    if isinstance(chat_id, str) and chat_id.lstrip("-").isdigit():
        chat_id = int(chat_id)
    try:
        chat = find_chat(call, chat_id)
    except Refusal:
        raise bad_request("can't parse BotCommandScope: chat not found") from None
    if chat.private and kind != "chat":
        raise bad_request("can't parse BotCommandScope: chat_id must be of a group or a supergroup")
    return f"{kind}:{chat.id}:{scope['user_id']}" if kind == "chat_member" else f"{kind}:{chat.id}"


def language_of(call: Call) -> str:
    language = str(call.params.get("language_code") or "")
    if language and not re.fullmatch(r"[a-z]{2}", language):
        raise bad_request("invalid language code specified")
    return language


@method("setMyCommands")
def set_my_commands(call: Call) -> bool:
    key = (scope_key(call), language_of(call))
    commands = call.params["commands"]
    if len(commands) > 100:
        raise bad_request("BOT_COMMANDS_TOO_MUCH")
    kept = []
    for given in commands:
        command = given["command"].strip().removeprefix("/")
        description = given["description"].strip()
        if not COMMAND.match(command):
            raise bad_request("BOT_COMMAND_INVALID")
        if not 1 <= len(description) <= 256:
            raise bad_request("BOT_COMMAND_DESCRIPTION_INVALID")
        kept.append({"command": command, "description": description})
    if kept:
        call.bot.commands[key] = kept
    else:
        call.bot.commands.pop(key, None)
    return True


@method("getMyCommands")
def get_my_commands(call: Call) -> list[Json]:
    return call.bot.commands.get((scope_key(call), language_of(call)), [])


@method("deleteMyCommands")
def delete_my_commands(call: Call) -> bool:
    call.bot.commands.pop((scope_key(call), language_of(call)), None)
    return True


def _texts(field: str) -> None:
    name = "".join(part.capitalize() for part in field.split("_"))

    @method(f"setMy{name}")
    def set_it(call: Call) -> bool:
        text = str(call.params.get(field) or "").strip()
        if len(text) > LIMITS[field]:
            raise bad_request(f"{field.replace('_', ' ')} is too long")
        call.bot.profile[field, language_of(call)] = text
        return True

    @method(f"getMy{name}")
    def get_it(call: Call) -> Json:
        profile = call.bot.profile
        text = profile.get((field, language_of(call))) or profile.get((field, ""))
        return {field: text or (call.bot.first_name if field == "name" else "")}


for _field in LIMITS:
    _texts(_field)


def _menu_chat(call: Call) -> int | None:
    number = call.params.get("chat_id")
    if number is None:
        return None
    chat: Chat | None = call.world.privates.get((call.bot.id, int(number)))
    if chat is None:
        raise bad_request("chat not found")
    return chat.id


@method("setChatMenuButton")
def set_chat_menu_button(call: Call) -> bool:
    button = call.params.get("menu_button") or {"type": "default"}
    if button["type"] == "web_app" and not button["web_app"]["url"].startswith("https://"):
        raise bad_request("menu button Web App URL is invalid: Only HTTPS links are allowed")
    call.bot.menu_buttons[_menu_chat(call)] = button
    return True


@method("getChatMenuButton")
def get_chat_menu_button(call: Call) -> Json:
    buttons = call.bot.menu_buttons
    return buttons.get(_menu_chat(call)) or buttons.get(None) or {"type": "commands"}


@method("setMyDefaultAdministratorRights")
def set_my_default_administrator_rights(call: Call) -> bool:
    call.bot.default_rights[bool(call.params.get("for_channels"))] = call.params.get("rights") or {}
    return True


@method("getMyDefaultAdministratorRights")
def get_my_default_administrator_rights(call: Call) -> Json:
    given = call.bot.default_rights.get(bool(call.params.get("for_channels")), {})
    everything = rights_of("administrator", Chat(0, "supergroup", {}), {})
    return {"is_anonymous": False, **dict.fromkeys(everything, False), **given}
