"""Free words: who is named in them, and which say the same."""

from __future__ import annotations

import pytest

from models import remarks
from tests.house import HOUSE

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
