"""Add the table of measures: numbers and labels of sessions; `counterpoint database roles` says who may use it."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "0033"
down_revision: str | None = "0032"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    """Create the table."""
    op.create_table(
        "measures",
        sa.Column("session_id", sa.Uuid(), nullable=False),
        sa.Column("tenant", sa.String(), nullable=False),
        sa.Column("conversation_id", sa.String(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("first_appended_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_appended_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("reader", sa.String(), nullable=False),
        sa.Column("absent", sa.String(), nullable=True),
        sa.Column("turns", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("measures", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("stored_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("session_id", name=op.f("pk_measures")),
    )
    op.create_index(op.f("ix_measures_tenant_conversation_id"), "measures", ["tenant", "conversation_id"])
    op.create_index(op.f("ix_measures_last_appended_at"), "measures", ["last_appended_at"])


def downgrade() -> None:
    """Drop the table with all that was said."""
    op.drop_table("measures")
