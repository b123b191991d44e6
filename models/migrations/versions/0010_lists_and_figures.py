"""Canned answers, walk-ins, pictures to be drawn, occasions that have been, and what a forum topic is called"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from models.base import Json, Key, Moment

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "canned",
        sa.Column("id", Key, nullable=False),
        sa.Column("station_id", Key, nullable=True),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("texts", Json, nullable=False),
        sa.Column("uses", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["station_id"], ["stations.id"], name=op.f("fk_canned_station_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_canned")),
    )
    op.create_table(
        "walkins",
        sa.Column("ticket_id", Key, autoincrement=False, nullable=False),
        sa.Column("staff_id", Key, nullable=False),
        sa.Column("contact", sa.String(), nullable=True),
        sa.ForeignKeyConstraint(["ticket_id"], ["tickets.id"], name=op.f("fk_walkins_ticket_id")),
        sa.ForeignKeyConstraint(["staff_id"], ["people.id"], name=op.f("fk_walkins_staff_id")),
        sa.PrimaryKeyConstraint("ticket_id", name=op.f("pk_walkins")),
    )
    op.create_table(
        "pictures",
        sa.Column("id", Key, nullable=False),
        sa.Column("chat_id", sa.BigInteger(), nullable=False),
        sa.Column("thread_id", sa.BigInteger(), nullable=True),
        sa.Column("language", sa.String(), nullable=False),
        sa.Column("caption", sa.String(), nullable=False),
        sa.Column("drawing", Json, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_pictures")),
    )
    op.create_table(
        "occasions",
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("at", Moment(), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_occasions")),
    )
    op.add_column("requesters", sa.Column("walk_in", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.add_column("cards", sa.Column("topic_name", sa.String(), nullable=True))
    op.add_column("cards", sa.Column("topic_closed", sa.Boolean(), nullable=False, server_default=sa.false()))


def downgrade() -> None:
    op.drop_column("cards", "topic_closed")
    op.drop_column("cards", "topic_name")
    op.drop_column("requesters", "walk_in")
    op.drop_table("occasions")
    op.drop_table("pictures")
    op.drop_table("walkins")
    op.drop_table("canned")
