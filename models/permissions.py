"""Who may do what: the one table that is asked before anything is done. What is not here nobody may.

Two questions stand before every deed. *Who* acts, says this table; *whether the ticket allows it as it stands*, says
the one in `lifecycle.py`. Handlers ask `must` with those that somebody is at this moment (in a group `standing`, alone
with the bot `alone`, to a sealed report `cases.standing`), and never decide themselves; `docs/permissions.md` is this
table printed (`python -m tests.permissions --write`).

A new command: a line in `Deed`, a line in `MAY`, and its handler asks `desk.may` (`handlers/staff/desk.py`).
"""

from __future__ import annotations

import enum
from collections.abc import Collection

from sqlalchemy.ext.asyncio import AsyncSession

from models import people
from models.errors import Refusal
from models.lifecycle import TRANSITIONS, Action, State
from models.people import Person, Role
from models.stations import Desk, Station
from models.tickets import Ticket


class Who(enum.StrEnum):
    """What somebody is to a ticket, or to a place, at the moment of acting."""

    STRANGER = "stranger"
    """A student who does not wait for this ticket, or somebody who is not in the group."""
    REQUESTER = "requester"
    HERE = "here"
    """In the group of the place that has the ticket."""
    FIRST = "first"
    """In the group of the place that has offered it to another and stays responsible (首接负责)."""
    OFFERED = "offered"
    """In the group of the place that it is offered to."""
    ELSEWHERE = "elsewhere"
    """In the group of a place that has nothing to do with it."""
    LEAD = "lead"
    """A lead of the place in whose group they act; besides what else they are."""
    ADMIN = "admin"
    """An admin of the union, in any group; besides what else they are."""
    OFFICE = "office"
    """In the office's group; besides what else they are."""
    PRESIDIUM = "presidium"
    """An admin of the union, in the office's group or alone with the bot; besides what else they are."""
    ABOVE = "above"
    """In the supervisors' group, named or not; besides what else they are."""
    SUPERVISOR = "supervisor"
    """Named as a supervisor, in the supervisors' group; besides what else they are."""
    READER = "reader"
    """Named as a report reader, alone with the bot."""
    REPORTER = "reporter"
    """Sent this sealed report, and is alone with the bot."""
    CONFIDANT = "confidant"
    """Stands in for the supervising teacher whom this sealed report is about, alone with the bot."""
    ON_DUTY = "on_duty"
    """Whose turn of duty it is."""
    ASKED = "asked"
    """Asked by name for a turn of duty, for their word at a handover or for an exchange of posts; or asks for one."""
    EVALUATED = "evaluated"
    """Whom a sheet of the staff evaluation is about, alone with the bot."""
    CONVENER = "convener"
    """Leads this study, training, meeting or other gathering, alone with the bot."""
    CALLED = "called"
    """It is for them."""
    REVIEWER = "reviewer"
    """Appointed to score the bids for this project and not recused, alone with the bot."""
    UNDERTAKER = "undertaker"
    """To whose bid this project was given, alone with the bot."""
    TIME = "time"


