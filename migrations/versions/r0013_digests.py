"""Add how each person wants digests, up to when they have read, and which digests were sent."""

from collections.abc import Sequence
from typing import Final

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "0013"
down_revision: str | None = "0012"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

# An account is removed in two ways, by an operator and by an erasure; its address goes in both, by this one rule.
_FORGET_FUNCTION: Final = """
CREATE FUNCTION public.counterpoint_forget_digests() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
  DELETE FROM public.digest_preferences p WHERE p.account_id = NEW.account_id;
  DELETE FROM public.digest_marks m WHERE m.account_id = NEW.account_id;
  DELETE FROM public.digest_deliveries d WHERE d.account_id = NEW.account_id;
  RETURN NULL;
END $$
"""


def upgrade() -> None:
    """Create the tables; nobody gets a digest before they ask for it."""
    op.create_table(
        "digest_preferences",
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("way", sa.String(), nullable=False),
        sa.Column("receiver", sa.String(), nullable=False),
        sa.Column("days", postgresql.JSONB(), nullable=False),
        sa.Column("hour", sa.Integer(), nullable=False),
        sa.Column("zone", sa.String(), nullable=False),
        sa.Column("set_at", sa.DateTime(timezone=True), nullable=False),
        _of_account("digest_preferences"),
        sa.PrimaryKeyConstraint("account_id", name=op.f("pk_digest_preferences")),
    )
    op.create_table(
        "digest_marks",
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("read_until", sa.DateTime(timezone=True), nullable=False),
        _of_account("digest_marks"),
        sa.PrimaryKeyConstraint("account_id", name=op.f("pk_digest_marks")),
    )
    op.create_table(
        "digest_deliveries",
        sa.Column("delivery_id", sa.Uuid(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("period", sa.Date(), nullable=False),
        sa.Column("way", sa.String(), nullable=False),
        sa.Column("receiver", sa.String(), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("until", sa.DateTime(timezone=True), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("next_try_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("leased_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("reason", sa.String(), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        _of_account("digest_deliveries"),
        sa.PrimaryKeyConstraint("delivery_id", name=op.f("pk_digest_deliveries")),
        sa.UniqueConstraint("account_id", "period", name=op.f("uq_digest_deliveries_account_id_period")),
    )
    op.create_index(op.f("ix_digest_deliveries_state_next_try_at"), "digest_deliveries", ["state", "next_try_at"])
    op.execute(_FORGET_FUNCTION)
    op.execute("REVOKE ALL ON FUNCTION public.counterpoint_forget_digests() FROM PUBLIC")
    op.execute(
        "CREATE TRIGGER counterpoint_forget_digests AFTER UPDATE OF removed_at ON public.accounts"
        " FOR EACH ROW WHEN (NEW.removed_at IS NOT NULL) EXECUTE FUNCTION public.counterpoint_forget_digests()"
    )


def downgrade() -> None:
    """Drop the tables, and with them every address."""
    op.execute("DROP TRIGGER counterpoint_forget_digests ON public.accounts")
    op.execute("DROP FUNCTION public.counterpoint_forget_digests()")
    for table in ("digest_deliveries", "digest_marks", "digest_preferences"):
        op.drop_table(table)


def _of_account(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["account_id"], ["accounts.account_id"], name=op.f(f"fk_{table}_account_id"), ondelete="CASCADE"
    )
