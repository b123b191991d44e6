"""What people type on a Chinese keyboard is read as they mean it."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from aiogram.filters import Command
from aiogram.types import Chat, Message, MessageEntity, Update, User

import handlers
from bot import typed

WANG = User(id=5, is_bot=False, first_name="Wang")


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("／／ 这个同学总是夸大", "// 这个同学总是夸大"),
        ("、、 他又来了", "// 他又来了"),
        ("、／他又来了", "//他又来了"),
        ("\u200b// again", "// again"),
        ("// once more", "// once more"),
        ("/note：这位同学上次也这样", "/note 这位同学上次也这样"),
        ("/note:the same one", "/note the same one"),
        ("／note …", "/note …"),
        ("／ｎｏｔｅ　他", "/note　他"),
        ("/note他又来了", "/note 他又来了"),
        ("/Note he again", "/note he again"),
        ("、note 他", "/note 他"),
        ("/resolve：已修好", "/resolve 已修好"),
        ("／merge@union_bot ７", "/merge@union_bot ７"),
        ("/备注 先拖着", "/备注 先拖着"),
        ("／备注 先拖着", "/备注 先拖着"),
        ("/notes …", "/notes …"),
        ("/note-paper is out", "/note-paper is out"),
        ("水管、电线／都坏了", "水管、电线／都坏了"),
        ("…／／", "…／／"),
        ("", ""),
        ("\u200b", "\u200b"),
    ],
)
def test_a_slash_of_any_keyboard_is_a_slash(text: str, meant: str) -> None:
    assert typed.as_meant(text) == meant
    assert typed.as_meant(meant) == meant


@pytest.mark.parametrize(
    ("text", "yes"),
    [
        ("/note", True),
        ("/note\nx", True),
        ("/a@union_bot x", True),
        ("/notes", False),
        ("/note-x", False),
        ("/备注", False),
        ("//", False),
        ("note", False),
    ],
)
def test_what_is_a_command_there_is(text: str, yes: bool) -> None:
    assert typed.is_command(text) is yes


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("7", 7),
        ("７", 7),
        ("#7", 7),
        (" ＃１２ ", 12),
        ("# 7", 7),
        ("", None),
        ("#", None),
        ("７楼", None),
        ("-7", None),
        ("9" * 19, None),
        ("٧", None),
    ],
)
def test_a_number_is_one_in_any_width(text: str, number: int | None) -> None:
    assert typed.number(text) == number


def test_only_the_number_before_the_words_is_read_so() -> None:
    assert typed.with_plain_signs("＃７ 水管（３号楼）") == "#7 水管（３号楼）"
    assert typed.with_plain_signs("７") == "7"
    assert typed.with_plain_signs("３号楼 ７") == "３号楼 ７"


def said(text: str, kind: str, **more: object) -> Update:
    chat = Chat(id=-5 if kind == "supergroup" else 5, type=kind)
    message = Message(message_id=1, date=datetime(2026, 10, 12, tzinfo=UTC), chat=chat, from_user=WANG, **more)  # type: ignore[arg-type]
    return Update(update_id=1, message=message.model_copy(update={"text": text}))


def test_who_is_named_is_still_found_behind_a_space_that_was_put_in() -> None:
    """A name without an @ is a mark on the text: it stands where its words stand now."""
    mention = MessageEntity(type="text_mention", offset=7, length=2, user=WANG)
    command = MessageEntity(type="bot_command", offset=0, length=7)
    message = typed.in_a_group(said("/assign李敏", "supergroup", entities=[command, mention])).message
    assert message is not None
    assert message.text == "/assign 李敏"
    assert [each.extract_from(message.text) for each in message.entities or []] == ["李敏"]


def test_a_student_s_words_are_theirs_to_the_letter() -> None:
    update = said("、、 都坏了", "private")
    assert typed.in_a_group(update) is update
    edited = typed.in_a_group(Update(update_id=2, edited_message=said("／／ x", "supergroup").message)).edited_message
    assert edited is not None
    assert edited.text == "// x"


def test_every_command_there_is_is_known_here() -> None:
    found = {
        command
        for router in handlers.router().chain_tail
        for handler in router.message.handlers
        for each in handler.filters or ()
        if isinstance(each.callback, Command)
        for command in each.callback.commands
    }
    assert "closeall" in found
    assert found == typed.COMMANDS


def test_items_stand_one_a_line_or_between_bars_of_any_keyboard() -> None:
    assert typed.items("热水够吗？｜够 | 不够") == ["热水够吗？", "够 ", " 不够"]
    assert typed.items("Which?\na | b\nc") == ["Which?", "a | b", "c"]
