"""What people wrote, made fit to stand beside our own words."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.texts import cut as cut_to_columns
from bot.typed import username
from bot.untrusted import WORD_JOINER, contained, cut, inline, lines, units, verbatim, without_mentions

ANYTHING = st.text(st.characters(exclude_categories=()), max_size=200)


@given(ANYTHING, st.integers(2, 80))
def test_a_cut_text_fits_as_telegram_counts(text: str, most: int) -> None:
    assert units(cut(text, most)) <= max(most, 3)


@given(ANYTHING)
def test_a_line_of_ours_stays_one_line_that_reads_forward(text: str) -> None:
    line = inline(text, 60)
    assert "\n" not in line
    inner = line.removeprefix("\u2068").removesuffix("\u2069")
    assert not [c for c in inner if unicodedata.category(c) in ("Cc", "Cs", "Co", "Cn")]
    assert not set(inner) & set("\u202a\u202b\u202d\u202e\u2066\u2067\u2068\u2069")


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        pytest.param("  Anna \n Maria ", "Anna Maria", id="blanks and lines"),
        pytest.param("\u200b\u200b", "", id="nothing to be seen"),
        pytest.param("\u3164\u3164", "", id="a letter that looks like nothing"),
        pytest.param("a" + "\u0301" * 40, "a" + "\u0301" * 3, id="piled accents"),
        pytest.param("👩\u200d👩\u200d👧", "👩\u200d👩\u200d👧", id="a family stays together"),
        pytest.param("שלום", "\u2068שלום\u2069", id="right to left is set apart"),
    ],
)
def test_a_name_as_it_is_shown(written: str, shown: str) -> None:
    assert inline(written, 60) == shown


def test_a_cut_never_tears_what_is_seen_as_one() -> None:
    text = "x" * 8 + "👩\u200d👩\u200d👧"
    assert cut(text, 12) in ("xxxxxxxx…", text)


@pytest.mark.parametrize("most", range(3, 14))
def test_a_cut_leaves_nothing_isolated_that_does_not_end(most: int) -> None:
    """On the board of all floors a long title that was cut turned the rest of its line around."""
    for shortened in (cut, cut_to_columns):
        kept = shortened(contained("Li שלום עליכם ab"), most)
        assert kept.count("\u2068") == kept.count("\u2069"), kept
        assert kept.replace("\u2069", "").endswith("…")
        assert units(kept) <= most + (shortened is cut_to_columns)


def test_words_keep_their_lines_but_not_empty_ones() -> None:
    assert lines("one\n\n  two \n\u202ethree") == "one\ntwo\nthree"


def test_words_brought_to_somebody_stay_as_they_were_said() -> None:
    assert verbatim("one\r\n\n  two\x00") == "one\n\n  two"


@pytest.mark.parametrize("text", ["@alice", "ask @bob_in_4b, please", "(@carol)"])
def test_nobody_is_called_by_a_name_in_a_text(text: str) -> None:
    assert without_mentions(text) != text
    assert without_mentions(text).replace("\u2060", "") == text


@pytest.mark.parametrize("text", ["a@b.example", "5 @ 3 yuan", "@12"])
def test_what_is_no_name_stays(text: str) -> None:
    assert without_mentions(text) == text


def test_an_address_calls_nobody_and_stays_one() -> None:
    said = "https://www.example.com/@binhai and @binhai"
    assert without_mentions(said) == f"https://www.example.com/@binhai and @{WORD_JOINER}binhai"
    assert username(f" @{WORD_JOINER}Wang_East ") == username("wang_east") == "wang_east"
