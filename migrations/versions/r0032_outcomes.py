"""Add the table of outcomes: ratings and scores of instruments; `counterpoint database roles` says who may use it."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0032"
down_revision: str | None = "0031"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    """Create the table."""
    op.create_table(
        "outcomes",
        sa.Column("outcome_key", sa.Uuid(), nullable=False),
        sa.Column("tenant", sa.String(), nullable=False),
        sa.Column("conversation_id", sa.String(), nullable=False),
        sa.Column("session_id", sa.Uuid(), nullable=True),
        sa.Column("instrument", sa.String(), nullable=False),
        sa.Column("score", sa.Float(), nullable=False),
        sa.Column("occasion", sa.String(), nullable=False),
        sa.Column("given_by", sa.String(), nullable=False),
        sa.Column("author", sa.String(), nullable=False),
        sa.Column("given_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("secondary_use", sa.Boolean(), nullable=False),
        sa.Column("appended_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("stored_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("outcome_key", name=op.f("pk_outcomes")),
    )
    op.create_index(op.f("ix_outcomes_tenant_conversation_id"), "outcomes", ["tenant", "conversation_id"])
    op.create_index(op.f("ix_outcomes_tenant_author"), "outcomes", ["tenant", "author"])
    op.create_index(op.f("ix_outcomes_appended_at"), "outcomes", ["appended_at"])


def downgrade() -> None:
    """Remove the tokens whose scope an earlier version does not know, and drop the table with all outcomes."""
    op.execute("DELETE FROM api_tokens WHERE scopes ? 'outcomes.write'")
    op.drop_table("outcomes")
