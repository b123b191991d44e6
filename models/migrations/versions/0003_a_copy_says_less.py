"""A copy of the database says less: conversations are sealed, and one act leaves no mark in two places

What somebody is in the middle of saying cannot be sealed here, because the key is not at hand: drafts end. For the same
reason anonymous tickets that are open now are answered in the union's first language.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from models.base import Json
from models.similar import marks

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

# Columns are dropped and added where they are: SQLite refuses to make a table anew that others point to.


def upgrade() -> None:
    op.drop_table("conversations")
    op.create_table(
        "conversations",
        sa.Column("place", sa.String(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.PrimaryKeyConstraint("place", name=op.f("pk_conversations")),
    )
    op.add_column("people", sa.Column("agreed", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.execute("UPDATE people SET agreed = true WHERE consent_on IS NOT NULL")
    op.drop_column("people", "consent_on")
    op.execute(
        "UPDATE outbox SET reason = 'blocked' WHERE state = 'failed' AND requester_id IN "
        "(SELECT id FROM requesters WHERE reachable = false)"
    )
    op.drop_column("people", "reachable")
    op.drop_column("requesters", "reachable")
    op.drop_column("requesters", "language")
    op.add_column("tickets", sa.Column("marks", sa.LargeBinary(), nullable=False, server_default=sa.text("''")))
    tickets = sa.table("tickets", sa.column("id"), sa.column("folded"), sa.column("marks", sa.LargeBinary()))
    connection = op.get_bind()
    for number, folded in connection.execute(sa.select(tickets.c.id, tickets.c.folded)).all():
        # As the program reads them, whichever it is: were they ever made otherwise, all would be made anew.
        connection.execute(tickets.update().where(tickets.c.id == number).values(marks=marks(folded)))


def downgrade() -> None:
    op.drop_column("tickets", "marks")
    op.add_column("requesters", sa.Column("language", sa.String(), nullable=False, server_default="zh-hans"))
    op.add_column("requesters", sa.Column("reachable", sa.Boolean(), nullable=False, server_default=sa.true()))
    op.add_column("people", sa.Column("reachable", sa.Boolean(), nullable=False, server_default=sa.true()))
    op.add_column("people", sa.Column("consent_on", sa.Date(), nullable=True))
    op.execute("UPDATE people SET consent_on = CURRENT_DATE WHERE agreed = true")
    op.drop_column("people", "agreed")
    op.drop_table("conversations")
    op.create_table(
        "conversations",
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=True),
        sa.Column("data", Json, nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_conversations")),
    )
