"""The keyboards of the student's conversations: where to go, what to choose, and always a way back.

Ticket buttons stand in `keyboards.py`; here is everything that leads to a ticket.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from bot.cards import KIND_ICONS
from bot.following import Back
from bot.keyboards import Go, Mine, Press, button, keyboard
from bot.settings import Settings
from bot.texts import Texts, cut
from bot.untrusted import inline
from models.lifecycle import Kind, State
from models.people import Audience

Rows = list[list[dict[str, Any]]]

SUBJECT = 26
"""So many columns of a subject stand on a button beside its number, on a phone."""

LANGUAGE_NAMES = {"zh-hans": "简体中文", "zh-hant": "繁體中文", "en": "English"}
"""Each language called by its own name: somebody looking for theirs cannot read the others."""


@dataclass(frozen=True)
class Pick(Press, prefix="pk"):
    """Something chosen on the way: `what` (language, audience, building, kind, category, name), and its key."""

    what: str
    value: str


@dataclass(frozen=True)
class Step(Press, prefix="st"):
    """A move within the draft: to kind, category, building, words, similar, name, send, empty, cancel; `on` is to
    wherever it stands, `take` takes what was typed as a building as words.
    """

    to: str


@dataclass(frozen=True)
class Join(Press, prefix="jn"):
    """Join this ticket instead of filing a new one."""

    ticket: int


@dataclass(frozen=True)
class Belongs(Press, prefix="bl"):
    """The loose words belong to this ticket; 0 for a new one."""

    ticket: int


@dataclass(frozen=True)
class SetUp(Press, prefix="su"):
    """A step of /setup: place, move, topics, plain, language, seen, cancel; with the place's key or the language."""

    step: str
    value: str


@dataclass(frozen=True)
class Ask(Press, prefix="ak"):
    """A step of /poll: scale, send (to everybody), groups, cancel."""

    step: str


@dataclass(frozen=True)
class Examine(Press, prefix="qz"):
    """A step of /quiz: send, cancel."""

    step: str


@dataclass(frozen=True)
class AskAgain(Press, prefix="aa"):
    """A pulse or a quiz of this number, which may not have arrived with this outbox row, is sent once more."""

    what: str
    number: int
    row: int


@dataclass(frozen=True)
class Page(Press, prefix="pg"):
    """A page of the student's own tickets, counted from 0."""

    number: int


@dataclass(frozen=True)
class ExportPeriod(Press, prefix="xe"):
    """A period and a format of /export."""

    period: str
    format: str


OF_DRAFT = "@"
"""What stands before this in a payload is the press, what follows says under which draft the button stands."""


def under(keys: dict[str, Any], drawn: Callable[[str], str]) -> dict[str, Any]:
    """The same buttons as a draft's own: `drawn` makes its payload of each. Nor does "never mind" end another one."""

    def own(key: dict[str, Any]) -> dict[str, Any]:
        data = str(key["callback_data"])
        return key | {"callback_data": drawn(Step("cancel").pack() if data == Go("cancel").pack() else data)}

    return {"inline_keyboard": [[own(key) for key in row] for row in keys["inline_keyboard"]]}


def in_rows(buttons: Iterable[dict[str, Any]], width: int) -> Rows:
    """Buttons side by side, `width` a row."""
    row: list[dict[str, Any]] = []
    rows: Rows = []
    for each in buttons:
        row.append(each)
        if len(row) == width:
            rows.append(row)
            row = []
    return [*rows, row] if row else rows


def home(t: Texts, typed: str = "") -> dict[str, Any]:
    """What a student can do here; what was typed as a building is still at hand."""
    return keyboard(
        [
            *_take(t, typed),
            [button(t.plain("home.new"), Go("new"))],
            [button(t.plain("home.mine"), Go("mine"))],
            [button(t.plain("home.surveys"), Go("surveys")), button(t.plain("home.faq"), Go("faq"))],
            [button(t.plain("home.projects"), Go("projects")), button(t.plain("home.volunteer"), Go("volunteer"))],
            [button(t.plain("home.union"), Go("union")), button(t.plain("home.news"), Go("news"))],
            [button(t.plain("home.report"), Go("report"))],
            [button(t.plain("home.profile"), Go("profile")), button(t.plain("home.language"), Go("language"))],
            [button(t.plain("home.privacy"), Go("privacy")), button(t.plain("home.help"), Go("help"))],
        ]
    )


