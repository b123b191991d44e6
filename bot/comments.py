"""Comments on a disclosure as people see them: the card on which the office decides and answers, what their writer is
told, and what stands below a heading for everybody.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from bot.keyboards import Press, button, keyboard
from bot.texts import Texts
from bot.untrusted import cut, inline, lines, units
from models.union import comments
from models.union.comments import Comment, Reason, Shown, Stage
from models.union.publications import Heading

NAME_LENGTH = 40
EXCERPT = 200
LONGEST = 3600
"""Of a message, as Telegram counts; the rest is for its head."""


@dataclass(frozen=True)
class Handle(Press, prefix="co"):
    """The union's step with a comment: card (brought once more), keys (back to its first buttons), show, hide (asks
    why), a reason, answer, publish (`turn`: the message that held the answer).
    """

    act: str
    comment: int
    turn: int = 0


def about(heading: Heading | None, t: Texts) -> str:
    """What a comment is about."""
    return t.plain(f"disclosure.heading.{heading}") if heading is not None else t.plain("disclosure.general")


def who(name: str | None, t: Texts) -> str:
    """From whom it is."""
    return inline(name, NAME_LENGTH) if name else t.plain("comment.nameless")


# ---------------------------------------------------------------- the union


def card(comment: Comment, name: str | None, t: Texts, now: datetime) -> str:
    """A comment with everything that has become of it, for whoever decides."""
    step, until = comments.due(comment) or ("", now)
    state = "answered" if comment.stage is Stage.SHOWN and comment.answer else str(comment.stage)
    head = t(
        "comment.head", number=comment.id, about=about(comment.heading, t), state=t.plain(f"comment.state.{state}")
    )
    if comment.text is None:
        return head
    rows = [head, t("comment.from", who=who(name, t), moment=t.stamp(comment.at, now))]
    rows.append(t("comment.words", text=lines(comment.text)))
    if comment.answer is not None:
        rows.append(t("comment.answer", text=lines(comment.answer)))
    if comment.reason is not None:
        rows.append(t("comment.why", reason=t.plain(f"comment.reason.{comment.reason}")))
    if step:
        late = "late" if until <= now else "due"
        rows.append(t(f"comment.{late}.{step}", moment=t.stamp(until, now)))
        rows.append(t("comment.how"))
    return "\n".join(rows)


def keys(t: Texts, comment: Comment) -> dict[str, Any] | None:
    """What can be done with it now; None for one of which nothing is left."""

    def press(act: str) -> dict[str, Any]:
        return button(t.plain(f"comment.do.{act}"), Handle(act, comment.id))

    match comment.stage:
        case Stage.WAITING:
            return keyboard([[press("answer")], [press("show"), press("hide")]])
        case Stage.SHOWN:
            correct = button(t.plain("comment.do.correct"), Handle("answer", comment.id))
            return keyboard([[press("answer") if comment.answer is None else correct, press("hide")]])
        case Stage.HIDDEN:
            return keyboard([[press("show")]])
        case _:
            return None


def reasons(t: Texts, comment: Comment) -> dict[str, Any]:
    """Why it is not to be shown."""
    rows = [[button(t.plain(f"comment.reason.{each}"), Handle(str(each), comment.id))] for each in Reason]
    return keyboard([*rows, [button(t.plain("nav.back"), Handle("keys", comment.id))]])


def asked_to_answer(comment: Comment, t: Texts) -> str:
    """Write the answer now."""
    return t(
        "comment.write_answer",
        number=comment.id,
        text=cut(lines(comment.text or ""), EXCERPT),
        most=comments.ANSWER_LENGTH,
    )


def preview(comment: Comment, answer: str, turn: int, t: Texts) -> tuple[str, dict[str, Any]]:
    """The answer once more, before everybody reads it."""
    text = t("comment.preview_answer", number=comment.id, text=answer)
    return text, keyboard([[button(t.plain("comment.do.publish"), Handle("publish", comment.id, turn))]])


# ---------------------------------------------------------------- its writer


def told(comment: Comment, what: str, t: Texts) -> str:
    """What has become of it, to whoever wrote it: shown, hidden, answered, corrected."""
    return t(
        f"comment.told.{what}",
        number=comment.id,
        about=about(comment.heading, t),
        words=cut(lines(comment.text or ""), EXCERPT),
        answer=lines(comment.answer or ""),
        reason=t.plain(f"comment.why_not.{comment.reason}") if comment.reason is not None else "",
    )


# ---------------------------------------------------------------- everybody


def public(found: Sequence[Shown], t: Texts) -> list[str]:
    """Each comment with its answer, as HTML."""
    return [_public(each, t) for each in found]


def _public(shown: Shown, t: Texts) -> str:
    day = t.full_day(shown.at.astimezone(t.timezone).date())
    rows = [t("comment.public", number=shown.number, who=who(shown.name, t), day=day, text=lines(shown.text))]
    if shown.answer is not None and shown.answered_at is not None:
        day = t.full_day(shown.answered_at.astimezone(t.timezone).date())
        rows.append(t("comment.public_answer", day=day, text=lines(shown.answer)))
    else:
        rows.append(t("comment.no_answer_yet"))
    return "\n".join(rows)


def fitting(parts: Sequence[str]) -> int:
    """How many of these, the first always among them, are one message."""
    taken = room = 0
    for part in parts:
        room += units(part) + 2
        if taken and room > LONGEST:
            break
        taken += 1
    return taken
