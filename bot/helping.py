"""Every command of a station's group, under the heading where somebody looks for it."""

from __future__ import annotations

from bot.texts import Texts

HEADINGS: dict[str, tuple[str, ...]] = {
    "answering": ("a", "ask", "note", "claim", "resolve", "transfer", "retract"),
    "sorting": ("assign", "priority", "tag", "project", "merge", "split", "reopen", "closeall", "major", "mute"),
    "looking": ("open", "overdue", "find", "stats", "projects"),
    "running": ("walkin", "duty", "code", "canned", "mode", "reassign"),
    "office": (
        "board",
        "publish",
        "posts",
        "workreport",
        "poll",
        "quiz",
        "study",
        "survey",
        "evaluation",
        "disclosure",
        "volunteers",
        "audit",
        "export",
        "roles",
        "block",
        "blocked",
        "unblock",
        "setup",
    ),
}
"""The keys of `desk_help.*`, in the order in which they are needed."""


def overview(t: Texts, station: str) -> str:
    """How a station's chat is used, and what there is to type."""
    parts = [t("desk.help", station=station)]
    for heading, names in HEADINGS.items():
        lines = [t("desk_help.line", command=f"/{name}", what=t.plain(f"command.{name}")) for name in names]
        parts.append("\n".join([f"<b>{t(f'desk_help.{heading}')}</b>", *lines]))
    return "\n\n".join(parts)
