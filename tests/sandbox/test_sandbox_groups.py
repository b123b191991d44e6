"""Groups: who hears what, who may do what, topics, the move to a supergroup."""

from __future__ import annotations

from typing import Any

import pytest

from sandbox.client import ControlRefused, Group, Person, Sandbox
from tests.sandbox.botapi import Api


@pytest.fixture
async def bob(stage: Sandbox) -> Person:
    return await stage.person("Bob")


async def heard(api: Api) -> list[str]:
    """The texts of the messages that wait for the bot; everything is confirmed."""
    updates = await api.updates()
    if updates:
        await api.updates(offset=updates[-1]["update_id"] + 1)
    return [u["message"]["text"] for u in updates if "text" in u.get("message", {})]


async def test_a_plain_member_hears_only_what_is_meant_for_it(api: Api, stage: Sandbox, alice: Person) -> None:
    desk = await stage.group("Desk", members=[alice], bot="member")
    own = await api("sendMessage", chat_id=desk.id, text="card")
    await alice.says("just talk", chat=desk)
    await alice.says("/claim 12", chat=desk)
    await alice.says("/claim@union_bot 12", chat=desk)
    await alice.says("/claim@other_bot 12", chat=desk)
    await alice.says("an answer", chat=desk, reply_to=own["message_id"])
    await alice.says("hello @union_bot", chat=desk)
    await alice.says("see /claim somewhere", chat=desk)
    assert await heard(api) == [
        "/claim 12",
        "/claim@union_bot 12",
        "an answer",
        "hello @union_bot",
        "see /claim somewhere",
    ]
    await stage.promote(desk, "bot")
    await alice.says("just talk", chat=desk)
    assert await heard(api) == ["just talk"]


async def test_a_bot_without_privacy_hears_everything(api: Api, stage: Sandbox, alice: Person) -> None:
    await stage.bot("123456:ABC-DEF", username="union_bot", privacy=False)
    desk = await stage.group("Desk", members=[alice], bot="member")
    await alice.says("just talk", chat=desk)
    assert await heard(api) == ["just talk"]


async def test_joining_leaving_and_removing_are_told(api: Api, stage: Sandbox, alice: Person, bob: Person) -> None:
    desk = await stage.group("Desk", admins=[alice])
    await bob.joins(desk)
    await bob.leaves(desk)
    await bob.joins(desk)
    await stage.control("leave", chat=desk.id, person=bob.id, by=alice.id)
    there = await desk.transcript()
    assert [next(k for k in ("new_chat_members", "left_chat_member") if k in m.raw) for m in there] == [
        "new_chat_members",
        "left_chat_member",
        "new_chat_members",
        "left_chat_member",
    ]
    assert (await api("getChatMember", chat_id=desk.id, user_id=bob.id))["status"] == "kicked"
    assert there[-1]["from"]["id"] == alice.id
    with pytest.raises(ControlRefused, match="not a member"):
        await bob.says("hello?", chat=desk)


async def test_what_somebody_is_in_a_chat(api: Api, stage: Sandbox, alice: Person, bob: Person) -> None:
    desk = await stage.group("Desk", admins=[alice], supergroup=True)
    assert (await api("getChatMember", chat_id=desk.id, user_id=alice.id))["status"] == "creator"
    assert (await api("getChatMember", chat_id=desk.id, user_id=bob.id))["status"] == "left"
    assert (await api("getChatMember", chat_id=desk.id, user_id=123456))["status"] == "administrator"
    assert (await api.refused("getChatMember", chat_id=desk.id, user_id=99)).description == (
        "Bad Request: PARTICIPANT_ID_INVALID"
    )
    await stage.promote(desk, bob, "restricted", rights={"can_send_messages": False})
    restricted = await api("getChatMember", chat_id=desk.id, user_id=bob.id)
    assert (restricted["status"], restricted["can_send_messages"]) == ("restricted", False)
    with pytest.raises(ControlRefused, match="may not write"):
        await bob.says("x", chat=desk)
    assert await api("getChatMemberCount", chat_id=desk.id) == 3
    admins = await api("getChatAdministrators", chat_id=desk.id)
    assert {admin["user"]["id"] for admin in admins} == {alice.id, 123456}


