"""/publish: what the union publishes. Written and read in the office, approved in the supervisors' group.

/publish ─▶ list ─▶ new ─▶ news · guidance · a topic ─▶ for whom ─▶ words, a language after the other ─▶ draft
                                                             (or a text file for each)
              └▶ one ─▶ preview · words · attachments · when · submit
                        second reader: nothing against it · sent back with a reason
                        supervising teacher: approved · sent back with a reason
                        sent ─▶ correct (a draft of its own) · withdraw with a reason
"""

from __future__ import annotations

import contextlib
from typing import Any

from aiogram import F, Router
from aiogram.filters import Command, CommandObject, StateFilter
from aiogram.fsm.context import FSMContext
from aiogram.fsm.state import State, StatesGroup
from aiogram.types import CallbackQuery, Message

from bot import publishing, scripts, survey_making, textfiles
from bot.contents import content_of
from bot.filters import Pressed, markup
from bot.publishing import Drafting, Publish
from bot.textfiles import Fetched
from handlers.occasion import leave, leave_for, must_be_seen
from handlers.screens import respond
from handlers.union.acting import Acting, Wherever
from models import stations
from models.errors import Refusal
from models.people import Audience
from models.permissions import Deed
from models.questionnaires import EVERYBODY, Group, group_of
from models.stations import Desk
from models.union import deliveries, publications, reviewing
from models.union.publications import MOST_ATTACHMENTS, Heading, Kind, Publication, Stage, Topic

SHOWN = 8
PICTURED = F.photo | F.document | F.video | F.voice | F.sticker


class Publishing(StatesGroup):
    """What is being written: the words of a language, attachments, why it is sent back, why it is withdrawn."""

    words = State()
    attachments = State()
    refusal = State()
    withdrawal = State()


def router() -> Router:
    """This conversation's handlers."""
    router = Router(name="publications")
    written = F.text & ~F.text.startswith("/")
    router.message.register(begin, Command("publish"), Wherever())
    router.message.register(words, StateFilter(Publishing.words), written, Wherever())
    router.message.register(file, StateFilter(Publishing.words), F.document, Wherever())
    router.message.register(attach, StateFilter(Publishing.attachments), F.photo | F.document, Wherever())
    router.message.register(send_back, StateFilter(Publishing.refusal), written, Wherever())
    router.message.register(why_withdrawn, StateFilter(Publishing.withdrawal), written, Wherever())
    # A reply is to somebody else's words.
    router.message.register(not_that, StateFilter(Publishing), ~F.reply_to_message, written | PICTURED, Wherever())
    router.callback_query.register(new, Pressed(Drafting), Wherever())
    router.callback_query.register(step, Pressed(Publish), Wherever())
    return router


async def begin(message: Message, command: CommandObject, acting: Acting, state: FSMContext) -> None:
    """/publish: all of them."""
    must_be_seen(message, command)
    await acting.may(Deed.PUBLICATIONS)
    await _list(message, acting, await leave(state, acting.t))


async def new(query: CallbackQuery, press: Drafting, acting: Acting, state: FSMContext) -> None:
    """On the way to a new one."""
    await acting.may(Deed.PUBLISH)
    if press.step == "new":
        left = await leave(state, acting.t)
        text, keys = publishing.kinds(acting.t)
        await respond(query, left + text, keys)
    elif press.step == "kind" and press.value in publishing.WRITTEN_BY_HAND:
        await state.set_data({"kind": press.value})
        await respond(query, *publishing.targets(acting.t, acting.settings))
    elif press.step == "topic" and press.value in set(Topic):
        await _ask(query, acting, state, {"kind": Kind.NEWS.value, "topic": press.value})
    elif press.step == "whom" and "kind" in (data := await state.get_data()):
        await _ask(query, acting, state, {**data, "group": _group(press.value, acting).plain()})
    else:
        raise Refusal("old.button")


async def begin_disclosure(query: CallbackQuery, heading: Heading, acting: Acting, state: FSMContext) -> None:
    """A new version of what stands under one of the five headings; for whoever looks after them."""
    await acting.may(Deed.PUBLISH)
    await _ask(query, acting, state, {"kind": Kind.DISCLOSURE.value, "heading": heading.value})


