"""Forwarding and copying, one message or many."""

from typing import Any

from sandbox.methods.base import Call, caption_of, find_chat, markup_of, method, require_presence
from sandbox.methods.editing import message_numbers
from sandbox.methods.media import CAPTIONED, MEDIA_FIELDS
from sandbox.methods.messages import destination, reply_of, send
from sandbox.model import Chat, Poll, Posted
from sandbox.refusals import Refusal, bad_request
from sandbox.shapes import Json

CONTENT = (
    "text",
    "entities",
    "link_preview_options",
    "caption",
    "caption_entities",
    "show_caption_above_media",
    "has_media_spoiler",
    *MEDIA_FIELDS,
    "location",
    "venue",
    "contact",
    "dice",
)


def source(call: Call, purpose: str) -> Chat:
    try:
        chat = find_chat(call, call.params["from_chat_id"])
    except Refusal:
        raise bad_request(f"chat to {purpose} message from not found") from None
    require_presence(call, chat)
    return chat


def content_of(posted: Posted) -> Json:
    return {name: posted.message[name] for name in CONTENT if name in posted.message}


def sendable(posted: Posted | None) -> bool:
    return posted is not None and (bool(content_of(posted)) or posted.poll is not None) and not posted.protected


def origin(posted: Posted) -> Json:
    """Where a forwarded message comes from; a message forwarded again keeps its first origin."""
    message = posted.message
    if "forward_origin" in message:
        return dict(message["forward_origin"])
    if "sender_chat" in message:
        return {"type": "chat", "sender_chat": message["sender_chat"], "date": message["date"]}
    return {"type": "user", "sender_user": message["from"], "date": message["date"]}


def albums(posts: list[Posted], call: Call) -> list[Json]:
    """A new album number for every album among the messages, so that it stays one."""
    numbers: dict[str, str] = {}
    extras: list[Json] = []
    for posted in posts:
        old = posted.message.get("media_group_id")
        extras.append({} if old is None else {"media_group_id": numbers.setdefault(old, call.world.unique())})
    return extras


def fresh_poll(call: Call, posted: Posted, keep_votes: bool) -> Poll | None:
    if posted.poll is None:
        return None
    base = {**posted.poll.base} if keep_votes else {**posted.poll.base, "id": call.world.unique()}
    poll = Poll(base, None)
    poll.closed = posted.poll.closed and keep_votes
    if keep_votes:
        poll.votes = posted.poll.votes
    return poll


def increasing(given: list[Any]) -> list[int]:
    numbers = message_numbers(given)
    if numbers != sorted(set(numbers)):
        raise bad_request("message identifiers must be in a strictly increasing order")
    return numbers


def pass_on(call: Call, chat: Chat, thread: int | None, posted: Posted, extra: Json, **more: Any) -> Posted:
    content = more.pop("content", None) or content_of(posted)
    poll = fresh_poll(call, posted, keep_votes="forward_origin" in extra)
    if poll is not None:
        content = {**content, "poll": poll.as_json()}
    return send(call, chat, thread, content, extra=extra, poll=poll, **more)


@method("forwardMessage")
def forward_message(call: Call) -> Json:
    chat, thread = destination(call)
    posted = source(call, "forward").messages.get(call.params["message_id"])
    if posted is None:
        raise bad_request("message to forward not found")
    if posted.protected:
        raise bad_request("message has protected content and can't be forwarded")
    if not sendable(posted):
        raise bad_request("message can't be forwarded")
    return pass_on(call, chat, thread, posted, {"forward_origin": origin(posted)}).message


@method("forwardMessages")
def forward_messages(call: Call) -> list[Json]:
    numbers = increasing(call.params["message_ids"])
    chat, thread = destination(call, count=len(numbers))
    there = source(call, "forward").messages
    posts = [there[number] for number in numbers if sendable(there.get(number))]
    if not posts:
        raise bad_request("messages to forward not found")
    sent = []
    for posted, extra in zip(posts, albums(posts, call), strict=True):
        forwarded = pass_on(call, chat, thread, posted, {"forward_origin": origin(posted), **extra})
        sent.append({"message_id": forwarded.message["message_id"]})
    return sent


@method("copyMessage")
def copy_message(call: Call) -> Json:
    chat, thread = destination(call)
    posted = source(call, "copy").messages.get(call.params["message_id"])
    if posted is None:
        raise bad_request("message to copy not found")
    if not sendable(posted):
        raise bad_request("message can't be copied")
    content = content_of(posted)
    if "caption" in call.params and any(name in content for name in CAPTIONED):
        for name in ("caption", "caption_entities"):
            content.pop(name, None)
        content |= caption_of(call.params)
    reply = reply_of(call, chat)
    markup = markup_of(call.params, chat)
    sent = pass_on(call, chat, thread, posted, {}, content=content, reply=reply, markup=markup)
    return {"message_id": sent.message["message_id"]}


@method("copyMessages")
def copy_messages(call: Call) -> list[Json]:
    """Copies what can be copied and passes over the rest, albums staying whole."""
    numbers = increasing(call.params["message_ids"])
    chat, thread = destination(call, count=len(numbers))
    there = source(call, "copy").messages
    posts = [there[number] for number in numbers if sendable(there.get(number))]
    if not posts:
        raise bad_request("there are no messages to copy")
    sent = []
    for posted, extra in zip(posts, albums(posts, call), strict=True):
        content = content_of(posted)
        if call.params.get("remove_caption"):
            content = {name: value for name, value in content.items() if not name.startswith("caption")}
        message = pass_on(call, chat, thread, posted, extra, content=content).message
        sent.append({"message_id": message["message_id"]})
    return sent