async def test_a_bot_that_was_removed_is_told_so(api: Api, stage: Sandbox, alice: Person) -> None:
    plain = await stage.group("Plain", admins=[alice])
    big = await stage.group("Big", admins=[alice], supergroup=True)
    for group in (plain, big):
        await stage.promote(group, "bot", "kicked")
    words = {
        plain.id: "Forbidden: bot was kicked from the group chat",
        big.id: "Forbidden: bot was kicked from the supergroup chat",
    }
    for chat, description in words.items():
        refused = await api.refused("sendMessage", chat_id=chat, text="x")
        assert (refused.code, refused.description) == (403, description)
    changes = [u["my_chat_member"] for u in await api.updates() if "my_chat_member" in u]
    assert [c["new_chat_member"]["status"] for c in changes] == [
        "administrator",
        "administrator",
        "kicked",
        "kicked",
    ]
    await stage.promote(big, "bot", "left")
    assert (await api.refused("sendMessage", chat_id=big.id, text="x")).description == (
        "Forbidden: bot is not a member of the supergroup chat"
    )


async def test_a_chat_the_bot_never_saw_is_not_found(api: Api, stage: Sandbox, alice: Person) -> None:
    secret = await stage.group("Secret", admins=[alice], bot=None)
    assert (await api.refused("sendMessage", chat_id=secret.id, text="x")).description == "Bad Request: chat not found"


async def test_leaving_a_chat(api: Api, stage: Sandbox, alice: Person) -> None:
    desk = await stage.group("Desk", admins=[alice])
    await api("leaveChat", chat_id=desk.id)
    assert (await desk.transcript())[-1]["left_chat_member"]["id"] == 123456
    assert (await api.refused("sendMessage", chat_id=desk.id, text="x")).code == 403


async def test_an_anonymous_admin_and_a_channel_are_nobody(
    api: Api, stage: Sandbox, alice: Person, bob: Person
) -> None:
    desk = await stage.group("Desk", admins=[alice], members=[bob], supergroup=True)
    await alice.says("from nobody", chat=desk, anonymous=True)
    await bob.says("from a channel", chat=desk, as_channel={"title": "News"})
    first, second = [u["message"] for u in await api.updates() if "message" in u]
    assert (first["from"]["id"], first["sender_chat"]["id"]) == (1087968824, desk.id)
    assert (second["from"]["id"], second["sender_chat"]["type"]) == (136817688, "channel")
    with pytest.raises(ControlRefused, match="no administrator"):
        await bob.says("x", chat=desk, anonymous=True)


async def test_a_group_becomes_a_supergroup(api: Api, stage: Sandbox, alice: Person) -> None:
    desk = await stage.group("Desk", admins=[alice])
    old_card = await api("sendMessage", chat_id=desk.id, text="card")
    moved = await desk.migrates()
    assert str(moved.id).startswith("-100")
    messages = [u["message"] for u in await api.updates() if "message" in u]
    assert messages[0]["migrate_to_chat_id"] == moved.id
    assert (messages[1]["chat"]["id"], messages[1]["migrate_from_chat_id"]) == (moved.id, desk.id)
    for method, params in (
        ("sendMessage", {"text": "x"}),
        ("editMessageText", {"text": "x", "message_id": old_card["message_id"]}),
    ):
        refused = await api.refused(method, chat_id=desk.id, **params)
        assert refused.description == "Bad Request: group chat was upgraded to a supergroup chat"
        assert refused.parameters == {"migrate_to_chat_id": moved.id}
    await api("sendMessage", chat_id=moved.id, text="here")
    assert (await api("getChatMember", chat_id=moved.id, user_id=alice.id))["status"] == "creator"
    with pytest.raises(ControlRefused, match="upgraded"):
        await alice.says("x", chat=desk)


