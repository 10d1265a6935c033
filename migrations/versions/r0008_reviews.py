"""Add the claims of sessions and the labels of statements, with which a supervisor reviews."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "0008"
down_revision: str | None = "0007"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    """Create the tables; sessions that were decided before have no claim and no label."""
    op.create_table(
        "claims",
        sa.Column("session_id", sa.Uuid(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("until", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.account_id"], name=op.f("fk_claims_account_id")),
        sa.ForeignKeyConstraint(
            ["session_id"], ["sessions.session_id"], name=op.f("fk_claims_session_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("session_id", name=op.f("pk_claims")),
    )
    op.create_table(
        "labels",
        sa.Column("number", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("session_id", sa.Uuid(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("exchange_id", sa.Uuid(), nullable=False),
        sa.Column("assessment_id", sa.Uuid(), nullable=False),
        sa.Column("statement", sa.String(), nullable=False),
        sa.Column("judgement", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=True),
        sa.Column("level", sa.Integer(), nullable=True),
        sa.Column("machine", postgresql.JSONB(), nullable=False),
        sa.Column("model", postgresql.JSONB(), nullable=False),
        sa.Column("rubric", sa.String(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("said_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.account_id"], name=op.f("fk_labels_account_id")),
        sa.ForeignKeyConstraint(
            ["assessment_id"], ["answers.assessment_id"], name=op.f("fk_labels_assessment_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["session_id"], ["sessions.session_id"], name=op.f("fk_labels_session_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_labels")),
    )
    op.create_index(
        op.f("ix_labels_assessment_id_statement_number"), "labels", ["assessment_id", "statement", "number"]
    )
    op.create_index(op.f("ix_labels_session_id"), "labels", ["session_id"])


def downgrade() -> None:
    """Drop the tables. What reviews withheld would be shown then, so released sessions with labels are withheld."""
    op.execute("UPDATE decisions SET kind = 'withheld' WHERE session_id IN (SELECT session_id FROM labels)")
    op.drop_table("labels")
    op.drop_table("claims")
