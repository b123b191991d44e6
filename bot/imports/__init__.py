"""Files that the union brings in: each is read and checked as a whole, and what it would change is said in words before
anything is changed. Every mistake is named with its file, its line and what to write instead.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Row:
    """What one entry of a file says, checked."""

    line: int
    values: dict[str, Any]


class Unusable(Exception):
    """The file cannot be brought in; `problems` says everything that is wrong, a sentence each."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


SAID = {
    "canned.label_length": "the key has no or too many letters; write what it is called, at most {most}: Water main",
    "canned.text_length": "the text is too long; shorten it to {most} characters",
    "canned.braces": "a brace stands alone; write {{{{ for one, or one of {known}",
    "canned.unknown_place": "nothing fills {typed}; write one of {known}",
    "canned.no_text": "there is no text; write one in at least one language",
    "canned.taken": "{label!r} is there already, for this station or for every one; write another key",
    "canned.too_many": "a place has at most {most} answers; delete those that nobody uses",
    "posts.name_missing": "nobody stands there; write the name under which the union makes them known",
    "posts.name_too_long": "a name has at most {most} characters; shorten it",
    "posts.order": "the term ends before it starts; write the earlier day in starts",
    "posts.too_long_a_term": "a term is three years at most; write an earlier day in ends",
    "posts.decided_later": "it was decided after its end; write the day of the congress or of the decision in decided",
    "posts.holds_one": "{name!r} holds a post until {until} already; end that term first, or write another day",
    "posts.presidium_full": "the presidium has at most {most} members ([posts] presidium), and would have more then",
    "posts.full": "the union has at most {most} people in posts ([posts] most), and would have more then",
    "shift.full": "at most {most} people fit on one shift; make two of it",
    "shift.order": "the shift ends before it begins; write the earlier time in from",
}
"""What a rule refuses, in a sentence for the operator; the other sentences of the same keys are for chats."""


def said(key: str, params: Mapping[str, Any]) -> str:
    """A refusal of a rule for a list of problems."""
    return SAID[key].format(**params)


def printable(text: str) -> str:
    """People's own words without what moves the cursor of a terminal."""
    return "".join(sign for sign in text if sign.isprintable())


def text_of(path: Path) -> str:
    """The file's text. Raises Unusable with what is in the way."""
    try:
        # Spreadsheets and Windows' own editor write a mark before the first letter.
        return path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise Unusable([f"{path} does not exist: write the name of the file to bring in"]) from None
    except UnicodeDecodeError:
        raise Unusable([f"{path} is not UTF-8: save it as “CSV UTF-8” in the spreadsheet"]) from None
    except OSError as error:
        raise Unusable([f"{path} cannot be read: {error.strerror or error}"]) from None
