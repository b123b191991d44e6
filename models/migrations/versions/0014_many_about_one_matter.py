"""Many tickets about one matter stand under the first of them"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from models.base import Key, Moment, only

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # Without a foreign key: SQLite adds and drops such a column only by making a table anew that others point to.
    op.add_column("tickets", sa.Column("folded_under_id", Key, nullable=True))
    op.add_column("tickets", sa.Column("burst_at", Moment(), nullable=True))
    for name, columns, which in (
        ("ix_tickets_folded_under_id", ["folded_under_id"], "folded_under_id IS NOT NULL"),
        ("ix_tickets_burst", ["station_id", "burst_at"], "burst_at IS NOT NULL"),
        ("ix_tickets_filed", ["station_id", "category", "filed_at"], "folded_under_id IS NULL"),
    ):
        op.create_index(name, "tickets", columns, **only(which))


def downgrade() -> None:
    for name in ("ix_tickets_filed", "ix_tickets_burst", "ix_tickets_folded_under_id"):
        op.drop_index(name, table_name="tickets")
    for column in ("burst_at", "folded_under_id"):
        op.drop_column("tickets", column)
