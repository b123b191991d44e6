"""The chain of the records, files the office asked for, and what a campus system is told"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from models.base import Json, Key, Moment

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "audit_links",
        sa.Column("id", Key, autoincrement=False, nullable=False),
        sa.Column("source", sa.String(length=24), nullable=False),
        sa.Column("row_id", Key, nullable=False),
        sa.Column("digest", sa.String(), nullable=False),
        sa.Column("seal", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit_links")),
    )
    op.create_index("uq_audit_links_source_row_id", "audit_links", ["source", "row_id"], unique=True)
    op.create_table(
        "exports",
        sa.Column("id", Key, nullable=False),
        sa.Column("asked_at", Moment(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("wish", Json, nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=True),
        sa.Column("made_at", Moment(), nullable=True),
        sa.Column("rows", sa.Integer(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_exports")),
    )
    op.create_table(
        "hooks",
        sa.Column("event_id", Key, autoincrement=False, nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("state", sa.String(length=24), nullable=False),
        sa.Column("due", Moment(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("reason", sa.String(), nullable=True),
        sa.ForeignKeyConstraint(["event_id"], ["ticket_events.id"], name=op.f("fk_hooks_event_id")),
        sa.PrimaryKeyConstraint("event_id", name=op.f("pk_hooks")),
    )
    due = sa.text("state = 'due'")
    op.create_index("ix_hooks_due", "hooks", ["due"], sqlite_where=due, postgresql_where=due)


def downgrade() -> None:
    op.drop_index("ix_hooks_due", table_name="hooks")
    op.drop_table("hooks")
    op.drop_table("exports")
    op.drop_index("uq_audit_links_source_row_id", table_name="audit_links")
    op.drop_table("audit_links")
