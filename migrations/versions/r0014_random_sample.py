"""Add the random sample of sessions, the answers of blind looks, and the numbers of quality for an operator."""

from collections.abc import Sequence
from typing import Final

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "0014"
down_revision: str | None = "0013"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

# Temporary tables last, so that none of a caller's own stands before ours.
_HEAD: Final = "LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp"
_ACCOUNT: Final = "nullif(current_setting('counterpoint.account', true), '')::uuid"
# The page asks for an operator alone; other roles that may call these functions work on every row anyway.
_IS_FOR_OPERATOR: Final = (
    "(session_user <> 'counterpoint_web' OR EXISTS (SELECT FROM public.accounts o"
    f" WHERE o.account_id = {_ACCOUNT} AND o.disabled_at IS NULL AND o.role = 'operator'))"
)
# No stage's role reads the trail. Whoever has opened or exported a session has seen what the machine says of it.
_HAS_OPENED: Final = f"""
CREATE FUNCTION public.counterpoint_has_opened(session uuid) RETURNS boolean {_HEAD} AS $$
  SELECT EXISTS (SELECT FROM public.audit e WHERE e.object_id = session::text AND e.object_type = 'session'
  AND e.outcome = 'done' AND e.account_id = {_ACCOUNT}
  AND (e.purpose IN ('review', 'digest', 'agreement sample') OR e.purpose LIKE 'export %'))
$$
"""  # noqa: S608 - constants of this file
_LOOK_ANSWERS: Final = f"""
CREATE FUNCTION public.counterpoint_look_answers()
RETURNS TABLE (session uuid, resistance varchar, critical varchar, machine jsonb, model jsonb, detector jsonb)
{_HEAD} AS $$
  SELECT l.session_id, l.resistance, l.critical, l.machine, l.model, l.detector FROM public.look_answers l
  JOIN public.sessions s ON s.session_id = l.session_id AND NOT s.restricted
  WHERE {_IS_FOR_OPERATOR} ORDER BY l.session_id, l.position
$$
"""  # noqa: S608 - constants of this file
_SAMPLE_COUNTS: Final = f"""
CREATE FUNCTION public.counterpoint_sample_counts()
RETURNS TABLE (sampled bigint, looked_at bigint) {_HEAD} AS $$
  SELECT count(*), count(*) FILTER (WHERE EXISTS (
    SELECT FROM public.look_answers l WHERE l.session_id = p.session_id))
  FROM public.samples p JOIN public.sessions s ON s.session_id = p.session_id AND NOT s.restricted
  WHERE {_IS_FOR_OPERATOR}
$$
"""  # noqa: S608 - constants of this file
# The latest label of each statement about a level, without its author.
_LABELLED_LEVELS: Final = f"""
CREATE FUNCTION public.counterpoint_labelled_levels()
RETURNS TABLE (assessment uuid, statement varchar, judgement varchar, level integer, machine jsonb, model jsonb)
{_HEAD} AS $$
  SELECT DISTINCT ON (l.assessment_id, l.statement)
    l.assessment_id, l.statement, l.judgement, l.level, l.machine, l.model FROM public.labels l
  JOIN public.sessions s ON s.session_id = l.session_id AND NOT s.restricted
  WHERE (l.statement LIKE 'rating:%' OR l.statement LIKE 'level:%') AND {_IS_FOR_OPERATOR}
  ORDER BY l.assessment_id, l.statement, l.number DESC
$$
"""  # noqa: S608 - constants of this file
_DISPUTE_COUNTS: Final = f"""
CREATE FUNCTION public.counterpoint_dispute_counts(since timestamptz)
RETURNS TABLE (released bigint, disputed bigint, counsellors bigint) {_HEAD} AS $$
  WITH released AS (
    SELECT d.session_id, d.revision FROM public.decisions d
    JOIN public.sessions s ON s.session_id = d.session_id AND s.revision = d.revision AND NOT s.restricted
    WHERE d.kind = 'released' AND d.decided_at >= since AND {_IS_FOR_OPERATOR})
  SELECT (SELECT count(*) FROM released),
    (SELECT count(*) FROM released r WHERE EXISTS (
      SELECT FROM public.disputes x WHERE x.session_id = r.session_id AND x.revision = r.revision)),
    (SELECT count(DISTINCT (c.tenant, c.counsellor)) FROM released r
     JOIN public.session_counsellors c ON c.session_id = r.session_id)
$$
"""  # noqa: S608 - constants of this file
_FUNCTIONS: Final = {
    "has_opened(uuid)": _HAS_OPENED,
    "look_answers()": _LOOK_ANSWERS,
    "sample_counts()": _SAMPLE_COUNTS,
    "labelled_levels()": _LABELLED_LEVELS,
    "dispute_counts(timestamptz)": _DISPUTE_COUNTS,
}
# A blind look is a reading too, so a therapist sees it among the openings of a released session.
_OPENINGS: Final = """
CREATE OR REPLACE FUNCTION public.counterpoint_openings(session uuid)
RETURNS TABLE (name varchar, role varchar, first timestamptz, times bigint)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
  SELECT p.display_name, e.role, min(e.at), count(*)
  FROM public.audit e JOIN public.accounts p ON p.account_id = e.account_id
  WHERE e.object_id = session::text AND e.object_type = 'session' AND e.outcome = 'done'
  AND e.purpose IN ({purposes})
  AND EXISTS (
    SELECT FROM public.sessions s
    JOIN public.decisions d ON d.session_id = s.session_id AND d.revision = s.revision AND d.kind = 'released'
    JOIN public.session_counsellors c ON c.session_id = s.session_id
    JOIN public.accounts a ON a.tenant = c.tenant AND a.counsellor = c.counsellor
    WHERE s.session_id = session AND s.state = 'closed' AND NOT s.restricted
    AND a.account_id = nullif(current_setting('counterpoint.account', true), '')::uuid
    AND a.disabled_at IS NULL AND a.role = 'therapist')
  GROUP BY p.account_id, p.display_name, e.role, date_trunc('day', e.at AT TIME ZONE 'UTC')
  ORDER BY min(e.at) DESC
$$
"""
_OPENED_BEFORE: Final = "'review', 'digest', 'agreement sample'"


