"""What a student sees: the first meeting, questions and answers, a ticket from the first press to the timeline."""

from __future__ import annotations

from sandbox.client import photo
from tests.campus import number_in
from tests.gallery.phone import Gallery
from tests.stories.test_policy_news import goes_out


async def hello(g: Gallery) -> None:
    t, lin = g.t, await g.campus.stage.person("Lin", g.language)
    await lin.says("/start")
    await lin.reads("👋")
    await g.look("consent", lin)
    await lin.taps(t.plain("consent.agree"))
    await lin.reads(t.plain("audience.ask").splitlines()[0])
    await g.look("audience", lin)
    await lin.taps(t.plain("audience.undergraduate"))
    await lin.reads(t.plain("building.ask"))
    await g.look("building", lin)
    await lin.taps(t.pick(g.campus.app.settings.building_names("e1")))
    await g.look("profile-done", lin)
    await lin.says("/start")
    await g.look("home", lin)
    for place in ("profile", "language", "help", "privacy"):
        await lin.says("/start")
        await lin.reads(t.plain("home.text", name="Lin").splitlines()[0])
        await lin.taps(t.plain(f"home.{place}"))
        await g.look(place, lin)


async def faq(g: Gallery) -> None:
    t, lin = g.t, await g.student("Lin")
    await lin.says("/faq")
    await g.look("faq", lin)
    await lin.taps(g.category("repairs"))
    await g.look("faq-topic", lin)
    await lin.says(f"/faq {g.said['question']}")
    await g.look("faq-article", lin)
    await lin.says("/new")
    await lin.taps(t.plain("kind.question"))
    for key in ("repairs", "water"):
        await lin.taps(g.category(key))
    await lin.says(g.said["question"])
    await lin.taps(t.plain("new.continue"))
    await lin.reads(t.plain("faq.offer"))
    await g.look("faq-offer", lin)


async def news(g: Gallery) -> None:
    t, lin, title = g.t, await g.student("Lin"), f"{g.said['fair']} {g.language}"
    await lin.says("/news")
    await lin.taps("▫️ " + t.plain("topic.jobs"))
    await g.campus.quiet()
    await g.look("news", lin)
    await goes_out(g.campus, g.said["fair"])
    await lin.reads(title)
    await g.look("news-letter", lin)
    await lin.taps(t.plain("news.unfollow"))
    await lin.taps(t.plain("news.left"))
    await g.campus.quiet()
    await lin.taps(t.plain("news.newest"))
    await g.campus.quiet()
    await g.look("news-newest", lin)
    await lin.taps(title)
    await g.campus.quiet()
    await g.look("news-one", lin)


async def draft(g: Gallery) -> None:
    t, lin = g.t, await g.student("Lin")
    await lin.says("/new")
    await lin.reads(t.plain("new.kind"))
    await g.look("new-kind", lin)
    await lin.taps(t.plain("kind.complaint"))
    await g.look("new-category", lin)
    await lin.taps(g.category("repairs"))
    await g.look("new-subcategory", lin)
    await lin.taps(g.category("furniture"))
    await g.look("new-words", lin)
    await lin.sends(photo(), caption=g.said["door"])
    await lin.says(g.said["add"])
    await g.look("new-collected", lin)
    await lin.taps(t.plain("new.continue"))
    await g.look("new-name", lin)
    await lin.taps(t.plain("name.anonymous"))
    await g.look("new-preview", lin)
    await lin.taps(t.plain("preview.building"))
    await g.look("new-change-building", lin)
    await lin.taps(t.pick(g.campus.app.settings.building_names("e2")))
    await lin.taps(t.plain("preview.send"))
    number = number_in((await lin.reads("📮")).text)
    await g.look("receipt", lin)
    await g.look("card-new-anonymous", g.campus.wang, g.campus.east)
    await lin.says("/mine")
    await g.look("mine", lin)
    await lin.taps(f"#{number}")
    await g.look("own-ticket", lin)
    await lin.taps(t.plain("own.who"))
    await g.look("own-who", lin)
    await lin.taps(t.plain("own.back_to", number=number))
    await lin.taps(t.plain("own.past"))
    await g.look("own-timeline", lin)
    await lin.says("/mine")
    await lin.taps(f"#{number}")
    await lin.taps(t.plain("own.retract"))
    await g.look("own-take-back", lin)
    await lin.says(g.said["add"])
    await g.look("loose-words", lin)
