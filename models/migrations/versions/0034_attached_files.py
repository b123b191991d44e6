"""The messages with what was attached to a publication"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from models.base import Json

revision = "0034"
down_revision = "0033"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("deliveries") as table:
        table.add_column(sa.Column("file_ids", Json, nullable=False, server_default="[]"))
    with op.batch_alter_table("deliveries") as table:
        table.alter_column("file_ids", server_default=None)


def downgrade() -> None:
    with op.batch_alter_table("deliveries") as table:
        table.drop_column("file_ids")
