"""A ticket goes on from another, words are taken back, an anonymous student has a pseudonym"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from models.base import Key, Moment

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("tickets", sa.Column("follows_id", Key, nullable=True))
    partial = sa.text("follows_id IS NOT NULL")
    op.create_index("ix_tickets_follows_id", "tickets", ["follows_id"], sqlite_where=partial, postgresql_where=partial)
    op.add_column("words", sa.Column("retracted_at", Moment(), nullable=True))
    op.add_column("requesters", sa.Column("pseudonym", sa.String(), nullable=True))


def downgrade() -> None:
    op.drop_column("requesters", "pseudonym")
    op.drop_column("words", "retracted_at")
    op.drop_index("ix_tickets_follows_id", table_name="tickets")
    op.drop_column("tickets", "follows_id")
