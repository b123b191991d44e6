"""Who may use it, and who is forgotten"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from models.base import Key, Moment, one_of
from models.people import Audience

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("people", sa.Column("admitted", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.create_table(
        "roster",
        sa.Column("id", Key, nullable=False),
        sa.Column("number_tag", sa.String(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("digest", sa.String(), nullable=False),
        sa.Column("college", sa.String(), nullable=False),
        sa.Column("level", sa.String(), nullable=False),
        sa.Column("audience", one_of(Audience), nullable=True),
        sa.Column("building", sa.String(), nullable=True),
        sa.Column("floor", sa.String(), nullable=True),
        sa.Column("code_tag", sa.String(), nullable=True),
        sa.Column("code_until", Moment(), nullable=True),
        sa.Column("person_id", Key, nullable=True),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name=op.f("fk_roster_person_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_roster")),
        sa.UniqueConstraint("number_tag", name=op.f("uq_roster_number_tag")),
        sa.UniqueConstraint("person_id", name=op.f("uq_roster_person_id")),
    )
    op.create_index("ix_roster_building", "roster", ["building", "floor"])
    op.create_table(
        "rotations",
        sa.Column("id", Key, nullable=False),
        sa.Column("begun_at", Moment(), nullable=False),
        sa.Column("ends_at", Moment(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_rotations")),
    )
    op.create_table(
        "knocks",
        sa.Column("tag", sa.String(), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column("until", Moment(), nullable=False),
        sa.PrimaryKeyConstraint("tag", name=op.f("pk_knocks")),
    )
    op.create_table(
        "partings",
        sa.Column("requester_id", Key, nullable=False),
        sa.Column("due", Moment(), nullable=False),
        sa.ForeignKeyConstraint(["requester_id"], ["requesters.id"], name=op.f("fk_partings_requester_id")),
        sa.PrimaryKeyConstraint("requester_id", name=op.f("pk_partings")),
    )
    op.create_index(op.f("ix_partings_due"), "partings", ["due"])


def downgrade() -> None:
    op.drop_index(op.f("ix_partings_due"), table_name="partings")
    op.drop_table("partings")
    op.drop_table("knocks")
    op.drop_table("rotations")
    op.drop_index("ix_roster_building", table_name="roster")
    op.drop_table("roster")
    op.drop_column("people", "admitted")
