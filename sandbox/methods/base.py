"""What every method needs: the call itself, the register, and the questions asked of every chat and
message.
"""

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from sandbox.keyboards import accepted
from sandbox.model import Bot, Chat, Member, Person, Posted
from sandbox.params import Upload
from sandbox.refusals import bad_request, forbidden, upgraded
from sandbox.shapes import Json
from sandbox.text import formatted, utf16
from sandbox.world import World

TEXT_LIMIT = 4096
CAPTION_LIMIT = 1024


class Raw(str):
    """A result that is JSON text already."""


@dataclass(slots=True)
class Call:
    """One call of a method: by whom, with what."""

    world: World
    bot: Bot
    method: str
    params: Json
    files: dict[str, Upload]
    # The messages it has sent so far, and where to.
    sent: int = 0
    sent_to: int = 0


@dataclass(slots=True)
class Method:
    name: str
    run: Callable[[Call], Any]
    waits: bool


METHODS: dict[str, Method] = {}
F = TypeVar("F", bound=Callable[[Call], Any])


def method(*names: str) -> Callable[[F], F]:
    def register(run: F) -> F:
        for name in names:
            METHODS[name.lower()] = Method(name, run, inspect.iscoroutinefunction(run))
        return run

    return register


# Chats.


def find_chat(call: Call, chat_id: int | str) -> Chat:
    """The chat as this bot knows it, whether or not it may write there."""
    world, bot = call.world, call.bot
    if isinstance(chat_id, str):
        if not chat_id.startswith("@"):
            raise bad_request("chat not found")
        return world.group_of_name(chat_id)
    if chat_id > 0:
        chat = world.privates.get((bot.id, chat_id))
        if chat is None:
            raise bad_request("chat not found")
        return chat
    group = world.groups.get(chat_id)
    if group is None or (bot.id not in group.members and "username" not in group.brief):
        raise bad_request("chat not found")
    return group


def reach_chat(call: Call, chat_id: int | str) -> Chat:
    """The chat, provided the bot is still in touch with it: not blocked, not thrown out, not left behind."""
    world, bot = call.world, call.bot
    if type(chat_id) is int and chat_id > 0:
        chat = world.privates.get((bot.id, chat_id))
        person = world.people.get(chat_id)
        if person is not None and bot.id in person.blocked:
            raise forbidden("bot was blocked by the user")
        if chat is None or person is None:
            if chat_id in world.bots:
                raise forbidden("bots can't send messages to bots")
            if person is not None:
                raise forbidden("bot can't initiate conversation with a user")
            raise bad_request("chat not found")
        return chat
    chat = find_chat(call, chat_id)
    require_presence(call, chat)
    return chat


def require_presence(call: Call, chat: Chat) -> None:
    if chat.private:
        return
    if chat.migrated_to is not None:
        raise upgraded(chat.migrated_to)
    member = chat.member(call.bot.id)
    kind = "supergroup" if chat.type == "supergroup" else "group"
    if member is None or member.status == "left":
        raise forbidden(f"bot is not a member of the {kind} chat")
    if member.status == "kicked":
        raise forbidden(f"bot was kicked from the {kind} chat")


def own_member(call: Call, chat: Chat) -> Member:
    member = chat.member(call.bot.id)
    assert member is not None
    return member


def require_right(call: Call, chat: Chat, right: str, words: str) -> None:
    if not own_member(call, chat).may(right):
        raise bad_request(words)


def require_group(chat: Chat) -> None:
    if chat.private:
        raise bad_request("method is available only for groups and supergroups")


def require_supergroup(chat: Chat) -> None:
    if chat.type != "supergroup":
        raise bad_request("method is available only for supergroups")


def find_message(chat: Chat, message_id: int, purpose: str) -> Posted:
    posted = chat.messages.get(message_id)
    if posted is None:
        raise bad_request(f"message to {purpose} not found")
    return posted


def find_user(call: Call, user_id: int) -> Person | Bot:
    found = call.world.people.get(user_id) or call.world.bots.get(user_id)
    if found is None:
        raise bad_request("invalid user_id specified")
    return found


# Texts and keyboards.


def text_of(params: Json, name: str = "text") -> Json:
    """`text` and `entities` of a message that consists of words."""
    raw = params[name]
    if not raw:
        raise bad_request("message text is empty")
    text, entities = formatted(raw, params.get("parse_mode"), params.get("entities"))
    if not text:
        raise bad_request("text must be non-empty")
    # A UTF-16 unit is never less than a character, so short texts need no counting.
    if len(text) > TEXT_LIMIT or (len(text) > TEXT_LIMIT // 2 and utf16(text) > TEXT_LIMIT):
        raise bad_request("message is too long")
    return {"text": text, "entities": entities} if entities else {"text": text}


def caption_of(params: Json) -> Json:
    raw = params.get("caption")
    if not raw:
        return {}
    text, entities = formatted(raw, params.get("parse_mode"), params.get("caption_entities"))
    if utf16(text) > CAPTION_LIMIT:
        raise bad_request("message caption is too long")
    content: Json = {}
    if text:
        content["caption"] = text
        if entities:
            content["caption_entities"] = entities
    if params.get("show_caption_above_media"):
        content["show_caption_above_media"] = True
    return content


def markup_of(params: Json, chat: Chat) -> Json | None:
    markup = params.get("reply_markup")
    return None if markup is None else accepted(markup, chat.private)
