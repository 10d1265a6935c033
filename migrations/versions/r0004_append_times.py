"""Add the broker's append times of a session's first and last message, on which rights and retention run.

Sessions stored before have none. For them the first one is the earlier of what the sender's clock and the broker said,
so that an erasure in doubt removes; the last one is the broker's time of the close.
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0004"
down_revision: str | None = "0003"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

_BY_START = "ix_sessions_tenant_conversation_id_started_at"
_BY_APPEND_TIME = "ix_sessions_tenant_conversation_id_first_appended_at"


def upgrade() -> None:
    """Add the columns, fill them for stored sessions, and replace the index."""
    for name in ("first_appended_at", "last_appended_at"):
        op.add_column("sessions", sa.Column(name, sa.DateTime(timezone=True), nullable=True))
    op.execute("UPDATE sessions SET first_appended_at = least(started_at, closed_at), last_appended_at = closed_at")
    for name in ("first_appended_at", "last_appended_at"):
        op.alter_column("sessions", name, nullable=False)
    op.drop_index(_BY_START, table_name="sessions")
    op.create_index(_BY_APPEND_TIME, "sessions", ["tenant", "conversation_id", "first_appended_at"])


def downgrade() -> None:
    """Remove the columns and restore the index."""
    op.drop_index(_BY_APPEND_TIME, table_name="sessions")
    op.create_index(_BY_START, "sessions", ["tenant", "conversation_id", "started_at"])
    for name in ("last_appended_at", "first_appended_at"):
        op.drop_column("sessions", name)
