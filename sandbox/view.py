"""Every chat as it stands now, kept up to date from the event stream."""

from __future__ import annotations

from typing import Any

from sandbox.shapes import Json


class NotSeen(AssertionError):
    """What somebody waited for did not come; the text shows what was there instead."""


class Message:
    """A message of a chat; everything Telegram knows of it is in `raw`."""

    def __init__(self, raw: Json, event: int = 0) -> None:
        self.raw = raw
        # The number of the last event that wrote or edited it.
        self.event = event

    @property
    def id(self) -> int:
        return int(self.raw["message_id"])

    @property
    def chat(self) -> int:
        return int(self.raw["chat"]["id"])

    @property
    def thread(self) -> int | None:
        return self.raw.get("message_thread_id")

    @property
    def text(self) -> str:
        """Its words: text, caption, or a poll's question."""
        words = self.raw.get("text") or self.raw.get("caption")
        if words is None and "poll" in self.raw:
            words = self.raw["poll"]["question"]
        return str(words or "")

    @property
    def from_bot(self) -> bool:
        return bool(self.raw["from"].get("is_bot")) and "sender_chat" not in self.raw

    @property
    def buttons(self) -> list[Json]:
        markup = self.raw.get("reply_markup") or {}
        rows = markup.get("inline_keyboard") or markup.get("keyboard") or []
        return [button for row in rows for button in row]

    @property
    def labels(self) -> list[str]:
        return [str(button["text"]) for button in self.buttons]

    @property
    def reply_to(self) -> int | None:
        original = self.raw.get("reply_to_message")
        return None if original is None else int(original["message_id"])

    @property
    def kind(self) -> str:
        for name in KINDS:
            if name in self.raw:
                return name
        return "other"

    def __getitem__(self, name: str) -> Any:
        return self.raw[name]

    def __repr__(self) -> str:
        who = self.raw["from"]["first_name"]
        labels = "".join(f" [{label}]" for label in self.labels)
        words = self.text if self.kind == "text" else f"({self.kind}) {self.text}".rstrip()
        return f"#{self.id} {who}: {words}{labels}"


KINDS = (
    "text",
    "photo",
    "video",
    "animation",
    "document",
    "audio",
    "voice",
    "video_note",
    "sticker",
    "venue",
    "location",
    "contact",
    "dice",
    "poll",
)


class View:
    def __init__(self) -> None:
        self._chats: dict[int, dict[int, Message]] = {}
        # Button press -> the words it was answered with.
        self.answers: dict[str, str] = {}
        # Inline query -> the results it was answered with.
        self.results: dict[str, list[Json]] = {}
        self.newest = 0

    def chat(self, number: int) -> dict[int, Message]:
        return self._chats.setdefault(number, {})

    def take(self, event: Json) -> None:
        number, kind = int(event["n"]), event["kind"]
        chat: Any = event.get("chat")
        self.newest = number
        if kind in ("message", "edit", "reaction", "poll"):
            messages = self.chat(int(chat))
            raw = event["message"]
            old = messages.get(raw["message_id"])
            # A vote or a reaction changes a message without its author having said anything.
            spoken = number if kind in ("message", "edit") or old is None else old.event
            messages[raw["message_id"]] = Message(raw, spoken)
        elif kind == "delete":
            for gone in event["message_ids"]:
                self.chat(int(chat)).pop(gone, None)
        elif kind == "callback_answer":
            self.answers[event["id"]] = event["text"] or ""
        elif kind == "inline_answer":
            self.results[event["id"]] = event["results"]

    def last_lines(self, chat: int, count: int = 8) -> str:
        messages = list(self.chat(chat).values())[-count:]
        return "\n".join(f"    {message!r}" for message in messages) or "    (nothing)"