async def _ask(query: CallbackQuery, acting: Acting, state: FSMContext, data: dict[str, Any]) -> None:
    """The first words of a new one, in the language of whoever writes."""
    language, left = acting.t.language, await leave(state, acting.t)
    await state.set_data({**data, "language": language})
    await state.set_state(Publishing.words)
    text, keys = publishing.asked_to_write(language, acting.t)
    await respond(query, left + text, keys)


def _group(value: str, acting: Acting) -> Group:
    kind, _, key = value.partition("-")
    if kind == "station" and (buildings := acting.settings.buildings_of(key)):
        return Group(buildings=tuple(buildings))
    if kind == "audience" and key in set(Audience):
        return Group(audiences=(Audience(key),))
    if value != publishing.EVERYBODY:
        raise Refusal("old.button")
    return EVERYBODY


async def words(message: Message, acting: Acting, state: FSMContext) -> None:
    """The title, and below it the text, in one language."""
    await acting.may(Deed.PUBLISH)
    await _written(message, message.text or "", acting, state)


async def file(message: Message, acting: Acting, state: FSMContext, fetched: Fetched | None) -> None:
    """The same, as a text file."""
    await acting.may(Deed.PUBLISH)
    assert message.document is not None
    text = textfiles.words_of(message.document.file_name, message.document.file_size, fetched)
    await _written(message, text, acting, state)


async def _written(message: Message, text: str, acting: Acting, state: FSMContext) -> None:
    """The other script of Chinese follows where nobody wrote it."""
    staff = await acting.may(Deed.PUBLISH)
    data = await state.get_data()
    if "language" not in data:
        raise Refusal("old.button")
    head, _, body = text.strip().partition("\n")
    number = data.get("publication")
    known = (await publications.get(acting.session, number)).texts if number else {}
    if known.get(data["language"]) != data.get("stands"):
        # Somebody else has written it meanwhile: what they wrote is not lost.
        raise Refusal("publication.changed", number=number)
    parts = {
        name: scripts.written({k: v[name] for k, v in known.items()}, data["language"], said, acting.house.languages)
        for name, said in (("title", head), ("body", body))
    }
    texts = {each: {"title": parts["title"][each], "body": parts["body"][each]} for each in parts["title"]}
    if number:
        publication = await publications.get(acting.session, number)
        await publications.change(acting.session, publication, staff, acting.now, texts=texts)
    else:
        publication = await publications.draft(
            acting.session,
            Kind(data["kind"]),
            texts,
            staff,
            acting.now,
            topic=Topic(data["topic"]) if "topic" in data else None,
            heading=Heading(data["heading"]) if "heading" in data else None,
            group=_of(data.get("group")),
        )
    await state.clear()
    await _one(message, publication, acting)


def _of(plain: dict[str, Any] | None) -> Group:
    return group_of(plain) if plain is not None else EVERYBODY


async def attach(message: Message, acting: Acting, state: FSMContext) -> None:
    """A picture or a document that goes along."""
    staff = await acting.may(Deed.PUBLISH)
    publication = await _at_hand(acting, state)
    content = content_of(message)
    if content is None or content["type"] not in ("photo", "document"):
        raise Refusal("publication.attach_what")
    kept = {name: content[name] for name in ("type", "file_id", "file_name") if name in content}
    files = [*publication.attachments, kept]
    await publications.change(acting.session, publication, staff, acting.now, attachments=files)
    if len(files) >= MOST_ATTACHMENTS:
        await state.clear()
    await _one(message, publication, acting)


async def not_that(_: Message, acting: Acting, state: FSMContext) -> None:
    """A picture where words were asked for, words where a file was: it is said what is wanted."""
    await acting.may(Deed.PUBLICATIONS)
    wanted = {Publishing.words.state: "textfile.kind", Publishing.attachments.state: "publication.attach_what"}
    raise Refusal(wanted.get(await state.get_state() or "", "desk.reason_missing"))


