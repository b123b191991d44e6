"""What an administrator bot does to members and to the chat itself, and the ways in."""

from typing import Any

from sandbox.acts import count_waiting
from sandbox.members import permissions_from
from sandbox.methods.base import (
    Call,
    find_user,
    method,
    own_member,
    reach_chat,
    require_group,
    require_right,
    require_supergroup,
)
from sandbox.methods.media import added, described
from sandbox.model import Chat, Member
from sandbox.params import Upload
from sandbox.refusals import bad_request
from sandbox.shapes import Json

RESTRICT = "not enough rights to restrict/unrestrict chat member"


def managed(call: Call, right: str, words: str) -> tuple[Chat, Json, Member | None]:
    """The chat, the user in question and what they are there; the bot must have the right."""
    chat = reach_chat(call, call.params["chat_id"])
    require_group(chat)
    user = find_user(call, call.params["user_id"])
    require_right(call, chat, right, words)
    member = chat.member(user.id)
    if member is not None and member.status == "creator":
        raise bad_request("can't remove chat owner")
    if member is not None and member.status == "administrator" and right == "can_restrict_members":
        raise bad_request("user is an administrator of the chat")
    if user.id == call.bot.id:
        raise bad_request("can't restrict self")
    return chat, user.user, member


@method("banChatMember", "kickChatMember")
def ban_chat_member(call: Call) -> bool:
    chat, user, member = managed(call, "can_restrict_members", RESTRICT)
    there = member is not None and member.present
    world = call.world
    world.set_member(chat, user, "kicked", by=call.bot.user, until=call.params.get("until_date", 0))
    if there:
        world.service(chat, call.bot.user, {"left_chat_member": user, "left_chat_participant": user})
    return True


@method("unbanChatMember")
def unban_chat_member(call: Call) -> bool:
    """Also removes a member who is there, unless told to act only on the banned."""
    chat, user, member = managed(call, "can_restrict_members", RESTRICT)
    require_supergroup(chat)
    if member is None or (call.params.get("only_if_banned") and member.status != "kicked"):
        return True
    call.world.set_member(chat, user, "left", by=call.bot.user)
    return True


@method("restrictChatMember")
def restrict_chat_member(call: Call) -> bool:
    chat, user, _ = managed(call, "can_restrict_members", RESTRICT)
    require_supergroup(chat)
    independent = call.params.get("use_independent_chat_permissions", False)
    rights = permissions_from(call.params["permissions"], independent)
    present = chat.has(user["id"])
    if all(rights.get(name, False) or not chat.permissions[name] for name in chat.permissions):
        call.world.set_member(chat, user, "member" if present else "left", by=call.bot.user)
        return True
    until = call.params.get("until_date", 0)
    call.world.set_member(chat, user, "restricted", {**rights, "is_member": present}, by=call.bot.user, until=until)
    return True


@method("banChatSenderChat")
def ban_chat_sender_chat(call: Call) -> bool:
    chat, channel = speaking_channel(call)
    chat.banned_channels.add(channel)
    return True


@method("unbanChatSenderChat")
def unban_chat_sender_chat(call: Call) -> bool:
    chat, channel = speaking_channel(call)
    chat.banned_channels.discard(channel)
    return True


def speaking_channel(call: Call) -> tuple[Chat, int]:
    """A channel in whose name somebody writes in a supergroup. The sandbox knows no channels, so any number that
    could be one's will do.
    """
    chat = reach_chat(call, call.params["chat_id"])
    channel: int = call.params["sender_chat_id"]
    if chat.private:
        raise bad_request("can't ban members in private chats")
    if chat.type != "supergroup":
        raise bad_request("can't ban chats in basic groups")
    if channel > -1_000_000_000_000:
        raise bad_request("can't restrict the chat")
    require_right(call, chat, "can_restrict_members", RESTRICT)
    return chat, channel


@method("promoteChatMember")
def promote_chat_member(call: Call) -> bool:
    chat, user, member = managed(call, "can_promote_members", "not enough rights")
    if member is None or not member.present:
        raise bad_request("USER_NOT_PARTICIPANT")
    rights: dict[str, Any] = {k: bool(v) for k, v in call.params.items() if k.startswith("can_")}
    own = own_member(call, chat)
    if any(value and not own.may(name) for name, value in rights.items()):
        raise bad_request("RIGHT_FORBIDDEN")
    if not any(rights.values()) and not call.params.get("is_anonymous"):
        call.world.set_member(chat, user, "member", by=call.bot.user)
        return True
    full = {name: rights.get(name, False) for name in own.rights} if own.rights else rights
    anonymous = call.params.get("is_anonymous", False)
    call.world.set_member(chat, user, "administrator", full, by=call.bot.user, anonymous=anonymous)
    return True


@method("setChatAdministratorCustomTitle")
def set_chat_administrator_custom_title(call: Call) -> bool:
    chat = reach_chat(call, call.params["chat_id"])
    require_supergroup(chat)
    member = chat.member(call.params["user_id"])
    if member is None or not member.admin:
        raise bad_request("user is not an administrator")
    title = call.params["custom_title"]
    if len(title) > 16:
        raise bad_request("CUSTOM_TITLE_INVALID")
    member.custom_title = title or None
    return True


@method("setChatPermissions")
def set_chat_permissions(call: Call) -> bool:
    chat = reach_chat(call, call.params["chat_id"])
    require_group(chat)
    require_right(call, chat, "can_restrict_members", "not enough rights to change chat permissions")
    independent = call.params.get("use_independent_chat_permissions", False)
    chat.permissions = permissions_from(call.params["permissions"], independent)
    call.world.feed.add("chat", chat.id, info=chat.info())
    return True


