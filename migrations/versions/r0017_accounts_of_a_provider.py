"""Add to an account the OpenID Connect provider that it comes from, and the hash of its subject there."""

from collections.abc import Sequence
from typing import Final

import sqlalchemy as sa
from alembic import op

revision: str = "0017"
down_revision: str | None = "0016"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

# A function of the owner, since the web role changes no account's role: it changes that of an account of the provider
# that the transaction names, and of no local account.
_ROLE_FUNCTION: Final = """
CREATE FUNCTION public.counterpoint_provider_role(account uuid, wanted text) RETURNS boolean
LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
  WITH changed AS (
    UPDATE public.accounts a SET role = wanted WHERE a.account_id = account
    AND a.issuer = nullif(current_setting('counterpoint.issuer', true), '') RETURNING 1)
  SELECT EXISTS (SELECT FROM changed)
$$
"""


def upgrade() -> None:
    """Add the columns and the function; every account there is now is local."""
    op.add_column("accounts", sa.Column("issuer", sa.String(), nullable=True))
    op.add_column("accounts", sa.Column("subject_hash", sa.String(), nullable=True))
    op.create_unique_constraint(op.f("uq_accounts_issuer_subject_hash"), "accounts", ["issuer", "subject_hash"])
    op.execute(_ROLE_FUNCTION)
    op.execute("REVOKE ALL ON FUNCTION public.counterpoint_provider_role FROM PUBLIC")


def downgrade() -> None:
    """Drop them. An account of a provider has no password, so nobody can log in with it any more."""
    # The policies of the database roles name the columns; `counterpoint database roles` makes its own again.
    for table in ("accounts", "memberships", "teams"):
        for right in ("insert", "update", "delete"):
            op.execute(f"DROP POLICY IF EXISTS counterpoint_provider_{right} ON public.{table}")
    op.execute("DROP FUNCTION public.counterpoint_provider_role")
    op.drop_constraint(op.f("uq_accounts_issuer_subject_hash"), "accounts")
    for name in ("subject_hash", "issuer"):
        op.drop_column("accounts", name)
