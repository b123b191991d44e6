"""Ready-made answers: what can be kept, who may change it, and which is found by a part of it."""

from __future__ import annotations

from datetime import datetime

import pytest
from sqlalchemy import select

from models import canned
from models.audit import Act
from models.canned import Answer
from models.database import Database
from models.errors import Refusal
from tests.house import HOUSE, furnish, staff

ANSWERS = [
    Answer("c1", "Water main", {"en": "The water main is being repaired.", "zh-hans": "总管正在抢修。"}, 1),
    Answer("c2", "Boiler", {"en": "Hot water is back tonight."}, 9),
    Answer("c3", "Keys", {"zh-hant": "請帶學生證到服務站領鑰匙。"}),
    Answer("visit", "Come to the station", {"en": "You are welcome at the station."}),
]


@pytest.mark.parametrize(
    ("typed", "first"),
    [
        pytest.param("water", "c1", id="a label that begins with it before a text that has it"),
        pytest.param("hot", "c2", id="a word of the text"),
        pytest.param("boilr", "c2", id="a slip of the keyboard"),
        pytest.param("抢修", "c1", id="another language"),
        pytest.param("带学生证", "c3", id="another script"),
        pytest.param("STATION", "visit", id="case does not matter"),
    ],
)
def test_an_answer_is_found_by_a_part_of_it(typed: str, first: str) -> None:
    assert canned.found(typed, ANSWERS, HOUSE)[0].value == first


@pytest.mark.parametrize("typed", ["", "!!", "zzqx"])
def test_what_reads_like_none_finds_none(typed: str) -> None:
    assert canned.found(typed, ANSWERS, HOUSE) == []


@pytest.mark.parametrize(
    ("text", "refusal"),
    [
        ("Dear {nmae}", "canned.unknown_place"),
        ("Dear {name.key}", "canned.unknown_place"),
        ("Dear {name!r}", "canned.unknown_place"),
        ("Dear {}", "canned.unknown_place"),
        ("Dear {name", "canned.braces"),
        ("Dear } you", "canned.braces"),
        (" ", "canned.text_length"),
        ("x" * 1501, "canned.text_length"),
    ],
)
def test_a_text_with_a_place_that_nothing_fills_is_not_kept(text: str, refusal: str) -> None:
    with pytest.raises(Refusal) as refused:
        canned.checked(text)
    assert refused.value.key == refusal


def test_every_place_can_be_filled_and_what_fills_it_opens_no_other() -> None:
    text = canned.checked(" ".join(f"{{{name}}}" for name in canned.PLACES) + " {{x}}")
    values = {name: name.upper() for name in canned.PLACES} | {"name": "{number}"}
    assert canned.fill(text, values) == "NUMBER {number} STATION DUE CATEGORY BUILDING {x}"


async def test_the_office_writes_for_all_and_a_station_for_itself(database: Database, now: datetime) -> None:
    async with database.transaction() as session:
        places, wang = await furnish(session), await staff(session)
        everybodys = await canned.save(session, places["office"], "Holiday", {"en": "Closed"}, wang, now)
        own = await canned.save(session, places["east"], " Water   main ", {"en": "We come"}, wang, now)
        assert (everybodys.station_id, own.station_id, own.key) == (None, places["east"].id, "Water main")
        own.uses = 3
        await session.flush()
        assert [c.key for c in await canned.of(session, places["east"])] == ["Water main", "Holiday"]
        assert [c.key for c in await canned.of(session, places["west"])] == ["Holiday"]
        for place, row, refusal in (("west", own, "canned.gone"),):
            with pytest.raises(Refusal) as refused:
                await canned.get(session, places[place], row.id)
            assert refused.value.key == refusal
        with pytest.raises(Refusal) as refused:
            await canned.save(session, places["east"], "x", {"en": "x"}, wang, now, instead=everybodys)
        assert refused.value.key == "canned.of_all"
        with pytest.raises(Refusal) as refused:
            await canned.remove(session, places["east"], everybodys, wang, now)
        assert refused.value.key == "canned.of_all"
        with pytest.raises(Refusal) as refused:
            await canned.save(session, places["east"], "HOLIDAY", {"en": "x"}, wang, now)
        assert refused.value.key == "canned.taken"
        with pytest.raises(Refusal) as refused:
            await canned.save(session, places["east"], "Empty", {}, wang, now)
        assert refused.value.key == "canned.no_text"
        await canned.save(session, places["east"], "Water", {"zh-hans": "来"}, wang, now, instead=own)
        await canned.remove(session, places["east"], own, wang, now)
        acts = (await session.scalars(select(Act.act).order_by(Act.id))).all()
        assert acts == ["canned_add", "canned_add", "canned_edit", "canned_remove"]
