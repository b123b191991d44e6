"""What people do in chats: write, press, edit, vote, react, block, delete."""

from sandbox.acts import remove_messages, set_reaction
from sandbox.control.base import any_chat, message_in, need, place, route
from sandbox.control.contents import contents
from sandbox.members import permitted
from sandbox.methods.messages import reply_fields
from sandbox.methods.polls import vote
from sandbox.model import ANONYMOUS_ADMIN, CHANNEL_BOT, Chat, Person, Press
from sandbox.refusals import ControlError
from sandbox.shapes import Json
from sandbox.world import World


@route("POST", "say")
def say(world: World, wish: Json) -> Json | list[Json]:
    person, chat, bot = place(world, wish)
    if chat.private and bot.id in person.blocked:
        raise ControlError(f"{person.first_name} has blocked the bot; unblock first")
    thread = int(wish["thread"]) if wish.get("thread") else None
    sender, extra = speaker(world, chat, person, wish)
    reply = None
    if wish.get("reply_to"):
        reply = chat.messages.get(int(wish["reply_to"]))
        if reply is None:
            raise ControlError(f"no message {wish['reply_to']} to reply to in chat {chat.id}")
    fields, thread = reply_fields(chat, reply, thread, wish.get("quote"))
    check_may_write(chat, person, thread)
    extra |= fields
    if wish.get("forward_from"):
        extra["forward_origin"] = origin(world, wish["forward_from"])
    pieces = contents(world, wish)
    # A part that Telegram hands over late names the album it belongs to.
    if (album := wish.get("album")) or len(pieces) > 1:
        extra["media_group_id"] = album or world.unique()
    said: list[Json] = []
    for content in pieces:
        posted = world.post(chat, sender, content, thread=thread, extra=extra, author=person.id)
        world.deliver("message", chat, posted)
        said.append(posted.message)
    return said if isinstance(wish.get("media"), list) else said[0]


def check_may_write(chat: Chat, person: Person, thread: int | None) -> None:
    if chat.private:
        return
    member = chat.member(person.id)
    if member is None or not member.present:
        raise ControlError(f"{person.first_name} is not a member of {chat.brief['title']}")
    if not permitted(chat, member, "can_send_messages"):
        raise ControlError(f"{person.first_name} may not write in {chat.brief['title']}")
    if chat.forum:
        topic = chat.general if thread is None else chat.topics.get(thread)
        if topic is None:
            raise ControlError(f"no topic {thread} in {chat.brief['title']}")
        if topic.closed and not member.admin:
            raise ControlError(f"topic {topic.name} is closed")


def speaker(world: World, chat: Chat, person: Person, wish: Json) -> tuple[Json, Json]:
    """Who the message seems to be from, and what it carries beside."""
    if wish.get("anonymous"):
        member = chat.member(person.id)
        if member is None or not member.admin:
            raise ControlError(f"{person.first_name} is no administrator and cannot be an anonymous one")
        return ANONYMOUS_ADMIN, {"sender_chat": chat.brief}
    if channel := wish.get("as_channel"):
        shape = {"id": -1_001_999_000_000, "title": "A channel", **channel, "type": "channel"}
        if shape["id"] in chat.banned_channels:
            raise ControlError(f"{shape['title']} is banned from {chat.brief['title']}")
        return CHANNEL_BOT, {"sender_chat": shape}
    return person.user, {}


def origin(world: World, given: Json) -> Json:
    """Where a forwarded message claims to come from: {"person": id}, {"name": hidden} or {"title": a
    channel}.
    """
    date = int(world.clock.now()) - 60
    if "type" in given:
        return {"date": date, **given}
    if "person" in given or "id" in given:
        person = world.person(given.get("person", given.get("id")))
        return {"type": "user", "date": date, "sender_user": person.user}
    if "title" in given:
        chat = {"id": given.get("chat", -1_001_999_000_001), "type": "channel", "title": given["title"]}
        return {"type": "channel", "date": date, "chat": chat, "message_id": 1}
    return {"type": "hidden_user", "date": date, "sender_user_name": str(given.get("name", "Somebody"))}


