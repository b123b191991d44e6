"""Tickets are merged, split, assigned, tagged and linked to a project"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from models.base import Key, Moment

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "colleagues",
        sa.Column("station_id", Key, nullable=False),
        sa.Column("person_id", Key, nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("gone", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["station_id"], ["stations.id"], name=op.f("fk_colleagues_station_id")),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name=op.f("fk_colleagues_person_id")),
        sa.PrimaryKeyConstraint("station_id", "person_id", name=op.f("pk_colleagues")),
    )
    op.create_table(
        "projects",
        sa.Column("id", Key, nullable=False),
        sa.Column("title", sa.String(), nullable=False),
        sa.Column("station_id", Key, nullable=False),
        sa.Column("state", sa.Enum("suggested", native_enum=False, length=24, name="projectstate"), nullable=False),
        sa.Column("opened_at", Moment(), nullable=False),
        sa.ForeignKeyConstraint(["station_id"], ["stations.id"], name=op.f("fk_projects_station_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_projects")),
    )
    op.create_table(
        "ticket_tags",
        sa.Column("ticket_id", Key, nullable=False),
        sa.Column("tag", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["ticket_id"], ["tickets.id"], name=op.f("fk_ticket_tags_ticket_id")),
        sa.PrimaryKeyConstraint("ticket_id", "tag", name=op.f("pk_ticket_tags")),
    )
    op.create_index(op.f("ix_ticket_tags_tag"), "ticket_tags", ["tag"])
    # Without foreign keys: SQLite adds and drops such a column only by making a table anew that others point to.
    op.add_column("tickets", sa.Column("from_holder_id", Key, nullable=True))
    op.add_column("tickets", sa.Column("raised", sa.Integer(), nullable=False, server_default="0"))
    op.add_column("tickets", sa.Column("split_from_id", Key, nullable=True))
    op.add_column("tickets", sa.Column("project_id", Key, nullable=True))
    op.create_index(op.f("ix_tickets_merged_into_id"), "tickets", ["merged_into_id"])
    op.create_index(op.f("ix_tickets_project_id"), "tickets", ["project_id"])
    op.add_column("requesters", sa.Column("came_from_id", Key, nullable=True))
    op.create_index(op.f("ix_requesters_came_from_id"), "requesters", ["came_from_id"])


def downgrade() -> None:
    op.drop_index(op.f("ix_requesters_came_from_id"), table_name="requesters")
    op.drop_column("requesters", "came_from_id")
    op.drop_index(op.f("ix_tickets_project_id"), table_name="tickets")
    op.drop_index(op.f("ix_tickets_merged_into_id"), table_name="tickets")
    for column in ("project_id", "split_from_id", "raised", "from_holder_id"):
        op.drop_column("tickets", column)
    op.drop_index(op.f("ix_ticket_tags_tag"), table_name="ticket_tags")
    for table in ("ticket_tags", "projects", "colleagues"):
        op.drop_table(table)
