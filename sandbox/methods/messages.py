"""Sending: the common path of everything that puts a bot's message into a chat."""

from typing import Any

from sandbox.members import permitted
from sandbox.methods.base import (
    Call,
    markup_of,
    method,
    own_member,
    reach_chat,
    require_right,
    text_of,
)
from sandbox.model import Chat, Poll, Posted
from sandbox.refusals import bad_request
from sandbox.shapes import Json

ACTIONS = frozenset(
    {
        "typing",
        "upload_photo",
        "record_video",
        "upload_video",
        "record_voice",
        "upload_voice",
        "upload_document",
        "choose_sticker",
        "find_location",
        "record_video_note",
        "upload_video_note",
    }
)
RIGHTS = {
    "can_send_messages": "text messages",
    "can_send_photos": "photos",
    "can_send_videos": "videos",
    "can_send_audios": "music",
    "can_send_voice_notes": "voice notes",
    "can_send_documents": "documents",
    "can_send_video_notes": "video notes",
    "can_send_polls": "polls",
    "can_send_other_messages": "stickers",
}


def destination(call: Call, permission: str = "can_send_messages", count: int = 1) -> tuple[Chat, int | None]:
    """The chat and topic a send goes to, once flood windows, rights and the topic allow it."""
    params = call.params
    chat = reach_chat(call, params["chat_id"])
    paid = params.get("allow_paid_broadcast", False)
    call.world.flood.check(call.bot.id, chat.id, count, edit=False, paid=paid)
    if not chat.private and not permitted(chat, chat.member(call.bot.id), permission):
        raise bad_request(f"not enough rights to send {RIGHTS[permission]} to the chat")
    thread = params.get("message_thread_id")
    if thread:
        require_thread(call, chat, thread)
    return chat, thread or None


def require_thread(call: Call, chat: Chat, thread: int) -> None:
    if chat.forum:
        if thread not in chat.topics:
            raise bad_request("message thread not found")
    elif chat.type != "supergroup" or thread not in chat.messages:
        raise bad_request("message thread not found")


def require_open(call: Call, chat: Chat, thread: int | None) -> None:
    topic = chat.general if thread is None else chat.topics[thread]
    if topic.closed and not own_member(call, chat).may("can_manage_topics"):
        raise bad_request("TOPIC_CLOSED")


def reply_of(call: Call, chat: Chat) -> Posted | None:
    """The message replied to; None when there is none, or it is gone and that was allowed for."""
    params = call.params
    given = params.get("reply_parameters")
    if given is not None:
        wanted = given.get("message_id")
        lenient = given.get("allow_sending_without_reply", False)
        elsewhere = given.get("chat_id")
        if elsewhere is not None and str(elsewhere) != str(chat.id):
            wanted = None if lenient else -1
    else:
        wanted = params.get("reply_to_message_id")
        lenient = params.get("allow_sending_without_reply", False)
    if not wanted:
        return None
    posted = chat.messages.get(int(wanted))
    if posted is None and not lenient:
        raise bad_request("message to be replied not found")
    return posted


def reply_fields(chat: Chat, reply: Posted | None, thread: int | None, quote: Any = None) -> tuple[Json, int | None]:
    """What a reply adds to a message, and the topic it falls into.

    Telegram quotes the original without the reply inside it. In a forum every message that answers
    nothing else
    "replies" to the message that opened its topic; bots have mistaken that for an answer.
    """
    if reply is None:
        if thread is not None and chat.forum and (opening := chat.messages.get(thread)) is not None:
            return {"reply_to_message": opening.message}, thread
        return {}, thread
    original = reply.message
    if "reply_to_message" in original:
        original = {name: value for name, value in original.items() if name != "reply_to_message"}
    fields: Json = {"reply_to_message": original}
    if quote:
        fields["quote"] = {"text": str(quote), "position": 0, "is_manual": True}
    if thread is None and chat.type == "supergroup":
        # Plain supergroups have threads too: the first message answered gives its number.
        thread = reply.thread if chat.forum else reply.thread or original["message_id"]
    return fields, thread


def send(
    call: Call,
    chat: Chat,
    thread: int | None,
    content: Json,
    *,
    reply: Posted | None = None,
    markup: Json | None = None,
    extra: Json | None = None,
    poll: Poll | None = None,
) -> Posted:
    params, world = call.params, call.world
    if reply is not None or (thread is not None and chat.forum):
        quote = (params.get("reply_parameters") or {}).get("quote")
        fields, thread = reply_fields(chat, reply, thread, quote)
        extra = {**fields, **extra} if extra else fields
    if chat.forum:
        require_open(call, chat, thread)
    posted = world.post(
        chat,
        call.bot.user,
        content,
        markup=markup,
        thread=thread,
        extra=extra,
        silent=params.get("disable_notification", False),
        protected=params.get("protect_content", False),
        poll=poll,
    )
    world.flood.note(call.bot.id, chat.id, 1, edit=False, paid=params.get("allow_paid_broadcast", False))
    call.sent += 1
    call.sent_to = chat.id
    return posted


@method("sendMessage")
def send_message(call: Call) -> Json:
    chat, thread = destination(call)
    content = text_of(call.params)
    reply = reply_of(call, chat)
    markup = markup_of(call.params, chat)
    options = call.params.get("link_preview_options")
    if options:
        content["link_preview_options"] = options
    elif call.params.get("disable_web_page_preview"):
        content["link_preview_options"] = {"is_disabled": True}
    return send(call, chat, thread, content, reply=reply, markup=markup).message


@method("sendChatAction")
def send_chat_action(call: Call) -> bool:
    chat = reach_chat(call, call.params["chat_id"])
    action = call.params["action"]
    if action not in ACTIONS:
        raise bad_request("wrong parameter action in request")
    thread = call.params.get("message_thread_id")
    if thread:
        require_thread(call, chat, thread)
    call.world.feed.add("chat_action", chat.id, action=action, thread=thread, bot=call.bot.id)
    return True


@method("pinChatMessage")
def pin_chat_message(call: Call) -> bool:
    chat = reach_chat(call, call.params["chat_id"])
    if not chat.private:
        require_right(call, chat, "can_pin_messages", "not enough rights to manage pinned messages in the chat")
    posted = chat.messages.get(call.params["message_id"])
    if posted is None:
        raise bad_request("message to pin not found")
    number = posted.message["message_id"]
    if number in chat.pinned:
        return True
    chat.pinned = [number, *chat.pinned]
    call.world.feed.add("chat", chat.id, info=chat.info(), bot=chat.bot)
    if not call.params.get("disable_notification"):
        call.world.service(chat, call.bot.user, {"pinned_message": posted.message}, posted.thread)
    return True


@method("unpinChatMessage")
def unpin_chat_message(call: Call) -> bool:
    chat = _pinboard(call)
    wanted = call.params.get("message_id") or (chat.pinned[0] if chat.pinned else 0)
    if wanted not in chat.pinned:
        raise bad_request("message to unpin not found")
    chat.pinned = [number for number in chat.pinned if number != wanted]
    call.world.feed.add("chat", chat.id, info=chat.info(), bot=chat.bot)
    return True


@method("unpinAllChatMessages")
def unpin_all_chat_messages(call: Call) -> bool:
    chat = _pinboard(call)
    chat.pinned = []
    call.world.feed.add("chat", chat.id, info=chat.info(), bot=chat.bot)
    return True


def _pinboard(call: Call) -> Chat:
    chat = reach_chat(call, call.params["chat_id"])
    if not chat.private:
        require_right(call, chat, "can_pin_messages", "not enough rights to manage pinned messages in the chat")
    return chat
