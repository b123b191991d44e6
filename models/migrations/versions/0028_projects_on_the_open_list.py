"""Projects on the open list: bids, reviewers and their scores, milestones, and what those who asked are to hear"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from models.base import Json, Key, Moment

revision = "0028"
down_revision = "0027"
branch_labels = None
depends_on = None

NEW = ("criteria", "reward", "bids_until", "award_reason", "awarded_at", "end_reason", "ended_at")

# The verdict that counts is what was said last; a project that was stopped says so itself from now on.
STOPPED = """
UPDATE projects SET state = 'stopped', ended_at = (
    SELECT max(said_at) FROM surveys WHERE surveys.project_id = projects.id AND said_at IS NOT NULL
) WHERE 'stop' = (
    SELECT verdict FROM surveys WHERE surveys.project_id = projects.id AND verdict IS NOT NULL AND said_at IS NOT NULL
    ORDER BY said_at DESC, id DESC LIMIT 1
)
"""


def upgrade() -> None:
    with op.batch_alter_table("projects") as batch:
        batch.add_column(sa.Column("version", sa.Integer(), nullable=False, server_default="1"))
        batch.add_column(sa.Column("criteria", Json, nullable=True))
        batch.add_column(sa.Column("reward", sa.String(), nullable=True))
        batch.add_column(sa.Column("bids_until", Moment(), nullable=True))
        batch.add_column(sa.Column("award_reason", Json, nullable=True))
        batch.add_column(sa.Column("awarded_at", Moment(), nullable=True))
        batch.add_column(sa.Column("end_reason", Json, nullable=True))
        batch.add_column(sa.Column("ended_at", Moment(), nullable=True))
    with op.batch_alter_table("projects") as batch:
        batch.alter_column("version", server_default=None)
    op.execute(STOPPED)
    op.create_table(
        "bids",
        sa.Column("id", Key, nullable=False),
        sa.Column("project_id", Key, nullable=False),
        sa.Column("state", sa.String(24), nullable=False),
        sa.Column("tag", sa.String(), nullable=True),
        sa.Column("sealed", sa.LargeBinary(), nullable=True),
        sa.Column("person_id", Key, nullable=True),
        sa.Column("kind", sa.String(24), nullable=True),
        sa.Column("name", sa.String(), nullable=True),
        sa.Column("plan", sa.String(), nullable=True),
        sa.Column("interests", sa.String(), nullable=True),
        sa.Column("known", Json, nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_bids"),
        sa.ForeignKeyConstraint(["project_id"], ["projects.id"], name="fk_bids_project_id"),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name="fk_bids_person_id"),
        sa.UniqueConstraint("tag", name="uq_bids_tag"),
    )
    op.create_index("ix_bids_project_id", "bids", ["project_id"])
    op.create_index("ix_bids_person_id", "bids", ["person_id"])
    op.create_table(
        "bid_reviews",
        sa.Column("project_id", Key, nullable=False),
        sa.Column("person_id", Key, nullable=False),
        sa.Column("part", sa.String(24), nullable=False),
        sa.Column("tie", sa.String(24), nullable=True),
        sa.PrimaryKeyConstraint("project_id", "person_id", name="pk_bid_reviews"),
        sa.ForeignKeyConstraint(["project_id"], ["projects.id"], name="fk_bid_reviews_project_id"),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name="fk_bid_reviews_person_id"),
    )
    op.create_index("ix_bid_reviews_person_id", "bid_reviews", ["person_id"])
    op.create_table(
        "bid_scores",
        sa.Column("bid_id", Key, nullable=False),
        sa.Column("person_id", Key, nullable=False),
        sa.Column("points", Json, nullable=False),
        sa.PrimaryKeyConstraint("bid_id", "person_id", name="pk_bid_scores"),
        sa.ForeignKeyConstraint(["bid_id"], ["bids.id"], name="fk_bid_scores_bid_id"),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name="fk_bid_scores_person_id"),
    )
    op.create_table(
        "milestones",
        sa.Column("id", Key, nullable=False),
        sa.Column("project_id", Key, nullable=False),
        sa.Column("what", sa.String(), nullable=False),
        sa.Column("due", sa.Date(), nullable=False),
        sa.Column("state", sa.String(24), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("evidence", Json, nullable=False),
        sa.Column("missing", sa.String(), nullable=True),
        sa.Column("reminded", sa.Boolean(), nullable=False),
        sa.Column("accepted_at", Moment(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_milestones"),
        sa.ForeignKeyConstraint(["project_id"], ["projects.id"], name="fk_milestones_project_id"),
    )
    op.create_index("ix_milestones_project_id", "milestones", ["project_id"])
    op.create_table(
        "project_tidings",
        sa.Column("id", Key, nullable=False),
        sa.Column("project_id", Key, nullable=False),
        sa.Column("text", sa.String(), nullable=False),
        sa.Column("params", Json, nullable=False),
        sa.Column("nameless", sa.Boolean(), nullable=False),
        sa.Column("told_to", Key, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_project_tidings"),
        sa.ForeignKeyConstraint(["project_id"], ["projects.id"], name="fk_project_tidings_project_id"),
    )


def downgrade() -> None:
    for table in ("project_tidings", "milestones", "bid_scores", "bid_reviews", "bids"):
        op.drop_table(table)
    op.execute("UPDATE projects SET state = 'suggested'")
    with op.batch_alter_table("projects") as batch:
        for column in (*NEW, "version"):
            batch.drop_column(column)
