"""The stage around the play: bots, raw updates, misfortune, the clock, the settings, the page's notes."""

import math
from datetime import UTC, datetime

from sandbox.control.base import need, route
from sandbox.refusals import ControlError
from sandbox.shapes import Json
from sandbox.world import World


@route("POST", "bots")
def bots(world: World, wish: Json) -> Json:
    bot = world.add_bot(str(need(wish, "token")), wish.get("username"), wish.get("first_name"))
    if "privacy" in wish:
        bot.privacy = bool(wish["privacy"])
    return bot.user


@route("POST", "updates")
def updates(world: World, wish: Json) -> Json:
    mailbox = world.the_bot(wish.get("bot")).mailbox
    if "text" in wish:
        return {"update_id": mailbox.put_raw(text=str(wish["text"]))}
    if "raw" not in wish:
        raise ControlError("an update comes as raw (JSON) or text")
    return {"update_id": mailbox.put_raw(wish["raw"])}


@route("POST", "faults")
def faults(world: World, wish: Json) -> Json:
    return {"id": world.faults.add(wish)}


@route("DELETE", "faults")
def no_faults(world: World, wish: Json) -> bool:
    world.faults.clear()
    return True


@route("GET", "clock")
def clock(world: World, wish: Json) -> Json:
    return {"now": world.clock.iso(), "speed": world.clock.speed}


@route("POST", "clock")
def set_clock(world: World, wish: Json) -> Json:
    if not any(name in wish for name in ("advance", "to", "speed")):
        raise ControlError("the clock takes advance (seconds), to (a moment) or speed (a factor)")
    if "speed" in wish:
        speed = float(wish["speed"])
        if not (math.isfinite(speed) and speed >= 0):
            raise ControlError("speed is a number from 0 up")
        world.clock.set_speed(speed)
    if "advance" in wish:
        world.clock.advance(float(wish["advance"]))
    if "to" in wish:
        moment = datetime.fromisoformat(str(wish["to"]).replace("Z", "+00:00"))
        world.clock.set_to(moment if moment.tzinfo else moment.replace(tzinfo=UTC))
    shape = clock(world, wish)
    world.feed.add("clock", None, **shape)
    return shape


@route("POST", "settings")
def settings(world: World, wish: Json) -> Json:
    if "flood" in wish:
        world.flood.on = bool(wish["flood"])
        world.flood.clear()
    return {"flood": world.flood.on}


@route("POST", "guide")
def guide(world: World, wish: Json) -> Json:
    world.guide = {
        "notes": wish.get("notes", world.guide["notes"]),
        "clock": wish.get("clock", world.guide["clock"]),
    }
    world.feed.add("guide", None, guide=world.guide)
    return world.guide


@route("POST", "reset")
def reset(world: World, wish: Json) -> bool:
    """Named here so that it is found; the server carries it out, because it replaces this very world."""
    return True
