"""Everybody is called, and writes, whatever harms a screen: markup, letters that turn a line around, letters that are
nothing, four thousand of them. Every button and every command is tried by every role, everything that would be said is
drawn, and read as Telegram and a person read it.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from sqlalchemy import select

from bot import certificates, posters, sealed
from bot.calls import Call
from bot.untrusted import END_ISOLATE, ISOLATE, contained
from models.projects import Project
from models.union.gatherings import Gathering
from models.union.publications import Publication
from models.union.volunteering import VolunteerCall
from sandbox.text.formatted import formatted, utf16
from tests.campus import UNLIMITED
from tests.security.attacked import ROOT, Attacked, attacked
from tests.security.roles import ROLES, Role
from tests.security.test_every_role import in_turn, one_of_each
from tests.security.test_forged_presses import on_sqlite

MARK = "zxq"
MARKUP = f'<b>{MARK}</b><a href="https://evil.example">{MARK}</a><code>{MARK}</code>&lt;i&gt;{MARK}</i><!--{{0}} %s'
TURNED = "\u202e\u2067שלום\u2066\u200fمرحبا\u202d"
INVISIBLE = "\u200b\u2060\ufeff\u3164\u2800\u00ad"
NAMES = {
    "all at once": TURNED + MARKUP + f"\u200b@{MARK}_bot /{MARK} a" + "\u0301" * 40 + "\n\r\n=1+1",
    "markup": MARKUP,
    "right to left": TURNED,
    "invisible": INVISIBLE,
    "long": "W" * 4096,
    "long, of two units": "🏳️‍🌈👩🏽‍🚀" * 400,
    "long, escaped": "<&>" * 1365,
    "accents": "Z" + "\u0301\u0489" * 2000,
}
LIMITS = {
    "text": 4096, "caption": 1024, "question": 300, "option": 100, "explanation": 200, "title": 128, "name": 128,
}  # fmt: skip
"""In Telegram's units, after the markup has been read."""
TURNING = re.compile("[\u202a-\u202e\u2066\u2067\u200e\u200f\u061c]")
EMPTY = re.compile(r"<(b|i|u|s|code|a)\b[^>]*>\s*</\1>")
OURS = frozenset({"bold", "italic", "text_link", "code", "pre", "underline", "strikethrough", "spoiler"})


def texts(call: Call) -> Iterator[tuple[str, str, str | None]]:
    """Every text of a call: which, what, and how it is written."""
    params = call.params
    for name in LIMITS:
        if isinstance(params.get(name), str):
            mode = params.get("parse_mode") or params.get(f"{name}_parse_mode")
            yield name, params[name], mode if name in ("text", "caption", "explanation", "question") else None
    for each in params.get("media") or ():
        if isinstance(each, dict) and isinstance(each.get("caption"), str):
            yield "caption", each["caption"], each.get("parse_mode")
    for each in params.get("options") or ():
        yield "option", str(each["text"] if isinstance(each, dict) else each), None


def buttons(call: Call) -> Iterator[dict[str, Any]]:
    keys = call.params.get("reply_markup") or {}
    for row in keys.get("inline_keyboard") or ():
        yield from row


def seen_of(text: str) -> str:
    """What of it somebody sees."""
    return "".join(
        c for c in text if unicodedata.category(c) not in ("Cf", "Cc", "Zs", "Mn", "Me") and c not in INVISIBLE
    )


def amiss(call: Call) -> Iterator[str]:
    """What Telegram would refuse, or a reader would be deceived by."""
    for name, raw, mode in texts(call):
        try:
            text, entities = formatted(raw, mode, None)
        except Exception as error:  # noqa: BLE001  (whatever it is, the text is shown)
            yield f"{name} is refused: {error!r}: {raw[:200]!r}"
            continue
        if not seen_of(text):
            yield f"{name} shows nothing: {raw!r}"
        if utf16(text) > LIMITS[name]:
            yield f"{name} is too long: {utf16(text)}"
        units = text.encode("utf-16-le", "surrogatepass")
        for each in entities:
            at = 2 * each["offset"]
            covered = units[at : at + 2 * each["length"]].decode("utf-16-le", "replace")
            if each["type"] in OURS and covered == MARK:
                yield f"{name}: markup of somebody's became {each['type']}: {raw[:200]!r}"
            if each["type"] == "mention" and MARK in covered:
                yield f"{name}: {covered} calls somebody when it is read: {raw[:200]!r}"
            if "evil" in str(each.get("url")):
                yield f"{name}: a link of somebody's: {each}"
        if call.method not in VERBATIM and EMPTY.search(raw) and mode:
            yield f"{name}: bold, and nothing: {raw[:300]!r}"
        if call.shows in ((), (None,)):
            yield from turned(name, text)
    for button in buttons(call):
        if not seen_of(button["text"]):
            yield f"a button on which nothing is seen: {button}"
        if TURNING.search(button["text"]):
            yield f"a button that reads backwards: {button}"
        if not 1 <= len(str(button.get("callback_data", "x")).encode()) <= 64:
            yield f"a button that does not fit: {button}"


VERBATIM = frozenset({"copyMessage"})


@pytest.fixture(autouse=True)
def a_report_s_words_are_their_writer_s(monkeypatch: pytest.MonkeyPatch) -> None:
    """As a ticket's: whole, below a line of ours, and they may turn their own lines around. A call names none of them
    (`shows`), because a report has no copies to be kept up to date; here it does.
    """
    words = sealed._words
    monkeypatch.setattr(sealed, "_words", lambda *it: [replace(call, shows=(0,)) for call in words(*it)])