class Deed(enum.StrEnum):
    """Everything that is asked about. Those that bear the name of an `Action` also need a state that allows it."""

    FILE = "file"
    JOIN = "join"
    VIEW = "view"
    ADD = "add"
    TAKE_BACK = "take_back"
    URGE = "urge"
    WITHDRAW = "withdraw"
    CONFIRM = "confirm"
    RATE = "rate"
    REOPEN = "reopen"
    CLAIM = "claim"
    RELEASE = "release"
    ASSIGN = "assign"
    REASSIGN = "reassign"
    ANSWER = "answer"
    ASK = "ask"
    NOTE = "note"
    EDIT = "edit"
    RETRACT = "retract"
    RETRACT_ANOTHERS = "retract_anothers"
    RESEND = "resend"
    HISTORY = "history"
    TRANSFER = "transfer"
    ACCEPT = "accept"
    RETURN = "return"
    RECALL = "recall"
    RESOLVE = "resolve"
    MERGE = "merge"
    UNMERGE = "unmerge"
    SPLIT = "split"
    PRIORITY = "priority"
    TAG = "tag"
    PROJECT = "project"
    PROJECTS = "projects"
    PROJECT_RUN = "project_run"
    """Put projects on the open list, appoint reviewers, plan and accept milestones: /projects in the office."""
    PROJECT_AWARD = "project_award"
    """Give a project to a bidder, or stop it."""
    PROJECT_BID = "project_bid"
    """Read the open list and bid."""
    REVIEW = "review"
    """Score the bids."""
    UNDERTAKE = "undertake"
    """Show what was done."""
    MAJOR = "major"
    MAJOR_DECIDE = "major_decide"
    MAJOR_RECEIVE = "major_receive"
    REPORT = "report"
    """Send a sealed report about staff."""
    REPORT_FOLLOW = "report_follow"
    REPORT_HANDLE = "report_handle"
    """Read it, acknowledge it, ask back, note, close."""
    REPORT_ROOM = "report_room"
    """Say that only supervisors read in their group."""
    MUTE = "mute"
    BLOCK = "block"
    LIFT = "lift"
    """Decide an appeal against a mute or a block."""
    ROLES = "roles"
    """See who holds which role."""
    GIVE = "give"
    """Make leads and admins, and take it back."""
    GIVE_ABOVE = "give_above"
    """Make supervisors and report readers, and take it back."""
    LIST = "list"
    """/open, /overdue, /find: what one's own place has."""
    LIST_ALL = "list_all"
    """The same of every place."""
    LOOK = "look"
    """Have a card brought from a list."""
    FIGURES = "figures"
    FIGURES_ALL = "figures_all"
    WALKIN = "walkin"
    CANNED = "canned"
    CANNED_WRITE = "canned_write"
    ROSTER = "roster"
    ROSTER_WRITE = "roster_write"
    SWAP = "swap"
    """Offer a turn of duty to somebody, or put them on it."""
    SWAP_ANSWER = "swap_answer"
    SIGN = "sign"
    """Give one's word at a handover."""
    CODE = "code"
    CODE_NEW = "code_new"
    MODE = "mode"
    SETUP = "setup"
    POLL = "poll"
    """Ask everybody, or the groups of all stations."""
    POLL_HERE = "poll_here"
    """Ask the station's own group."""
    QUIZ = "quiz"
    """Have every group answer a quiz."""
    QUIZ_HERE = "quiz_here"
    """The same of the station's own group."""
    SURVEY = "survey"
    """Answer one that is open for them."""
    SURVEYS = "surveys"
    """Look after them: /survey."""
    EVALUATE = "evaluate"
    """Start the staff evaluation, read what has been answered, decide: /evaluation."""
    EVALUATED = "evaluated"
    """Read one's own sheet of it and answer."""
    COMMENT = "comment"
    """Say something about a disclosure."""
    COMMENTS = "comments"
    """Decide whether everybody may read it, and answer it."""
    DISCLOSURE = "disclosure"
    """See how the five headings stand: /disclosure."""
    STUDY = "study"
    """Plan and call study, training and meetings, and see who came: /study."""
    STUDY_HERE = "study_here"
    """The same of the station's own people; nobody is named there."""
    CONVENE = "convene"
    """Show the code that one signs in with, sign in by hand, accept excuses."""
    ATTEND = "attend"
    """Say whether one comes, and sign in."""
    VOLUNTEER = "volunteer"
    """Put down one's name for a call, see one's hours and dispute them: /volunteer."""
    VOLUNTEERS = "volunteers"
    """Look after every call for volunteers, decide disputes, have the report card: /volunteers."""
    VOLUNTEERS_HERE = "volunteers_here"
    """Look after the calls of the station."""
    VOLUNTEERS_LEAD = "volunteers_lead"
    """Look after the calls that one leads."""
    AUDIT = "audit"
    EXPORT = "export"
    FAQ_STATS = "faq_stats"
    PUBLICATIONS = "publications"
    """See what is published and how far it is: /publish."""
    PUBLISH = "publish"
    """Write, change, submit, correct and withdraw it."""
    PUBLICATION_READ = "publication_read"
    """Be its second reader."""
    PUBLICATION_APPROVE = "publication_approve"
    """Let it out."""
    BOARD = "board"
    """See what the union has to do and has done: /board."""
    POSTS = "posts"
    """See who holds which post: /posts."""
    POSTS_WRITE = "posts_write"
    """Appoint, end a term, plan the rota of the executive chair, confirm an exchange."""
    EXCHANGE = "exchange"
    """Propose that two exchange their posts, or answer such a proposal."""
    WORK_REPORTS = "work_reports"
    """Read the reports to the Party committee and take them as files: /workreport."""
    WORK_REPORTS_WRITE = "work_reports_write"
    """Make them, write in them, finish them, record that they were heard."""
    CLOSE = "close"
    ESCALATE = "escalate"
    HAND_OVER = "hand_over"


