"""Open311 GeoReport v2: campus systems read how tickets stand and file new ones, with a key (`[open311]`, off by
default).

    GET  /open311/openapi.json                     this, described
    GET  /open311/v2/services.{json,xml}           categories
    GET  /open311/v2/requests.{json,xml}           ?service_request_id=&service_code=&start_date=&end_date=&status=
    GET  /open311/v2/requests/{number}.{json,xml}
    POST /open311/v2/requests.{json,xml}           service_code, description, address_string or address_id, api_key
    GET  /open311/v2/tokens/{token}.{json,xml}

What is filed here has no person: names, addresses and pictures that come along are not kept, and no address is ever
fetched. What is read is a number, a category, a building and how far it is, its moments to the hour: beside a building
the minute might be a name.
"""

from __future__ import annotations

import hmac
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

import structlog
from aiohttp import web
from sqlalchemy.exc import DBAPIError

from bot.toolbox import Clock, Toolbox
from bot.untrusted import for_xml, inline, units, verbatim
from bot.web.geo_report import BASE, FORMATS, Mistake, Record, answer, description, moment, refusal
from models import reports
from models.database import Database
from models.lifecycle import Kind

log = structlog.get_logger()

MOST_BYTES = 64 * 1024
LONGEST = 2000
"""In Telegram's units: so much stands on a card."""
LONGEST_ADDRESS = 200
LOOKS_BACK = timedelta(days=90)
"""What is shown when no period is asked for, as the standard has it."""
MINUTE = 60.0

Answering = Callable[[web.Request, str], Awaitable[web.Response]]


class Window:
    """So many in any minute, and no more."""

    def __init__(self, most: int, elapsed: Callable[[], float]) -> None:
        self._most, self._elapsed = most, elapsed
        self._since, self._count = elapsed(), 0

    def lets_in(self) -> bool:
        """Whether there is room for one more now."""
        at = self._elapsed()
        if at - self._since >= MINUTE:
            self._since, self._count = at, 0
        self._count += 1
        return self._count <= self._most


