"""Each mute has a salt of its own: equal tags would say that two of them are one person's"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("mutes", sa.Column("salt", sa.String(), nullable=False, server_default=""))
    op.drop_index("ix_mutes_tag", "mutes")


def downgrade() -> None:
    # Without its salt a tag is nobody's, and a row that nobody can be found by keeps nobody out.
    op.execute("DELETE FROM mutes WHERE salt != ''")
    op.create_index("ix_mutes_tag", "mutes", ["tag"])
    op.drop_column("mutes", "salt")
