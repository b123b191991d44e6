"""What waits is sealed like what was set aside; what waits in clear the program seals when it starts, as it has the key"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from models.inbox import IN_CLEAR

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None

inbox = sa.table("inbox", sa.column("body", sa.Text()), sa.column("sealed", sa.LargeBinary()))


def upgrade() -> None:
    sqlite = op.get_bind().dialect.name == "sqlite"
    marked = sa.literal(IN_CLEAR).concat(inbox.c.body)
    as_bytes = sa.cast(marked, sa.LargeBinary) if sqlite else sa.func.convert_to(marked, "UTF8")
    op.execute(inbox.update().where(inbox.c.body.is_not(None), inbox.c.sealed.is_(None)).values(sealed=as_bytes))
    op.drop_column("inbox", "body")


def downgrade() -> None:
    # The version before opens what is sealed as well: nothing that waits is lost.
    op.add_column("inbox", sa.Column("body", sa.Text(), nullable=True))
