"""Add the tokens of the JSON API, and the replies to requests with an idempotency key."""

from collections.abc import Sequence
from typing import Final

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "0016"
down_revision: str | None = "0015"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

# A function of the owner: the page's role shows each person's own tokens, and does not know the person before this.
_ACCOUNT_FUNCTION: Final = """
CREATE FUNCTION public.counterpoint_token_account(hash bytea) RETURNS uuid
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
  SELECT t.account_id FROM public.api_tokens t WHERE t.secret_hash = hash
$$
"""


def upgrade() -> None:
    """Create the tables and the function; `counterpoint database roles` says which roles may use them."""
    op.create_table(
        "api_tokens",
        sa.Column("token_id", sa.Uuid(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("secret_hash", sa.LargeBinary(), nullable=False),
        sa.Column("scopes", postgresql.JSONB(), nullable=False),
        sa.Column("generation", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_used_on", sa.Date(), nullable=True),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.account_id"], name=op.f("fk_api_tokens_account_id")),
        sa.PrimaryKeyConstraint("token_id", name=op.f("pk_api_tokens")),
        sa.UniqueConstraint("secret_hash", name=op.f("uq_api_tokens_secret_hash")),
    )
    op.create_index(op.f("ix_api_tokens_account_id"), "api_tokens", ["account_id"])
    op.create_table(
        "api_replies",
        sa.Column("token_id", sa.Uuid(), nullable=False),
        sa.Column("key_hash", sa.LargeBinary(), nullable=False),
        sa.Column("request_hash", sa.LargeBinary(), nullable=False),
        sa.Column("begun_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("status", sa.Integer(), nullable=True),
        sa.Column("result", postgresql.JSONB(), nullable=True),
        sa.ForeignKeyConstraint(
            ["token_id"], ["api_tokens.token_id"], name=op.f("fk_api_replies_token_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("token_id", "key_hash", name=op.f("pk_api_replies")),
    )
    op.execute(_ACCOUNT_FUNCTION)
    op.execute("REVOKE ALL ON FUNCTION public.counterpoint_token_account(bytea) FROM PUBLIC")


def downgrade() -> None:
    """Drop the function and the tables. Every token is then unknown."""
    op.execute("DROP FUNCTION public.counterpoint_token_account(bytea)")
    op.drop_table("api_replies")
    op.drop_table("api_tokens")
