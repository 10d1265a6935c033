"""Let a therapist see who exported data about their sessions, and let an export of their own data hold their trail."""

from collections.abc import Sequence
from typing import Final

from alembic import op

revision: str = "0012"
down_revision: str | None = "0011"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

# Temporary tables last, so that none of a caller's own stands before ours.
_PATH: Final = "SET search_path = pg_catalog, public, pg_temp"
_OWN_ACCOUNT: Final = (
    "a.account_id = nullif(current_setting('counterpoint.account', true), '')::uuid AND a.disabled_at IS NULL"
    " AND a.role = 'therapist'"
)
# Functions of the owner, since no stage's role reads the trail: each shows the entries about one account alone.
_EXPORTS_FUNCTION: Final = f"""
CREATE FUNCTION public.counterpoint_exports_about_account()
RETURNS TABLE (at timestamptz, person text, purpose text) LANGUAGE sql STABLE SECURITY DEFINER {_PATH} AS $$
  SELECT e.at, w.display_name, e.purpose FROM public.accounts a
  JOIN public.audit e ON e.object_id = a.account_id::text
  LEFT JOIN public.accounts w ON w.account_id = e.account_id
  WHERE {_OWN_ACCOUNT} AND e.object_type = 'account' AND e.purpose LIKE 'export %' AND e.outcome = 'begun'
  ORDER BY e.seq DESC
$$
"""  # noqa: S608 - constants of this file
# What is only kept because of a legal hold is shown to nobody, and neither is who opened it.
_TRAIL_FUNCTION: Final = f"""
CREATE FUNCTION public.counterpoint_trail_about_account()
RETURNS TABLE (at timestamptz, person text, role text, purpose text, object_type text, object_id text, outcome text)
LANGUAGE sql STABLE SECURITY DEFINER {_PATH} AS $$
  WITH me AS (SELECT a.* FROM public.accounts a WHERE {_OWN_ACCOUNT}),
  objects AS (
    SELECT 'account' AS kind, me.account_id::text AS id FROM me
    UNION
    SELECT 'session', s.session_id::text FROM me
    JOIN public.session_counsellors c ON c.tenant = me.tenant AND c.counsellor = me.counsellor
    JOIN public.sessions s ON s.session_id = c.session_id AND NOT s.restricted)
  SELECT e.at, w.display_name, e.role, e.purpose, e.object_type, e.object_id, e.outcome FROM public.audit e
  LEFT JOIN public.accounts w ON w.account_id = e.account_id
  WHERE EXISTS (SELECT FROM objects o WHERE o.id = e.object_id AND o.kind = e.object_type)
  ORDER BY e.seq
$$
"""  # noqa: S608 - constants of this file
_NAMES: Final = ("exports_about_account()", "trail_about_account()")


def upgrade() -> None:
    """Create the functions; `counterpoint database roles` says which roles may call them."""
    op.execute(_EXPORTS_FUNCTION)
    op.execute(_TRAIL_FUNCTION)
    for name in _NAMES:
        op.execute(f"REVOKE ALL ON FUNCTION public.counterpoint_{name} FROM PUBLIC")


def downgrade() -> None:
    """Drop the functions."""
    for name in _NAMES:
        op.execute(f"DROP FUNCTION public.counterpoint_{name}")
