"""Who may do what in which state: the whole product, and that nothing is done without asking."""

from __future__ import annotations

import ast
import itertools
from datetime import datetime
from pathlib import Path

import pytest

from bot import keyboards
from bot.texts import read
from handlers.staff import cards, more
from models import answering, asking, people, permissions, stations
from models.database import Database
from models.errors import Refusal
from models.lifecycle import TRANSITIONS, Action, State
from models.people import Role
from models.permissions import MAY, Deed, Who
from models.stations import Desk, Station
from models.tickets import Ticket
from tests.house import HOUSE, draft, furnish, staff, student
from tests.permissions import PAGE, page

TEXTS = read("en")
HANDLERS = Path(cards.__file__).parent

SPELLED_OUT: dict[Who, str] = {
    Who.STRANGER: "file join",
    Who.REQUESTER: "file view add take_back urge withdraw confirm rate reopen",
    Who.HERE: "claim release assign answer ask note edit retract resend history transfer resolve reopen merge unmerge "
    "split priority tag project projects major",
    Who.FIRST: "answer note edit retract resend history recall resolve priority tag project projects major",
    Who.OFFERED: "note edit history accept return tag projects",
    Who.ELSEWHERE: "projects",
    Who.LEAD: "mute reassign retract_anothers",
    Who.ADMIN: "mute reassign setup block lift roles",
    Who.SUPERVISOR: "lift roles",
    Who.TIME: "return close escalate hand_over",
}
"""The same table by heart, from the other side: whoever changes who may do what changes it here too."""


def a_ticket(state: State) -> Ticket:
    return Ticket(id=7, state=state, station_id=1, from_station_id=None)


def test_every_state_with_every_deed_and_every_role_is_decided_as_it_is_written() -> None:
    """The whole product; both questions together, as handlers ask them."""
    for state, deed, who in itertools.product(State, Deed, Who):
        ticket = a_ticket(state)
        allowed = deed in SPELLED_OUT[who].split()
        possible = deed.value not in {action.value for action in Action} or (state, Action(deed)) in TRANSITIONS
        try:
            permissions.must(deed, {who}, ticket)
            permissions.must_stand(deed, ticket)
        except Refusal as refusal:
            assert not (allowed and possible), f"{who} may {deed} when {state}"
            assert refusal.key in TEXTS, f"{who} {deed} {state}: nobody can read {refusal.key}"
        else:
            assert allowed, f"{who} may not {deed}"
            assert possible, f"nobody may {deed} when {state}"


def test_whoever_is_several_may_what_one_of_them_may() -> None:
    for deed in Deed:
        for one, other in itertools.combinations(Who, 2):
            assert permissions.may(deed, {one, other}) is not MAY[deed].isdisjoint({one, other})


def test_every_deed_has_its_line_and_nobody_who_may_nothing_is_forgotten() -> None:
    assert set(MAY) == set(Deed)
    assert set(SPELLED_OUT) == set(Who)
    assert all(MAY.values())


@pytest.mark.parametrize(
    ("state", "here", "there"),
    [(None, Who.HERE, Who.ELSEWHERE), ("offered", Who.FIRST, Who.OFFERED), ("accepted", Who.ELSEWHERE, Who.HERE)],
)
async def test_what_a_place_is_to_a_ticket_follows_its_way(
    database: Database, now: datetime, state: str | None, here: Who, there: Who
) -> None:
    async with database.transaction() as session:
        desks = await furnish(session)
        ticket = await asking.file(session, draft(), await student(session), HOUSE, now)
        wang = await staff(session)
        if state is not None:
            await answering.transfer(session, ticket, wang, desks["west"], "theirs", HOUSE, now)
        if state == "accepted":
            await answering.accept(session, ticket, wang, HOUSE, now)
        assert permissions.is_at(ticket, desks["east"]) is here
        assert permissions.is_at(ticket, desks["west"]) is there
        assert permissions.is_at(ticket, desks["office"]) is Who.ELSEWHERE


async def test_a_lead_leads_at_their_own_place_only(database: Database, now: datetime) -> None:
    async with database.transaction() as session:
        desks = await furnish(session)
        wang = await staff(session)
        await people.grant(session, Role.LEAD, wang.telegram_id, given_by=1, now=now, station_id=desks["east"].id)
        at_home = await permissions.standing(session, wang, desks["east"], None)
        away = await permissions.standing(session, wang, desks["west"], None)
        above = await permissions.standing(session, wang, await _supervisors(session), None)
    assert permissions.may(Deed.REASSIGN, at_home)
    assert not permissions.may(Deed.REASSIGN, away)
    assert Who.SUPERVISOR in above


async def _supervisors(session: object) -> Station:
    return next(p for p in await stations.open_desks(session) if p.desk is Desk.SUPERVISORS)  # type: ignore[arg-type]


def test_the_printed_page_is_as_new_as_the_tables() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(), "run `python -m tests.permissions --write`"


RULES = ("answering", "merging", "sorting", "retracting")
LOOKS = {"alike", "holders", "held", "last_of", "tagged"}
"""Functions of these modules that only look."""


@pytest.mark.parametrize("path", sorted(HANDLERS.glob("*.py")), ids=lambda path: path.name)
def test_no_handler_of_the_staff_acts_without_asking(path: Path) -> None:
    """Every function that calls a rule asks `may` itself, or is only called by one of this file that has asked."""
    functions = {
        node.name: node
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.AsyncFunctionDef)
    }
    called = {
        name: {ast.unparse(c.func) for c in ast.walk(f) if isinstance(c, ast.Call)} for name, f in functions.items()
    }
    asks = {name for name, calls in called.items() if calls & {"may", "may_here"}}
    for name, calls in called.items():
        acts = [
            each for each in calls if each.split(".")[0] in RULES and each.split(".")[-1] not in LOOKS and "." in each
        ]
        if not acts or name in asks:
            continue
        callers = {other for other, theirs in called.items() if name in theirs}
        assert callers, f"{path.name}: {name} does {acts} and asks nobody"
        assert callers <= asks, f"{path.name}: {name} does {acts}, and one of {callers} has not asked"


def test_every_button_of_a_card_is_about_something() -> None:
    """What a card offers the handlers know, and the second keyboard likewise."""
    assert {act for act, _ in keyboards.MORE} <= set(more.DEEDS)
    assert all(more.DEEDS[act] is deed for act, deed in keyboards.MORE)
    for act in cards.DEEDS:
        assert f"desk.{act}" in TEXTS or act == "cluster"
