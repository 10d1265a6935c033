"""Add a model's confidence, the sign of planted text and the choice of moments to show, and make room for its need.

Of the moments stored before, those that a model rejected are not shown any more; the others stay as they were read.
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0007"
down_revision: str | None = "0006"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    """Add the columns, and renumber the needs from 4, which is now that of planted text."""
    op.add_column("answers", sa.Column("confidence", sa.Float(), nullable=True))
    op.add_column("answers", sa.Column("possible_injection", sa.Boolean(), server_default=sa.false(), nullable=False))
    op.add_column("exchanges", sa.Column("shown", sa.Boolean(), server_default=sa.true(), nullable=False))
    op.execute(
        "UPDATE exchanges SET shown = false FROM answers WHERE answers.exchange_id = exchanges.exchange_id"
        " AND answers.superseded_by IS NULL AND answers.verdict = 'rejected'"
    )
    op.execute("UPDATE sessions SET need = need + 1 WHERE need >= 4")


def downgrade() -> None:
    """Drop the columns and restore the numbers; planted text becomes the need after it."""
    op.execute("UPDATE sessions SET need = need - 1 WHERE need > 4")
    op.drop_column("exchanges", "shown")
    op.drop_column("answers", "possible_injection")
    op.drop_column("answers", "confidence")