def turned(name: str, text: str) -> Iterator[str]:
    """Lines in which what somebody wrote reaches beyond itself."""
    for line in text.split("\n"):
        if found := TURNING.search(line):
            yield f"{name}: U+{ord(found[0]):04X} turns a line: {line[:120]!r}"
        if line.count(ISOLATE) != line.count(END_ISOLATE):
            yield f"{name}: an isolate that does not end in its line: {line[:120]!r}"
        outside = re.sub(f"{ISOLATE}[^{END_ISOLATE}]*{END_ISOLATE}", "", line)
        foreign = [at for at, c in enumerate(outside) if unicodedata.bidirectional(c) in ("R", "AL")]
        ours = re.sub(r"[\W\d]", "", outside[: foreign[0]]) if foreign else ""
        if ours and MARK not in outside and not TURNED.startswith(ours):
            yield f"{name}: somebody's letters turn ours around: {line[:160]!r}"


def commands() -> list[str]:
    """Every command that a handler listens to."""
    found: set[str] = set()
    for path in sorted(Path(ROOT / "handlers").rglob("*.py")):
        for listed in re.findall(r'Command\(((?:"\w+"(?:, )?)+)', path.read_text("utf-8")):
            found.update(re.findall(r'"(\w+)"', listed))
    return sorted(found)


@asynccontextmanager
async def called(database_url: str, now: datetime, name: str, **changes: Any) -> AsyncIterator[Attacked]:
    """The union, everybody and everything in it called so."""
    async with attacked(database_url, now, name=name.replace("\x00", ""), limits=UNLIMITED, **changes) as program:
        async with program.app.database.transaction() as session:
            for it in await session.scalars(select(Gathering)):
                it.titles, it.place = {"en": name[:200]}, name[:200]
            for call in await session.scalars(select(VolunteerCall)):
                call.role = {"en": name[:100]}
            for project in await session.scalars(select(Project)):
                project.title = name[:200]
            for each in await session.scalars(select(Publication)):
                each.texts = {language: {**words, "title": name[:200]} for language, words in each.texts.items()}
        yield program


async def looked_at(
    database_url: str, now: datetime, name: str, presses: list[tuple[Role, str]]
) -> tuple[list[str], int]:
    """What was wrong on any screen, and how many there were."""
    wrong: list[str] = []
    plain, count = name.replace("\x00", ""), 0
    async with called(database_url, now, plain) as program:
        first = await program.waiting()
        assert first, "cards, notices and invitations wait"
        for call in first:
            wrong += [f"waiting: {each}" for each in amiss(call)]
        for who, what in presses:
            raw = who.presser.presses(what, plain) if not what.startswith("/") else _says(who, what, plain)
            seen = await program.gets(raw, who.presser.presence, draw=True)
            if seen.error is not None:
                wrong.append(f"{who.presser.name}: {what}: {seen.error!r}")
            count += len(seen.drawn)
            for call in seen.drawn:
                wrong += [f"{who.presser.name}: {what}: {call.method}: {each}" for each in amiss(call)]
            wrong += [f"{what}: answered with {len(each)}" for each in seen.answered if utf16(each) > 200]
    return wrong, count


def _says(who: Role, text: str, name: str) -> dict[str, Any]:
    raw = who.presser.presses("x", name)["callback_query"]
    chat = raw["message"]["chat"]
    entity = {"type": "bot_command", "offset": 0, "length": len(text.split()[0])}
    return {
        "message": {"message_id": 9, "date": 1, "chat": chat, "from": raw["from"], "text": text, "entities": [entity]}
    }


def everything_there_is() -> list[str]:
    """Commands bare and about the first of what there is, and one of each button."""
    return [f"/{each}{more}" for each in commands() for more in ("", " 1", " words")] + one_of_each()


@pytest.mark.rehearsal
@on_sqlite
async def test_no_name_harms_a_screen(database_url: str, now: datetime) -> None:
    presses = in_turn(everything_there_is(), len(ROLES))[::5]
    wrong, count = await looked_at(database_url, now, NAMES["all at once"], presses)
    assert wrong == []
    assert count > 25


@on_sqlite
@pytest.mark.long
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("name", NAMES)
async def test_no_name_harms_any_screen(database_url: str, now: datetime, name: str) -> None:
    wrong, count = await looked_at(database_url, now, NAMES[name], in_turn(everything_there_is(), 4))
    assert wrong == []
    assert count > 1_000


@pytest.mark.parametrize(
    ("drawn", "where"), [(certificates._Page, {"left": 1.0}), (posters._Sheet, {})], ids=["certificate", "poster"]
)
def test_a_dollar_in_a_name_is_no_formula_of_a_picture(drawn: Any, where: dict[str, float]) -> None:
    """Two of them were read as mathematics, and whoever was called so had no certificate."""
    page = drawn.__new__(drawn)
    page.figure = Figure(figsize=(2, 2))
    page._write("$\\frac{$", 1.0, 12, "black", **where)
    canvas: Any = FigureCanvasAgg(page.figure)
    canvas.draw()
    assert [each.get_text() for each in page.figure.texts] == ["$\\frac{$"]


def test_what_is_put_into_a_sentence_turns_nothing_around() -> None:
    assert contained("Li 李 <b>") == "Li 李 <b>"
    assert contained("\u202eשלום\u2069") == f"{ISOLATE}שלום{END_ISOLATE}"
    assert contained(f"{ISOLATE}שלום{END_ISOLATE}, Li") == f"{ISOLATE}שלום{END_ISOLATE}, Li", "fit already"
    assert contained("a\nשלום\u202c") == f"a\n{ISOLATE}שלום{END_ISOLATE}", "line by line"
    assert contained("a\u202eb") == "ab"
