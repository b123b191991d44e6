"""`unionbot key`."""

from __future__ import annotations

import typer


def key() -> None:
    """Make a key for UNIONBOT_KEY."""
    from bot.vault import new_key

    typer.echo(new_key())
