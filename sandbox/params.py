"""A call's parameters: read from whatever the client sent, checked against aiogram's own method types.

Simple fields are converted here and only structures go through aiogram's models, field by field. That gives
the same refusals as checking the whole method at once and leaves the usual call with next to no work.
"""

import datetime
import json
import types
import typing
from dataclasses import dataclass
from typing import Any, Literal, Union, get_args, get_origin
from urllib.parse import parse_qsl, urlsplit

import aiogram.methods
from aiogram.client.default import Default
from aiogram.types import (
    ForceReply,
    InlineKeyboardMarkup,
    InputFile,
    ReplyKeyboardMarkup,
    ReplyKeyboardRemove,
)
from aiohttp import BodyPartReader, web
from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError

from sandbox.keyboards import plain_inline_keyboard
from sandbox.refusals import Refusal, bad_request
from sandbox.shapes import Json

CONFIG = ConfigDict(arbitrary_types_allowed=True)


@dataclass(slots=True)
class Upload:
    """A file that came with the request."""

    name: str | None
    data: bytes
    mime_type: str | None


async def read(request: web.BaseRequest) -> tuple[Json, dict[str, Upload]]:
    """Parameters and files of a request; what stands in the address comes first, as at Telegram."""
    params: Json = {}
    files: dict[str, Upload] = {}
    query = urlsplit(request.raw_path).query
    if query:
        params.update(parse_qsl(query, keep_blank_values=True))
    if request.method != "POST" or not request.can_read_body:
        return params, files
    kind = request.content_type
    if kind == "application/json":
        body = await request.read()
        if body:
            try:
                given = json.loads(body)
            except ValueError:
                raise bad_request("can't parse request body as JSON") from None
            if not isinstance(given, dict):
                raise bad_request("request body must be a JSON object")
            params.update({name: value for name, value in given.items() if value is not None})
    elif kind.startswith("multipart/"):
        async for part in await request.multipart():
            if not isinstance(part, BodyPartReader):
                continue
            name = part.name or ""
            data = bytes(await part.read(decode=True))
            if part.filename is not None:
                files[name] = Upload(part.filename, data, part.headers.get("Content-Type"))
            else:
                try:
                    params[name] = data.decode()
                except UnicodeDecodeError:
                    raise bad_request("strings must be encoded in UTF-8") from None
    else:
        body = await request.read()
        if body:
            try:
                params.update(parse_qsl(body.decode("ascii"), keep_blank_values=True, errors="strict"))
            except UnicodeDecodeError:
                raise bad_request("strings must be encoded in UTF-8") from None
    return params, files


@dataclass(slots=True)
class Field:
    name: str
    kind: str
    required: bool
    adapter: TypeAdapter[Any] | None
    choices: tuple[str, ...] = ()


class Shape:
    """The fields of one method."""

    def __init__(self, name: str, model: type[aiogram.methods.TelegramMethod[Any]]) -> None:
        self.name = name
        self.fields: dict[str, Field] = {}
        for field_name, info in model.model_fields.items():
            kind = _kind(info.annotation)
            adapter = _adapter(info.annotation) if kind == "json" else None
            self.fields[field_name] = Field(field_name, kind, info.is_required(), adapter)
        self.required = [field.name for field in self.fields.values() if field.required]


def _adapter(annotation: Any) -> TypeAdapter[Any]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return TypeAdapter(annotation)
    return TypeAdapter(annotation, config=CONFIG)


def _parts(annotation: Any) -> set[Any]:
    """The alternatives of an annotation, without None and aiogram's placeholder for defaults."""
    if get_origin(annotation) in (Union, types.UnionType):
        found: set[Any] = set()
        for part in get_args(annotation):
            found |= _parts(part)
        return found
    if get_origin(annotation) is typing.Annotated:
        return _parts(get_args(annotation)[0])
    if annotation in (type(None), Default):
        return set()
    return {annotation}


