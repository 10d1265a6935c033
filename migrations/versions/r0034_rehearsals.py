"""Add rehearsals with written clients; `counterpoint database roles` says who may use them."""

from collections.abc import Sequence
from typing import Final

import sqlalchemy as sa
from alembic import op

revision: str = "0034"
down_revision: str | None = "0033"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

# Temporary tables last, so that none of a caller's own stands before ours.
_PATH: Final = "SET search_path = pg_catalog, public, pg_temp"
# Whatever removes an account removes its rehearsals. An operator's role may not even see them.
_REMOVE_FUNCTION: Final = f"""
CREATE FUNCTION public.counterpoint_rehearsals_remove() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER {_PATH} AS $$
BEGIN
  DELETE FROM public.rehearsals WHERE account_id = NEW.account_id;
  RETURN NULL;
END
$$
"""  # noqa: S608 - constants of this file
_REMOVE_TRIGGER: Final = (
    "CREATE TRIGGER counterpoint_rehearsals_remove AFTER UPDATE OF removed_at ON public.accounts FOR EACH ROW"
    " WHEN (NEW.removed_at IS NOT NULL) EXECUTE FUNCTION public.counterpoint_rehearsals_remove()"
)


def upgrade() -> None:
    """Create the tables, and what empties them with their account."""
    op.create_table(
        "rehearsals",
        sa.Column("rehearsal_id", sa.Uuid(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("kek_id", sa.String(), nullable=False),
        sa.Column("wrapped", sa.LargeBinary(), nullable=False),
        sa.Column("begun_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.account_id"], name=op.f("fk_rehearsals_account_id")),
        sa.PrimaryKeyConstraint("rehearsal_id", name=op.f("pk_rehearsals")),
    )
    op.create_index(op.f("ix_rehearsals_account_id"), "rehearsals", ["account_id"])
    op.create_index(op.f("ix_rehearsals_begun_at"), "rehearsals", ["begun_at"])
    op.create_table(
        "rehearsal_steps",
        sa.Column("rehearsal_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("is_draft", sa.Boolean(), nullable=False),
        sa.Column("words", sa.LargeBinary(), nullable=False),
        sa.Column("written_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["rehearsal_id"],
            ["rehearsals.rehearsal_id"],
            name=op.f("fk_rehearsal_steps_rehearsal_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("rehearsal_id", "number", name=op.f("pk_rehearsal_steps")),
    )
    op.execute(_REMOVE_FUNCTION)
    op.execute("REVOKE ALL ON FUNCTION public.counterpoint_rehearsals_remove() FROM PUBLIC")
    op.execute(_REMOVE_TRIGGER)


def downgrade() -> None:
    """Drop the tables with what empties them."""
    op.execute("DROP TRIGGER counterpoint_rehearsals_remove ON public.accounts")
    op.execute("DROP FUNCTION public.counterpoint_rehearsals_remove()")
    op.drop_table("rehearsal_steps")
    op.drop_table("rehearsals")
