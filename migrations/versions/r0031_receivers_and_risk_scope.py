"""Add stored receivers with their notices, and the function by which a risk signal's session is known to be over.

Whatever ends a release, the database itself makes the notice: a decision, another revision, an erasure, retention.
"""

from collections.abc import Sequence
from typing import Final

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "0031"
down_revision: str | None = "0030"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

# Row security shows a person the sessions that they may see; whether a session is over must be known of every one.
_IS_OVER: Final = """
CREATE FUNCTION public.counterpoint_session_is_over(session uuid) RETURNS boolean
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
  SELECT EXISTS (SELECT FROM public.sessions s WHERE s.session_id = session AND s.state <> 'reopened')
$$
"""
# Each receiver whose latest notice of the session says that it is released is told that it is no more. What is gone
# leaves nothing behind but ids, and a receiver that was never told of it is not told now.
_END: Final = """
CREATE FUNCTION public.counterpoint_end_releases(session uuid, why text) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
  INSERT INTO public.release_notices (notice_id, receiver_id, kind, release_id, session_id, content, made_at,
    waiting_since, state, attempts, next_try_at)
  SELECT gen_random_uuid(), n.receiver_id, 'withdrawn', n.release_id, n.session_id,
    jsonb_build_object('tenant', n.content -> 'tenant', 'reason', why), now(), now(), 'waiting', 0, now()
  FROM (SELECT DISTINCT ON (l.receiver_id) l.* FROM public.release_notices l WHERE l.session_id = session
    ORDER BY l.receiver_id, l.number DESC) n
  JOIN public.receivers r ON r.receiver_id = n.receiver_id AND r.removed_at IS NULL
  WHERE n.kind = 'released' AND (why <> 'removed' OR n.attempts > 0)
  ORDER BY n.number;
  IF why = 'removed' THEN
    DELETE FROM public.release_notices n WHERE n.session_id = session AND n.kind = 'released';
  END IF;
END $$
"""
_DECIDED: Final = """
CREATE FUNCTION public.counterpoint_decision_ends_release() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
  PERFORM public.counterpoint_end_releases(OLD.session_id, CASE TG_OP WHEN 'DELETE' THEN 'removed' ELSE 'withheld' END);
  RETURN NULL;
END $$;
CREATE TRIGGER counterpoint_end_release AFTER UPDATE OF kind ON public.decisions FOR EACH ROW
  WHEN (OLD.kind = 'released' AND NEW.kind <> 'released')
  EXECUTE FUNCTION public.counterpoint_decision_ends_release();
CREATE TRIGGER counterpoint_end_removed AFTER DELETE ON public.decisions FOR EACH ROW
  EXECUTE FUNCTION public.counterpoint_decision_ends_release();
"""
_CHANGED: Final = """
CREATE FUNCTION public.counterpoint_session_ends_release() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
  PERFORM public.counterpoint_end_releases(NEW.session_id,
    CASE WHEN NEW.restricted OR NEW.state = 'erased' THEN 'removed' ELSE 'changed' END);
  RETURN NULL;
END $$;
CREATE TRIGGER counterpoint_end_release AFTER UPDATE OF revision, state, restricted ON public.sessions FOR EACH ROW
  WHEN (OLD.revision <> NEW.revision OR OLD.state <> NEW.state OR (NEW.restricted AND NOT OLD.restricted))
  EXECUTE FUNCTION public.counterpoint_session_ends_release();
"""
_FUNCTIONS: Final = (
    "counterpoint_session_is_over(uuid)",
    "counterpoint_decision_ends_release()",
    "counterpoint_session_ends_release()",
    "counterpoint_end_releases(uuid, text)",
)


def upgrade() -> None:
    """Create the functions, the tables and the triggers; roles say who may use them."""
    op.execute(_IS_OVER)
    op.create_table(
        "receivers",
        sa.Column("receiver_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("tenant", sa.String(), nullable=True),
        sa.Column("kinds", postgresql.JSONB(), nullable=False),
        sa.Column("url", sa.String(), nullable=False),
        sa.Column("kek_id", sa.String(), nullable=False),
        sa.Column("secret", sa.LargeBinary(), nullable=False),
        sa.Column("previous_secret", sa.LargeBinary(), nullable=True),
        sa.Column("previous_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("added_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("disabled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("removed_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("receiver_id", name=op.f("pk_receivers")),
        sa.UniqueConstraint("name", name=op.f("uq_receivers_name")),
    )
    op.create_table(
        "release_notices",
        sa.Column("number", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("notice_id", sa.Uuid(), nullable=False),
        sa.Column("receiver_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("release_id", sa.Uuid(), nullable=False),
        sa.Column("session_id", sa.Uuid(), nullable=False),
        sa.Column("content", postgresql.JSONB(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("waiting_since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("next_try_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("leased_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("reason", sa.String(), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["receiver_id"],
            ["receivers.receiver_id"],
            name=op.f("fk_release_notices_receiver_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_release_notices")),
        sa.UniqueConstraint("receiver_id", "notice_id", name=op.f("uq_release_notices_receiver_id_notice_id")),
    )
    op.create_index(
        "ix_release_notices_waiting",
        "release_notices",
        ["receiver_id", "number"],
        postgresql_where=sa.text("state = 'waiting'"),
    )
    op.create_index(op.f("ix_release_notices_session_id"), "release_notices", ["session_id"])
    op.create_index(op.f("ix_release_notices_ended_at"), "release_notices", ["ended_at"])
    for statement in (_END, _DECIDED, _CHANGED):
        op.execute(statement)
    for function in _FUNCTIONS:
        op.execute(f"REVOKE ALL ON FUNCTION public.{function} FROM PUBLIC")


def downgrade() -> None:
    """Drop the tables with their notices, and the tokens whose scope an earlier version does not know."""
    op.execute("DELETE FROM api_tokens WHERE scopes ? 'receivers.write'")
    # The policy of the roles, where there are any, asks the function.
    op.execute("DROP POLICY IF EXISTS counterpoint_acknowledge ON public.risk_signals")
    for trigger, table in (
        ("counterpoint_end_release", "decisions"),
        ("counterpoint_end_removed", "decisions"),
        ("counterpoint_end_release", "sessions"),
    ):
        op.execute(f"DROP TRIGGER {trigger} ON public.{table}")
    for function in _FUNCTIONS:
        op.execute(f"DROP FUNCTION public.{function}")
    op.drop_table("release_notices")
    op.drop_table("receivers")