async def step(query: CallbackQuery, press: Publish, acting: Acting, state: FSMContext) -> None:
    """A press on one of them."""
    await acting.may(Deed.PUBLICATIONS)
    said: dict[str, Any] = {}
    if await state.get_state() in Publishing:
        said = await state.get_data()
        await leave_for(query, state, acting.t, back=said.get("publication", 0) == press.publication)
    if press.act == "list":
        await _list(query, acting)
        return
    publication = await publications.get(acting.session, press.publication, locked=True)
    if press.act == "one":
        await _one(query, publication, acting)
    elif press.act == "preview":
        await _preview(query, publication, acting)
    elif press.act in ("pass", "approve", "refuse"):
        await _judge(query, press, publication, acting, state)
    elif press.act == "withdraw-it":
        await _withdraw(query, publication, said, acting)
    else:
        await _write(query, press, publication, acting, state)


_JUDGED_BY = {"pass": Deed.PUBLICATION_READ, "approve": Deed.PUBLICATION_APPROVE}
_JUDGED_AT = {"pass": Stage.READING, "approve": Stage.APPROVING}


async def _judge(
    query: CallbackQuery, press: Publish, publication: Publication, acting: Acting, state: FSMContext
) -> None:
    """The second reader, in the office; the supervising teacher, in the supervisors' group."""
    session, house, now = acting.session, acting.house, acting.now
    if press.act == "refuse":
        await acting.may(_deed(publication))
        reviewing.must_be_this(publication, press.revision)
        await state.set_state(Publishing.refusal)
        await state.set_data({"publication": publication.id, "revision": press.revision})
        await respond(query, *publishing.asked("publication.why_back", publication, acting.t))
        return
    reader = await acting.may(_JUDGED_BY[press.act])
    reviewing.must_be_another(publication, press.revision, reader)
    if publication.stage is _JUDGED_AT[press.act] and not await reviewing.has_looked(
        session, publication, reader, house
    ):
        await _preview(query, publication, acting)
        await query.answer(acting.t.plain("publication.look_first"), show_alert=True)
        return
    if press.act == "pass":
        await reviewing.read(session, publication, press.revision, house, reader, now)
        if publication.stage is Stage.APPROVING:
            for place in await stations.bound(session, Desk.SUPERVISORS):
                await deliveries.show(session, publication, place, now)
    else:
        await reviewing.approve(session, publication, press.revision, reader, now)
        await deliveries.show(session, publication, await stations.office(session), now)
    await _one(query, publication, acting)


def _deed(publication: Publication) -> Deed:
    """Who judges it as far as it is."""
    return Deed.PUBLICATION_APPROVE if publication.stage is Stage.APPROVING else Deed.PUBLICATION_READ


async def send_back(message: Message, acting: Acting, state: FSMContext) -> None:
    """Why it is not good yet; the office reads it."""
    publication, data = await _at_hand(acting, state), await state.get_data()
    reader = await acting.may(_deed(publication))
    note, now = message.text or "", acting.now
    await reviewing.refuse(acting.session, publication, data["revision"], reader, note, now)
    await state.clear()
    if acting.station is not None and acting.station.desk is Desk.SUPERVISORS:
        await deliveries.show(acting.session, publication, await stations.office(acting.session), now)
    await _one(message, publication, acting)


