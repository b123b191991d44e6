"""What somebody writes after /quiz, read."""

from __future__ import annotations

import pytest

from handlers.union.quizzes import read
from models.errors import Refusal
from models.quizzes import Draft

WHOLE = Draft("Who runs it?", ["The canteen", "The presidium"], 1, "It is elected.\nEach year.")


@pytest.mark.parametrize(
    ("words", "meant"),
    [
        ("Who runs it?\nThe canteen\n\n* The presidium\n> It is elected.\n> Each year.", WHOLE),
        ("Who runs it? | The canteen | ＊The presidium | ＞It is elected. | >Each year.", WHOLE),
        ("Tea | a\n*b\nc", Draft("Tea | a", ["b", "c"], 0)),
        ("Which? | a | b", "quiz.one_right"),
        ("Which? | *a | *b", "quiz.one_right"),
        ("Which? | *a | *", "quiz.one_right"),
        ("Which? | a | *", "quiz.empty"),
        ("Which? | *a | a", "pulse.options_twice"),
        ("Which? | *a", "pulse.options_limits"),
        ("x" * 301 + "|*a|b", "pulse.question_length"),
        (" | ", "pulse.question_length"),
        ("Which?|*a|b|>" + "x" * 201, "quiz.explanation_limits"),
        ("Which?|*a|b|>1|>2|>3", "quiz.explanation_limits"),
    ],
)
def test_a_quiz_is_read_as_it_is_written_or_refused_with_a_sentence(words: str, meant: Draft | str) -> None:
    if isinstance(meant, Draft):
        assert read(words) == meant
        return
    with pytest.raises(Refusal) as refused:
        read(words)
    assert refused.value.key == meant
