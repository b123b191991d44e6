"""The story of the demo: from a leaking tap to the poll about the stations."""

from __future__ import annotations

import re
from datetime import UTC, timedelta
from typing import Any

from bot.app import App
from bot.demo.cast import Cast, arrives, step
from bot.demo.watching import DemoClock
from bot.settings import Settings
from bot.texts import Texts
from models import seating, stations
from models.calendar import Span


async def story(cast: Cast, program: App, stage: Any, settings: Settings) -> None:
    """From a leaking tap to the poll about the stations. Raises DidNotHappen naming the step."""
    hans, hant = program.toolbox.t("zh-hans"), program.toolbox.t("zh-hant")
    east, office, supervisors = cast.groups["east"], cast.groups["office"], cast.groups["supervisors"]
    async with step("林小雨 says who she is"):
        await arrives(cast.lin, hans, settings, "e1")
        await cast.lin.taps(hans.plain("home.new"))
    async with step("林小雨 files a leaking tap, with a photo"):
        words = "卫生间的水龙头一直漏水，晚上滴答响睡不着"
        number = await files(cast.lin, hans, settings, words, picture=cast.picture())
        card = await east.shows(f"#{number} · {hans.plain('kind.complaint')}")
    async with step("陳家豪 has the same trouble and joins"):
        await arrives(cast.chen, hant, settings, "e1")
        await cast.chen.taps(hant.plain("home.new"))
        await _describes(cast.chen, hant, settings, "衛生間水龍頭一直漏水，晚上睡不着")
        await cast.chen.taps(f"#{number}")
        await cast.chen.reads("🤝")
        await east.shows(hans.n("card.and_more", 1, who="林小雨").replace("<b>", "").replace("</b>", ""))
    async with step("王磊 claims it and asks back"):
        await cast.wang.taps(hans.plain("desk.claim"), chat=east, message=card)
        await cast.lin.reads("👤")
        await cast.wang.taps(hans.plain("desk.ask"), chat=east, message=card)
        prompt = await cast.wang.reads("❔", chat=east)
        await cast.wang.says("是冷水还是热水那一侧？", chat=east, reply_to=prompt)
        await cast.lin.reads("冷水还是热水")
        await cast.chen.reads("冷水还是热水")
        await cast.lin.taps(hans.plain("own.answer_question"))
        await cast.lin.says("热水那一侧")
        await east.shows("热水那一侧")
    async with step("王磊 answers and closes it"):
        await cast.wang.says("师傅下午三点上门换阀芯", chat=east, reply_to=card)
        await cast.lin.reads("三点上门")
        await cast.chen.reads("三点上门")
        await cast.wang.taps(hans.plain("desk.resolve"), chat=east, message=card)
        await cast.wang.taps(hans.plain("resolution.done"), chat=east)
    async with step("林小雨 confirms and rates it"):
        await cast.lin.reads(f"#{number}")
        await cast.lin.taps(hans.plain("fixed.yes"))
        await cast.lin.taps("5")
        await cast.lin.says("又快又好，谢谢！")
        await east.shows("★★★★★")
    async with step("Emma files something that nobody takes up: the deadline passes and it is escalated"):
        en = program.toolbox.t("en")
        await arrives(cast.emma, en, settings, "e2")
        await cast.emma.taps(en.plain("home.new"))
        late = await files(
            cast.emma, en, settings, "The light in the corridor of the second floor is broken", topic="power"
        )
        late_card = await east.shows(f"#{late}")
        begin = program.clock()
        due = program.toolbox.house.calendar.add(begin, Span(hours=13))
        await stage.set_clock(due.astimezone(UTC) + timedelta(minutes=5))
        await east.shows(f"· #{late} 应在")
        await office.shows(f"#{late}")
        await supervisors.shows(f"#{late}")
    async with step("王磊 sees to it after all, and Emma confirms"):
        await cast.wang.taps(hans.plain("desk.claim"), chat=east, message=late_card)
        await cast.emma.reads("👤")
        await cast.wang.taps(hans.plain("desk.resolve"), chat=east, message=late_card)
        await cast.wang.taps(hans.plain("resolution.done"), chat=east)
        await cast.emma.reads(f"#{late}")
        await cast.emma.taps(en.plain("fixed.yes"))
        await cast.emma.taps("3")
        await cast.emma.taps(en.plain("rate.no_word"))
    async with step("a one-question poll goes out, and its result comes back as a picture"):
        await _poll(cast, hans, office, stage, program)


async def go_on(cast: Cast, program: App, clock: DemoClock) -> None:
    """Instead of the story: the chats of the local Telegram begin empty, so every open card is posted anew."""
    async with step("what was open the last time is posted anew"):
        async with program.database.transaction() as session:
            for place in await stations.open_desks(session):
                if place.chat_id is not None:
                    await stations.chat_moved(session, place.chat_id, place.chat_id, clock())
                    await seating.post_open_cards(session, place, clock())
        program.courier.wake()
        for person in (cast.lin, cast.chen, cast.emma, *(each.person for each in cast.classmates)):
            await person.says("/start")
            await person.reads(person.name)


async def _describes(
    person: Any, t: Texts, settings: Settings, words: str, *, topic: str = "water", picture: Any = None
) -> None:
    """From the menu to the end of the words."""
    await person.taps(t.plain("kind.complaint"))
    await person.taps(t.pick(settings.category_names("repairs")))
    await person.taps(t.pick(settings.category_names(topic)))
    await person.reads(t.plain("new.words").splitlines()[0])
    if picture is not None:
        await person.sends(picture, caption=words)
    else:
        await person.says(words)
    await person.taps(t.plain("new.continue"))


async def files(person: Any, t: Texts, settings: Settings, words: str, **how: Any) -> int:
    """From the menu to the receipt, with their name. Returns the ticket\'s number."""
    await _describes(person, t, settings, words, **how)
    await person.taps(t.plain("name.named"))
    await person.taps(t.plain("preview.send"))
    receipt = await person.reads("📮")
    return int("".join(c for c in receipt.text.split("#", 1)[1].split()[0] if c.isdigit()))


async def _poll(cast: Cast, t: Texts, office: Any, stage: Any, program: App) -> None:
    await cast.zhou.says("/poll 你对宿舍服务站满意吗？", chat=office)
    await cast.zhou.taps(t.plain("pulse.send"), chat=office)
    for voter, option in ((cast.lin, 4), (cast.chen, 3), (cast.emma, 1)):
        question = await voter.reads(re.compile("满意吗|滿意嗎"))
        await voter.votes(question, option)
    await stage.set_clock(program.clock().astimezone(UTC) + timedelta(days=2, hours=1))
    await office.shows("📊")
    await cast.lin.reads("📊")