def _kind(annotation: Any) -> str:
    parts = _parts(annotation)
    if any(isinstance(part, type) and issubclass(part, InputFile) for part in parts):
        return "file"
    if parts == {bool}:
        return "bool"
    if parts == {int} or (int in parts and parts <= {int, datetime.datetime, datetime.timedelta}):
        return "int"
    if parts <= {int, float}:
        return "float"
    if parts == {int, str}:
        return "chat"
    if all(part is str or get_origin(part) is Literal for part in parts):
        return "str"
    return "json"


# A keyboard is known by its first word: as a mere alternative, `ForceReply` would take in anything.
_markups: dict[str, TypeAdapter[Any]] = {
    "inline_keyboard": TypeAdapter(InlineKeyboardMarkup),
    "keyboard": TypeAdapter(ReplyKeyboardMarkup),
    "remove_keyboard": TypeAdapter(ReplyKeyboardRemove),
    "force_reply": TypeAdapter(ForceReply),
}
_shapes: dict[str, Shape] = {}
_models: dict[str, type[aiogram.methods.TelegramMethod[Any]]] = {
    model.__api_method__.lower(): model
    for model in vars(aiogram.methods).values()
    if isinstance(model, type)
    and issubclass(model, aiogram.methods.TelegramMethod)
    and model is not aiogram.methods.TelegramMethod
}


def known(method: str) -> bool:
    """Whether Telegram has such a method at all; `method` in lower case."""
    return method in _models


def shape_of(method: str) -> Shape:
    shape = _shapes.get(method)
    if shape is None:
        model = _models[method]
        shape = _shapes[method] = Shape(model.__api_method__, model)
    return shape


def check(method: str, params: Json, files: dict[str, Upload]) -> Json:
    """The parameters as the method wants them, or Telegram's refusal. Unknown parameters are ignored, as
    there.
    """
    shape = shape_of(method)
    checked: Json = {}
    for name, value in params.items():
        field = shape.fields.get(name)
        if field is None or value is None:
            continue
        kind = field.kind
        if kind == "str":
            checked[name] = value if type(value) is str else _text(value)
        elif kind == "chat":
            checked[name] = _chat(name, value)
        elif kind == "bool":
            checked[name] = _flag(value)
        elif kind == "json":
            given = _structure(field, value)
            if given is not None:
                checked[name] = given
        elif kind == "int":
            checked[name] = _number(name, value)
        elif kind == "float":
            try:
                checked[name] = float(value)
            except (TypeError, ValueError):
                raise bad_request(f"{name} is not a valid Float") from None
        else:
            checked[name] = value
    for name in files:
        if name in shape.fields:
            checked[name] = files[name]
    for name in shape.required:
        if name not in checked:
            raise missing(method, name)
    return checked


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return json.dumps(value, ensure_ascii=False)


def _chat(name: str, value: Any) -> int | str:
    if type(value) is int:
        return value
    text = str(value).strip()
    if not text:
        raise bad_request(f"{name} is empty")
    digits = text[1:] if text[0] == "-" else text
    if digits.isascii() and digits.isdigit():
        return int(text)
    return text


def _flag(value: Any) -> bool:
    if isinstance(value, str):
        return value.strip().lower() in ("true", "yes", "1")
    return bool(value)


def _number(name: str, value: Any) -> int:
    if type(value) is int:
        return value
    try:
        return int(value if isinstance(value, str) else float(value))
    except (TypeError, ValueError):
        if name == "user_id":
            raise bad_request("invalid user_id specified") from None
        if name == "message_id":
            raise bad_request("message identifier is not specified") from None
        raise bad_request(f"{name} is not a valid Integer") from None


