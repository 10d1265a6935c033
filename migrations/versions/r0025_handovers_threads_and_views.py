"""Add hand-overs of sessions, comments and follow-up days of coaching notes, and saved views of the waiting list."""

from collections.abc import Sequence
from typing import Final

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "0025"
down_revision: str | None = "0024"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

# An account is removed in two ways, by an operator and by an erasure; its saved views go in both, by this one rule.
_FORGET_FUNCTION: Final = """
CREATE FUNCTION public.counterpoint_forget_views() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
  DELETE FROM public.saved_views v WHERE v.account_id = NEW.account_id;
  RETURN NULL;
END $$
"""
_FORGET_TRIGGER: Final = (
    "CREATE TRIGGER counterpoint_forget_views AFTER UPDATE OF removed_at ON public.accounts"
    " FOR EACH ROW WHEN (NEW.removed_at IS NOT NULL) EXECUTE FUNCTION public.counterpoint_forget_views()"
)


def upgrade() -> None:
    """Create the tables; every session that waits now is in the queue, and no note has a follow-up day."""
    op.create_table(
        "handovers",
        sa.Column("session_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("receiver_id", sa.Uuid(), nullable=True),
        sa.Column("words", sa.LargeBinary(), nullable=True),
        sa.Column("has_words", sa.Boolean(), sa.Computed("words IS NOT NULL", persisted=True), nullable=True),
        sa.Column("handed_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.account_id"], name=op.f("fk_handovers_account_id")),
        sa.ForeignKeyConstraint(["receiver_id"], ["accounts.account_id"], name=op.f("fk_handovers_receiver_id")),
        _of_session("handovers"),
        sa.PrimaryKeyConstraint("session_id", "number", name=op.f("pk_handovers")),
    )
    op.create_index(op.f("ix_handovers_receiver_id"), "handovers", ["receiver_id"])
    op.add_column("notes", sa.Column("follow_up_on", sa.Date(), nullable=True))
    op.add_column("notes", sa.Column("followed_up_at", sa.DateTime(timezone=True), nullable=True))
    op.create_index(
        "ix_notes_follow_up",
        "notes",
        ["account_id", "follow_up_on"],
        postgresql_where=sa.text("follow_up_on IS NOT NULL AND followed_up_at IS NULL"),
    )
    op.create_table(
        "note_comments",
        sa.Column("comment_id", sa.Uuid(), nullable=False),
        sa.Column("note_id", sa.Uuid(), nullable=False),
        sa.Column("session_id", sa.Uuid(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("words", sa.LargeBinary(), nullable=False),
        sa.Column("written_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.account_id"], name=op.f("fk_note_comments_account_id")),
        sa.ForeignKeyConstraint(
            ["note_id"], ["notes.note_id"], name=op.f("fk_note_comments_note_id"), ondelete="CASCADE"
        ),
        _of_session("note_comments"),
        sa.PrimaryKeyConstraint("comment_id", name=op.f("pk_note_comments")),
    )
    op.create_index(op.f("ix_note_comments_session_id"), "note_comments", ["session_id"])
    op.create_index(op.f("ix_note_comments_note_id"), "note_comments", ["note_id"])
    op.create_table(
        "saved_views",
        sa.Column("view_id", sa.Uuid(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("chosen", postgresql.JSONB(), nullable=False),
        sa.Column("saved_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"], ["accounts.account_id"], name=op.f("fk_saved_views_account_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("view_id", name=op.f("pk_saved_views")),
        sa.UniqueConstraint("account_id", "name", name=op.f("uq_saved_views_account_id_name")),
    )
    op.execute(_FORGET_FUNCTION)
    op.execute("REVOKE ALL ON FUNCTION public.counterpoint_forget_views() FROM PUBLIC")
    op.execute(_FORGET_TRIGGER)


def downgrade() -> None:
    """Drop all of it; every session that waits is in the queue again."""
    op.execute("DROP TRIGGER counterpoint_forget_views ON public.accounts")
    op.execute("DROP FUNCTION public.counterpoint_forget_views()")
    for table in ("saved_views", "note_comments"):
        op.drop_table(table)
    op.drop_index("ix_notes_follow_up", table_name="notes")
    for name in ("followed_up_at", "follow_up_on"):
        op.drop_column("notes", name)
    op.drop_table("handovers")


def _of_session(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["session_id"], ["sessions.session_id"], name=op.f(f"fk_{table}_session_id"), ondelete="CASCADE"
    )
