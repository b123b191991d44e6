"""Who is speaking, and in which language they are answered."""

from __future__ import annotations

import pytest

from bot.people import language_of

ALL = ("zh-hans", "zh-hant", "en")


@pytest.mark.parametrize(
    ("code", "languages", "spoken"),
    [
        pytest.param("zh-hans", ALL, "zh-hans", id="simplified"),
        pytest.param("zh-CN", ALL, "zh-hans", id="the mainland"),
        pytest.param("zh-SG", ALL, "zh-hans", id="Singapore"),
        pytest.param("zh", ALL, "zh-hans", id="Chinese without more"),
        pytest.param("zh-hant", ALL, "zh-hant", id="traditional"),
        pytest.param("zh-TW", ALL, "zh-hant", id="Taiwan"),
        pytest.param("zh-HK", ALL, "zh-hant", id="Hong Kong"),
        pytest.param("zh-MO", ALL, "zh-hant", id="Macau"),
        pytest.param("zh_Hant_HK", ALL, "zh-hant", id="with underscores"),
        pytest.param("zh-TW", ("en", "zh-hans"), "zh-hans", id="the other script rather than English"),
        pytest.param("zh-CN", ("en", "zh-hant"), "zh-hant", id="and the other way round"),
        pytest.param("en-GB", ALL, "en", id="English"),
        pytest.param("fr", ALL, "en", id="English for everybody else"),
        pytest.param("fr", ("zh-hans", "zh-hant"), "zh-hans", id="the first where there is no English"),
        pytest.param(None, ("zh-hant", "en"), "zh-hant", id="the first where Telegram says nothing"),
    ],
)
def test_people_are_answered_in_the_nearest_language(code: str | None, languages: tuple[str, ...], spoken: str) -> None:
    assert language_of(code, languages) == spoken
