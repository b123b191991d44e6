"""People and groups: who exists, who is where, as what; topics; a group becoming a supergroup."""

from typing import Any

from sandbox.acts import count_waiting
from sandbox.control.base import need, route
from sandbox.members import STATUSES, described
from sandbox.methods.topics import close_topic, create_topic, delete_topic
from sandbox.model import ANONYMOUS_ADMIN, PERMISSIONS, PRESENT, Chat
from sandbox.refusals import ControlError
from sandbox.shapes import Json
from sandbox.world import World

PERSON_FIELDS = ("first_name", "last_name", "username", "language_code")


@route("POST", "people")
def people(world: World, wish: Json) -> Json:
    need(wish, "first_name")
    number = int(wish["id"]) if wish.get("id") is not None else None
    return world.add_person(number, **{name: wish[name] for name in PERSON_FIELDS if wish.get(name)}).user


@route("POST", "groups")
def groups(world: World, wish: Json) -> Json:
    kind = wish.get("type") or ("supergroup" if wish.get("forum") else "group")
    if kind not in ("group", "supergroup"):
        raise ControlError('type is "group" or "supergroup"')
    if wish.get("forum") and kind != "supergroup":
        raise ControlError("only a supergroup can have topics")
    members = [world.person(number) for number in wish.get("members") or ()]
    admins = [world.person(number) for number in wish.get("admins") or ()]
    number = int(wish["id"]) if wish.get("id") is not None else None
    chat = world.add_group(kind, str(need(wish, "title")), number, wish.get("username"), bool(wish.get("forum")))
    for index, person in enumerate(admins):
        world.set_member(chat, person.user, "administrator" if index else "creator", quietly=True)
    for person in members:
        if not chat.has(person.id):
            world.set_member(chat, person.user, "member", quietly=True)
    world.feed.add("chat", chat.id, info=chat.info())
    status = wish.get("bot", "administrator")
    if status:
        if status not in ("administrator", "member"):
            raise ControlError('bot is "administrator", "member" or null')
        by = (admins + members)[0].user if admins or members else ANONYMOUS_ADMIN
        world.set_member(chat, world.the_bot(wish.get("which_bot")).user, status, wish.get("rights"), by=by)
    return chat.brief


def who(world: World, wish: Json) -> Json:
    """The user an act is about: a person, or the bot under the name "bot"."""
    given: Any = need(wish, "person")
    if given == "bot":
        return world.the_bot(wish.get("bot")).user
    number = int(given)
    return world.bots[number].user if number in world.bots else world.person(number).user


def _by(world: World, wish: Json, default: Json) -> Json:
    return world.person(wish["by"]).user if wish.get("by") is not None else default


@route("POST", "join")
def join(world: World, wish: Json) -> bool:
    chat = world.group(need(wish, "chat"))
    user = who(world, wish)
    if chat.has(user["id"]):
        return False
    by = _by(world, wish, user)
    world.set_member(chat, user, "member", by=by)
    world.service(chat, by, {"new_chat_members": [user], "new_chat_member": user, "new_chat_participant": user})
    return True


@route("POST", "join/ask")
def ask_to_join(world: World, wish: Json) -> bool:
    """Somebody knocks, by a link that asks for approval or without one; bots that may let people in are told.

    Telegram lets a bot write to them for five minutes even if they never wrote to it; here they must have.
    """
    chat = world.group(need(wish, "chat"))
    person = world.person(need(wish, "person"))
    if chat.has(person.id):
        raise ControlError(f"{person.first_name} is in {chat.brief['title']} already")
    link = None
    if wish.get("link"):
        link = next((shape for shape in chat.invite_links if shape["invite_link"] == wish["link"]), None)
        if link is None or link["is_revoked"] or not link["creates_join_request"]:
            raise ControlError(f"{wish['link']} is no link one asks to join {chat.brief['title']} by")
    chat.join_requests[person.id] = link
    count_waiting(chat, link)
    update: Json = {
        "chat": chat.brief,
        "from": person.user,
        "user_chat_id": person.id,
        "date": int(world.clock.now()),
    }
    if wish.get("bio"):
        update["bio"] = str(wish["bio"])
    if link:
        update["invite_link"] = link
    for bot in world.listeners(chat):
        member = chat.member(bot.id)
        if member is not None and member.may("can_invite_users"):
            bot.mailbox.put("chat_join_request", update, chat.id)
    return True


