"""Forum topics: made, renamed, closed, opened again, deleted; the General topic also hidden.

Telegram asks for the right to manage topics except for those a bot has opened itself. Names too long are cut, not
refused. The words are TDLib's (`ForumTopicManager.cpp`).
"""

from sandbox.acts import remove_messages
from sandbox.methods.base import Call, method, own_member, reach_chat, require_right, require_supergroup
from sandbox.model import Chat, Topic
from sandbox.refusals import bad_request
from sandbox.shapes import Json
from sandbox.world import World

COLORS = (7322096, 16766590, 13338331, 9367192, 16749490, 16478047)
EDIT = "not enough rights to edit the topic"
CLOSE = "not enough rights to close or open the topic"
DELETE = "not enough rights to delete the topic"
PIN = "not enough rights to manage pinned messages in the chat"
NAME_LIMIT = 128


def create_topic(
    world: World, chat: Chat, sender: Json, name: str, color: int = COLORS[0], emoji: str | None = None
) -> Topic:
    content: Json = {"name": name, "icon_color": color}
    if emoji:
        content["icon_custom_emoji_id"] = emoji
    # A topic's number is the number of the message that opens it.
    thread = chat.last_id() + 1
    posted = world.post(chat, sender, {"forum_topic_created": content}, thread=thread)
    topic = chat.topics[thread] = Topic(thread, name, color, emoji)
    _announce(world, chat, "created", topic)
    world.deliver("message", chat, posted)
    return topic


def close_topic(world: World, chat: Chat, sender: Json, topic: Topic, closed: bool) -> None:
    """Opening the General topic also brings it back when it was hidden."""
    topic.closed = closed
    topic.hidden = topic.hidden and closed
    _announce(world, chat, "closed" if closed else "reopened", topic)
    _say(world, chat, sender, {"forum_topic_closed" if closed else "forum_topic_reopened": {}}, topic)


def delete_topic(world: World, chat: Chat, thread: int) -> None:
    """A topic goes with all its messages, and no bot is told."""
    topic = chat.topics.pop(thread)
    gone = [number for number, posted in chat.messages.items() if posted.thread == thread]
    remove_messages(world, chat, gone)
    _announce(world, chat, "deleted", topic)


def _announce(world: World, chat: Chat, action: str, topic: Topic) -> None:
    world.feed.add("topic", chat.id, action=action, topic=topic.as_json())


def _say(world: World, chat: Chat, sender: Json, content: Json, topic: Topic) -> None:
    """What happens to a topic is written in it; the General one's messages carry no number."""
    world.service(chat, sender, content, None if topic is chat.general else topic.thread)


def forum(call: Call) -> Chat:
    chat = reach_chat(call, call.params["chat_id"])
    if not chat.private:
        require_supergroup(chat)
    if not chat.forum:
        raise bad_request("the chat is not a forum")
    return chat


def managed_topic(call: Call, words: str, right: str = "can_manage_topics") -> tuple[Chat, Topic]:
    """The topic a call names, provided the bot has the right or has opened the topic itself."""
    chat = forum(call)
    topic = chat.topics.get(call.params["message_thread_id"])
    if topic is None:
        raise bad_request("message thread not found")
    opening = chat.messages.get(topic.thread)
    if opening is None or opening.author != call.bot.id:
        require_right(call, chat, right, words)
    return chat, topic


def general_topic(call: Call, words: str, right: str = "can_manage_topics") -> tuple[Chat, Topic]:
    chat = forum(call)
    require_right(call, chat, right, words)
    return chat, chat.general


def checked_name(name: str) -> str:
    name = name.strip()
    if not name:
        raise bad_request("name must be non-empty")
    return name[:NAME_LIMIT]


@method("createForumTopic")
def create_forum_topic(call: Call) -> Json:
    chat = forum(call)
    if not own_member(call, chat).may("can_manage_topics"):
        raise bad_request("not enough rights to create a topic")
    name = checked_name(call.params["name"])
    color = call.params.get("icon_color", COLORS[0])
    if color not in COLORS:
        raise bad_request("invalid icon color specified")
    call.world.flood.check(call.bot.id, chat.id, 1, edit=False)
    emoji = call.params.get("icon_custom_emoji_id")
    topic = create_topic(call.world, chat, call.bot.user, name, color, emoji)
    call.world.flood.note(call.bot.id, chat.id, 1, edit=False)
    shape: Json = {"message_thread_id": topic.thread, "name": topic.name, "icon_color": topic.icon_color}
    if topic.icon_custom_emoji_id:
        shape["icon_custom_emoji_id"] = topic.icon_custom_emoji_id
    return shape


