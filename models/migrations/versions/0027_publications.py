"""Publications, who reviewed them, whom they reached, and the topics that people follow"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from models.base import Json, Key, Moment

revision = "0027"
down_revision = "0026"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "publications",
        sa.Column("id", Key, nullable=False),
        sa.Column("kind", sa.String(24), nullable=False),
        sa.Column("topic", sa.String(24), nullable=True),
        sa.Column("heading", sa.String(24), nullable=True),
        sa.Column("stage", sa.String(24), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("texts", Json, nullable=False),
        sa.Column("attachments", Json, nullable=False),
        sa.Column("audience", Json, nullable=False),
        sa.Column("corrects_id", Key, nullable=True),
        sa.Column("writer_id", Key, nullable=True),
        sa.Column("written_at", Moment(), nullable=False),
        sa.Column("send_at", Moment(), nullable=True),
        sa.Column("approved_at", Moment(), nullable=True),
        sa.Column("sent_at", Moment(), nullable=True),
        sa.Column("told_to", Key, nullable=False),
        sa.Column("written", sa.Integer(), nullable=False),
        sa.Column("delivered", sa.Integer(), nullable=False),
        sa.Column("failed", sa.Integer(), nullable=False),
        sa.Column("unknown", sa.Integer(), nullable=False),
        sa.Column("reason", Json, nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_publications"),
        sa.ForeignKeyConstraint(["corrects_id"], ["publications.id"], name="fk_publications_corrects_id"),
        sa.ForeignKeyConstraint(["writer_id"], ["people.id"], name="fk_publications_writer_id"),
    )
    op.create_index("ix_publications_stage", "publications", ["stage"])
    op.create_table(
        "publication_reviews",
        sa.Column("id", Key, nullable=False),
        sa.Column("publication_id", Key, nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("step", sa.String(24), nullable=False),
        sa.Column("person_id", Key, nullable=False),
        sa.Column("at", Moment(), nullable=False),
        sa.Column("note", sa.String(), nullable=True),
        sa.Column("texts", Json, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_publication_reviews"),
        sa.ForeignKeyConstraint(["publication_id"], ["publications.id"], name="fk_publication_reviews_publication_id"),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name="fk_publication_reviews_person_id"),
    )
    op.create_index("ix_publication_reviews_publication_id", "publication_reviews", ["publication_id"])
    op.create_table(
        "deliveries",
        sa.Column("publication_id", Key, nullable=False),
        sa.Column("person_id", Key, nullable=False),
        sa.Column("message_id", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("publication_id", "person_id", name="pk_deliveries"),
        sa.ForeignKeyConstraint(["publication_id"], ["publications.id"], name="fk_deliveries_publication_id"),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name="fk_deliveries_person_id"),
    )
    op.create_index("ix_deliveries_person_id", "deliveries", ["person_id"])
    op.create_table(
        "topic_followers",
        sa.Column("person_id", Key, nullable=False),
        sa.Column("topic", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("person_id", "topic", name="pk_topic_followers"),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name="fk_topic_followers_person_id"),
    )


def downgrade() -> None:
    op.drop_table("topic_followers")
    op.drop_table("deliveries")
    op.drop_table("publication_reviews")
    op.drop_table("publications")