@route("POST", "leave")
def leave(world: World, wish: Json) -> bool:
    """Somebody leaves, or is removed when `by` names somebody else."""
    chat = world.group(need(wish, "chat"))
    user = who(world, wish)
    if not chat.has(user["id"]):
        return False
    by = _by(world, wish, user)
    if by["id"] == user["id"]:
        world.set_member(chat, user, "left", by=by)
    else:
        world.set_member(chat, user, "kicked", by=by)
    world.service(chat, by, {"left_chat_member": user, "left_chat_participant": user})
    return True


@route("POST", "promote")
def promote(world: World, wish: Json) -> Json:
    chat = world.group(need(wish, "chat"))
    status = need(wish, "status")
    if status not in STATUSES:
        raise ControlError(f"status is one of {', '.join(STATUSES)}")
    user = who(world, wish)
    by = _by(world, wish, _some_admin(chat) or user)
    was_present = chat.has(user["id"])
    member = world.set_member(
        chat,
        user,
        status,
        wish.get("rights"),
        by=by,
        anonymous=bool(wish.get("anonymous")),
        custom_title=wish.get("custom_title"),
    )
    if was_present and status not in PRESENT:
        world.service(chat, by, {"left_chat_member": user, "left_chat_participant": user})
    return {"user": user, "status": member.status, "rights": member.rights}


@route("POST", "permissions")
def permissions(world: World, wish: Json) -> Json:
    """What those who are no administrators may do in a group; permissions not named stay as they are."""
    chat = world.group(need(wish, "chat"))
    if unknown := set(wish) - {"chat", *PERMISSIONS}:
        raise ControlError(f"there is no permission {sorted(unknown)[0]!r}")
    chat.permissions |= {name: bool(wish[name]) for name in wish if name != "chat"}
    return chat.permissions


def _some_admin(chat: Chat) -> Json | None:
    for member in chat.members.values():
        if member.admin and not member.user["is_bot"]:
            return member.user
    return None


def _forum(world: World, wish: Json) -> Chat:
    chat = world.group(need(wish, "chat"))
    if not chat.forum:
        raise ControlError(f"{chat.brief['title']} has no topics")
    return chat


def _thread(chat: Chat, wish: Json) -> int:
    thread = int(need(wish, "thread"))
    if thread not in chat.topics:
        raise ControlError(f"no topic {thread} in {chat.brief['title']}")
    return thread


@route("POST", "topics/create")
def topics_create(world: World, wish: Json) -> Json:
    chat = _forum(world, wish)
    sender = world.person(wish["person"]).user if wish.get("person") else _some_admin(chat) or ANONYMOUS_ADMIN
    return create_topic(world, chat, sender, str(need(wish, "name"))).as_json()


@route("POST", "topics/close")
def topics_close(world: World, wish: Json) -> bool:
    chat = _forum(world, wish)
    topic = chat.topics[_thread(chat, wish)]
    close_topic(world, chat, _some_admin(chat) or ANONYMOUS_ADMIN, topic, not wish.get("reopen"))
    return True


@route("POST", "topics/delete")
def topics_delete(world: World, wish: Json) -> bool:
    chat = _forum(world, wish)
    delete_topic(world, chat, _thread(chat, wish))
    return True


@route("POST", "migrate")
def migrate(world: World, wish: Json) -> Json:
    """A plain group becomes a supergroup: another number, the same people, the old messages left behind.

    Bots hear that they were added to the new one before they hear of the upgrade, or with `join` "last" after it:
    nothing orders the two, because they come from different chats.
    """
    old = world.group(need(wish, "chat"))
    if old.type != "group" or old.migrated_to is not None:
        raise ControlError(f"{old.id} is no plain group any more")
    if (join := wish.get("join", "first")) not in ("first", "last"):
        raise ControlError('join is "first" or "last"')
    new = world.add_group("supergroup", old.brief["title"], None, None, forum=bool(wish.get("forum")))
    sender = _some_admin(old) or ANONYMOUS_ADMIN
    for member in old.members.values():
        world.set_member(new, member.user, member.status, member.rights, quietly=True)

    def tell_bots() -> None:
        for member in new.members.values():
            if member.user["is_bot"]:
                before, after = described(None, new, member.user), described(member, new, member.user)
                world.tell_of_member(new, member.user, sender, before, after)

    if join == "first":
        tell_bots()
    world.service(old, sender, {"migrate_to_chat_id": new.id})
    old.migrated_to = new.id
    world.feed.add("chat", old.id, info=old.info())
    world.feed.add("chat", new.id, info=new.info())
    posted = world.post(new, ANONYMOUS_ADMIN, {"migrate_from_chat_id": old.id}, extra={"sender_chat": new.brief})
    world.deliver("message", new, posted)
    if join == "last":
        tell_bots()
    return {"id": new.id}
