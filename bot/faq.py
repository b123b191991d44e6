"""How questions and answers look: an article on the screen, the lists that lead to it, and their buttons."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup

from bot.keyboards import Go, Press, button, keyboard
from bot.menus import Rows, in_rows, way_on, way_out
from bot.texts import NEAREST, Texts
from bot.untrusted import cut
from models.articles import Article, Shelf

LABEL_LENGTH = 40
PAGE = 8
OTHERS = "-"
"""The topic of articles whose category config.toml does not have."""


@dataclass(frozen=True)
class Read(Press, prefix="qr"):
    """Show this article."""

    value: str


@dataclass(frozen=True)
class Topic(Press, prefix="qt"):
    """Show the articles of this topic, this page of them (`ticket` counts from 0)."""

    value: str
    number: int


@dataclass(frozen=True)
class Helped(Press, prefix="qh"):
    """Whether an article that was looked up did help."""

    value: str
    yes: bool


@dataclass(frozen=True)
class Answered(Press, prefix="qa"):
    """Whether an article answers what somebody is about to send."""

    value: str
    yes: bool


def body(article: Article, t: Texts) -> str:
    """The article as a message; not longer than one."""
    return t("faq.article", title=article.title, body=Markup(article.html))


def read(shelf: Shelf, key: str, t: Texts) -> Article | None:
    """The article in the reader's language, or in the nearest there is."""
    return shelf.read(key, NEAREST[t.language])


def listed(t: Texts, shelf: Shelf, keys: Sequence[str]) -> Rows:
    """One button for each article."""
    found = ((key, read(shelf, key, t)) for key in keys)
    return [[button(cut(article.title, LABEL_LENGTH), Read(key))] for key, article in found if article is not None]


def contents(
    t: Texts, shelf: Shelf, own: Sequence[str], topics: Sequence[tuple[str, str]], *, drafting: bool
) -> dict[str, Any]:
    """What is written for the reader's audience, then the topics (key, name)."""
    rows = in_rows((button(name, Topic(key, 0)) for key, name in topics), 2)
    return keyboard([*listed(t, shelf, own), *rows, [way_on(t, drafting)]])


def page(t: Texts, shelf: Shelf, topic: str, keys: Sequence[str], number: int, *, drafting: bool) -> dict[str, Any]:
    """One page of a topic's articles."""
    turn = []
    if number > 0:
        turn.append(button("‹", Topic(topic, number - 1)))
    if len(keys) > (number + 1) * PAGE:
        turn.append(button("›", Topic(topic, number + 1)))
    here = listed(t, shelf, keys[number * PAGE : (number + 1) * PAGE])
    return keyboard([*here, turn, [button(t.plain("faq.topics"), Go("faq")), way_on(t, drafting)]])


def found(t: Texts, shelf: Shelf, keys: Sequence[str], *, drafting: bool) -> dict[str, Any]:
    """What a search found."""
    others = [button(t.plain("faq.topics"), Go("faq")), way_on(t, drafting)]
    return keyboard([*listed(t, shelf, keys), [button(t.plain("faq.ask_us"), Helped(OTHERS, False))], others])


def under_article(t: Texts, key: str, *, drafting: bool) -> dict[str, Any]:
    """Did it help? "No" goes on to a ticket, or back to the draft there is."""
    no = t.plain("faq.no_draft" if drafting else "faq.no")
    others = [button(t.plain("faq.topics"), Go("faq")), way_on(t, drafting)]
    return keyboard([[button(t.plain("faq.yes"), Helped(key, True))], [button(no, Helped(key, False))], others])


def thanks(t: Texts, *, drafting: bool) -> dict[str, Any]:
    """After "yes"."""
    return keyboard([[button(t.plain("faq.topics"), Go("faq")), way_on(t, drafting)]])


def offered(t: Texts, key: str) -> dict[str, Any]:
    """While somebody is about to send: this answers it, or go on."""
    return keyboard(
        [
            [button(t.plain("faq.answered"), Answered(key, True))],
            [button(t.plain("faq.go_on"), Answered(key, False))],
            [way_out(t)],
        ]
    )
