"""Add what therapists write to practise, encrypted; and say to a therapist for what purpose a session was read."""

from collections.abc import Sequence
from typing import Final

import sqlalchemy as sa
from alembic import op

revision: str = "0015"
down_revision: str | None = "0014"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

# Temporary tables last, so that none of a caller's own stands before ours.
_PATH: Final = "SET search_path = pg_catalog, public, pg_temp"
# Whatever removes an account removes what its therapist wrote for nobody else. An operator's role may not even see it.
_REMOVE_FUNCTION: Final = f"""
CREATE FUNCTION public.counterpoint_attempts_remove() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER {_PATH} AS $$
BEGIN
  DELETE FROM public.practice_attempts WHERE account_id = NEW.account_id;
  RETURN NULL;
END
$$
"""  # noqa: S608 - constants of this file
_REMOVE_TRIGGER: Final = (
    "CREATE TRIGGER counterpoint_attempts_remove AFTER UPDATE OF removed_at ON public.accounts FOR EACH ROW"
    " WHEN (NEW.removed_at IS NOT NULL) EXECUTE FUNCTION public.counterpoint_attempts_remove()"
)
# Functions of the owner, since no stage that shows pages may read the trail. They answer a therapist alone, about a
# released session of their own, one line for each person and day; the second one also for each purpose.
_OWN_RELEASED: Final = """
  EXISTS (
    SELECT FROM public.sessions s
    JOIN public.decisions d ON d.session_id = s.session_id AND d.revision = s.revision AND d.kind = 'released'
    JOIN public.session_counsellors c ON c.session_id = s.session_id
    JOIN public.accounts a ON a.tenant = c.tenant AND a.counsellor = c.counsellor
    WHERE s.session_id = session AND s.state = 'closed' AND NOT s.restricted
    AND a.account_id = nullif(current_setting('counterpoint.account', true), '')::uuid
    AND a.disabled_at IS NULL AND a.role = 'therapist')"""
_OPENINGS_FUNCTION: Final = f"""
CREATE FUNCTION public.counterpoint_openings(session uuid)
RETURNS TABLE (name varchar, role varchar, first timestamptz, times bigint)
LANGUAGE sql STABLE SECURITY DEFINER {_PATH} AS $$
  SELECT p.display_name, e.role, min(e.at), count(*)
  FROM public.audit e JOIN public.accounts p ON p.account_id = e.account_id
  WHERE e.object_id = session::text AND e.object_type = 'session' AND e.outcome = 'done'
  AND e.purpose IN ('review', 'digest', 'agreement sample', 'blind look') AND {_OWN_RELEASED}
  GROUP BY p.account_id, p.display_name, e.role, date_trunc('day', e.at AT TIME ZONE 'UTC')
  ORDER BY min(e.at) DESC
$$
"""  # noqa: S608 - constants of this file
_READINGS_FUNCTION: Final = f"""
CREATE FUNCTION public.counterpoint_readings(session uuid)
RETURNS TABLE (person uuid, name varchar, role varchar, purpose varchar, first timestamptz, times bigint)
LANGUAGE sql STABLE SECURITY DEFINER {_PATH} AS $$
  SELECT p.account_id, p.display_name, e.role, e.purpose, min(e.at), count(*)
  FROM public.audit e JOIN public.accounts p ON p.account_id = e.account_id
  WHERE e.object_id = session::text AND e.object_type = 'session' AND e.outcome = 'done'
  AND (e.purpose IN ('review', 'digest', 'agreement sample', 'blind look') OR e.purpose LIKE 'export %')
  AND {_OWN_RELEASED}
  GROUP BY p.account_id, p.display_name, e.role, e.purpose, date_trunc('day', e.at AT TIME ZONE 'UTC')
  ORDER BY min(e.at) DESC
$$
"""  # noqa: S608 - constants of this file


def upgrade() -> None:
    """Create the table, what empties it with its account, and the function that takes the older one's place."""
    op.create_table(
        "practice_attempts",
        sa.Column("attempt_id", sa.Uuid(), nullable=False),
        sa.Column("session_id", sa.Uuid(), nullable=False),
        sa.Column("exchange_id", sa.Uuid(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("is_draft", sa.Boolean(), nullable=False),
        sa.Column("words", sa.LargeBinary(), nullable=False),
        sa.Column("written_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.account_id"], name=op.f("fk_practice_attempts_account_id")),
        sa.ForeignKeyConstraint(
            ["session_id"], ["sessions.session_id"], name=op.f("fk_practice_attempts_session_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("attempt_id", name=op.f("pk_practice_attempts")),
    )
    op.create_index(op.f("ix_practice_attempts_session_id"), "practice_attempts", ["session_id"])
    op.create_index(op.f("ix_practice_attempts_account_id"), "practice_attempts", ["account_id"])
    op.execute(_REMOVE_FUNCTION)
    op.execute("REVOKE ALL ON FUNCTION public.counterpoint_attempts_remove() FROM PUBLIC")
    op.execute(_REMOVE_TRIGGER)
    _replace("openings", _READINGS_FUNCTION, "readings")


def downgrade() -> None:
    """Drop the table with what empties it, and bring the older function back."""
    _replace("readings", _OPENINGS_FUNCTION, "openings")
    op.execute("DROP TRIGGER counterpoint_attempts_remove ON public.accounts")
    op.execute("DROP FUNCTION public.counterpoint_attempts_remove()")
    op.drop_table("practice_attempts")


def _replace(old: str, function: str, new: str) -> None:
    """Drop one function and create another; `counterpoint database roles` says who may call it."""
    op.execute(f"DROP FUNCTION public.counterpoint_{old}(uuid)")
    op.execute(function)
    op.execute(f"REVOKE ALL ON FUNCTION public.counterpoint_{new}(uuid) FROM PUBLIC")
