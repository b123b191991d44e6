"""Open311 GeoReport v2: campus systems file and read with a key, and read nothing of a person."""

from __future__ import annotations

import base64
import contextlib
import tomllib
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from typing import Any
from xml.etree import ElementTree

import aiohttp
import pytest
from openapi_spec_validator import validate
from sqlalchemy import select

from bot import cards, config
from bot.app import house_of
from bot.inbox import Intake
from bot.texts import Catalogue
from bot.toolbox import Toolbox
from bot.web import Web
from bot.web.geo_report import BASE
from bot.web.open311 import Reports
from models import answering, asking, requesters, tickets
from models.database import Database
from models.outbox import Outgoing
from models.requesters import Requester
from tests.campus import EXAMPLE, TOKEN
from tests.house import HOUSE, KEY, draft, furnish, staff, student

SECRET = "k" * 32
NEW = {"service_code": "water", "description": "The tap drips", "address_string": "East 2", "api_key": SECRET}


class Caller:
    """Another system that calls."""

    def __init__(self, url: str, http: aiohttp.ClientSession, toolbox: Toolbox, elapsed: list[float]) -> None:
        self.url, self.http, self.toolbox, self.elapsed = url, http, toolbox, elapsed
        self.committed = 0
        self.secret = toolbox.settings.webhook_secret()

    async def gets(self, path: str, key: str = SECRET, **query: str) -> tuple[int, Any]:
        params = {**query, **({"api_key": key} if key else {})}
        async with self.http.get(f"{self.url}{BASE}{path}", params=params) as answer:
            return answer.status, await (answer.json() if "json" in answer.content_type else answer.text())

    async def posts(self, path: str = "/requests.json", **changes: str) -> tuple[int, Any]:
        form = {name: value for name, value in {**NEW, **changes}.items() if value}
        async with self.http.post(f"{self.url}{BASE}{path}", data=form) as answer:
            return answer.status, await (answer.json() if "json" in answer.content_type else answer.text())


@contextlib.asynccontextmanager
async def calling(database: Database, now: datetime, **section: Any) -> AsyncIterator[Caller]:
    data = tomllib.loads(EXAMPLE.read_text(encoding="utf-8"))
    data["open311"] = {"enabled": True, **section}
    data["telegram"] |= {"listen": "127.0.0.1:0", "mode": "webhook", "webhook_url": "https://union.example"}
    data["union"]["languages"] = ["en", "zh-hans"]
    key = base64.urlsafe_b64encode(KEY).decode().rstrip("=")
    chosen = config.build(data, config.Secrets(TOKEN, key).environment() | {"UNIONBOT_OPEN311_KEY": SECRET})
    toolbox = Toolbox(chosen, house_of(chosen), Catalogue.load(chosen.timezone))
    async with database.transaction() as session:
        await furnish(session)
    elapsed = [0.0]

    def committed() -> None:
        caller.committed += 1

    reports = Reports(database, toolbox, lambda: now, lambda: elapsed[0], committed)
    intake = Intake(database, 700000, HOUSE.vault, lambda: now, lambda: None)
    async with Web(chosen, intake, database, reports) as web, aiohttp.ClientSession() as http:
        caller = Caller(web.address, http, toolbox, elapsed)
        yield caller


async def test_what_is_posted_becomes_a_ticket_without_a_person(database: Database, now: datetime) -> None:
    async with calling(database, now) as caller:
        status, (receipt,) = await caller.posts(first_name="Alice", phone="13800000000", email="a@b.c")
        assert status == 201
        assert caller.committed == 1
        number = int(receipt["service_request_id"])
        _, (found,) = await caller.gets(f"/tokens/{receipt['token']}.json")
        assert found["service_request_id"] == str(number)
        status, _ = await caller.gets(f"/tokens/{number}-{'0' * 20}.json")
        assert status == 404
        async with database.transaction() as session:
            ticket = await tickets.get(session, number)
            place = (await requesters.waiting.about(session, number))[0]
            assert (place.person_id, place.salt, place.owner_tag, place.address) == (None, None, None, None)
            assert (ticket.building, ticket.category, ticket.kind.value) == ("e2", "water", "complaint")
            station = await tickets.station_of(session, ticket)
            assert station.key == "east"
            t = caller.toolbox.t("en")
            card = await cards.draw(session, ticket, station, t, caller.toolbox.settings, now)
            assert "Filed by a campus system" in card.text
            assert t.plain("card.anonymous") not in card.text
            assert "13800000000" not in card.text
            wang, content = await staff(session), {"type": "text", "text": "Coming"}
            await answering.answer(session, ticket, wang, content, HOUSE, now, (-1001, 7))
            await answering.resolve(session, ticket, wang, "done", HOUSE, now)
        async with database.reading() as session:
            private = (await session.scalars(select(Outgoing).where(Outgoing.requester_id.is_not(None)))).all()
            assert not private, "there is nobody to be told"
        _, (shown,) = await caller.gets(f"/requests/{number}.json")
        assert (shown["status"], shown["address"], shown["description"]) == ("closed", "East 2", None)


async def test_an_anonymous_student_s_card_still_says_so(database: Database, now: datetime) -> None:
    async with calling(database, now) as caller, database.transaction() as session:
        ticket = await asking.file(session, draft(anonymous=True), await student(session), HOUSE, now)
        await requesters.destroy_keys(session, [ticket.id])
        t, station = caller.toolbox.t("en"), await tickets.station_of(session, ticket)
        card = await cards.draw(session, ticket, station, t, caller.toolbox.settings, now)
        assert "🕶 Anonymous " in card.text