def way_home(t: Texts) -> dict[str, Any]:
    """The way to the menu; what is being done is left on it."""
    return button(t.plain("nav.home"), Go("home"))


def way_on(t: Texts, drafting: bool, label: str = "nav.back") -> dict[str, Any]:
    """Back from a look at something else: to the draft where there is one, so that nobody loses it by looking."""
    return button(t.plain(label), Step("on")) if drafting else way_home(t)


def way_out(t: Texts) -> dict[str, Any]:
    """Never mind."""
    return button(t.plain("nav.cancel"), Go("cancel"))


def back_home(t: Texts, *, drafting: bool = False) -> dict[str, Any]:
    """Only the way back."""
    return keyboard([[way_on(t, drafting)]])


def consent(t: Texts, languages: Sequence[str]) -> dict[str, Any]:
    """Agree, or read the same in another language."""
    others = [button(LANGUAGE_NAMES[x], Pick("consentlang", x)) for x in languages if x != t.language]
    return keyboard([[button(t.plain("consent.agree"), Go("agree"))], *in_rows(others, 2)])


def _marked(label: str, chosen: bool) -> str:
    """What is chosen already is seen before anything is changed."""
    return f"● {label}" if chosen else label


def languages(t: Texts, offered: Sequence[str], *, drafting: bool = False) -> dict[str, Any]:
    """The union's languages."""
    rows = [[button(_marked(LANGUAGE_NAMES[x], x == t.language), Pick("language", x))] for x in offered]
    return keyboard([*rows, [way_on(t, drafting)]])


def audiences(t: Texts, chosen: Audience | None) -> dict[str, Any]:
    """Which students they belong to; saying nothing is possible, and so is leaving it as it is."""
    rows = [[button(_marked(t.plain(f"audience.{a}"), a is chosen), Pick("audience", a))] for a in Audience]
    return keyboard([*rows, [button(t.plain("audience.skip"), Pick("audience", "-"))], [way_home(t)]])


def buildings(
    t: Texts,
    keys: Sequence[str],
    settings: Settings,
    *,
    back: Press,
    out: dict[str, Any],
    chosen: str | None = None,
    typed: str = "",
) -> dict[str, Any]:
    """Where they live, or where the matter is; what was typed may be no building but what they have to say."""
    labels = ((k, _marked(t.pick(settings.building_names(k)), k == chosen)) for k in keys)
    return keyboard(
        [
            *_take(t, typed),
            *in_rows((button(label, Pick("building", k)) for k, label in labels), 2),
            [button(t.plain("building.none"), Pick("building", "-"))],
            [button(t.plain("nav.back"), back), out],
        ]
    )


def _take(t: Texts, typed: str) -> Rows:
    return [[button(t.plain("building.take", words=short(typed)), Step("take"))]] if typed else []


def kinds(t: Texts, back: Press | None = None) -> dict[str, Any]:
    """What they come with; the first step, so a way back only from changing it."""
    rows = in_rows((button(f"{KIND_ICONS[k]} {t.plain(f'kind.{k}')}", Pick("kind", k)) for k in Kind), 2)
    return keyboard([*rows, [*([button(t.plain("nav.back"), back)] if back else []), way_out(t)]])


def categories(t: Texts, keys: Sequence[str], settings: Settings, *, back: Press) -> dict[str, Any]:
    """One level of the category tree."""
    rows = in_rows((button(t.pick(settings.category_names(k)), Pick("category", k)) for k in keys), 2)
    return keyboard([*rows, [button(t.plain("nav.back"), back), way_out(t)]])