class TestTopics:
    @pytest.fixture
    async def desk(self, stage: Sandbox, alice: Person, bob: Person) -> Group:
        return await stage.group("Desk", admins=[alice], members=[bob], forum=True)

    async def test_messages_stay_in_their_topic(self, api: Api, desk: Group, bob: Person) -> None:
        thread = (await api("createForumTopic", chat_id=desk.id, name="#12 Water"))["message_thread_id"]
        card = await api("sendMessage", chat_id=desk.id, message_thread_id=thread, text="card")
        assert (card["message_thread_id"], card["is_topic_message"]) == (thread, True)
        await bob.says("on it", chat=desk, reply_to=card["message_id"])
        await bob.says("anyone?", chat=desk, thread=thread)
        await bob.says("general", chat=desk)
        reply, loose, general = [u["message"] for u in await api.updates() if "text" in u.get("message", {})]
        assert (reply["message_thread_id"], reply["reply_to_message"]["text"]) == (thread, "card")
        # The trap: what answers nothing "replies" to the opening of its topic.
        assert loose["reply_to_message"]["forum_topic_created"]["name"] == "#12 Water"
        assert "message_thread_id" not in general

    async def test_a_deleted_topic_swallows_everything(self, api: Api, desk: Group, stage: Sandbox) -> None:
        thread = (await api("createForumTopic", chat_id=desk.id, name="T"))["message_thread_id"]
        card = await api("sendMessage", chat_id=desk.id, message_thread_id=thread, text="card")
        before = len(await api.updates())
        await stage.control("topics/delete", chat=desk.id, thread=thread)
        refused = await api.refused("sendMessage", chat_id=desk.id, message_thread_id=thread, text="x")
        assert refused.description == "Bad Request: message thread not found"
        refused = await api.refused("editMessageText", chat_id=desk.id, message_id=card["message_id"], text="x")
        assert refused.description == "Bad Request: message to edit not found"
        assert len(await api.updates()) == before

    async def test_closing_and_renaming(self, api: Api, desk: Group, bob: Person) -> None:
        thread = (await api("createForumTopic", chat_id=desk.id, name="T"))["message_thread_id"]
        await api("editForumTopic", chat_id=desk.id, message_thread_id=thread, name="T2")
        refused = await api.refused("editForumTopic", chat_id=desk.id, message_thread_id=thread, name="T2")
        assert refused.description == "Bad Request: TOPIC_NOT_MODIFIED"
        await api("closeForumTopic", chat_id=desk.id, message_thread_id=thread)
        with pytest.raises(ControlRefused, match="closed"):
            await bob.says("x", chat=desk, thread=thread)
        await api("sendMessage", chat_id=desk.id, message_thread_id=thread, text="admins may")
        await api("reopenForumTopic", chat_id=desk.id, message_thread_id=thread)
        await bob.says("x", chat=desk, thread=thread)
        kinds = [key for u in await api.updates() for key in u.get("message", {}) if key.startswith("forum_topic")]
        assert kinds == [
            "forum_topic_created",
            "forum_topic_edited",
            "forum_topic_closed",
            "forum_topic_reopened",
        ]

    async def test_topics_need_rights_and_a_forum(self, api: Api, desk: Group, stage: Sandbox, alice: Person) -> None:
        await stage.promote(desk, "bot", rights={"can_manage_topics": False})
        assert (await api.refused("createForumTopic", chat_id=desk.id, name="T")).description == (
            "Bad Request: not enough rights to create a topic"
        )
        thread = await desk.topic("by hand")
        assert (await api.refused("closeForumTopic", chat_id=desk.id, message_thread_id=thread)).description == (
            "Bad Request: not enough rights to close or open the topic"
        )
        plain = await stage.group("Plain", admins=[alice], supergroup=True)
        assert (await api.refused("createForumTopic", chat_id=plain.id, name="T")).description == (
            "Bad Request: the chat is not a forum"
        )

    async def test_the_general_topic_has_no_number_to_send_to(self, api: Api, desk: Group) -> None:
        refused = await api.refused("sendMessage", chat_id=desk.id, message_thread_id=1, text="x")
        assert refused.description == "Bad Request: message thread not found"

    async def test_a_bot_manages_its_own_topics_without_the_right(self, api: Api, desk: Group, stage: Sandbox) -> None:
        own = (await api("createForumTopic", chat_id=desk.id, name="x" * 200))["message_thread_id"]
        assert (await stage.state())["chats"][0]["topics"][0]["name"] == "x" * 128
        await stage.promote(desk, "bot", rights={"can_manage_topics": False, "can_delete_messages": False})
        await api("editForumTopic", chat_id=desk.id, message_thread_id=own, name="T")
        await api("closeForumTopic", chat_id=desk.id, message_thread_id=own)
        await api("deleteForumTopic", chat_id=desk.id, message_thread_id=own)

    async def test_the_general_topic_is_closed_renamed_and_hidden(
        self, api: Api, desk: Group, stage: Sandbox, bob: Person
    ) -> None:
        async def general() -> tuple[str, bool, bool]:
            shape = (await stage.state())["chats"][0]["general"]
            return shape["name"], shape["closed"], shape.get("hidden", False)

        async def unmodified(method: str, **params: str) -> None:
            refused = await api.refused(method, chat_id=desk.id, **params)
            assert refused.description == "Bad Request: TOPIC_NOT_MODIFIED"

        await api("editGeneralForumTopic", chat_id=desk.id, name="Hall")
        await unmodified("editGeneralForumTopic", name="Hall")
        await unmodified("reopenGeneralForumTopic")
        await unmodified("unhideGeneralForumTopic")
        await api("closeGeneralForumTopic", chat_id=desk.id)
        await unmodified("closeGeneralForumTopic")
        await api("reopenGeneralForumTopic", chat_id=desk.id)
        await api("hideGeneralForumTopic", chat_id=desk.id)
        await unmodified("hideGeneralForumTopic")
        assert await general() == ("Hall", True, True)
        await api("unhideGeneralForumTopic", chat_id=desk.id)
        assert await general() == ("Hall", True, False)
        await api("hideGeneralForumTopic", chat_id=desk.id)
        await api("reopenGeneralForumTopic", chat_id=desk.id)
        assert await general() == ("Hall", False, False)
        told = [u["message"] for u in await api.updates() if "message" in u]
        assert not any("message_thread_id" in message for message in told)
        assert [key for message in told for key in message if "forum_topic" in key] == [
            "forum_topic_edited",
            "forum_topic_closed",
            "forum_topic_reopened",
            "general_forum_topic_hidden",
            "general_forum_topic_unhidden",
            "general_forum_topic_hidden",
            "forum_topic_reopened",
        ]

    async def test_a_closed_general_topic_hears_only_those_who_manage_topics(
        self, api: Api, desk: Group, stage: Sandbox, alice: Person, bob: Person
    ) -> None:
        thread = await desk.topic("T")
        inside = await bob.says("in a topic", chat=desk, thread=thread)
        await api("closeGeneralForumTopic", chat_id=desk.id)
        with pytest.raises(ControlRefused, match="General is closed"):
            await bob.says("x", chat=desk)
        await alice.says("an admin may", chat=desk)
        await bob.says("an answer stays in its topic", chat=desk, reply_to=inside)
        await api("sendMessage", chat_id=desk.id, text="so may a bot that manages topics")
        await stage.promote(desk, "bot", rights={"can_manage_topics": False})
        assert (await api.refused("sendMessage", chat_id=desk.id, text="x")).description == "Bad Request: TOPIC_CLOSED"
        await api("sendMessage", chat_id=desk.id, text="x", reply_parameters={"message_id": inside.id})

    async def test_the_general_topic_has_pins_of_its_own(self, api: Api, desk: Group, stage: Sandbox) -> None:
        thread = (await api("createForumTopic", chat_id=desk.id, name="T"))["message_thread_id"]
        for where in ({"message_thread_id": thread}, {}):
            posted = await api("sendMessage", chat_id=desk.id, text="x", **where)
            await api("pinChatMessage", chat_id=desk.id, message_id=posted["message_id"], disable_notification=True)
        await api("unpinAllGeneralForumTopicMessages", chat_id=desk.id)
        (left,) = (await stage.state())["chats"][0]["pinned"]
        assert [message.thread for message in await stage.transcript(desk) if message.id == left] == [thread]
        await api("unpinAllForumTopicMessages", chat_id=desk.id, message_thread_id=thread)
        assert (await stage.state())["chats"][0]["pinned"] == []

    @pytest.mark.parametrize(
        ("method", "right", "words"),
        [
            ("editGeneralForumTopic", "can_manage_topics", "not enough rights to edit the topic"),
            ("closeGeneralForumTopic", "can_manage_topics", "not enough rights to close or open the topic"),
            ("hideGeneralForumTopic", "can_manage_topics", "not enough rights to close or open the topic"),
            (
                "unpinAllGeneralForumTopicMessages",
                "can_pin_messages",
                "not enough rights to manage pinned messages in the chat",
            ),
        ],
    )
    async def test_the_general_topic_needs_rights_and_a_forum(
        self, api: Api, desk: Group, stage: Sandbox, alice: Person, method: str, right: str, words: str
    ) -> None:
        plain = await stage.group("Plain", admins=[alice], supergroup=True)
        refused = await api.refused(method, chat_id=plain.id, name="x")
        assert refused.description == "Bad Request: the chat is not a forum"
        await stage.promote(desk, "bot", rights={right: False})
        assert (await api.refused(method, chat_id=desk.id, name="x")).description == f"Bad Request: {words}"


