"""/publish as the office and the supervisors see it: every publication and how far it is, what can be done with one;
and what of it students read.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from markupsafe import Markup, escape
from sqlalchemy.ext.asyncio import AsyncSession

from bot.keyboards import Press, button, keyboard
from bot.menus import LANGUAGE_NAMES
from bot.texts import Texts, cut
from bot.untrusted import split, titled, verbatim, without_mentions
from models import colleagues
from models.house import House
from models.people import Audience
from models.union import deliveries, publications
from models.union.deliveries import Reach
from models.union.publications import Kind, Publication, Review, Stage, Topic

if TYPE_CHECKING:
    from bot.settings import Settings
    from bot.toolbox import Toolbox

LABEL, PAGE = 48, 3000
"""Of a button; of a text, its head comes on top."""
REVIEWS = 6
"""So many of the last things that were said of it are shown."""
EVERYBODY = "all"
STARTS = ("tomorrow", "monday")
"""When it may begin, besides at once: as `survey_making.opens_at` has it."""
WRITTEN_BY_HAND = (Kind.NEWS, Kind.GUIDANCE)
"""What is disclosed begins at the headings."""


@dataclass(frozen=True)
class Publish(Press, prefix="pub"):
    """On a publication: list, one, preview, language, attach, bare, when, at, submit, pass, approve, refuse, drop,
    sure, correct, withdraw, withdraw-it; `choice` is what was chosen, `revision` the one that stood above the button.
    """

    act: str
    publication: int
    revision: int = 0
    choice: str = "-"


@dataclass(frozen=True)
class Drafting(Press, prefix="pun"):
    """On the way to a new one: new, kind, topic, whom; `value` is what was chosen."""

    step: str
    value: str = "-"


# ---------------------------------------------------------------- students


def read(publication: Publication, t: Texts, union: Mapping[str, str]) -> str:
    """What students get."""
    return f"{_head(publication, t, union)}\n\n{escape(_body(publication, t))}"


def pages(publication: Publication, t: Texts, union: Mapping[str, str]) -> list[str]:
    """The same in as many messages as it takes: what is disclosed is longer than one."""
    first, *rest = split(_body(publication, t), PAGE, PAGE)
    return [f"{_head(publication, t, union)}\n\n{escape(first)}", *(str(escape(each)) for each in rest)]


def _head(publication: Publication, t: Texts, union: Mapping[str, str]) -> str:
    """Whose words these are, and what they are called."""
    head = t(f"publication.head.{publication.kind}", union=t.pick(union))
    if publication.topic is not None:
        head = t("publication.head_topic", topic=t.plain(f"topic.{publication.topic}"))
    if publication.corrects_id is not None:
        head += " · " + t("publication.corrected")
    return f"{head}\n\n<b>{escape(titled(_text(publication, t)['title']))}</b>"


def _body(publication: Publication, t: Texts) -> str:
    return without_mentions(verbatim(_text(publication, t)["body"]))


def _text(publication: Publication, t: Texts) -> dict[str, str]:
    text: dict[str, str] = publication.texts.get(t.language) or next(iter(publication.texts.values()))
    return text


def withdrawn(publication: Publication, reason: Mapping[str, str], t: Texts) -> str:
    """What stands in its place."""
    title, why = _text(publication, t)["title"], t.pick(reason)
    said = t("publication.withdrawn", title=without_mentions(title), reason=without_mentions(verbatim(why)))
    return said + "\n\n" + t("publication.withdrawn_files") if publication.attachments else said


# ---------------------------------------------------------------- the office


def listed(found: Sequence[Publication], t: Texts, *, may_write: bool) -> tuple[str, dict[str, Any]]:
    """The newest, each with how far it is."""
    shown = [t("publication.list" if found else "publication.none")]
    rows = []
    for each in found:
        shown.append(f"\n<b>{each.id}</b> · {escape(title(each, t))}\n{t.plain(f'publication.stage.{each.stage}')}")
        rows.append([button(cut(f"{each.id} · {title(each, t)}", LABEL), Publish("one", each.id))])
    if may_write:
        rows.append([button(t.plain("publication.new"), Drafting("new"))])
    return "\n".join(shown), keyboard(rows)


def title(publication: Publication, t: Texts) -> str:
    """What it is called."""
    return titled(t.pick({language: text["title"] for language, text in publication.texts.items()}))


async def screen(
    session: AsyncSession, publication: Publication, t: Texts, toolbox: Toolbox, now: datetime, *, above: bool
) -> tuple[str, dict[str, Any]]:
    """One of them as it is now, as the office sees it or those `above`."""
    said = await publications.reviews(session, publication)
    names = {each.id: each.name for each in await colleagues.by_ids(session, {each.person_id for each in said})}
    named = [(each, names.get(each.person_id, "—")) for each in said]
    reach = await deliveries.reach(session, publication, toolbox.house, now)
    return one(publication, named, reach, t, toolbox.settings, toolbox.house, now, above=above)


def one(
    publication: Publication,
    said: Sequence[tuple[Review, str]],
    reach: Reach,
    t: Texts,
    settings: Settings,
    house: House,
    now: datetime,
    *,
    above: bool,
) -> tuple[str, dict[str, Any]]:
    """One of them, and what can be done with it now: in the office, or `above` in the supervisors' group."""
    parts = [
        f"📰 <b>{publication.id} · {escape(title(publication, t))}</b>",
        t("publication.how_far", stage=t.plain(f"publication.stage.{publication.stage}"), what=what(publication, t)),
        t("publication.whom", whom=whom(publication, t, settings, house)),
        t("publication.languages", languages=_languages(publication, house)),
    ]
    if publication.attachments:
        parts.append(t.n("publication.with", len(publication.attachments)))
    if publication.corrects_id is not None:
        parts.append(t("publication.corrects", number=publication.corrects_id))
    parts += _figures(publication, reach, t, now)
    if publication.reason:
        parts.append(t("publication.because", reason=t.pick(publication.reason)))
    parts += [_said(review, name, t, now) for review, name in said[-REVIEWS:]]
    return "\n".join(parts), keyboard(_rows(publication, t, house, above))


