"""When the union said what comes of a survey: the date of a project's verdict"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from models.base import Moment

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("surveys", sa.Column("said_at", Moment(), nullable=True))


def downgrade() -> None:
    op.drop_column("surveys", "said_at")
