"""Polls that were delivered wait sealed until a lot of them is noted"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("pulses", sa.Column("delivered", sa.LargeBinary(), nullable=True))


def downgrade() -> None:
    op.drop_column("pulses", "delivered")
