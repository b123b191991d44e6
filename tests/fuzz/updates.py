"""Updates that Telegram might send, and such as it never does: made from aiogram's own types, aimed at what the program
knows, and then broken.

Everything comes from one seeded `Random`; the same seed makes the same updates as long as the program says the same.
"""

from __future__ import annotations

import copy
import types
import typing
from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import cache
from random import Random
from typing import Any

from aiogram.types import Chat, DateTime, Message, Update, User
from pydantic import BaseModel

from bot.keyboards import Press
from tests.fuzz.program import ADMIN, BOT, OFFICE, PLACES, SUPERVISOR, SUPERVISORS, Line

STUDENTS = range(500_001, 500_041)
STAFF = range(600_001, 600_009)
STRANGE_GROUP = -1_000_777
JUNK = (
    "",
    " ",
    "\u200b",
    "\0",
    "\ud800",
    "\u202eevil",
    "a\u0300" * 40,
    "👨‍👩‍👧‍👦" * 8,
    "<b>",
    "</b>&amp;&lt;<i",
    "&#0;",
    "{t} {0} %s %(x)s",
    "'; DROP TABLE tickets; --",
    "=HYPERLINK(1)",
    "-1",
    "9" * 30,
    "²",
    "١٢",
    "\n\n",
    "投诉",
    "x" * 5000,
    "汉" * 1025,
    "2026-02-30",
    "25:61",
    "1e400",
    "@all",
    "#1",
    "Water drips from the ceiling of the bathroom",
)
NUMBERS = (0, 1, -1, 2, 5, 2**31, -(2**31), 2**53, 2**63 - 1, 2**63, -(2**63) - 1, 10**40)
# One a line they would be sixty lines.
COMMANDS = (  # noqa: SIM905
    "start new mine surveys news faq union projects volunteer report here language help privacy mydata forget cancel "
    "open overdue find a ask note walkin duty stats canned setup mode board roles appoint remove audit poll quiz study "
    "posts publish disclose mute unmute muted assign reassign merge export code major chair work evaluate survey "
    "survey_new report_card call lead admin tickets nonsense due claim resolve transfer"
).split()


@cache
def presses() -> tuple[type[Press], ...]:
    """Every kind of button there is."""

    def below(kind: type[Press]) -> list[type[Press]]:
        return [each for sub in kind.__subclasses__() for each in (sub, *below(sub))]

    return tuple(sorted(below(Press), key=lambda kind: kind.prefix))


@cache
def words_of(prefix: str) -> tuple[str, ...]:
    """What may stand in the fields of a button that hold words: its docstring lists them."""
    told = "".join(
        c if c.isalnum() or c == "_" else " "
        for c in next(kind for kind in presses() if kind.prefix == prefix).__doc__ or ""
    )
    return tuple(sorted({word for word in told.split() if word.islower()})) or ("x",)