def what(publication: Publication, t: Texts) -> str:
    """Which kind it is."""
    if publication.topic is not None:
        return t.plain(f"topic.{publication.topic}")
    return t.plain(f"publication.kind.{publication.kind}")


def whom(publication: Publication, t: Texts, settings: Settings, house: House) -> str:
    """Whom it is for."""
    group, station = publication.group, publication.station(house)
    if publication.kind is Kind.DISCLOSURE:
        return t.plain("publication.whom_disclosed")
    if publication.topic is not None:
        return t.plain("publication.whom_topic")
    if station is not None:
        names = next(each.name for each in settings.stations if each.key == station)
        return t.plain("publication.whom_station", station=t.pick(names))
    if group.audiences:
        return t.plain("survey.and").join(t.plain(f"audience.{each}") for each in group.audiences)
    return t.plain("survey.everybody")


def _languages(publication: Publication, house: House) -> str:
    marks = {True: "✓", False: "✗"}
    return "  ".join(f"{LANGUAGE_NAMES[each]} {marks[each in publication.texts]}" for each in house.languages)


def _figures(publication: Publication, reach: Reach, t: Texts, now: datetime) -> list[str]:
    """Before it goes out, to how many and until when; afterwards, what became of it."""
    if publication.kind is Kind.DISCLOSURE:
        return []
    if publication.stage in (Stage.SENDING, Stage.SENT, Stage.ARCHIVED, Stage.WITHDRAWN):
        counted = {each: getattr(publication, each) for each in ("written", "delivered", "failed", "unknown")}
        return [t("publication.counted", **counted)]
    begins = publication.send_at
    start = t("publication.at", at=t.moment(begins, now)) if begins else t("publication.at_once")
    return [start, t.n("publication.reach", reach.people, done=t.moment(reach.done_by, now))]


def _said(review: Review, name: str, t: Texts, now: datetime) -> str:
    said = t(f"publication.said.{review.step}", name=name, at=t.stamp(review.at, now), revision=review.revision)
    return f"{said}\n<blockquote>{escape(without_mentions(review.note))}</blockquote>" if review.note else said


def _act(publication: Publication, act: str, t: Texts) -> dict[str, Any]:
    return button(t.plain(f"publication.act.{act}"), Publish(act, publication.id, publication.revision))


