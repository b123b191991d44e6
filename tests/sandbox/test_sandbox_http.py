"""The wire: plain curl must not be able to tell the sandbox from Telegram."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from sandbox.client import Person, Sandbox
from sandbox.server import Sandbox as Server
from tests.sandbox.botapi import TOKEN, Api


async def curl(*arguments: str) -> bytes:
    process = await asyncio.create_subprocess_exec(
        "curl", "--silent", "--show-error", *arguments, stdout=asyncio.subprocess.PIPE
    )
    output, _ = await process.communicate()
    assert process.returncode == 0
    return output


async def curled(*arguments: str) -> Any:
    return json.loads(await curl(*arguments))


async def test_curl_sends_json_forms_queries_and_files(api: Api, alice: Person, tmp_path: Path) -> None:
    chat = str(alice.id)
    as_json = await curled(
        f"{api.base}/sendMessage",
        "-H",
        "Content-Type: application/json",
        "-d",
        json.dumps({"chat_id": alice.id, "text": "水龙头", "reply_markup": {"force_reply": True}}),
    )
    assert as_json["result"]["text"] == "水龙头"
    as_form = await curled(f"{api.base}/sendMessage", "-d", f"chat_id={chat}", "--data-urlencode", "text=a & b=水")
    assert as_form["result"]["text"] == "a & b=水"
    as_query = await curled("-G", f"{api.base}/sendMessage", "-d", f"chat_id={chat}", "-d", "text=hello+there")
    assert as_query["result"]["text"] == "hello there"
    picture = tmp_path / "tap.jpg"
    picture.write_bytes(b"\xff\xd8 a leaking tap")
    as_upload = await curled(
        f"{api.base}/sendPhoto", "-F", f"chat_id={chat}", "-F", f"photo=@{picture}", "-F", "caption=漏水"
    )
    assert as_upload["result"]["caption"] == "漏水"
    file = await curled(f"{api.base}/getFile?file_id={as_upload['result']['photo'][-1]['file_id']}")
    path = file["result"]["file_path"]
    assert await curl(f"{api.url}/file/bot{TOKEN}/{path}") == picture.read_bytes()


async def test_an_album_by_curl_refers_to_its_attachments(api: Api, alice: Person, tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_bytes(b"first")
    (tmp_path / "b.jpg").write_bytes(b"second")
    media = [
        {"type": "photo", "media": "attach://one", "caption": "<b>x</b>", "parse_mode": "HTML"},
        {"type": "photo", "media": "attach://two"},
    ]
    answer = await curled(
        f"{api.base}/sendMediaGroup",
        "-F",
        f"chat_id={alice.id}",
        "-F",
        f"media={json.dumps(media)}",
        "-F",
        f"one=@{tmp_path / 'a.jpg'}",
        "-F",
        f"two=@{tmp_path / 'b.jpg'}",
    )
    first, second = answer["result"]
    assert first["media_group_id"] == second["media_group_id"]
    assert first["caption_entities"] == [{"type": "bold", "offset": 0, "length": 1}]


async def test_method_names_may_be_written_in_any_case(api: Api, alice: Person) -> None:
    assert (await curled(f"{api.base}/GETME"))["result"]["username"] == "union_bot"
    assert (await curled(f"{api.base}/sendmessage?chat_id={alice.id}&text=x"))["ok"]


@pytest.mark.parametrize(
    ("path", "status", "description"),
    [
        (f"bot{TOKEN}/noSuchMethod", 404, "Not Found: method not found"),
        ("bot999999:WRONG-TOKEN/getMe", 401, "Unauthorized"),
        ("botnonsense/getMe", 404, "Not Found"),
        (f"bot{TOKEN}/", 404, "Not Found: method not found"),
        (f"file/bot{TOKEN}/photos/none.jpg", 404, "Not Found"),
        (f"bot{TOKEN}/sendMessage", 400, "Bad Request: chat_id is empty"),
        (f"bot{TOKEN}/sendMessage?chat_id=1", 400, "Bad Request: message text is empty"),
        (f"bot{TOKEN}/sendMessage?chat_id=&text=x", 400, "Bad Request: chat_id is empty"),
        (f"bot{TOKEN}/sendMessage?chat_id=77&text=x", 400, "Bad Request: chat not found"),
        (f"bot{TOKEN}/sendMessage?chat_id=hello&text=x", 400, "Bad Request: chat not found"),
        (f"bot{TOKEN}/sendMessage?chat_id=@nobody&text=x", 400, "Bad Request: chat not found"),
        (f"bot{TOKEN}/sendPhoto?chat_id=1", 400, "Bad Request: there is no photo in the request"),
        (
            f"bot{TOKEN}/sendMessage?chat_id=1&text=x&reply_markup=oops",
            400,
            "Bad Request: can't parse reply keyboard markup JSON object",
        ),
        (
            f"bot{TOKEN}/sendMessage?chat_id=1&text=x&reply_markup=[]",
            400,
            "Bad Request: can't parse reply keyboard markup:",
        ),
        (
            f"bot{TOKEN}/sendMessage?chat_id=1&text=x&reply_markup=7",
            400,
            "Bad Request: object expected as reply markup",
        ),
    ],
)
async def test_a_wrong_request_is_refused_in_telegrams_words(
    telegram: Server, path: str, status: int, description: str
) -> None:
    async with (
        aiohttp.ClientSession() as session,
        session.get(f"{telegram.url}/{path}", params=None) as response,
    ):
        answer = await response.json()
    assert response.status == status
    assert answer["ok"] is False
    assert answer["error_code"] == status
    assert answer["description"].startswith(description)


async def test_a_method_telegram_has_and_the_sandbox_lacks_says_so(api: Api) -> None:
    refused = await api.refused("getAvailableGifts")
    assert (refused.code, refused.description) == (
        400,
        "Bad Request: the sandbox does not know this method yet",
    )


async def test_texts_that_are_no_unicode_are_refused(api: Api, alice: Person) -> None:
    refused = await api.refused("sendMessage", chat_id=alice.id, text="a\ud83d")
    assert refused.description == "Bad Request: strings must be encoded in UTF-8"


async def test_several_bots_live_side_by_side(stage: Sandbox, telegram: Server, api: Api, alice: Person) -> None:
    await stage.bot("777:OTHER", username="other_bot")
    async with aiohttp.ClientSession() as session:
        other = Api(telegram.url, session, "777:OTHER")
        assert (await other("getMe"))["username"] == "other_bot"
        refused = await other.refused("sendMessage", chat_id=alice.id, text="hello")
        assert refused.description == "Forbidden: bot can't initiate conversation with a user"
        await stage.control("say", person=alice.id, text="hi", bot="other_bot")
        await other("sendMessage", chat_id=alice.id, text="hello")
    assert await api.updates() == []
