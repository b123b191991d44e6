"""What the office, the supervising teachers and the report readers see, and good order from both sides."""

from __future__ import annotations

import re
from collections import Counter
from datetime import timedelta

from bot.texts import unbroken
from models import people, stations, surveys
from models.invitations import Invitation, Part
from models.people import Role
from models.questionnaires import EVERYBODY, Kind, Question, Questionnaire
from models.remarks import Remark
from models.results import Results
from models.surveys import STAFF_EVALUATION, Stage
from models.tallies import Count, Cut, Tally
from tests.gallery.phone import Gallery
from tests.surveying.results import RESULTS, TOLD, closed


async def office(g: Gallery) -> None:
    t, admin = g.t, g.campus.admin
    place = g.campus.office
    await admin.says("/poll", chat=place)
    await g.look("poll", admin, place)
    await admin.says(g.said["poll"], chat=place)
    await admin.taps(t.plain("pulse.use_scale"), chat=place)
    await g.look("poll-preview", admin, place)
    await admin.says("/quiz", chat=place)
    await g.look("quiz", admin, place)
    await admin.says(g.said["quiz"], chat=place)
    await admin.reads("✅", chat=place)
    await g.look("quiz-preview", admin, place)
    await admin.taps(t.plain("quiz.send", count=3), chat=place)
    wang, east = g.campus.wang, g.campus.east
    asked = await east.shows(re.compile(f"^{re.escape(g.said['quiz'].splitlines()[0])}"))
    await wang.votes(asked, 1, chat=east)
    await g.campus.li.votes(asked, 0, chat=east)
    await g.look("quiz-asked", wang, east)
    await wang.says(f"/poll {g.said['poll']}", chat=east)
    await g.look("poll-here", wang, east)
    await wang.taps(t.plain("pulse.send_here"), chat=east)
    await g.look("poll-asked", wang, east)
    await g.campus.later(days=7, minutes=1)
    await g.look("quiz-result", admin, place)
    await admin.says("/faq stats", chat=place)
    await g.look("faq-stats", admin, place)
    await g.campus.wang.says("/mode", chat=g.campus.east)
    await g.look("mode", g.campus.wang, g.campus.east)
    new = await g.campus.stage.group("South", [admin], [])
    await admin.says("/setup", chat=new)
    await g.look("setup", admin, new)
    name = next(s.names for s in g.campus.app.settings.station_specs() if s.key == "south")
    await admin.taps(g.t.pick(name), chat=new)
    await g.look("setup-done", admin, new)


async def sealed(g: Gallery) -> None:
    t, stage, east = g.t, g.campus.stage, g.campus.east
    teacher = await stage.person("Sun", g.language, id=700000002)
    room = await stage.group("Teachers", [teacher], [g.campus.admin])
    async with g.campus.app.database.transaction() as session:
        place = await stations.by_key(session, "supervisors")
        assert place is not None
        place.chat_id, place.language = room.id, g.language
    lin = await g.student("Lin")
    await lin.says("/report")
    await g.look("report", lin)
    await lin.taps(t.plain("report.begin"))
    await lin.says("Zhou")
    await g.look("report-supervisor", lin)
    await lin.taps(t.plain("report.no"))
    await g.look("report-words", lin)
    await lin.says(g.said["late"])
    await lin.taps(t.plain("new.continue"))
    await g.look("report-name", lin)
    await lin.taps(t.plain("report.anonymous"))
    await g.look("report-preview", lin)
    await lin.taps(t.plain("report.send"))
    await g.look("report-sent", lin)
    await g.look("case-gate", teacher, room)
    await teacher.taps(t.plain("case.do.room"), chat=room)
    card = await room.shows(g.said["late"])
    await g.look("case", teacher, room, card)
    await teacher.taps(t.plain("case.do.ack"), chat=room)
    await teacher.says(g.said["ask"], chat=room, reply_to=card)
    await g.look("case-asked", teacher, room)
    await g.look("report-asked", lin)
    await lin.says(g.said["light"], reply_to=await lin.reads(g.said["ask"]))
    await room.shows(g.said["light"])
    await g.look("case-answered", teacher, room)
    await teacher.taps(t.plain("case.do.all"), chat=room)
    await g.look("case-all", teacher, room)
    await teacher.taps(t.plain("case.do.outcome"), chat=room, message=card)
    await g.look("case-outcome", teacher, room, card)
    await teacher.taps(t.plain("case.do.founded"), chat=room)
    prompt = await room.shows("✅ R-")
    await g.look("case-why", teacher, room)
    await teacher.says(g.said["answer"], chat=room, reply_to=prompt)
    await g.look("case-closed", teacher, room)
    await g.look("report-closed", lin)
    await lin.taps(t.plain("report.view"))
    await g.look("report-view", lin)
    number = await g.files(lin, g.said["light"], "repairs", "power")
    mine = await g.card(number)
    await g.campus.wang.says(f"/major {g.said['note']}", chat=east, reply_to=mine)
    await g.look("major-card", g.campus.wang, east, mine)
    await g.look("major-there", teacher, room)
    await teacher.taps(t.plain("major.do.back"), chat=room)
    prompt = await room.shows("↩️")
    await g.look("major-why-back", teacher, room)
    await teacher.says(g.said["ask"], chat=room, reply_to=prompt)
    await g.look("major-back", g.campus.wang, east)
    reader = await stage.person("Ma", g.language)
    await reader.says("/start")
    async with g.campus.app.database.transaction() as session:
        await people.grant_configured(session, Role.READER, [reader.id], g.campus.clock())
    await g.campus.wang.says(f"/major {g.said['add']}", chat=east, reply_to=mine)
    await room.shows(g.said["add"])
    await teacher.taps(t.plain("major.do.approve"), chat=room)
    await g.look("major-approved", teacher, room)
    await g.look("major-reader", reader)
    await reader.taps(t.plain("major.do.got"))
    await g.look("major-received", reader)
    await g.look("major-card-received", g.campus.wang, east, mine)


