"""Those who go on with their lives while the program dies: students who file, staff who answer.

They do what people do. A press always changes the screen it stands on in the end, so they wait for it. Words may stay
without a reply, because what may have been said already is not said twice: then they begin again with /new, as the help
says. After the last press, "Send", they only wait.
"""

from __future__ import annotations

import asyncio
import random
import re
from collections.abc import Callable, Collection
from dataclasses import dataclass, field

from bot.keyboards import Desk, Go, Press
from bot.menus import OF_DRAFT, Pick, Step
from sandbox.client import Group, Message, NotSeen, Person, Sandbox, photo

TOKEN = re.compile(r"\bQ[a-z]{7}\b")
"""What makes one student's words unlike everybody else's."""
ANSWER, CHANGED = "A{token} the plumber comes", "A{token} changed, the plumber comes at three"
ALPHABET = "abcdefghijklmnopqrstuvwxyz"
RECEIPT = "📮"
ALIKE = 3
"""So many students of a building say the same."""
FOREVER = 600.0

Wanted = Callable[[Message], bool]


def word(chance: random.Random, length: int) -> str:
    """Letters without a meaning."""
    return "".join(chance.choices(ALPHABET, k=length))


def number_of(text: str) -> int:
    """The first ticket number in a text."""
    found = re.search(r"#(\d+)", text)
    assert found is not None, text
    return int(found[1])


class Lost(Exception):
    """Words stayed without a reply."""


@dataclass
class Student:
    """One who files one ticket."""

    who: Person
    token: str
    matter: str
    """What they say besides: also what a few others of their building say, so that similar tickets are offered, and too
    few for theirs to be folded under the first one's card, which would leave them without a card to be answered.
    """
    building: str
    anonymous: bool
    picture: bool
    twice: bool
    """They press "Send" a second time, because nothing happens at once."""
    patience: float
    number: int | None = None
    """Of the ticket, once the receipt has come."""
    beginnings: int = 0
    """How often they had to begin with /new."""
    stage: str = "waits outside"

    @property
    def text(self) -> str:
        return f"{self.token} {self.matter}"

    async def files(self) -> None:
        """From /start to the receipt, whatever happens in between."""
        await self._agrees()
        while True:
            self.beginnings += 1
            try:
                await self._writes()
                break
            except Lost:
                continue
        self.stage = "waits for the receipt"
        receipt = await self.sees(lambda m: RECEIPT in m.text, FOREVER)
        self.number = number_of(receipt.text)
        self.stage = "has filed"

    async def _agrees(self) -> None:
        self.stage = "says /start"
        while True:
            try:
                screen = await self._says("/start", Go("agree"))
                break
            except Lost:
                continue
        screen = await self._presses(screen, Go("agree"), Pick("audience", "undergraduate"))
        screen = await self._presses(screen, Pick("audience", "undergraduate"), Pick("building", self.building))
        await self._presses(screen, Pick("building", self.building), Go("new"))

    async def _writes(self) -> None:
        screen = await self._says("/new", Pick("kind", "complaint"))
        screen = await self._presses(screen, Pick("kind", "complaint"), Pick("category", "repairs"))
        screen = await self._presses(screen, Pick("category", "repairs"), Pick("category", "water"))
        await self._presses(screen, Pick("category", "water"), Step("category"), without=Pick("category", "water"))
        screen = await self._says(self.text, Step("similar"))
        if self.picture:
            shown = await self.who.sends(photo(), chat=self.who)
            screen = await self._below(shown[-1].id, Step("similar"))
        named, anonymous = Pick("name", "named"), Pick("name", "anonymous")
        screen = await self._presses(screen, Step("similar"), named, Step("name"))
        if Step("name").pack() in payloads(screen):
            screen = await self._presses(screen, Step("name"), named)
        screen = await self._presses(screen, anonymous if self.anonymous else named, Step("send"))
        self.stage = "presses Send"
        for _ in range(1 + self.twice):
            await self._tap(screen, Step("send"))

    # ------------------------------------------------------------ what people can do

    async def sees(self, wanted: Wanted, timeout: float) -> Message:
        """The newest of the bot's messages that is like this. Raises Lost when it does not come."""
        view = self.who.view

        def look() -> Message | None:
            for message in reversed(view.chat(self.who.id).values()):
                if message.from_bot and wanted(message):
                    return message
            return None

        try:
            return await self.who.sandbox.until(look, timeout, f"{self.who.name} {self.stage}", self.who.id)
        except NotSeen as missing:
            raise Lost(str(missing)) from None

    async def _below(self, after: int, press: Press) -> Message:
        payload = press.pack()
        patience = self.patience * max(self.beginnings, 1)
        return await self.sees(lambda m: m.id > after and payload in payloads(m), patience)

    async def _says(self, text: str, then: Press) -> Message:
        self.stage = f"said {text}"
        said = await self.who.says(text)
        return await self._below(said.id, then)

    async def _tap(self, screen: Message, press: Press) -> None:
        data = _buttons(screen).get(press.pack(), press.pack())
        await self.who.sandbox.control("tap", person=self.who.id, chat=self.who.id, message_id=screen.id, data=data)

    async def _presses(self, screen: Message, press: Press, *then: Press, without: Press | None = None) -> Message:
        """Press, and wait until this very screen has one of the buttons that come next. Who has said /new twice because
        nothing came, and pressed below the first, presses below the second once that is there: it is another draft.
        """
        self.stage = f"pressed {press.pack()}"
        await self._tap(screen, press)
        next_ones = {p.pack() for p in then}
        gone = {without.pack()} if without else set()

        def is_next(message: Message) -> bool:
            there = payloads(message)
            return message.id == screen.id and bool(next_ones & there) and not gone & there

        def is_overtaken(message: Message) -> bool:
            return message.id > screen.id and press.pack() in payloads(message)

        seen = await self.sees(lambda message: is_next(message) or is_overtaken(message), FOREVER)
        return seen if is_next(seen) else await self._presses(seen, press, *then, without=without)


