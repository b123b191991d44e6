"""Disclosure: what students say about it in public, and the monthly open figures"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from models.base import Json, Key, Moment

revision = "0032"
down_revision = "0031"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "comments",
        sa.Column("id", Key, nullable=False),
        sa.Column("heading", sa.String(24), nullable=True),
        sa.Column("stage", sa.String(24), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("text", sa.String(), nullable=True),
        sa.Column("at", Moment(), nullable=False),
        sa.Column("person_id", Key, nullable=True),
        sa.Column("salt", sa.String(), nullable=True),
        sa.Column("owner_tag", sa.String(), nullable=True),
        sa.Column("address", sa.LargeBinary(), nullable=True),
        sa.Column("decide_due", Moment(), nullable=False),
        sa.Column("answer_due", Moment(), nullable=False),
        sa.Column("decided_at", Moment(), nullable=True),
        sa.Column("reason", sa.String(24), nullable=True),
        sa.Column("answer", sa.String(), nullable=True),
        sa.Column("answered_at", Moment(), nullable=True),
        sa.Column("leaves_at", Moment(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_comments"),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name="fk_comments_person_id"),
    )
    op.create_index("ix_comments_person_id", "comments", ["person_id"])
    op.create_index("ix_comments_stage", "comments", ["stage", "heading"])
    op.create_table(
        "comment_cards",
        sa.Column("chat_id", sa.BigInteger(), nullable=False),
        sa.Column("message_id", sa.BigInteger(), nullable=False),
        sa.Column("comment_id", Key, nullable=False),
        sa.PrimaryKeyConstraint("chat_id", "message_id", name="pk_comment_cards"),
        sa.ForeignKeyConstraint(["comment_id"], ["comments.id"], name="fk_comment_cards_comment_id"),
    )
    op.create_index("ix_comment_cards_comment_id", "comment_cards", ["comment_id"])
    op.create_table(
        "open_figures",
        sa.Column("month", sa.String(), nullable=False),
        sa.Column("term", sa.String(), nullable=False),
        sa.Column("made_at", Moment(), nullable=False),
        sa.Column("figures", Json, nullable=False),
        sa.PrimaryKeyConstraint("month", name="pk_open_figures"),
    )


def downgrade() -> None:
    op.drop_table("open_figures")
    op.drop_table("comment_cards")
    op.drop_table("comments")
