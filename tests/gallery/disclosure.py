"""What the union discloses, from both sides."""

from __future__ import annotations

from models.union.publications import Heading
from tests.gallery.phone import Gallery
from tests.models.test_disclosure import published

STAFF = {
    "zh-hans": "学生会在党委领导、团委指导下工作。\n主席团五人：张华（执行主席）、李明、王芳、赵强、周敏。",
    "zh-hant": "學生會在黨委領導、團委指導下工作。\n主席團五人：張華（執行主席）、李明、王芳、趙強、周敏。",
    "en": "The union works under the Party committee and the Youth League Committee.\nPresidium: Zhang Hua (executive "
    "chair), Li Ming, Wang Fang, Zhao Qiang, Zhou Min.",
}


async def disclosure(g: Gallery) -> None:
    t, admin, office = g.t, g.campus.admin, g.campus.office
    await g.campus.later(minutes=1)
    await g.look("disclosure-alert", admin, office)
    async with g.campus.app.database.transaction() as session:
        for _ in range(2):
            await published(session, Heading.STAFF, STAFF[g.language], g.campus.clock(), title=STAFF[g.language][:12])
    lin = await g.student("Lin")
    await lin.says("/union")
    await g.look("union", lin)
    await lin.taps(f"👥 {t.plain('disclosure.heading.staff')}")
    await g.look("union-heading", lin)
    await lin.taps(t.plain("disclosure.history"))
    await g.look("union-history", lin)
    await lin.taps(t.plain("nav.back"))
    await lin.taps(t.plain("disclosure.comment"))
    await g.look("comment-write", lin)
    await lin.says(g.said["ask"])
    await g.look("comment-preview", lin)
    await lin.taps(t.plain("comment.send_nameless"))
    await g.look("comment-sent", lin)
    card = await office.shows(g.said["ask"])
    await g.look("comment-card", admin, office, card)
    await admin.taps(t.plain("comment.do.hide"), chat=office)
    await g.look("comment-reasons", admin, office, card)
    await admin.taps(t.plain("comment.reason.ticket"), chat=office)
    await g.look("comment-hidden", lin)
    await admin.taps(t.plain("comment.do.show"), chat=office)
    await admin.says(g.said["answer"], chat=office, reply_to=card)
    await g.look("comment-answer", admin, office)
    await admin.taps(t.plain("comment.do.publish"), chat=office)
    await g.look("comment-answered", lin)
    await lin.says("/union")
    await lin.taps(f"👥 {t.plain('disclosure.heading.staff')}")
    await lin.taps(t.plain("disclosure.comments", count=1))
    await g.look("comments", lin)
    await lin.taps(t.plain("disclosure.comment"))
    await lin.says(g.said["late"])
    await lin.taps(t.plain("comment.send_named", name="Lin"))
    await admin.says("/disclosure", chat=office)
    await g.look("disclosure", admin, office)
    await admin.taps(t.plain("disclosure.open_comments", count=1), chat=office)
    await g.look("disclosure-comments", admin, office)
    await g.files(lin, g.said["light"], "repairs", "power")
    await g.campus.wang.taps(t.plain("desk.resolve"), chat=g.campus.east)
    await g.campus.wang.taps(t.plain("resolution.done"), chat=g.campus.east)
    await g.campus.later(days=30)
    await lin.says("/union")
    await lin.taps(t.plain("disclosure.figures"))
    await g.look("open-figures", lin)
    await lin.taps(t.plain("figure_name.response"))
    await g.look("open-figures-rate", lin)
