"""What people of the union did"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from models.base import Json, Key, Moment

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "acts",
        sa.Column("id", Key, nullable=False),
        sa.Column("at", Moment(), nullable=False),
        sa.Column("act", sa.String(), nullable=False),
        sa.Column("staff_id", Key, nullable=True),
        sa.Column("ticket_id", Key, nullable=True),
        sa.Column("detail", Json, nullable=True),
        sa.ForeignKeyConstraint(["staff_id"], ["people.id"], name=op.f("fk_acts_staff_id")),
        sa.ForeignKeyConstraint(["ticket_id"], ["tickets.id"], name=op.f("fk_acts_ticket_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_acts")),
    )
    op.create_index(op.f("ix_acts_ticket_id"), "acts", ["ticket_id"])


def downgrade() -> None:
    op.drop_index(op.f("ix_acts_ticket_id"), table_name="acts")
    op.drop_table("acts")
