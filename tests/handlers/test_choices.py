"""Which choice somebody means who types it: the one, or none; never a guess."""

from __future__ import annotations

import pytest

from handlers.students.choices import find
from tests.house import HOUSE

NAMES = {
    "undergraduate": ["本科生", "大學部學生", "Undergraduate", "Undergraduate student"],
    "graduate": ["研究生", "研究生", "Graduate", "Graduate student"],
    "international": ["国际学生", "國際學生", "International", "International student"],
    "-": ["不想说", "不想說", "I'd rather not say"],
}


@pytest.mark.parametrize(
    ("typed", "key"),
    [
        pytest.param("本科。", "undergraduate", id="a full stop, and shorter"),
        pytest.param("Ｇｒａｄｕａｔｅ！", "graduate", id="wide letters; part of another name too"),
        pytest.param("研究生", "graduate", id="its name"),
        pytest.param("國際學生", "international", id="another script"),
        pytest.param("undergraduat", "undergraduate", id="cut off"),
        pytest.param("Undergradaute", "undergraduate", id="a slip"),
        pytest.param("graduate students", "graduate", id="several of them"),
        pytest.param("i'd rather not say", "-", id="nothing"),
        pytest.param("grad", None, id="of two names"),
        pytest.param("学生", None, id="of all of them"),
        pytest.param("生", None, id="one sign"),
        pytest.param("。", None, id="no letter"),
        pytest.param("本科生宿舍的水龙头漏水", None, id="what they have to say"),
        pytest.param("The graduate dormitory has no hot water", None, id="likewise"),
    ],
)
def test_what_is_typed_is_a_choice_or_it_is_none(typed: str, key: str | None) -> None:
    assert find(typed, NAMES, HOUSE) == key
