"""People speak through this room: one conversation a file, its states and its flow drawn in the docstring.

The order of the routers is the order in which they are asked: what is more particular comes first, and the last one in
each chat answers what nobody else understood.
"""

from __future__ import annotations

from aiogram import Router


def router() -> Router:
    """A fresh router with every conversation; the dispatcher includes it once."""
    from handlers import anywhere, membership
    from handlers.staff import answers, bursts, canned, cards, duty, lists, mode, more, sort, strangers, walkin
    from handlers.students import faq, following, inline, loose, mine, new, start
    from handlers.union import faq_stats, pulses, setup

    root = Router(name="unionbot")
    first = (anywhere.first(), anywhere.router(), loose.replies())
    desks = (lists, canned, walkin, mode)
    students = (start, faq, inline, mine, following, new)
    union = (membership, setup, faq_stats, pulses)
    staff = (duty, cards, bursts, more, sort, answers)
    others = (*desks, *students, *union, *staff, loose, strangers)
    for part in (*first, *(each.router() for each in others), anywhere.last()):
        root.include_router(part)
    return root
