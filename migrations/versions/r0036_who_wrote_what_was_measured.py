"""Let measures whose session is not stored yet say who wrote in it, so that an erasure of a person finds them."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "0036"
down_revision: str | None = "0035"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    """Add the column; of what is stored it is not known who wrote."""
    op.add_column("measures", sa.Column("people", postgresql.ARRAY(sa.Text()), nullable=True))


def downgrade() -> None:
    """Drop the column; an erasure of a person then removes all measures whose session is not stored yet."""
    op.drop_column("measures", "people")
