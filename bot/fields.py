"""What a single value of config.toml may be, and the sentence for what it may not. Sections are built from these."""

from __future__ import annotations

import difflib
import re
from typing import Annotated, Literal
from urllib.parse import urlsplit
from zoneinfo import available_timezones

from pydantic import AfterValidator, BeforeValidator, ValidationInfo
from pydantic_core import PydanticCustomError

from models.calendar import Span
from models.hooks import EVENTS

LANGUAGES = ("zh-hans", "zh-hant", "en")
Language = Literal["zh-hans", "zh-hant", "en"]
WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
KEY_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,23}")


def _names(value: object) -> object:
    """A name may be one string for all languages or a table of them."""
    return dict.fromkeys(LANGUAGES, value) if isinstance(value, str) else value


def _complete(value: dict[str, str], info: ValidationInfo) -> dict[str, str]:
    unknown = sorted(set(value) - set(LANGUAGES))
    if unknown:
        raise PydanticCustomError(
            "language", "there is no language {x}; write zh-hans, zh-hant and en", {"x": ", ".join(unknown)}
        )
    missing = [language for language in LANGUAGES if not value.get(language, "").strip()]
    if missing:
        raise PydanticCustomError(
            "language",
            'is missing in {x}: write {y} = { zh-hans = "…", zh-hant = "…", en = "…" }',
            {"x": ", ".join(missing), "y": info.field_name or "name"},
        )
    return value


Sayings = Annotated[dict[str, str], AfterValidator(_complete)]
"""What is said to students: each language has its own."""
Names = Annotated[dict[str, str], BeforeValidator(_names), AfterValidator(_complete)]


def _key(value: str) -> str:
    if not KEY_NAME.fullmatch(value):
        raise PydanticCustomError("key", 'write up to 24 small letters, digits and dashes, for example key = "east"')
    return value


KeyName = Annotated[str, AfterValidator(_key)]


def _span(value: object) -> object:
    if isinstance(value, Span):
        return value
    found = re.fullmatch(r"(?:(\d+)d)?\s*(?:(\d+(?:\.\d+)?)h)?", value.strip()) if isinstance(value, str) else None
    if not found or not any(found.groups()):
        raise PydanticCustomError("span", 'write a length of working time, for example "4h", "1d" or "1d 2h"')
    try:
        return Span(days=int(found[1] or 0), hours=float(found[2] or 0))
    except ValueError as error:
        raise PydanticCustomError("span", '{x}; write for example "4h" or "1d"', {"x": str(error)}) from None


WorkingTime = Annotated[Span, BeforeValidator(_span)]


def _listening(value: str) -> str:
    found = re.fullmatch(r"\S*:(\d{1,5})", value)
    if not found or int(found[1]) > 65_535:
        raise PydanticCustomError("listen", 'listen is an address and a port; write listen = "127.0.0.1:8080"')
    return value


Listening = Annotated[str, AfterValidator(_listening)]


def _engine(value: str) -> str:
    if not value.startswith(("sqlite:///", "postgresql://")):
        raise PydanticCustomError(
            "database",
            'url begins with sqlite:/// or postgresql://; write for example url = "sqlite:///data/unionbot.db"',
        )
    return value


Engine = Annotated[str, AfterValidator(_engine)]


def _server(value: str) -> str:
    parts = urlsplit(value)
    if parts.scheme not in ("https", "http") or not parts.netloc:
        raise PydanticCustomError(
            "server",
            'an address begins with https:// or http://; write for example api_base = "https://api.telegram.org"',
        )
    return value.rstrip("/")


Server = Annotated[str, AfterValidator(_server)]


ALIKE = 0.85
"""So near, in difflib's measure, is a slip of the pen (Shangai, 0.96); Peking is as near to Chungking as to any (0.72),
and whoever wrote it means China's one time.
"""


def _time_zone(value: str) -> str:
    if value not in available_timezones():
        near = difflib.get_close_matches(value, available_timezones(), 1, ALIKE) or ["Asia/Shanghai"]
        raise PydanticCustomError("timezone", 'there is no such time zone; write timezone = "{x}"', {"x": near[0]})
    return value


TimeZone = Annotated[str, AfterValidator(_time_zone)]


LOCAL = ("localhost", "127.0.0.1", "::1")


def _hook_address(value: str) -> str:
    """Only where nobody on the way can read or change it; in the clear only to this very machine."""
    parts = urlsplit(value)
    safe = parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in LOCAL)
    if value and (not safe or not parts.hostname or parts.username is not None or parts.fragment):
        raise PydanticCustomError(
            "hook",
            "tickets are told over https only, and no password stands in the address; "
            'write for example url = "https://campus.example.edu/hooks/union"',
        )
    return value


HookAddress = Annotated[str, AfterValidator(_hook_address)]


def _hook_event(value: str) -> str:
    if value not in EVENTS:
        near = difflib.get_close_matches(value, EVENTS, 1) or ["filed"]
        raise PydanticCustomError(
            "hook", 'there is no such event; write "{x}", or any of {y}', {"x": near[0], "y": ", ".join(EVENTS)}
        )
    return value


HookEvent = Annotated[str, AfterValidator(_hook_event)]
