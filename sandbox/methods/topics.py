"""Forum topics: made, renamed, closed, opened again, deleted."""

from sandbox.acts import remove_messages
from sandbox.methods.base import Call, method, own_member, reach_chat, require_supergroup
from sandbox.model import Chat, Topic
from sandbox.refusals import bad_request
from sandbox.shapes import Json
from sandbox.world import World

COLORS = (7322096, 16766590, 13338331, 9367192, 16749490, 16478047)
NO_RIGHTS = "not enough rights to manage topics"


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


def close_topic(world: World, chat: Chat, sender: Json, thread: int, closed: bool) -> None:
    topic = chat.topics[thread]
    topic.closed = closed
    _announce(world, chat, "closed" if closed else "reopened", topic)
    world.service(chat, sender, {"forum_topic_closed" if closed else "forum_topic_reopened": {}}, thread)


def delete_topic(world: World, chat: Chat, thread: int) -> None:
    """A topic goes with all its messages, and no bot is told."""
    topic = chat.topics.pop(thread)
    gone = [number for number, posted in chat.messages.items() if posted.thread == thread]
    remove_messages(world, chat, gone)
    _announce(world, chat, "deleted", topic)


def _announce(world: World, chat: Chat, action: str, topic: Topic) -> None:
    world.feed.add("topic", chat.id, action=action, topic=topic.as_json())


def forum(call: Call) -> Chat:
    chat = reach_chat(call, call.params["chat_id"])
    if not chat.private:
        require_supergroup(chat)
    if not chat.forum:
        raise bad_request("the chat is not a forum")
    return chat


def managed_topic(call: Call) -> tuple[Chat, Topic]:
    chat = forum(call)
    topic = chat.topics.get(call.params["message_thread_id"])
    if topic is None:
        raise bad_request("message thread not found")
    if not own_member(call, chat).may("can_manage_topics"):
        raise bad_request(NO_RIGHTS)
    return chat, topic


def checked_name(name: str) -> str:
    name = name.strip()
    if not name:
        raise bad_request("topic name must be non-empty")
    if len(name) > 128:
        raise bad_request("TOPIC_TITLE_TOO_LONG")
    return name


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
    chat, topic = managed_topic(call)
    changed: Json = {}
    name = call.params.get("name")
    emoji = call.params.get("icon_custom_emoji_id")
    if name:
        name = checked_name(name)
        if name != topic.name:
            changed["name"] = name
    if emoji is not None and emoji != (topic.icon_custom_emoji_id or ""):
        changed["icon_custom_emoji_id"] = emoji
    if not changed:
        raise bad_request("TOPIC_NOT_MODIFIED")
    topic.name = changed.get("name", topic.name)
    if emoji is not None:
        topic.icon_custom_emoji_id = emoji or None
    _announce(call.world, chat, "edited", topic)
    call.world.service(chat, call.bot.user, {"forum_topic_edited": changed}, topic.thread)
    return True


@method("closeForumTopic")
def close_forum_topic(call: Call) -> bool:
    return _set_closed(call, closed=True)


@method("reopenForumTopic")
def reopen_forum_topic(call: Call) -> bool:
    return _set_closed(call, closed=False)


def _set_closed(call: Call, closed: bool) -> bool:
    chat, topic = managed_topic(call)
    if topic.closed == closed:
        raise bad_request("TOPIC_NOT_MODIFIED")
    close_topic(call.world, chat, call.bot.user, topic.thread, closed)
    return True


@method("deleteForumTopic")
def delete_forum_topic(call: Call) -> bool:
    chat, topic = managed_topic(call)
    if not own_member(call, chat).may("can_delete_messages"):
        raise bad_request(NO_RIGHTS)
    delete_topic(call.world, chat, topic.thread)
    return True


@method("getForumTopicIconStickers")
def get_forum_topic_icon_stickers(call: Call) -> list[Json]:
    return []