async def test_what_is_published_names_nobody_and_no_minute(database: Database, now: datetime) -> None:
    at = now + timedelta(minutes=17)
    async with calling(database, now) as caller:
        async with database.transaction() as session:
            alice = await student(session)
            named = await asking.file(session, draft(), alice, HOUSE, at)
            hidden = await asking.file(session, draft("I am Bob", anonymous=True), alice, HOUSE, at)
        _, found = await caller.gets("/requests.json")
        assert [each["service_request_id"] for each in found] == [str(hidden.id), str(named.id)]
        assert found[1]["requested_datetime"] == "2026-10-12T09:00:00+08:00"
        assert found[1]["agency_responsible"] == "East Station"
        for trace in ("Alice", "Bob", "drips", ":17", ":47"):
            assert trace not in str(found)
    async with calling(database, now, include_words=True) as caller:
        _, found = await caller.gets("/requests.json")
        assert [each["description"] for each in found] == [None, "The tap in the bathroom drips all night"]


async def test_requests_are_found_by_number_service_status_and_period(database: Database, now: datetime) -> None:
    async with calling(database, now) as caller:
        async with database.transaction() as session:
            alice = await student(session)
            old = await asking.file(session, draft(), alice, HOUSE, now - timedelta(days=100))
            new = await asking.file(session, draft(category="internet"), alice, HOUSE, now)
            done = await asking.file(session, draft(), alice, HOUSE, now)
            await answering.resolve(session, done, await staff(session), "done", HOUSE, now)

        async def numbers(**query: str) -> list[int]:
            return [int(each["service_request_id"]) for each in (await caller.gets("/requests.json", **query))[1]]

        assert await numbers() == [done.id, new.id], "of the last ninety days"
        assert await numbers(service_request_id=f"{old.id},{done.id}") == [done.id, old.id]
        assert await numbers(service_code="internet") == [new.id]
        assert await numbers(status="closed") == [done.id]
        assert await numbers(status="open,closed") == [done.id, new.id]
        assert await numbers(start_date="2026-01-01T00:00:00Z", end_date="2026-10-01T00:00:00Z") == [old.id]


@pytest.mark.parametrize(
    ("changes", "status", "words"),
    [
        pytest.param({"api_key": ""}, 403, "api_key", id="no key"),
        pytest.param({"api_key": "k" * 31}, 403, "api_key", id="another key"),
        pytest.param({"service_code": ""}, 400, "service_code", id="no service"),
        pytest.param({"service_code": "repairs"}, 400, "service_code", id="a service that has others below"),
        pytest.param({"description": ""}, 400, "description", id="no words"),
        pytest.param({"description": "x" * 2001}, 400, "longer", id="too many words"),
        pytest.param({"address_string": ""}, 400, "address_string", id="no place"),
        pytest.param({"address_id": "e9"}, 400, "e1", id="no such building"),
        pytest.param({"address_string": "", "lat": "north", "long": "1"}, 400, "degrees", id="no degrees"),
        pytest.param({"media_url": "x" * 70_000}, 413, "too large", id="too large"),
    ],
)
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_a_mistake_is_answered_in_the_standard_s_form(
    database: Database, now: datetime, changes: dict[str, str], status: int, words: str
) -> None:
    async with calling(database, now) as caller:
        got, (error,) = await caller.posts(**changes)
        assert (got, error["code"]) == (status, status)
        assert words in error["description"]
        got, text = await caller.posts("/requests.xml", **changes)
        assert ElementTree.fromstring(text).findtext("error/code") == str(status)
        async with database.reading() as session:
            assert not (await session.scalars(select(Requester))).all()


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_reading_needs_the_key_unless_it_is_public_and_filing_always_does(
    database: Database, now: datetime
) -> None:
    async with calling(database, now) as caller:
        assert (await caller.gets("/requests.json", key=""))[0] == 403
        assert (await caller.gets("/services.json", key=""))[0] == 403
    async with calling(database, now, public=True) as caller:
        assert (await caller.gets("/requests.json", key=""))[0] == 200
        assert (await caller.posts(api_key=""))[0] == 403


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_services_errors_and_xml(database: Database, now: datetime) -> None:
    async with calling(database, now) as caller:
        _, services = await caller.gets("/services.json")
        codes = [each["service_code"] for each in services]
        assert "water" in codes
        assert "repairs" not in codes
        _, text = await caller.gets("/services.xml")
        assert [e.text for e in ElementTree.fromstring(text).iterfind("service/service_code")] == codes
        status, text = await caller.posts("/requests.xml", address_string="Behind <the> library")
        number = ElementTree.fromstring(text).findtext("request/service_request_id")
        assert (status, number) == (201, "1")
        for path in ("/requests/99.json", "/requests/1.csv", "/tokens/x.json"):
            assert (await caller.gets(path))[0] == 404
        for query in ({"start_date": "yesterday"}, {"status": "new"}, {"service_request_id": "x"}):
            assert (await caller.gets("/requests.json", **query))[0] == 400


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_so_many_in_a_minute_and_no_more(database: Database, now: datetime) -> None:
    async with calling(database, now, requests_a_minute=2) as caller:
        assert [(await caller.gets("/services.json"))[0] for _ in range(3)] == [200, 200, 429]
        caller.elapsed[0] = 60.0
        assert (await caller.gets("/services.json"))[0] == 200


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_its_description_is_valid_and_names_every_address(database: Database, now: datetime) -> None:
    async with calling(database, now) as caller:
        async with caller.http.get(f"{caller.url}/open311/openapi.json") as answer:
            described = await answer.json()
        validate(described)
        assert described["openapi"].startswith("3.1")
        assert set(described["paths"]["/requests.{format}"]) == {"get", "post"}
        assert len(described["paths"]) == 4
