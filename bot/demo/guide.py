"""What the demo's page suggests to try after the story, in the language of whoever holds the phone."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from bot.demo.cast import GROUPS, Cast
from bot.settings import Settings


def guide(cast: Cast, settings: Settings) -> dict[str, Any]:
    """The notes, each with whom to be and where, and the clock's buttons."""
    end = settings.calendar.semesters[0].ends
    zone = settings.union.timezone
    last = datetime(end.year, end.month, end.day, 9, 0, tzinfo=settings.timezone)
    return {
        "notes": [
            _note(FILE, cast.lin, cast.lin.id),
            _note(ANSWER, cast.wang, GROUPS["east"]),
            _note(LANGUAGE, cast.emma, cast.emma.id),
            _note(DEADLINE, cast.teacher, GROUPS["supervisors"]),
            _note(TOPICS, cast.li, GROUPS["south"]),
            _note(POLL, cast.zhou, GROUPS["office"]),
            _note(SURVEY, cast.lin, cast.lin.id),
            _note(SURVEYS, cast.zhou, GROUPS["office"]),
            _note(BOARD, cast.zhou, GROUPS["office"]),
            _note(PROJECT, cast.lin, cast.lin.id),
            _note(HELP, cast.chen, cast.chen.id),
            _note(DISCLOSED, cast.emma, cast.emma.id),
        ],
        "clock": [
            {"label": "An hour on", "advance": 3600},
            {"label": "Next morning", "next": "08:30", "timezone": zone},
            {"label": "Two days on", "advance": 172800},
            {"label": "End of semester", "to": last.isoformat()},
        ],
    }


Said = dict[str, tuple[str, str]]
"""A title and a text per language."""


def _note(said: Said, person: Any, chat: int) -> dict[str, Any]:
    title, text = ({language: words[i] for language, words in said.items()} for i in range(2))
    return {"title": title, "text": text, "person": person.id, "chat": chat}


