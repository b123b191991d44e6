"""Every command of a station's group, under the heading where somebody looks for it, and what it asks the table for."""

from __future__ import annotations

from collections.abc import Collection

from bot.texts import Texts
from models import permissions
from models.permissions import Deed, Who

HEADINGS: dict[str, dict[str, tuple[Deed, ...]]] = {
    "answering": {
        "a": (Deed.ANSWER,),
        "ask": (Deed.ASK,),
        "note": (Deed.NOTE,),
        "claim": (Deed.CLAIM,),
        "resolve": (Deed.RESOLVE,),
        "transfer": (Deed.TRANSFER,),
        "retract": (Deed.RETRACT,),
    },
    "sorting": {
        "assign": (Deed.ASSIGN,),
        "priority": (Deed.PRIORITY,),
        "tag": (Deed.TAG,),
        "project": (Deed.PROJECT,),
        "merge": (Deed.MERGE,),
        "split": (Deed.SPLIT,),
        "reopen": (Deed.REOPEN,),
        "closeall": (Deed.RESOLVE,),
        "major": (Deed.MAJOR,),
        "mute": (Deed.MUTE,),
    },
    "looking": {
        "open": (Deed.LIST,),
        "overdue": (Deed.LIST,),
        "find": (Deed.LIST,),
        "stats": (Deed.FIGURES,),
        "projects": (Deed.PROJECTS,),
    },
    "running": {
        "walkin": (Deed.WALKIN,),
        "duty": (Deed.ROSTER,),
        "code": (Deed.CODE,),
        "canned": (Deed.CANNED,),
        "mode": (Deed.MODE,),
        "reassign": (Deed.REASSIGN,),
    },
    "union": {
        "board": (Deed.BOARD,),
        "publish": (Deed.PUBLICATIONS,),
        "disclosure": (Deed.DISCLOSURE,),
        "workreport": (Deed.WORK_REPORTS,),
        "posts": (Deed.POSTS,),
        "roles": (Deed.ROLES,),
    },
    "office": {
        "poll": (Deed.POLL_HERE, Deed.POLL),
        "quiz": (Deed.QUIZ_HERE, Deed.QUIZ),
        "study": (Deed.STUDY_HERE, Deed.STUDY),
        "volunteers": (Deed.VOLUNTEERS_HERE, Deed.VOLUNTEERS),
        "survey": (Deed.SURVEYS,),
        "evaluation": (Deed.EVALUATE,),
        "audit": (Deed.AUDIT,),
        "export": (Deed.EXPORT,),
        "block": (Deed.BLOCK,),
        "blocked": (Deed.BLOCK,),
        "unblock": (Deed.BLOCK,),
        "setup": (Deed.SETUP,),
    },
}
"""The keys of `desk_help.*`, in the order in which they are needed: each command with what it is asked about; where
there are two, with the first in a station's own group and with the other where it concerns all of them."""

OF_TICKETS = frozenset({"answering", "sorting"})
"""What is done with tickets, and therefore not where no ticket ever is."""
OF_A_PLACE = frozenset({"mode", "reassign"})
"""What an admin may do wherever tickets are dealt with, and nowhere else."""


def overview(t: Texts, station: str, who: Collection[Who]) -> str:
    """How this chat is used, and what somebody who is this here can type."""
    above, everywhere = Who.ABOVE in who, not {Who.ABOVE, Who.OFFICE}.isdisjoint(who)
    parts = [t("desk.help_above" if above else "desk.help", station=station)]
    for heading, commands in HEADINGS.items():
        mine = [
            name
            for name, deeds in commands.items()
            if permissions.may(deeds[-1 if everywhere else 0], who)
            and not (above and (heading in OF_TICKETS or name in OF_A_PLACE))
        ]
        lines = [t("desk_help.line", command=f"/{name}", what=t.plain(f"command.{name}")) for name in mine]
        if lines:
            parts.append("\n".join([f"<b>{t(f'desk_help.{heading}')}</b>", *lines]))
    return "\n\n".join(parts)
