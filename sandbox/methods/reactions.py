"""Reactions under messages."""

from sandbox.acts import set_reaction
from sandbox.methods.base import Call, find_message, method, reach_chat
from sandbox.refusals import bad_request

# What an ordinary account may react with; Telegram refuses every other emoji.
# fmt: off
EMOJI = frozenset({
    "👍", "👎", "❤", "🔥", "🥰", "👏", "😁", "🤔", "🤯", "😱", "🤬", "😢",
    "🎉", "🤩", "🤮", "💩", "🙏", "👌", "🕊", "🤡", "🥱", "🥴", "😍", "🐳",
    "❤‍🔥", "🌚", "🌭", "💯", "🤣", "⚡", "🍌", "🏆", "💔", "🤨", "😐", "🍓",
    "🍾", "💋", "🖕", "😈", "😴", "😭", "🤓", "👻", "👨‍💻", "👀", "🎃", "🙈",
    "😇", "😨", "🤝", "✍", "🤗", "🫡", "🎅", "🎄", "☃", "💅", "🤪", "🗿",
    "🆒", "💘", "🙉", "🦄", "😘", "💊", "🙊", "😎", "👾", "🤷‍♂", "🤷", "🤷‍♀",
    "😡",
})
# fmt: on


@method("setMessageReaction")
def set_message_reaction(call: Call) -> bool:
    chat = reach_chat(call, call.params["chat_id"])
    posted = find_message(chat, call.params["message_id"], "react")
    given = call.params.get("reaction") or []
    if len(given) > 1:
        raise bad_request("REACTIONS_TOO_MANY")
    emoji = []
    for reaction in given:
        if reaction.get("type") != "emoji":
            raise bad_request("REACTION_INVALID")
        sign = reaction["emoji"].replace("\ufe0f", "")
        if sign not in EMOJI:
            raise bad_request("REACTION_INVALID")
        emoji.append(sign)
    if any(name in posted.message for name in ("new_chat_members", "left_chat_member", "forum_topic_created")):
        raise bad_request("message can't be reacted")
    set_reaction(call.world, chat, posted, call.bot.id, emoji)
    return True
