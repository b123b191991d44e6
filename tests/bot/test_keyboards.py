"""What buttons carry: it fits, comes back as it went, and nothing forged is taken for it."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from typing import Any, get_type_hints

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

import handlers
from bot import keyboards, lists, menus
from bot.keyboards import MOST_BYTES, Press
from bot.lists import Seek
from models.errors import Refusal

handlers.router()
"""Every conversation is loaded, and every button with it."""

LONGEST = 10**12
"""A ticket's number for the next hundred years."""
WORDS = {
    "value": "x" * 24 + "." + "together",
    "act": "withdraw_sure",
    "step": "resolve_write",
    "what": "consentlang",
    "to": "international",
    "name": "semester",
    "how": "phone",
    "words": "w" * 40,
    "period": "last_month",
    "format": "xlsx",
    "code": "ABCD",
    "key": "k" * 22,
    "choice": "zh-hant",
    "station": "x" * 24,
    "role": "supervisor",
    "topic": "business",
}
"""The longest word each field can hold: a place's key has up to 24 characters, with a reason behind it."""


def kinds() -> Iterator[type[Press]]:
    todo = [Press]
    while todo:
        for kind in todo.pop().__subclasses__():
            todo.append(kind)
            yield kind


KINDS = sorted(set(kinds()), key=lambda k: k.prefix)


def filled(kind: type[Press]) -> Press:
    hints = get_type_hints(kind)
    values: dict[str, Any] = {}
    for each in dataclasses.fields(kind):
        hint = hints[each.name]
        values[each.name] = True if hint is bool else LONGEST if hint is int else WORDS[each.name]
    return kind(**values)


def test_all_of_them_are_here() -> None:
    assert len(KINDS) >= 12
    assert keyboards.Desk in KINDS
    assert menus.Pick in KINDS


def test_no_two_share_a_prefix() -> None:
    prefixes = [kind.prefix for kind in KINDS]
    assert len(set(prefixes)) == len(prefixes)


@pytest.mark.parametrize("kind", KINDS, ids=lambda k: k.__name__)
def test_the_longest_payload_fits(kind: type[Press]) -> None:
    packed = filled(kind).pack()
    assert len(packed.encode()) <= MOST_BYTES
    assert kind.unpack(packed) == filled(kind)


@given(st.text(max_size=70))
def test_what_was_not_packed_here_is_refused_or_comes_back_the_same(payload: str) -> None:
    for kind in KINDS:
        try:
            press = kind.unpack(payload)
        except ValueError:
            continue
        assert press.pack() == payload


@pytest.mark.parametrize("payload", ["d:claim:01", "d:claim:1 ", "d:claim:+1", "d:claim:１", "f:1:2:0", "r:1"])
def test_another_spelling_of_the_same_is_refused(payload: str) -> None:
    for kind in KINDS:
        with pytest.raises(ValueError, match=r"."):
            kind.unpack(payload)


@given(st.text(min_size=1, max_size=70))
@example("East 1:tap")
@example("w" * 59)
def test_another_page_of_what_was_found_is_of_the_same_words_or_there_is_none(words: str) -> None:
    turns = [each["callback_data"] for row in lists.found([], words, 1, True)["inline_keyboard"] for each in row]
    pages = [Seek.unpack(turn) for turn in turns]
    assert [(page.page, page.words) for page in pages] in ([], [(0, words), (2, words)])
    assert bool(pages) == (":" not in words and len(words.encode()) < 60)


@pytest.mark.parametrize("value", ["", "-", "²", "１", "-1", "+1", "1 ", "1" * (keyboards.MOST_DIGITS + 1)])
def test_what_is_no_number_on_a_button_is_refused_as_an_old_one(value: str) -> None:
    with pytest.raises(Refusal) as refused:
        keyboards.number_on(value)
    assert refused.value.key == "old.button"
    assert keyboards.number_on("1" * keyboards.MOST_DIGITS) < 2**63


def test_a_button_that_was_shown_before_something_changed_decides_nothing() -> None:
    keyboards.must_be_as_shown(3, 3)
    for shown in (2, 4):
        with pytest.raises(Refusal):
            keyboards.must_be_as_shown(3, shown)


def test_a_payload_that_does_not_fit_is_a_mistake_of_ours() -> None:
    with pytest.raises(ValueError, match="does not fit"):
        keyboards.Choice("step", 1, "x" * 64).pack()
    with pytest.raises(ValueError, match="does not fit"):
        keyboards.Choice("a:b", 1, "x").pack()
