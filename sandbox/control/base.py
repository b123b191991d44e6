"""The register of control calls and the questions most of them ask."""

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from sandbox.model import Bot, Chat, Person, Posted
from sandbox.refusals import ControlError
from sandbox.shapes import Json
from sandbox.world import World

Run = Callable[[World, Json], Any]
ROUTES: dict[tuple[str, str], Run] = {}
F = TypeVar("F", bound=Run)


@dataclass
class Stream:
    """An answer without an end: server-sent events."""

    chunks: AsyncIterator[bytes]


def route(verb: str, path: str) -> Callable[[F], F]:
    def register(run: F) -> F:
        ROUTES[verb, path] = run
        return run

    return register


def place(world: World, wish: Json) -> tuple[Person, Chat, Bot]:
    """Who acts, in which chat, and which bot a private chat is with."""
    person = world.person(need(wish, "person"))
    bot = world.the_bot(wish.get("bot"))
    return person, world.chat_for(person, wish.get("chat"), bot), bot


def need(wish: Json, name: str) -> Any:
    if wish.get(name) is None:
        raise ControlError(f"{name} is missing")
    return wish[name]


def message_in(chat: Chat, wish: Json) -> Posted:
    posted = chat.messages.get(int(need(wish, "message_id")))
    if posted is None:
        raise ControlError(f"no message {wish['message_id']} in chat {chat.id}")
    return posted


def any_chat(world: World, wish: Json) -> Chat:
    """A chat by number: a group, or a person's private chat with the bot."""
    number = int(need(wish, "chat"))
    if number > 0:
        return world.private_chat(world.the_bot(wish.get("bot")), world.person(number))
    return world.group(number)
