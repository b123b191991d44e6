"""Polls are asked in groups too, so a poll has counts; and quizzes for theory study"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from models.base import Json, Key, Moment

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("pulses", sa.Column("places", Json, nullable=True))
    op.create_table(
        "pulse_counts",
        sa.Column("poll_id", sa.String(), nullable=False),
        sa.Column("choice", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("votes", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["poll_id"], ["pulse_polls.poll_id"], name=op.f("fk_pulse_counts_poll_id")),
        sa.PrimaryKeyConstraint("poll_id", "choice", name=op.f("pk_pulse_counts")),
    )
    op.execute(
        "INSERT INTO pulse_counts (poll_id, choice, votes) "
        "SELECT poll_id, choice, 1 FROM pulse_polls WHERE choice IS NOT NULL"
    )
    op.drop_index("ix_pulse_polls_pulse_id", table_name="pulse_polls")
    op.drop_column("pulse_polls", "choice")
    op.create_index("ix_pulse_polls_pulse_id", "pulse_polls", ["pulse_id"])
    op.create_table(
        "quizzes",
        sa.Column("id", Key, nullable=False),
        sa.Column("question", sa.String(), nullable=False),
        sa.Column("options", Json, nullable=False),
        sa.Column("correct", sa.Integer(), nullable=False),
        sa.Column("explanation", sa.String(), nullable=True),
        sa.Column("places", Json, nullable=False),
        sa.Column("closes_at", Moment(), nullable=False),
        sa.Column("closed", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_quizzes")),
    )
    op.create_index("ix_quizzes_closes_at", "quizzes", ["closes_at"])
    op.create_table(
        "quiz_polls",
        sa.Column("poll_id", sa.String(), nullable=False),
        sa.Column("quiz_id", Key, nullable=True),
        sa.Column("station_id", Key, nullable=True),
        sa.ForeignKeyConstraint(["quiz_id"], ["quizzes.id"], name=op.f("fk_quiz_polls_quiz_id")),
        sa.ForeignKeyConstraint(["station_id"], ["stations.id"], name=op.f("fk_quiz_polls_station_id")),
        sa.PrimaryKeyConstraint("poll_id", name=op.f("pk_quiz_polls")),
    )
    op.create_index("ix_quiz_polls_quiz_id", "quiz_polls", ["quiz_id"])
    op.create_table(
        "quiz_answers",
        sa.Column("poll_id", sa.String(), nullable=False),
        sa.Column("person_id", Key, nullable=False),
        sa.Column("choice", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["poll_id"], ["quiz_polls.poll_id"], name=op.f("fk_quiz_answers_poll_id")),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name=op.f("fk_quiz_answers_person_id")),
        sa.PrimaryKeyConstraint("poll_id", "person_id", name=op.f("pk_quiz_answers")),
    )
    op.create_index("ix_quiz_answers_person_id", "quiz_answers", ["person_id"])


def downgrade() -> None:
    op.drop_table("quiz_answers")
    op.drop_table("quiz_polls")
    op.drop_table("quizzes")
    op.drop_index("ix_pulse_polls_pulse_id", table_name="pulse_polls")
    op.add_column("pulse_polls", sa.Column("choice", sa.Integer(), nullable=True))
    op.execute(
        "UPDATE pulse_polls SET choice = "
        "(SELECT min(choice) FROM pulse_counts WHERE pulse_counts.poll_id = pulse_polls.poll_id)"
    )
    # The version before would send the result of a group's poll to everybody.
    op.execute(
        sa.table("pulses", sa.column("closed"), sa.column("places"))
        .update()
        .where(sa.text("places IS NOT NULL"))
        .values(closed=True)
    )
    op.create_index("ix_pulse_polls_pulse_id", "pulse_polls", ["pulse_id", "choice"])
    op.drop_table("pulse_counts")
    op.drop_column("pulses", "places")
