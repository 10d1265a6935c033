"""Add the acknowledgements and disputes of therapists, and the list of who has opened a session."""

from collections.abc import Sequence
from typing import Final

import sqlalchemy as sa
from alembic import op

revision: str = "0010"
down_revision: str | None = "0009"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

# A function of the owner, since no stage that shows pages may read the trail. It answers a therapist alone, about a
# released session of their own, and gives names, roles and times: one line for each person and day.
_OPENINGS_FUNCTION: Final = """
CREATE FUNCTION public.counterpoint_openings(session uuid)
RETURNS TABLE (name varchar, role varchar, first timestamptz, times bigint)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
  SELECT p.display_name, e.role, min(e.at), count(*)
  FROM public.audit e JOIN public.accounts p ON p.account_id = e.account_id
  WHERE e.object_id = session::text AND e.object_type = 'session' AND e.outcome = 'done'
  AND e.purpose IN ('review', 'digest', 'agreement sample')
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


def upgrade() -> None:
    """Create the tables and the function; nothing that was released before is acknowledged or disputed."""
    op.create_table(
        "acknowledgements",
        sa.Column("session_id", sa.Uuid(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("released_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("acknowledged_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.account_id"], name=op.f("fk_acknowledgements_account_id")),
        sa.ForeignKeyConstraint(
            ["session_id"], ["sessions.session_id"], name=op.f("fk_acknowledgements_session_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint(
            "session_id", "revision", "released_at", "account_id", name=op.f("pk_acknowledgements")
        ),
    )
    op.create_table(
        "disputes",
        sa.Column("dispute_id", sa.Uuid(), nullable=False),
        sa.Column("session_id", sa.Uuid(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("released_by", sa.Uuid(), nullable=False),
        sa.Column("exchange_id", sa.Uuid(), nullable=False),
        sa.Column("assessment_id", sa.Uuid(), nullable=False),
        sa.Column("statement", sa.String(), nullable=False),
        sa.Column("ground", sa.String(), nullable=False),
        sa.Column("escalated", sa.Boolean(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("words", sa.LargeBinary(), nullable=False),
        sa.Column("raised_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.account_id"], name=op.f("fk_disputes_account_id")),
        sa.ForeignKeyConstraint(["released_by"], ["accounts.account_id"], name=op.f("fk_disputes_released_by")),
        sa.ForeignKeyConstraint(
            ["assessment_id"], ["answers.assessment_id"], name=op.f("fk_disputes_assessment_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["session_id"], ["sessions.session_id"], name=op.f("fk_disputes_session_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("dispute_id", name=op.f("pk_disputes")),
    )
    op.create_index(op.f("ix_disputes_session_id"), "disputes", ["session_id"])
    op.create_index(op.f("ix_disputes_assessment_id"), "disputes", ["assessment_id"])
    op.create_table(
        "dispute_steps",
        sa.Column("dispute_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("session_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("label", sa.BigInteger(), nullable=True),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("words", sa.LargeBinary(), nullable=True),
        sa.Column("taken_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.account_id"], name=op.f("fk_dispute_steps_account_id")),
        sa.ForeignKeyConstraint(
            ["dispute_id"], ["disputes.dispute_id"], name=op.f("fk_dispute_steps_dispute_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["label"], ["labels.number"], name=op.f("fk_dispute_steps_label"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(
            ["session_id"], ["sessions.session_id"], name=op.f("fk_dispute_steps_session_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("dispute_id", "number", name=op.f("pk_dispute_steps")),
    )
    op.create_index(op.f("ix_dispute_steps_label"), "dispute_steps", ["label"])
    op.create_index(op.f("ix_dispute_steps_session_id"), "dispute_steps", ["session_id"])
    op.execute(_OPENINGS_FUNCTION)
    op.execute("REVOKE ALL ON FUNCTION public.counterpoint_openings(uuid) FROM PUBLIC")


def downgrade() -> None:
    """Drop the function and the tables. The labels of resolved disputes stay, with what they keep back."""
    op.execute("DROP FUNCTION public.counterpoint_openings(uuid)")
    op.drop_table("dispute_steps")
    op.drop_table("disputes")
    op.drop_table("acknowledgements")
