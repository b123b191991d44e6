"""What was set aside is sealed; what stands there in clear the program seals when it starts, as it has the key"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("inbox", sa.Column("sealed", sa.LargeBinary(), nullable=True))


def downgrade() -> None:
    # Without the column nobody could run them again: they are done with.
    op.execute("UPDATE inbox SET state = 'done', received_at = NULL WHERE sealed IS NOT NULL")
    op.drop_column("inbox", "sealed")
