"""Keep no request of the API without its reply, let calibrations be cancelled, and let an export hold what one did."""

from collections.abc import Sequence
from typing import Final

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "0027"
down_revision: str | None = "0026"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

# Temporary tables last, so that none of a caller's own stands before ours.
_SEARCH_PATH: Final = "SET search_path = pg_catalog, public, pg_temp"
_ACCOUNT: Final = "nullif(current_setting('counterpoint.account', true), '')::uuid"
# A function of the owner, since who cancels may no longer see some of the moments, nor what others said of them.
_CANCEL: Final = f"""
CREATE FUNCTION public.counterpoint_calibration_cancel(calibration uuid, at timestamptz) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER {_SEARCH_PATH} AS $$
BEGIN
  UPDATE public.calibrations c SET cancelled_at = at
  WHERE c.calibration_id = calibration AND c.cancelled_at IS NULL AND c.account_id = {_ACCOUNT}
  AND EXISTS (SELECT FROM public.accounts a
    WHERE a.account_id = {_ACCOUNT} AND a.disabled_at IS NULL AND a.role = 'supervisor')
  AND NOT EXISTS (SELECT FROM public.final_levels f WHERE f.calibration_id = calibration);
  IF NOT FOUND THEN
    RETURN false;
  END IF;
  DELETE FROM public.calibration_moments m WHERE m.calibration_id = calibration;  -- and their ratings
  DELETE FROM public.calibration_done d WHERE d.calibration_id = calibration;
  RETURN true;
END $$
"""  # noqa: S608 - constants of this file
# For the export of somebody's own data: what they did, and what was done with their account. What is only kept because
# of a legal hold is shown to nobody.
_TRAIL: Final = f"""
CREATE FUNCTION public.counterpoint_trail_of_account()
RETURNS TABLE (at timestamptz, person text, role text, purpose text, object_type text, object_id text, outcome text)
LANGUAGE sql STABLE SECURITY DEFINER {_SEARCH_PATH} AS $$
  SELECT e.at, w.display_name, e.role, e.purpose, e.object_type, e.object_id, e.outcome FROM public.accounts a
  JOIN public.audit e ON e.account_id = a.account_id
    OR e.object_type = 'account' AND e.object_id = a.account_id::text
  LEFT JOIN public.accounts w ON w.account_id = e.account_id
  WHERE a.account_id = {_ACCOUNT} AND a.disabled_at IS NULL
  AND NOT EXISTS (SELECT FROM public.sessions s
    WHERE e.object_type = 'session' AND s.session_id::text = e.object_id AND s.restricted)
  ORDER BY e.seq
$$
"""  # noqa: S608 - constants of this file
_FUNCTIONS: Final = ("calibration_cancel(uuid, timestamptz)", "trail_of_account()")


def upgrade() -> None:
    """Forget requests that were never answered, since their process has ended, and add the functions."""
    op.execute("DELETE FROM api_replies WHERE status IS NULL")
    _require_reply(required=True)
    op.add_column("calibrations", sa.Column("cancelled_at", sa.DateTime(timezone=True), nullable=True))
    op.execute(_CANCEL)
    op.execute(_TRAIL)
    for name in _FUNCTIONS:
        op.execute(f"REVOKE ALL ON FUNCTION public.counterpoint_{name} FROM PUBLIC")


def downgrade() -> None:
    """Allow a request without a reply again; a cancelled calibration is then one whose moments have all dropped out."""
    for name in _FUNCTIONS:
        op.execute(f"DROP FUNCTION public.counterpoint_{name}")
    op.drop_column("calibrations", "cancelled_at")
    _require_reply(required=False)


def _require_reply(*, required: bool) -> None:
    op.alter_column("api_replies", "status", existing_type=sa.Integer(), nullable=not required)
    op.alter_column("api_replies", "result", existing_type=postgresql.JSONB(), nullable=not required)