@route("POST", "tap")
def tap(world: World, wish: Json) -> Json:
    """Press a button. The payload may be anything and the message long gone: forgery is part of the game."""
    person = world.person(need(wish, "person"))
    bot = world.the_bot(wish.get("bot"))
    chat = world.chat_for(person, wish.get("chat"), bot)
    number = int(need(wish, "message_id"))
    posted = chat.messages.get(number)
    if posted is not None and posted.author in world.bots:
        bot = world.bots[posted.author]
    query = world.unique()
    if len(world.presses) > 10_000:
        world.presses.pop(next(iter(world.presses)))
    world.presses[query] = Press(bot.id, person.id, chat.id, number, world.clock.patience())
    update: Json = {
        "id": query,
        "from": person.user,
        "message": posted.message if posted else {"chat": chat.brief, "message_id": number, "date": 0},
        "chat_instance": str(abs(chat.id) * 7919),
        "data": str(need(wish, "data")),
    }
    world.feed.add(
        "callback_query",
        chat.id,
        id=query,
        person=person.id,
        message_id=number,
        data=update["data"],
        bot=bot.id,
    )
    bot.mailbox.put("callback_query", update, chat.id)
    return {"id": query}


@route("POST", "edit")
def edit(world: World, wish: Json) -> Json:
    person, chat, _ = place(world, wish)
    posted = message_in(chat, wish)
    if posted.author != person.id:
        raise ControlError(f"message {wish['message_id']} is not {person.first_name}'s")
    new = {
        name: value
        for name, value in posted.message.items()
        if name not in ("text", "entities", "caption", "caption_entities")
    }
    is_caption = "text" not in posted.message
    words = wish.get("caption", wish.get("text")) if is_caption else wish.get("text", wish.get("caption"))
    content = contents(world, {"text": str(words), "entities": wish.get("entities")})[0]
    if is_caption:
        content = {
            "caption": content["text"],
            **({"caption_entities": content["entities"]} if "entities" in content else {}),
        }
    new.update(content)
    new["edit_date"] = int(world.clock.now())
    posted.message = new
    world.announce("edit", chat, posted)
    world.deliver("edited_message", chat, posted)
    return new


@route("POST", "react")
def react(world: World, wish: Json) -> bool:
    person, chat, _ = place(world, wish)
    posted = message_in(chat, wish)
    emoji = wish.get("emoji")
    set_reaction(world, chat, posted, person.id, [str(emoji)] if emoji else [])
    return True


@route("POST", "vote")
def vote_in_poll(world: World, wish: Json) -> Json:
    person, chat, _ = place(world, wish)
    return vote(world, chat, message_in(chat, wish), person, [int(index) for index in wish.get("options") or ()])


@route("POST", "ask")
def ask(world: World, wish: Json) -> Json:
    """An inline query: the bot's name and some words in any message field."""
    person = world.person(need(wish, "person"))
    bot = world.the_bot(wish.get("bot"))
    query = world.unique()
    world.inline_queries[query] = world.clock.patience()
    update = {
        "id": query,
        "from": person.user,
        "query": str(wish.get("query", "")),
        "offset": str(wish.get("offset", "")),
        "chat_type": "sender",
    }
    bot.mailbox.put("inline_query", update)
    return {"id": query}


@route("POST", "choose")
def choose(world: World, wish: Json) -> Json:
    """One of the results an inline query was answered with becomes a message of the person who asked."""
    person = world.person(need(wish, "person"))
    bot_id, messages = world.inline_answers.get(str(need(wish, "query")), (0, {}))
    content = messages.get(str(need(wish, "result")))
    if content is None:
        raise ControlError(f"query {wish['query']} was not answered with {wish['result']}")
    bot = world.bots[bot_id]
    chat = world.chat_for(person, wish.get("chat"), bot)
    check_may_write(chat, person, None)
    posted = world.post(chat, person.user, content, extra={"via_bot": bot.user}, author=person.id)
    world.deliver("message", chat, posted)
    return posted.message


@route("POST", "block")
def block(world: World, wish: Json) -> bool:
    return _block(world, wish, blocked=True)


@route("POST", "unblock")
def unblock(world: World, wish: Json) -> bool:
    return _block(world, wish, blocked=False)


def _block(world: World, wish: Json, blocked: bool) -> bool:
    person = world.person(need(wish, "person"))
    bot = world.the_bot(wish.get("bot"))
    if (bot.id in person.blocked) == blocked:
        return False
    (person.blocked.add if blocked else person.blocked.discard)(bot.id)
    chat = world.private_chat(bot, person)
    world.feed.add("block", chat.id, person=person.id, blocked=blocked, bot=bot.id)
    gone: Json = {"user": bot.user, "status": "kicked", "until_date": 0}
    there: Json = {"user": bot.user, "status": "member"}
    before, after = (there, gone) if blocked else (gone, there)
    world.tell_of_member(chat, bot.user, person.user, before, after)
    return True


@route("POST", "delete")
def delete(world: World, wish: Json) -> bool:
    chat = any_chat(world, wish)
    number = message_in(chat, wish).message["message_id"]
    remove_messages(world, chat, [number])
    return True
