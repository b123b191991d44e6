"""Messages sent, edited, copied and removed, and everything Telegram refuses on the way."""

from __future__ import annotations

from typing import Any

import pytest

from sandbox.client import Person, Sandbox, contact, dice, document, location, photo, sticker, venue, voice
from tests.sandbox.botapi import Api

KEYBOARD = {"inline_keyboard": [[{"text": "Claim", "callback_data": "claim:1"}]]}


async def sent(api: Api, chat: Person, **params: Any) -> int:
    message = await api("sendMessage", chat_id=chat.id, **{"text": "hello", **params})
    number: int = message["message_id"]
    return number


async def test_an_edit_that_changes_nothing_is_refused(api: Api, alice: Person) -> None:
    number = await sent(api, alice, text="<b>x</b>", parse_mode="HTML", reply_markup=KEYBOARD)
    same = {"text": "<b>x</b>", "parse_mode": "HTML", "reply_markup": KEYBOARD}
    refused = await api.refused("editMessageText", chat_id=alice.id, message_id=number, **same)
    assert refused.description == (
        "Bad Request: message is not modified: specified new message content and reply markup are exactly "
        "the same as a current content and reply markup of the message"
    )
    edited = await api("editMessageText", chat_id=alice.id, message_id=number, text="x", reply_markup=KEYBOARD)
    assert "entities" not in edited
    assert edited["reply_markup"] == KEYBOARD


async def test_a_mention_by_link_carries_the_account_and_that_of_nobody_is_none(api: Api, alice: Person) -> None:
    text = f'<a href="tg://user?id={alice.id}">Al</a> and <a href="tg://user?id=999999">nobody</a>'
    message = await api("sendMessage", chat_id=alice.id, text=text, parse_mode="HTML")
    (entity,) = message["entities"]
    assert (entity["type"], entity["user"]["id"], entity["user"]["first_name"]) == (
        "text_mention",
        alice.id,
        alice.name,
    )
    edited = await api(
        "editMessageText", chat_id=alice.id, message_id=message["message_id"], text=f"! {text}", parse_mode="HTML"
    )
    assert edited["entities"][0]["user"] == entity["user"]


async def test_an_edit_without_a_keyboard_takes_it_away(api: Api, alice: Person) -> None:
    number = await sent(api, alice, reply_markup=KEYBOARD)
    edited = await api("editMessageText", chat_id=alice.id, message_id=number, text="hello")
    assert "reply_markup" not in edited
    assert "edit_date" in edited
    edited = await api("editMessageReplyMarkup", chat_id=alice.id, message_id=number, reply_markup=KEYBOARD)
    assert edited["reply_markup"] == KEYBOARD


@pytest.mark.parametrize(
    ("method", "params", "words"),
    [
        ("editMessageText", {"message_id": 999, "text": "x"}, "message to edit not found"),
        ("editMessageText", {"message_id": 1, "text": "x"}, "message can't be edited"),
        ("editMessageText", {"text": "x"}, "message identifier is not specified"),
        ("deleteMessage", {"message_id": 999}, "message to delete not found"),
        (
            "sendMessage",
            {"text": "x", "reply_parameters": {"message_id": 999}},
            "message to be replied not found",
        ),
        ("forwardMessage", {"from_chat_id": 1001, "message_id": 999}, "message to forward not found"),
        ("copyMessage", {"from_chat_id": 1001, "message_id": 999}, "message to copy not found"),
        ("pinChatMessage", {"message_id": 999}, "message to pin not found"),
        ("setMessageReaction", {"message_id": 999}, "message to react not found"),
        (
            "setMessageReaction",
            {"message_id": 1, "reaction": [{"type": "emoji", "emoji": "🦖"}]},
            "REACTION_INVALID",
        ),
        ("sendMessage", {"text": "x", "message_thread_id": 5}, "message thread not found"),
        (
            "sendMessage",
            {"text": "x", "reply_markup": {"inline_keyboard": [[{"text": "a", "callback_data": "水" * 22}]]}},
            "BUTTON_DATA_INVALID",
        ),
        (
            "sendMessage",
            {"text": "x", "reply_markup": {"inline_keyboard": [[{"text": "a", "callback_data": ""}]]}},
            "BUTTON_DATA_INVALID",
        ),
        (
            "sendMessage",
            {"text": "x", "reply_markup": {"inline_keyboard": [[{"text": "a"}]]}},
            "can't parse inline keyboard button: Text buttons are unallowed in the inline keyboard",
        ),
        (
            "sendMessage",
            {"text": "x", "reply_markup": {"inline_keyboard": [[{"callback_data": "a"}]]}},
            "can't parse inline keyboard button: Can't find field \"text\"",
        ),
        (
            "sendMessage",
            {"text": "x", "reply_markup": {"inline_keyboard": [[{"text": "a", "callback_data": "a"}]] * 101}},
            "reply markup is too long",
        ),
        ("sendChatAction", {"action": "dancing"}, "wrong parameter action in request"),
        ("getFile", {"file_id": "nonsense"}, "invalid file_id"),
        (
            "answerCallbackQuery",
            {"callback_query_id": "1"},
            "query is too old and response timeout expired or query ID is invalid",
        ),
        ("getChatMember", {"user_id": "x"}, "invalid user_id specified"),
        ("stopPoll", {"message_id": 1}, "message is not a poll"),
    ],
)
async def test_refusals_in_telegrams_own_words(
    api: Api, alice: Person, method: str, params: dict[str, Any], words: str
) -> None:
    before = await alice.transcript()
    refused = await api.refused(method, chat_id=alice.id, **params)
    assert (refused.code, refused.description) == (400, f"Bad Request: {words}")
    assert [m.raw for m in await alice.transcript()] == [m.raw for m in before]


