"""A rule that says no: the reason is a text key, never a sentence, because only `bot` knows the person's language."""

from __future__ import annotations


class Refusal(Exception):
    """A person asked for something the rules do not allow now; nothing was changed.

    `key` names a text in the catalogues, `params` fill its placeholders. `bot/errors.py` turns it into a sentence.
    """

    def __init__(self, key: str, **params: object) -> None:
        super().__init__(key)
        self.key = key
        self.params = params