async def test_banning_and_restricting(api: Api, stage: Sandbox, alice: Person, bob: Person) -> None:
    desk = await stage.group("Desk", admins=[alice], members=[bob], supergroup=True)
    await api("restrictChatMember", chat_id=desk.id, user_id=bob.id, permissions={"can_send_messages": False})
    with pytest.raises(ControlRefused, match="may not write"):
        await bob.says("x", chat=desk)
    await api("banChatMember", chat_id=desk.id, user_id=bob.id)
    assert (await api("getChatMember", chat_id=desk.id, user_id=bob.id))["status"] == "kicked"
    await api("unbanChatMember", chat_id=desk.id, user_id=bob.id)
    assert (await api("getChatMember", chat_id=desk.id, user_id=bob.id))["status"] == "left"
    assert (await api.refused("banChatMember", chat_id=desk.id, user_id=alice.id)).description == (
        "Bad Request: can't remove chat owner"
    )
    await stage.promote(desk, "bot", rights={"can_restrict_members": False})
    assert (await api.refused("banChatMember", chat_id=desk.id, user_id=bob.id)).description == (
        "Bad Request: not enough rights to restrict/unrestrict chat member"
    )


async def test_promoting_and_inviting(api: Api, stage: Sandbox, alice: Person, bob: Person) -> None:
    desk = await stage.group("Desk", admins=[alice], members=[bob], rights={"can_promote_members": True})
    await api("promoteChatMember", chat_id=desk.id, user_id=bob.id, can_pin_messages=True)
    promoted = await api("getChatMember", chat_id=desk.id, user_id=bob.id)
    assert (promoted["status"], promoted["can_pin_messages"], promoted["can_change_info"]) == (
        "administrator",
        True,
        False,
    )
    assert (await api("exportChatInviteLink", chat_id=desk.id)).startswith("https://t.me/+")
    assert (await api("createChatInviteLink", chat_id=desk.id, name="dorm 3"))["name"] == "dorm 3"