async def test_a_reply_quotes_its_original_without_the_reply_inside(api: Api, alice: Person) -> None:
    first = await sent(api, alice, text="first")
    second = await sent(api, alice, text="second", reply_parameters={"message_id": first})
    third = await api("sendMessage", chat_id=alice.id, text="third", reply_to_message_id=second)
    assert third["reply_to_message"]["text"] == "second"
    assert "reply_to_message" not in third["reply_to_message"]
    lenient = {"message_id": 999, "allow_sending_without_reply": True}
    fourth = await api("sendMessage", chat_id=alice.id, text="fourth", reply_parameters=lenient)
    assert "reply_to_message" not in fourth


async def test_blocking_forbids_and_unblocking_allows(api: Api, alice: Person) -> None:
    await alice.blocks()
    refused = await api.refused("sendMessage", chat_id=alice.id, text="x")
    assert (refused.code, refused.description) == (403, "Forbidden: bot was blocked by the user")
    await alice.unblocks()
    await api("sendMessage", chat_id=alice.id, text="x")
    statuses = [u["my_chat_member"]["new_chat_member"]["status"] for u in await api.updates()]
    assert statuses == ["kicked", "member"]


async def test_nobody_is_written_to_who_has_not_begun(api: Api, stage: Sandbox) -> None:
    bob = await stage.person("Bob")
    refused = await api.refused("sendMessage", chat_id=bob.id, text="x")
    assert refused.description == "Forbidden: bot can't initiate conversation with a user"


async def test_own_messages_can_be_deleted_for_48_hours(api: Api, alice: Person, stage: Sandbox) -> None:
    old, other = await sent(api, alice), await sent(api, alice)
    await stage.advance(47 * 3600)
    await api("deleteMessage", chat_id=alice.id, message_id=other)
    await stage.advance(3600)
    refused = await api.refused("deleteMessage", chat_id=alice.id, message_id=old)
    assert refused.description == "Bad Request: message can't be deleted for everyone"
    new = await sent(api, alice)
    await api("deleteMessages", chat_id=alice.id, message_ids=[old, new, 999])
    assert [message.id for message in await alice.transcript()] == [1, old]


async def test_a_press_is_answered_once_and_only_in_time(api: Api, alice: Person, stage: Sandbox) -> None:
    number = await sent(api, alice, reply_markup=KEYBOARD)
    pressed = await stage.control("tap", person=alice.id, message_id=number, data="claim:1")
    (update,) = await api.updates()
    query = update["callback_query"]
    assert (query["data"], query["message"]["message_id"], query["from"]["id"]) == (
        "claim:1",
        number,
        alice.id,
    )
    await api("answerCallbackQuery", callback_query_id=query["id"], text="x" * 200)
    too_late = "Bad Request: query is too old and response timeout expired or query ID is invalid"
    assert (await api.refused("answerCallbackQuery", callback_query_id=pressed["id"])).description == too_late
    late = await stage.control("tap", person=alice.id, message_id=number, data="claim:1")
    refused = await api.refused("answerCallbackQuery", callback_query_id=late["id"], text="x" * 201)
    assert refused.description == "Bad Request: MESSAGE_TOO_LONG"
    await stage.advance(16)
    assert (await api.refused("answerCallbackQuery", callback_query_id=late["id"])).description == too_late


