"""Everything there is, and the few acts that several parts share: finding a chat, posting, delivering,
joining.

People act on the world through `sandbox.control`, bots through `sandbox.methods`; both end here, so that an
act looks the same to everybody whoever began it.
"""

import itertools
import random
import re
from collections.abc import Iterable
from typing import Any

from sandbox.clock import Clock
from sandbox.faults import Faults
from sandbox.feed import Calls, Feed
from sandbox.files import Files
from sandbox.flood import Flood
from sandbox.mailbox import Mailbox
from sandbox.members import described, rights_of
from sandbox.model import PRESENT, Bot, Chat, Member, Person, Poll, Posted, Press
from sandbox.refusals import ControlError, Refusal
from sandbox.shapes import Json
from sandbox.webhooks import Webhooks

TOKEN = re.compile(r"^[0-9]{3,}:[A-Za-z0-9_-]{3,}$")


class World:
    def __init__(self, clock: Clock, flood: bool = True) -> None:
        self.clock = clock
        self.feed = Feed(clock)
        self.calls = Calls(clock, self.feed)
        self.faults = Faults()
        self.flood = Flood(clock, on=flood)
        self.files = Files()
        self.webhooks = Webhooks(clock)
        self.people: dict[int, Person] = {}
        self.bots: dict[int, Bot] = {}
        self.tokens: dict[str, Bot] = {}
        self.groups: dict[int, Chat] = {}
        self.privates: dict[tuple[int, int], Chat] = {}
        self.usernames: dict[str, Chat | Bot | Person] = {}
        # Button presses that may still be answered: id -> what the press was.
        self.presses: dict[str, Press] = {}
        self.inline_queries: dict[str, float] = {}
        # What an inline query was answered with: id -> (bot, result id -> the message it becomes).
        self.inline_answers: dict[str, tuple[int, dict[str, Json]]] = {}
        self.guide: Json = {"notes": [], "clock": []}
        self._next_person = itertools.count(1001)
        self._next_group = itertools.count(1)
        self._random = random.Random(int(clock.now()))

    async def close(self) -> None:
        self.clock.stop()
        self.feed.close()
        await self.webhooks.close()

    def unique(self) -> str:
        """A number as long as Telegram's own identifiers of queries, polls and albums."""
        return str(self._random.randrange(10**17, 10**18))

    # Those who are there.

    def add_bot(self, token: str, username: str | None = None, first_name: str | None = None) -> Bot:
        if not TOKEN.match(token):
            raise ControlError(f"not a bot token: {token!r} (Telegram's look like 123456:ABC-DEF)")
        bot = self.tokens.get(token)
        if bot is None:
            number = int(token.split(":")[0])
            if number in self.bots:
                raise ControlError(f"another token of bot {number} is registered")
            mailbox = Mailbox(self.clock, first_id=int(self.clock.now()))
            bot = Bot(number, token, username or f"bot_{number}_bot", first_name or "Union", mailbox)
            self.bots[number] = bot
            self.tokens[token] = bot
        else:
            self.usernames.pop(bot.username.lower(), None)
            bot.username = username or bot.username
            bot.first_name = first_name or bot.first_name
            bot.__post_init__()
        self.usernames[bot.username.lower()] = bot
        return bot

    def the_bot(self, which: int | str | None = None) -> Bot:
        if which is None:
            for bot in self.bots.values():
                return bot
            raise ControlError("no bot is registered yet: POST /control/bots first")
        for bot in self.bots.values():
            if which in (bot.id, bot.username, f"@{bot.username}", str(bot.id)):
                return bot
        raise ControlError(f"no bot {which!r}")

    def add_person(self, id: int | None = None, **fields: Any) -> Person:
        if id is None:
            id = next(number for number in self._next_person if number not in self.people)
        person = Person(id, **fields)
        if old := self.people.get(id):
            person.blocked = old.blocked
        self.people[id] = person
        if person.username:
            self.usernames[person.username.lower()] = person
        for chat in self.groups.values():
            if member := chat.members.get(id):
                member.user = person.user
        for (_, owner), chat in self.privates.items():
            if owner == id:
                chat.brief = private_brief(person)
        self.feed.add("person", None, user=person.user)
        return person

    def person(self, id: Any) -> Person:
        try:
            return self.people[int(id)]
        except (KeyError, TypeError, ValueError):
            raise ControlError(f"no person {id!r}") from None

    def group(self, id: Any) -> Chat:
        try:
            return self.groups[int(id)]
        except (KeyError, TypeError, ValueError):
            raise ControlError(f"no group {id!r}") from None

    def chat_for(self, person: Person, chat: Any, bot: Bot) -> Chat:
        """The chat a control call means: the person's private chat with the bot unless a group is named."""
        if chat is None or str(chat) == str(person.id):
            return self.private_chat(bot, person)
        found = self.group(chat)
        if found.migrated_to is not None:
            raise ControlError(f"group {found.id} was upgraded to supergroup {found.migrated_to}")
        return found

    def private_chat(self, bot: Bot, person: Person) -> Chat:
        chat = self.privates.get((bot.id, person.id))
        if chat is None:
            chat = Chat(person.id, "private", private_brief(person), bot.id)
            self.privates[bot.id, person.id] = chat
            self.feed.add("chat", chat.id, info=chat.info(), bot=bot.id)
        return chat

    def add_group(self, type: str, title: str, id: int | None, username: str | None, forum: bool) -> Chat:
        if id is None:
            base = -1_000_000_000_000 if type == "supergroup" else -1000
            id = next(base - n for n in self._next_group if base - n not in self.groups)
        if id in self.groups:
            raise ControlError(f"group {id} exists already")
        brief: Json = {"id": id, "title": title, "type": type}
        if username:
            brief["username"] = username
        if forum:
            brief["is_forum"] = True
        chat = Chat(id, type, brief)
        self.groups[id] = chat
        if username:
            self.usernames[username.lower()] = chat
        return chat

    # What happens.

    def post(
        self,
        chat: Chat,
        sender: Json,
        content: Json,
        *,
        markup: Json | None = None,
        thread: int | None = None,
        extra: Json | None = None,
        author: int | None = None,
        silent: bool = False,
        protected: bool = False,
        poll: Poll | None = None,
    ) -> Posted:
        """Put a message into a chat and tell whoever listens; bots hear of it only through `deliver`."""
        message: Json = {
            "message_id": chat.next_id(),
            "from": sender,
            "chat": chat.brief,
            "date": int(self.clock.now()),
        }
        if thread is not None:
            message["message_thread_id"] = thread
            if chat.forum:
                message["is_topic_message"] = True
        if extra:
            message.update(extra)
        if protected:
            message["has_protected_content"] = True
        message.update(self.naming(content))
        if markup is not None and "inline_keyboard" in markup:
            message["reply_markup"] = markup
        posted = Posted(message, sender["id"] if author is None else author, markup, thread)
        posted.silent = silent
        posted.protected = protected
        posted.poll = poll
        chat.messages[message["message_id"]] = posted
        self.announce("message", chat, posted)
        return posted

    def naming(self, content: Json) -> Json:
        """The same, people who are called by their number shown whole; of nobody's number only the text stays."""
        for name in ("entities", "caption_entities"):
            if not any(entity["type"] == "text_mention" for entity in content.get(name) or ()):
                continue
            kept = []
            for entity in content[name]:
                if entity["type"] == "text_mention":
                    person = self.people.get(entity["user"]["id"])
                    if person is None:
                        continue
                    entity = {**entity, "user": person.user}
                kept.append(entity)
            content = {**content, name: kept}
        return content

    def announce(self, kind: str, chat: Chat, posted: Posted, **fields: Any) -> int:
        return self.feed.add(kind, chat.id, message=posted.shown(), bot=chat.bot, **fields)

    def deliver(self, kind: str, chat: Chat, posted: Posted) -> None:
        """Give a person's message, or a service message, to the bots that may see it."""
        for bot in self.listeners(chat):
            if self.may_read(bot, chat, posted):
                bot.mailbox.put(kind, posted.message, chat.id)

    def listeners(self, chat: Chat) -> Iterable[Bot]:
        if chat.bot is not None:
            yield self.bots[chat.bot]
            return
        for bot in self.bots.values():
            if chat.has(bot.id):
                yield bot

    def may_read(self, bot: Bot, chat: Chat, posted: Posted) -> bool:
        """Privacy mode: a plain member hears commands, replies to itself, mentions and service messages
        only.
        """
        if chat.private or not bot.privacy:
            return True
        member = chat.member(bot.id)
        if member is not None and member.admin:
            return True
        message = posted.message
        if any(name in message for name in SERVICE):
            return True
        if message.get("reply_to_message", {}).get("from", {}).get("id") == bot.id:
            return True
        text = message.get("text") or message.get("caption") or ""
        own = f"@{bot.username}".lower()
        for entity in message.get("entities") or message.get("caption_entities") or ():
            if entity["type"] not in ("bot_command", "mention"):
                continue
            start = entity["offset"] * 2
            word = text.encode("utf-16-le")[start : start + entity["length"] * 2].decode("utf-16-le").lower()
            if word == own or (entity["type"] == "bot_command" and (word.endswith(own) or "@" not in word)):
                return True
        return False

    def set_member(
        self,
        chat: Chat,
        user: Json,
        status: str,
        rights: Json | None = None,
        *,
        by: Json | None = None,
        anonymous: bool = False,
        custom_title: str | None = None,
        until: int = 0,
        quietly: bool = False,
        how: Json | None = None,
    ) -> Member:
        """Change what somebody is in a chat; bots hear my_chat_member or chat_member, with `how` they came."""
        old = chat.members.get(user["id"])
        before = described(old, chat, user)
        member = Member(user, status, rights_of(status, chat, rights), anonymous, custom_title, until)
        if status not in PRESENT and old is None:
            member.rights = {}
        chat.members[user["id"]] = member
        after = described(member, chat, user)
        if before == after:
            return member
        self.feed.add("member", chat.id, person=user["id"], status=status, user=user)
        if not quietly:
            self.tell_of_member(chat, user, by or user, before, after, how)
        return member

    def tell_of_member(
        self, chat: Chat, user: Json, by: Json, before: Json, after: Json, how: Json | None = None
    ) -> None:
        update = {
            "chat": chat.brief,
            "from": by,
            "date": int(self.clock.now()),
            "old_chat_member": before,
            "new_chat_member": after,
            **(how or {}),
        }
        if user["id"] in self.bots:
            self.bots[user["id"]].mailbox.put("my_chat_member", update, chat.id)
            return
        for bot in self.listeners(chat):
            member = chat.member(bot.id)
            if member is not None and member.admin:
                bot.mailbox.put("chat_member", update, chat.id)

    def service(self, chat: Chat, sender: Json, content: Json, thread: int | None = None) -> Posted:
        """A message the chat writes about itself: somebody joined, a topic was made, a message was pinned."""
        posted = self.post(chat, sender, content, thread=thread)
        self.deliver("message", chat, posted)
        return posted

    def group_of_name(self, name: str) -> Chat:
        found = self.usernames.get(name.removeprefix("@").lower())
        if isinstance(found, Chat):
            return found
        raise Refusal(400, "Bad Request: chat not found")


SERVICE = (
    "new_chat_members",
    "left_chat_member",
    "new_chat_title",
    "group_chat_created",
    "supergroup_chat_created",
    "migrate_to_chat_id",
    "migrate_from_chat_id",
    "pinned_message",
    "forum_topic_created",
    "forum_topic_edited",
    "forum_topic_closed",
    "forum_topic_reopened",
    "general_forum_topic_hidden",
    "general_forum_topic_unhidden",
    "new_chat_photo",
    "delete_chat_photo",
    "message_auto_delete_timer_changed",
)


def private_brief(person: Person) -> Json:
    brief: Json = {"id": person.id, "first_name": person.first_name, "type": "private"}
    if person.last_name:
        brief["last_name"] = person.last_name
    if person.username:
        brief["username"] = person.username
    return brief