async def order(g: Gallery) -> None:
    t, east, office = g.t, g.campus.east, g.campus.office
    wang, admin = g.campus.wang, g.campus.admin
    lin = await g.student("Lin")
    number = await g.files(lin, g.said["project"], "repairs", "furniture")
    await wang.says(f"/mute 24h {g.said['late']}", chat=east, reply_to=await g.card(number))
    await g.look("muted", wang, east)
    await g.look("muted-student", lin)
    await lin.taps(t.plain("appeal.do"))
    await g.look("appeal-why", lin)
    await lin.says(g.said["light"])
    await g.look("appeal-sent", lin)
    await g.look("appeal", admin, office)
    await lin.says("/new")
    await g.look("muted-again", lin)
    await admin.taps(t.plain("appeal.keep"), chat=office)
    await g.look("appeal-kept", admin, office)
    await g.look("appeal-kept-student", lin)
    await admin.says(f"/block #{number} {g.said['late']}", chat=office)
    await g.look("block", admin, office)
    await g.look("blocked-student", lin)
    await admin.says("/blocked", chat=office)
    await g.look("blocked", admin, office)
    await admin.says(f"/roles {wang.id}", chat=office)
    await g.look("roles-one", admin, office)
    await admin.says("/roles", chat=office)
    await g.look("roles", admin, office)
    await admin.says("/blocked", chat=office)
    await admin.reads("🔇", chat=office)
    await admin.taps(re.compile(t.plain("blocked.lift", which="").strip()), chat=office)
    await g.look("unblocked", admin, office)
    many = await g.student("Tan")
    for n in range(10):
        await g.files(many, f"{g.said['project']} {'ABCDEFGHIJ'[n] * 9}", "other")
    await many.says("/new")
    await many.taps(t.plain("kind.thanks"))
    await many.taps(g.category("other"))
    await many.says(g.said["praise"])
    for key in ("new.continue", "name.named"):
        await many.taps(t.plain(key))
    await g.look("tickets-a-day-preview", many)
    await g.page.locator("#left .key", has_text=t.plain("preview.send")).last.click()
    await g.page.wait_for_selector("dialog[open]")
    await g.look("tickets-a-day", many)
    await g.page.keyboard.press("Escape")
    for n in range(41):
        await lin.says(f"{n}")
    await g.look("flood", lin)


async def records(g: Gallery) -> None:
    t, admin, office = g.t, g.campus.admin, g.campus.office
    lin = await g.student("Lin")
    await lin.says("/privacy")
    await g.look("privacy", lin)
    await lin.says("/mydata")
    await g.look("mydata", lin)
    await lin.says("/forget")
    await g.look("forget", lin)
    await lin.taps(t.plain("forget.yes"))
    await g.look("forgotten", lin)
    for command in ("audit 1", "export", "export month csv"):
        await admin.says(f"/{command}", chat=office)
        await g.look(command.replace(" ", "-"), admin, office)
    await admin.says("/code", chat=office)
    await g.look("code", admin, office)


async def menus(g: Gallery) -> None:
    """What is offered when somebody types "/"."""
    lin = await g.student("Lin")
    for name, person, chat in (("menu-student", lin, None), ("menu-staff", g.campus.wang, g.campus.east)):
        await g.look(name, person, chat)
        await g.page.fill("#left textarea", "/")
        await g.look(f"{name}-open", person, chat)
        await g.page.fill("#left textarea", "")
    await g.page.fill("#left textarea", f"@union_bot {g.said['find']}")
    await g.page.wait_for_selector("#left .suggestions [role=option]")
    await g.look("inline", g.campus.wang, g.campus.east)
    await g.page.click("#left .suggestions [role=option]")
    await g.look("inline-said", g.campus.wang, g.campus.east)