NOUNS = {
    "reply_markup": "reply keyboard markup",
    "entities": "entities",
    "caption_entities": "caption entities",
    "reply_parameters": "reply parameters",
    "link_preview_options": "link preview options",
    "menu_button": "menu button",
    "scope": "BotCommandScope",
    "rights": "ChatAdministratorRights",
    "reaction": "reaction types",
    "message_ids": "message identifiers",
    "allowed_updates": "allowed updates",
}
EXPECTED = {
    "reply_markup": "object expected as reply markup",
    "reply_parameters": "object expected as reply parameters",
    "link_preview_options": "object expected as link preview options",
    "permissions": "object expected as permissions",
    "menu_button": "MenuButton must be an Object",
    "scope": "BotCommandScope must be an Object",
    "commands": "expected an Array of BotCommand",
    "media": "expected an Array of InputMedia",
    "reaction": "expected an Array of ReactionType",
    "message_ids": "expected an Array of message identifiers",
    "options": "expected an Array of String as options",
}


def _with_buttons(value: Any) -> Any:
    """A reply keyboard with objects in place of plain strings, which Telegram takes for buttons too."""
    if not isinstance(value, dict) or not isinstance(value.get("keyboard"), list):
        return value
    rows = [
        [{"text": button} if isinstance(button, str) else button for button in row] if isinstance(row, list) else row
        for row in value["keyboard"]
    ]
    return {**value, "keyboard": rows}


def plain_reply(value: Any) -> bool:
    """Whether this names a message of the same chat and nothing else, the usual reply."""
    return (
        type(value) is dict
        and type(value.get("message_id")) is int
        and type(value.get("allow_sending_without_reply", False)) is bool
        and value.keys() <= {"message_id", "allow_sending_without_reply"}
    )


def _structure(field: Field, value: Any) -> Any:
    name = field.name
    if isinstance(value, str):
        if not value:
            return None
        try:
            value = json.loads(value)
        except ValueError:
            raise bad_request(f"can't parse {NOUNS.get(name, name)} JSON object") from None
    if name == "reply_markup":
        if value == {}:
            return None
        if plain_inline_keyboard(value):
            return value
        value = _with_buttons(value)
    elif name == "reply_parameters" and plain_reply(value):
        return value
    if name == "options" and isinstance(value, list):
        # Poll options were plain strings before they were objects, and still may be.
        value = [{"text": option} if isinstance(option, str) else option for option in value]
    if name in EXPECTED and not isinstance(value, dict | list):
        raise bad_request(EXPECTED[name])
    assert field.adapter is not None
    adapter = field.adapter
    if name == "reply_markup" and isinstance(value, dict):
        adapter = next((_markups[key] for key in _markups if key in value), adapter)
    try:
        adapter.validate_python(value)
    except ValidationError as error:
        inline = name == "reply_markup" and "inline_keyboard" in value
        noun = "inline keyboard button" if inline else NOUNS.get(name, name)
        raise bad_request(f"can't parse {noun}: {_first(error)}") from None
    return without_nulls(value)


def without_nulls(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: without_nulls(item) for name, item in value.items() if item is not None}
    if isinstance(value, list):
        return [without_nulls(item) for item in value]
    return value


def _first(error: ValidationError) -> str:
    """The deepest complaint in words close to Telegram's own."""
    worst = max(error.errors(include_url=False), key=lambda item: len(item["loc"]))
    where = str(worst["loc"][-1]) if worst["loc"] else ""
    if worst["type"] == "missing":
        return f'Can\'t find field "{where}"'
    return f'Field "{where}" must be of another type ({worst["msg"]})'


def missing(method: str, name: str) -> Refusal:
    if name == "chat_id":
        return bad_request("chat_id is empty")
    if name == "from_chat_id":
        return bad_request("chat identifier is not specified")
    if name == "user_id":
        return bad_request("invalid user_id specified")
    if name == "message_id":
        return bad_request("message identifier is not specified")
    if name == "message_ids":
        return bad_request("message identifiers are not specified")
    if name == "text":
        return bad_request("message text is empty")
    if name == "file_id":
        return bad_request("file_id not specified")
    if name in ("latitude", "longitude"):
        return bad_request(f"{name} is empty")
    if name == "action":
        return bad_request("wrong parameter action in request")
    if shape_of(method).fields[name].kind == "file":
        return bad_request(f"there is no {name.replace('_', ' ')} in the request")
    return bad_request(f'parameter "{name}" is required')
