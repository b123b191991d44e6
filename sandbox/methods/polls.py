"""Polls: made, voted in, closed by hand or by the clock."""

from typing import Any

from sandbox.methods.base import Call, markup_of, method, reach_chat
from sandbox.methods.messages import destination, reply_of, send
from sandbox.model import Chat, Person, Poll, Posted
from sandbox.refusals import ControlError, bad_request
from sandbox.shapes import Json
from sandbox.text import formatted, utf16
from sandbox.world import World

QUESTION_LIMIT = 300
OPTION_LIMIT = 100
MAX_OPTIONS = 12
EXPLANATION_LIMIT = 200
SHORTEST, LONGEST = 5, 2_628_000


def _words(params: Json, name: str, limit: int, too_long: str) -> Json:
    """A text of the poll with its entities, which carry the text's name."""
    raw = params.get(name)
    if not raw:
        return {}
    text, entities = formatted(raw, params.get(f"{name}_parse_mode"), params.get(f"{name}_entities"))
    if utf16(text) > limit:
        raise bad_request(too_long)
    shape: Json = {name: text}
    if entities:
        shape[f"{name}_entities"] = entities
    return shape


def options_of(given: list[Any]) -> list[Json]:
    if not given:
        raise bad_request("poll must have at least one answer option")
    if len(given) > MAX_OPTIONS:
        raise bad_request(f"poll can't have more than {MAX_OPTIONS} options")
    options = []
    for index, option in enumerate(given):
        words = _words(option, "text", OPTION_LIMIT, f"poll options length must not exceed {OPTION_LIMIT}")
        if not words.get("text"):
            raise bad_request("poll option must be non-empty")
        options.append({"persistent_id": str(index), **words, "voter_count": 0})
    return options


def closing(world: World, params: Json) -> tuple[Json, float | None]:
    """When the poll closes by itself, as Telegram shows it and as a moment of the clock."""
    now = world.clock.now()
    period, date = params.get("open_period"), params.get("close_date")
    if period:
        if not SHORTEST <= period <= LONGEST:
            raise bad_request("POLL_CLOSE_PERIOD_INVALID")
        return {"open_period": period, "close_date": int(now) + period}, now + period
    if date:
        if not SHORTEST <= date - now <= LONGEST:
            raise bad_request("POLL_CLOSE_DATE_INVALID")
        return {"close_date": date}, float(date)
    return {}, None


@method("sendPoll")
def send_poll(call: Call) -> Json:
    params, world = call.params, call.world
    chat, thread = destination(call, "can_send_polls")
    question = _words(params, "question", QUESTION_LIMIT, f"poll question length must not exceed {QUESTION_LIMIT}")
    if not question.get("question"):
        raise bad_request("poll question must be non-empty")
    options = options_of(params["options"])
    kind = params.get("type") or "regular"
    if kind not in ("regular", "quiz"):
        raise bad_request("unsupported poll type specified")
    several = params.get("allows_multiple_answers", False)
    base: Json = {
        "id": world.unique(),
        **question,
        "options": options,
        "total_voter_count": 0,
        "is_closed": params.get("is_closed", False),
        "is_anonymous": params.get("is_anonymous", True),
        "type": kind,
        "allows_multiple_answers": several,
        "allows_revoting": params.get("allows_revoting", kind != "quiz"),
        "members_only": params.get("members_only", False),
    }
    if kind == "quiz":
        correct = params.get("correct_option_ids")
        if correct is None and "correct_option_id" in params:
            correct = [params["correct_option_id"]]
        if not correct:
            raise bad_request("correct quiz option list must be non-empty")
        if any(not 0 <= int(index) < len(options) for index in correct):
            raise bad_request("wrong correct option ID specified")
        base["correct_option_ids"] = [int(index) for index in correct]
        base["correct_option_id"] = base["correct_option_ids"][0]
        base |= _words(params, "explanation", EXPLANATION_LIMIT, "MESSAGE_TOO_LONG")
    for name in ("shuffle_options", "hide_results_until_closes", "allow_adding_options"):
        if params.get(name):
            base[name] = True
    base |= _words(params, "description", 1024, "MESSAGE_TOO_LONG")
    shown, closes_at = closing(world, params)
    base |= shown
    reply = reply_of(call, chat)
    poll = Poll(base, closes_at)
    posted = send(call, chat, thread, {"poll": poll.as_json()}, reply=reply, markup=markup_of(params, chat), poll=poll)
    if closes_at is not None and not poll.closed:
        world.clock.call_at(closes_at, lambda: close(world, chat, posted))
    return posted.message


