"""Text that somebody sends as a file (.txt, .md) instead of writing it into the chat: fetched before the transaction
(`bot/lookout.py`), read here.
"""

from __future__ import annotations

import codecs
import re
from typing import NamedTuple

from models.errors import Refusal

MOST_BYTES = 100_000
"""What is disclosed has 20 000 characters; four bytes each, and a little air."""
ENDINGS = (".txt", ".md")
TAKING = frozenset({"Publishing:words"})
"""The states in which a file is words; in any other nobody fetches it."""

_CONTROLS = re.compile("[\x00-\x08\x0e-\x1f]")


class Fetched(NamedTuple):
    """What was in the file; None when Telegram did not hand it over."""

    data: bytes | None


def is_text(name: str | None) -> bool:
    """Whether a file of this name is read."""
    return (name or "").lower().endswith(ENDINGS)


def words_of(name: str | None, size: int | None, fetched: Fetched | None) -> str:
    """The text of a file, its title in the first line. Raises Refusal for another kind of file, for one that is too
    big, could not be fetched, or holds no text.
    """
    if not is_text(name):
        raise Refusal("textfile.kind")
    if (size or 0) > MOST_BYTES:
        raise Refusal("textfile.too_big", most=MOST_BYTES // 1000)
    if fetched is None or fetched.data is None:
        raise Refusal("textfile.not_fetched")
    text = decoded(fetched.data)
    if text is None or not text.strip():
        raise Refusal("textfile.no_text")
    # A Markdown title bears a sign of its own.
    return re.sub(r"^#+\s*", "", text.strip())


def decoded(data: bytes) -> str | None:
    """As UTF-8, as UTF-16 where it says so, or as Chinese Windows writes; None for what is no text."""
    for mark, encoding in ((codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16")):
        if data.startswith(mark):
            return _strictly(data, encoding)
    return _strictly(data, "utf-8-sig") or _strictly(data, "gb18030")


def _strictly(data: bytes, encoding: str) -> str | None:
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError:
        return None
    return None if _CONTROLS.search(text) else "\n".join(text.splitlines())
