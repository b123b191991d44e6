"""A questionnaire of every kind of question, for tests."""

from __future__ import annotations

from models.people import Audience
from models.questionnaires import Group, Kind, Labels, Option, Question, Questionnaire, Skip


def names(text: str) -> dict[str, str]:
    """The same in every language, told apart."""
    return {"zh-hans": f"简{text}", "zh-hant": f"繁{text}", "en": text}


def options(*texts: str) -> tuple[Option, ...]:
    """Options whose keys are their first word in small letters."""
    return tuple(Option(text.split()[0].lower(), names(text)) for text in texts)


EVERY_KIND = Questionnaire(
    names("How are we doing"),
    (
        Question("used", Kind.SINGLE, names("Did you use the station?"), options("Yes", "No"), required=True),
        Question("speed", Kind.AGREEMENT, names("We were quick."), skip=Skip("used", ("no",))),
        Question("ways", Kind.MULTIPLE, names("Which ways do you use?"), options("Bot", "Desk", "Phone")),
        Question("rank", Kind.RANKING, names("What matters most?"), options("Water", "Heat", "Net")),
        Question("again", Kind.SCALE, names("Would you recommend us?")),
        Question("exchange", Kind.AGREEMENT, names("Permits go well."), only=Group((Audience.INTERNATIONAL,))),
        Question("overall", Kind.AGREEMENT, names("All in all?"), labels=Labels.SATISFACTION, required=True),
        Question("words", Kind.WORDS, names("What else?")),
    ),
    names("It takes a minute."),
)
