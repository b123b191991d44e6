"""Files that the union brings in: each is read and checked as a whole, and what it would change is said in words before
anything is changed. Every mistake is named with its file, its line and what to write instead.
"""

from __future__ import annotations

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
