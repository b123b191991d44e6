"""Which building somebody means: outright, perhaps, or none; never guessed."""

from __future__ import annotations

import pytest

from bot.settings import Settings
from handlers.students.places import SHOWN, Place, find
from tests.campus import settings
from tests.house import HOUSE


@pytest.fixture(scope="module")
def campus_settings() -> Settings:
    """config.example.toml's eight buildings."""
    return settings("https://api.telegram.org", "sqlite:///nowhere.db")


@pytest.mark.parametrize(
    ("typed", "key"),
    [
        pytest.param("East 1", "e1", id="its name"),
        pytest.param("  east   1 ", "e1", id="case and blanks"),
        pytest.param("e2", "e2", id="its key"),
        pytest.param("东三栋", "e3", id="simplified"),
        pytest.param("東三棟", "e3", id="traditional"),
        pytest.param("Ｗｅｓｔ ２", "w2", id="wide letters"),
        pytest.param("International House", "s2", id="several words"),
        pytest.param("Graduate Hous", "s1", id="a slip"),
    ],
)
def test_a_building_that_is_named_outright_is_sure(campus_settings: Settings, typed: str, key: str) -> None:
    assert find(typed, campus_settings, HOUSE) == [Place(key, sure=True)]


def test_what_fits_several_is_offered_and_not_chosen(campus_settings: Settings) -> None:
    found = find("east", campus_settings, HOUSE)
    assert {place.key for place in found} >= {"e1", "e2", "e3"}
    assert not any(place.sure for place in found)
    assert len(found) <= SHOWN


@pytest.mark.parametrize("typed", ["", "   ", "\u200b", "?!", "qqq", "zzzzzzzzzz"])
def test_what_names_nothing_finds_nothing(campus_settings: Settings, typed: str) -> None:
    assert find(typed, campus_settings, HOUSE) == []
