"""The union's questions and answers, and finding among them. Nothing here is stored: articles are files, read once at
the start (`bot/articles.py`), and a shelf of them is only looked at afterwards.

A search has the event loop for itself, so it is bounded. Words and, in Chinese, pairs of characters lead to the few
articles that share something with what was asked, and RapidFuzz reads only those: 500 articles in three languages take
some milliseconds. Titles and ways to ask are what people say; the body counts for less.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from math import log
from typing import TypeVar

from rapidfuzz import fuzz, process

from models.lifecycle import Kind
from models.people import Audience
from models.similar import pairs

_T = TypeVar("_T")

FOUND = 40.0
"""From this score (0–100) on an article is among what was found."""
WORTH = 0.7
"""What fits less than this part of what the best one does is noise beside it."""
GOOD = 62.0
"""From here on it is offered to somebody who asks or needs something."""
ASKING = frozenset({Kind.QUESTION, Kind.NEED})
VERY_GOOD = 96.0
"""So nearly must a complaint be foreseen before anything is offered: who is angry wants to be heard, not to read."""
OFFERED_WITH = frozenset({*ASKING, Kind.SUGGESTION, Kind.COMPLAINT})
"""With any other kind nothing is offered."""
SHOWN = 8
ASKED_LENGTH = 300
"""So many characters of a question are looked at: what it is about stands at its beginning."""
MOST_TERMS = 40
MOST_UNKNOWN = 6
MOST_GUESSED = 3
READ_AT_MOST = 30
NEAR = 74.0
"""From this likeness (0–100) on an unknown word is taken for a slip of the pen."""
IN_BODY = 0.5
ONE_WORD = 0.74
"""A way to ask that is a single word says what the matter is near, not what is asked about it."""

_FILLERS = """
a an and any are at be can cannot could do does for from get have how i if in is it me my no not of on or our please so
that the there this to was we what when where which who why will with would you your
什么 怎么 么办 怎样 如何 可以 哪里 哪儿 时候 么时 请问 我们 没有 我的 的时 是不 不是 为什 有没 能不 不能 了吗 了怎 要怎
该怎 想问 问一 一下 问下 你好 您好 老师 同学 在哪 几点 多久 一个 这个 那个 我要 我想 想要 么样 么了 办呀
"""
FILLERS = frozenset(_FILLERS.split())
"""What every question has, whatever it is about."""


@dataclass(frozen=True)
class Article:
    """One answer in one language, as its file has it; `html` is the body as Telegram takes it, `text` the same without
    markup.
    """

    key: str
    language: str
    title: str
    html: str
    text: str
    ask: tuple[str, ...] = ()
    audiences: tuple[Audience, ...] = ()
    """Whom it concerns more than others; empty for everybody."""
    categories: tuple[str, ...] = ()
    """Categories it is about; the first gives its topic in the list."""
    kinds: tuple[Kind, ...] = ()
    """With which kinds of ticket it may be offered; empty for all that anything is offered with."""


@dataclass(frozen=True)
class Hit:
    """An article that may answer what was asked, and how well (0–100)."""

    key: str
    score: float
    foreseen: float
    """How nearly one of its ways to ask is what was asked: a word in common is not enough for that."""


def terms(folded: str) -> list[str]:
    """What a folded text is looked up by: its words, and in Chinese the pairs of characters; fillers left out."""
    found: dict[str, None] = {}
    for word in folded.split():
        for part in _runs(word):
            parts = [part[i : i + 2] for i in range(max(len(part) - 1, 1))] if _is_han(part[0]) else [part]
            found.update(dict.fromkeys(p for p in parts if p not in FILLERS))
    return list(found)


def _is_han(char: str) -> bool:
    return "\u3400" <= char <= "\u9fff"


def _runs(word: str) -> Iterable[str]:
    """A word cut where Chinese meets something else: "校园wifi密码" is three."""
    at = 0
    for i in range(1, len(word)):
        if _is_han(word[i]) != _is_han(word[i - 1]):
            yield word[at:i]
            at = i
    yield word[at:]


def _one_off(one: str, other: str) -> bool:
    return len(one) == len(other) == 2 and (one[0] == other[0] or one[1] == other[1])


@dataclass(frozen=True)
class _Phrase:
    """A title or a way to ask, folded, and what it is looked up by."""

    folded: str
    terms: tuple[str, ...]
    joined: str
    han: bool


@dataclass(frozen=True)
class _Entry:
    """One article in one language, ready to be found."""

    key: str
    phrases: tuple[_Phrase, ...]
    said: frozenset[str]
    """The terms of its phrases."""
    body: frozenset[str]


@dataclass(frozen=True)
class Shelf:
    """Every article, in the order of its files; frozen, and made by `shelve`."""

    articles: Mapping[str, Mapping[str, Article]] = field(default_factory=dict)
    """Key → language → article."""
    entries: tuple[_Entry, ...] = ()
    places: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    """Term → the entries that have it."""
    latin: tuple[str, ...] = ()
    """The terms that are no Chinese, for slips of the pen."""
    with_char: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Chinese character → the terms it stands in, likewise."""

    def __bool__(self) -> bool:
        return bool(self.articles)

    def read(self, key: str, languages: Sequence[str]) -> Article | None:
        """The article in the first of these languages it has, else in any."""
        found = self.articles.get(key)
        if not found:
            return None
        return next((found[each] for each in languages if each in found), next(iter(found.values())))

    def listed(self, audience: Audience | None) -> list[str]:
        """Every key, those written for this audience first; otherwise in the order of the files."""
        return sorted(self.articles, key=lambda key: not self.is_for(key, audience))

    def is_for(self, key: str, audience: Audience | None) -> bool:
        """Whether it was written for this audience in particular."""
        return audience is not None and any(audience in each.audiences for each in self.articles[key].values())

    def search(
        self,
        folded: str,
        *,
        audience: Audience | None = None,
        about: Collection[str] = (),
        most: int = SHOWN,
        least: float = FOUND,
    ) -> list[Hit]:
        """The articles that answer these folded words best, best first. The categories it is `about` and the reader's
        audience decide between those that answer alike.
        """
        folded = folded[:ASKED_LENGTH]
        asked = self._known(terms(folded))
        if not asked:
            return []
        rough: dict[int, float] = {}
        for weight, found_as in asked.values():
            seen: dict[int, float] = {}
            for word, nearness in found_as:
                for at in self.places[word]:
                    inside = nearness if word in self.entries[at].said else nearness * IN_BODY
                    if inside > seen.get(at, 0.0):
                        seen[at] = inside
            for at, inside in seen.items():
                rough[at] = rough.get(at, 0.0) + weight * inside
        total = sum(weight for weight, _ in asked.values())
        best: dict[str, Hit] = {}
        for at in heapq.nlargest(READ_AT_MOST, rough, key=lambda at: rough[at]):
            entry = self.entries[at]
            foreseen = self._as_asked(entry, folded, asked)
            score = min(max(100.0 * rough[at] / total, foreseen), 100.0)
            if entry.key not in best or score > best[entry.key].score:
                best[entry.key] = Hit(entry.key, score, foreseen)
        ranked = []
        least = max(least, WORTH * max((hit.score for hit in best.values()), default=0.0))
        for key, hit in best.items():
            if hit.score >= least:
                near = any(not each.isdisjoint(about) for each in self._categories(key))
                ranked.append((hit.score + 4.0 * near + 3.0 * self.is_for(key, audience), hit))
        ranked.sort(key=lambda each: each[0], reverse=True)
        return [hit for _, hit in ranked[:most]]

    def _categories(self, key: str) -> Iterator[frozenset[str]]:
        return (frozenset(each.categories) for each in self.articles[key].values())

    def fitting(
        self,
        folded: str,
        *,
        kind: Kind,
        about: Collection[str],
        audience: Audience | None,
        anonymous: bool,
        without: Collection[str],
    ) -> str | None:
        """The article to offer to somebody who is about to send these words, None when none fits well enough; those
        they have seen are left out. Who wants to stay unknown has said so for a reason and is asked less.
        """
        if kind not in OFFERED_WITH:
            return None
        sure = anonymous or kind not in ASKING
        for hit in self.search(folded, audience=audience, about=about, least=GOOD):
            kinds = {k for each in self.articles[hit.key].values() for k in each.kinds}
            fits = hit.foreseen >= VERY_GOOD if sure else True
            if fits and hit.key not in without and (not kinds or kind in kinds):
                return hit.key
        return None

    def _known(self, asked: list[str]) -> dict[str, tuple[float, list[tuple[str, float]]]]:
        """Each term with how much it tells (the rarer, the more) and the terms of the shelf it stands for."""
        found: dict[str, tuple[float, list[tuple[str, float]]]] = {}
        unknown = 0
        count = len(self.entries)
        for term in asked:
            if len(found) == MOST_TERMS:
                break
            if term in self.places:
                found[term] = (log(1 + count / len(self.places[term])), [(term, 1.0)])
            elif not _is_han(term[0]) and len(term) > 3 and unknown < MOST_UNKNOWN:
                unknown += 1
                near = process.extract(term, self.latin, scorer=fuzz.ratio, score_cutoff=NEAR, limit=4)
                if near:
                    rarest = min(len(self.places[word]) for word, _, _ in near)
                    found[term] = (log(1 + count / rarest), [(word, score / 100.0) for word, score, _ in near])
        if not found and len(asked) <= MOST_GUESSED:
            found = self._guessed(asked)
        strange = [term for term in asked if term not in found]
        if found and strange:
            # What nobody wrote an answer about makes every answer fit less, but no single odd word decides.
            middle = sorted(weight for weight, _ in found.values())[len(found) // 2]
            found["\0"] = (middle * min(len(strange), len(found)) * 0.5, [])
        return found

    def _guessed(self, asked: list[str]) -> dict[str, tuple[float, list[tuple[str, float]]]]:
        """Two characters of which one is written wrongly, or a single one: what shares a character in its place."""
        found: dict[str, tuple[float, list[tuple[str, float]]]] = {}
        for term in asked:
            if _is_han(term[0]):
                sharing = {word for char in term for word in self.with_char.get(char, ())}
                near = [(word, 0.5) for word in sharing if len(term) == 1 or _one_off(term, word)]
                if near:
                    found[term] = (1.0, near)
        return found

    def _as_asked(
        self, entry: _Entry, folded: str, asked: Mapping[str, tuple[float, list[tuple[str, float]]]]
    ) -> float:
        """How nearly somebody who writes the articles foresaw these words, 0–100."""
        stands_for: dict[str, float] = {}
        for _, found_as in asked.values():
            for word, nearness in found_as:
                stands_for[word] = max(stands_for.get(word, 0.0), nearness)
        joined = folded.replace(" ", "")
        best = 0.0
        for phrase in entry.phrases:
            if not any(term in stands_for for term in phrase.terms):
                continue
            if phrase.han:
                mine, theirs = pairs(joined), pairs(phrase.joined)
                alike = max(
                    fuzz.ratio(joined, phrase.joined),
                    200.0 * len(mine & theirs) / (len(mine) + len(theirs)) if mine and theirs else 0.0,
                )
            else:
                alike = fuzz.token_sort_ratio(folded, phrase.folded)
            weights = [(log(1 + len(self.entries) / len(self.places[term])), term) for term in phrase.terms]
            covered = sum(w * stands_for.get(term, 0.0) for w, term in weights) / sum(w for w, _ in weights)
            whole = 100.0 * covered * (ONE_WORD if len(phrase.terms) == 1 else 0.95)
            best = max(best, alike, whole)
        return best


EMPTY = Shelf()


def shelve(articles: Iterable[Article], fold: Callable[[str], str]) -> Shelf:
    """Make these findable; `fold` is `House.fold`."""
    by_key: dict[str, dict[str, Article]] = {}
    entries: list[_Entry] = []
    places: dict[str, list[int]] = {}
    for article in articles:
        by_key.setdefault(article.key, {})[article.language] = article
        phrases = []
        for text in (article.title, *article.ask):
            folded = fold(text)
            # Of a phrase that is all fillers the whole stands for itself.
            found = tuple(terms(folded))
            if found:
                joined = folded.replace(" ", "")
                phrases.append(_Phrase(folded, found, joined, any(_is_han(char) for char in joined)))
        said = frozenset(term for phrase in phrases for term in phrase.terms)
        body = frozenset(terms(fold(article.text)))
        for term in said | body:
            places.setdefault(term, []).append(len(entries))
        entries.append(_Entry(article.key, tuple(phrases), said, body))
    latin = tuple(sorted(term for term in places if not _is_han(term[0])))
    with_char: dict[str, list[str]] = {}
    for term in places:
        for char in set(term) if _is_han(term[0]) else ():
            with_char.setdefault(char, []).append(term)
    return Shelf(by_key, tuple(entries), _fixed(places), latin, _fixed(with_char))


def _fixed(found: Mapping[str, Sequence[_T]]) -> dict[str, tuple[_T, ...]]:
    return {key: tuple(values) for key, values in found.items()}
