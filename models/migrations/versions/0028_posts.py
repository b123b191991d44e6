"""Posts and terms, the rota of the executive chair with its handover, and post exchange"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from models.base import Json, Key, Moment

revision = "0028"
down_revision = "0027"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "posts",
        sa.Column("id", Key, nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("rank", sa.String(24), nullable=False),
        sa.Column("department", sa.String(), nullable=True),
        sa.Column("names", Json, nullable=False),
        sa.Column("closed", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_posts"),
        sa.UniqueConstraint("key", name="uq_posts_key"),
    )
    op.create_table(
        "post_terms",
        sa.Column("id", Key, nullable=False),
        sa.Column("post_id", Key, nullable=False),
        sa.Column("person_id", Key, nullable=True),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("starts", sa.Date(), nullable=False),
        sa.Column("ends", sa.Date(), nullable=False),
        sa.Column("chosen", sa.String(24), nullable=False),
        sa.Column("decided_on", sa.Date(), nullable=False),
        sa.Column("told", sa.Integer(), nullable=True),
        sa.Column("appointed_by_id", Key, nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_post_terms"),
        sa.ForeignKeyConstraint(["post_id"], ["posts.id"], name="fk_post_terms_post_id"),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name="fk_post_terms_person_id"),
        sa.ForeignKeyConstraint(["appointed_by_id"], ["people.id"], name="fk_post_terms_appointed_by_id"),
    )
    op.create_index("ix_post_terms_post_id", "post_terms", ["post_id"])
    op.create_index("ix_post_terms_person_id", "post_terms", ["person_id"])
    op.create_index("ix_post_terms_ends", "post_terms", ["ends"])
    op.create_table(
        "chair_turns",
        sa.Column("id", Key, nullable=False),
        sa.Column("term_id", Key, nullable=False),
        sa.Column("starts", sa.Date(), nullable=False),
        sa.Column("ends", sa.Date(), nullable=False),
        sa.Column("begun", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_chair_turns"),
        sa.ForeignKeyConstraint(["term_id"], ["post_terms.id"], name="fk_chair_turns_term_id"),
        sa.UniqueConstraint("starts", name="uq_chair_turns_starts"),
    )
    op.create_index("ix_chair_turns_term_id", "chair_turns", ["term_id"])
    op.create_table(
        "post_exchanges",
        sa.Column("id", Key, nullable=False),
        sa.Column("one_id", Key, nullable=False),
        sa.Column("other_id", Key, nullable=False),
        sa.Column("starts", sa.Date(), nullable=False),
        sa.Column("state", sa.String(24), nullable=False),
        sa.Column("proposed_by_id", Key, nullable=False),
        sa.Column("one_agreed_at", Moment(), nullable=True),
        sa.Column("other_agreed_at", Moment(), nullable=True),
        sa.Column("ended_by_id", Key, nullable=True),
        sa.Column("ended_at", Moment(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_post_exchanges"),
        sa.ForeignKeyConstraint(["one_id"], ["post_terms.id"], name="fk_post_exchanges_one_id"),
        sa.ForeignKeyConstraint(["other_id"], ["post_terms.id"], name="fk_post_exchanges_other_id"),
        sa.ForeignKeyConstraint(["proposed_by_id"], ["people.id"], name="fk_post_exchanges_proposed_by_id"),
        sa.ForeignKeyConstraint(["ended_by_id"], ["people.id"], name="fk_post_exchanges_ended_by_id"),
    )
    op.create_index("ix_post_exchanges_state", "post_exchanges", ["state"])
    with op.batch_alter_table("handovers") as batch_op:
        batch_op.add_column(sa.Column("turn_id", Key, nullable=True))
        batch_op.add_column(sa.Column("matters", Json, nullable=True))
        batch_op.create_foreign_key("fk_handovers_turn_id", "chair_turns", ["turn_id"], ["id"])


def downgrade() -> None:
    with op.batch_alter_table("handovers") as batch_op:
        batch_op.drop_constraint("fk_handovers_turn_id", type_="foreignkey")
        batch_op.drop_column("matters")
        batch_op.drop_column("turn_id")
    for table in ("post_exchanges", "chair_turns", "post_terms", "posts"):
        op.drop_table(table)
