"""`unionbot alive`: whether the program that runs with this configuration answers, for whoever starts it anew if not.

It asks the program's own /healthz and nothing else: not the database and not Telegram, which no new start would mend.
Until Telegram has answered for the first time nobody listens yet.
"""

from __future__ import annotations

import http.client
from typing import TYPE_CHECKING, Annotated

import typer

from bot.parts import ALL, Part, figures_at
from bot.shell import DEFAULT, FAILED, WRONG, Config, read, stop

if TYPE_CHECKING:
    from collections.abc import Collection

    from bot.settings import Settings

SECONDS = 5.0
"""So long it may take to answer."""
HERE = {"": "127.0.0.1", "0.0.0.0": "127.0.0.1", "::": "::1"}
"""Where somebody who listens everywhere is asked."""


def alive(
    parts: Annotated[
        list[Part] | None, typer.Argument(help="The parts that were named after `run`; without any, one of all.")
    ] = None,
    config: Config = DEFAULT,
) -> None:
    """Ask the program that runs here whether it is alive; 0 when it answers, 1 when not, 2 when it cannot be asked."""
    settings = read(config, secrets=False)
    places = asked_at(settings, parts or ())
    if not places:
        stop(WRONG, "nobody listens: write enabled = true under [metrics], and the program can be asked")
    why = []
    for place in places:
        wrong = _asked(place)
        if wrong is None:
            typer.echo(f"alive at {place}")
            return
        why.append(f"{place}: {wrong}")
    stop(FAILED, f"not alive ({'; '.join(why)})")


def asked_at(settings: Settings, parts: Collection[Part]) -> list[str]:
    """Every address at which a process of these parts may say that it lives. Without parts, one of any part: in a
    container there is only one.
    """
    found = []
    if settings.metrics.enabled:
        some = [parts] if parts else [[part] for part in Part]
        found += [figures_at(each, settings.metrics.listen) for each in some]
    shown = settings.telegram.mode == "webhook" or settings.pages.enabled or settings.open311.enabled
    if shown and Part.WEB in (parts or ALL):
        found.append(settings.telegram.listen)
    return [place for place in found if not place.endswith(":0")]


def _asked(place: str) -> str | None:
    """What is wrong with whoever listens there; None when it is the program and lives."""
    host, _, port = place.rpartition(":")
    host = host.strip("[]")
    connection = http.client.HTTPConnection(HERE.get(host, host), int(port), timeout=SECONDS)
    try:
        connection.request("GET", "/healthz")
        answer = connection.getresponse()
        body = answer.read(100)
    except (OSError, http.client.HTTPException) as error:
        return "nobody answers" if isinstance(error, ConnectionRefusedError) else type(error).__name__
    finally:
        connection.close()
    return None if (answer.status, body) == (200, b"ok\n") else f"something else answers ({answer.status})"
