"""Who is on duty, and what they hand over"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from models.base import Json, Key, Moment

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "shifts",
        sa.Column("id", Key, nullable=False),
        sa.Column("station_id", Key, nullable=False),
        sa.Column("weekday", sa.Integer(), nullable=False),
        sa.Column("starts", sa.Time(), nullable=False),
        sa.Column("ends", sa.Time(), nullable=False),
        sa.Column("first_day", sa.Date(), nullable=False),
        sa.Column("last_day", sa.Date(), nullable=True),
        sa.ForeignKeyConstraint(["station_id"], ["stations.id"], name=op.f("fk_shifts_station_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_shifts")),
    )
    op.create_index(op.f("ix_shifts_station_id"), "shifts", ["station_id"])
    op.create_table(
        "on_shifts",
        sa.Column("shift_id", Key, nullable=False),
        sa.Column("person_id", Key, nullable=False),
        sa.ForeignKeyConstraint(["shift_id"], ["shifts.id"], name=op.f("fk_on_shifts_shift_id")),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name=op.f("fk_on_shifts_person_id")),
        sa.PrimaryKeyConstraint("shift_id", "person_id", name=op.f("pk_on_shifts")),
    )
    op.create_table(
        "swaps",
        sa.Column("id", Key, nullable=False),
        sa.Column("shift_id", Key, nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("giver_id", Key, nullable=False),
        sa.Column("asked_id", Key, nullable=True),
        sa.Column("taker_id", Key, nullable=True),
        sa.Column(
            "state",
            sa.Enum("offered", "taken", "declined", "withdrawn", name="swapstate", native_enum=False, length=24),
            nullable=False,
        ),
        sa.ForeignKeyConstraint(["shift_id"], ["shifts.id"], name=op.f("fk_swaps_shift_id")),
        sa.ForeignKeyConstraint(["giver_id"], ["people.id"], name=op.f("fk_swaps_giver_id")),
        sa.ForeignKeyConstraint(["asked_id"], ["people.id"], name=op.f("fk_swaps_asked_id")),
        sa.ForeignKeyConstraint(["taker_id"], ["people.id"], name=op.f("fk_swaps_taker_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_swaps")),
    )
    op.create_index(op.f("ix_swaps_shift_id_day"), "swaps", ["shift_id", "day"])
    op.create_table(
        "handovers",
        sa.Column("id", Key, nullable=False),
        sa.Column("station_id", Key, nullable=False),
        sa.Column("at", Moment(), nullable=False),
        sa.Column("tickets", Json, nullable=False),
        sa.ForeignKeyConstraint(["station_id"], ["stations.id"], name=op.f("fk_handovers_station_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_handovers")),
        sa.UniqueConstraint("station_id", "at", name=op.f("uq_handovers_station_id_at")),
    )
    op.create_table(
        "handover_sides",
        sa.Column("handover_id", Key, nullable=False),
        sa.Column("side", sa.Enum("outgoing", "incoming", name="side", native_enum=False, length=24), nullable=False),
        sa.Column("people", Json, nullable=False),
        sa.Column("since", Moment(), nullable=False),
        sa.Column("signed_by_id", Key, nullable=True),
        sa.Column("signed_at", Moment(), nullable=True),
        sa.Column("reminded_at", Moment(), nullable=True),
        sa.Column("told_at", Moment(), nullable=True),
        sa.ForeignKeyConstraint(["handover_id"], ["handovers.id"], name=op.f("fk_handover_sides_handover_id")),
        sa.ForeignKeyConstraint(["signed_by_id"], ["people.id"], name=op.f("fk_handover_sides_signed_by_id")),
        sa.PrimaryKeyConstraint("handover_id", "side", name=op.f("pk_handover_sides")),
    )


def downgrade() -> None:
    for table in ("handover_sides", "handovers"):
        op.drop_table(table)
    op.drop_index(op.f("ix_swaps_shift_id_day"), table_name="swaps")
    op.drop_table("swaps")
    op.drop_table("on_shifts")
    op.drop_index(op.f("ix_shifts_station_id"), table_name="shifts")
    op.drop_table("shifts")
