"""Who may do what in which state: the whole product."""

from __future__ import annotations

import itertools
from datetime import datetime

import pytest

from bot import keyboards
from bot.texts import read
from handlers.staff import cards, more
from models import answering, asking, people, permissions
from models.database import Database
from models.errors import Refusal
from models.lifecycle import TRANSITIONS, Action, State
from models.people import Role
from models.permissions import MAY, Deed, Who
from models.tickets import Ticket
from tests.house import HOUSE, draft, furnish, staff, student
from tests.permissions import PAGE, page

TEXTS = read("en")

SPELLED_OUT: dict[Who, str] = {
    Who.STRANGER: "file join report survey comment volunteer project_bid",
    Who.REQUESTER: "file report survey comment view add take_back urge withdraw confirm rate reopen volunteer "
    "project_bid",
    Who.HERE: "claim release assign answer ask note edit retract resend history transfer resolve reopen merge "
    "unmerge split priority tag project projects major list look figures walkin canned roster swap_answer sign code",
    Who.FIRST: "answer note edit retract resend history recall resolve priority tag project projects major look "
    "figures canned roster code",
    Who.OFFERED: "note edit history accept return tag projects look figures canned roster code",
    Who.ELSEWHERE: "projects figures canned roster code",
    Who.LEAD: "mute reassign retract_anothers canned_write roster_write swap mode poll_here quiz_here study_here "
    "volunteers_here",
    Who.ADMIN: "mute reassign setup canned_write roster_write swap mode code_new volunteers_here",
    Who.OFFICE: "list_all look figures_all faq_stats publications publication_read board comments disclosure posts "
    "project_run",
    Who.PRESIDIUM: "poll quiz surveys evaluate audit export block lift roles give publish board study convene "
    "volunteers volunteers_lead work_reports work_reports_write project_award posts posts_write exchange",
    Who.ABOVE: "roles projects figures figures_all canned roster code publications board disclosure posts work_reports",
    Who.SUPERVISOR: "major_decide report_handle report_room lift give_above publication_approve comments",
    Who.READER: "major_receive",
    Who.REPORTER: "report_follow",
    Who.CONFIDANT: "report_handle",
    Who.ON_DUTY: "swap",
    Who.ASKED: "swap_answer sign exchange",
    Who.EVALUATED: "evaluated",
    Who.CONVENER: "convene volunteers_lead",
    Who.CALLED: "attend",
    Who.REVIEWER: "review",
    Who.UNDERTAKER: "undertake",
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
    assert permissions.may(Deed.REASSIGN, at_home)
    assert not permissions.may(Deed.REASSIGN, away)


async def test_being_in_the_supervisors_group_makes_nobody_a_supervisor(database: Database, now: datetime) -> None:
    """The role is granted by name, and it counts in that group only."""
    async with database.transaction() as session:
        desks = await furnish(session)
        wang, sun = await staff(session), await staff(session, 2, "Sun")
        await people.grant(session, Role.SUPERVISOR, sun.telegram_id, given_by=1, now=now)
        found = {
            (who.name, key): Who.SUPERVISOR in await permissions.standing(session, who, desks[key], None)
            for who in (wang, sun)
            for key in ("supervisors", "east")
        }
    assert [each for each, yes in found.items() if yes] == [("Sun", "supervisors")]


def test_the_printed_page_is_as_new_as_the_tables() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(), "run `python -m tests.permissions --write`"


def test_every_button_of_a_card_is_about_something() -> None:
    """What a card offers the handlers know, and the second keyboard likewise."""
    assert {act for act, _ in keyboards.MORE} <= set(more.DEEDS)
    assert all(more.DEEDS[act] is deed for act, deed in keyboards.MORE)
    for act in cards.DEEDS:
        assert f"desk.{act}" in TEXTS or act == "cluster"