async def knocking(api: Api) -> list[dict[str, Any]]:
    return [u["chat_join_request"] for u in await api.updates() if "chat_join_request" in u]


async def test_who_asks_to_join_is_let_in_or_turned_away(api: Api, stage: Sandbox, alice: Person, bob: Person) -> None:
    await api.updates(allowed_updates=["chat_join_request", "chat_member"])
    desk = await stage.group("Desk", admins=[alice], supergroup=True)
    link = await api("createChatInviteLink", chat_id=desk.id, name="dorm 3", creates_join_request=True)
    await bob.asks_to_join(desk, link=link["invite_link"], bio="third floor")
    (request,) = await knocking(api)
    assert (request["from"]["id"], request["user_chat_id"], request["bio"]) == (bob.id, bob.id, "third floor")
    assert request["invite_link"]["pending_join_request_count"] == 1
    await api("declineChatJoinRequest", chat_id=desk.id, user_id=bob.id)
    assert (await api("getChatMember", chat_id=desk.id, user_id=bob.id))["status"] == "left"
    refused = await api.refused("approveChatJoinRequest", chat_id=desk.id, user_id=bob.id)
    assert refused.description == "Bad Request: HIDE_REQUESTER_MISSING"
    await bob.asks_to_join(desk)
    await api("approveChatJoinRequest", chat_id=desk.id, user_id=bob.id)
    assert (await api("getChatMember", chat_id=desk.id, user_id=bob.id))["status"] == "member"
    assert (await desk.transcript())[-1]["new_chat_members"][0]["id"] == bob.id
    assert (await api.updates())[-1]["chat_member"]["via_join_request"] is True
    refused = await api.refused("approveChatJoinRequest", chat_id=desk.id, user_id=bob.id)
    assert refused.description == "Bad Request: USER_ALREADY_PARTICIPANT"
    with pytest.raises(ControlRefused, match="in Desk already"):
        await bob.asks_to_join(desk)


