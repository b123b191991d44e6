"""A prompt says what it asks for: a reply to it is that, whatever its reader did meanwhile"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from models.base import Json

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("postings", sa.Column("prompt", Json, nullable=True))


def downgrade() -> None:
    op.drop_column("postings", "prompt")
