"""The control side: people's acts, misfortune, time and a view on everything, as JSON over HTTP.

Tests and the chat page play the people through it. It shares the port of the Bot API but nothing else with
it.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlsplit

from aiohttp import web

from sandbox.control import acts, groups, stage, views
from sandbox.control.base import ROUTES, Stream
from sandbox.refusals import ControlError, Refusal
from sandbox.shapes import Json

if TYPE_CHECKING:
    from sandbox.server import Sandbox

__all__ = ["acts", "answer_control", "groups", "stage", "views"]


async def answer_control(sandbox: Sandbox, request: web.BaseRequest, path: str) -> web.StreamResponse:
    parts = path.rstrip("/").split("/")
    run = ROUTES.get((request.method, "/".join(parts)))
    wish: Json = dict(parse_qsl(urlsplit(request.raw_path).query))
    if path == "events" and (last := request.headers.get("Last-Event-ID", "")).isdigit():
        # A browser that lost its stream says how far it got; its address still says where it began.
        wish["after"] = last
    if run is None and len(parts) > 1:
        run = ROUTES.get((request.method, "/".join([*parts[:-1], "*"])))
        wish["name"] = parts[-1]
    if run is None:
        return _answer(404, {"ok": False, "description": f"no control call {request.method} /control/{path}"})
    try:
        if request.can_read_body:
            wish.update(_body(await request.read()))
        if request.method == "POST" and path == "reset":
            await sandbox.reset()
            return _answer(200, {"ok": True, "result": True, "event": 0})
        result: Any = run(sandbox.world, wish)
    except (ControlError, Refusal) as error:
        return _answer(400, {"ok": False, "description": str(error)})
    except (KeyError, TypeError, ValueError) as error:
        return _answer(400, {"ok": False, "description": f"{type(error).__name__}: {error}"})
    if isinstance(result, Stream):
        return await _stream(request, result)
    if isinstance(result, web.Response):
        return result
    return _answer(200, {"ok": True, "result": result, "event": sandbox.world.feed.newest})


def _body(data: bytes) -> Json:
    if not data:
        return {}
    given = json.loads(data)
    if not isinstance(given, dict):
        raise ControlError("the body must be a JSON object")
    return given


def _answer(status: int, shape: Json) -> web.Response:
    text = json.dumps(shape, ensure_ascii=False, separators=(",", ":"))
    return web.Response(
        body=text.encode("utf-8", "surrogatepass"),
        status=status,
        headers={"Content-Type": "application/json"},
    )


async def _stream(request: web.BaseRequest, stream: Stream) -> web.StreamResponse:
    response = web.StreamResponse(headers={"Content-Type": "text/event-stream", "Cache-Control": "no-cache"})
    await response.prepare(request)
    # Something has to be sent at once, or browsers wait with "open" until the first event.
    await response.write(b": connected\n\n")
    async for chunk in stream.chunks:
        await response.write(chunk)
    return response
