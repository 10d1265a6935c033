"""Add the generation of an account's logins, and when it was disabled or removed."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0005"
down_revision: str | None = "0004"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    """Add the columns; every account is enabled, and everybody logs in once more."""
    op.add_column("accounts", sa.Column("generation", sa.Integer(), server_default="0", nullable=False))
    op.add_column("accounts", sa.Column("disabled_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("accounts", sa.Column("removed_at", sa.DateTime(timezone=True), nullable=True))


def downgrade() -> None:
    """Drop the columns. An account that was disabled could then log in again, so those lose their password."""
    op.execute("UPDATE accounts SET password_hash = '' WHERE disabled_at IS NOT NULL")
    for name in ("removed_at", "disabled_at", "generation"):
        op.drop_column("accounts", name)
