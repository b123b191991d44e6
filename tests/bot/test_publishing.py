"""What students read of a publication, and how what is longer than a message is looked at before it goes out."""

from __future__ import annotations

import re
from datetime import datetime, timedelta

from bot import publishing
from bot.letters.publications import without
from bot.texts import Catalogue
from bot.untrusted import units
from models.union.publications import DISCLOSED_LENGTH, Heading, Kind, Publication
from tests.house import CALENDAR, HOUSE

T = Catalogue.load(CALENDAR.timezone)["zh-hans"]
UNION = dict.fromkeys(HOUSE.languages, "Union")


def of(title: str, body: str) -> Publication:
    texts = {each: {"title": title, "body": body} for each in HOUSE.languages}
    return Publication(kind=Kind.DISCLOSURE, heading=Heading.STAFF, texts=texts, topic=None, corrects_id=None)


def test_a_long_text_of_one_paragraph_fits_into_messages_and_nothing_is_lost() -> None:
    body = "&" + "学" * (DISCLOSED_LENGTH - 2) + "<"
    parts = publishing.pages(of("T", body), T, UNION)
    plain = [re.sub(r"</?b>", "", each).replace("&amp;", "&").replace("&lt;", "<") for each in parts]
    assert all(units(each) <= 4096 for each in plain)
    assert "".join(plain).endswith(body)
    assert publishing.pages(of("T", "Short"), T, UNION) == [publishing.read(of("T", "Short"), T, UNION)]


def test_what_was_attached_is_deleted_as_long_as_telegram_does_and_then_says_so_itself(now: datetime) -> None:
    old, new = now - timedelta(hours=49), now - timedelta(hours=46)
    delete, edit = without({7: new, 3: old, 8: new}, T, 501, now)
    assert (delete.method, delete.params) == ("deleteMessages", {"chat_id": 501, "message_ids": [7, 8]})
    assert edit.method == "editMessageCaption"
    assert edit.params == {"chat_id": 501, "message_id": 3, "caption": "⚠️ 已撤回：此文件不再有效。"}
    assert without({}, T, 501, now) == []


def test_nobody_is_called_by_a_title() -> None:
    assert "@wang" not in publishing.read(of("Ask @wang", "Or @wang"), T, UNION)
    gone = of("Ask @wang", "…")
    gone.reason = dict.fromkeys(HOUSE.languages, "@wang said so")
    assert "@wang" not in publishing.withdrawn(gone, gone.reason or {}, T)
