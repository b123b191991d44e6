"""When the clock and Telegram were last alive, which alarms stand, and how far the tables had grown on which day"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from models.base import Moment

revision = "0036"
down_revision = "0035"
branch_labels = None
depends_on = None

UNKNOWN = sa.text("state = 'unknown'")


def upgrade() -> None:
    op.create_table(
        "heartbeats",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("at", Moment(), nullable=False),
        sa.Column("silent_from", Moment(), nullable=True),
        sa.Column("silent_until", Moment(), nullable=True),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_heartbeats")),
    )
    op.create_table(
        "alarms",
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("since", Moment(), nullable=False),
        sa.Column("told_at", Moment(), nullable=True),
        sa.Column("over_at", Moment(), nullable=True),
        sa.Column("cleared", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("kind", name=op.f("pk_alarms")),
    )
    op.create_table(
        "tides",
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("inbox_id", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("day", name=op.f("pk_tides")),
    )
    op.create_index("ix_outbox_unknown", "outbox", ["not_before"], sqlite_where=UNKNOWN, postgresql_where=UNKNOWN)


def downgrade() -> None:
    op.drop_index("ix_outbox_unknown", "outbox")
    op.drop_table("tides")
    op.drop_table("alarms")
    op.drop_table("heartbeats")
