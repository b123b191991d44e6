"""Why somebody cannot come to a gathering"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0030"
down_revision = "0029"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("attendances", sa.Column("reason", sa.String(), nullable=True))


def downgrade() -> None:
    op.drop_column("attendances", "reason")