_MINE = frozenset({Who.REQUESTER})
_HERE = frozenset({Who.HERE})
_RESPONSIBLE = frozenset({Who.HERE, Who.FIRST})
_INVOLVED = frozenset({Who.HERE, Who.FIRST, Who.OFFERED})
_AT_A_PLACE = frozenset({*_INVOLVED, Who.ELSEWHERE, Who.ABOVE})
_LEADS = frozenset({Who.LEAD, Who.ADMIN})
_ANYBODY = frozenset({Who.STRANGER, Who.REQUESTER})

MAY: dict[Deed, frozenset[Who]] = {
    Deed.FILE: _ANYBODY,
    Deed.JOIN: frozenset({Who.STRANGER}),
    Deed.VIEW: _MINE,
    Deed.ADD: _MINE,
    Deed.TAKE_BACK: _MINE,
    Deed.URGE: _MINE,
    Deed.WITHDRAW: _MINE,
    Deed.CONFIRM: _MINE,
    Deed.RATE: _MINE,
    Deed.REOPEN: _MINE | _HERE,
    Deed.CLAIM: _HERE,
    Deed.RELEASE: _HERE,
    Deed.ASSIGN: _HERE,
    Deed.REASSIGN: _LEADS,
    Deed.ANSWER: _RESPONSIBLE,
    Deed.ASK: _HERE,
    Deed.NOTE: _INVOLVED,
    Deed.EDIT: _INVOLVED,
    Deed.RETRACT: _RESPONSIBLE,
    Deed.RETRACT_ANOTHERS: frozenset({Who.LEAD}),
    Deed.RESEND: _RESPONSIBLE,
    Deed.HISTORY: _INVOLVED,
    Deed.TRANSFER: _HERE,
    Deed.ACCEPT: frozenset({Who.OFFERED}),
    Deed.RETURN: frozenset({Who.OFFERED, Who.TIME}),
    Deed.RECALL: frozenset({Who.FIRST}),
    Deed.RESOLVE: _RESPONSIBLE,
    Deed.MERGE: _HERE,
    Deed.UNMERGE: _HERE,
    Deed.SPLIT: _HERE,
    Deed.PRIORITY: _RESPONSIBLE,
    Deed.TAG: _INVOLVED,
    Deed.PROJECT: _RESPONSIBLE,
    Deed.PROJECTS: _AT_A_PLACE,
    Deed.PROJECT_RUN: frozenset({Who.OFFICE}),
    Deed.PROJECT_AWARD: frozenset({Who.PRESIDIUM}),
    Deed.PROJECT_BID: _ANYBODY,
    Deed.REVIEW: frozenset({Who.REVIEWER}),
    Deed.UNDERTAKE: frozenset({Who.UNDERTAKER}),
    Deed.MAJOR: _RESPONSIBLE,
    Deed.MAJOR_DECIDE: frozenset({Who.SUPERVISOR}),
    Deed.MAJOR_RECEIVE: frozenset({Who.READER}),
    Deed.REPORT: _ANYBODY,
    Deed.REPORT_FOLLOW: frozenset({Who.REPORTER}),
    Deed.REPORT_HANDLE: frozenset({Who.SUPERVISOR, Who.CONFIDANT}),
    Deed.REPORT_ROOM: frozenset({Who.SUPERVISOR}),
    Deed.MUTE: _LEADS,
    Deed.BLOCK: frozenset({Who.PRESIDIUM}),
    Deed.LIFT: frozenset({Who.PRESIDIUM, Who.SUPERVISOR}),
    Deed.ROLES: frozenset({Who.PRESIDIUM, Who.ABOVE}),
    Deed.GIVE: frozenset({Who.PRESIDIUM}),
    Deed.GIVE_ABOVE: frozenset({Who.SUPERVISOR}),
    Deed.LIST: _HERE,
    Deed.LIST_ALL: frozenset({Who.OFFICE}),
    Deed.LOOK: _INVOLVED | {Who.OFFICE},
    Deed.FIGURES: _AT_A_PLACE,
    Deed.FIGURES_ALL: frozenset({Who.OFFICE, Who.ABOVE}),
    Deed.WALKIN: _HERE,
    Deed.CANNED: _AT_A_PLACE,
    Deed.CANNED_WRITE: _LEADS,
    Deed.ROSTER: _AT_A_PLACE,
    Deed.ROSTER_WRITE: _LEADS,
    Deed.SWAP: _LEADS | {Who.ON_DUTY},
    Deed.SWAP_ANSWER: _HERE | {Who.ASKED},
    Deed.SIGN: _HERE | {Who.ASKED},
    Deed.CODE: _AT_A_PLACE,
    Deed.CODE_NEW: frozenset({Who.ADMIN}),
    Deed.MODE: _LEADS,
    Deed.SETUP: frozenset({Who.ADMIN}),
    Deed.POLL: frozenset({Who.PRESIDIUM}),
    Deed.POLL_HERE: frozenset({Who.LEAD}),
    Deed.QUIZ: frozenset({Who.PRESIDIUM}),
    Deed.QUIZ_HERE: frozenset({Who.LEAD}),
    Deed.SURVEY: _ANYBODY,
    Deed.SURVEYS: frozenset({Who.PRESIDIUM}),
    Deed.EVALUATE: frozenset({Who.PRESIDIUM}),
    Deed.EVALUATED: frozenset({Who.EVALUATED}),
    Deed.COMMENT: _ANYBODY,
    Deed.COMMENTS: frozenset({Who.OFFICE, Who.SUPERVISOR}),
    Deed.DISCLOSURE: frozenset({Who.OFFICE, Who.ABOVE}),
    Deed.STUDY: frozenset({Who.PRESIDIUM}),
    Deed.STUDY_HERE: frozenset({Who.LEAD}),
    Deed.CONVENE: frozenset({Who.PRESIDIUM, Who.CONVENER}),
    Deed.ATTEND: frozenset({Who.CALLED}),
    Deed.VOLUNTEER: _ANYBODY,
    Deed.VOLUNTEERS: frozenset({Who.PRESIDIUM}),
    Deed.VOLUNTEERS_HERE: _LEADS,
    Deed.VOLUNTEERS_LEAD: frozenset({Who.PRESIDIUM, Who.CONVENER}),
    Deed.AUDIT: frozenset({Who.PRESIDIUM}),
    Deed.EXPORT: frozenset({Who.PRESIDIUM}),
    Deed.FAQ_STATS: frozenset({Who.OFFICE}),
    Deed.PUBLICATIONS: frozenset({Who.OFFICE, Who.ABOVE}),
    Deed.PUBLISH: frozenset({Who.PRESIDIUM}),
    Deed.PUBLICATION_READ: frozenset({Who.OFFICE}),
    Deed.PUBLICATION_APPROVE: frozenset({Who.SUPERVISOR}),
    Deed.BOARD: frozenset({Who.OFFICE, Who.ABOVE, Who.PRESIDIUM}),
    Deed.POSTS: frozenset({Who.OFFICE, Who.ABOVE, Who.PRESIDIUM}),
    Deed.POSTS_WRITE: frozenset({Who.PRESIDIUM}),
    Deed.EXCHANGE: frozenset({Who.PRESIDIUM, Who.ASKED}),
    Deed.WORK_REPORTS: frozenset({Who.ABOVE, Who.PRESIDIUM}),
    Deed.WORK_REPORTS_WRITE: frozenset({Who.PRESIDIUM}),
    Deed.CLOSE: frozenset({Who.TIME}),
    Deed.ESCALATE: frozenset({Who.TIME}),
    Deed.HAND_OVER: frozenset({Who.TIME}),
}


