"""Who somebody is in a chat, as Telegram describes it in getChatMember and in membership updates."""

from typing import Any

from sandbox.model import FORUM_ADMIN_RIGHTS, GROUP_ADMIN_RIGHTS, PERMISSIONS, Chat, Member
from sandbox.shapes import Json

STATUSES = ("creator", "administrator", "member", "restricted", "left", "kicked")
# What an administrator gets when nobody says otherwise: everything but making other administrators.
ORDINARY = frozenset(FORUM_ADMIN_RIGHTS) - {"can_promote_members"}


def rights_of(status: str, chat: Chat, given: Json | None) -> dict[str, bool]:
    """The full set of rights for a status; rights that `given` names win, unnamed ones are the ordinary
    ones.
    """
    given = {name: bool(value) for name, value in (given or {}).items()}
    if status == "administrator":
        names = FORUM_ADMIN_RIGHTS if chat.type == "supergroup" else GROUP_ADMIN_RIGHTS
        rights = {name: given.get(name, name in ORDINARY) for name in names}
        rights["can_manage_chat"] = True
        return rights
    if status == "restricted":
        rights = {name: given.get(name, False) for name in PERMISSIONS}
        rights["is_member"] = given.get("is_member", True)
        return rights
    return {}


def described(member: Member | None, chat: Chat, user: Json) -> Json:
    """The ChatMember object; somebody never seen in the chat is described as having left it."""
    if member is None:
        return {"user": user, "status": "left"}
    shape: Json = {"user": member.user, "status": member.status}
    match member.status:
        case "creator":
            shape["is_anonymous"] = member.anonymous
            _title(shape, member)
        case "administrator":
            shape["can_be_edited"] = False
            shape["is_anonymous"] = member.anonymous
            shape.update(member.rights)
            _title(shape, member)
        case "restricted":
            shape.update(member.rights)
            shape["until_date"] = member.until
        case "kicked":
            shape["until_date"] = member.until
    return shape


def _title(shape: Json, member: Member) -> None:
    if member.custom_title:
        shape["custom_title"] = member.custom_title


def permitted(chat: Chat, member: Member | None, permission: str) -> bool:
    """Whether somebody may do in the chat what `permission` names."""
    if chat.private:
        return True
    if member is None or not member.present:
        return False
    if member.admin:
        return True
    if member.status == "restricted" and not member.rights.get(permission, False):
        return False
    return chat.permissions.get(permission, True)


def permissions_from(given: dict[str, Any], independent: bool) -> dict[str, bool]:
    """ChatPermissions with Telegram's older rule: leave to send media, polls or stickers implies leave to
    write.
    """
    chosen = {name: bool(given.get(name, False)) for name in PERMISSIONS}
    if not independent:
        media = (
            "can_send_audios",
            "can_send_documents",
            "can_send_photos",
            "can_send_videos",
            "can_send_video_notes",
            "can_send_voice_notes",
        )
        if chosen["can_send_other_messages"] or chosen["can_add_web_page_previews"]:
            for name in media:
                chosen[name] = True
        if any(chosen[name] for name in media) or chosen["can_send_polls"]:
            chosen["can_send_messages"] = True
    return chosen
