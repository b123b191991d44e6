"""What it is measured against: a bare aiogram bot that polls and answers each message once. It keeps nothing.

python -m bench.bare poll URL TOKEN            answers every message with one reply
python -m bench.bare send URL TOKEN CHATS N    sends N messages, 32 at once, to chats 1…CHATS from FIRST on
"""

from __future__ import annotations

import asyncio
import sys

from aiogram import Bot, Dispatcher
from aiogram.client.session.aiohttp import AiohttpSession
from aiogram.client.telegram import TelegramAPIServer
from aiogram.types import Message

from bench.load import FIRST, IN_FLIGHT


def bot(url: str, token: str) -> Bot:
    return Bot(token, session=AiohttpSession(api=TelegramAPIServer.from_base(url), limit=IN_FLIGHT))


async def poll(url: str, token: str) -> None:
    dispatcher = Dispatcher()

    @dispatcher.message()
    async def answer(message: Message) -> None:
        await message.answer("Passed on.")

    await dispatcher.start_polling(bot(url, token), handle_signals=False)


async def send(url: str, token: str, count: int) -> None:
    """As many as a plain program sends that keeps 32 in flight."""
    mouth, places = bot(url, token), asyncio.Semaphore(IN_FLIGHT)

    async def one(chat: int) -> None:
        async with places:
            await mouth.send_message(chat, "The plumber comes at three.")

    await asyncio.gather(*(one(FIRST + i) for i in range(count)))
    await mouth.session.close()


def main() -> None:
    what, url, token, *rest = sys.argv[1:]
    asyncio.run(poll(url, token) if what == "poll" else send(url, token, int(rest[0])))


if __name__ == "__main__":
    main()
