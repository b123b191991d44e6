"""The libraries the program is built on must take the sandbox for Telegram."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator

import pytest
import telegram
from aiogram import Bot, Dispatcher, F
from aiogram.client.session.aiohttp import AiohttpSession
from aiogram.client.telegram import TelegramAPIServer
from aiogram.exceptions import (
    TelegramBadRequest,
    TelegramForbiddenError,
    TelegramMigrateToChat,
    TelegramRetryAfter,
)
from aiogram.filters import Command, CommandObject
from aiogram.types import (
    BufferedInputFile,
    CallbackQuery,
    InlineKeyboardButton,
    InlineKeyboardMarkup,
    InputMediaPhoto,
    Message,
    PollAnswer,
    ReplyParameters,
)
from telegram.error import BadRequest, ChatMigrated, Conflict, Forbidden, InvalidToken, RetryAfter, TimedOut
from telegram.request import HTTPXRequest

from sandbox.client import Person, Sandbox, photo
from sandbox.server import Sandbox as Server
from tests.sandbox.botapi import TOKEN, Api


@pytest.fixture
async def mouth(telegram: Server) -> AsyncIterator[telegram.Bot]:
    """python-telegram-bot, pointed here."""
    async with ptb(telegram.url) as bot:
        yield bot


def ptb(url: str, token: str = TOKEN) -> telegram.Bot:
    return telegram.Bot(token, base_url=f"{url}/bot", base_file_url=f"{url}/file/bot")


class TestPythonTelegramBot:
    async def test_sends_edits_and_deletes(self, mouth: telegram.Bot, alice: Person) -> None:
        keyboard = telegram.InlineKeyboardMarkup([[telegram.InlineKeyboardButton("Claim", callback_data="c")]])
        sent = await mouth.send_message(
            alice.id,
            "<b>水</b> <a href='https://a.cn/'>x</a>",
            parse_mode="HTML",
            reply_markup=keyboard,
            reply_parameters=telegram.ReplyParameters(1),
        )
        assert sent.text_html == '<b>水</b> <a href="https://a.cn/">x</a>'
        assert sent.reply_to_message is not None
        edited = await mouth.edit_message_text("done", alice.id, sent.message_id)
        assert isinstance(edited, telegram.Message)
        assert edited.edit_date is not None
        assert await mouth.delete_message(alice.id, sent.message_id)

    async def test_files_go_out_and_come_back(self, mouth: telegram.Bot, alice: Person) -> None:
        sent = await mouth.send_document(alice.id, b"contents", filename="表.xlsx", caption="x" * 10)
        assert sent.document is not None
        assert sent.document.file_name == "表.xlsx"
        file = await mouth.get_file(sent.document.file_id)
        assert bytes(await file.download_as_bytearray()) == b"contents"
        album = await mouth.send_media_group(
            alice.id, [telegram.InputMediaPhoto(b"one"), telegram.InputMediaPhoto(b"two")], caption="both"
        )
        assert len({message.media_group_id for message in album}) == 1
        (said,) = await alice.sends(photo(b"\xff\xd8 from a person"))
        file = await mouth.get_file(said["photo"][-1]["file_id"])
        assert bytes(await file.download_as_bytearray()) == b"\xff\xd8 from a person"

    async def test_polls(self, mouth: telegram.Bot, alice: Person) -> None:
        sent = await mouth.send_poll(alice.id, "Fixed?", ["Yes", "No"], is_anonymous=False)
        await alice.votes(sent.message_id, 1)
        updates = await mouth.get_updates()
        answers = [update.poll_answer for update in updates if update.poll_answer]
        assert answers[0].option_ids == (1,)
        stopped = await mouth.stop_poll(alice.id, sent.message_id)
        assert [option.voter_count for option in stopped.options] == [0, 1]

    async def test_updates(self, mouth: telegram.Bot, alice: Person) -> None:
        await alice.says("hello")
        (update,) = await mouth.get_updates(timeout=5)
        assert update.effective_message is not None
        assert update.effective_message.text == "hello"
        assert await mouth.get_updates(offset=update.update_id + 1) == ()

    async def test_chats_and_members(self, mouth: telegram.Bot, alice: Person, stage: Sandbox) -> None:
        desk = await stage.group("Desk", admins=[alice], forum=True)
        assert (await mouth.get_chat(desk.id)).is_forum
        member = await mouth.get_chat_member(desk.id, alice.id)
        assert isinstance(member, telegram.ChatMemberOwner)
        topic = await mouth.create_forum_topic(desk.id, "T")
        await mouth.send_message(desk.id, "x", message_thread_id=topic.message_thread_id)
        await mouth.set_message_reaction(desk.id, (await desk.shows("x")).id, "👍")

    async def test_errors_are_the_ones_it_knows(
        self, mouth: telegram.Bot, alice: Person, stage: Sandbox, telegram_server_url: str
    ) -> None:
        with pytest.raises(BadRequest, match="Chat not found"):
            await mouth.send_message(77, "x")
        desk = await stage.group("Desk", admins=[alice])
        moved = await desk.migrates()
        with pytest.raises(ChatMigrated) as migrated:
            await mouth.send_message(desk.id, "x")
        assert migrated.value.new_chat_id == moved.id
        await stage.fault("sendMessage", status=429, retry_after=7)
        with pytest.raises(RetryAfter):
            await mouth.send_message(alice.id, "x")
        await alice.blocks()
        with pytest.raises(Forbidden, match="bot was blocked by the user"):
            await mouth.send_message(alice.id, "x")
        with pytest.raises(InvalidToken):
            await ptb(telegram_server_url, "1234:WRONG").initialize()

    async def test_a_read_timeout_leaves_it_unknowing(
        self, alice: Person, stage: Sandbox, telegram_server_url: str
    ) -> None:
        hasty = telegram.Bot(TOKEN, base_url=f"{telegram_server_url}/bot", request=HTTPXRequest(read_timeout=0.2))
        async with hasty:
            await stage.fault("sendMessage", delay=20)
            with pytest.raises(TimedOut):
                await hasty.send_message(alice.id, "perhaps")
        await alice.shows("perhaps")

    async def test_a_second_poller_is_a_conflict(self, mouth: telegram.Bot, stage: Sandbox, api: Api) -> None:
        first = asyncio.ensure_future(mouth.get_updates(timeout=30, read_timeout=30))
        while not (await stage.state())["bots"][0]["polled"]:
            pass
        second = asyncio.ensure_future(api.updates(timeout=30))
        with pytest.raises(Conflict):
            await first
        second.cancel()


@pytest.fixture
def telegram_server_url(telegram: Server) -> str:
    return telegram.url


@pytest.fixture
async def ear(telegram: Server) -> AsyncIterator[Bot]:
    session = AiohttpSession(api=TelegramAPIServer.from_base(telegram.url))
    async with Bot(TOKEN, session=session) as bot:
        yield bot


class TestAiogram:
    async def test_its_own_polling_holds_a_conversation(self, ear: Bot, stage: Sandbox) -> None:
        dispatcher = Dispatcher()
        answers: list[PollAnswer] = []

        @dispatcher.message(Command("start"))
        async def start(message: Message, command: CommandObject) -> None:
            button = InlineKeyboardButton(text="水电 Water", callback_data="kind:water")
            markup = InlineKeyboardMarkup(inline_keyboard=[[button]])
            await message.answer(f"<b>Welcome</b> {command.args}", parse_mode="HTML", reply_markup=markup)

        @dispatcher.callback_query(F.data == "kind:water")
        async def pressed(query: CallbackQuery) -> None:
            assert isinstance(query.message, Message)
            await query.message.edit_text("Water it is")
            await query.answer("noted")

        @dispatcher.message(F.photo)
        async def pictured(message: Message, bot: Bot) -> None:
            assert message.photo
            data = await bot.download(message.photo[-1])
            assert data is not None
            await message.reply(f"{len(data.read())} bytes, {message.caption}")

        @dispatcher.poll_answer()
        async def voted(answer: PollAnswer) -> None:
            answers.append(answer)
            assert answer.user is not None
            await ear.send_message(answer.user.id, f"you chose {answer.option_ids}")

        polling = asyncio.ensure_future(dispatcher.start_polling(ear, handle_signals=False, close_bot_session=False))
        alice = await stage.person("Alice", language="zh-hans")
        await alice.says("/start abc")
        welcome = await alice.reads("Welcome abc")
        assert welcome["entities"][0]["type"] == "bold"
        assert await alice.taps("Water") == "noted"
        await alice.reads("Water it is")
        await alice.sends(photo(b"12345"), caption="look")
        await alice.reads("5 bytes, look")
        sent = await ear.send_poll(alice.id, "Fixed?", ["Yes", "No"], is_anonymous=False)
        await alice.votes(sent.message_id, 0)
        await alice.reads("you chose [0]")
        assert len(answers) == 1
        await dispatcher.stop_polling()
        await polling

    async def test_errors_are_the_ones_it_knows(self, ear: Bot, alice: Person, stage: Sandbox) -> None:
        with pytest.raises(TelegramBadRequest, match="can't parse entities"):
            await ear.send_message(alice.id, "<x>", parse_mode="HTML")
        desk = await stage.group("Desk", admins=[alice])
        moved = await desk.migrates()
        with pytest.raises(TelegramMigrateToChat) as migrated:
            await ear.send_message(desk.id, "x")
        assert migrated.value.migrate_to_chat_id == moved.id
        await stage.fault("sendMessage", status=429, retry_after=7)
        with pytest.raises(TelegramRetryAfter) as limited:
            await ear.send_message(alice.id, "x")
        assert limited.value.retry_after == 7
        await alice.blocks()
        with pytest.raises(TelegramForbiddenError):
            await ear.send_message(alice.id, "x")

    async def test_albums_replies_and_members(self, ear: Bot, alice: Person, stage: Sandbox) -> None:
        files = [BufferedInputFile(b"one", "1.jpg"), BufferedInputFile(b"two", "2.jpg")]
        album = await ear.send_media_group(alice.id, [InputMediaPhoto(media=file) for file in files])
        assert album[0].media_group_id == album[1].media_group_id
        reply = await ear.send_message(
            alice.id, "x", reply_parameters=ReplyParameters(message_id=999, allow_sending_without_reply=True)
        )
        assert reply.reply_to_message is None
        desk = await stage.group("Desk", members=[alice], supergroup=True)
        await stage.promote(desk, alice, "restricted", rights={"can_send_messages": True})
        assert (await ear.get_chat_member(desk.id, alice.id)).status == "restricted"
        assert (await ear.get_chat(desk.id)).permissions is not None


async def test_a_keyboard_is_the_same_for_both(mouth: telegram.Bot, ear: Bot, alice: Person) -> None:
    shape = {"inline_keyboard": [[{"text": "A", "callback_data": "a"}, {"text": "B", "url": "https://a.cn/"}]]}
    ours = await mouth.send_message(alice.id, "x", api_kwargs={"reply_markup": json.dumps(shape)})
    theirs = await ear.send_message(alice.id, "x", reply_markup=InlineKeyboardMarkup.model_validate(shape))
    assert ours.reply_markup is not None
    assert theirs.reply_markup is not None
    assert ours.reply_markup.to_dict() == shape
    assert theirs.reply_markup.model_dump(exclude_none=True) == shape
