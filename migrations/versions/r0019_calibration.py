"""Add calibrations: moments that several supervisors rate blind, and the levels on which they settle."""

from collections.abc import Sequence
from typing import Final

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "0019"
down_revision: str | None = "0018"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

# Temporary tables last, so that none of a caller's own stands before ours.
_HEAD: Final = "LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp"
_ACCOUNT: Final = "nullif(current_setting('counterpoint.account', true), '')::uuid"
_SEEN_BEFORE: Final = "'review', 'digest', 'agreement sample'"
_READ_BEFORE: Final = f"{_SEEN_BEFORE}, 'blind look'"
# Who rates a moment learns that the machine confirmed it, so a blind look at its session would not be one.
_HAS_OPENED: Final = f"""
CREATE OR REPLACE FUNCTION public.counterpoint_has_opened(session uuid) RETURNS boolean {_HEAD} AS $$
  SELECT EXISTS (SELECT FROM public.audit e WHERE e.object_id = session::text AND e.object_type = 'session'
  AND e.outcome = 'done' AND e.account_id = {_ACCOUNT}
  AND (e.purpose IN ({{purposes}}) OR e.purpose LIKE 'export %'))
$$
"""  # noqa: S608 - constants of this file
# The levels of the model are on the page of a session, in what shows a session's words whole, and in a comparison of a
# calibration; while a moment is rated they are not shown. No stage's role reads the trail.
_SEEN_BY: Final = f"""
CREATE FUNCTION public.counterpoint_seen_by(people uuid[], sessions uuid[]) RETURNS TABLE (session uuid) {_HEAD} AS $$
  SELECT s.session FROM unnest(sessions) AS s (session)
  WHERE EXISTS (SELECT FROM public.audit e WHERE e.object_id = s.session::text AND e.object_type = 'session'
    AND e.outcome = 'done' AND e.account_id = ANY (people)
    AND (e.purpose IN ({_SEEN_BEFORE}, 'calibration comparison') OR e.purpose LIKE 'export %'))
  AND EXISTS (SELECT FROM public.accounts a
    WHERE a.account_id = {_ACCOUNT} AND a.disabled_at IS NULL AND a.role = 'supervisor')
$$
"""  # noqa: S608 - constants of this file
# A reading for a calibration is a reading too, so a therapist sees it among those of a released session.
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
_CALIBRATIONS: Final = ", 'calibration', 'calibration comparison'"
# For the export of a therapist's own data: the levels that were given to their own replies, without who gave them, once
# these can no longer be changed.
_ABOUT_ACCOUNT: Final = f"""
CREATE FUNCTION public.counterpoint_calibrated_about_account()
RETURNS TABLE (session uuid, exchange uuid, rubric varchar, said jsonb, is_final boolean, at timestamptz) {_HEAD} AS $$
  WITH own AS (
    SELECT m.* FROM public.calibration_moments m
    JOIN public.sessions s ON s.session_id = m.session_id AND NOT s.restricted
    JOIN public.exchanges x ON x.exchange_id = m.exchange_id
    JOIN public.accounts a ON a.tenant = s.tenant AND a.counsellor = x.counsellor
    WHERE a.account_id = {_ACCOUNT} AND a.disabled_at IS NULL AND a.role = 'therapist')
  SELECT o.session_id, o.exchange_id, c.rubric, v.said, v.is_final, v.at FROM own o
  JOIN public.calibrations c ON c.calibration_id = o.calibration_id
  JOIN (
    SELECT r.calibration_id, r.number, r.account_id, r.levels AS said, false AS is_final, r.said_at AS at
    FROM public.calibration_ratings r
    UNION ALL
    SELECT f.calibration_id, f.number, f.account_id, jsonb_build_object(f.mechanism, f.level), true, f.settled_at
    FROM public.final_levels f) v ON v.calibration_id = o.calibration_id AND v.number = o.number
  WHERE c.deadline_at <= now() OR EXISTS (SELECT FROM public.calibration_done d
    WHERE d.calibration_id = c.calibration_id AND d.account_id = v.account_id)
  ORDER BY v.at, v.is_final
$$
"""  # noqa: S608 - constants of this file
_FUNCTIONS: Final = {"seen_by(uuid[], uuid[])": _SEEN_BY, "calibrated_about_account()": _ABOUT_ACCOUNT}


