"""What somebody has of a publication is sealed, with what was attached; what stands there in clear the program seals
when it starts, as it has the key
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from models.union.received import IN_CLEAR

revision = "0034"
down_revision = "0033"
branch_labels = None
depends_on = None

deliveries = sa.table("deliveries", sa.column("message_id", sa.BigInteger()), sa.column("sealed", sa.LargeBinary()))


def upgrade() -> None:
    sqlite = op.get_bind().dialect.name == "sqlite"
    op.add_column("deliveries", sa.Column("sealed", sa.LargeBinary(), nullable=True))
    marked = sa.literal(IN_CLEAR).concat(sa.cast(deliveries.c.message_id, sa.Text))
    as_bytes = sa.cast(marked, sa.LargeBinary) if sqlite else sa.func.convert_to(marked, "UTF8")
    op.execute(deliveries.update().values(sealed=as_bytes))
    with op.batch_alter_table("deliveries") as table:
        table.alter_column("sealed", nullable=False)
        table.drop_column("message_id")


def downgrade() -> None:
    # Nobody can open them here: what they say is gone, and the messages stay as they are.
    op.execute("DELETE FROM deliveries")
    with op.batch_alter_table("deliveries") as table:
        table.drop_column("sealed")
        table.add_column(sa.Column("message_id", sa.BigInteger(), nullable=False))
