"""People speak through this room: one conversation a file, its states and its flow drawn in the docstring.

The order of the routers is the order in which they are asked: what is more particular comes first, and the last one in
each chat answers what nobody else understood.
"""

from __future__ import annotations

from aiogram import Router
from aiogram.filters import Filter

from bot.filters import Alone, InGroup


def router() -> Router:
    """A fresh router with every conversation; the dispatcher includes it once."""
    from handlers import anywhere, membership
    from handlers.staff import (
        answers,
        bursts,
        canned,
        cards,
        code,
        duty,
        lists,
        major,
        mode,
        more,
        order,
        sort,
        strangers,
        walkin,
    )
    from handlers.students import (
        access,
        appeal,
        faq,
        following,
        here,
        inline,
        links,
        loose,
        mine,
        new,
        news,
        privacy,
        projects,
        report,
        reviews,
        start,
        surveys,
        volunteering,
    )
    from handlers.students import union as disclosed
    from handlers.union import (
        appointing,
        board,
        chairs,
        disclosure,
        evaluations,
        faq_stats,
        gathering_words,
        gatherings,
        posts,
        project_words,
        publications,
        pulses,
        quizzes,
        records,
        roles,
        setup,
        survey_making,
        unheard,
        volunteer_hours,
        volunteer_words,
        volunteers,
        work_reports,
    )
    from handlers.union import cases as reports
    from handlers.union import projects as project_desk
    from handlers.union import surveys as survey_desk

    root = Router(name="unionbot")
    root.message.middleware(answers.say_pictures_left)
    root.callback_query.middleware(anywhere.lead_on)
    # Teachers and report readers are no students: nobody asks them to agree to anything before they decide.
    above = (reports.router(), major.router())
    known = (anywhere.first(), anywhere.router(), privacy.router(), here.router(), volunteering.verifying())
    # What answers a card is about its ticket, or its comment, whatever else is being done.
    to_cards = (loose.replies(), answers.replies(), disclosure.replies())
    first = (*known, links.router(), *above, *to_cards, here.reasons())
    desks = (lists, canned, walkin, mode, code)
    talks = (faq, news, inline, report, surveys, disclosed, volunteering, projects, reviews)
    students = (start, appeal, *talks, mine, following, new)
    asked = (pulses, quizzes, survey_desk, survey_making, evaluations)
    decided = (board, publications, *asked, work_reports, records, roles)
    registers = (appointing, posts, chairs, gatherings, gathering_words)
    helpers = (volunteers, volunteer_hours, volunteer_words)
    desk = (project_desk, project_words, disclosure, unheard)
    union = (membership, setup, faq_stats, *decided, *registers, *helpers, *desk)
    staff = (duty, order, cards, bursts, more, sort, answers)
    others = (*students, *desks, *union, *staff, loose, strangers)
    alone = {appeal, news, report, surveys, disclosed, volunteering, projects, reviews, mine, following, new}
    together = {canned, walkin, mode, code, order, cards, bursts, more, sort, answers}
    kinds = {**dict.fromkeys(alone, Alone), **dict.fromkeys(together, InGroup)}
    parts = (_only(each.router(), kinds.get(each)) for each in others)
    for part in (*first, access.router(), *parts, anywhere.last()):
        root.include_router(part)
    return root


def _only(part: Router, kind: type[Filter] | None) -> Router:
    """A conversation that is held in chats of one kind only: in the others it is passed over as a whole, its handlers
    are not asked one by one.
    """
    if kind is not None:
        for observer in (part.message, part.edited_message, part.callback_query):
            observer.filter(kind())
    return part
