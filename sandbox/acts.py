"""Acts that people and bots share and that are told to everybody in the same way."""

from sandbox.model import Chat, Posted
from sandbox.shapes import Json
from sandbox.world import World


def set_reaction(world: World, chat: Chat, posted: Posted, who: int, emoji: list[str]) -> None:
    """Replace somebody's reactions; bots that are administrators hear of a person's if they asked to."""
    reactions = dict(posted.reactions or {})
    old = reactions.pop(who, [])
    if emoji:
        reactions[who] = emoji
    posted.reactions = reactions
    number = posted.message["message_id"]
    world.announce("reaction", chat, posted, message_id=number, person=who, emoji=emoji[0] if emoji else None)
    person = world.people.get(who)
    if person is None or old == emoji:
        return
    update: Json = {
        "chat": chat.brief,
        "message_id": number,
        "user": person.user,
        "date": int(world.clock.now()),
        "old_reaction": [{"type": "emoji", "emoji": sign} for sign in old],
        "new_reaction": [{"type": "emoji", "emoji": sign} for sign in emoji],
    }
    for bot in world.listeners(chat):
        member = chat.member(bot.id)
        if chat.private or (member is not None and member.admin):
            bot.mailbox.put("message_reaction", update, chat.id)


def count_waiting(chat: Chat, invite: Json | None) -> None:
    """A link shows how many wait at the door by it, once there is anybody."""
    if invite is None:
        return
    waiting = sum(1 for other in chat.join_requests.values() if other is invite)
    if waiting:
        invite["pending_join_request_count"] = waiting
    else:
        invite.pop("pending_join_request_count", None)


def remove_messages(world: World, chat: Chat, numbers: list[int]) -> None:
    """Take messages out of a chat for everybody. No bot is ever told."""
    for number in numbers:
        chat.messages.pop(number, None)
    if any(number in chat.pinned for number in numbers):
        chat.pinned = [number for number in chat.pinned if number not in numbers]
    world.feed.add("delete", chat.id, message_ids=numbers, bot=chat.bot)
