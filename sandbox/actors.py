"""The people of a test: alice.says("/new"), alice.taps("Water"), desk.shows("claimed").

Each waits for what it needs on the event stream, so a test reads like the conversation it describes and
runs as fast as the bot answers. A `timeout` that is not given is the patience of the sandbox.
"""

from __future__ import annotations

import base64
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

from sandbox.shapes import Json
from sandbox.view import Message, NotSeen, View

if TYPE_CHECKING:
    from sandbox.client import Sandbox

Wanted = str | re.Pattern[str]
# How long a press waits for its answer: longer than any honest bot, shorter than a stuck test.
ANSWER_SECONDS = 5.0


@dataclass(frozen=True)
class Attachment:
    """Something to send; see `photo`, `document` and the others."""

    shape: Json


def _attachment(kind: str, file: bytes | None, file_name: str | None, caption: str | None, **more: Any) -> Attachment:
    shape: Json = {"type": kind, **more}
    if file is not None:
        shape["file"] = base64.b64encode(file).decode()
    if file_name is not None:
        shape["file_name"] = file_name
    if caption is not None:
        shape["caption"] = caption
    return Attachment(shape)


def photo(file: bytes | None = None, caption: str | None = None) -> Attachment:
    return _attachment("photo", file, None, caption)


def video(file: bytes | None = None, caption: str | None = None) -> Attachment:
    return _attachment("video", file, "video.mp4", caption)


def document(file: bytes = b"sandbox", file_name: str = "notes.txt", caption: str | None = None) -> Attachment:
    return _attachment("document", file, file_name, caption)


def audio(file: bytes | None = None, caption: str | None = None) -> Attachment:
    return _attachment("audio", file, "audio.mp3", caption)


def voice(file: bytes | None = None) -> Attachment:
    return _attachment("voice", file, None, None)


def video_note(file: bytes | None = None) -> Attachment:
    return _attachment("video_note", file, None, None)


def animation(file: bytes | None = None, caption: str | None = None) -> Attachment:
    return _attachment("animation", file, "animation.mp4", caption)


def sticker(emoji: str = "👍") -> Attachment:
    return _attachment("sticker", None, None, None, emoji=emoji)


def location(latitude: float = 39.99, longitude: float = 116.31) -> Attachment:
    return _attachment("location", None, None, None, latitude=latitude, longitude=longitude)


def venue(title: str = "Library", address: str = "1 College Road") -> Attachment:
    return _attachment("venue", None, None, None, title=title, address=address)


def contact(phone_number: str = "+8613800000000", first_name: str = "Somebody") -> Attachment:
    return _attachment("contact", None, None, None, phone_number=phone_number, first_name=first_name)


def dice(emoji: str = "🎲") -> Attachment:
    return _attachment("dice", None, None, None, emoji=emoji)


class Place:
    """A chat as a test sees it."""

    def __init__(self, sandbox: Sandbox, chat: int) -> None:
        self.sandbox = sandbox
        self.id = chat

    @property
    def view(self) -> View:
        return self.sandbox.view

    async def transcript(self) -> list[Message]:
        await self.sandbox.caught_up()
        return list(self.view.chat(self.id).values())

    async def shows(self, wanted: Wanted, timeout: float | None = None, thread: int | None = None) -> Message:
        """The newest message in the chat that contains the text as it stands now, whoever wrote it."""

        def look() -> Message | None:
            for message in reversed(self.view.chat(self.id).values()):
                if (thread is None or message.thread == thread) and contains(message, wanted):
                    return message
            return None

        await self.sandbox.caught_up()
        return await self.sandbox.until(look, timeout, f"chat {self.id} does not show {shown(wanted)}", self.id)

    async def hides(self, wanted: Wanted, timeout: float | None = None) -> None:
        """Wait until no message in the chat contains the text any more."""

        def look() -> bool | None:
            messages = self.view.chat(self.id).values()
            return None if any(contains(message, wanted) for message in messages) else True

        await self.sandbox.caught_up()
        await self.sandbox.until(look, timeout, f"chat {self.id} still shows {shown(wanted)}", self.id)


