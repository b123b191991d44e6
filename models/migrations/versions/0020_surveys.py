"""Surveys: who is asked, what is being answered, what has been counted"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from models.base import Json, Key, Moment

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "surveys",
        sa.Column("id", Key, nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("occasion", sa.String(), nullable=True),
        sa.Column("semester", sa.String(), nullable=True),
        sa.Column("definition", Json, nullable=False),
        sa.Column("anonymous", sa.Boolean(), nullable=False),
        sa.Column("cell", sa.Integer(), nullable=False),
        sa.Column("target", Json, nullable=False),
        sa.Column("stage", sa.String(length=24), nullable=False),
        sa.Column("opens_at", Moment(), nullable=False),
        sa.Column("closes_at", Moment(), nullable=False),
        sa.Column("reminders", Json, nullable=False),
        sa.Column("results", Json, nullable=True),
        sa.Column("what_changes", Json, nullable=True),
        sa.Column("project_id", Key, nullable=True),
        sa.Column("verdict", sa.String(length=24), nullable=True),
        sa.Column("told_to", Key, nullable=False),
        sa.ForeignKeyConstraint(["project_id"], ["projects.id"], name="fk_surveys_project_id"),
        sa.PrimaryKeyConstraint("id", name="pk_surveys"),
    )
    op.create_index(
        "uq_surveys_occasion",
        "surveys",
        ["occasion"],
        unique=True,
        sqlite_where=sa.text("occasion IS NOT NULL"),
        postgresql_where=sa.text("occasion IS NOT NULL"),
    )
    op.create_table(
        "survey_invitations",
        sa.Column("survey_id", Key, nullable=False),
        sa.Column("person_id", Key, nullable=False),
        sa.Column("part", sa.String(length=24), nullable=False),
        sa.Column("reminded", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["survey_id"], ["surveys.id"], name="fk_survey_invitations_survey_id"),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name="fk_survey_invitations_person_id"),
        sa.PrimaryKeyConstraint("survey_id", "person_id", name="pk_survey_invitations"),
    )
    op.create_index("ix_survey_invitations_part", "survey_invitations", ["survey_id", "part", "reminded"])
    op.create_index("ix_survey_invitations_person_id", "survey_invitations", ["person_id"])
    op.create_table(
        "survey_days",
        sa.Column("survey_id", Key, nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("finished", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["survey_id"], ["surveys.id"], name="fk_survey_days_survey_id"),
        sa.PrimaryKeyConstraint("survey_id", "day", name="pk_survey_days"),
    )
    op.create_table(
        "survey_rests",
        sa.Column("person_id", Key, nullable=False),
        sa.Column("until", sa.Date(), nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name="fk_survey_rests_person_id"),
        sa.PrimaryKeyConstraint("person_id", name="pk_survey_rests"),
    )
    for name in ("survey_sheets", "survey_receipts"):
        op.create_table(
            name,
            sa.Column("tag", sa.String(), nullable=False),
            sa.Column("survey_id", Key, nullable=False),
            sa.Column("sealed", sa.LargeBinary(), nullable=False),
            sa.ForeignKeyConstraint(["survey_id"], ["surveys.id"], name=f"fk_{name}_survey_id"),
            sa.PrimaryKeyConstraint("tag", name=f"pk_{name}"),
            # Without a hidden number there is no order in which they came.
            sqlite_with_rowid=False,
        )
        op.create_index(f"ix_{name}_survey_id", name, ["survey_id"])
    for name, last in (
        ("survey_boxes", sa.Column("sealed", sa.LargeBinary(), nullable=True)),
        ("survey_tallies", sa.Column("counts", Json, nullable=False)),
    ):
        op.create_table(
            name,
            sa.Column("survey_id", Key, nullable=False),
            sa.Column("cut", sa.String(), nullable=False),
            sa.Column("value", sa.String(), nullable=False),
            last,
            sa.ForeignKeyConstraint(["survey_id"], ["surveys.id"], name=f"fk_{name}_survey_id"),
            sa.PrimaryKeyConstraint("survey_id", "cut", "value", name=f"pk_{name}"),
        )
    op.create_table(
        "survey_remarks",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("survey_id", Key, nullable=False),
        sa.Column("question", sa.String(), nullable=False),
        sa.Column("text", sa.String(), nullable=False),
        sa.Column("look", sa.String(length=24), nullable=False),
        sa.Column("like", sa.String(), nullable=True),
        sa.ForeignKeyConstraint(["survey_id"], ["surveys.id"], name="fk_survey_remarks_survey_id"),
        sa.PrimaryKeyConstraint("id", name="pk_survey_remarks"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_survey_remarks_survey_id", "survey_remarks", ["survey_id", "question"])
    op.create_table(
        "survey_signed",
        sa.Column("survey_id", Key, nullable=False),
        sa.Column("person_id", Key, nullable=False),
        sa.Column("answers", Json, nullable=False),
        sa.Column("groups", Json, nullable=False),
        sa.ForeignKeyConstraint(["survey_id"], ["surveys.id"], name="fk_survey_signed_survey_id"),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name="fk_survey_signed_person_id"),
        sa.PrimaryKeyConstraint("survey_id", "person_id", name="pk_survey_signed"),
    )
    op.create_index("ix_survey_signed_person_id", "survey_signed", ["person_id"])


def downgrade() -> None:
    for name in (
        "survey_signed",
        "survey_remarks",
        "survey_tallies",
        "survey_boxes",
        "survey_receipts",
        "survey_sheets",
        "survey_rests",
        "survey_days",
        "survey_invitations",
        "surveys",
    ):
        op.drop_table(name)
