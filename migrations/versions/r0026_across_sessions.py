"""Let reading of moments across sessions count as a reading, and let an operator see for how long a digest is due."""

from collections.abc import Sequence
from typing import Final

from alembic import op

revision: str = "0026"
down_revision: str | None = "0025"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

# Temporary tables last, so that none of a caller's own stands before ours.
_HEAD: Final = "LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp"
_ACCOUNT: Final = "nullif(current_setting('counterpoint.account', true), '')::uuid"
_ACROSS: Final = ", 'across sessions'"
# Who reads moments across sessions reads what the machine says of them: a blind look at such a session is not one, and
# neither is a blind rating.
_OPENED_BEFORE: Final = "'review', 'digest', 'agreement sample', 'calibration', 'calibration comparison'"
_HAS_OPENED: Final = f"""
CREATE OR REPLACE FUNCTION public.counterpoint_has_opened(session uuid) RETURNS boolean {_HEAD} AS $$
  SELECT EXISTS (SELECT FROM public.audit e WHERE e.object_id = session::text AND e.object_type = 'session'
  AND e.outcome = 'done' AND e.account_id = {_ACCOUNT}
  AND (e.purpose IN ({{purposes}}) OR e.purpose LIKE 'export %'))
$$
"""  # noqa: S608 - constants of this file
_SEEN_BEFORE: Final = "'review', 'digest', 'agreement sample', 'calibration comparison'"
_SEEN_BY: Final = f"""
CREATE OR REPLACE FUNCTION public.counterpoint_seen_by(people uuid[], sessions uuid[])
RETURNS TABLE (session uuid) {_HEAD} AS $$
  SELECT s.session FROM unnest(sessions) AS s (session)
  WHERE EXISTS (SELECT FROM public.audit e WHERE e.object_id = s.session::text AND e.object_type = 'session'
    AND e.outcome = 'done' AND e.account_id = ANY (people)
    AND (e.purpose IN ({{purposes}}) OR e.purpose LIKE 'export %'))
  AND EXISTS (SELECT FROM public.accounts a
    WHERE a.account_id = {_ACCOUNT} AND a.disabled_at IS NULL AND a.role = 'supervisor')
$$
"""  # noqa: S608 - constants of this file
# A therapist sees it among the readings of a released session.
_READ_BEFORE: Final = "'review', 'digest', 'agreement sample', 'blind look', 'calibration', 'calibration comparison'"
_READINGS: Final = f"""
CREATE OR REPLACE FUNCTION public.counterpoint_readings(session uuid)
RETURNS TABLE (person uuid, name varchar, role varchar, purpose varchar, first timestamptz, times bigint)
{_HEAD} AS $$
  SELECT p.account_id, p.display_name, e.role, e.purpose, min(e.at), count(*)
  FROM public.audit e JOIN public.accounts p ON p.account_id = e.account_id
  WHERE e.object_id = session::text AND e.object_type = 'session' AND e.outcome = 'done'
  AND (e.purpose IN ({{purposes}}) OR e.purpose LIKE 'export %')
  AND EXISTS (
    SELECT FROM public.sessions s
    JOIN public.decisions d ON d.session_id = s.session_id AND d.revision = s.revision AND d.kind = 'released'
    JOIN public.session_counsellors c ON c.session_id = s.session_id
    JOIN public.accounts a ON a.tenant = c.tenant AND a.counsellor = c.counsellor
    WHERE s.session_id = session AND s.state = 'closed' AND NOT s.restricted
    AND a.account_id = {_ACCOUNT} AND a.disabled_at IS NULL AND a.role = 'therapist')
  GROUP BY p.account_id, p.display_name, e.role, e.purpose, date_trunc('day', e.at AT TIME ZONE 'UTC')
  ORDER BY min(e.at) DESC
$$
"""  # noqa: S608 - constants of this file
_READING_FUNCTIONS: Final = {_HAS_OPENED: _OPENED_BEFORE, _SEEN_BY: _SEEN_BEFORE, _READINGS: _READ_BEFORE}
# When people want digests, and the last day whose digest has ended, without who they are and where their digests go:
# no role but that which sends may read another person's preferences. The page asks for an operator alone.
_WANTED_DIGESTS: Final = f"""
CREATE FUNCTION public.counterpoint_wanted_digests()
RETURNS TABLE (way varchar, days jsonb, hour integer, zone varchar, set_at timestamptz, ended_day date) {_HEAD} AS $$
  SELECT p.way, p.days, p.hour, p.zone, p.set_at,
    (SELECT max(d.period) FROM public.digest_deliveries d
     WHERE d.account_id = p.account_id AND d.state <> 'waiting')
  FROM public.digest_preferences p JOIN public.accounts a ON a.account_id = p.account_id
  WHERE p.way <> 'none' AND a.disabled_at IS NULL AND a.role IN ('supervisor', 'lead', 'therapist')
  AND (session_user <> 'counterpoint_web' OR EXISTS (SELECT FROM public.accounts o
    WHERE o.account_id = {_ACCOUNT} AND o.disabled_at IS NULL AND o.role = 'operator'))
$$
"""  # noqa: S608 - constants of this file


def upgrade() -> None:
    """Replace the functions about readings, and create the one about digests; roles say who may call it."""
    for function, before in _READING_FUNCTIONS.items():
        op.execute(function.format(purposes=before + _ACROSS))
    op.execute(_WANTED_DIGESTS)
    op.execute("REVOKE ALL ON FUNCTION public.counterpoint_wanted_digests() FROM PUBLIC")


def downgrade() -> None:
    """Bring the functions back as they were; who has read across sessions is told to nobody then."""
    op.execute("DROP FUNCTION public.counterpoint_wanted_digests()")
    for function, before in _READING_FUNCTIONS.items():
        op.execute(function.format(purposes=before))
