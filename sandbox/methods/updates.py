"""Ways in: getMe, long polling, webhooks, and the answers to button presses and inline queries."""

from sandbox.methods.base import Call, Raw, method, text_of
from sandbox.refusals import QUERY_TOO_OLD, WEBHOOK_ACTIVE, Refusal, bad_request
from sandbox.shapes import Json
from sandbox.webhooks import SECRET

PRESS_SECONDS = 15.0
MOST_RESULTS = 50


@method("getMe")
def get_me(call: Call) -> Json:
    return {
        **call.bot.user,
        "can_join_groups": True,
        "can_read_all_group_messages": not call.bot.privacy,
        "supports_inline_queries": True,
        "can_connect_to_business": False,
        "has_main_web_app": False,
    }


@method("getUpdates")
async def get_updates(call: Call) -> Raw:
    params, world = call.params, call.world
    if world.webhooks.get(call.bot.id) is not None:
        raise Refusal(409, WEBHOOK_ACTIVE)
    mailbox = call.bot.mailbox
    mailbox.allow(params.get("allowed_updates"))
    limit = params.get("limit", 100)
    limit = limit if 1 <= limit <= 100 else 100
    timeout = max(0, min(50, params.get("timeout", 0)))
    texts = await mailbox.take(params.get("offset", 0), limit, timeout)
    return Raw("[" + ",".join(texts) + "]")


@method("setWebhook")
def set_webhook(call: Call) -> Raw:
    params, world, bot = call.params, call.world, call.bot
    url = params["url"].strip()
    if not url:
        return delete_webhook(call)
    secret = params.get("secret_token")
    if secret and len(secret) > 256:
        raise bad_request("secret token is too long")
    if secret and not SECRET.match(secret):
        raise bad_request("secret token contains unallowed characters")
    connections = max(1, min(100, params.get("max_connections", 40)))
    if params.get("drop_pending_updates"):
        bot.mailbox.drop_all()
    bot.mailbox.allow(params.get("allowed_updates"))
    world.webhooks.set(bot, url, secret, connections, params.get("ip_address"))
    return Raw('true,"description":"Webhook was set"')


@method("deleteWebhook")
def delete_webhook(call: Call) -> Raw:
    there = call.world.webhooks.get(call.bot.id) is not None
    if call.params.get("drop_pending_updates"):
        call.bot.mailbox.drop_all()
    call.world.webhooks.remove(call.bot)
    words = "Webhook was deleted" if there else "Webhook is already deleted"
    return Raw(f'true,"description":"{words}"')


@method("getWebhookInfo")
def get_webhook_info(call: Call) -> Json:
    return call.world.webhooks.info(call.bot)


@method("answerCallbackQuery")
def answer_callback_query(call: Call) -> bool:
    params, world = call.params, call.world
    text = params.get("text") or ""
    if len(text) > 200:
        raise bad_request("MESSAGE_TOO_LONG")
    press = world.presses.get(params["callback_query_id"])
    if press is None or press.bot != call.bot.id or world.clock.patience() - press.at > PRESS_SECONDS:
        raise bad_request(QUERY_TOO_OLD)
    del world.presses[params["callback_query_id"]]
    world.feed.add(
        "callback_answer",
        press.chat,
        id=params["callback_query_id"],
        person=press.person,
        message_id=press.message_id,
        text=text,
        show_alert=params.get("show_alert", False),
        url=params.get("url"),
        bot=call.bot.id,
    )
    return True


@method("answerInlineQuery")
def answer_inline_query(call: Call) -> bool:
    asked = call.world.inline_queries.pop(call.params["inline_query_id"], None)
    if asked is None or call.world.clock.patience() - asked > PRESS_SECONDS:
        raise bad_request(QUERY_TOO_OLD)
    results = call.params["results"]
    if len(results) > MOST_RESULTS:
        raise bad_request("RESULTS_TOO_MUCH")
    messages: dict[str, Json] = {}
    for result in results:
        number = str(result["id"])
        if not 1 <= len(number.encode()) <= 64:
            raise bad_request("RESULT_ID_INVALID")
        if number in messages:
            raise bad_request("RESULT_ID_DUPLICATE")
        messages[number] = _message_of(result)
    answers = call.world.inline_answers
    if len(answers) > 1000:
        answers.pop(next(iter(answers)))
    answers[call.params["inline_query_id"]] = (call.bot.id, messages)
    call.world.feed.add(
        "inline_answer",
        None,
        id=call.params["inline_query_id"],
        results=results,
        button=call.params.get("button"),
        bot=call.bot.id,
    )
    return True


def _message_of(result: Json) -> Json:
    """What somebody who chooses this result says with it; only articles are words from the beginning."""
    if result["type"] != "article":
        return {"text": f"({result['type']})"}
    if not result.get("title"):
        raise bad_request("ARTICLE_TITLE_EMPTY")
    content = result.get("input_message_content") or {}
    if "message_text" not in content:
        raise bad_request("message content is not specified")
    return text_of({**content, "text": content["message_text"]})


@method("logOut", "close")
def log_out(call: Call) -> bool:
    return True
