"""Free words: who is named in them, and which say the same."""

from __future__ import annotations

import itertools
import random
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import pytest
from rapidfuzz import fuzz, process

from models import remarks, surveys
from models.database import Database
from models.questionnaires import EVERYBODY
from models.remarks import Look, Remark
from tests.house import HOUSE
from tests.surveying.sheets import EVERY_KIND

NAMES = frozenset(remarks._parts("欧阳小雨")) | frozenset(remarks._parts("anna petrova")) | frozenset({"王磊"})


@pytest.mark.parametrize(
    "text",
    [
        "王老师态度很好", "找王磊就能解决", "欧阳小雨帮了我", "宿管太凶", "打 138 1234 5678 没人接", "学号20230101",
        "写信给a@b.cn",
        "Anna Petrova was kind", "Ask Petrova", "Mr. Li never answers", "see t.me/somebody", "食堂的李阿姨",
    ],
)  # fmt: skip
def test_words_that_may_name_somebody_are_held(text: str) -> None:
    assert remarks.names_somebody(text, NAMES)


@pytest.mark.parametrize(
    "text", ["热水经常不够", "希望开放到 23 点", "The lights on floor 3 flicker", "老师们都很好", "more kinds of tea"]
)
def test_words_that_name_nobody_are_not(text: str) -> None:
    assert not remarks.names_somebody(text, NAMES)


def test_what_says_the_same_is_laid_together() -> None:
    texts = {
        "a": "热水经常不够用",
        "b": "熱水經常不夠用！",
        "c": "Please open the gym earlier",
        "d": "please open gym earlier",
    }
    like = remarks.laid_together(texts, HOUSE.fold)
    assert like["a"] == like["b"]
    assert like["c"] == like["d"] != like["a"]


def test_the_order_of_words_says_nothing_and_the_nearest_stands_for_each() -> None:
    chance = random.Random(5)
    words = ["water", "hot", "cold", "evening", "station", "desk", "slow", "kind", "light", "broken", "wifi", "later"]
    texts = {f"{i}": " ".join(chance.choice(words) for _ in range(chance.randint(2, 7))) for i in range(300)}
    like = remarks.laid_together(texts, str)
    standing = [number for number in texts if like[number] == number]
    assert 20 < len(standing) < 280
    for number, text in texts.items():
        near = fuzz.token_sort_ratio(text, texts[like[number]])
        assert near >= remarks.ALIKE
        longer = [one for one in standing if len(texts[one]) > len(text)]
        assert near >= max((fuzz.token_sort_ratio(text, texts[one]) for one in longer), default=0.0)
    assert all(
        fuzz.token_sort_ratio(texts[one], texts[other]) < remarks.ALIKE
        for one, other in itertools.combinations(standing, 2)
    )


def test_of_many_that_differ_few_are_read_and_the_nearest_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    chance = random.Random(7)
    signs = [chr(0x4E00 + i) for i in range(300)]
    said = ["".join(chance.choices(signs, k=chance.choice((1, 2, 4, 9, 20, 45)))) for _ in range(250)]
    for text in said[:200]:
        # The same with some left out and some put in between: at most as many as are still alike, and a few more.
        changed = list(text)
        for _ in range(round(chance.uniform(0, 0.26) * len(text))):
            del changed[chance.randrange(len(changed))]
            changed.insert(chance.randrange(len(changed) + 1), chance.choice(signs))
        said.append("".join(changed) + "".join(chance.choices(signs, k=chance.randrange(3))))
    texts = {f"{i}": text for i, text in enumerate([*said, "好" * 30, "好" * 28 + "吗"])}
    plain: dict[str, str] = {}
    standing: dict[str, str] = {}
    for number in sorted(texts, key=lambda each: (-len(texts[each]), each)):
        nearest = process.extractOne(texts[number], standing, scorer=fuzz.ratio, score_cutoff=remarks.ALIKE)
        plain[number] = nearest[2] if nearest is not None else number
        if nearest is None:
            standing[number] = texts[number]
    read, one_of = [], process.extractOne

    def counting(text: str, among: Sequence[str], **how: Any) -> Any:
        read.append((len(text), len(among)))
        return one_of(text, among, **how)

    monkeypatch.setattr(process, "extractOne", counting)
    assert remarks.laid_together(texts, str) == plain
    assert 250 < len(standing) < len(texts) - 80
    assert sum(among for length, among in read if length > 3) < 5 * len(texts)


async def test_what_may_be_quoted_stands_once_for_all_that_say_the_same(database: Database, now: datetime) -> None:
    async with database.transaction() as session:
        survey = await surveys.plan(
            session, key="how", questionnaire=EVERY_KIND, opens_at=now, closes_at=now, target=EVERYBODY, cell=2
        )
        assert survey is not None
        for number, text, like, look in (
            ("a", "热水经常不够用", "a", Look.TOLD), ("b", "热水经常不够", "a", Look.TOLD),
            ("c", "waiting", "c", Look.HELD), ("d", "ask Wang", "d", Look.KEPT),
            ("e", "more light", "f", Look.TOLD), ("f", "more light, Li", "f", Look.KEPT),
        ):  # fmt: skip
            session.add(Remark(id=number, survey_id=survey.id, question="words", text=text, like=like, look=look))
        await session.flush()
        assert await remarks.quotes(session, survey.id) == {"words": [("热水经常不够用", 2), ("more light", 1)]}
