"""What is written on the way of /study (`gatherings.py`): title, time and place; the title in another language; things
to read; a quiz.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from aiogram import F, Router
from aiogram.filters import StateFilter
from aiogram.fsm.context import FSMContext
from aiogram.types import Message

from bot import scripts, studies, typed
from bot.contents import content_of, is_said
from bot.untrusted import inline, lines
from handlers.screens import respond
from handlers.union import gatherings as desk
from handlers.union import quizzes as asking
from handlers.union.acting import Acting, Wherever
from handlers.union.gatherings import Studying
from models import quizzes
from models.errors import Refusal
from models.permissions import Deed
from models.union import studies as rules
from models.union.gatherings import TITLE_LENGTH, Gathering, Kind

FILES = ("document", "photo", "video")
WORDS_LENGTH = 1000
WORDS = (Studying.words, Studying.title, Studying.quiz)
LONG = 400
"""So much of a line is looked at: what is longer than a title may be is told, not cut."""


def router() -> Router:
    """This conversation's handlers."""
    router = Router(name="study words")
    written = F.text & ~F.text.startswith("/")
    router.message.register(words, StateFilter(Studying.words), written, Wherever())
    router.message.register(title, StateFilter(Studying.title), written, Wherever())
    router.message.register(material, StateFilter(Studying.materials), ~F.text.startswith("/"), is_said, Wherever())
    router.message.register(quiz, StateFilter(Studying.quiz), written, Wherever())
    router.message.register(words_only, StateFilter(*WORDS), ~F.text, is_said, Wherever())
    return router


async def _of(acting: Acting, data: Mapping[str, Any]) -> tuple[Any, Gathering]:
    """Which one it is about. Raises Refusal when it is none, or nobody's who writes."""
    person, gathering = await desk.may(acting, data.get("gathering", 0))
    if gathering is None:
        raise Refusal("old.button")
    return person, gathering


async def words(message: Message, acting: Acting, state: FSMContext) -> None:
    """Title, time and place: of a new one, of one that nobody has been told of, or of the make-up session for one."""
    data = await state.get_data()
    person, it = await desk.may(acting, data.get("gathering", 0))
    await desk.must_plan(acting)
    house, now, language = acting.house, acting.now, acting.t.language
    written, starts, ends, place, about = studies.read(message.text or "", house.calendar, now)
    told = scripts.written({}, language, about, house.languages) if about else None
    titles = scripts.written({}, language, written, house.languages) if written else {}
    if it is not None and data.get("change"):
        await rules.change(acting.session, it, titles or it.titles, place, starts, ends, house, now, about=told)
    elif it is not None or data.get("kind") in rules.KINDS:
        kind = it.kind if it is not None else Kind(data["kind"])
        keys = [acting.own.key] if acting.own is not None else []
        at = place, starts, ends, house, now
        titles = titles or (it.titles if it is not None else {})
        how: dict[str, Any] = {"by": person, "keys": keys, "about": told, "makes_up": it}
        it = await rules.plan(acting.session, kind, titles, *at, **how)
    else:
        raise Refusal("old.button")
    await state.clear()
    await desk.show_one(message, it, acting)


async def title(message: Message, acting: Acting, state: FSMContext) -> None:
    """The title in one more language."""
    data = await state.get_data()
    _, it = await _of(acting, data)
    rules.must_be_planned(it)
    text, language = inline(message.text or "", LONG), data.get("language")
    if language not in acting.house.languages or not text:
        raise Refusal("gathering.title_missing")
    if len(text) > TITLE_LENGTH:
        raise Refusal("gathering.title_too_long", most=TITLE_LENGTH)
    it.titles = {**it.titles, language: text}
    await state.clear()
    await desk.show_one(message, it, acting)


async def material(message: Message, acting: Acting, state: FSMContext) -> None:
    """One more thing to be read: a file, a picture, or words. More may follow."""
    _, it = await _of(acting, await state.get_data())
    content = content_of(message) or {}
    if content.get("type") in FILES:
        name = inline(content.get("file_name") or content.get("text") or "", studies.NAME)
        rules.add_material(it, {"kind": content["type"], "file_id": content["file_id"], "name": name})
    else:
        text = lines(str(content.get("text", "")))
        if not 0 < len(text) <= WORDS_LENGTH:
            raise Refusal("study.material_length", most=WORDS_LENGTH)
        rules.add_material(it, {"kind": "words", "text": text})
    await respond(message, *studies.materials(it, acting.t))


async def words_only(_: Message, acting: Acting, state: FSMContext) -> None:
    """A picture or the like, where words are waited for: it goes nowhere, and they are told."""
    await desk.may(acting, (await state.get_data()).get("gathering", 0))
    raise Refusal("gathering.words_only")


async def quiz(message: Message, acting: Acting, state: FSMContext) -> None:
    """The number of one there is, or a new one as under /quiz, which is seen once more."""
    _, it = await _of(acting, await state.get_data())
    rules.must_go_on(it)
    number = typed.number(message.text or "")
    if number is not None:
        await desk.attach(it, number, acting)
        await state.clear()
        await desk.show_one(message, it, acting)
        return
    await acting.may_here(Deed.QUIZ_HERE, Deed.QUIZ)
    draft = asking.read((message.text or "").strip())
    await state.set_state(Studying.quiz_ready)
    await state.set_data({"gathering": it.id, "draft": asdict(draft)})
    groups = len(await quizzes.groups(acting.session, acting.own))
    await respond(message, *studies.quiz_ready(it, asking.preview(draft, acting.t), groups, acting.t))