REASONS: dict[Deed, dict[Who | None, str]] = {
    Deed.MAJOR_DECIDE: {None: "major.supervisors_only"},
    Deed.MAJOR_RECEIVE: {None: "major.readers_only"},
    # Whoever may not read it learns nothing, not even that they are the one it is about.
    Deed.REPORT_FOLLOW: {None: "case.unknown"},
    Deed.REPORT_HANDLE: {Who.ABOVE: "case.supervisors_only", None: "case.unknown"},
    Deed.REPORT_ROOM: {None: "case.supervisors_only"},
    Deed.BLOCK: {Who.ADMIN: "records.office_only", None: "permission.admin_only"},
    Deed.LIFT: {
        Who.ABOVE: "appeal.supervisors_only",
        Who.ADMIN: "records.office_only",
        None: "permission.admin_only",
    },
    Deed.ROLES: {Who.OFFICE: "roles.admin_only", None: "roles.not_here"},
    Deed.GIVE: {Who.OFFICE: "roles.admin_only", None: "roles.not_here"},
    Deed.GIVE_ABOVE: {Who.ABOVE: "roles.supervisor_only", None: "roles.not_here"},
    Deed.LIST: {None: "list.not_here"},
    Deed.WALKIN: {None: "list.not_here"},
    Deed.CANNED_WRITE: {None: "canned.leads_only"},
    Deed.ROSTER_WRITE: {None: "shift.leads_only"},
    Deed.SWAP: {None: "shift.leads_only"},
    Deed.SWAP_ANSWER: {None: "swap.not_asked"},
    Deed.CODE_NEW: {None: "code.admins_only"},
    Deed.MODE: {None: "mode.leads_only"},
    Deed.SETUP: {None: "setup.admins_only"},
    Deed.POLL: {Who.ADMIN: "pulse.office_only", None: "pulse.admins_only"},
    Deed.POLL_HERE: {Who.ADMIN: "pulse.office_only", None: "pulse.leads_only"},
    Deed.QUIZ: {Who.ADMIN: "quiz.office_only", None: "quiz.admins_only"},
    Deed.QUIZ_HERE: {Who.ADMIN: "quiz.office_only", None: "pulse.leads_only"},
    Deed.SURVEYS: {Who.ADMIN: "survey_desk.office_only", None: "survey_desk.admins_only"},
    Deed.EVALUATE: {Who.ADMIN: "evaluation.office_only", None: "evaluation.admins_only"},
    Deed.EVALUATED: {None: "evaluation.none_of_yours"},
    Deed.COMMENTS: {Who.ABOVE: "comment.supervisors_only", None: "comment.office_only"},
    Deed.DISCLOSURE: {None: "disclosure.office_only"},
    Deed.STUDY: {Who.ADMIN: "study.office_only", None: "study.admins_only"},
    Deed.STUDY_HERE: {Who.ADMIN: "study.office_only", None: "study.leads_only"},
    Deed.CONVENE: {None: "study.not_yours"},
    Deed.ATTEND: {None: "study.not_called"},
    Deed.VOLUNTEERS: {Who.ADMIN: "volunteer.office_only", None: "volunteer.admins_only"},
    Deed.VOLUNTEERS_HERE: {None: "volunteer.leads_only"},
    Deed.VOLUNTEERS_LEAD: {None: "volunteer.not_yours"},
    Deed.PROJECT_RUN: {None: "project_desk.office_only"},
    Deed.PROJECT_AWARD: {Who.ADMIN: "project_desk.office_only", None: "project_desk.admins_only"},
    Deed.REVIEW: {None: "review.not_yours"},
    Deed.UNDERTAKE: {None: "milestone.not_yours"},
    Deed.AUDIT: {Who.ADMIN: "records.office_only", None: "records.admins_only"},
    Deed.EXPORT: {Who.ADMIN: "records.office_only", None: "records.admins_only"},
    Deed.FAQ_STATS: {None: "faq.elsewhere"},
    Deed.PUBLICATIONS: {None: "publication.not_here"},
    Deed.PUBLISH: {None: "publication.presidium_only"},
    Deed.PUBLICATION_READ: {None: "publication.not_here"},
    Deed.PUBLICATION_APPROVE: {None: "publication.supervisors_only"},
    Deed.BOARD: {None: "board.not_here"},
    Deed.POSTS: {None: "posts.not_here"},
    Deed.POSTS_WRITE: {Who.ADMIN: "posts.office_only", None: "posts.admins_only"},
    Deed.EXCHANGE: {None: "exchange.not_yours"},
    Deed.WORK_REPORTS: {None: "work_report.not_here"},
    Deed.WORK_REPORTS_WRITE: {Who.ABOVE: "work_report.presidium_only", None: "work_report.not_here"},
}
"""Where a deed has its own sentence for those who may not: by what they are nearest to it, with None for the others."""

