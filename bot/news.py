"""Policy news as students see it: the topics they follow, in the order that suits them, and the newest about these."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from markupsafe import escape

from bot import publishing
from bot.keyboards import Go, Press, button, keyboard
from bot.menus import way_on
from bot.settings import Settings
from bot.texts import Texts, cut
from models.people import Audience
from models.union.publications import Publication, Topic

LABEL = 48
MARKS = {True: "✅", False: "▫️"}
ABOUT_US = (Audience.HONG_KONG_MACAO_TAIWAN, Audience.INTERNATIONAL)
"""Whom the last of the topics is about."""
ORDER: dict[Audience | None, tuple[Topic, ...]] = {
    None: tuple(Topic),
    Audience.UNDERGRADUATE: (Topic.STUDY, Topic.FURTHER, Topic.JOBS, Topic.BUSINESS, Topic.RESEARCH, Topic.ABROAD),
    Audience.GRADUATE: (Topic.RESEARCH, Topic.JOBS, Topic.STUDY, Topic.FURTHER, Topic.BUSINESS, Topic.ABROAD),
    Audience.VOCATIONAL: (Topic.JOBS, Topic.FURTHER, Topic.STUDY, Topic.BUSINESS, Topic.RESEARCH, Topic.ABROAD),
    **dict.fromkeys(ABOUT_US, (Topic.ABROAD, Topic.STUDY, Topic.FURTHER, Topic.JOBS, Topic.RESEARCH, Topic.BUSINESS)),
}
"""What concerns them most stands first; nothing is hidden from anybody."""


@dataclass(frozen=True)
class Follow(Press, prefix="nf"):
    """Hear of a topic, or no more; pressed among the topics (0), or at a publication about it."""

    topic: str
    yes: bool
    publication: int = 0


@dataclass(frozen=True)
class Unfollow(Press, prefix="nu"):
    """Under what somebody was sent: no more of this topic."""

    topic: str


@dataclass(frozen=True)
class News(Press, prefix="nw"):
    """Read: the newest, one of them, what is attached to it; or topics, below the letter that somebody was sent."""

    act: str
    publication: int = 0


def topics(followed: Collection[Topic], audience: Audience | None, t: Texts, *, drafting: bool) -> tuple[str, Any]:
    """Each topic, and whether they follow it."""
    rows = [
        [button(f"{MARKS[each in followed]} {name(each, t)}", Follow(each.value, each not in followed))]
        for each in ORDER[audience]
    ]
    read = button(t.plain("news.newest"), News("newest"))
    return t("news.head"), keyboard([*rows, [read], [way_on(t, drafting)]])


def name(topic: Topic, t: Texts) -> str:
    """What it is called."""
    return t.plain(f"topic.{topic}")


def newest(
    found: Sequence[Publication], followed: Collection[Topic], t: Texts, now: datetime, *, drafting: bool
) -> tuple[str, dict[str, Any]]:
    """The newest about what they follow, or, as long as they follow nothing, about everything."""
    if not found:
        return t("news.nothing"), keyboard([_back(t, drafting)])
    parts, rows = [t("news.of_yours" if followed else "news.of_all")], []
    for each in found:
        assert each.topic is not None
        assert each.sent_at is not None
        title = publishing.title(each, t)
        parts.append(
            f"<b>{escape(title)}</b>\n" + t("news.line", topic=name(each.topic, t), day=_day(each.sent_at, t, now))
        )
        rows.append([button(cut(title, LABEL), News("one", each.id))])
    return "\n\n".join(parts), keyboard([*rows, _back(t, drafting)])


def _back(t: Texts, drafting: bool) -> list[dict[str, Any]]:
    return [button(t.plain("news.back"), Go("news")), way_on(t, drafting)]


def _day(moment: datetime, t: Texts, now: datetime) -> str:
    return t.short_day(moment.astimezone(t.timezone).date(), now.astimezone(t.timezone).date())


def article(publication: Publication, follows: bool, t: Texts, settings: Settings) -> tuple[str, dict[str, Any]]:
    """One of them, to be read whole."""
    topic = publication.topic
    assert topic is not None
    text = publishing.read(publication, t, settings.union.name)
    key = "news.unfollow" if follows else "news.follow"
    rows = [[button(t.plain(key), Follow(topic.value, not follows, publication.id))]]
    if publication.attachments:
        rows.insert(0, [button(t.plain("news.attached"), News("attached", publication.id))])
    return text, keyboard(
        [*rows, [button(t.plain("news.to_newest"), News("newest")), button(t.plain("news.back"), Go("news"))]]
    )


def under_letter(topic: Topic, t: Texts) -> dict[str, Any]:
    """Under what somebody is sent: one tap, and it was the last."""
    return keyboard([[button(t.plain("news.unfollow"), Unfollow(topic.value))]])


def left(t: Texts) -> dict[str, Any]:
    """The same, when it was the last."""
    return keyboard([[button(t.plain("news.left"), News("topics"))]])