def collecting(t: Texts, any_yet: bool, typed: str = "") -> dict[str, Any]:
    """While words and pictures come in; what was typed as a building is still at hand."""
    rows = _take(t, typed)
    if any_yet:
        rows.append([button(t.plain("new.continue"), Step("similar"))])
        rows.append([button(t.plain("new.empty"), Step("empty"))])
    return keyboard([*rows, [button(t.plain("nav.back"), Step("category")), way_out(t)]])


def similar(t: Texts, found: Sequence[tuple[int, int]], ended: Sequence[int] = ()) -> dict[str, Any]:
    """Join one of these (number, how many wait for it), say that one of those that ended is back, or go on."""
    rows = [[button(t.plain("similar.join", number=n, count=c), Join(n))] for n, c in found]
    rows += [[button(t.plain("similar.back", number=n), Back(n))] for n in ended]
    return keyboard(
        [
            *rows,
            [button(t.plain("similar.none"), Step("name"))],
            [button(t.plain("nav.back"), Step("words")), way_out(t)],
        ]
    )


def naming(t: Texts) -> dict[str, Any]:
    """With name or anonymously."""
    return keyboard(
        [
            [button(t.plain("name.named"), Pick("name", "named"))],
            [button(t.plain("name.anonymous"), Pick("name", "anonymous"))],
            [button(t.plain("nav.back"), Step("words")), way_out(t)],
        ]
    )


def preview(t: Texts) -> dict[str, Any]:
    """Send, or change any step."""
    return keyboard(
        [
            [button(t.plain("preview.send"), Step("send"))],
            [button(t.plain("preview.kind"), Step("kind")), button(t.plain("preview.category"), Step("category"))],
            [button(t.plain("preview.building"), Step("building")), button(t.plain("preview.words"), Step("words"))],
            [button(t.plain("preview.name"), Step("name")), way_out(t)],
        ]
    )


def belongs(t: Texts, tickets: Sequence[tuple[int, str]]) -> dict[str, Any]:
    """Which matter the loose words belong to (number, subject)."""
    return keyboard([*_matters(t, tickets), [button(t.plain("loose.new"), Belongs(0))], [way_out(t)]])


def belongs_elsewhere(t: Texts, tickets: Sequence[tuple[int, str]]) -> dict[str, Any]:
    """The same for words where a survey waits for a press: it goes on with its own buttons."""
    return keyboard([[button(t.plain("survey.as_ticket"), Belongs(0))], *_matters(t, tickets)])


def _matters(t: Texts, tickets: Sequence[tuple[int, str]]) -> list[list[dict[str, Any]]]:
    return [[button(t.plain("loose.add", number=n, subject=short(s)), Belongs(n))] for n, s in tickets]


def short(subject: str) -> str:
    """So much of it as fits a button beside a number, and nothing that turns the number around."""
    return inline(cut(subject, SUBJECT), SUBJECT) or "—"


def nothing_yet(t: Texts) -> dict[str, Any]:
    """For somebody without tickets."""
    return keyboard([[button(t.plain("home.new"), Go("new"))], [way_home(t)]])


STATE_ICONS = {
    State.NEW: "🆕",
    State.CLAIMED: "👤",
    State.ANSWERED: "💬",
    State.WAITING: "❔",
    State.TRANSFERRED: "↪️",
    State.RESOLVED: "✅",
    State.CLOSED: "📁",
    State.MERGED: "🔗",
    State.WITHDRAWN: "✖️",
    State.REOPENED: "🔁",
}


def mine(t: Texts, tickets: Sequence[tuple[int, State, str]], page: int, last: int) -> dict[str, Any]:
    """One page of a student's tickets: (number, state, subject)."""
    rows = [
        [button(f"{STATE_ICONS[state]} #{number} {short(subject)}", Mine("view", number))]
        for number, state, subject in tickets
    ]
    turn = []
    if page > 0:
        turn.append(button("‹", Page(page - 1)))
    if page < last:
        turn.append(button("›", Page(page + 1)))
    return keyboard([*rows, *([turn] if turn else []), [way_home(t)]])


