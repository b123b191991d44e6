"""The shapes of Open311 GeoReport v2: its errors, its two formats, its moments; and their description (OpenAPI 3.1)."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from xml.etree import ElementTree

from aiohttp import web

from bot.untrusted import for_xml

BASE = "/open311/v2"
EARLIEST, LATEST = 1970, 2999
"""Years of which moments are understood."""
FORMATS = {"json": "application/json", "xml": "text/xml"}
Record = Mapping[str, Any]


class Mistake(Exception):
    """What the standard answers with: an HTTP status and a sentence."""

    def __init__(self, status: int, description: str) -> None:
        super().__init__(description)
        self.status, self.description = status, description


def answer(form: str, root: str, item: str, records: Sequence[Record], status: int = 200) -> web.Response:
    """Records in the format that was asked for."""
    body = _xml(root, item, records) if form == "xml" else json.dumps(list(records), ensure_ascii=False).encode()
    return web.Response(body=body, status=status, content_type=FORMATS.get(form, "application/json"), charset="utf-8")


def refusal(form: str, mistake: Mistake) -> web.Response:
    """A mistake in the standard's format."""
    said = [{"code": mistake.status, "description": mistake.description}]
    return answer(form if form in FORMATS else "json", "errors", "error", said, mistake.status)


def _xml(root: str, item: str, records: Sequence[Record]) -> bytes:
    tree = ElementTree.Element(root)
    for record in records:
        element = ElementTree.SubElement(tree, item)
        for name, value in record.items():
            ElementTree.SubElement(element, name).text = _text(value)
    return bytes(ElementTree.tostring(tree, encoding="utf-8", xml_declaration=True))


def _text(value: Any) -> str | None:
    if isinstance(value, bool):
        return str(value).lower()
    return None if value is None else for_xml(str(value))


def moment(text: str, name: str) -> datetime:
    """A moment as the standard writes it, in UTC. Raises Mistake for anything else, and for one with which nobody can
    reckon: it is neither earlier than any database's beginning nor so late that a day more would be none.
    """
    found: datetime | None
    try:
        given = datetime.fromisoformat(text)
        found = given.astimezone(UTC) if given.tzinfo is not None else None
    except (ValueError, OverflowError):
        found = None
    if found is None or not EARLIEST <= found.year <= LATEST:
        raise Mistake(400, f"{name} is no moment; write for example 2026-10-12T00:00:00Z")
    return found


def description(url: str) -> dict[str, Any]:
    """What is here, as OpenAPI 3.1."""
    text, number = {"type": ["string", "null"]}, {"type": "integer"}
    string, when = {"type": "string"}, {"type": ["string", "null"], "format": "date-time"}
    service = {
        "service_code": string,
        "service_name": string,
        "description": string,
        "metadata": {"type": "boolean"},
        "type": {"const": "realtime"},
        "keywords": string,
        "group": string,
    }
    request = {
        "service_request_id": string,
        "status": {"enum": ["open", "closed"]},
        "status_notes": text,
        "service_name": string,
        "service_code": string,
        "description": text,
        "agency_responsible": string,
        "requested_datetime": when,
        "updated_datetime": when,
        "expected_datetime": when,
        "address": text,
        "address_id": text,
    }
    receipt = {"service_request_id": string, "token": string, "service_notice": text, "account_id": text}
    tokens = {"service_request_id": string, "token": string}
    schemas = {
        "Service": _object(service),
        "Request": _object(request),
        "Receipt": _object(receipt),
        "Token": _object(tokens),
        "Error": _object({"code": number, "description": string}),
    }
    form = {"name": "format", "in": "path", "required": True, "schema": {"enum": list(FORMATS)}}
    asked = [_query(name) for name in ("service_request_id", "service_code", "start_date", "end_date", "status")]
    filed = _object(
        {
            "api_key": string,
            "service_code": string,
            "description": {**string, "maxLength": 2000},
            "address_string": string,
            "address_id": {**string, "description": "a building's key"},
            "lat": string,
            "long": string,
        },
        required=["service_code", "description"],
    )
    one = {"name": "id", "in": "path", "required": True, "schema": string}
    return {
        "openapi": "3.1.0",
        "info": {"title": "Open311 GeoReport v2 of the student union", "version": "2"},
        "servers": [{"url": url}],
        "components": {
            "schemas": schemas,
            "securitySchemes": {"key": {"type": "apiKey", "in": "query", "name": "api_key"}},
        },
        "security": [{"key": []}],
        "paths": {
            "/services.{format}": {"get": _operation("services", "Service", "what can be reported", [form])},
            "/requests.{format}": {
                "get": _operation("requests", "Request", "requests, the newest first", [form, *asked]),
                "post": {
                    **_operation("file", "Receipt", "file a request", [form], 201, TOO_LARGE),
                    "requestBody": {
                        "required": True,
                        "content": {"application/x-www-form-urlencoded": {"schema": filed}},
                    },
                },
            },
            "/requests/{id}.{format}": {"get": _operation("request", "Request", "one request", [one, form])},
            "/tokens/{id}.{format}": {"get": _operation("token", "Token", "the number behind a token", [one, form])},
        },
    }


def _object(properties: dict[str, Any], required: Sequence[str] = ()) -> dict[str, Any]:
    return {"type": "object", "properties": properties, **({"required": list(required)} if required else {})}


def _query(name: str) -> dict[str, Any]:
    return {"name": name, "in": "query", "schema": {"type": "string"}}


WRONG = {
    400: "something is missing or wrong",
    403: "the key is missing or wrong",
    404: "there is no such number, token or format",
    429: "too many requests",
    503: "try again in a moment",
}
TOO_LARGE = {413: "the request is too large"}


def _operation(
    name: str, schema: str, summary: str, parameters: Sequence[Any], status: int = 200, more: Mapping[int, str] = {}
) -> dict[str, Any]:
    def said(which: str, words: str) -> dict[str, Any]:
        listed = {"type": "array", "items": {"$ref": f"#/components/schemas/{which}"}}
        return {"description": words, "content": {"application/json": {"schema": listed}, "text/xml": {}}}

    wrong = {str(code): said("Error", why) for code, why in {**WRONG, **more}.items()}
    return {
        "operationId": name,
        "summary": summary,
        "parameters": list(parameters),
        "responses": {str(status): said(schema, summary), **wrong},
    }
