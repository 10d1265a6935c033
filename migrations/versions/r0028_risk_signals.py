"""Add the table of risk signals, with what became of each; `counterpoint database roles` says who may use it."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "0028"
down_revision: str | None = "0027"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    """Create the table."""
    op.create_table(
        "risk_signals",
        sa.Column("signal_id", sa.Uuid(), nullable=False),
        sa.Column("tenant", sa.String(), nullable=False),
        sa.Column("conversation_id", sa.String(), nullable=False),
        sa.Column("session_id", sa.Uuid(), nullable=False),
        sa.Column("message_id", sa.String(), nullable=False),
        sa.Column("revision", sa.BigInteger(), nullable=False),
        sa.Column("concerns", postgresql.JSONB(), nullable=False),
        sa.Column("heard_by", postgresql.JSONB(), nullable=False),
        sa.Column("appended_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("stored_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("escalation_tries", sa.Integer(), nullable=False),
        sa.Column("next_try_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("escalated_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("acknowledged_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("action", sa.String(), nullable=True),
        sa.PrimaryKeyConstraint("signal_id", name=op.f("pk_risk_signals")),
    )
    op.create_index(op.f("ix_risk_signals_tenant_conversation_id"), "risk_signals", ["tenant", "conversation_id"])
    op.create_index(op.f("ix_risk_signals_appended_at"), "risk_signals", ["appended_at"])


def downgrade() -> None:
    """Remove the tokens whose scope an earlier version does not know, and drop the table."""
    op.execute("DELETE FROM api_tokens WHERE scopes ? 'risk.acknowledge'")
    op.drop_table("risk_signals")
