"""What stands open to the network is called as its own description says, and as it does not: Open311 by
`/open311/openapi.json`, the webhook by `docs/webhook.json`. schemathesis makes the calls and holds each answer to the
description; the program answers over real HTTP, on a real database.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Collection
from datetime import datetime
from typing import Any

import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, settings
from hypothesis import given as tried_with
from hypothesis import strategies as st
from openapi_spec_validator import validate
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)
from yarl import URL

from bot.web import SECRET_HEADER, WEBHOOK_PATH
from models.database import Database
from models.inbox import Incoming
from models.tickets import Ticket
from tests.bot.test_open311 import SECRET, Caller, calling
from tests.security.attacked import ROOT

on_sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
WEBHOOK = json.loads((ROOT / "docs" / "webhook.json").read_text("utf-8"))
ENOUGH = {"requests_a_minute": 10**9}
"""How many a minute is tested elsewhere; here it would be all that is ever answered."""
CHECKS: list[Any] = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
GOOD = {
    "service_code": ["water", "internet"],
    "description": ["The tap drips", "<b>&\u202e\ufffe"],
    "address_id": ["e1"],
    "address_string": ["East 2", "=1+1"],
    "status": ["open", "closed", "open,closed"],
    "start_date": ["2026-10-12T00:00:00Z", "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00"],
    "end_date": ["2026-10-12T00:00:00Z", "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00"],
    "service_request_id": ["1", "1,2", "999999999999999"],
    "lat": ["39.9", "nan", "1e999"],
    "long": ["116.3", "-inf"],
}
"""What gets further than noise does; and what only just is what it should be."""


Prepare = Callable[[Any, st.DataObject], None]


def calls(
    url: str, described: dict[str, Any], base: str, examples: int, prepare: Prepare, only: Collection[str] = ()
) -> int:
    """Call every operation, or `only` those of these names, so many times, half of them as described; returns how many
    calls were answered well.
    """
    schema = schemathesis.openapi.from_dict(described)
    well = 0
    with requests.Session() as session:
        for found in schema.get_all_operations():
            operation: Any = found.ok()  # type: ignore[union-attr]
            if only and operation.definition.raw["operationId"] not in only:
                continue
            made = st.one_of(*(operation.as_strategy(generation_mode=mode) for mode in GenerationMode))

            @settings(
                max_examples=examples,
                deadline=None,
                database=None,
                derandomize=examples < 100,
                print_blob=True,
                suppress_health_check=list(HealthCheck),
            )
            @tried_with(made, st.data())
            def call(case: Any, data: st.DataObject) -> None:
                nonlocal well
                prepare(case, data)
                answer = case.call(base_url=url + base, session=session)
                case.validate_response(answer, checks=CHECKS)
                well += answer.status_code < 300

            call()
    return well


def as_a_campus_system(case: Any, data: st.DataObject) -> None:
    """Half of the calls with the key, in a format that there is, and with values that are right or only just."""
    right = data.draw(st.booleans(), label="right")
    chosen = {name: data.draw(st.sampled_from(values), label=name) for name, values in GOOD.items()}
    posted = case.method == "POST"
    given = case.body if posted else case.query
    part = dict(given) if isinstance(given, dict) else {}
    names = chosen.keys() if posted and right else part.keys() & chosen.keys()
    part.update({name: chosen[name] for name in names})
    if posted:
        case.body = part
    else:
        case.query = part
    if right:
        case.path_parameters = {**(case.path_parameters or {}), "format": data.draw(st.sampled_from(["json", "xml"]))}
    if right or data.draw(st.booleans(), label="with the key"):
        case.query = {**(case.query if isinstance(case.query, dict) else {}), "api_key": SECRET}


async def described(caller: Caller) -> dict[str, Any]:
    """What the program says of itself."""
    async with caller.http.get(f"{caller.url}/open311/openapi.json") as answer:
        found: dict[str, Any] = await answer.json()
        return found


async def _open311(database: Database, now: datetime, examples: int, only: Collection[str] = ()) -> None:
    async with calling(database, now, **ENOUGH) as caller:
        page = await described(caller)
        base = page["servers"][0]["url"]
        well = await asyncio.to_thread(calls, caller.url, page, base, examples, as_a_campus_system, only)
        assert well, "no call was ever answered: everything would be refused for the same reason"
        async with database.reading() as session:
            assert (await session.execute(Ticket.__table__.select())).first(), "nor was anything ever filed"


async def _webhook(database: Database, now: datetime, examples: int) -> None:
    async with calling(database, now, **ENOUGH) as caller:

        def as_telegram(case: Any, data: st.DataObject) -> None:
            if data.draw(st.integers(0, 4), label="with the secret"):
                case.headers = {**(case.headers or {}), SECRET_HEADER: caller.secret}

        well = await asyncio.to_thread(calls, caller.url, WEBHOOK, "", examples, as_telegram)
        assert well
        async with database.reading() as session:
            assert (await session.execute(Incoming.__table__.select())).first()


@pytest.mark.rehearsal
@on_sqlite
async def test_open311_answers_as_it_describes_itself(database: Database, now: datetime) -> None:
    await _open311(database, now, 6, ["file", "requests"])


@on_sqlite
async def test_the_webhook_answers_as_it_is_described(database: Database, now: datetime) -> None:
    await _webhook(database, now, 15)


FILED, STORED = "/open311/v2/requests.json", WEBHOOK_PATH
FORM = "application/x-www-form-urlencoded"
BODIES: list[tuple[str, str, bytes]] = [
    (FILED, FORM, b"description=%ff%fe&service_code=water"),
    (FILED, FORM, b"description=%ed%a0%bd&service_code=water&address_id=e1"),
    (FILED, FORM, b"\xff\xfe=\x00&&==%&%zz"),
    (FILED, f"{FORM}; charset=utf-16", b"description=x&service_code=water"),
    (FILED, f"{FORM}; charset=nothing", b"description=x&service_code=water"),
    (FILED, "multipart/form-data", b"--x\r\n\r\n"),
    (FILED, "multipart/form-data; boundary=x", b"--x"),
    (FILED, "multipart/form-data; boundary=x", b"--y\r\n\r\nwords\r\n--y--"),
    (FILED, "multipart/form-data; boundary=x", b"--x\r\nContent-Disposition: form-data\r\n\r\nwords\r\n--x--\r\n"),
    (FILED, "multipart/form-data; boundary=x", b"--x\r\nContent-Transfer-Encoding: odd\r\n\r\nwords\r\n--x--\r\n"),
    (
        FILED,
        "multipart/form-data; boundary=x",
        b'--x\r\nContent-Disposition: form-data; name="api_key"; filename="f"\r\n\r\n\r\n--x--',
    ),
    (
        FILED,
        "multipart/mixed; boundary=x",
        b"--x\r\nContent-Type: multipart/mixed; boundary=y\r\n\r\n--y\r\n\r\n--y--\r\n--x--\r\n",
    ),
    (FILED, "\t;;;==", b"x"),
    (STORED, "application/json; charset=nothing", b"{}"),
    (STORED, "application/json; charset=utf-16", b"{}"),
    (STORED, "application/json; charset=rot13", b"{}"),
    (STORED, "application/json; charset=base64", b"{}"),
    (STORED, "application/json", b"\xff\xfe{}"),
    (STORED, "application/json", b'{"update_id": ' + b"9" * 5_000 + b"}"),
    (STORED, "application/json", b'{"update_id": 1e999, "message": NaN}'),
    (STORED, "application/json", b'{"\\ud800": "\\ud800\\u0000"}'),
    (STORED, "multipart/form-data; boundary=x", b"--x"),
]


@on_sqlite
async def test_bytes_that_no_client_sends_are_no_server_error(database: Database, now: datetime) -> None:
    async with calling(database, now, **ENOUGH) as caller:
        for path, kind, body in BODIES:
            right = {SECRET_HEADER: caller.secret, "Content-Type": kind}
            async with caller.http.post(f"{caller.url}{path}?api_key={SECRET}", data=body, headers=right) as answer:
                assert answer.status < 500, (path, kind, body, await answer.text())
        for path in ("/requests/%ff.json", "/requests/1.%00", "/tokens/%ed%a0%bd.json", "/requests.json?status=%ff"):
            for end in ("", f"{'&' if '?' in path else '?'}api_key=%ed%a0%bd%ff"):
                where = URL(f"{caller.url}/open311/v2{path}{end}", encoded=True)
                async with caller.http.get(where) as answer:
                    assert answer.status < 500, (path, end)


@on_sqlite
async def test_a_secret_of_strange_bytes_is_a_wrong_secret(database: Database, now: datetime) -> None:
    async with calling(database, now, **ENOUGH) as caller:
        host, port = caller.url.removeprefix("http://").split(":")
        for secret in (b"\xff\xfe", "钥匙".encode(), b"\xed\xa0\xbd", b"x" * 7_000):
            reader, writer = await asyncio.open_connection(host, int(port))
            head = f"POST {STORED} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 2\r\n{SECRET_HEADER}: "
            writer.write(head.encode() + secret + b"\r\n\r\n{}")
            answer = await asyncio.wait_for(reader.read(), 20)
            writer.close()
            assert answer.split(b" ")[1] == b"401", (secret, answer)


@pytest.mark.long
@pytest.mark.timeout(3600)
async def test_open311_is_called_in_every_way(database: Database, now: datetime) -> None:
    await _open311(database, now, 2_000)


@pytest.mark.long
@pytest.mark.timeout(3600)
async def test_the_webhook_is_called_in_every_way(database: Database, now: datetime) -> None:
    await _webhook(database, now, 4_000)


def test_the_webhook_s_description_is_valid_and_says_what_the_code_does() -> None:
    validate(WEBHOOK)
    assert list(WEBHOOK["paths"]) == [WEBHOOK_PATH]
    assert WEBHOOK["components"]["securitySchemes"]["secret"]["name"] == SECRET_HEADER
