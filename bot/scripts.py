"""Simplified and traditional characters, from one to the other (OpenCC)."""

from __future__ import annotations

from functools import cache

from opencc import OpenCC

WAYS = {"zh-hans": ("zh-hant", "s2twp"), "zh-hant": ("zh-hans", "tw2sp")}


@cache
def _converter(way: str) -> OpenCC:
    return OpenCC(way)


def in_other_script(language: str, text: str) -> dict[str, str]:
    """The text by the language that is written in the other script; nothing for one that has only one."""
    if language not in WAYS:
        return {}
    other, way = WAYS[language]
    return {other: str(_converter(way).convert(text))}