@method("setChatTitle")
def set_chat_title(call: Call) -> bool:
    chat = reach_chat(call, call.params["chat_id"])
    require_group(chat)
    require_right(call, chat, "can_change_info", "not enough rights to change chat title")
    title = call.params["title"].strip()
    if not 1 <= len(title) <= 128:
        raise bad_request("title must be non-empty")
    if title == chat.brief["title"]:
        raise bad_request("CHAT_NOT_MODIFIED")
    chat.rename(title=title)
    call.world.feed.add("chat", chat.id, info=chat.info())
    call.world.service(chat, call.bot.user, {"new_chat_title": title})
    return True


@method("setChatDescription")
def set_chat_description(call: Call) -> bool:
    chat = reach_chat(call, call.params["chat_id"])
    require_group(chat)
    require_right(call, chat, "can_change_info", "not enough rights to set chat description")
    description = call.params.get("description") or None
    if description == chat.description:
        raise bad_request("chat description is not modified")
    chat.description = description
    return True


@method("setChatPhoto")
def set_chat_photo(call: Call) -> bool:
    upload = call.params.get("photo")
    if not upload:
        raise bad_request("there is no photo in the request")
    if not isinstance(upload, Upload):
        raise bad_request("photo must be uploaded as an InputFile")
    chat = repainted(call)
    chat.photo = added(call, "photo", upload)
    call.world.service(chat, call.bot.user, {"new_chat_photo": described(chat.photo, "photo", {})})
    return True


@method("deleteChatPhoto")
def delete_chat_photo(call: Call) -> bool:
    chat = repainted(call)
    if chat.photo is None:
        raise bad_request("CHAT_NOT_MODIFIED")
    chat.photo = None
    call.world.service(chat, call.bot.user, {"delete_chat_photo": True})
    return True


def repainted(call: Call) -> Chat:
    chat = reach_chat(call, call.params["chat_id"])
    if chat.private:
        raise bad_request("can't change private chat photo")
    require_right(call, chat, "can_change_info", "not enough rights to change chat photo")
    return chat


def link(call: Call, chat: Chat, primary: bool, **more: Any) -> Json:
    shape = {
        "invite_link": f"https://t.me/+{call.world.unique()}",
        "creator": call.bot.user,
        "creates_join_request": False,
        "is_primary": primary,
        "is_revoked": False,
        **more,
    }
    chat.invite_links.append(shape)
    return shape


def inviting(call: Call) -> Chat:
    chat = reach_chat(call, call.params["chat_id"])
    require_group(chat)
    require_right(call, chat, "can_invite_users", "not enough rights to manage chat invite link")
    return chat


@method("exportChatInviteLink")
def export_chat_invite_link(call: Call) -> str:
    chat = inviting(call)
    for old in chat.invite_links:
        if old["is_primary"]:
            old["is_revoked"] = True
    return str(link(call, chat, primary=True)["invite_link"])


@method("createChatInviteLink")
def create_chat_invite_link(call: Call) -> Json:
    chat = inviting(call)
    return link(call, chat, primary=False, **link_terms(call))


@method("editChatInviteLink")
def edit_chat_invite_link(call: Call) -> Json:
    """What is not said again is gone: Telegram reads the call as the link's new terms."""
    chat = inviting(call)
    shape = given_link(call, chat)
    if shape["is_primary"] or shape["is_revoked"]:
        raise bad_request("INVITE_HASH_EXPIRED")
    terms = link_terms(call)
    for name in LINK_TERMS:
        shape.pop(name, None)
    shape.update({"creates_join_request": False, **terms})
    return shape


@method("revokeChatInviteLink")
def revoke_chat_invite_link(call: Call) -> Json:
    shape = given_link(call, inviting(call))
    shape["is_revoked"] = True
    return shape


LINK_TERMS = ("name", "expire_date", "member_limit", "creates_join_request")


def link_terms(call: Call) -> Json:
    terms = {name: call.params[name] for name in LINK_TERMS if call.params.get(name)}
    if "member_limit" in terms and "creates_join_request" in terms:
        raise bad_request("member limit can't be specified for links requiring administrator approval")
    return terms


def given_link(call: Call, chat: Chat) -> Json:
    if not call.params["invite_link"]:
        raise bad_request("invite link must be non-empty")
    for shape in chat.invite_links:
        if shape["invite_link"] == call.params["invite_link"]:
            return shape
    raise bad_request("INVITE_HASH_EXPIRED")


@method("approveChatJoinRequest")
def approve_chat_join_request(call: Call) -> bool:
    chat, user, invite = asked(call)
    how: Json = {"via_join_request": True, **({"invite_link": invite} if invite else {})}
    call.world.set_member(chat, user, "member", by=call.bot.user, how=how)
    call.world.service(chat, user, {"new_chat_members": [user], "new_chat_member": user, "new_chat_participant": user})
    return True


@method("declineChatJoinRequest")
def decline_chat_join_request(call: Call) -> bool:
    """The person is not told, and may ask again."""
    asked(call)
    return True


def asked(call: Call) -> tuple[Chat, Json, Json | None]:
    """Take a request to join off the list: the chat, who asked, and the link they came by."""
    chat = reach_chat(call, call.params["chat_id"])
    if chat.private:
        raise bad_request("the chat can't have join requests")
    require_right(call, chat, "can_invite_users", "not enough rights to manage chat join requests")
    user = find_user(call, call.params["user_id"]).user
    if chat.has(user["id"]):
        raise bad_request("USER_ALREADY_PARTICIPANT")
    if user["id"] not in chat.join_requests:
        raise bad_request("HIDE_REQUESTER_MISSING")
    invite = chat.join_requests.pop(user["id"])
    count_waiting(chat, invite)
    return chat, user, invite