class Updates:
    """Makes updates; `line` knows which buttons there are."""

    def __init__(self, seed: int, line: Line, now: datetime) -> None:
        self.random = Random(seed)
        self.line, self.now = line, now
        self.number = 0
        self._message = 0
        for place, chat in PLACES.items():
            line.members[chat] |= set(STAFF[:4] if place in ("east", "office") else STAFF[4:6])
        line.members[STRANGE_GROUP] = {STUDENTS[0]}

    # ------------------------------------------------------------ whole updates

    def make(self) -> dict[str, Any]:
        """One update, whole or broken."""
        pick = self.random.random()
        if pick < 0.36:
            kind, content = "callback_query", self._press()
        elif pick < 0.80:
            kind, content = self._said()
        else:
            kind = self.random.choice(list(Update.model_fields)[1:])
            content = self._of(self._kind_of(kind), 0)
            self._aim(content)
        self.number += 1
        update = {"update_id": self.number, kind: content}
        if self.random.random() < 0.25:
            update = self._broken(update)
        return update

    def _person(self) -> int:
        pick = self.random.random()
        if pick < 0.62:
            return self.random.choice(STUDENTS)
        if pick < 0.85:
            return self.random.choice(STAFF)
        return self.random.choice((ADMIN, SUPERVISOR, ADMIN, SUPERVISOR, 1087968824, 777000, BOT, 9_999_999))

    def _user(self, who: int) -> dict[str, Any]:
        code = self.random.choice(("en", "zh-hans", "zh-TW", "ru", None))
        name = self.random.choice(("Alice", "王", "<b>Bob</b>", "\u202e", "x" * 64))
        user: dict[str, Any] = {"id": who, "is_bot": who == BOT, "first_name": name}
        return user | ({"language_code": code} if code else {})

    def _chat(self, who: int) -> dict[str, Any]:
        if (who not in STUDENTS and self.random.random() < 0.75) or self.random.random() < 0.04:
            group = self.random.choice((*PLACES.values(), OFFICE, SUPERVISORS, STRANGE_GROUP))
            return {"id": group, "type": "supergroup", "title": "A group"}
        return {"id": who, "type": "private", "first_name": "x"}

    def _base(self, who: int) -> dict[str, Any]:
        self._message += 1
        date = int(self.now.timestamp())
        return {"message_id": self._message, "date": date, "chat": self._chat(who), "from": self._user(who)}

    def _said(self) -> tuple[str, dict[str, Any]]:
        who = self._person()
        message = self._base(who)
        pick = self.random.random()
        if pick < 0.45:
            rest = self.random.choice(("", "", " 1", " #2", f" {self._junk()}", f" {self.random.choice(STUDENTS)}"))
            message["text"] = f"/{self.random.choice(COMMANDS)}{rest}"
        elif pick < 0.85:
            message["text"] = self._junk() if self.random.random() < 0.5 else self._plausible()
        else:
            extra = self._of(Message, 1)
            message = {**extra, **message}
            if self.random.random() < 0.5:
                message.pop("text", None)
        if self.line.buttons and self.random.random() < 0.3:
            _, number, _ = self.random.choice(self.line.buttons)
            if self.random.random() < 0.9:
                here = [b for b in self.line.buttons if b[0] == message["chat"]["id"]]
                _, number, _ = self.random.choice(here or list(self.line.buttons))
            bot = {"id": BOT, "is_bot": True, "first_name": "Union"}
            chat = message["chat"]
            replied = {"message_id": number, "date": message["date"], "chat": chat, "from": bot, "text": "#1"}
            message["reply_to_message"] = replied
        if self.random.random() < 0.08:
            return "edited_message", message | {"edit_date": message["date"] + 5}
        return "message", message

    def _plausible(self) -> str:
        return self.random.choice(
            (
                "The tap in the bathroom drips all night",
                "It still drips, please come",
                "We have ordered the part",
                "2026-11-02 18:30",
                "Monday 8:00-10:00 Wang",
                "Library, room 203",
                "30",
                "yes",
                "张三",
            )
        )

    def _press(self) -> dict[str, Any]:
        who = self._person()
        message = self._base(who)
        data = self._payload()
        if self.line.buttons and self.random.random() < 0.7:
            here = [b for b in self.line.buttons if b[0] == message["chat"]["id"]]
            _, message["message_id"], data = self.random.choice(here or list(self.line.buttons))
            if self.random.random() < 0.15:
                data = self._bent(data)
        user = message.pop("from")
        message["from"] = {"id": BOT, "is_bot": True, "first_name": "Union"}
        message["text"] = "x"
        if self.random.random() < 0.03:
            message = {"chat": message["chat"], "message_id": message["message_id"], "date": 0}
        query = {"id": str(self.random.randrange(10**9)), "from": user, "chat_instance": "1", "data": data}
        return query | {"message": message}

    def _payload(self) -> str:
        """A button of any kind with anything in it."""
        kind = self.random.choice(presses())
        parts = [kind.prefix]
        for field in kind._kinds():
            if field is str:
                parts.append(
                    self.random.choice((*words_of(kind.prefix), "", "-", "x", "1", "en", "east", "water", "é" * 9))
                )
            elif field is bool:
                parts.append(self.random.choice("01"))
            else:
                parts.append(str(self.random.choice((*range(8), *NUMBERS))))
        return ":".join(parts)

    def _bent(self, data: str) -> str:
        parts = data.split(":")
        i = self.random.randrange(len(parts))
        parts[i] = self.random.choice(("", "0", "1", "2", "3", "-1", "007", "9" * 18, "9" * 19, "x", parts[-1], "²"))
        return ":".join(parts if self.random.random() < 0.8 else [*parts, ""])

    def _junk(self) -> str:
        return self.random.choice(JUNK)

    # ------------------------------------------------------------ from aiogram's types

    @staticmethod
    @cache
    def _kind_of(name: str) -> Any:
        return Update.model_fields[name].annotation

    def _aim(self, content: Any) -> None:
        """Most people and chats in it are such as the program knows."""
        if not isinstance(content, dict) or self.random.random() < 0.2:
            return
        who = self._person()
        for name in ("from", "user"):
            if name in content:
                content[name] = self._user(who)
        if "chat" in content:
            content["chat"] = self._chat(who)

    def _of(self, kind: Any, depth: int) -> Any:
        """Anything of this type."""
        origin = typing.get_origin(kind)
        if origin is typing.Annotated:
            return self._of(typing.get_args(kind)[0], depth)
        if origin in (typing.Union, types.UnionType):
            found = [each for each in typing.get_args(kind) if each is not type(None)]
            return self._of(self.random.choice(found), depth)
        if origin in (list, Sequence):
            return [self._of(typing.get_args(kind)[0], depth + 1) for _ in range(self.random.choice((0, 1, 1, 2)))]
        if origin is typing.Literal:
            return self.random.choice(typing.get_args(kind))
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            return self._model(kind, depth)
        if kind is bool:
            return self.random.random() < 0.5
        if kind is int:
            return self.random.choice((*NUMBERS[:9], *STUDENTS[:3], 7, 100))
        if kind is float:
            return self.random.choice((0.0, -1.5, 1e300, 31.2))
        if kind is datetime or kind is DateTime:
            return self.random.choice((0, 1, int(self.now.timestamp()), 2**33))
        if kind is timedelta:
            return 60
        return self._junk()

    def _model(self, kind: type[BaseModel], depth: int) -> dict[str, Any]:
        if kind is User:
            return self._user(self._person())
        if kind is Chat and self.random.random() < 0.8:
            return self._chat(self._person())
        found = {}
        often = 0.25 if depth == 0 else 0.12 if depth < 3 else 0.0
        for name, field in kind.model_fields.items():
            named = typing.get_origin(field.annotation) is typing.Literal
            if named or (field.is_required() and depth < 7) or self.random.random() < often:
                found[field.alias or name] = self._of(field.annotation, depth + 1)
        return found

    # ------------------------------------------------------------ broken

    def _broken(self, update: dict[str, Any]) -> dict[str, Any]:
        """The same with one to three things in it that should not be so."""
        update = copy.deepcopy(update)
        for _ in range(self.random.choice((1, 1, 2, 3))):
            self._break(update)
        return update

    def _break(self, update: dict[str, Any]) -> None:
        inside: Any = update
        for _ in range(self.random.randrange(1, 6)):
            below = [part for part in inside.values() if isinstance(part, dict) and part]
            if not below or (inside is not update and self.random.random() < 0.3):
                break
            inside = self.random.choice(below)
        if not inside:
            return
        name = self.random.choice(list(inside))
        if name == "update_id" and self.random.random() < 0.9:
            return
        match self.random.randrange(6):
            case 0:
                del inside[name]
            case 1:
                inside[name] = self.random.choice((None, True, [], {}, [[]], "x", 1.5, {"id": 1}))
            case 2:
                inside[name] = self.random.choice(NUMBERS)
            case 3:
                inside[name] = self._junk()
            case 4:
                inside[f"new_{self.random.randrange(9)}"] = self.random.choice((1, "x", {"y": [1]}))
            case _:
                inside[name] = self.random.choice((*STUDENTS[:4], *STAFF[:2], *PLACES.values(), ADMIN))