async def test_forged_presses_reach_the_bot(api: Api, alice: Person, stage: Sandbox) -> None:
    stranger = await stage.person("Mallory")
    desk = await stage.group("Desk", members=[alice])
    await stage.control("tap", person=stranger.id, chat=desk.id, message_id=77, data="anything at all 水")
    query = (await api.updates())[-1]["callback_query"]
    assert query["data"] == "anything at all 水"
    assert query["message"] == {
        "chat": {"id": desk.id, "title": "Desk", "type": "group"},
        "message_id": 77,
        "date": 0,
    }


async def test_every_kind_of_message_passes_in_both_directions(api: Api, alice: Person) -> None:
    kinds = ("photo", "document", "voice", "sticker", "location", "venue", "contact", "dice")
    for made in (photo(), document(), voice(), sticker(), location(), venue(), contact(), dice()):
        await alice.sends(made)
    for number in range(2, 2 + len(kinds)):
        await api("copyMessage", chat_id=alice.id, from_chat_id=alice.id, message_id=number)
    there = await alice.transcript()
    assert tuple(message.kind for message in there[1:9]) == kinds
    assert tuple(message.kind for message in there[9:]) == kinds
    assert all(message.from_bot for message in there[9:])


async def test_uploads_of_every_kind(api: Api, alice: Person) -> None:
    for kind in ("photo", "video", "audio", "voice", "document", "animation", "video_note", "sticker"):
        method = "send" + "".join(part.capitalize() for part in kind.split("_"))
        message = await api.upload(method, {kind: (f"x.{kind}", kind.encode())}, chat_id=alice.id)
        again = message[kind][-1] if kind == "photo" else message[kind]
        repeated = await api(method, chat_id=alice.id, **{kind: again["file_id"]})
        assert kind in repeated
        refused = await api.refused(
            "sendDocument" if kind == "photo" else "sendPhoto",
            chat_id=alice.id,
            document=again["file_id"],
            photo=again["file_id"],
        )
        assert "can't use file of type" in refused.description


async def test_a_file_above_20_megabytes_is_not_handed_out(api: Api, alice: Person, stage: Sandbox) -> None:
    big = {"type": "document", "file_name": "big.zip", "file_size": 20 * 1024 * 1024 + 1}
    said = await stage.control("say", person=alice.id, media=big)
    refused = await api.refused("getFile", file_id=said["document"]["file_id"])
    assert refused.description == "Bad Request: file is too big"


async def test_an_album_arrives_whole_and_copies_whole(api: Api, alice: Person, stage: Sandbox) -> None:
    said = await alice.sends(photo(), photo(), photo(), caption="three")
    assert len({message["media_group_id"] for message in said}) == 1
    desk = await stage.group("Desk", members=[alice])
    numbers = [message.id for message in said]
    await api("copyMessages", chat_id=desk.id, from_chat_id=alice.id, message_ids=[*numbers, 999])
    copied = await desk.transcript()
    assert len({message["media_group_id"] for message in copied}) == 1
    assert copied[0]["media_group_id"] != said[0]["media_group_id"]
    assert [message.text for message in copied] == ["three", "", ""]
    refused = await api.refused(
        "sendMediaGroup",
        chat_id=alice.id,
        media=[
            {"type": "photo", "media": said[0]["photo"][-1]["file_id"]},
            {"type": "photo", "media": "nonsense"},
        ],
    )
    assert refused.code == 400
    assert len(await alice.transcript()) == 1 + 3


async def test_a_forward_says_where_it_comes_from_and_a_copy_does_not(api: Api, alice: Person) -> None:
    said = await alice.says("my words")
    forwarded = await api("forwardMessage", chat_id=alice.id, from_chat_id=alice.id, message_id=said.id)
    assert forwarded["forward_origin"]["sender_user"]["id"] == alice.id
    await api("copyMessage", chat_id=alice.id, from_chat_id=alice.id, message_id=said.id)
    assert "forward_origin" not in (await alice.transcript())[-1].raw


