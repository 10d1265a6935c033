"""Add what other versions of a model say of stored exchanges, and the numbers that compare a model in shadow."""

from collections.abc import Sequence
from typing import Final

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "0023"
down_revision: str | None = "0021"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

# Temporary tables last, so that none of a caller's own stands before ours.
_HEAD: Final = "LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp"
# The page asks for an operator alone; other roles that may call these functions work on every row anyway.
_IS_FOR_OPERATOR: Final = (
    "(session_user <> 'counterpoint_web' OR EXISTS (SELECT FROM public.accounts o"
    " WHERE o.account_id = nullif(current_setting('counterpoint.account', true), '')::uuid"
    " AND o.disabled_at IS NULL AND o.role = 'operator'))"
)
# Both functions count, so that nobody who may call them learns what was said of one session.
_PAIRS: Final = f"""
  public.reratings r
  JOIN public.answers a ON a.assessment_id = r.assessment_id AND a.superseded_by IS NULL
  JOIN public.sessions s ON s.session_id = r.session_id AND NOT s.restricted
  WHERE r.shadow AND {_IS_FOR_OPERATOR}
"""
_VERDICTS: Final = f"""
CREATE FUNCTION public.counterpoint_shadow_verdicts()
RETURNS TABLE (model jsonb, shadow_model jsonb, abstained varchar, verdict varchar, shadow_abstained varchar,
  shadow_verdict varchar, times bigint, latest timestamptz)
{_HEAD} AS $$
  SELECT a.model, r.model, a.abstained, a.verdict, r.abstained, r.verdict, count(*), max(r.rated_at) FROM {_PAIRS}
  GROUP BY 1, 2, 3, 4, 5, 6
$$
"""  # noqa: S608 - constants of this file
# A supervisor's own level counts before a word of agreement; see `plugin.queue.quality.agreement`.
_LEVELS: Final = f"""
CREATE FUNCTION public.counterpoint_shadow_levels()
RETURNS TABLE (model jsonb, shadow_model jsonb, mechanism text, level integer, shadow_level integer,
  own_level integer, times bigint)
{_HEAD} AS $$
  WITH pairs AS (
    SELECT a.assessment_id, a.model, r.model AS shadow_model, a.ratings, r.ratings AS shadow_ratings FROM {_PAIRS}),
  latest AS (
    SELECT DISTINCT ON (l.assessment_id, l.statement)
      l.assessment_id, l.statement, l.judgement, l.level, (l.machine->>'level')::integer AS machine
    FROM public.labels l
    WHERE (l.statement LIKE 'rating:%' OR l.statement LIKE 'level:%')
    AND l.assessment_id IN (SELECT p.assessment_id FROM pairs p)
    ORDER BY l.assessment_id, l.statement, l.number DESC),
  said AS (
    SELECT t.assessment_id, split_part(t.statement, ':', 2) AS mechanism, coalesce(
      max(t.level) FILTER (WHERE t.judgement = 'corrected'),
      max(t.machine) FILTER (WHERE t.judgement = 'agreed' AND t.statement LIKE 'rating:%')) AS level
    FROM latest t GROUP BY 1, 2)
  SELECT p.model, p.shadow_model, one->>'mechanism', (one->>'level')::integer, (other->>'level')::integer, d.level,
    count(*)
  FROM pairs p
  CROSS JOIN LATERAL jsonb_array_elements(p.ratings) one
  JOIN LATERAL jsonb_array_elements(p.shadow_ratings) other ON other->>'mechanism' = one->>'mechanism'
  LEFT JOIN said d ON d.assessment_id = p.assessment_id AND d.mechanism = one->>'mechanism'
  GROUP BY 1, 2, 3, 4, 5, 6
$$
"""  # noqa: S608 - constants of this file
_FUNCTIONS: Final = {"shadow_verdicts()": _VERDICTS, "shadow_levels()": _LEVELS}


def upgrade() -> None:
    """Create the table and the functions; `counterpoint database roles` says who may use them."""
    op.create_table(
        "reratings",
        sa.Column("assessment_id", sa.Uuid(), nullable=False),
        sa.Column("model_key", sa.String(), nullable=False),
        sa.Column("shadow", sa.Boolean(), nullable=False),
        sa.Column("session_id", sa.Uuid(), nullable=False),
        sa.Column("model", postgresql.JSONB(), nullable=False),
        sa.Column("abstained", sa.String(), nullable=True),
        sa.Column("verdict", sa.String(), nullable=True),
        sa.Column("ratings", postgresql.JSONB(), nullable=False),
        sa.Column("rated_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["assessment_id"], ["answers.assessment_id"], name=op.f("fk_reratings_assessment_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["session_id"], ["sessions.session_id"], name=op.f("fk_reratings_session_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("assessment_id", "model_key", "shadow", name=op.f("pk_reratings")),
    )
    op.create_index(op.f("ix_reratings_session_id"), "reratings", ["session_id"])
    for name, body in _FUNCTIONS.items():
        op.execute(body)
        op.execute(f"REVOKE ALL ON FUNCTION public.counterpoint_{name} FROM PUBLIC")


def downgrade() -> None:
    """Drop the functions and the table."""
    for name in _FUNCTIONS:
        op.execute(f"DROP FUNCTION public.counterpoint_{name}")
    op.drop_table("reratings")
