"""Add to a claim the revision that its supervisor has opened, so that what was read can be released together."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0011"
down_revision: str | None = "0010"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    """Add the column; of the claims before, nobody knows what was opened."""
    op.add_column("claims", sa.Column("read_revision", sa.Integer(), nullable=True))


def downgrade() -> None:
    """Drop the column."""
    op.drop_column("claims", "read_revision")
