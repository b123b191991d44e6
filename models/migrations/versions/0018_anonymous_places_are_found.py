"""Whose an anonymous place is shows only when it is tried: those that can still be somebody's have an index"""

from __future__ import annotations

from alembic import op

from models.base import only

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("ix_requesters_anonymous", "requesters", ["id"], **only("owner_tag IS NOT NULL"))


def downgrade() -> None:
    op.drop_index("ix_requesters_anonymous", "requesters")