async def _write(
    query: CallbackQuery, press: Publish, publication: Publication, acting: Acting, state: FSMContext
) -> None:
    """What its writers do."""
    staff = await acting.may(Deed.PUBLISH)
    session, house, now, t = acting.session, acting.house, acting.now, acting.t
    match press.act:
        case "language" if press.choice in house.languages:
            stands = publication.texts.get(press.choice)
            await state.set_data({"publication": publication.id, "language": press.choice, "stands": stands})
            await state.set_state(Publishing.words)
            await respond(query, *publishing.asked_to_write(press.choice, t, publication.id))
        case "attach":
            await state.set_data({"publication": publication.id})
            await state.set_state(Publishing.attachments)
            await respond(query, *publishing.asked("publication.attach", publication, t))
        case "bare":
            await publications.change(session, publication, staff, now, attachments=[])
            await _one(query, publication, acting)
        case "when":
            await respond(query, *publishing.whens(publication, t))
        case "at" if press.choice in publishing.STARTS:
            at = survey_making.opens_at(press.choice, house.calendar, now)
            await publications.change(session, publication, staff, now, send_at=at)
            await _one(query, publication, acting)
        case "submit":
            reviewing.must_be_this(publication, press.revision)
            await reviewing.submit(session, publication, house, staff, now)
            await _one(query, publication, acting)
        case "drop":
            await respond(query, *publishing.sure(publication, t))
        case "sure":
            await publications.drop(session, publication, staff, now)
            await _list(query, acting)
        case "correct":
            texts, kind = publication.texts, publication.kind
            correction = await publications.draft(session, kind, texts, staff, now, corrects=publication)
            await _one(query, correction, acting)
        case "withdraw":
            await state.set_data({"publication": publication.id})
            await state.set_state(Publishing.withdrawal)
            await respond(query, *publishing.asked("publication.why_withdraw", publication, t))
        case _:
            raise Refusal("old.button")


async def why_withdrawn(message: Message, acting: Acting, state: FSMContext) -> None:
    """Why it is to be withdrawn; in every language, as it was written where it is in that. Written again, it is asked
    again: nothing is withdrawn by words alone.
    """
    await acting.may(Deed.PUBLISH)
    publication = await _at_hand(acting, state)
    said = scripts.written({}, acting.t.language, (message.text or "").strip(), acting.house.languages)
    reason = {language: said.get(language, message.text or "") for language in acting.house.languages}
    reason = deliveries.must_be_reason(reason, acting.house)
    await state.update_data(reason=reason)
    await respond(message, *publishing.sure_to_withdraw(publication, reason, acting.t))


async def _withdraw(query: CallbackQuery, publication: Publication, said: dict[str, Any], acting: Acting) -> None:
    """It is, for what was written. Raises Refusal when that was of another one, or is not at hand any more."""
    staff = await acting.may(Deed.PUBLISH)
    if said.get("publication") != publication.id or "reason" not in said:
        raise Refusal("old.button")
    await deliveries.withdraw(acting.session, publication, said["reason"], acting.house, staff, acting.now)
    await _one(query, publication, acting)


async def _at_hand(acting: Acting, state: FSMContext) -> Publication:
    """The one that something is being written about. Raises Refusal when there is none."""
    number = (await state.get_data()).get("publication")
    if number is None:
        raise Refusal("old.button")
    return await publications.get(acting.session, number, locked=True)


async def _list(event: Message | CallbackQuery, acting: Acting, left: str = "") -> None:
    found = await publications.newest(acting.session, SHOWN)
    text, keys = publishing.listed(found, acting.t, may_write=not _above(acting))
    await respond(event, left + text, keys)


async def _one(event: Message | CallbackQuery, publication: Publication, acting: Acting) -> None:
    await respond(event, *await _screen(publication, acting))


async def _screen(publication: Publication, acting: Acting) -> tuple[str, dict[str, Any]]:
    above = _above(acting)
    return await publishing.screen(acting.session, publication, acting.t, acting.toolbox, acting.now, above=above)


def _above(acting: Acting) -> bool:
    return acting.station is not None and acting.station.desk is Desk.SUPERVISORS


async def _preview(query: CallbackQuery, publication: Publication, acting: Acting) -> None:
    """As students get it, in each language; the office's screen stays below."""
    if not isinstance(query.message, Message):
        raise Refusal("old.button")
    for language in acting.house.languages:
        if language in publication.texts:
            union = acting.settings.union.name
            for part in publishing.pages(publication, acting.toolbox.t(language), union):
                await query.message.answer(part)
    for each in publication.attachments:
        send = query.message.answer_photo if each["type"] == "photo" else query.message.answer_document
        await send(each["file_id"])
    with contextlib.suppress(Refusal):
        # Of whoever may not judge it nobody asks what they have seen.
        reader = await acting.may(_deed(publication))
        await reviewing.looked(acting.session, publication, reader, acting.house, acting.now)
    text, keys = await _screen(publication, acting)
    await query.message.answer(text, reply_markup=markup(keys))
