"""Simplified and traditional characters, from one to the other (OpenCC)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache

from opencc import OpenCC

WAYS = {"zh-hans": ("zh-hant", "s2twp"), "zh-hant": ("zh-hans", "tw2sp")}
READ = dict(WAYS.values())
"""By the language of whoever reads, how what is in the other script is turned."""


@cache
def _converter(way: str) -> OpenCC:
    return OpenCC(way)


def in_other_script(language: str, text: str) -> dict[str, str]:
    """The text by the language that is written in the other script; nothing for one that has only one."""
    if language not in WAYS:
        return {}
    other, way = WAYS[language]
    return {other: str(_converter(way).convert(text))}


def as_read(language: str, text: str) -> str:
    """What somebody wrote in one of the two, as it is read in this language: in the other script where it is not in
    its own already.
    """
    if language not in WAYS:
        return text
    simplified = _converter("t2s").convert(text) == text
    return text if simplified == (language == "zh-hans") else str(_converter(READ[language]).convert(text))


def written(so_far: Mapping[str, str], language: str, text: str, languages: Sequence[str]) -> dict[str, str]:
    """What is written in each language, now with this text; the other script follows where nobody has written it. What
    followed from the text before follows again when that script stands first in the union's order: otherwise what
    somebody wrote could be lost.
    """
    found = {**so_far, language: text}
    for other, turned in in_other_script(language, text).items():
        if other in languages:
            before = in_other_script(language, so_far.get(language, ""))[other]
            leads = languages.index(language) < languages.index(other)
            if other not in so_far or (leads and so_far[other] == before):
                found[other] = turned
    return found
