"""Add rubric notes, the decisions of a lead, and the audit trail as an auditor reads it."""

from collections.abc import Sequence
from typing import Final

import sqlalchemy as sa
from alembic import op

revision: str = "0021"
down_revision: str | None = "0019"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

# A view of the owner, since no stage that shows pages may read the trail. A view and not a function, so that a filter
# and a limit reach the table's indexes; a barrier, so that no condition of a caller is tried on a row that is hidden.
_TRAIL_VIEW: Final = """
CREATE VIEW public.counterpoint_trail WITH (security_barrier) AS
  SELECT e.* FROM public.audit e WHERE EXISTS (
    SELECT FROM public.accounts a
    WHERE a.account_id = nullif(current_setting('counterpoint.account', true), '')::uuid
    AND a.disabled_at IS NULL AND a.role = 'auditor')
"""
# An earlier version knows neither the roles nor the scopes.
_FORGET_ROLES: Final = """
UPDATE accounts SET role = 'operator', password_hash = '', generation = generation + 1,
  disabled_at = coalesce(disabled_at, now()) WHERE role IN ('lead', 'auditor')
"""
_FORGET_SCOPES: Final = "DELETE FROM api_tokens WHERE scopes ?| ARRAY['rubric.write', 'trail.read']"


def upgrade() -> None:
    """Create the tables, the column and the view; `counterpoint database roles` says which roles may use them."""
    op.create_table(
        "rubric_notes",
        sa.Column("note_id", sa.Uuid(), nullable=False),
        sa.Column("mechanism", sa.String(), nullable=False),
        sa.Column("kek_id", sa.String(), nullable=False),
        sa.Column("wrapped", sa.LargeBinary(), nullable=False),
        sa.Column("begun_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("note_id", name=op.f("pk_rubric_notes")),
    )
    op.create_table(
        "rubric_note_versions",
        sa.Column("note_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("words", sa.LargeBinary(), nullable=False),
        sa.Column("rubric", sa.String(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("written_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"], ["accounts.account_id"], name=op.f("fk_rubric_note_versions_account_id")
        ),
        sa.ForeignKeyConstraint(
            ["note_id"], ["rubric_notes.note_id"], name=op.f("fk_rubric_note_versions_note_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("note_id", "number", name=op.f("pk_rubric_note_versions")),
    )
    op.add_column("decisions", sa.Column("as_lead", sa.Boolean(), server_default=sa.text("false"), nullable=False))
    op.execute(_TRAIL_VIEW)


def downgrade() -> None:
    """Drop all of it.

    Accounts of a lead or an auditor become disabled ones of operators, without a password, and their tokens go. An
    earlier version cannot show who has read a session where the trail says that a lead did.
    """
    op.execute(_FORGET_SCOPES)
    op.execute(_FORGET_ROLES)
    op.execute("DROP VIEW public.counterpoint_trail")
    op.drop_column("decisions", "as_lead")
    op.drop_table("rubric_note_versions")
    op.drop_table("rubric_notes")