def setup_places(t: Texts, places: Sequence[tuple[str, str, bool]]) -> dict[str, Any]:
    """Every place: (key, name, whether it has a chat already)."""
    rows = [[button(f"{'🔁 ' if seated else ''}{name}", SetUp("place", key))] for key, name, seated in places]
    return keyboard([*rows, [button(t.plain("nav.cancel"), SetUp("cancel", ""))]])


def setup_move(t: Texts, place: str) -> dict[str, Any]:
    """It sits in another group until now."""
    return keyboard(
        [
            [button(t.plain("setup.move"), SetUp("move", place))],
            [button(t.plain("nav.cancel"), SetUp("cancel", ""))],
        ]
    )


def setup_topics(t: Texts, place: str) -> dict[str, Any]:
    """For a forum: one topic per ticket, or one card below the other."""
    return keyboard(
        [
            [button(t.plain("setup.topics_yes"), SetUp("topics", place))],
            [button(t.plain("setup.topics_no"), SetUp("plain", place))],
            [button(t.plain("nav.cancel"), SetUp("cancel", ""))],
        ]
    )


def setup_languages(t: Texts, offered: Sequence[str]) -> dict[str, Any]:
    """The language of the cards."""
    return keyboard(in_rows((button(LANGUAGE_NAMES[x], SetUp("language", x)) for x in offered), 3))


def setup_seen(t: Texts) -> dict[str, Any]:
    """Under the test card."""
    return keyboard([[button(t.plain("setup.seen"), SetUp("seen", ""))]])


def pulse_cancel(t: Texts) -> dict[str, Any]:
    """While the question is written."""
    return keyboard([[button(t.plain("nav.cancel"), Ask("cancel"))]])


def pulse_scale(t: Texts) -> dict[str, Any]:
    """While the answers are written: or simply 1–5."""
    return keyboard(
        [[button(t.plain("pulse.use_scale"), Ask("scale"))], [button(t.plain("nav.cancel"), Ask("cancel"))]]
    )


def pulse_preview(t: Texts, here: bool, groups: int) -> dict[str, Any]:
    """Ask everybody or the groups, in a station's group this one, or nobody."""
    everybody = [] if here else [[button(t.plain("pulse.send"), Ask("send"))]]
    label = t.plain("pulse.send_here") if here else t.plain("pulse.send_groups", count=groups)
    places = [[button(label, Ask("groups"))]] if groups else []
    return keyboard([*everybody, *places, [button(t.plain("nav.cancel"), Ask("cancel"))]])


def quiz_cancel(t: Texts) -> dict[str, Any]:
    """While the quiz is written."""
    return keyboard([[button(t.plain("nav.cancel"), Examine("cancel"))]])


def quiz_preview(t: Texts, here: bool, groups: int) -> dict[str, Any]:
    """Ask the groups, in a station's group this one, or nobody."""
    label = t.plain("pulse.send_here") if here else t.plain("quiz.send", count=groups)
    return keyboard([[button(label, Examine("send"))], [button(t.plain("nav.cancel"), Examine("cancel"))]])


def export_periods(t: Texts) -> dict[str, Any]:
    """/export: the period, as a spreadsheet or as plain text."""
    return keyboard(
        [
            [
                button(t.plain(f"export.period.{period}"), ExportPeriod(period, "xlsx")),
                button(f"{t.plain(f'export.period.{period}')} · CSV", ExportPeriod(period, "csv")),
            ]
            for period in ("week", "month", "last_month", "semester")
        ]
    )


def poll_again(t: Texts, what: str, number: int, row: int) -> dict[str, Any]:
    """Below what says that a poll may not have arrived."""
    return keyboard([[button(t.plain("desk.resend"), AskAgain(what, number, row))]])
