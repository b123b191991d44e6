"""Tickets leave traces by which those that read alike are found among very many; indexes for lists and figures"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from models.base import Key, only
from models.similar import traces

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

AT_ONCE = 1000
COUNTED = [
    *("filed_at", "station_id", "from_station_id", "state", "reply_due", "replied_at", "resolve_due", "resolved_at"),
    *("closed_at", "category", "building"),
]


def upgrade() -> None:
    op.create_table(
        "ticket_traces",
        sa.Column("piece", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("building", sa.String(), nullable=False),
        sa.Column("category", sa.String(), nullable=False),
        sa.Column("ticket_id", Key, autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("piece", "building", "category", "ticket_id", name=op.f("pk_ticket_traces")),
        sqlite_with_rowid=False,
    )
    op.add_column("tickets", sa.Column("sought", sa.Boolean(), nullable=False, server_default=sa.true()))
    op.drop_index("ix_tickets_state_building", "tickets")
    op.drop_index("ix_tickets_state_category", "tickets")
    op.create_index("ix_tickets_state_closed_at", "tickets", ["state", "closed_at"])
    op.create_index("ix_tickets_building", "tickets", ["building"])
    op.create_index("ix_tickets_from_station_id", "tickets", ["from_station_id"], **only("from_station_id IS NOT NULL"))
    op.create_index("ix_tickets_figures", "tickets", COUNTED)
    op.create_index("ix_tickets_swept", "tickets", ["closed_at"], **only("sought = true AND closed_at IS NOT NULL"))
    op.create_index("ix_words_requester_id", "words", ["requester_id", "at"])
    _leave_traces()


def _leave_traces() -> None:
    """Of everything: what ended long ago is swept away again by the clock."""
    connection = op.get_bind()
    columns = ("id", "building", "category", "folded")
    known = sa.table("tickets", *(sa.column(name) for name in columns))
    written = sa.table("ticket_traces", *map(sa.column, ("piece", "building", "category", "ticket_id")))
    last = 0
    while True:
        asked = sa.select(*(known.c[name] for name in columns)).where(known.c.id > last).order_by(known.c.id)
        found = connection.execute(asked.limit(AT_ONCE)).all()
        rows = [row for each in found for row in traces(*each)]
        if rows:
            connection.execute(sa.insert(written), rows)
        if len(found) < AT_ONCE:
            return
        last = found[-1].id


def downgrade() -> None:
    op.drop_index("ix_words_requester_id", "words")
    for name in ("swept", "figures", "from_station_id", "building", "state_closed_at"):
        op.drop_index(f"ix_tickets_{name}", "tickets")
    op.create_index("ix_tickets_state_category", "tickets", ["state", "category"])
    op.create_index("ix_tickets_state_building", "tickets", ["state", "building"])
    op.drop_column("tickets", "sought")
    op.drop_table("ticket_traces")