async def test_protected_messages_cannot_be_passed_on(api: Api, alice: Person) -> None:
    number = await sent(api, alice, protect_content=True)
    refused = await api.refused("forwardMessage", chat_id=alice.id, from_chat_id=alice.id, message_id=number)
    assert refused.description == "Bad Request: message has protected content and can't be forwarded"


async def test_media_and_captions_can_be_changed(api: Api, alice: Person) -> None:
    message = await api.upload("sendPhoto", {"photo": ("a.jpg", b"a")}, chat_id=alice.id, caption="old")
    number = message["message_id"]
    edited = await api(
        "editMessageCaption", chat_id=alice.id, message_id=number, caption="*new*", parse_mode="MarkdownV2"
    )
    assert (edited["caption"], edited["caption_entities"][0]["type"]) == ("new", "bold")
    video = await api.upload("sendVideo", {"video": ("a.mp4", b"v")}, chat_id=alice.id)
    media = {"type": "video", "media": video["video"]["file_id"], "caption": "moving"}
    edited = await api("editMessageMedia", chat_id=alice.id, message_id=number, media=media)
    assert "photo" not in edited
    assert edited["caption"] == "moving"


async def test_pinning_is_told_and_undone(api: Api, alice: Person, stage: Sandbox) -> None:
    desk = await stage.group("Desk", members=[alice])
    message = await api("sendMessage", chat_id=desk.id, text="card")
    await api("pinChatMessage", chat_id=desk.id, message_id=message["message_id"])
    assert (await api("getChat", chat_id=desk.id))["pinned_message"]["text"] == "card"
    assert (await api.updates())[-1]["message"]["pinned_message"]["text"] == "card"
    await api("unpinChatMessage", chat_id=desk.id, message_id=message["message_id"])
    assert "pinned_message" not in await api("getChat", chat_id=desk.id)


async def test_people_edit_their_messages_and_delete_them_silently(api: Api, alice: Person, stage: Sandbox) -> None:
    said = await alice.says("befor")
    await alice.edits(said, "before")
    await stage.delete(alice, said)
    updates = await api.updates()
    assert [next(k for k in u if k != "update_id") for u in updates] == ["message", "edited_message"]
    assert updates[1]["edited_message"]["text"] == "before"
    assert all(message.id != said.id for message in await alice.transcript())


@pytest.mark.parametrize("method", ["forwardMessages", "copyMessages"])
async def test_messages_are_passed_on_only_in_their_order(api: Api, alice: Person, method: str) -> None:
    numbers = [(await api("sendMessage", chat_id=alice.id, text=word))["message_id"] for word in ("a", "b")]
    for wrong in (numbers[::-1], numbers[:1] * 2):
        refused = await api.refused(method, chat_id=alice.id, from_chat_id=alice.id, message_ids=wrong)
        assert refused.description == "Bad Request: message identifiers must be in a strictly increasing order"
    assert len(await api(method, chat_id=alice.id, from_chat_id=alice.id, message_ids=numbers)) == 2


@pytest.mark.parametrize("kind", ["inline_keyboard", "keyboard"])
async def test_a_row_keeps_its_first_twelve_buttons_and_nobody_is_told(api: Api, alice: Person, kind: str) -> None:
    data = {"callback_data": "x"} if kind == "inline_keyboard" else {}
    row = [{"text": str(number), **data} for number in range(13)]
    await api("sendMessage", chat_id=alice.id, text="x", reply_markup={kind: [row]})
    assert (await alice.transcript())[-1].labels == [str(number) for number in range(12)]


async def test_somebody_who_is_called_by_their_number_is_shown_whole(stage: Sandbox, api: Api) -> None:
    """The Bot API shows a `text_mention` with the whole user; of a number that is nobody's only the text stays."""
    alice = await stage.person("Alice")
    group = await stage.group("Desk", [alice], [])
    text = f'<a href="tg://user?id={alice.id}">Alice</a> and <a href="tg://user?id=987654321">Nobody</a>'
    message = await api("sendMessage", chat_id=group.id, text=text, parse_mode="HTML")
    (mention,) = message["entities"]
    assert (mention["type"], mention["user"]["first_name"], mention["user"]["is_bot"]) == (
        "text_mention",
        "Alice",
        False,
    )
