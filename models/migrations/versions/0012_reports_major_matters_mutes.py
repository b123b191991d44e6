"""Sealed reports, major matters and mutes"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from models.base import Key, Moment

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "cases",
        sa.Column("id", Key, nullable=False),
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("state", sa.String(24), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("filed_at", Moment(), nullable=False),
        sa.Column("due", Moment(), nullable=False),
        sa.Column("told", sa.Integer(), nullable=False),
        sa.Column("delivered", sa.Boolean(), nullable=False),
        sa.Column("closed_at", Moment(), nullable=True),
        sa.Column("head", sa.LargeBinary(), nullable=False),
        sa.Column("salt", sa.String(), nullable=True),
        sa.Column("owner_tag", sa.String(), nullable=True),
        sa.Column("address", sa.LargeBinary(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_cases")),
        sa.UniqueConstraint("code", name=op.f("uq_cases_code")),
    )
    op.create_index("ix_cases_state", "cases", ["state"])
    op.create_table(
        "case_words",
        sa.Column("id", Key, nullable=False),
        sa.Column("case_id", Key, nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_case_words_case_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_case_words")),
    )
    op.create_index(op.f("ix_case_words_case_id"), "case_words", ["case_id"])
    op.create_table(
        "case_rooms",
        sa.Column("chat_tag", sa.String(), nullable=False),
        sa.Column("confirmed_by_id", Key, nullable=False),
        sa.Column("confirmed_at", Moment(), nullable=False),
        sa.ForeignKeyConstraint(["confirmed_by_id"], ["people.id"], name=op.f("fk_case_rooms_confirmed_by_id")),
        sa.PrimaryKeyConstraint("chat_tag", name=op.f("pk_case_rooms")),
    )
    op.create_table(
        "major_matters",
        sa.Column("id", Key, nullable=False),
        sa.Column("ticket_id", Key, nullable=False),
        sa.Column("state", sa.String(24), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("proposed_by_id", Key, nullable=False),
        sa.Column("proposed_at", Moment(), nullable=False),
        sa.Column("decided_by_id", Key, nullable=True),
        sa.Column("decided_at", Moment(), nullable=True),
        sa.Column("remark", sa.String(), nullable=True),
        sa.ForeignKeyConstraint(["ticket_id"], ["tickets.id"], name=op.f("fk_major_matters_ticket_id")),
        sa.ForeignKeyConstraint(["proposed_by_id"], ["people.id"], name=op.f("fk_major_matters_proposed_by_id")),
        sa.ForeignKeyConstraint(["decided_by_id"], ["people.id"], name=op.f("fk_major_matters_decided_by_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_major_matters")),
    )
    op.create_index(op.f("ix_major_matters_ticket_id"), "major_matters", ["ticket_id"])
    op.create_table(
        "major_receipts",
        sa.Column("major_id", Key, nullable=False),
        sa.Column("person_id", Key, nullable=False),
        sa.Column("at", Moment(), nullable=False),
        sa.ForeignKeyConstraint(["major_id"], ["major_matters.id"], name=op.f("fk_major_receipts_major_id")),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name=op.f("fk_major_receipts_person_id")),
        sa.PrimaryKeyConstraint("major_id", "person_id", name=op.f("pk_major_receipts")),
    )
    op.create_table(
        "mutes",
        sa.Column("id", Key, nullable=False),
        sa.Column("tag", sa.String(), nullable=False),
        sa.Column("until", Moment(), nullable=True),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("given_by_id", Key, nullable=False),
        sa.Column("station_id", Key, nullable=False),
        sa.Column("appealed", sa.Boolean(), nullable=False),
        sa.Column("decided", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["given_by_id"], ["people.id"], name=op.f("fk_mutes_given_by_id")),
        sa.ForeignKeyConstraint(["station_id"], ["stations.id"], name=op.f("fk_mutes_station_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_mutes")),
    )
    op.create_index(op.f("ix_mutes_tag"), "mutes", ["tag"])


def downgrade() -> None:
    op.drop_index(op.f("ix_mutes_tag"), table_name="mutes")
    op.drop_table("mutes")
    op.drop_table("major_receipts")
    op.drop_index(op.f("ix_major_matters_ticket_id"), table_name="major_matters")
    op.drop_table("major_matters")
    op.drop_table("case_rooms")
    op.drop_index(op.f("ix_case_words_case_id"), table_name="case_words")
    op.drop_table("case_words")
    op.drop_index("ix_cases_state", table_name="cases")
    op.drop_table("cases")