_STEPS = frozenset(action.value for action in Action)


def is_at(ticket: Ticket, station: Station) -> Who:
    """What a place is to a ticket."""
    if station.id == ticket.from_station_id:
        return Who.FIRST
    if station.id != ticket.station_id:
        return Who.ELSEWHERE
    return Who.HERE if ticket.from_station_id is None else Who.OFFERED


def may(deed: Deed, who: Collection[Who]) -> bool:
    """Whether one of those that somebody is may do this."""
    return not MAY[deed].isdisjoint(who)


def stands_for(deed: Deed, state: State) -> bool:
    """Whether a ticket in this state lets it happen; what is no step of a ticket's life asks for none."""
    return deed.value not in _STEPS or (state, Action(deed)) in TRANSITIONS


def must(deed: Deed, who: Collection[Who], ticket: Ticket | None = None) -> None:
    """Raises Refusal when none of those that somebody is may do this; the reason says what they would have to be."""
    if may(deed, who):
        return
    if deed in REASONS:
        raise Refusal(next(key for nearest, key in REASONS[deed].items() if nearest is None or nearest in who))
    if MAY[deed] <= {Who.LEAD, Who.ADMIN} or deed is Deed.RETRACT_ANOTHERS:
        raise Refusal("permission.lead_only" if Who.LEAD in MAY[deed] else "permission.admin_only")
    if ticket is None:
        raise Refusal("permission.not_here")
    if Who.OFFERED in who:
        raise Refusal("permission.not_yours_yet", number=ticket.id)
    if Who.FIRST in who:
        raise Refusal("permission.offered", number=ticket.id)
    if who and set(who) <= {Who.STRANGER, Who.REQUESTER}:
        raise Refusal("ticket.unknown", number=ticket.id)
    if Who.HERE in who:
        # Nobody has been asked to take it over; or it is nothing that staff do at all.
        offers = deed in (Deed.ACCEPT, Deed.RETURN, Deed.RECALL)
        raise Refusal(f"refused.{deed}" if offers else "permission.not_here", number=ticket.id)
    raise Refusal("desk.elsewhere", number=ticket.id)


