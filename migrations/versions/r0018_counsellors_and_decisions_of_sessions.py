"""Keep in each session's row who wrote in it and what was decided, so that a list looks nothing up for each session."""

from collections.abc import Sequence
from typing import Final

import sqlalchemy as sa
from alembic import op

revision: str = "0018"
down_revision: str | None = "0017"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

# Neither a platform's name nor a pseudonym has a slash.
_KEYS: Final = """coalesce((
    SELECT array_agg(c.tenant || '/' || c.counsellor ORDER BY c.position, c.counsellor)
    FROM public.session_counsellors c WHERE c.session_id = s.session_id), '{}')"""
_DECIDED: Final = "(SELECT max(d.revision) FROM public.decisions d WHERE d.session_id = s.session_id)"
_COLUMNS: Final = {"session_counsellors": ("counsellor_keys", _KEYS), "decisions": ("decided_revision", _DECIDED)}
# Triggers, so that the row is right whoever writes, a stage of an earlier version included. They run as the owner,
# since the stage that stores decisions may not change sessions.
_FUNCTION: Final = """
CREATE FUNCTION public.counterpoint_keep_{column}() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
  UPDATE public.sessions s SET {column} = {value} WHERE s.session_id IN (SELECT c.session_id FROM changed c);
  RETURN NULL;
END $$
"""
_TRIGGER: Final = """
CREATE TRIGGER counterpoint_keep_{column}_{event} AFTER {event} ON public.{table}
REFERENCING {rows} TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION public.counterpoint_keep_{column}()
"""
_FILL: Final = f"UPDATE public.sessions s SET counsellor_keys = {_KEYS}, decided_revision = {_DECIDED}"  # noqa: S608
_EVENTS: Final = {"INSERT": "NEW", "UPDATE": "NEW", "DELETE": "OLD"}
"""What happens to a row, and whether it is read as it is afterwards or as it was before."""


def upgrade() -> None:
    """Add and fill the columns, let the database keep them, and add the indexes by which lists are read.

    All migrations are one transaction. Whoever reads or writes sessions, or writes their counsellors or decisions,
    waits until the columns are filled and the indexes built.
    """
    op.execute("SET LOCAL statement_timeout = '10min'")
    op.create_index(op.f("ix_decisions_decided_at_session_id"), "decisions", ["decided_at", "session_id"])
    op.add_column(
        "sessions", sa.Column("counsellor_keys", sa.ARRAY(sa.Text()), server_default=sa.text("'{}'"), nullable=False)
    )
    op.add_column("sessions", sa.Column("decided_revision", sa.Integer(), nullable=True))
    for table, (column, value) in _COLUMNS.items():
        op.execute(_FUNCTION.format(column=column, value=value))
        for event, rows in _EVENTS.items():
            op.execute(_TRIGGER.format(column=column, event=event, table=table, rows=rows))
    op.execute(_FILL)
    # Last, since this writes the table anew, without what the filling has left behind.
    decided = sa.Computed("NOT (decided_revision IS DISTINCT FROM revision)", persisted=True)
    op.add_column("sessions", sa.Column("decided", sa.Boolean(), decided, nullable=True))
    op.create_index(op.f("ix_sessions_ended_at_session_id"), "sessions", ["ended_at", "session_id"])
    op.create_index(
        "ix_sessions_waiting",
        "sessions",
        ["need", "ended_at", "session_id"],
        postgresql_where=sa.text("NOT decided"),
    )


def downgrade() -> None:
    """Drop all of it. The policy of the sessions goes too: web and digest see none until roles are applied again."""
    op.drop_index("ix_sessions_waiting", table_name="sessions")
    op.drop_index(op.f("ix_sessions_ended_at_session_id"), table_name="sessions")
    op.drop_column("sessions", "decided")
    for table, (column, _) in _COLUMNS.items():
        for event in _EVENTS:
            op.execute(f"DROP TRIGGER counterpoint_keep_{column}_{event} ON public.{table}")
        op.execute(f"DROP FUNCTION public.counterpoint_keep_{column}()")
        op.execute(f"ALTER TABLE public.sessions DROP COLUMN {column} CASCADE")
    op.drop_index(op.f("ix_decisions_decided_at_session_id"), table_name="decisions")
