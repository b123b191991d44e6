"""Keyboards under messages: which are well formed, and which Telegram refuses.

Buttons are checked when the message is sent, not when they are pressed, so a payload that is one byte too
long shows at once. A row too long is not refused: TDLib (`ReplyMarkup.cpp`) keeps its first twelve buttons and says
nothing of the others. The eight that are often named are a matter of looks, nobody enforces them.
"""

from typing import Any

from sandbox.refusals import bad_request
from sandbox.shapes import Json

ACTIONS = frozenset(
    {
        "url",
        "callback_data",
        "web_app",
        "login_url",
        "switch_inline_query",
        "switch_inline_query_current_chat",
        "switch_inline_query_chosen_chat",
        "copy_text",
        "callback_game",
        "pay",
    }
)


ROW = 12


def plain_inline_keyboard(markup: Any) -> bool:
    """Whether this is an inline keyboard of nothing but labelled payloads and links, the usual case by
    far.
    """
    if type(markup) is not dict or len(markup) != 1:
        return False
    rows = markup.get("inline_keyboard")
    if type(rows) is not list:
        return False
    for row in rows:
        if type(row) is not list:
            return False
        for button in row:
            if type(button) is not dict or len(button) != 2 or type(button.get("text")) is not str:
                return False
            if type(button.get("callback_data", button.get("url"))) is not str:
                return False
    return True


def accepted(markup: Json | None, private: bool) -> Json | None:
    """The keyboard as Telegram keeps it: empty ones vanish, wrong ones are refused."""
    if markup is None:
        return None
    if "inline_keyboard" in markup:
        rows = [row[:ROW] for row in markup["inline_keyboard"] if row]
        if not rows:
            return None
        count = 0
        for row in rows:
            count += len(row)
            for button in row:
                check_button(button, private)
        if count > 100:
            raise bad_request("reply markup is too long")
        return {"inline_keyboard": rows}
    if "keyboard" in markup:
        rows = [row[:ROW] for row in markup["keyboard"] if row]
        if not rows:
            return None
        for row in rows:
            for button in row:
                if not button.get("text", "").strip():
                    raise bad_request("keyboard button text must be non-empty")
                if not private and (button.get("request_contact") or button.get("request_location")):
                    what = "phone number" if button.get("request_contact") else "location"
                    raise bad_request(f"{what} can be requested in private chats only")
        if sum(len(row) for row in rows) > 300:
            raise bad_request("reply markup is too long")
        return {**markup, "keyboard": rows}
    return markup


def check_button(button: Json, private: bool) -> None:
    if not button["text"].strip():
        raise bad_request("inline keyboard button text must be non-empty")
    data = button.get("callback_data")
    if data is not None:
        if not 1 <= len(data.encode("utf-8", "replace")) <= 64:
            raise bad_request("BUTTON_DATA_INVALID")
        return
    chosen = ACTIONS & button.keys()
    if not chosen:
        raise bad_request("can't parse inline keyboard button: Text buttons are unallowed in the inline keyboard")
    if "url" in chosen:
        url = button["url"]
        address = url.split("://", 1)[-1]
        if "." not in address and not url.startswith("tg://"):
            raise bad_request(f"inline keyboard button URL '{url}' is invalid: Wrong HTTP URL")
        if any(blank in url for blank in " \n"):
            raise bad_request("BUTTON_URL_INVALID")
    if "web_app" in chosen:
        if not private:
            raise bad_request("BUTTON_TYPE_INVALID")
        if not str(button["web_app"].get("url", "")).startswith("https://"):
            raise bad_request(
                f"inline keyboard button Web App URL '{button['web_app'].get('url', '')}' is invalid: "
                "Only HTTPS links are allowed"
            )


def buttons(markup: Json | None) -> list[Json]:
    if not markup:
        return []
    rows = markup.get("inline_keyboard") or markup.get("keyboard") or []
    return [button for row in rows for button in row]
