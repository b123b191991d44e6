"""The key outside the database: what is sealed opens only with it and only where it belongs."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.vault import KeyVault, decode_key, new_key

VAULT = KeyVault(bytes(range(32)))


@given(st.binary(), st.text())
def test_what_is_sealed_opens_to_what_it_was(plain: bytes, context: str) -> None:
    assert VAULT.open(VAULT.seal(plain, context), context) == plain


def test_the_same_never_looks_the_same() -> None:
    assert len({VAULT.seal(b"4711", "ticket") for _ in range(50)}) == 50


def test_what_is_sealed_does_not_open_elsewhere_or_with_another_key() -> None:
    sealed = VAULT.seal(b"4711", "one")
    with pytest.raises(ValueError, match="does not open"):
        VAULT.open(sealed, "another")
    with pytest.raises(ValueError, match="does not open"):
        KeyVault(bytes(32)).open(sealed, "one")


def test_tags_of_different_purposes_and_parts_differ() -> None:
    tags = {
        VAULT.tag("owner", "a", 1),
        VAULT.tag("owner", "a1"),
        VAULT.tag("source", "a", 1),
        VAULT.tag("owner", "b", 1),
    }
    assert len(tags) == 4
    assert VAULT.tag("owner", "a", 1) == VAULT.tag("owner", "a", 1)


def test_a_new_key_is_a_key() -> None:
    assert len(decode_key(new_key())) == 32
    assert new_key() != new_key()


@pytest.mark.parametrize("text", ["", "abc", "!!", "A" * 39])
def test_anything_else_is_no_key(text: str) -> None:
    with pytest.raises(ValueError, match="not a key"):
        decode_key(text)
