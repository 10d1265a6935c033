"""Find the sessions of a therapist's trend in an index, and the answer of each moment without those beside it."""

from collections.abc import Sequence
from typing import Final

import sqlalchemy as sa
from alembic import op

revision: str = "0035"
down_revision: str | None = "0034"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

_DECIDED: Final = "ix_sessions_decided"
_INCLUDED: Final = (
    *("tenant", "counsellor_keys", "state", "restricted"),
    *("decided_as", "left_out", "need", "ended_at", "decided"),
)
_BY_SESSION: Final = "ix_answers_session_id"
_BY_MOMENT: Final = "ix_answers_session_id_exchange_id"


def upgrade() -> None:
    """Build both indexes anew, with one column more; whoever writes sessions or answers waits meanwhile."""
    op.execute("SET LOCAL statement_timeout = '10min'")
    _replace_decided([*_INCLUDED, "started_at"])
    op.create_index(op.f(_BY_MOMENT), "answers", ["session_id", "exchange_id"])
    op.drop_index(op.f(_BY_SESSION), table_name="answers")


def downgrade() -> None:
    """Build the indexes of before."""
    op.create_index(op.f(_BY_SESSION), "answers", ["session_id"])
    op.drop_index(op.f(_BY_MOMENT), table_name="answers")
    _replace_decided(list(_INCLUDED))


def _replace_decided(included: list[str]) -> None:
    op.drop_index(_DECIDED, table_name="sessions")
    op.create_index(
        _DECIDED,
        "sessions",
        ["decided_at", "session_id"],
        postgresql_include=included,
        postgresql_where=sa.text("decided"),
    )