async def test_only_a_bot_that_may_invite_hears_who_asks_to_join(
    api: Api, stage: Sandbox, alice: Person, bob: Person
) -> None:
    desk = await stage.group("Desk", admins=[alice], supergroup=True, rights={"can_invite_users": False})
    await bob.asks_to_join(desk)
    assert await knocking(api) == []
    for method in ("approveChatJoinRequest", "declineChatJoinRequest"):
        refused = await api.refused(method, chat_id=desk.id, user_id=bob.id)
        assert refused.description == "Bad Request: not enough rights to manage chat join requests"


async def test_an_invite_link_is_given_new_terms(api: Api, stage: Sandbox, alice: Person, bob: Person) -> None:
    desk = await stage.group("Desk", admins=[alice])
    link = (await api("createChatInviteLink", chat_id=desk.id, name="dorm 3", member_limit=5))["invite_link"]
    edited = await api("editChatInviteLink", chat_id=desk.id, invite_link=link, creates_join_request=True)
    assert edited["creates_join_request"] is True
    assert not edited.keys() & {"name", "member_limit"}
    refused = await api.refused(
        "editChatInviteLink", chat_id=desk.id, invite_link=link, creates_join_request=True, member_limit=5
    )
    assert refused.description == (
        "Bad Request: member limit can't be specified for links requiring administrator approval"
    )
    assert (await api("revokeChatInviteLink", chat_id=desk.id, invite_link=link))["is_revoked"] is True
    for gone in (link, "https://t.me/+unknown"):
        refused = await api.refused("editChatInviteLink", chat_id=desk.id, invite_link=gone)
        assert refused.description == "Bad Request: INVITE_HASH_EXPIRED"
    with pytest.raises(ControlRefused, match="no link one asks to join"):
        await bob.asks_to_join(desk, link=link)


async def test_a_banned_channel_speaks_no_more(api: Api, stage: Sandbox, alice: Person, bob: Person) -> None:
    desk = await stage.group("Desk", admins=[alice], members=[bob], supergroup=True)
    news = {"id": -1001234567890, "title": "News"}
    await bob.says("x", chat=desk, as_channel=news)
    await api("banChatSenderChat", chat_id=desk.id, sender_chat_id=news["id"])
    with pytest.raises(ControlRefused, match="News is banned"):
        await bob.says("x", chat=desk, as_channel=news)
    await bob.says("in their own name", chat=desk)
    await api("unbanChatSenderChat", chat_id=desk.id, sender_chat_id=news["id"])
    await bob.says("x", chat=desk, as_channel=news)
    plain = await stage.group("Plain", admins=[alice])
    words = {
        (plain.id, news["id"]): "can't ban chats in basic groups",
        (alice.id, news["id"]): "can't ban members in private chats",
        (desk.id, bob.id): "can't restrict the chat",
    }
    for (chat, channel), said in words.items():
        refused = await api.refused("banChatSenderChat", chat_id=chat, sender_chat_id=channel)
        assert refused.description == f"Bad Request: {said}"
    await stage.promote(desk, "bot", rights={"can_restrict_members": False})
    refused = await api.refused("banChatSenderChat", chat_id=desk.id, sender_chat_id=news["id"])
    assert refused.description == "Bad Request: not enough rights to restrict/unrestrict chat member"