def redraw(world: World, chat: Chat, posted: Posted, markup: Json | None = None) -> None:
    """Put the poll as it stands now into its message, and tell whoever listens, the bot that sent it
    included.
    """
    assert posted.poll is not None
    shape = posted.poll.as_json()
    posted.message = {**posted.message, "poll": shape}
    if markup is not None:
        posted.markup = markup
        posted.message["reply_markup"] = markup
    world.announce("poll", chat, posted, message_id=posted.message["message_id"], poll=shape)
    if posted.author in world.bots:
        world.bots[posted.author].mailbox.put("poll", _told(shape), chat.id)


def _told(shape: Json) -> Json:
    """What the bot is told of a poll. Whether it sees counts that are hidden until the poll closes, Telegram's
    documentation does not say: here it does not, and what works here works either way.
    """
    if shape["is_closed"] or not shape.get("hide_results_until_closes"):
        return shape
    options = [{**option, "voter_count": 0} for option in shape["options"]]
    return {**shape, "options": options, "total_voter_count": 0}


def close(world: World, chat: Chat, posted: Posted, markup: Json | None = None) -> None:
    if posted.poll is not None and not posted.poll.closed:
        posted.poll.closed = True
        redraw(world, chat, posted, markup)


def vote(world: World, chat: Chat, posted: Posted, person: Person, chosen: list[int]) -> Json:
    """A person's vote; an empty list takes it back."""
    poll = posted.poll
    if poll is None:
        raise ControlError("that message is no poll")
    base = poll.base
    if poll.closed:
        raise ControlError("the poll is closed")
    if any(not 0 <= index < len(base["options"]) for index in chosen):
        raise ControlError(f"the poll has options 0 to {len(base['options']) - 1}")
    if len(set(chosen)) > 1 and not base["allows_multiple_answers"]:
        raise ControlError("the poll takes one answer")
    chosen = sorted(set(chosen))
    if person.id in poll.votes and not base["allows_revoting"]:
        raise ControlError("a vote in this poll cannot be changed")
    if not chosen and person.id not in poll.votes:
        raise ControlError(f"{person.first_name} has not voted")
    if chosen:
        poll.votes[person.id] = chosen
    else:
        del poll.votes[person.id]
    redraw(world, chat, posted)
    if not base["is_anonymous"] and posted.author in world.bots:
        answer = {
            "poll_id": poll.id,
            "user": person.user,
            "option_ids": chosen,
            "option_persistent_ids": [base["options"][index]["persistent_id"] for index in chosen],
        }
        world.bots[posted.author].mailbox.put("poll_answer", answer, person.id)
    return poll.as_json()


@method("stopPoll")
def stop_poll(call: Call) -> Json:
    chat = reach_chat(call, call.params["chat_id"])
    posted = chat.messages.get(call.params["message_id"])
    if posted is None:
        raise bad_request("message with poll to stop not found")
    if posted.poll is None:
        raise bad_request("message is not a poll")
    if posted.author != call.bot.id:
        raise bad_request("poll can't be stopped")
    if posted.poll.closed:
        raise bad_request("poll has already been closed")
    call.world.flood.check(call.bot.id, chat.id, 1, edit=True)
    close(call.world, chat, posted, markup_of(call.params, chat))
    call.world.flood.note(call.bot.id, chat.id, 1, edit=True)
    return posted.poll.as_json()
