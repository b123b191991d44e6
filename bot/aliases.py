"""What a requester is called where staff or the student themselves read of them."""

from __future__ import annotations

from bot.texts import Texts
from models.requesters import Requester


def called(t: Texts, requester: Requester) -> str:
    """The pseudonym of an anonymous requester: "Anonymous Willow", or "Anonymous Willow 2" where the words were all
    taken; plain text.
    """
    if requester.pseudonym is None:
        return t.plain("card.anonymous")
    word, _, number = requester.pseudonym.partition(" ")
    return t.plain("alias.called", word=t.plain(f"alias.{word}"), number=number).strip()