async def results(g: Gallery) -> None:
    """What came of a survey, in the office, to a student and on the public page."""
    t, admin, office = g.t, g.campus.admin, g.campus.office
    lin = await g.student("Lin")
    async with g.campus.app.database.transaction() as session:
        survey = await closed(session, g.campus.clock() - timedelta(days=1), Stage.CLOSED)
        person = await people.by_telegram_id(session, lin.id)
        assert person is not None
        session.add(Invitation(survey_id=survey.id, person_id=person.id, part=Part.FINISHED, reminded=0))
    await admin.says(f"/survey {survey.id}", chat=office)
    await admin.taps(t.plain("survey_desk.results"), chat=office)
    await g.campus.later(seconds=10)
    shown = await office.shows(unbroken("39.2 %"))
    await g.look("survey-results", admin, office, shown)
    pictures = [message for message in await g.campus.stage.transcript(office.id) if message.raw.get("photo")]
    for number, picture in enumerate(pictures, 1):
        await g.look(f"survey-picture-{number}", admin, office, picture)
    async with g.campus.app.database.transaction() as session:
        session.add(Remark(id="words", survey_id=survey.id, question="words", text=g.said["praise"]))
    await admin.says(f"/survey {survey.id}", chat=office)
    await g.look("survey-closed", admin, office)
    await admin.taps(t.plain("survey_desk.words", count=1), chat=office)
    await g.look("survey-words", admin, office)
    await admin.taps(t.plain("survey_desk.quote"), chat=office)
    await g.look("survey-words-done", admin, office)
    await admin.taps(t.plain("survey_desk.back"), chat=office)
    await admin.taps(t.plain("survey_desk.say"), chat=office)
    await g.look("survey-say", admin, office)
    await admin.says(t.pick(TOLD.what_changes or {}), chat=office)
    await g.look("survey-say-preview", admin, office)
    await admin.taps(t.plain("survey_desk.send", count=RESULTS.invited), chat=office)
    await g.look("survey-telling", admin, office)
    await g.campus.later(minutes=2)
    await g.look("survey-told", lin)
    await lin.taps(t.plain("survey.all_results"))
    await g.look("survey-all", lin)


async def evaluation(g: Gallery) -> None:
    """The evaluation of staff, from both sides."""
    t, admin, place, east = g.t, g.campus.admin, g.campus.office, g.campus.east
    wang = g.campus.wang
    await wang.says("/start")
    for key in ("consent.agree", "audience.undergraduate", "building.none"):
        await wang.taps(t.plain(key))
    lin = await g.student("Lin")
    number = await g.files(lin, g.said["tap"], "repairs", "water")
    await g.card(number)
    await wang.taps(t.plain("desk.resolve"), chat=east)
    await wang.taps(t.plain("resolution.done"), chat=east)
    question = Question("kind", Kind.AGREEMENT, {g.language: g.said["poll"]})
    tally = Tally(24, {"kind": Count(24, Counter({"5": 12, "4": 7, "2": 5}))})
    async with g.campus.app.database.transaction() as session:
        now = g.campus.clock()
        survey = await surveys.plan(
            session,
            key=STAFF_EVALUATION,
            questionnaire=Questionnaire({g.language: t.plain("mydata.surveys")}, (question,)),
            opens_at=now,
            closes_at=now,
            target=EVERYBODY,
            cell=10,
            semester="2026-2027-1",
        )
        assert survey is not None
        survey.stage = Stage.CLOSED
        survey.results = Results(10, 40, 24, 0, tally, {Cut.STATION: {"east": tally}}).plain()
    await admin.says("/evaluation", chat=place)
    await g.look("evaluation-offer", admin, place)
    await admin.taps(t.plain("evaluation.start"), chat=place)
    await g.look("evaluation-sure", admin, place)
    await admin.taps(t.plain("evaluation.sure"), chat=place)
    await g.look("evaluation-filling", admin, place)
    await g.campus.later(minutes=1)
    await g.look("evaluation-own", wang)
    await admin.says("/evaluation", chat=place)
    await g.look("evaluation-list", admin, place)
    await wang.taps(t.plain("evaluation.write"))
    await g.look("evaluation-write", wang)
    await wang.says(g.said["note"])
    await g.look("evaluation-kept", wang)
    await admin.taps(re.compile(wang.name), chat=place)
    await g.look("evaluation-office", admin, place)
    await admin.taps(t.plain("evaluation.decide"), chat=place)
    await g.look("evaluation-decide", admin, place)
    await admin.says(g.said["praise"], chat=place)
    await g.look("evaluation-preview", admin, place)
    await admin.taps(t.plain("evaluation.record"), chat=place)
    await g.look("evaluation-decided", admin, place)
    await g.look("evaluation-told", wang)
