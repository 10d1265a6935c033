"""Let the database alone say when an entry of the audit trail was written, and remove old entries itself."""

from collections.abc import Sequence
from typing import Final

from alembic import op

from migrations.versions.r0003_forget_and_protect import _CHAIN_FUNCTION as _CHAIN_FUNCTION_BEFORE
from migrations.versions.r0003_forget_and_protect import _HASH_FUNCTION as _HASH_FUNCTION_BEFORE
from migrations.versions.r0003_forget_and_protect import _KEEP_FUNCTION as _KEEP_FUNCTION_BEFORE

revision: str = "0006"
down_revision: str | None = "0005"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

# Whoever may create temporary tables puts them before all others unless `pg_temp` stands last.
_PATH: Final = "SET search_path = pg_catalog, public, pg_temp"
_LOCK: Final = "PERFORM pg_advisory_xact_lock(hashtextextended('counterpoint audit', 0));"

_HASH_FUNCTION: Final = rf"""
CREATE OR REPLACE FUNCTION public.counterpoint_audit_hash(entry public.audit) RETURNS bytea LANGUAGE sql STABLE
{_PATH} AS $$
  SELECT sha256(entry.previous || convert_to(jsonb_build_array(
    entry.seq, entry.entry_id::text, to_char(entry.at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US'),
    entry.account_id::text, entry.role, entry.purpose, entry.object_type, entry.object_id, entry.outcome,
    entry.request_id
  )::text, 'UTF8'))
$$
"""
# The database's clock, since retention runs on this time: a writer's clock may be years off, or lie.
_CHAIN_FUNCTION: Final = f"""
CREATE OR REPLACE FUNCTION public.counterpoint_audit_chain() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
{_PATH} AS $$
DECLARE
  before record;
BEGIN
  {_LOCK}
  SELECT a.seq, a.hash INTO before FROM public.audit a ORDER BY a.seq DESC LIMIT 1;
  NEW.at := clock_timestamp();
  NEW.seq := coalesce(before.seq, 0) + 1;
  NEW.previous := coalesce(before.hash, decode(repeat('00', 32), 'hex'));
  NEW.hash := public.counterpoint_audit_hash(NEW);
  RETURN NEW;
END $$
"""  # noqa: S608 - constants of this file
# Not SECURITY DEFINER, so that `current_user` is the writer: a stage's role, or the owner of the function below.
_GUARD_FUNCTION: Final = f"""
CREATE FUNCTION public.counterpoint_audit_guard() RETURNS trigger LANGUAGE plpgsql {_PATH} AS $$
BEGIN
  IF NEW.object_type = 'audit' AND NOT pg_has_role(
    current_user, (SELECT c.relowner FROM pg_class c WHERE c.oid = TG_RELID), 'USAGE'
  ) THEN
    RAISE EXCEPTION 'permission denied: an entry about the audit trail itself is written by its owner alone'
      USING ERRCODE = 'insufficient_privilege';
  END IF;
  RETURN NEW;
END $$
"""  # noqa: S608 - constants of this file
# A function and not a row: only the owner can replace it, and no right on a table can be forgotten.
_MINIMUM_FUNCTION: Final = f"""
CREATE FUNCTION public.counterpoint_audit_minimum() RETURNS interval LANGUAGE sql STABLE
{_PATH} AS $$ SELECT make_interval(days => 2190) $$
"""
_REMOVE_FUNCTION: Final = f"""
CREATE FUNCTION public.counterpoint_audit_remove(before timestamptz, most integer) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER {_PATH} AS $$
DECLARE
  cutoff timestamptz := least(before, clock_timestamp() - public.counterpoint_audit_minimum());
  oldest bigint;
  young bigint;
  newest bigint;
  through bigint;
  hash_of_last bytea;
  removed integer;
BEGIN
  {_LOCK}
  SELECT min(a.seq) INTO oldest FROM public.audit a;
  SELECT max(a.seq) INTO newest FROM public.audit a;
  SELECT min(a.seq) INTO young FROM public.audit a WHERE a.at >= cutoff;
  through := least(coalesce(young, newest) - 1, oldest + most - 1);
  SELECT a.hash INTO hash_of_last FROM public.audit a WHERE a.seq = through;
  IF NOT FOUND THEN
    RETURN 0;
  END IF;
  INSERT INTO public.audit (entry_id, at, purpose, object_type, object_id, outcome, request_id)
  VALUES (gen_random_uuid(), clock_timestamp(), 'retention', 'audit', through::text, encode(hash_of_last, 'hex'), '');
  DELETE FROM public.audit a WHERE a.seq <= through;
  GET DIAGNOSTICS removed = ROW_COUNT;
  RETURN removed;
END $$
"""  # noqa: S608 - constants of this file
# The age is checked here as well: an entry that is young is deleted by nobody, whatever tombstone covers it.
_KEEP_FUNCTION: Final = f"""
CREATE OR REPLACE FUNCTION public.counterpoint_audit_keep() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
{_PATH} AS $$
BEGIN
  IF TG_OP = 'DELETE' THEN
    IF OLD.at < clock_timestamp() - public.counterpoint_audit_minimum() AND EXISTS (
      SELECT FROM public.audit a
      WHERE a.purpose = 'retention' AND a.object_type = 'audit'
      AND CASE WHEN a.object_id ~ '^[0-9]{{1,18}}$' THEN a.object_id::bigint >= OLD.seq END
    ) THEN
      RETURN OLD;
    END IF;
  END IF;
  RAISE EXCEPTION 'the audit trail is never changed';
END $$
"""
# `counterpoint erase --therapist` runs as a role that may change no account: else it could set itself a password.
_FORGET_FUNCTION: Final = f"""
CREATE FUNCTION public.counterpoint_therapist_remove(platform text, pseudonym text, removed timestamptz)
RETURNS boolean LANGUAGE plpgsql SECURITY DEFINER {_PATH} AS $$
DECLARE
  found_id uuid;
BEGIN
  SELECT a.account_id INTO found_id FROM public.accounts a WHERE a.tenant = platform AND a.counsellor = pseudonym;
  IF NOT FOUND THEN
    RETURN false;
  END IF;
  DELETE FROM public.memberships m WHERE m.account_id = found_id;
  UPDATE public.accounts a SET
    username = 'removed ' || found_id, password_hash = '', display_name = 'Removed account', tenant = NULL,
    counsellor = NULL, generation = a.generation + 1, disabled_at = removed, removed_at = removed
  WHERE a.account_id = found_id;
  RETURN true;
END $$
"""  # noqa: S608 - constants of this file