def upgrade() -> None:
    """Create the tables and the functions; sessions that are stored already are in no sample."""
    op.create_table(
        "samples",
        sa.Column("session_id", sa.Uuid(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("turns", postgresql.JSONB(), nullable=False),
        sa.Column("model", postgresql.JSONB(none_as_null=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["session_id"], ["sessions.session_id"], name=op.f("fk_samples_session_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("session_id", name=op.f("pk_samples")),
    )
    op.create_table(
        "look_answers",
        sa.Column("session_id", sa.Uuid(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("message_id", sa.String(), nullable=False),
        sa.Column("resistance", sa.String(), nullable=False),
        sa.Column("critical", sa.String(), nullable=False),
        sa.Column("machine", postgresql.JSONB(), nullable=False),
        sa.Column("model", postgresql.JSONB(none_as_null=True), nullable=True),
        sa.Column("detector", postgresql.JSONB(none_as_null=True), nullable=True),
        sa.Column("rubric", sa.String(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("said_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.account_id"], name=op.f("fk_look_answers_account_id")),
        sa.ForeignKeyConstraint(
            ["session_id"], ["sessions.session_id"], name=op.f("fk_look_answers_session_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("session_id", "position", name=op.f("pk_look_answers")),
    )
    for name, body in _FUNCTIONS.items():
        op.execute(body)
        op.execute(f"REVOKE ALL ON FUNCTION public.counterpoint_{name} FROM PUBLIC")
    op.execute(_OPENINGS.format(purposes=f"{_OPENED_BEFORE}, 'blind look'"))


def downgrade() -> None:
    """Drop the functions and the tables. Messages that the sample alone needed stay until their retention is over."""
    op.execute(_OPENINGS.format(purposes=_OPENED_BEFORE))
    for name in _FUNCTIONS:
        op.execute(f"DROP FUNCTION public.counterpoint_{name}")
    op.drop_table("look_answers")
    op.drop_table("samples")
