"""Questions about chats and those in them."""

from sandbox.members import described
from sandbox.methods.base import Call, find_chat, method, reach_chat, require_presence
from sandbox.model import Chat
from sandbox.refusals import bad_request
from sandbox.shapes import Json


def known_chat(call: Call) -> Chat:
    chat = find_chat(call, call.params["chat_id"])
    require_presence(call, chat)
    return chat


@method("getChat")
def get_chat(call: Call) -> Json:
    chat = known_chat(call)
    shape: Json = {
        **chat.brief,
        "accent_color_id": abs(chat.id) % 7,
        "max_reaction_count": 11,
        "accepted_gift_types": {
            "unlimited_gifts": False,
            "limited_gifts": False,
            "unique_gifts": False,
            "premium_subscription": False,
            "gifts_from_channels": False,
        },
    }
    if chat.photo:
        # The small and the big one are the same file here.
        names = (("file_id", chat.photo.file_id), ("file_unique_id", chat.photo.unique_id))
        shape["photo"] = {f"{size}_{name}": value for size in ("small", "big") for name, value in names}
    if chat.description:
        shape["description"] = chat.description
    if chat.pinned and (pinned := chat.messages.get(chat.pinned[0])):
        shape["pinned_message"] = pinned.message
    if chat.private:
        if chat.brief.get("username"):
            shape["active_usernames"] = [chat.brief["username"]]
    else:
        shape["permissions"] = dict(chat.permissions)
        if chat.type == "supergroup":
            shape["join_to_send_messages"] = True
    return shape


@method("getChatMember")
def get_chat_member(call: Call) -> Json:
    chat = known_chat(call)
    user_id = call.params["user_id"]
    world = call.world
    member = chat.member(user_id)
    if member is not None:
        return described(member, chat, member.user)
    user = world.people.get(user_id) or world.bots.get(user_id)
    if chat.private:
        if user_id in (chat.id, call.bot.id) and user is not None:
            return {"user": user.user, "status": "member"}
        raise bad_request("member not found")
    if user is None:
        raise bad_request("invalid user_id specified" if user_id <= 0 else "PARTICIPANT_ID_INVALID")
    return described(None, chat, user.user)


@method("getChatMemberCount", "getChatMembersCount")
def get_chat_member_count(call: Call) -> int:
    chat = known_chat(call)
    return 2 if chat.private else sum(1 for member in chat.members.values() if member.present)


@method("getChatAdministrators")
def get_chat_administrators(call: Call) -> list[Json]:
    chat = known_chat(call)
    if chat.private:
        raise bad_request("there are no administrators in the private chat")
    return [
        described(member, chat, member.user)
        for member in chat.members.values()
        if member.admin and (not member.user["is_bot"] or member.user["id"] == call.bot.id)
    ]


@method("leaveChat")
def leave_chat(call: Call) -> bool:
    chat = reach_chat(call, call.params["chat_id"])
    if chat.private:
        raise bad_request("chat member status can't be changed in private chats")
    world = call.world
    world.set_member(chat, call.bot.user, "left")
    world.service(chat, call.bot.user, {"left_chat_member": call.bot.user, "left_chat_participant": call.bot.user})
    return True