def must_stand(deed: Deed, ticket: Ticket) -> None:
    """Raises Refusal when the ticket does not let it happen as it stands."""
    if not stands_for(deed, ticket.state):
        raise Refusal(f"refused.{deed}", number=ticket.id, state=ticket.state)


def there(station: Station | None, ticket: Ticket | None = None) -> frozenset[Who]:
    """What anybody is who is in this place's group, or with None in a group that is no place's."""
    if station is None:
        return frozenset({Who.STRANGER})
    if station.desk is Desk.SUPERVISORS:
        # No ticket is ever there.
        return frozenset({Who.ABOVE} if ticket is None else {Who.ABOVE, Who.ELSEWHERE})
    here = is_at(ticket, station) if ticket is not None else Who.HERE
    return frozenset({here, Who.OFFICE} if station.desk is Desk.OFFICE else {here})


async def granted(session: AsyncSession, telegram_id: int, station: Station | None) -> frozenset[Who]:
    """What has been granted to somebody, as it counts in this group."""
    roles = await people.roles(session, telegram_id, station.id if station is not None else None)
    names = {Role.LEAD: {Who.LEAD}, Role.ADMIN: {Who.ADMIN}}
    if station is not None and station.desk is Desk.OFFICE:
        names[Role.ADMIN] = {Who.ADMIN, Who.PRESIDIUM}
    if station is not None and station.desk is Desk.SUPERVISORS:
        names[Role.SUPERVISOR] = {Who.SUPERVISOR}
    return frozenset(who for role in roles for who in names.get(role, ()))


async def standing(
    session: AsyncSession, person: Person, station: Station | None, ticket: Ticket | None = None
) -> frozenset[Who]:
    """What somebody who is in this group is there, by membership and by what has been granted."""
    return there(station, ticket) | await granted(session, person.telegram_id, station)


async def alone(session: AsyncSession, person: Person) -> frozenset[Who]:
    """What somebody is who is alone with the bot."""
    names = {Role.ADMIN: Who.PRESIDIUM, Role.READER: Who.READER}
    roles = await people.roles(session, person.telegram_id)
    return frozenset({Who.STRANGER, *(names[role] for role in roles if role in names)})