def _rows(publication: Publication, t: Texts, house: House, above: bool) -> list[list[dict[str, Any]]]:
    def acts(*names: str) -> list[dict[str, Any]]:
        return [_act(publication, name, t) for name in names]

    rows = [acts("preview")]
    stage = publication.stage
    if above:
        if stage is Stage.APPROVING:
            rows.append(acts("approve", "refuse"))
    elif stage in (Stage.DRAFT, Stage.READING, Stage.APPROVING, Stage.APPROVED):
        if stage is Stage.READING:
            rows.append(acts("pass", "refuse"))
        if stage is Stage.DRAFT:
            rows.append(acts("submit"))
        rows += [_write(publication, each, t) for each in house.languages]
        if publication.kind is not Kind.DISCLOSURE:
            attach = ["attach", *(["bare"] if publication.attachments else [])]
            # An edit brings no other attachments.
            rows.append(acts(*(attach if publication.corrects_id is None else []), "when"))
        if stage is Stage.DRAFT:
            rows.append(acts("drop"))
    elif stage in (Stage.SENDING, Stage.SENT):
        # What is disclosed is corrected by its next version.
        rows.append(acts(*(["correct"] if publication.kind is not Kind.DISCLOSURE else []), "withdraw"))
    return [*rows, [button(t.plain("publication.act.list"), Publish("list", publication.id))]]


def _write(publication: Publication, language: str, t: Texts) -> list[dict[str, Any]]:
    key = "publication.rewrite" if language in publication.texts else "publication.write"
    press = Publish("language", publication.id, publication.revision, language)
    return [button(t.plain(key, language=LANGUAGE_NAMES[language]), press)]


# ---------------------------------------------------------------- a new one


def kinds(t: Texts) -> tuple[str, dict[str, Any]]:
    """What shall it be?"""
    rows = [[button(t.plain(f"publication.kind.{each}"), Drafting("kind", each.value))] for each in WRITTEN_BY_HAND]
    rows += [[button("🗞 " + t.plain(f"topic.{each}"), Drafting("topic", each.value))] for each in Topic]
    return t("publication.which"), keyboard([*rows, [button(t.plain("publication.act.list"), Publish("list", 0))]])


def targets(t: Texts, settings: Settings) -> tuple[str, dict[str, Any]]:
    """For whom?"""
    rows = [[button(t.plain("survey.everybody"), Drafting("whom", EVERYBODY))]]
    rows += [
        [
            button(
                t.plain("publication.whom_station", station=t.pick(each.name)), Drafting("whom", f"station-{each.key}")
            )
        ]
        for each in settings.stations
        if each.buildings
    ]
    rows += [[button(t.plain(f"audience.{each}"), Drafting("whom", f"audience-{each.value}"))] for each in Audience]
    return t("publication.for_whom"), keyboard([*rows, [button(t.plain("publication.act.list"), Publish("list", 0))]])


def asked_to_write(language: str, t: Texts, number: int = 0) -> tuple[str, dict[str, Any]]:
    """Write it, in this language."""
    back = Publish("one", number) if number else Publish("list", 0)
    keys = keyboard([[button(t.plain("nav.cancel"), back)]])
    return t("publication.write_it", language=LANGUAGE_NAMES[language]), keys


def asked(key: str, publication: Publication, t: Texts) -> tuple[str, dict[str, Any]]:
    """Something in words is wanted of it: attachments, a reason."""
    return t(key), keyboard([[button(t.plain("nav.cancel"), Publish("one", publication.id))]])


def whens(publication: Publication, t: Texts) -> tuple[str, dict[str, Any]]:
    """When shall it go out?"""
    rows = [
        [button(t.plain(f"survey_new.opens.{each}"), Publish("at", publication.id, publication.revision, each))]
        for each in STARTS
    ]
    return t("publication.when"), keyboard([*rows, [button(t.plain("nav.cancel"), Publish("one", publication.id))]])


def sure(publication: Publication, t: Texts) -> tuple[str, dict[str, Any]]:
    """Shall it really be dropped?"""
    rows = [
        [button(t.plain("publication.act.sure"), Publish("sure", publication.id, publication.revision))],
        [button(t.plain("nav.cancel"), Publish("one", publication.id))],
    ]
    return t("publication.sure", title=title(publication, t)), keyboard(rows)


def sure_to_withdraw(publication: Publication, reason: Mapping[str, str], t: Texts) -> tuple[str, dict[str, Any]]:
    """Shall it really be withdrawn? Those who have it will read this."""
    rows = [
        [button(t.plain("publication.act.withdraw_it"), Publish("withdraw-it", publication.id, publication.revision))],
        [button(t.plain("nav.cancel"), Publish("one", publication.id))],
    ]
    shown = Markup("<blockquote>{}</blockquote>").format(Markup(withdrawn(publication, reason, t)))
    return f"{t('publication.sure_withdraw')}\n\n{shown}", keyboard(rows)
