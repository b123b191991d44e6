"""Looking: what stands in a chat, what was called, what there is, what is happening."""

from aiohttp import web

from sandbox.control.base import Stream, any_chat, need, route
from sandbox.model import Bot
from sandbox.refusals import ControlError
from sandbox.shapes import Json
from sandbox.world import World


@route("GET", "transcript")
def transcript(world: World, wish: Json) -> list[Json]:
    if "chat" not in wish and "person" in wish:
        wish["chat"] = wish["person"]
    return [posted.shown() for posted in any_chat(world, wish).messages.values()]


@route("GET", "calls")
def calls(world: World, wish: Json) -> list[Json]:
    return world.calls.since(int(wish.get("after", 0)), wish.get("method"))


@route("GET", "state")
def state(world: World, wish: Json) -> Json:
    return {
        "bots": [_bot(bot) for bot in world.bots.values()],
        "people": [
            {
                "id": person.id,
                "first_name": person.first_name,
                "last_name": person.last_name,
                "username": person.username,
                "language_code": person.language_code,
                "is_bot": False,
                "blocked": bool(person.blocked),
                "started": any((bot, person.id) in world.privates for bot in world.bots),
            }
            for person in world.people.values()
        ],
        "chats": [chat.info() for chat in [*world.groups.values(), *world.privates.values()]],
        "clock": {"now": world.clock.iso(), "speed": world.clock.speed},
        "settings": {"flood": world.flood.on},
        "guide": world.guide,
        "event": world.feed.newest,
    }


def _bot(bot: Bot) -> Json:
    return {
        "id": bot.id,
        "username": bot.username,
        "first_name": bot.first_name,
        "commands": {f"{scope}|{language}": given for (scope, language), given in bot.commands.items()},
        "menu_button": bot.menu_buttons.get(None),
        "pending_updates": len(bot.mailbox),
        "polled": bot.mailbox.polled,
    }


@route("GET", "events")
def events(world: World, wish: Json) -> Stream:
    return Stream(world.feed.follow(int(wish.get("after", 0)), calls=wish.get("calls") in ("1", "true")))


@route("GET", "file/*")
def file(world: World, wish: Json) -> web.Response:
    found = world.files.get(str(need(wish, "name")))
    if found is None:
        raise ControlError("no such file")
    return web.Response(body=found.data, headers={"Content-Type": found.mime_type, "Cache-Control": "max-age=3600"})


@route("GET", "commands")
def commands(world: World, wish: Json) -> list[Json]:
    """The command menu that a person sees in a chat: the narrowest scope that has one, in their language
    or none.
    """
    person = world.person(need(wish, "person"))
    bot = world.the_bot(wish.get("bot"))
    number = int(wish.get("chat") or person.id)
    if number > 0:
        scopes = [f"chat:{person.id}", "all_private_chats", "default"]
    else:
        chat = world.group(number)
        member = chat.member(person.id)
        admin = member is not None and member.admin
        scopes = [f"chat_member:{number}:{person.id}"]
        scopes += [f"chat_administrators:{number}"] if admin else []
        scopes += [f"chat:{number}"]
        scopes += ["all_chat_administrators"] if admin else []
        scopes += ["all_group_chats", "default"]
    language = (person.language_code or "").partition("-")[0]
    for scope in scopes:
        for tongue in (language, ""):
            if found := bot.commands.get((scope, tongue)):
                return found
    return []