@method("editForumTopic")
def edit_forum_topic(call: Call) -> bool:
    chat, topic = managed_topic(call, EDIT)
    return _edit(call, chat, topic, call.params.get("icon_custom_emoji_id"))


@method("editGeneralForumTopic")
def edit_general_forum_topic(call: Call) -> bool:
    chat, topic = general_topic(call, EDIT)
    return _edit(call, chat, topic, None)


def _edit(call: Call, chat: Chat, topic: Topic, emoji: str | None) -> bool:
    """Nothing asked for is no mistake; asking for what is there already is one."""
    name = call.params.get("name")
    if not name and emoji is None:
        return True
    changed: Json = {}
    if name and checked_name(name) != topic.name:
        changed["name"] = checked_name(name)
    if emoji is not None and emoji != (topic.icon_custom_emoji_id or ""):
        changed["icon_custom_emoji_id"] = emoji
    if not changed:
        raise bad_request("TOPIC_NOT_MODIFIED")
    topic.name = changed.get("name", topic.name)
    if emoji is not None:
        topic.icon_custom_emoji_id = emoji or None
    _announce(call.world, chat, "edited", topic)
    _say(call.world, chat, call.bot.user, {"forum_topic_edited": changed}, topic)
    return True


@method("closeForumTopic")
def close_forum_topic(call: Call) -> bool:
    return _set_closed(call, *managed_topic(call, CLOSE), closed=True)


@method("reopenForumTopic")
def reopen_forum_topic(call: Call) -> bool:
    return _set_closed(call, *managed_topic(call, CLOSE), closed=False)


@method("closeGeneralForumTopic")
def close_general_forum_topic(call: Call) -> bool:
    return _set_closed(call, *general_topic(call, CLOSE), closed=True)


@method("reopenGeneralForumTopic")
def reopen_general_forum_topic(call: Call) -> bool:
    return _set_closed(call, *general_topic(call, CLOSE), closed=False)


def _set_closed(call: Call, chat: Chat, topic: Topic, closed: bool) -> bool:
    if topic.closed == closed:
        raise bad_request("TOPIC_NOT_MODIFIED")
    close_topic(call.world, chat, call.bot.user, topic, closed)
    return True


@method("hideGeneralForumTopic")
def hide_general_forum_topic(call: Call) -> bool:
    return _set_hidden(call, hidden=True)


@method("unhideGeneralForumTopic")
def unhide_general_forum_topic(call: Call) -> bool:
    return _set_hidden(call, hidden=False)


def _set_hidden(call: Call, hidden: bool) -> bool:
    """Hiding closes the topic as well; showing it again leaves it closed."""
    chat, topic = general_topic(call, CLOSE)
    if topic.hidden == hidden:
        raise bad_request("TOPIC_NOT_MODIFIED")
    topic.hidden = hidden
    topic.closed = topic.closed or hidden
    name = "general_forum_topic_hidden" if hidden else "general_forum_topic_unhidden"
    _announce(call.world, chat, "hidden" if hidden else "unhidden", topic)
    _say(call.world, chat, call.bot.user, {name: {}}, topic)
    return True


@method("deleteForumTopic")
def delete_forum_topic(call: Call) -> bool:
    chat, topic = managed_topic(call, DELETE, "can_delete_messages")
    delete_topic(call.world, chat, topic.thread)
    return True


@method("unpinAllForumTopicMessages")
def unpin_all_forum_topic_messages(call: Call) -> bool:
    chat = forum(call)
    if not chat.private:
        require_right(call, chat, "can_pin_messages", PIN)
    thread = call.params["message_thread_id"]
    if thread not in chat.topics:
        raise bad_request("message thread not found")
    return _unpin_all(call, chat, thread)


@method("unpinAllGeneralForumTopicMessages")
def unpin_all_general_forum_topic_messages(call: Call) -> bool:
    chat, _ = general_topic(call, PIN, "can_pin_messages")
    return _unpin_all(call, chat, None)


def _unpin_all(call: Call, chat: Chat, thread: int | None) -> bool:
    chat.pinned = [n for n in chat.pinned if n in chat.messages and chat.messages[n].thread != thread]
    call.world.feed.add("chat", chat.id, info=chat.info(), bot=chat.bot)
    return True


@method("getForumTopicIconStickers")
def get_forum_topic_icon_stickers(call: Call) -> list[Json]:
    return []
