"""What is kept about a person, as two files for that person: JSON for programs, HTML to be read, in their language."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from datetime import datetime
from functools import cache
from typing import Any

from jinja2 import Environment, Template
from sqlalchemy.ext.asyncio import AsyncSession

from bot.menus import LANGUAGE_NAMES
from bot.posts import called
from bot.summaries import summary
from bot.texts import Texts
from bot.toolbox import Toolbox
from models import mydata
from models.people import Person
from models.union.posts import Rank

PAGE = """<!doctype html>
<html lang="{{ language }}">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{{ title }}</title>
<style>
  body { font: 16px/1.6 system-ui, "Noto Sans SC", "PingFang SC", "Microsoft YaHei", sans-serif; color: #1f2933;
         max-width: 44rem; margin: 2rem auto; padding: 0 1rem; }
  h1 { font-size: 1.5rem; margin-bottom: .25rem; }
  h2 { font-size: 1.15rem; margin-top: 2.2rem; border-bottom: 1px solid #e4e7eb; }
  h3 { font-size: 1rem; margin: 1.5rem 0 .3rem; }
  dl { display: grid; grid-template-columns: minmax(7rem, max-content) 1fr; gap: .15rem 1rem; margin: .4rem 0; }
  dt, .pale { color: #616e7c; } dd { margin: 0; overflow-wrap: anywhere; }
  blockquote { margin: .5rem 0; padding: .3rem .8rem; border-left: 3px solid #2f6fb0; background: #f5f7fa;
               white-space: pre-wrap; overflow-wrap: anywhere; }
  blockquote.staff { border-color: #9aa5b1; }
  blockquote small { display: block; color: #616e7c; }
</style>
<h1>{{ title }}</h1>
<p class="pale">{{ made }}</p>
{% for section in sections %}
<h2>{{ section.title }}</h2>
{% if section.text %}<p>{{ section.text }}</p>{% endif %}
{% for part in section.parts %}
{% if part.title %}<h3>{{ part.title }}</h3>{% endif %}
{% if part.rows %}
<dl>{% for label, value in part.rows %}<dt>{{ label }}</dt><dd>{{ value }}</dd>{% endfor %}</dl>
{% endif %}
{% for said in part.said %}
<blockquote{% if said.staff %} class="staff"{% endif %}><small>{{ said.head }}</small>{{ said.text }}</blockquote>
{% endfor %}
{% endfor %}
{% endfor %}
</html>
"""


@cache
def _template() -> Template:
    return Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True).from_string(PAGE)


async def files(session: AsyncSession, person: Person, toolbox: Toolbox, now: datetime) -> tuple[bytes, bytes]:
    """The JSON file and the HTML page."""
    settings = toolbox.settings
    found = await mydata.gather(session, person, settings.bot_id, toolbox.house.vault)
    page = _Page(toolbox, toolbox.t(person.language), now).draw(found)
    whole = {"made_at": now.isoformat(timespec="seconds"), **found}
    return json.dumps(whole, ensure_ascii=False, indent=2, default=str).encode(), page.encode()


class _Page:
    """The page being drawn; holds what every section needs."""

    def __init__(self, toolbox: Toolbox, t: Texts, now: datetime) -> None:
        self.settings, self.t, self.now = toolbox.settings, t, now

    def draw(self, found: Mapping[str, Any]) -> str:
        plain = self.t.plain
        sections = [
            {"title": plain("mydata.you"), "parts": [{"rows": self._person(found["person"])}]},
            self._roster(found["roster"]),
            self._roles(found["roles"]),
            {
                "title": plain("mydata.tickets"),
                "text": "" if found["tickets"] else plain("mydata.none"),
                "parts": [self._ticket(ticket) for ticket in found["tickets"]],
            },
            self._surveys(found["surveys"]),
            self._evaluations(found["evaluations"]),
            self._reports(found["sealed_reports"]),
            self._mutes(found["mutes"]),
            self._quizzes(found["quizzes"]),
            self._gatherings(found["gatherings"]),
            self._comments(found["comments"]),
            self._posts(found["posts"]),
            self._news(found["topics"], found["publications"]),
            self._unfinished(found["unfinished"]),
            self._as_staff(found["as_staff"]),
            {"title": plain("mydata.not_here"), "text": plain("mydata.not_here_text"), "parts": []},
        ]
        made = plain("mydata.made", moment=self._moment(self.now.isoformat()))
        return _template().render(
            language=self.t.language,
            title=plain("mydata.title"),
            made=made,
            sections=[section for section in sections if section],
        )

    def _moment(self, text: str | None) -> str:
        if text is None:
            return "—"
        local = datetime.fromisoformat(text).astimezone(self.t.timezone)
        return f"{local:%Y-%m-%d %H:%M}"

    def _yes(self, value: bool | None) -> str:
        return "—" if value is None else self.t.plain("mydata.yes" if value else "mydata.no")

    def _building(self, key: str | None) -> str:
        return self.t.pick(self.settings.building_names(key)) if key else "—"

    def _audience(self, value: str | None) -> str:
        return self.t.plain(f"audience.{value}") if value else "—"

    def _labelled(self, rows: Iterable[tuple[str, Any]]) -> list[tuple[str, Any]]:
        return [(label, "—" if value in (None, "") else value) for label, value in rows]

    def _person(self, found: Mapping[str, Any]) -> list[tuple[str, Any]]:
        t = self.t
        return self._labelled(
            (
                (t.plain("mydata.name"), found["name"]),
                (t.plain("mydata.username"), found["username"] and f"@{found['username']}"),
                (t.plain("mydata.telegram_id"), found["telegram_id"]),
                (t.plain("mydata.language"), LANGUAGE_NAMES.get(found["language"], found["language"])),
                (t.plain("mydata.audience"), self._audience(found["audience"])),
                (t.plain("mydata.building"), self._building(found["building"])),
                (t.plain("mydata.agreed"), self._yes(found["agreed"])),
            )
        )

    def _roster(self, found: Mapping[str, Any] | None) -> dict[str, Any] | None:
        if found is None:
            return None
        t = self.t
        rows = (
            (t.plain("mydata.number"), found["number"]),
            (t.plain("mydata.name"), found["name"]),
            (t.plain("mydata.college"), found["college"]),
            (t.plain("mydata.level"), found["level"]),
            (t.plain("mydata.audience"), self._audience(found["audience"])),
            (t.plain("mydata.building"), self._building(found["building"])),
            (t.plain("mydata.floor"), found["floor"]),
        )
        return {"title": t.plain("mydata.roster"), "parts": [{"rows": self._labelled(rows)}]}

    def _roles(self, found: list[Mapping[str, Any]]) -> dict[str, Any] | None:
        if not found:
            return None
        rows = [
            (role["role"], f"{self._moment(role['given_at'])} – {self._moment(role['taken_back_at'])}")
            for role in found
        ]
        return {"title": self.t.plain("mydata.roles"), "parts": [{"rows": rows}]}

    def _ticket(self, found: Mapping[str, Any]) -> dict[str, Any]:
        t, settings = self.t, self.settings
        who = t.plain("mydata.anonymous" if found["anonymous"] else "mydata.named")
        rows = (
            (t.plain("mydata.about"), t.pick(settings.category_path(found["category"]))),
            (t.plain("mydata.building"), self._building(found["building"])),
            (t.plain("mydata.station"), t.pick(found["station"])),
            (t.plain("mydata.state"), t.plain(f"state.{found['state']}")),
            (t.plain("mydata.filed"), self._moment(found["filed_at"])),
            (t.plain("mydata.closed"), self._moment(found["closed_at"])),
            (t.plain("mydata.solved"), self._yes(found["solved"])),
            (t.plain("mydata.rating"), found["rating"]),
            (t.plain("mydata.remark"), found["remark"]),
        )
        return {
            "title": f"#{found['number']} · {t.plain('kind.' + found['kind'])} · {who}",
            "rows": [row for row in self._labelled(rows) if row[1] != "—"],
            "said": [each for said in found["words"] for each in self._said(said)],
        }

    def _said(self, said: Mapping[str, Any]) -> list[dict[str, Any]]:
        """A message, and before it what it said before it was edited."""
        staff = said["from"] == "staff"
        who = self.t.plain("mydata.from_staff" if staff else "mydata.from_you")
        earlier = [
            {
                "staff": staff,
                "head": f"{who} · {self.t.plain('mydata.before', moment=self._moment(each['until']))}",
                "text": summary(each["content"]),
            }
            for each in said["before_editing"]
        ]
        return [
            *earlier,
            {"staff": staff, "head": f"{who} · {self._moment(said['at'])}", "text": summary(said["content"]) or "—"},
        ]

    def _surveys(self, found: list[Mapping[str, Any]]) -> dict[str, Any] | None:
        if not found:
            return None
        t = self.t
        rows = []
        for each in found:
            said = [t.plain(f"mydata.survey_{each['part']}")]
            if each["answers"]:
                said.append(json.dumps(each["answers"], ensure_ascii=False))
            rows.append((t.pick(each["title"]), " · ".join(said)))
        return {"title": t.plain("mydata.surveys"), "text": t.plain("mydata.surveys_text"), "parts": [{"rows": rows}]}

    def _evaluations(self, found: list[Mapping[str, Any]]) -> dict[str, Any] | None:
        if not found:
            return None
        plain = self.t.plain
        parts = []
        for each in found:
            said = (
                (plain("mydata.evaluation_word"), each["word"]),
                (plain("mydata.evaluation_decision"), each["decision"]),
            )
            parts.append({"title": each["semester"], "rows": self._labelled(said)})
        return {"title": plain("mydata.evaluations"), "text": plain("mydata.evaluations_text"), "parts": parts}

    def _reports(self, count: int) -> dict[str, Any] | None:
        if not count:
            return None
        plain = self.t.plain
        return {"title": plain("mydata.reports"), "text": plain("mydata.reports_text", count=count), "parts": []}

    def _mutes(self, found: list[Mapping[str, Any]]) -> dict[str, Any] | None:
        if not found:
            return None
        rows = [
            (self._moment(mute["until"]) if mute["until"] else self.t.plain("mydata.muted_for_good"), mute["reason"])
            for mute in found
        ]
        return {"title": self.t.plain("mydata.muted"), "parts": [{"rows": rows}]}

    def _quizzes(self, found: list[Mapping[str, Any]]) -> dict[str, Any] | None:
        if not found:
            return None
        plain = self.t.plain
        parts = [
            {
                "title": each["question"],
                "rows": [(plain("mydata.quiz_answer"), each["answer"]), (plain("mydata.quiz_right"), each["right"])],
            }
            for each in found
        ]
        return {"title": plain("mydata.quizzes"), "parts": parts}

    def _gatherings(self, found: list[Mapping[str, Any]]) -> dict[str, Any] | None:
        if not found:
            return None
        plain = self.t.plain
        parts = []
        for each in found:
            rows = [
                (plain("mydata.gathering_at"), f"{self._moment(each['at'])} · {each['place']}"),
                (plain("mydata.gathering_part"), plain(f"gathering.part.{each['part']}")),
            ]
            rows += [(plain(f"mydata.gathering_{way}"), self._moment(each[way])) for way in ("in", "out") if each[way]]
            if each["minutes"] is not None:
                rows.append((plain("mydata.gathering_minutes"), str(each["minutes"])))
            said = ("reason", "because", "disputed", "answered")
            rows += [(plain(f"mydata.gathering_{name}"), each[name]) for name in said if each[name] is not None]
            if each["kept_until"] is not None:
                rows.append((plain("mydata.gathering_kept_until"), self._moment(each["kept_until"])))
            parts.append({"title": self.t.pick(each["title"]), "rows": rows})
        return {"title": plain("mydata.gatherings"), "parts": parts}

    def _comments(self, found: list[Mapping[str, Any]]) -> dict[str, Any] | None:
        if not found:
            return None
        plain, parts = self.t.plain, []
        for each in found:
            about = f"disclosure.heading.{each['about']}" if each["about"] else "disclosure.general"
            said = [{"staff": False, "head": self._moment(each["at"]), "text": each["text"]}]
            said += [{"staff": True, "head": "", "text": each["answer"]}] if each["answer"] else []
            stage = plain(f"comment.state.{'answered' if each['answer'] else each['stage']}")
            rows = [
                (plain("mydata.comment_named"), self._yes(each["named"])),
                (plain("mydata.comment_stage"), stage),
            ]
            title = plain("mydata.comment", number=each["number"], about=plain(about))
            parts.append({"title": title, "rows": rows, "said": said})
        return {"title": plain("mydata.comments"), "parts": parts}

    def _posts(self, found: list[Mapping[str, Any]]) -> dict[str, Any] | None:
        if not found:
            return None
        plain = self.t.plain
        parts = [
            {
                "title": called(Rank(each["post"].partition(".")[0]), each["department"], self.t),
                "rows": [
                    (plain("mydata.post_name"), each["name"]),
                    (plain("mydata.post_days"), f"{each['starts']} – {each['ends']}"),
                    (plain(f"posts.chosen.{each['chosen']}"), each["decided_on"]),
                ],
            }
            for each in found
        ]
        return {"title": plain("mydata.posts"), "parts": parts}

    def _news(self, topics: list[str], received: list[Mapping[str, Any]]) -> dict[str, Any] | None:
        if not topics and not received:
            return None
        plain = self.t.plain
        rows = [(plain("mydata.topic"), plain(f"topic.{each}")) for each in topics]
        rows += [(plain("mydata.received"), self.t.pick(each["titles"])) for each in received]
        return {"title": plain("mydata.news"), "parts": [{"rows": rows}]}

    def _unfinished(self, found: Mapping[str, Any] | None) -> dict[str, Any] | None:
        if found is None:
            return None
        held = [summary(content) for name in ("parts", "pending") for content, _ in found.get(name, [])]
        held += [*found.get("bid", {}).values(), *(summary(content) for content in found.get("shown", []))]
        said = [{"staff": False, "head": "", "text": text or "—"} for text in held]
        return {
            "title": self.t.plain("mydata.unfinished"),
            "text": "" if said else self.t.plain("mydata.unfinished_empty"),
            "parts": [{"said": said}],
        }

    def _as_staff(self, found: Mapping[str, Any] | None) -> dict[str, Any] | None:
        if found is None:
            return None
        t = self.t
        said = [
            {"staff": True, "head": f"#{w['ticket']} · {self._moment(w['at'])}", "text": summary(w["content"]) or "—"}
            for w in found["words"]
        ]
        counts = ((t.plain("mydata.steps"), len(found["steps"])), (t.plain("mydata.acts"), len(found["acts"])))
        return {
            "title": t.plain("mydata.as_staff"),
            "text": t.plain("mydata.as_staff_text"),
            "parts": [{"rows": counts, "said": said}],
        }
