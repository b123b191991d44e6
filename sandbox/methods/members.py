"""What an administrator bot does to members, and the ways into a chat."""

from typing import Any

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
from sandbox.model import Chat, Member
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
    names = ("name", "expire_date", "member_limit", "creates_join_request")
    return link(call, chat, primary=False, **{n: call.params[n] for n in names if call.params.get(n)})


@method("revokeChatInviteLink")
def revoke_chat_invite_link(call: Call) -> Json:
    chat = inviting(call)
    for shape in chat.invite_links:
        if shape["invite_link"] == call.params["invite_link"]:
            shape["is_revoked"] = True
            return shape
    raise bad_request("INVITE_HASH_EXPIRED")
