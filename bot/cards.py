"""What a ticket looks like in the staff chat: one message to be read at a glance on a phone, edited in place (law 7).

    📣 #12 · Complaint                      which one, and what it is
    📍 Building E1 · Repairs › Water
    🙂 Alice and 2 more students wait
    ┃ The tap in the bathroom drips …       their words; what does not fit is sent below the card
    👤 in hand · Wang                       where it stands, who has it, what is due
    ⏳ Resolve by Mon 19 Oct 09:30 · in 5 days
    📬 Answer delivered                     what became of the last answer

A card stays for days, so it says no "today". How long there is left is counted by the reader's own Telegram (a
`date_time` entity); the card itself is edited only when something happens. Once a ticket has ended the card shrinks
to what it came to.

An anonymous requester is a word and a number here and nothing else (law 11).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from markupsafe import Markup
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from bot import bursts, keyboards
from bot.aliases import called
from bot.summaries import NAME_LENGTH, folded
from bot.texts import Texts
from bot.untrusted import cut, inline
from models import deadlines, majors, merging, requesters, sorting, tickets, walkins, words
from models.letters import deliveries, for_the_morning
from models.lifecycle import ACTIVE, ENDED, OPEN, State
from models.majors import MajorState
from models.outbox import BLOCKED, Sending
from models.people import Person
from models.requesters import Requester
from models.stations import Station
from models.tickets import Event, Ticket
from models.words import ERASED, Side, Words

if TYPE_CHECKING:
    from bot.settings import Settings

PLACE_LENGTH = 120
CONTACT_LENGTH = 100
NOTE_LENGTH = 200
REASON_LENGTH = 300
SUBJECT_LENGTH = 120
MOST_MEDIA = 8
MOST_REMARKS = 3
MOST_PARTS = 12
MOST_ALIKE = 30

KIND_ICONS = {"complaint": "📣", "need": "🙋", "suggestion": "💡", "question": "❓", "thanks": "💐"}
PRIORITY_ICONS = ("", "🔶 ", "🔴 ")


@dataclass(frozen=True)
class Drawn:
    """A card ready to be sent: HTML and keyboard."""

    text: str
    keyboard: dict[str, Any]


async def draw(
    session: AsyncSession, ticket: Ticket, station: Station, t: Texts, settings: Settings, now: datetime
) -> Drawn:
    """The ticket as it is now, as this station sees it."""
    return await _Card(session, ticket, station, t, settings, now).draw()


class _Card:
    """One card being drawn; holds what every line needs."""

    def __init__(
        self, session: AsyncSession, ticket: Ticket, station: Station, t: Texts, settings: Settings, now: datetime
    ) -> None:
        self.session, self.ticket, self.station = session, ticket, station
        self.t, self.settings, self.now = t, settings, now

    async def draw(self) -> Drawn:
        ticket = self.ticket
        if self.station.id not in (ticket.station_id, ticket.from_station_id):
            return Drawn(
                "\n".join(await self._taken_over()), keyboards.card(self.t, ticket, self.station, unsure=False)
            )
        said = await words.said.about(self.session, ticket.id)
        waiting = await requesters.waiting.about(self.session, ticket.id)
        delivery, unsure = await self._delivery(said)
        alike = await merging.cluster(self.session, ticket, MOST_ALIKE) if self._can_cluster() else 0
        folded = await bursts.line(self.session, ticket, self.t, self.now) if ticket.state not in ENDED else []
        if ticket.state in ENDED:
            rows = [*await self._ended(), *self._erased(said), *(delivery if unsure else []), *self._outcome(waiting)]
        else:
            rows = [
                self._head(),
                self._place(),
                *self._follows(),
                *await self._sorted(),
                *await self._who(waiting),
                self._words([w for w in said if w.side is Side.STUDENT]),
                *await self._state(),
                *self._due(),
                *folded,
                *self._troubles(),
                *self._retracted(said),
                *await self._major(),
                *delivery,
                *await self._morning(),
                *(self._outcome(waiting) if ticket.state is State.RESOLVED else []),
            ]
        rows += await self._note([w for w in said if w.side is Side.NOTE])
        show = [bursts.button(self.t, ticket)] if folded else []
        asks = bool(folded) or not waiting or any(each.reachable for each in waiting)
        keyboard = keyboards.card(self.t, ticket, self.station, unsure=unsure, asks=asks, alike=alike, folded=show)
        return Drawn("\n".join(rows), keyboard)

    def _can_cluster(self) -> bool:
        return self.ticket.state in ACTIVE and self.station.id == self.ticket.station_id

    # ------------------------------------------------------------ which one

    def _head(self) -> str:
        ticket = self.ticket
        return self.t(
            "card.head",
            urgency=PRIORITY_ICONS[ticket.priority],
            icon=KIND_ICONS[ticket.kind],
            number=ticket.id,
            kind=self._kind(),
        )

    def _kind(self) -> str:
        return self.t.plain(f"kind.{self.ticket.kind}")

    def _place(self) -> str:
        category = inline(self.t.pick(self.settings.category_path(self.ticket.category)), PLACE_LENGTH)
        if self.ticket.building is None:
            return self.t("card.no_building", category=category)
        building = inline(self.t.pick(self.settings.building_names(self.ticket.building)), PLACE_LENGTH)
        return self.t("card.place", building=building, category=category)

    async def _sorted(self) -> list[str]:
        """By what it is found, and what it is part of."""
        ticket, rows = self.ticket, []
        tags = [each.tag for each in await sorting.tags.about(self.session, ticket.id)]
        if tags:
            rows.append(self.t("card.tags", tags=" ".join(f"#{inline(tag, NAME_LENGTH)}" for tag in tags)))
        project = await sorting.project_of(self.session, ticket)
        if project is not None:
            title = inline(project.title, SUBJECT_LENGTH)
            rows.append(self.t("card.project", number=project.id, title=title))
        if ticket.split_from_id is not None:
            rows.append(self.t("card.split_from", number=ticket.split_from_id))
        parts = [part.id for part in await merging.parts.about(self.session, ticket.id)]
        if parts:
            rows.append(self.t("card.parts", numbers=bursts.numbers(self.t, parts[:MOST_PARTS], len(parts))))
        return rows

    def _follows(self) -> list[str]:
        return [self.t("card.follows", earlier=self.ticket.follows_id)] if self.ticket.follows_id is not None else []

    async def _who(self, waiting: Sequence[Requester]) -> list[str]:
        """The first who waits, by name only if they gave it, and how many more."""
        if not waiting:
            return []
        first = waiting[0]
        if first.walk_in:
            return await self._visitor(len(waiting) - 1)
        if await self._is_from_elsewhere(first):
            key, who = "card.who_system", self.t.plain("card.campus_system")
        elif first.anonymous:
            key, who = "card.who_anonymous", called(self.t, first)
        else:
            key, who = "card.who", await self._name(first.person_id) or self.t.plain("card.student")
        if len(waiting) > 1:
            return [self.t(key, who=Markup(self.t.n("card.and_more", len(waiting) - 1, who=who)))]
        return [self.t(key, who=who)]

    async def _visitor(self, others: int) -> list[str]:
        """Somebody who came in person: who recorded it, how they are reached, and how many more wait."""
        record = await walkins.of(self.session, self.ticket)
        name = await self._name(record.staff_id) if record is not None else ""
        who = self.t.plain("card.visitor", name=name or "—")
        more = Markup(self.t.n("card.and_more", others, who=who)) if others else who
        rows = [self.t("card.who_visitor", who=more)]
        if record is not None and record.contact:
            rows.append(self.t("card.contact", contact=inline(record.contact, CONTACT_LENGTH)))
        return rows

    async def _is_from_elsewhere(self, first: Requester) -> bool:
        """Whether a campus system filed it: then there is nobody who could be answered, and never was."""
        if first.person_id is not None or first.salt is not None:
            return False
        return await tickets.origin(self.session, self.ticket.id) is not None

    async def _name(self, person_id: int | None) -> str:
        """Somebody's name as it may stand in a line of ours; empty when there is none (any more)."""
        person = await self.session.get(Person, person_id) if person_id is not None else None
        return inline(person.name, NAME_LENGTH) if person is not None else ""

    # ------------------------------------------------------------ what was said

    @property
    def _signs(self) -> tuple[str, str]:
        """Behind what was edited, and instead of what was taken back."""
        return self.t.plain("card.edited"), self.t.plain("words.retracted")

    def _words(self, said: Sequence[Words]) -> str:
        """What it was filed with. Whatever of it does not fit stands below the card, as does all that came later: that
        is seen there, and an edit of the card for it would take its place in the group's window.
        """
        first = [w for w in said if w.at <= self.ticket.filed_at]
        text = [w for w in first if w.content["type"] == "text"]
        media = [w for w in first if w.content["type"] not in ("text", ERASED)]
        rows = [cut("\n".join(folded(text, *self._signs)), words.ON_CARD), *folded(media, *self._signs)[:MOST_MEDIA]]
        below = [w for w in words.below_card(first, self.ticket.filed_at) if w not in media]
        if below:
            rows.append(self.t.n("card.more", len(below)))
        rows += self._erased(first)
        return str(Markup("<blockquote expandable>{}</blockquote>").format("\n".join(filter(None, rows)) or "—"))

    def _erased(self, said: Sequence[Words]) -> list[str]:
        """How much was erased because whoever wrote it wanted to be forgotten."""
        count = sum(w.content["type"] == ERASED for w in said)
        return [self.t.n("card.erased", count)] if count else []

    async def _note(self, notes: Sequence[Words]) -> list[str]:
        """The newest of them; an album is one, whose words may stand under any of its pictures."""
        if not notes:
            return []
        whole = dict[object, list[Words]]()
        for note in notes:
            whole.setdefault(note.album or note.id, []).append(note)
        newest = notes[-1]
        name = await self._name(newest.staff_id) or "—"
        text = " ".join(folded(whole[newest.album or newest.id], *self._signs))
        row = self.t("card.note", name=name, text=inline(text, NOTE_LENGTH))
        return [row, *([self.t.n("card.notes_before", len(whole) - 1)] if len(whole) > 1 else [])]

    # ------------------------------------------------------------ where it stands

    async def _state(self) -> list[str]:
        ticket, t = self.ticket, self.t
        state = t.plain(f"state.{ticket.state}")
        if ticket.state is State.TRANSFERRED and ticket.from_station_id is not None:
            here = self.station.id == ticket.station_id
            other = await self.session.get_one(Station, ticket.from_station_id if here else ticket.station_id)
            row = t("card.offered_here" if here else "card.offered", station=inline(t.pick(other.names), NAME_LENGTH))
            return [row, *await self._reason("transfer")]
        holder = await self._name(ticket.claimed_by_id)
        if ticket.state is State.RESOLVED:
            return [
                t("card.held" if holder else "card.state", state=state, holder=holder),
                *await self._reason("resolve"),
            ]
        if holder:
            return [t("card.held", state=state, holder=holder)]
        # 待认领 says by itself that nobody has it.
        return [t("card.untouched" if ticket.state is State.NEW else "card.unheld", state=state)]

    async def _reason(self, action: str) -> list[str]:
        """Why it was last done, in the words of whoever did it."""
        detail = await self.session.scalar(
            select(Event.detail)
            .where(Event.ticket_id == self.ticket.id, Event.action == action)
            .order_by(Event.id.desc())
            .limit(1)
        )
        reason = (detail or {}).get("reason") or ""
        reason = inline(self.t.pick(reason) if isinstance(reason, dict) else str(reason), REASON_LENGTH)
        return [self.t("card.reason", reason=reason)] if reason else []

    def _due(self) -> list[str]:
        """The next deadline that is still to be met, and whether it has passed."""
        found = deadlines.next_deadline(self.ticket) if self.ticket.state in OPEN else None
        if found is None:
            return []
        step, due = found
        key = f"card.overdue.{step}" if due <= self.now else f"card.due.{step}"
        return [self.t(key, moment=self.t.stamp(due, self.now), ticking=_ticking(due))]

    def _retracted(self, said: Sequence[Words]) -> list[str]:
        """What came later and was taken back is gone from below the card: staff who miss it read why."""
        gone = sum(w.retracted_at is not None and w.at > self.ticket.filed_at for w in said)
        return [self.t.n("card.retracted", gone)] if gone else []

    def _troubles(self) -> list[str]:
        ticket, rows = self.ticket, []
        if ticket.reopenings:
            rows.append(self.t.n("card.reopened", ticket.reopenings))
        if ticket.urged:
            rows.append(self.t.n("card.urged", ticket.urged))
        if ticket.escalation:
            rows.append(self.t(f"card.escalated.{min(ticket.escalation, 3)}"))
        return rows

    async def _major(self) -> list[str]:
        """Whether it is a major matter (重大事项), and how far that is."""
        found = await majors.of_ticket.about(self.session, self.ticket.id)
        if not found:
            return []
        state = found[-1].state
        if state is MajorState.APPROVED and (count := await majors.receipts(self.session, found[-1])):
            return [self.t.n("major.card.received", count)]
        return [self.t(f"major.card.{state}")]

    async def _delivery(self, said: Sequence[Words]) -> tuple[list[str], bool]:
        """What became of the last answer, and whether something can be sent once more."""
        t = self.t
        taken_back = {w.id for w in said if w.side is Side.STAFF and w.retracted_at is not None}
        rows = [row for row in await deliveries.about(self.session, self.ticket.id) if row.words_id not in taken_back]
        if taken_back and max(taken_back) > max((row.words_id for row in rows), default=0):
            return [t("card.delivery.withdrawn")], False
        if not rows:
            return [], False
        newest = max(row.words_id for row in rows)
        last = [row for row in rows if row.words_id == newest]
        total = sum(row.copies for row in last)
        sent = sum(row.copies for row in last if row.state is Sending.SENT)
        waiting = sum(row.copies for row in last if row.state in (Sending.DUE, Sending.SENDING))
        blocked = sum(row.copies for row in last if row.state is Sending.FAILED and row.reason == BLOCKED)
        unknown = any(row.state is Sending.UNKNOWN for row in rows)
        # What was refused before somebody came back is like anything else that did not arrive.
        failed = any(row.state is Sending.FAILED and not (blocked and row.reason == BLOCKED) for row in rows)
        told = []
        if unknown:
            told.append(t("card.delivery.unknown"))
        if failed:
            told.append(t("card.delivery.failed"))
        if waiting:
            key = "card.delivery.waiting" if total == 1 else "card.delivery.waiting_some"
            told.append(t(key, sent=sent, total=total))
        if blocked:
            told.append(t("card.delivery.blocked") if total == 1 else t.n("card.delivery.blocked_some", blocked))
        if sent and not told:
            told.append(t("card.delivery.sent"))
        return told, unknown or failed

    async def _morning(self) -> list[str]:
        """Those who wait are left in peace at night: when they hear of what was done meanwhile."""
        waits = [row.until for row in await for_the_morning.about(self.session, self.ticket.id)]
        until = max(waits, default=self.now)
        if until <= self.now:
            return []
        return [self.t("card.morning", at=f"{until.astimezone(self.t.timezone):%H:%M}")]

    # ------------------------------------------------------------ how it ended

    async def _ended(self) -> list[str]:
        ticket, t = self.ticket, self.t
        rows = [
            t("card.head_ended", state=t.plain(f"state.{ticket.state}"), number=ticket.id, kind=self._kind()),
            self._place(),
            *self._subject(),
        ]
        if ticket.merged_into_id is not None:
            rows.append(t("card.merged_into", into=ticket.merged_into_id))
        if ticket.closed_at is not None:
            holder = await self._name(ticket.claimed_by_id)
            moment, span = t.stamp(ticket.closed_at, self.now), t.span(ticket.closed_at - ticket.filed_at)
            rows.append(t("card.ended" if holder else "card.ended_unheld", holder=holder, moment=moment, span=span))
        return rows

    async def _taken_over(self) -> list[str]:
        """What is left here of a ticket that another place has accepted."""
        other = await self.session.get_one(Station, self.ticket.station_id)
        name = inline(self.t.pick(other.names), NAME_LENGTH)
        return [
            self.t("card.taken_over", number=self.ticket.id, kind=self._kind(), station=name),
            self._place(),
            *self._subject(),
        ]

    def _subject(self) -> list[str]:
        subject = inline(self.ticket.subject, SUBJECT_LENGTH)
        return [self.t("card.subject", subject=subject)] if subject else []

    def _outcome(self, waiting: Sequence[Requester]) -> list[str]:
        rows, t = [], self.t
        yes, no = (sum(r.solved is answer for r in waiting) for answer in (True, False))
        if yes or no:
            alone = len(waiting) == 1
            rows.append(t(f"card.solved.{'yes' if yes else 'no'}") if alone else t("card.solved", yes=yes, no=no))
        rated = [(r.rating, inline(r.remark or "", NOTE_LENGTH)) for r in waiting if r.rating is not None]
        if len(rated) > MOST_REMARKS:
            mean = sum(rating for rating, _ in rated) / len(rated)
            rows.append(t.n("card.ratings", len(rated), mean=f"{mean:.1f}"))
            rated = [each for each in rated if each[1]][-MOST_REMARKS:]
        for rating, remark in rated:
            rows.append(t("card.rating", stars="★" * rating + "☆" * (5 - rating), remark=remark).rstrip())
        return rows


def _ticking(moment: datetime) -> Markup:
    """How long there is left, counted by the reader's Telegram; one that cannot do that shows the clock face."""
    return Markup('<tg-time unix="{}" format="r">{}</tg-time>').format(int(moment.timestamp()), "⏱")
