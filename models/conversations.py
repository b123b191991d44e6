"""Where each conversation stands: aiogram's states and what has been said so far, kept with everything else (law 2)."""

from __future__ import annotations

from typing import Any

from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, Json


class Conversation(Base):
    """One person in one chat. The row goes when the conversation ends, and with it the draft."""

    __tablename__ = "conversations"

    key: Mapped[str] = mapped_column(primary_key=True)
    """bot:chat:person, as aiogram keys it."""
    state: Mapped[str | None]
    data: Mapped[dict[str, Any]] = mapped_column(Json, default=dict)