FILE: Said = {
    "en": ("File something yourself", "Be 林小雨, tap ✍️ and follow the buttons. Try it anonymously."),
    "zh-Hans": ("自己提交一件事", "扮演林小雨，点 ✍️，跟着按钮走。也试试匿名。"),
    "zh-Hant": ("自己提交一件事", "扮演林小雨，點 ✍️，跟著按鈕走。也試試匿名。"),
}
ANSWER: Said = {
    "en": (
        "Answer it",
        "Be 王磊 in the station's group: claim the card, then reply to it. "
        "Nothing else written there reaches a student.",
    ),
    "zh-Hans": ("回答它", "在服务站群里扮演王磊：先认领卡片，再回复这张卡片。群里说的其他话不会传给同学。"),
    "zh-Hant": ("回答它", "在服務站群組裡扮演王磊：先認領卡片，再回覆這張卡片。群組裡說的其他話不會傳給同學。"),
}
LANGUAGE: Said = {
    "en": ("Speak another language", "Be Emma or 陳家豪, or change it under 🌐."),
    "zh-Hans": ("换一种语言", "扮演 Emma 或陳家豪，或者在 🌐 里更换。"),
    "zh-Hant": ("換一種語言", "扮演 Emma 或陳家豪，或者在 🌐 裡更換。"),
}
DEADLINE: Said = {
    "en": (
        "Let a deadline pass",
        "File something, do not claim it, and press “Two days on”, over a weekend twice: "
        "the station, the office and the teacher are told.",
    ),
    "zh-Hans": (
        "让期限过去",
        "提交一件事，不认领，再按“过 2 天”，遇到周末按两次：服务站、办公室和老师都会收到提醒。",
    ),
    "zh-Hant": (
        "讓期限過去",
        "提交一件事，不認領，再按「過 2 天」，遇到週末按兩次：服務站、辦公室和老師都會收到提醒。",
    ),
}
TOPICS: Said = {
    "en": (
        "One topic per ticket",
        "The south station is a forum: file something as somebody from 研究生公寓.",
    ),
    "zh-Hans": ("一张工单一个话题", "南区服务站是话题群组：以研究生公寓同学的身份提交一件事。"),
    "zh-Hant": ("一張工單一個主題", "南區服務站是主題群組：以研究生公寓同學的身分提交一件事。"),
}
POLL: Said = {
    "en": ("Ask everybody", "Be 周一帆 in the office and write /poll."),
    "zh-Hans": ("问问大家", "在办公室群里扮演周一帆，发送 /poll。"),
    "zh-Hant": ("問問大家", "在辦公室群組裡扮演周一帆，傳送 /poll。"),
}
SURVEY: Said = {
    "en": (
        "Answer a survey",
        "Be 林小雨 and write /surveys: one is still open, and what you sent can be changed. "
        "📊 under “You asked, we did” shows all that came of the last.",
    ),
    "zh-Hans": (
        "填一份问卷",
        "扮演林小雨，发送 /surveys：有一份还没截止。填好以后还能改。“你们提，我们改”下面的 📊 是全部结果。",
    ),
    "zh-Hant": (
        "填一份問卷",
        "扮演林小雨，傳送 /surveys：有一份還沒截止。填好以後還能改。「你們提，我們改」下面的 📊 是全部結果。",
    ),
}
SURVEYS: Said = {
    "en": (
        "Ask by a survey, and see what came of it",
        "Be 周一帆 in the office and write /survey: results, what will change, ➕ a new one. "
        "“Two days on” three times closes the one that is open. "
        "This demo shows small groups too; a real union shows nothing of fewer than ten answers.",
    ),
    "zh-Hans": (
        "发一份问卷，看结果",
        "在办公室群里扮演周一帆，发送 /survey：结果、接下来怎么做、➕ 新问卷。按三次“过 2 天”，进行中的就截止。"
        "演示人少，小组也显示；真正使用时不足 10 份一律不显示。",
    ),
    "zh-Hant": (
        "發一份問卷，看結果",
        "在辦公室群組裡扮演周一帆，傳送 /survey：結果、接下來怎麼做、➕ 新問卷。按三次「過 2 天」，進行中的就截止。"
        "示範人少，小組也顯示；真正使用時不足 10 份一律不顯示。",
    ),
}
BOARD: Said = {
    "en": (
        "See what the union still has to do",
        "Be 周一帆 in the office and write /board: green by what was done this semester, yellow with the days that are "
        "left. /publish, /study, /volunteers, /projects and /disclosure are how.",
    ),
    "zh-Hans": (
        "看看学生会还有什么没做",
        "在办公室群里扮演周一帆，发送 /board：做到的是绿色，还差的是黄色，写着剩几天。"
        "怎么做：/publish /study /volunteers /projects /disclosure。",
    ),
    "zh-Hant": (
        "看看學生會還有什麼沒做",
        "在辦公室群組裡扮演周一帆，傳送 /board：做到的是綠色，還差的是黃色，寫著剩幾天。"
        "怎麼做：/publish /study /volunteers /projects /disclosure。",
    ),
}
PROJECT: Said = {
    "en": (
        "Bid for a project",
        "Be 林小雨 and write /projects: one is open for bids of clubs and classes, and 陳家豪’s club has bid. "
        "“End of semester” lets the deadline pass: 赵明, 孙悦 and 吴桐 score, and 周一帆 awards it in the office.",
    ),
    "zh-Hans": (
        "竞标一个项目",
        "扮演林小雨，发送 /projects：有一个正在发榜，社团和班级都可以竞标，陳家豪的社团已经竞标。"
        "按“到学期末”让它截止：赵明、孙悦、吴桐打分，周一帆在办公室群里定承接方。",
    ),
    "zh-Hant": (
        "競標一個專案",
        "扮演林小雨，傳送 /projects：有一個正在發榜，社團和班級都可以競標，陳家豪的社團已經競標。"
        "按「到學期末」讓它截止：赵明、孙悦、吴桐打分，周一帆在辦公室群組裡定承接方。",
    ),
}
HELP: Said = {
    "en": (
        "Help out",
        "Be 陳家豪 and write /volunteer: one call is open. Under ⏱ are the hours of sports day with the certificate.",
    ),
    "zh-Hans": ("报名做志愿者", "扮演陳家豪，发送 /volunteer：有一个正在招募。⏱ 里有运动会的时长和证明。"),
    "zh-Hant": ("報名做志願者", "扮演陳家豪，傳送 /volunteer：有一個正在招募。⏱ 裡有運動會的時數和證明。"),
}
DISCLOSED: Said = {
    "en": (
        "Read what the union discloses",
        "Be Emma and write /union: five headings, each with its versions. Leave a comment: "
        "the office answers it in public.",
    ),
    "zh-Hans": (
        "看看学生会公开了什么",
        "扮演 Emma，发送 /union：五项内容，每项都有历史版本。写一条留言，办公室公开答复。",
    ),
    "zh-Hant": (
        "看看學生會公開了什麼",
        "扮演 Emma，傳送 /union：五項內容，每項都有歷史版本。寫一則留言，辦公室公開答覆。",
    ),
}
