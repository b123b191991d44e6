"""Calls for volunteers, places kept for those who wait, reasons, and what somebody says about their hours"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from models.base import Json, Key, Moment

revision = "0031"
down_revision = "0030"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("attendances", sa.Column("offered_until", Moment(), nullable=True))
    op.add_column("attendances", sa.Column("because", sa.String(), nullable=True))
    op.create_table(
        "volunteer_calls",
        sa.Column("gathering_id", Key, nullable=False),
        sa.Column("station_id", Key, nullable=True),
        sa.Column("role", Json, nullable=False),
        sa.Column("level", sa.String(24), nullable=False),
        sa.Column("rounding", sa.Integer(), nullable=False),
        sa.Column("trains", sa.Boolean(), nullable=False),
        sa.Column("training_id", Key, nullable=True),
        sa.Column("project_id", Key, nullable=True),
        sa.PrimaryKeyConstraint("gathering_id", name="pk_volunteer_calls"),
        sa.ForeignKeyConstraint(["gathering_id"], ["gatherings.id"], name="fk_volunteer_calls_gathering_id"),
        sa.ForeignKeyConstraint(["station_id"], ["stations.id"], name="fk_volunteer_calls_station_id"),
        sa.ForeignKeyConstraint(["training_id"], ["gatherings.id"], name="fk_volunteer_calls_training_id"),
        sa.ForeignKeyConstraint(["project_id"], ["projects.id"], name="fk_volunteer_calls_project_id"),
    )
    op.create_table(
        "hour_disputes",
        sa.Column("gathering_id", Key, nullable=False),
        sa.Column("person_id", Key, nullable=False),
        sa.Column("stage", sa.String(24), nullable=False),
        sa.Column("words", sa.String(), nullable=False),
        sa.Column("at", Moment(), nullable=False),
        sa.Column("reply", sa.String(), nullable=True),
        sa.Column("replied_by_id", Key, nullable=True),
        sa.PrimaryKeyConstraint("gathering_id", "person_id", name="pk_hour_disputes"),
        sa.ForeignKeyConstraint(["gathering_id"], ["gatherings.id"], name="fk_hour_disputes_gathering_id"),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name="fk_hour_disputes_person_id"),
        sa.ForeignKeyConstraint(["replied_by_id"], ["people.id"], name="fk_hour_disputes_replied_by_id"),
    )
    op.create_index("ix_hour_disputes_person_id", "hour_disputes", ["person_id"])


def downgrade() -> None:
    op.drop_table("hour_disputes")
    op.drop_table("volunteer_calls")
    for column in ("because", "offered_until"):
        op.drop_column("attendances", column)
