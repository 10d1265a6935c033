"""Keep in each session's row as what and when it was decided, and read the lists and their numbers from indexes."""

from collections.abc import Sequence
from typing import Final

import sqlalchemy as sa
from alembic import op

revision: str = "0030"
down_revision: str | None = "0029"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

_LATEST: Final = """(decided_revision, decided_as, decided_at) = (
    SELECT d.revision, d.kind, d.decided_at FROM public.decisions d
    WHERE d.session_id = s.session_id ORDER BY d.revision DESC LIMIT 1)"""
_LATEST_BEFORE: Final = (
    "decided_revision = (SELECT max(d.revision) FROM public.decisions d WHERE d.session_id = s.session_id)"
)
_FUNCTION: Final = """
CREATE OR REPLACE FUNCTION public.counterpoint_keep_decided_revision() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
  UPDATE public.sessions s SET {latest} WHERE s.session_id IN (SELECT c.session_id FROM changed c);
  RETURN NULL;
END $$
"""
# What says who may see a session, so that a list is counted without a look at the rows themselves.
_SCOPE: Final = ("tenant", "counsellor_keys", "state", "restricted")
_INDEXES: Final = {
    "ix_sessions_waiting": (
        ["need", "ended_at", "session_id"],
        [*_SCOPE, "left_out", "decided"],
        "NOT decided AND (left_out IS NULL OR need = 0)",
    ),
    "ix_sessions_decided": (
        ["decided_at", "session_id"],
        [*_SCOPE, "decided_as", "left_out", "need", "ended_at", "decided"],
        "decided",
    ),
    "ix_sessions_left_out": (
        ["ended_at", "session_id"],
        [*_SCOPE, "left_out", "need"],
        "left_out IS NOT NULL AND need <> 0",
    ),
}


def upgrade() -> None:
    """Add and fill the columns, let the trigger of decisions keep them, and build the indexes.

    All migrations are one transaction, so whoever writes sessions or decisions waits until the indexes are built.
    """
    op.execute("SET LOCAL statement_timeout = '10min'")
    op.add_column("sessions", sa.Column("decided_as", sa.String(), nullable=True))
    op.add_column("sessions", sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True))
    op.execute(_FUNCTION.format(latest=_LATEST))
    op.execute(f"UPDATE public.sessions s SET {_LATEST} WHERE decided_revision IS NOT NULL")  # noqa: S608 - constants
    op.drop_index("ix_sessions_waiting", table_name="sessions")
    for name, (columns, more, which) in _INDEXES.items():
        op.create_index(name, "sessions", columns, postgresql_include=more, postgresql_where=sa.text(which))
    op.create_index(op.f("ix_claims_until"), "claims", ["until"])


def downgrade() -> None:
    """Drop the columns and the indexes, and restore the trigger and the index of before."""
    op.drop_index(op.f("ix_claims_until"), table_name="claims")
    for name in _INDEXES:
        op.drop_index(name, table_name="sessions")
    op.create_index(
        "ix_sessions_waiting",
        "sessions",
        ["need", "ended_at", "session_id"],
        postgresql_where=sa.text("NOT decided"),
    )
    op.execute(_FUNCTION.format(latest=_LATEST_BEFORE))
    op.drop_column("sessions", "decided_at")
    op.drop_column("sessions", "decided_as")
