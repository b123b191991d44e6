"""Texts as Telegram stores them: plain characters and a list of entities counted in UTF-16 units."""

from sandbox.text.formatted import checked_entities, formatted, utf16

__all__ = ["checked_entities", "formatted", "utf16"]