class Reports:
    """The endpoints; `committed` is called when there is something to say."""

    def __init__(
        self,
        database: Database,
        toolbox: Toolbox,
        clock: Clock,
        elapsed: Callable[[], float],
        committed: Callable[[], None],
    ) -> None:
        self._database, self._toolbox = database, toolbox
        self._settings, self._section = toolbox.settings, toolbox.settings.open311
        self._vault = toolbox.house.vault
        self._clock, self._committed = clock, committed
        self._window = Window(self._section.requests_a_minute, elapsed)
        self._t = toolbox.t(None)

    def register(self, app: web.Application) -> None:
        """Put the routes into the application."""
        add = app.router
        add.add_get("/open311/openapi.json", self._described)
        add.add_get(BASE + "/services.{format}", self._guarded(self._services))
        add.add_get(BASE + "/requests.{format}", self._guarded(self._requests))
        add.add_post(BASE + "/requests.{format}", self._guarded(self._file))
        add.add_get(BASE + "/requests/{id}.{format}", self._guarded(self._request))
        add.add_get(BASE + "/tokens/{id}.{format}", self._guarded(self._token))

    def _guarded(self, answering: Answering) -> Callable[[web.Request], Awaitable[web.Response]]:
        """Around every answer: how often, in which format, and what is wrong in the standard's own form."""

        async def handle(request: web.Request) -> web.Response:
            form = request.match_info["format"]
            try:
                if form not in FORMATS:
                    raise Mistake(404, "the format is json or xml")
                if not self._window.lets_in():
                    raise Mistake(429, "too many requests; wait a minute")
                return await answering(request, form)
            except Mistake as mistake:
                return refusal(form, mistake)
            except web.HTTPRequestEntityTooLarge:
                return refusal(form, Mistake(413, "the request is too large"))
            except DBAPIError as error:
                log.error("a campus system could not be answered", why=type(error).__name__)
                return refusal(form, Mistake(503, "try again in a moment"))

        return handle

    def _must_know(self, given: Mapping[str, Any], *, reading: bool) -> None:
        """Whoever asks has the key; reading is everybody's where config.toml says so."""
        if reading and self._section.public:
            return
        key = self._section.key.get_secret_value()
        said = str(given.get("api_key", "")).encode(errors="surrogatepass")
        if not key or not hmac.compare_digest(said, key.encode()):
            raise Mistake(403, "api_key is missing or wrong")

    async def _described(self, request: web.Request) -> web.Response:
        return web.json_response(description(BASE))

    async def _services(self, request: web.Request, form: str) -> web.Response:
        self._must_know(request.query, reading=True)
        return answer(form, "services", "service", [self._service(key) for key in self._leaves()])

    def _leaves(self) -> list[str]:
        """The categories that a ticket can be about: those below which there is nothing more."""
        settings = self._settings
        return [k for k in settings.category_keys() if not any(settings.categories_for(kind, k) for kind in Kind)]

    def _service(self, key: str) -> Record:
        path = self._t.pick(self._settings.category_path(key))
        return {
            "service_code": key,
            "service_name": self._t.pick(self._settings.category_names(key)),
            "description": path,
            "metadata": False,
            "type": "realtime",
            "keywords": "",
            "group": path.split(" › ", 1)[0],
        }

    # ------------------------------------------------------------ reading

    async def _requests(self, request: web.Request, form: str) -> web.Response:
        self._must_know(request.query, reading=True)
        query = request.query
        numbers = [_number(each) for each in _listed(query.get("service_request_id"))]
        begin = moment(query["start_date"], "start_date") if "start_date" in query else None
        end = moment(query["end_date"], "end_date") if "end_date" in query else None
        if not numbers and begin is None:
            begin = (end or self._clock()) - LOOKS_BACK
        states = _listed(query.get("status"))
        if set(states) - {"open", "closed"}:
            raise Mistake(400, "status is open or closed")
        closed = None if len(set(states)) != 1 else states[0] == "closed"
        async with self._database.reading() as session:
            rows = await reports.published(
                session,
                numbers=numbers,
                categories=_listed(query.get("service_code")),
                begin=None if numbers else begin,
                end=None if numbers else end,
                closed=closed,
            )
        return answer(form, "service_requests", "request", [self._shown(row) for row in rows])

    async def _request(self, request: web.Request, form: str) -> web.Response:
        self._must_know(request.query, reading=True)
        async with self._database.reading() as session:
            rows = await reports.published(session, numbers=[_number(request.match_info["id"])])
        if not rows:
            raise Mistake(404, "there is no such service_request_id")
        return answer(form, "service_requests", "request", [self._shown(row) for row in rows])

    def _shown(self, row: Any) -> Record:
        t, settings = self._t, self._settings
        closed = row.state in reports.CLOSED
        moments = (row.filed_at, row.replied_at, row.resolved_at, row.closed_at)
        # The words of whoever gave no name are nobody's but the station's.
        words = inline(row.subject, LONGEST) or None if self._section.include_words and row.named else None
        return {
            "service_request_id": str(row.id),
            "status": "closed" if closed else "open",
            "status_notes": None,
            "service_name": t.pick(settings.category_names(row.category)),
            "service_code": row.category,
            "description": words,
            "agency_responsible": t.pick(row.station),
            "requested_datetime": self._hour(row.filed_at),
            "updated_datetime": self._hour(max(at for at in moments if at is not None)),
            "expected_datetime": self._hour(row.resolve_due) if row.resolve_due and not closed else None,
            "address": t.pick(settings.building_names(row.building)) if row.building else None,
            "address_id": row.building,
        }

    def _hour(self, at: datetime) -> str:
        return at.astimezone(self._settings.timezone).replace(minute=0, second=0, microsecond=0).isoformat()

    # ------------------------------------------------------------ filing

    async def _file(self, request: web.Request, form: str) -> web.Response:
        if (request.content_length or 0) > MOST_BYTES:
            raise Mistake(413, "the request is too large")
        given = {**request.query, **await _form(request)}
        self._must_know(given, reading=False)
        category, text = given.get("service_code", ""), verbatim(given.get("description", ""))
        if category not in self._leaves():
            raise Mistake(400, "service_code is missing or none of services.json")
        if not text:
            raise Mistake(400, "description is missing")
        building, elsewhere = self._building(given)
        if elsewhere:
            text = f"{text}\n({elsewhere})"
        if units(text) > LONGEST:
            raise Mistake(400, f"description is longer than {LONGEST} characters")
        kind = next(kind for kind in Kind if self._settings.category_takes(category, kind))
        async with self._database.transaction() as session:
            ticket = await reports.file(session, kind, category, building, text, self._toolbox.house, self._clock())
        self._committed()
        receipt = {
            "service_request_id": str(ticket.id),
            "token": reports.token(self._vault, ticket.id),
            "service_notice": "No personal data was kept; ask for the status by service_request_id.",
            "account_id": None,
        }
        return answer(form, "service_requests", "request", [receipt], 201)

    def _building(self, given: Mapping[str, str]) -> tuple[str | None, str]:
        """The building that is meant, and what was said of the place where it is none of ours. Raises Mistake when
        there is no place at all.
        """
        settings = self._settings
        if key := given.get("address_id", ""):
            if key not in settings.building_keys():
                raise Mistake(400, f"address_id is none of {', '.join(settings.building_keys())}")
            return key, ""
        address = inline(given.get("address_string", ""), LONGEST_ADDRESS)
        for key in settings.building_keys():
            if address and address in settings.building_names(key).values():
                return key, ""
        if not address and given.get("lat") and given.get("long"):
            address = f"{_degrees(given['lat'])}, {_degrees(given['long'])}"
        if not address:
            raise Mistake(400, "address_string, address_id or lat and long is missing")
        return None, address

    async def _token(self, request: web.Request, form: str) -> web.Response:
        self._must_know(request.query, reading=True)
        given = request.match_info["id"]
        number = reports.number_of(self._vault, given)
        if number is None:
            raise Mistake(404, "there is no such token")
        found = [{"service_request_id": str(number), "token": given}]
        return answer(form, "service_requests", "request", found)


async def _form(request: web.Request) -> dict[str, str]:
    """What was filled in. Raises Mistake when it cannot be read as the kind of form that it says it is."""
    try:
        return {name: value for name, value in (await request.post()).items() if isinstance(value, str)}
    except (ValueError, LookupError, RuntimeError):
        # A boundary that is not there, an unknown charset, a part in an encoding that no form has.
        raise Mistake(400, "the form cannot be read; send application/x-www-form-urlencoded in UTF-8") from None


def _listed(text: str | None) -> list[str]:
    return [part.strip() for part in for_xml(text or "").split(",") if part.strip()]


def _number(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 16):
        raise Mistake(400, "service_request_id is a number, or several with commas between them")
    return int(text)


def _degrees(text: str) -> str:
    try:
        return f"{float(text):.5f}"
    except ValueError:
        raise Mistake(400, "lat and long are degrees, for example 39.90420") from None
