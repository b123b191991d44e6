"""A bare Bot API client for the sandbox's own tests: results checked against aiogram's types."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import aiogram.methods
import aiohttp
from pydantic import TypeAdapter

TOKEN = "123456:ABC-DEF"
MODELS = {
    model.__api_method__: model
    for model in vars(aiogram.methods).values()
    if isinstance(model, type)
    and issubclass(model, aiogram.methods.TelegramMethod)
    and model is not aiogram.methods.TelegramMethod
}


@dataclass(frozen=True)
class Refused:
    code: int
    description: str
    parameters: dict[str, Any] | None


class Api:
    def __init__(self, url: str, session: aiohttp.ClientSession, token: str = TOKEN) -> None:
        self.url = url
        self.base = f"{url}/bot{token}"
        self._session = session

    async def __call__(self, method: str, **params: Any) -> Any:
        """The result of a call that must succeed and must be what aiogram expects of this method."""
        answer = await self.raw(method, **params)
        assert answer["ok"], answer
        if method in MODELS:
            TypeAdapter(MODELS[method].__returning__).validate_python(answer["result"])
        return answer["result"]

    async def refused(self, method: str, **params: Any) -> Refused:
        answer = await self.raw(method, **params)
        assert not answer["ok"], answer
        return Refused(answer["error_code"], answer["description"], answer.get("parameters"))

    async def raw(self, method: str, **params: Any) -> dict[str, Any]:
        async with self._session.post(f"{self.base}/{method}", json=params) as response:
            answer: dict[str, Any] = await response.json()
            assert answer["ok"] or response.status == answer["error_code"]
            return answer

    async def upload(self, method: str, files: dict[str, tuple[str, bytes]], **params: Any) -> Any:
        form = aiohttp.FormData()
        for name, value in params.items():
            form.add_field(name, str(value))
        for name, (file_name, data) in files.items():
            form.add_field(name, data, filename=file_name)
        async with self._session.post(f"{self.base}/{method}", data=form) as response:
            answer = await response.json()
        assert answer["ok"], answer
        return answer["result"]

    async def updates(self, **params: Any) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = await self("getUpdates", **params)
        return found
