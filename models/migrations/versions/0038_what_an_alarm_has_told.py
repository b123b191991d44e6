"""How many there were when an alarm was last told"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0038"
down_revision = "0037"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("alarms", sa.Column("told", sa.Integer(), nullable=True))


def downgrade() -> None:
    op.drop_column("alarms", "told")
