"""The semester's work report and the year's self-assessment, and whom they are being drawn for"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from models.base import Json, Key, Moment

revision = "0033"
down_revision = "0032"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "work_reports",
        sa.Column("id", Key, nullable=False),
        sa.Column("kind", sa.String(24), nullable=False),
        sa.Column("period", sa.String(), nullable=False),
        sa.Column("edition", sa.Integer(), nullable=False),
        sa.Column("replaces_id", Key, nullable=True),
        sa.Column("state", sa.String(24), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("asked_at", Moment(), nullable=False),
        sa.Column("asked_by_id", Key, nullable=True),
        sa.Column("counting", sa.Boolean(), nullable=False),
        sa.Column("since", Moment(), nullable=False),
        sa.Column("until", Moment(), nullable=False),
        sa.Column("figures", Json, nullable=True),
        sa.Column("words", Json, nullable=False),
        sa.Column("finished_at", Moment(), nullable=True),
        sa.Column("finished_by_id", Key, nullable=True),
        sa.Column("sent_at", Moment(), nullable=True),
        sa.Column("met_on", sa.Date(), nullable=True),
        sa.Column("decision", sa.String(), nullable=True),
        sa.Column("recorded_at", Moment(), nullable=True),
        sa.Column("recorded_by_id", Key, nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_work_reports"),
        sa.ForeignKeyConstraint(["replaces_id"], ["work_reports.id"], name="fk_work_reports_replaces_id"),
        sa.ForeignKeyConstraint(["asked_by_id"], ["people.id"], name="fk_work_reports_asked_by_id"),
        sa.ForeignKeyConstraint(["finished_by_id"], ["people.id"], name="fk_work_reports_finished_by_id"),
        sa.ForeignKeyConstraint(["recorded_by_id"], ["people.id"], name="fk_work_reports_recorded_by_id"),
    )
    op.create_index("uq_work_reports_kind_period_edition", "work_reports", ["kind", "period", "edition"], unique=True)
    only = sa.text("counting = true")
    op.create_index("ix_work_reports_counting", "work_reports", ["id"], sqlite_where=only, postgresql_where=only)
    op.create_table(
        "report_files",
        sa.Column("id", Key, nullable=False),
        sa.Column("report_id", Key, nullable=False),
        sa.Column("chat_id", sa.BigInteger(), nullable=False),
        sa.Column("thread_id", sa.BigInteger(), nullable=True),
        sa.Column("language", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_report_files"),
        sa.ForeignKeyConstraint(["report_id"], ["work_reports.id"], name="fk_report_files_report_id"),
    )


def downgrade() -> None:
    op.drop_table("report_files")
    op.drop_table("work_reports")