class Group(Place):
    def __init__(self, sandbox: Sandbox, chat: int, title: str) -> None:
        super().__init__(sandbox, chat)
        self.title = title

    async def topic(self, name: str) -> int:
        """A person opens a topic; its thread number."""
        made: Json = await self.sandbox.control("topics/create", chat=self.id, name=name)
        return int(made["thread"])

    async def migrates(self, *, join: str = "first") -> Group:
        """The group becomes a supergroup; this object goes on standing for the old number. The bot hears that it was
        added to the new one first or last.
        """
        moved: Json = await self.sandbox.control("migrate", chat=self.id, join=join)
        return Group(self.sandbox, int(moved["id"]), self.title)


class Person(Place):
    """Somebody with a telephone; their own chat with the bot is meant when no chat is named."""

    def __init__(self, sandbox: Sandbox, user: Json) -> None:
        super().__init__(sandbox, int(user["id"]))
        self.user = user
        self.name = str(user["first_name"])
        # Chat -> the number of the newest event this person has taken note of.
        self._marks: dict[int, int] = {}

    def _chat(self, chat: Place | int | None) -> int:
        return self.id if chat is None else chat.id if isinstance(chat, Place) else chat

    async def _act(self, path: str, chat: Place | int | None, **wish: Any) -> Any:
        number = self._chat(chat)
        answer = await self.sandbox.call("POST", path, {"person": self.id, "chat": number, **wish})
        if path in ("say", "tap"):
            self._marks[number] = answer["event"]
        return answer["result"]

    async def says(
        self,
        text: str,
        chat: Place | int | None = None,
        reply_to: Message | int | None = None,
        thread: int | None = None,
        **more: Any,
    ) -> Message:
        """Write a message; `more` goes to the control call as it is (anonymous, as_channel, forward_from
        …).
        """
        said = await self._act("say", chat, text=text, reply_to=_number(reply_to), thread=thread, **more)
        return Message(said)

    async def sends(
        self,
        *attachments: Attachment,
        caption: str | None = None,
        chat: Place | int | None = None,
        reply_to: Message | int | None = None,
        thread: int | None = None,
        **more: Any,
    ) -> list[Message]:
        """Send one attachment, or an album when there are several; the caption goes to the first."""
        shapes = [dict(attachment.shape) for attachment in attachments]
        if caption is not None:
            shapes[0]["caption"] = caption
        media: Any = shapes if len(shapes) > 1 else shapes[0]
        said = await self._act("say", chat, media=media, reply_to=_number(reply_to), thread=thread, **more)
        return [Message(item) for item in (said if isinstance(said, list) else [said])]

    async def taps(
        self,
        label: Wanted,
        chat: Place | int | None = None,
        message: Message | int | None = None,
        timeout: float | None = None,
    ) -> str | None:
        """Press the button with this label on the newest message that has one.

        Returns the answer's text ("" for a silent one), or None when the bot let the press go unanswered. A
        button of a reply keyboard is pressed by saying it, a deep link by following it.
        """
        number = self._chat(chat)
        only = _number(message)

        def look() -> tuple[Message, Json] | None:
            for candidate in reversed(self.view.chat(number).values()):
                if only is not None and candidate.id != only:
                    continue
                for button in candidate.buttons:
                    if matches(button["text"], wanted=label):
                        return candidate, button
            return None

        # Without this an older message could win while the newest is still on its way here.
        await self.sandbox.caught_up()
        found, button = await self.sandbox.until(
            look, timeout, f"{self.name} finds no button {shown(label)} in chat {number}", number
        )
        if "url" in button:
            return await self._follows(button["url"])
        if "callback_data" not in button:
            await self.says(button["text"], chat=chat)
            return ""
        return await self.presses(found, button["callback_data"], chat=chat)

    async def presses(self, message: Message | int, data: str, chat: Place | int | None = None) -> str | None:
        """Press with any payload on any message, existing or not."""
        pressed = await self._act("tap", chat, message_id=_number(message), data=data)

        def look() -> str | None:
            return self.view.answers.get(pressed["id"])

        try:
            return await self.sandbox.until(look, ANSWER_SECONDS, "", None)
        except NotSeen:
            return None

    async def _follows(self, url: str) -> str:
        """Open a link into the bot (t.me/bot?start=…), as Telegram does: by saying /start with its
        payload.
        """
        parts = urlsplit(url)
        payload = parse_qs(parts.query).get("start")
        if parts.hostname in ("t.me", "telegram.me") and payload:
            await self.says(f"/start {payload[0]}")
        return ""

    async def reads(
        self,
        wanted: Wanted,
        chat: Place | int | None = None,
        timeout: float | None = None,
        thread: int | None = None,
    ) -> Message:
        """Wait for a message the bot wrote or edited since this person last read, wrote or pressed in the
        chat.
        """
        number = self._chat(chat)
        mark = self._marks.get(number, 0)

        def look() -> Message | None:
            fresh = [
                message
                for message in self.view.chat(number).values()
                if message.from_bot and message.event > mark and (thread is None or message.thread == thread)
            ]
            for message in sorted(fresh, key=lambda message: message.event):
                if contains(message, wanted):
                    return message
            return None

        found = await self.sandbox.until(look, timeout, f"{self.name} does not read {shown(wanted)}", number)
        self._marks[number] = found.event
        return found

    async def edits(self, message: Message | int, text: str, chat: Place | int | None = None) -> None:
        await self._act("edit", chat, message_id=_number(message), text=text)

    async def votes(self, message: Message | int, *options: int, chat: Place | int | None = None) -> None:
        """Vote in a poll; no options at all take the vote back."""
        await self._act("vote", chat, message_id=_number(message), options=list(options))

    async def reacts(self, message: Message | int, emoji: str | None, chat: Place | int | None = None) -> None:
        await self._act("react", chat, message_id=_number(message), emoji=emoji)

    async def looks_up(self, words: str, timeout: float | None = None) -> tuple[str, list[Json]]:
        """Type the bot's name and some words in any chat: the query's number and the results it is answered with."""
        asked = await self.sandbox.control("ask", person=self.id, query=words)
        query = str(asked["id"])
        return query, await self.sandbox.until(
            lambda: self.view.results.get(query), timeout, f"{self.name} is shown nothing for {words!r}", None
        )

    async def chooses(self, query: str, result: str, chat: Place | int | None = None) -> Message:
        """Send one of the results of an inline query to a chat."""
        said = await self.sandbox.control("choose", person=self.id, query=query, result=result, chat=self._chat(chat))
        return Message(said)

    async def blocks(self) -> None:
        await self.sandbox.control("block", person=self.id)

    async def unblocks(self) -> None:
        await self.sandbox.control("unblock", person=self.id)

    async def leaves(self, chat: Place | int) -> None:
        await self.sandbox.control("leave", person=self.id, chat=self._chat(chat))

    async def asks_to_join(self, chat: Place | int, link: str | None = None, bio: str | None = None) -> None:
        await self.sandbox.control("join/ask", person=self.id, chat=self._chat(chat), link=link, bio=bio)

    async def joins(self, chat: Place | int) -> None:
        await self.sandbox.control("join", person=self.id, chat=self._chat(chat))


def _number(message: Message | int | None) -> int | None:
    return message.id if isinstance(message, Message) else message


def matches(text: str, wanted: Wanted) -> bool:
    return wanted in text if isinstance(wanted, str) else wanted.search(text) is not None


def contains(message: Message, wanted: Wanted) -> bool:
    return matches(message.text, wanted)


def shown(wanted: Wanted) -> str:
    return repr(wanted) if isinstance(wanted, str) else f"/{wanted.pattern}/"
