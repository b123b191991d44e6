"""What people wrote, made fit to stand beside our own words.

Escaping keeps markup out. This keeps out the rest: characters that turn a line around, hide, or pile up, and more of
them than fit. All of it works on plain text and is done before escaping, so that Telegram's limits, which count what
is left after parsing, hold whatever it contains.
"""

from __future__ import annotations

import re
import unicodedata

JOINER = "\u200d"
ISOLATE, END_ISOLATE = "\u2068", "\u2069"
WORD_JOINER = "\u2060"
MOST_MARKS = 3
"""Accents on one letter: more than any language needs is somebody drawing over the lines around."""
BLANK = frozenset("\u115f\u1160\u2800\u3164\uffa0")
"""Letters that look like nothing."""

_HIDDEN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn"})
_RIGHT_TO_LEFT = frozenset({"R", "AL", "AN"})
_CONTROLS = re.compile("[\x00-\x08\x0b-\x1f\x7f\ud800-\udfff]")
_NOT_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_TURNING = re.compile("[\u061c\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\ufeff]")
_BEYOND = re.compile(
    "[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc\U00010800-\U00010fff\U0001e800-\U0001efff"
    "\u200e\u200f\u202a-\u202e\u2066-\u2069]"
)
"""Letters that are read from the right, and signs that turn a line around."""
_SIGNS = re.compile("[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")
_HELD = re.compile(f"{ISOLATE}[^{ISOLATE}{END_ISOLATE}\n]*{END_ISOLATE}")
_MENTION = re.compile(r"\w+://[\w.:/@%?&=#~+-]+|(?<![\w@])@(?=[A-Za-z])")


def units(text: str) -> int:
    """Length as Telegram counts it: UTF-16 code units."""
    return len(text) if text.isascii() else len(text.encode("utf-16-le", "surrogatepass")) // 2


def cut(text: str, most: int) -> str:
    """The text, or its beginning and "…", in at most so many units; what was isolated in it (`contained`) still is."""
    if units(text) <= most:
        return text
    kept = text[: _fitting(text, most - 1)]
    if ended(kept) != kept:
        kept = text[: _fitting(text, most - 2)]
    return ended(kept.rstrip() + "…")


def ended(text: str) -> str:
    """What is left of a text that was cut: what is isolated in it (`contained`) reaches no further."""
    return text + END_ISOLATE if text.count(ISOLATE) > text.count(END_ISOLATE) else text


def inline(text: str, most: int) -> str:
    """A name or a few words in one line of ours: nothing in it reaches beyond itself, and nobody is called by it.

    Empty when all of it is invisible.
    """
    kept: list[str] = []
    marks = 0
    for char in text:
        category = unicodedata.category(char)
        if category in ("Mn", "Me"):
            marks += 1
            if marks > MOST_MARKS or not kept:
                continue
        else:
            marks = 0
        if char == JOINER and kept and unicodedata.category(kept[-1]) in ("So", "Sk", "Mn"):
            kept.append(char)
        elif char.isspace() or char in BLANK:
            kept.append(" ")
        elif category not in _HIDDEN:
            kept.append(char)
    line = cut(without_mentions(" ".join("".join(kept).rstrip(JOINER).split())), most)
    if any(unicodedata.bidirectional(char) in _RIGHT_TO_LEFT for char in line):
        return f"{ISOLATE}{line}{END_ISOLATE}"
    return line


def contained(text: str) -> str:
    """What is put into a sentence of ours: nothing in it turns around what stands beside it. What has been made fit
    already stays as it is.
    """
    if text.isascii() or _BEYOND.search(_HELD.sub("", text)) is None:
        return text
    return "\n".join(_held(_SIGNS.sub("", line)) for line in text.split("\n"))


def _held(line: str) -> str:
    return f"{ISOLATE}{line}{END_ISOLATE}" if _BEYOND.search(line) else line


def whole(text: str) -> str:
    """The same, and all of it: what is too long is told to whoever writes it, not cut. What is put in so that nobody is
    called takes room of its own.
    """
    return inline(text, 2 * units(text) + 2)


def titled(text: str) -> str:
    """A title or a place, all of it; a dash where nothing of it can be seen."""
    return whole(text) or "—"


def lines(text: str) -> str:
    """Words that keep their lines inside a text of ours; empty lines and what turns a line around are dropped, and
    nobody is called by them.
    """
    visible = (_TURNING.sub("", _CONTROLS.sub("", line)).strip() for line in text.splitlines())
    return without_mentions("\n".join(line for line in visible if line))


def verbatim(text: str) -> str:
    """Words brought to somebody as they were said; only what Telegram itself refuses or drops is left out."""
    return _CONTROLS.sub("", text.replace("\r\n", "\n")).strip()


def for_xml(text: str) -> str:
    """Words without the characters that no XML can hold: whoever reads the file would refuse all of it."""
    return _NOT_XML.sub("", text)


def without_mentions(text: str) -> str:
    """The same to the eye, but nobody is called by it (law 11): an invisible sign stands before each name. An address
    calls nobody, and stays one.
    """
    return _MENTION.sub(lambda found: found[0] if "://" in found[0] else f"@{WORD_JOINER}", text)


def split(text: str, first: int, rest: int) -> list[str]:
    """All of the text in parts of at most `first`, then `rest` units, broken where a word ends when that is near."""
    parts: list[str] = []
    most = first
    while units(text) > most:
        at = _fitting(text, most)
        near = max(text.rfind("\n", at - at // 5, at), text.rfind(" ", at - at // 5, at))
        parts.append(text[: near if near > 0 else at].rstrip())
        text, most = text[near if near > 0 else at :].lstrip(), rest
    return [*parts, text] if text or not parts else parts


def _fitting(text: str, most: int) -> int:
    """How many characters fit into so many units without tearing what is seen as one; at least one."""
    at = len(text.encode("utf-16-le", "surrogatepass")[: 2 * most].decode("utf-16-le", "ignore"))
    whole = at
    while 0 < whole < len(text) and at - whole < 16 and _continues(text, whole):
        whole -= 1
    return max(whole if at - whole < 16 else at, 1)


def _continues(text: str, at: int) -> bool:
    """Whether the character here belongs to the one before it: an accent, a skin tone, a part of a family."""
    char = text[at]
    return (
        unicodedata.category(char) in ("Mn", "Me", "Mc")
        or char == JOINER
        or text[at - 1] == JOINER
        or "\U0001f3fb" <= char <= "\U0001f3ff"
    )
