"""Each deadline of a ticket climbs for itself"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

STEPS = ("claim", "reply", "resolve")


def upgrade() -> None:
    # Columns come and go one by one: SQLite will not rebuild a table that others point to.
    for step in STEPS:
        op.add_column("tickets", sa.Column(f"{step}_level", sa.Integer(), nullable=False, server_default="0"))
    # What was told was told of the deadline that still counts; of those that come after it nobody has heard yet.
    op.execute("UPDATE tickets SET claim_level = escalation WHERE claimed_by_id IS NULL AND claim_due IS NOT NULL")
    op.execute(
        "UPDATE tickets SET reply_level = escalation"
        " WHERE claim_level = 0 AND replied_at IS NULL AND reply_due IS NOT NULL"
    )
    op.execute("UPDATE tickets SET resolve_level = escalation WHERE claim_level = 0 AND reply_level = 0")
    op.drop_column("tickets", "escalation")


def downgrade() -> None:
    op.add_column("tickets", sa.Column("escalation", sa.Integer(), nullable=False, server_default="0"))
    op.execute("UPDATE tickets SET escalation = claim_level")
    op.execute("UPDATE tickets SET escalation = reply_level WHERE reply_level > escalation")
    op.execute("UPDATE tickets SET escalation = resolve_level WHERE resolve_level > escalation")
    for step in STEPS:
        op.drop_column("tickets", f"{step}_level")