def upgrade() -> None:
    """Create the tables and functions, and let the readings of calibrations count as readings."""
    op.create_table(
        "calibrations",
        sa.Column("calibration_id", sa.Uuid(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("raters", sa.ARRAY(sa.Uuid()), nullable=False),
        sa.Column("drawn", sa.Integer(), nullable=False),
        sa.Column("model", postgresql.JSONB(), nullable=False),
        sa.Column("rubric", sa.String(), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("deadline_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.account_id"], name=op.f("fk_calibrations_account_id")),
        sa.PrimaryKeyConstraint("calibration_id", name=op.f("pk_calibrations")),
    )
    op.create_table(
        "calibration_moments",
        sa.Column("calibration_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("session_id", sa.Uuid(), nullable=False),
        sa.Column("exchange_id", sa.Uuid(), nullable=False),
        sa.Column("assessment_id", sa.Uuid(), nullable=False),
        sa.Column("reply_words", sa.Integer(), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=True),
        _calibration("calibration_moments"),
        _session("calibration_moments"),
        sa.ForeignKeyConstraint(
            ["assessment_id"],
            ["answers.assessment_id"],
            name=op.f("fk_calibration_moments_assessment_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("calibration_id", "number", name=op.f("pk_calibration_moments")),
    )
    op.create_index(op.f("ix_calibration_moments_session_id"), "calibration_moments", ["session_id"])
    op.create_index(op.f("ix_calibration_moments_assessment_id"), "calibration_moments", ["assessment_id"])
    op.create_table(
        "calibration_ratings",
        sa.Column("calibration_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("session_id", sa.Uuid(), nullable=False),
        sa.Column("levels", postgresql.JSONB(), nullable=False),
        sa.Column("blind", sa.Boolean(), nullable=False),
        sa.Column("words", sa.LargeBinary(), nullable=True),
        _has_words(),
        sa.Column("said_at", sa.DateTime(timezone=True), nullable=False),
        _moment("calibration_ratings"),
        sa.ForeignKeyConstraint(
            ["account_id"], ["accounts.account_id"], name=op.f("fk_calibration_ratings_account_id")
        ),
        _session("calibration_ratings"),
        sa.PrimaryKeyConstraint("calibration_id", "number", "account_id", name=op.f("pk_calibration_ratings")),
    )
    op.create_index(op.f("ix_calibration_ratings_session_id"), "calibration_ratings", ["session_id"])
    op.create_table(
        "calibration_done",
        sa.Column("calibration_id", sa.Uuid(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("done_at", sa.DateTime(timezone=True), nullable=False),
        _calibration("calibration_done"),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.account_id"], name=op.f("fk_calibration_done_account_id")),
        sa.PrimaryKeyConstraint("calibration_id", "account_id", name=op.f("pk_calibration_done")),
    )
    op.create_table(
        "final_levels",
        sa.Column("calibration_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("mechanism", sa.String(), nullable=False),
        sa.Column("session_id", sa.Uuid(), nullable=False),
        sa.Column("level", sa.Integer(), nullable=True),
        sa.Column("words", sa.LargeBinary(), nullable=True),
        _has_words(),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("settled_at", sa.DateTime(timezone=True), nullable=False),
        _moment("final_levels"),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.account_id"], name=op.f("fk_final_levels_account_id")),
        _session("final_levels"),
        sa.PrimaryKeyConstraint("calibration_id", "number", "mechanism", name=op.f("pk_final_levels")),
    )
    op.create_index(op.f("ix_final_levels_session_id"), "final_levels", ["session_id"])
    for name, body in _FUNCTIONS.items():
        op.execute(body)
        op.execute(f"REVOKE ALL ON FUNCTION public.counterpoint_{name} FROM PUBLIC")
    op.execute(_HAS_OPENED.format(purposes=_SEEN_BEFORE + _CALIBRATIONS))
    op.execute(_READINGS.format(purposes=_READ_BEFORE + _CALIBRATIONS))


def downgrade() -> None:
    """Drop the tables and functions; who has read for a calibration is told to nobody then."""
    op.execute(_READINGS.format(purposes=_READ_BEFORE))
    op.execute(_HAS_OPENED.format(purposes=_SEEN_BEFORE))
    for name in _FUNCTIONS:
        op.execute(f"DROP FUNCTION public.counterpoint_{name}")
    # A table whose policies name another one goes before it.
    for table in ("final_levels", "calibration_ratings", "calibration_moments", "calibration_done", "calibrations"):
        op.drop_table(table)


def _calibration(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["calibration_id"],
        ["calibrations.calibration_id"],
        name=op.f(f"fk_{table}_calibration_id"),
        ondelete="CASCADE",
    )


def _session(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["session_id"], ["sessions.session_id"], name=op.f(f"fk_{table}_session_id"), ondelete="CASCADE"
    )


def _moment(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["calibration_id", "number"],
        ["calibration_moments.calibration_id", "calibration_moments.number"],
        name=op.f(f"fk_{table}_moment"),
        ondelete="CASCADE",
    )


def _has_words() -> sa.Column[bool]:
    return sa.Column("has_words", sa.Boolean(), sa.Computed("words IS NOT NULL", persisted=True), nullable=True)