def payloads(message: Message) -> set[str]:
    """What the buttons of a message carry, without the lot of their draft."""
    return set(_buttons(message))


def _buttons(message: Message) -> dict[str, str]:
    """The payload of each button of a message by what it is without the lot of its draft."""
    whole = [str(b["callback_data"]) for b in message.buttons if "callback_data" in b]
    return {each.partition(OF_DRAFT)[0]: each for each in whole}


@dataclass
class Reply:
    """What a staff member wrote to one card."""

    token: str
    number: int
    message: Message
    changed: bool


@dataclass
class Station:
    """A station's chat, and those in it who answer each card once."""

    group: Group
    members: list[Person]
    chance: random.Random
    replies: dict[str, Reply] = field(default_factory=dict)

    async def works(self) -> None:
        """Until cancelled: one card after the other, each by its first copy."""
        while True:
            card, token = await self.group.sandbox.until(self._next, FOREVER * 10, "no card", self.group.id)
            await self._answers(card, token)

    def _next(self) -> tuple[Message, str] | None:
        for message in self.group.view.chat(self.group.id).values():
            found = TOKEN.search(message.text)
            if found and found[0] not in self.replies and is_card(message):
                return message, found[0]
        return None

    async def _answers(self, card: Message, token: str) -> None:
        number, someone = number_of(card.text), self.chance.choice(self.members)
        sandbox, chat = self.group.sandbox, self.group.id
        if self.chance.random() < 0.4:
            claim = Desk("claim", number).pack()
            await sandbox.control("tap", person=someone.id, chat=chat, message_id=card.id, data=claim)
        changed = self.chance.random() < 0.3
        said = await someone.says(ANSWER.format(token=token), chat=self.group, reply_to=card)
        self.replies[token] = Reply(token, number, said, changed)
        if changed:
            await someone.edits(said, CHANGED.format(token=token), chat=self.group)
        if self.chance.random() < 0.3:
            await someone.says("/resolve mended", chat=self.group, reply_to=card)


def is_card(message: Message) -> bool:
    """Whether this is a ticket's card: nothing else of the bot's can tell a ticket's history."""
    return message.from_bot and any(p.startswith("d:history:") for p in payloads(message))


async def campus(
    stage: Sandbox, chance: random.Random, count: int, patience: float
) -> tuple[list[Student], list[Station]]:
    """So many students, and two stations with two people each; one of them is a forum with a topic for each ticket."""
    stations = []
    for name in ("East", "West"):
        members = [await stage.person(f"{name} {n}", "en") for n in (1, 2)]
        group = await stage.group(name, members, forum=name == "West")
        stations.append(Station(group, members, random.Random(chance.random())))
    students = []
    matters = [" ".join(word(chance, 7) for _ in range(3)) for _ in range(0, count, 2 * ALIKE)]
    for n in range(count):
        who = await stage.person(f"Student {n}", "en")
        students.append(
            Student(
                who,
                token=f"Q{word(chance, 7)}",
                matter=matters[n // (2 * ALIKE)],
                building=("e1", "w1")[n % 2],
                anonymous=chance.random() < 0.3,
                picture=chance.random() < 0.3,
                twice=chance.random() < 0.3,
                patience=patience,
            )
        )
    return students, stations


async def everybody(tasks: Collection[asyncio.Task[None]], patience: float) -> bool:
    """Wait for all of them; False when for `patience` seconds none has come to its end. Raises what went wrong."""
    pending = set(tasks)
    while pending:
        done, pending = await asyncio.wait(pending, timeout=patience, return_when=asyncio.FIRST_COMPLETED)
        if not done:
            return False
        for task in done:
            task.result()
    return True
