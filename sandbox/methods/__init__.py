"""The Bot API's methods, one subject a module; importing this package fills `METHODS`."""

from sandbox.methods import (
    chats,
    editing,
    forwarding,
    media,
    members,
    messages,
    polls,
    profile,
    reactions,
    topics,
    updates,
)
from sandbox.methods.base import METHODS, Call, Raw

__all__ = [
    "METHODS",
    "Call",
    "Raw",
    "chats",
    "editing",
    "forwarding",
    "media",
    "members",
    "messages",
    "polls",
    "profile",
    "reactions",
    "topics",
    "updates",
]
