"""The evaluation of staff: a round each semester, a sheet for each of them"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from models.base import Json, Key, Moment

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "evaluation_rounds",
        sa.Column("id", Key, nullable=False),
        sa.Column("semester", sa.String(), nullable=False),
        sa.Column("since", Moment(), nullable=False),
        sa.Column("until", Moment(), nullable=False),
        sa.Column("cell", sa.Integer(), nullable=False),
        sa.Column("started_by_id", Key, nullable=False),
        sa.Column("closes_at", Moment(), nullable=True),
        sa.Column("announced", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["started_by_id"], ["people.id"], name="fk_evaluation_rounds_started_by_id"),
        sa.PrimaryKeyConstraint("id", name="pk_evaluation_rounds"),
        sa.UniqueConstraint("semester", name="uq_evaluation_rounds_semester"),
    )
    op.create_table(
        "evaluation_sheets",
        sa.Column("id", Key, nullable=False),
        sa.Column("round_id", Key, nullable=False),
        sa.Column("person_id", Key, nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("places", Json, nullable=False),
        sa.Column("facts", Json, nullable=False),
        sa.Column("survey", Json, nullable=True),
        sa.Column("sent", sa.Boolean(), nullable=False),
        sa.Column("answered_at", Moment(), nullable=True),
        sa.Column("word", sa.String(), nullable=True),
        sa.Column("decision", sa.String(), nullable=True),
        sa.Column("decided_by_id", Key, nullable=True),
        sa.Column("decided_at", Moment(), nullable=True),
        sa.ForeignKeyConstraint(["round_id"], ["evaluation_rounds.id"], name="fk_evaluation_sheets_round_id"),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name="fk_evaluation_sheets_person_id"),
        sa.ForeignKeyConstraint(["decided_by_id"], ["people.id"], name="fk_evaluation_sheets_decided_by_id"),
        sa.PrimaryKeyConstraint("id", name="pk_evaluation_sheets"),
    )
    op.create_index(
        "uq_evaluation_sheets_round_id_person_id", "evaluation_sheets", ["round_id", "person_id"], unique=True
    )
    op.create_index("ix_evaluation_sheets_person_id", "evaluation_sheets", ["person_id"])


def downgrade() -> None:
    op.drop_table("evaluation_sheets")
    op.drop_table("evaluation_rounds")
