"""What both `handlers/` and `scheduler/` may use of this room: made once at the start, then only read."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from models.articles import EMPTY, Shelf
from models.house import House

if TYPE_CHECKING:
    from bot.questionnaires import SurveyFile
    from bot.settings import Settings
    from bot.texts import Catalogue, Texts

Clock = Callable[[], datetime]
"""Says what time it is, in UTC."""


def utcnow() -> datetime:
    """The one clock of the real world; everything else is told what time it is (law 10)."""
    return datetime.now(UTC)


@dataclass(frozen=True)
class Toolbox:
    """Settings, the house's rules, the texts, the questions and answers, and the surveys there are files of."""

    settings: Settings
    house: House
    catalogue: Catalogue
    shelf: Shelf = EMPTY
    surveys: Mapping[str, SurveyFile] = field(default_factory=dict)
    """By their keys."""

    def everywhere(self, key: str) -> dict[str, str]:
        """A text without parameters in all the union's languages: each reader sees it in theirs."""
        return {language: self.t(language).plain(key) for language in self.house.languages}

    def t(self, language: str | None) -> Texts:
        """The texts in this language, or in the union's first one for a language it does not speak."""
        languages = self.house.languages
        return self.catalogue[language if language in languages else languages[0]]
