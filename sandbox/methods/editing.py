"""Changing and removing what has been sent."""

from typing import Any

from sandbox.acts import remove_messages
from sandbox.methods.base import (
    Call,
    caption_of,
    find_message,
    markup_of,
    method,
    own_member,
    reach_chat,
    text_of,
)
from sandbox.methods.media import CAPTIONED, MEDIA_FIELDS, described_media, media_content
from sandbox.model import Chat, Posted
from sandbox.refusals import NOT_MODIFIED, bad_request
from sandbox.shapes import Json

DELETABLE_SECONDS = 48 * 3600


def editable(call: Call) -> tuple[Chat, Posted]:
    params = call.params
    if params.get("inline_message_id"):
        raise bad_request("MESSAGE_ID_INVALID")
    if "chat_id" not in params:
        raise bad_request("chat_id is empty")
    chat = reach_chat(call, params["chat_id"])
    if not params.get("message_id"):
        raise bad_request("message identifier is not specified")
    posted = find_message(chat, params["message_id"], "edit")
    if posted.author != call.bot.id or any(name in posted.message for name in ("forward_origin", "dice")):
        raise bad_request("message can't be edited")
    call.world.flood.check(call.bot.id, chat.id, 1, edit=True)
    return chat, posted


def apply(call: Call, chat: Chat, posted: Posted, content: Json | None, removed: tuple[str, ...] = ()) -> Json:
    """Put new content and the given keyboard (none means none, as at Telegram) into a message."""
    markup = markup_of(call.params, chat)
    if markup is not None and "inline_keyboard" not in markup:
        raise bad_request("inline keyboard expected")
    old = posted.message
    skipped = {*removed, "reply_markup", "edit_date"}
    new = {name: value for name, value in old.items() if name not in skipped}
    if content:
        new.update(call.world.known(content))
    if markup is not None:
        new["reply_markup"] = markup
    if new == {name: value for name, value in old.items() if name != "edit_date"}:
        raise bad_request(NOT_MODIFIED)
    new["edit_date"] = int(call.world.clock.now())
    posted.message = new
    posted.markup = markup
    call.world.flood.note(call.bot.id, chat.id, 1, edit=True)
    call.world.announce("edit", chat, posted)
    return new


@method("editMessageText")
def edit_message_text(call: Call) -> Json:
    chat, posted = editable(call)
    content = text_of(call.params)
    if "text" not in posted.message:
        raise bad_request("there is no text in the message to edit")
    options = call.params.get("link_preview_options")
    if options:
        content["link_preview_options"] = options
    return apply(call, chat, posted, content, ("text", "entities", "link_preview_options"))


@method("editMessageCaption")
def edit_message_caption(call: Call) -> Json:
    chat, posted = editable(call)
    if not any(name in posted.message for name in CAPTIONED):
        raise bad_request("there is no caption in the message to edit")
    content = caption_of(call.params)
    return apply(call, chat, posted, content, ("caption", "caption_entities", "show_caption_above_media"))


@method("editMessageReplyMarkup")
def edit_message_reply_markup(call: Call) -> Json:
    chat, posted = editable(call)
    return apply(call, chat, posted, None)


@method("editMessageMedia")
def edit_message_media(call: Call) -> Json:
    chat, posted = editable(call)
    if not any(name in posted.message for name in (*MEDIA_FIELDS, "text")):
        raise bad_request("message can't be edited")
    given = call.params["media"]
    content = {**described_media(call, given), **caption_of(given)}
    if "media_group_id" in posted.message and not any(name in content for name in CAPTIONED):
        raise bad_request("can't use the media of the specified type in the album")
    removed = (*MEDIA_FIELDS, "text", "entities", "caption", "caption_entities", "has_media_spoiler")
    return apply(call, chat, posted, content, removed)


@method("editMessageLiveLocation", "stopMessageLiveLocation")
def edit_live_location(call: Call) -> Json:
    chat, posted = editable(call)
    old = posted.message.get("location")
    if not old or "live_period" not in old:
        raise bad_request("message can't be edited")
    content: Json = {"location": {name: value for name, value in old.items() if name != "live_period"}}
    if "latitude" in call.params:
        content = {"location": {**old, **media_content(call, "location")["location"]}}
    return apply(call, chat, posted, content)


def deletable(call: Call, chat: Chat, posted: Posted) -> bool:
    age = call.world.clock.now() - posted.message["date"]
    if chat.private:
        return bool(age < DELETABLE_SECONDS)
    member = own_member(call, chat)
    if member.may("can_delete_messages"):
        return True
    return posted.author == call.bot.id and bool(age < DELETABLE_SECONDS)


@method("deleteMessage")
def delete_message(call: Call) -> bool:
    chat = reach_chat(call, call.params["chat_id"])
    posted = find_message(chat, call.params["message_id"], "delete")
    if not deletable(call, chat, posted):
        raise bad_request("message can't be deleted for everyone")
    remove_messages(call.world, chat, [call.params["message_id"]])
    return True


@method("deleteMessages")
def delete_messages(call: Call) -> bool:
    chat = reach_chat(call, call.params["chat_id"])
    numbers = message_numbers(call.params["message_ids"])
    gone = [n for n in numbers if n in chat.messages and deletable(call, chat, chat.messages[n])]
    if gone:
        remove_messages(call.world, chat, gone)
    return True


def message_numbers(given: list[Any]) -> list[int]:
    if not given:
        raise bad_request("message identifiers are not specified")
    if len(given) > 100:
        raise bad_request("too many message identifiers specified")
    try:
        return [int(number) for number in given]
    except (TypeError, ValueError):
        raise bad_request("message identifier must be a Number") from None
