"""Indexes hold only what still waits, and a row says itself that it holds back what comes after it"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from models.base import only

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("outbox", schema=None) as batch_op:
        batch_op.drop_index("ix_outbox_due")
        batch_op.drop_index("ix_outbox_queue")
        batch_op.drop_index("ix_outbox_topic")
        batch_op.drop_constraint("uq_outbox_dedupe", type_="unique")
        batch_op.add_column(sa.Column("holds", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.execute("UPDATE outbox SET holds = true WHERE state = 'due' AND (attempts > 0 OR topic LIKE 'album:%')")
    with op.batch_alter_table("outbox", schema=None) as batch_op:
        batch_op.alter_column("holds", server_default=None)
        batch_op.create_index("uq_outbox_dedupe", ["dedupe"], unique=True, **only("dedupe IS NOT NULL"))
        batch_op.create_index("ix_outbox_due", ["lane", "id"], **only("state = 'due'"))
        batch_op.create_index("ix_outbox_queue", ["queue"], **only("state = 'due'"))
        batch_op.create_index("ix_outbox_topic", ["topic"], **only("state = 'due' AND topic IS NOT NULL"))
        batch_op.create_index("ix_outbox_holds", ["queue", "lane", "id"], **only("state = 'due' AND holds = true"))

    with op.batch_alter_table("inbox", schema=None) as batch_op:
        batch_op.drop_index("ix_inbox_state")
        batch_op.drop_index("ix_inbox_chat")
        batch_op.create_index("ix_inbox_waiting", ["id"], **only("state = 'waiting'"))
        batch_op.create_index("ix_inbox_aside", ["id"], **only("state = 'set_aside'"))
        batch_op.create_index("ix_inbox_chat", ["chat", "id"], **only("state = 'waiting'"))


def downgrade() -> None:
    with op.batch_alter_table("inbox", schema=None) as batch_op:
        batch_op.drop_index("ix_inbox_chat")
        batch_op.drop_index("ix_inbox_aside")
        batch_op.drop_index("ix_inbox_waiting")
        batch_op.create_index("ix_inbox_chat", ["chat", "state", "id"], unique=False)
        batch_op.create_index("ix_inbox_state", ["state", "id"], unique=False)

    with op.batch_alter_table("outbox", schema=None) as batch_op:
        batch_op.drop_index("ix_outbox_holds")
        batch_op.drop_index("ix_outbox_topic")
        batch_op.drop_index("ix_outbox_queue")
        batch_op.drop_index("ix_outbox_due")
        batch_op.drop_index("uq_outbox_dedupe")
        batch_op.drop_column("holds")
        batch_op.create_unique_constraint("uq_outbox_dedupe", ["dedupe"])
        batch_op.create_index("ix_outbox_topic", ["topic", "state"], unique=False)
        batch_op.create_index("ix_outbox_queue", ["queue", "state"], unique=False)
        batch_op.create_index("ix_outbox_due", ["state", "lane", "id"], unique=False)
