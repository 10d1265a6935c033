"""Keep no request without its reply: a step of the API and its reply are one transaction from here on."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "0027"
down_revision: str | None = "0024"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    """Forget requests that were never answered, whose process has ended, and require a reply of every other."""
    op.execute("DELETE FROM api_replies WHERE status IS NULL")
    _require_reply(required=True)


def downgrade() -> None:
    """Allow a request without a reply again."""
    _require_reply(required=False)


def _require_reply(*, required: bool) -> None:
    op.alter_column("api_replies", "status", existing_type=sa.Integer(), nullable=not required)
    op.alter_column("api_replies", "result", existing_type=postgresql.JSONB(), nullable=not required)