async def test_a_groups_picture_is_set_and_taken_down(api: Api, stage: Sandbox, alice: Person) -> None:
    desk = await stage.group("Desk", admins=[alice])
    assert (await api.refused("deleteChatPhoto", chat_id=desk.id)).description == "Bad Request: CHAT_NOT_MODIFIED"
    await api.upload("setChatPhoto", {"photo": ("desk.png", b"pixels")}, chat_id=desk.id)
    photo = (await api("getChat", chat_id=desk.id))["photo"]
    assert (await api("getFile", file_id=photo["big_file_id"]))["file_size"] == 6
    await api("deleteChatPhoto", chat_id=desk.id)
    assert "photo" not in await api("getChat", chat_id=desk.id)
    told = [key for u in await api.updates() for key in u.get("message", {}) if "photo" in key]
    assert told == ["new_chat_photo", "delete_chat_photo"]
    for params, words in (
        ({"chat_id": desk.id}, "there is no photo in the request"),
        ({"chat_id": desk.id, "photo": photo["big_file_id"]}, "photo must be uploaded as an InputFile"),
    ):
        assert (await api.refused("setChatPhoto", **params)).description == f"Bad Request: {words}"
    refused = await api.refused("deleteChatPhoto", chat_id=alice.id)
    assert refused.description == "Bad Request: can't change private chat photo"
    await stage.promote(desk, "bot", rights={"can_change_info": False})
    refused = await api.refused("deleteChatPhoto", chat_id=desk.id)
    assert refused.description == "Bad Request: not enough rights to change chat photo"


async def test_commands_are_seen_by_scope_and_language(api: Api, stage: Sandbox, alice: Person) -> None:
    chen = await stage.person("Chen", language="zh-hans")
    desk = await stage.group("Desk", admins=[alice], members=[chen])

    async def menu(person: Person, chat: Group | None = None) -> list[str]:
        found = await stage.look("commands", person=person.id, chat=chat.id if chat else None)
        return [command["description"] for command in found]

    def command(description: str) -> list[dict[str, str]]:
        return [{"command": "new", "description": description}]

    await api("setMyCommands", commands=command("default"))
    await api("setMyCommands", commands=command("新建"), language_code="zh")
    await api("setMyCommands", commands=command("group"), scope={"type": "all_group_chats"})
    await api("setMyCommands", commands=command("admins"), scope={"type": "chat_administrators", "chat_id": desk.id})
    assert await menu(alice) == ["default"]
    assert await menu(chen) == ["新建"]
    assert await menu(chen, desk) == ["group"]
    assert await menu(alice, desk) == ["admins"]
    await api("deleteMyCommands", scope={"type": "all_group_chats"})
    assert await menu(chen, desk) == ["新建"]
    assert await api("getMyCommands", language_code="zh") == command("新建")
    assert (await api.refused("setMyCommands", commands=[{"command": "No", "description": "x"}])).description == (
        "Bad Request: BOT_COMMAND_INVALID"
    )
    assert (await api.refused("setMyCommands", commands=[], language_code="zh-hans")).code == 400


async def test_the_bot_describes_itself(api: Api, stage: Sandbox, alice: Person) -> None:
    await api("setMyDescription", description="Tell us", language_code="")
    await api("setMyDescription", description="告诉我们", language_code="zh")
    assert await api("getMyDescription", language_code="zh") == {"description": "告诉我们"}
    assert await api("getMyDescription", language_code="de") == {"description": "Tell us"}
    assert await api("getMyName") == {"name": "Union"}
    await api("setMyShortDescription", short_description="short")
    assert await api("getMyShortDescription") == {"short_description": "short"}
    await api("setChatMenuButton", menu_button={"type": "commands"})
    assert await api("getChatMenuButton", chat_id=alice.id) == {"type": "commands"}
    await api("setMyDefaultAdministratorRights", rights=None)
    await api("getMyDefaultAdministratorRights")
