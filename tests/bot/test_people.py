"""Who is speaking, and in which language they are answered."""

from __future__ import annotations

import pytest
from aiogram.types import User
from sqlalchemy import select

from bot.people import clean_name, language_of
from models.inbox import Handling, Incoming
from models.outbox import Outgoing
from models.people import Person
from tests.fuzz.program import program_on

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


def test_a_name_of_letters_that_look_like_nothing_is_none() -> None:
    assert clean_name(User(id=5, is_bot=False, first_name="\u3164", last_name="\u2800\u200b")) == "5"
    assert clean_name(User(id=5, is_bot=False, first_name="\u3164 Wang\u200b")) == "Wang"


async def test_whoever_writes_under_a_number_that_is_no_accounts_is_nobody(database_url: str) -> None:
    """The numbers below nought are those of who was forgotten: one of them written by a stranger kept a person from
    being forgotten.
    """
    async with program_on(database_url) as program:
        for number, place in ((-1, -1), (0, 0), (600_004, 0), (600_003, 600_003)):
            chat, who = {"id": place, "type": "private"}, {"id": number, "is_bot": False, "first_name": "Alice"}
            said = {"message_id": 1, "date": 1, "chat": chat, "from": who, "text": "My tap drips"}
            await program.take([{"update_id": program.next_update, "message": said}])
        async with program.app.database.reading() as session:
            assert list(await session.scalars(select(Person.telegram_id))) == [600_003]
            states = list(await session.scalars(select(Incoming.state)))
            told = set(await session.scalars(select(Outgoing.chat_id)))
    assert states == [Handling.DONE] * 4
    assert told == {600_003}