def upgrade() -> None:
    """Replace the functions of the trail, and add those that remove old entries and a therapist's account."""
    for function in (
        _HASH_FUNCTION,
        _CHAIN_FUNCTION,
        _GUARD_FUNCTION,
        _MINIMUM_FUNCTION,
        _REMOVE_FUNCTION,
        _KEEP_FUNCTION,
        _FORGET_FUNCTION,
    ):
        op.execute(function)
    for name in ("audit_remove(timestamptz, integer)", "therapist_remove(text, text, timestamptz)"):
        op.execute(f"REVOKE ALL ON FUNCTION public.counterpoint_{name} FROM PUBLIC")
    op.execute(
        "CREATE TRIGGER counterpoint_audit_guard BEFORE INSERT ON public.audit"
        " FOR EACH ROW EXECUTE FUNCTION public.counterpoint_audit_guard()"
    )


def downgrade() -> None:
    """Put the functions of the trail back as they were."""
    op.execute("DROP TRIGGER counterpoint_audit_guard ON public.audit")
    for name in (
        "audit_guard()",
        "audit_remove(timestamptz, integer)",
        "audit_minimum()",
        "therapist_remove(text, text, timestamptz)",
    ):
        op.execute(f"DROP FUNCTION public.counterpoint_{name}")
    for before in (_HASH_FUNCTION_BEFORE, _CHAIN_FUNCTION_BEFORE, _KEEP_FUNCTION_BEFORE):
        op.execute(before.replace("CREATE FUNCTION", "CREATE OR REPLACE FUNCTION"))
