"""What people type, as they mean it: a slash from a Chinese keyboard is a slash, a full-width digit is a digit.

`／／ words` and `、、 words` (what the slash key writes in a Chinese input method) ─▶ `// words`
`／note words` · `/note：words` · `/note他…` · `/Note words` ─▶ `/note words`
`＃７` · `#7` · `７` ─▶ 7

Nobody begins an answer with such a sign; read as an answer, a note to colleagues went to the student.
"""

from __future__ import annotations

import re
import unicodedata

from aiogram.enums import ChatType
from aiogram.types import Message, Update

from bot.commands import GROUP, PRIVATE
from bot.helping import HEADINGS
from bot.keyboards import MOST_DIGITS
from bot.untrusted import units

NOTE_SIGN = "//"
TAKE_PICTURES = ("/ask", "/note")
"""Commands that a picture goes along with."""
COMMANDS = frozenset({*GROUP, *PRIVATE, "start", "verify", *(name for names in HEADINGS.values() for name in names)})
"""Everything that is a command anywhere; a test holds it against the routers."""

_SLASHES = "/／、∕⁄"
_NAME = re.compile(r"([A-Za-z0-9_Ａ-Ｚａ-ｚ０-９＿]{1,32})(@[A-Za-z0-9_]+)?")
_BETWEEN = ":：,，、.。;；"
"""What stands between a command and its words where somebody writes no space."""
_GROUPS = (ChatType.GROUP, ChatType.SUPERGROUP)


def as_meant(text: str) -> str:
    """The same words; a sign at their beginning that is a slash to whoever typed it is one, and so is the name of a
    command behind it.
    """
    lead, rest, _ = _parts(text)
    return lead + rest


def is_note(text: str) -> bool:
    """Whether these words, as they are meant, begin with the sign of a note."""
    return text.startswith(NOTE_SIGN)


def is_command(text: str) -> bool:
    """Whether these words, as they are meant, begin with a command there is."""
    found = _NAME.match(text[1:]) if text.startswith("/") else None
    return found is not None and found[1] in COMMANDS and text[1 + found.end() :][:1].strip() == ""


def number(text: str) -> int | None:
    """The number somebody typed, with or without the sign before it; None for anything else, and for a number that
    no database holds.
    """
    digits = unicodedata.normalize("NFKC", text).strip().lstrip("#").strip()
    return int(digits) if digits.isascii() and digits.isdigit() and len(digits) <= MOST_DIGITS else None


def items(text: str) -> list[str]:
    """What stands one a line, or where all of it is one line between bars, those of a Chinese keyboard as well."""
    return text.splitlines() if "\n" in text else re.split("[|｜]", text)


def username(text: str) -> str:
    """The @name somebody typed or copied from what the bot wrote, which has an invisible sign in it so that nobody is
    called: without either, in small letters.
    """
    seen = "".join(char for char in text if unicodedata.category(char) != "Cf")
    return seen.strip().removeprefix("@").strip().casefold()


def with_plain_signs(text: str) -> str:
    """The same where a number stands before other words: `＃７ words` is `#7 words`, the words as they were."""
    first, gap, rest = re.match(r"(\S*)(\s*)(.*)", text, re.S).groups()  # type: ignore[union-attr]
    plain = unicodedata.normalize("NFKC", first)
    return f"{plain}{gap}{rest}" if number(plain) is not None else text


def in_a_group(update: Update) -> Update:
    """The same update; what somebody says in a group, or edits there, is as they mean it. Alone with the bot a
    student's words are theirs to the letter.
    """
    for kind in ("message", "edited_message"):
        message: Message | None = getattr(update, kind)
        if message is not None and message.chat.type in _GROUPS:
            meant = _meant(message)
            return update if meant is message else update.model_copy(update={kind: meant})
    return update


def _meant(message: Message) -> Message:
    for words, marks in (("text", "entities"), ("caption", "caption_entities")):
        text = getattr(message, words)
        if not text:
            continue
        lead, rest, taken = _parts(text)
        if lead + rest == text:
            return message
        # What is marked further on, such as a name that is linked to a person, stands where its words stand now.
        before, by = units(text[:taken]), units(lead) - units(text[:taken])
        moved = [
            each.model_copy(update={"offset": each.offset + by})
            for each in getattr(message, marks) or []
            if each.offset >= before
        ]
        return message.model_copy(update={words: lead + rest, marks: moved or None})
    return message


def _parts(text: str) -> tuple[str, str, int]:
    """How the words begin as they are meant, the rest, and how many characters the first stands for."""
    begin = next((i for i, c in enumerate(text) if unicodedata.category(c) not in ("Cc", "Cf", "Zs", "Zl", "Zp")), 0)
    bare = text[begin:]
    if not bare or bare[0] not in _SLASHES:
        return "", text, 0
    if bare[1:2] and bare[1] in _SLASHES:
        return NOTE_SIGN, bare[2:], begin + 2
    found = _NAME.match(bare, 1)
    name = unicodedata.normalize("NFKC", found[1]).lower() if found is not None else ""
    if found is None or name not in COMMANDS:
        return "/", bare[1:], begin + 1
    lead, end = f"/{name}{found[2] or ''}", found.end()
    follows = bare[end : end + 1]
    if follows and follows in _BETWEEN:
        return f"{lead} ", bare[end + 1 :], begin + end + 1
    return lead + (" " if follows and not follows.isascii() and not follows.isspace() else ""), bare[end:], begin + end
