"""Gatherings: studies, trainings, volunteering and meetings, and who came"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from models.base import Json, Key, Moment

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "gatherings",
        sa.Column("id", Key, nullable=False),
        sa.Column("kind", sa.String(24), nullable=False),
        sa.Column("stage", sa.String(24), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("semester", sa.String(), nullable=True),
        sa.Column("titles", Json, nullable=False),
        sa.Column("about", Json, nullable=True),
        sa.Column("place", sa.String(), nullable=False),
        sa.Column("starts_at", Moment(), nullable=False),
        sa.Column("ends_at", Moment(), nullable=False),
        sa.Column("cohort", Json, nullable=False),
        sa.Column("seats", sa.Integer(), nullable=True),
        sa.Column("materials", Json, nullable=False),
        sa.Column("quiz_id", Key, nullable=True),
        sa.Column("makes_up_id", Key, nullable=True),
        sa.Column("lead_id", Key, nullable=True),
        sa.Column("planned_by_id", Key, nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_gatherings"),
        sa.ForeignKeyConstraint(["quiz_id"], ["quizzes.id"], name="fk_gatherings_quiz_id"),
        sa.ForeignKeyConstraint(["makes_up_id"], ["gatherings.id"], name="fk_gatherings_makes_up_id"),
        sa.ForeignKeyConstraint(["lead_id"], ["people.id"], name="fk_gatherings_lead_id"),
        sa.ForeignKeyConstraint(["planned_by_id"], ["people.id"], name="fk_gatherings_planned_by_id"),
    )
    op.create_index("ix_gatherings_starts_at", "gatherings", ["starts_at"])
    op.create_index("ix_gatherings_makes_up_id", "gatherings", ["makes_up_id"])
    op.create_table(
        "attendances",
        sa.Column("gathering_id", Key, nullable=False),
        sa.Column("person_id", Key, nullable=False),
        sa.Column("part", sa.String(24), nullable=False),
        sa.Column("asked_at", Moment(), nullable=False),
        sa.Column("signed_in_at", Moment(), nullable=True),
        sa.Column("signed_out_at", Moment(), nullable=True),
        sa.Column("minutes", sa.Integer(), nullable=True),
        sa.Column("confirmed_by_id", Key, nullable=True),
        sa.Column("confirmed_at", Moment(), nullable=True),
        sa.Column("reminded", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("gathering_id", "person_id", name="pk_attendances"),
        sa.ForeignKeyConstraint(["gathering_id"], ["gatherings.id"], name="fk_attendances_gathering_id"),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name="fk_attendances_person_id"),
        sa.ForeignKeyConstraint(["confirmed_by_id"], ["people.id"], name="fk_attendances_confirmed_by_id"),
    )
    op.create_index("ix_attendances_person_id", "attendances", ["person_id"])


def downgrade() -> None:
    op.drop_table("attendances")
    op.drop_table("gatherings")
