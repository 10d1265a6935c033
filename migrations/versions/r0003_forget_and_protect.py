"""Add legal holds, erasure requests, retention runs, service keys, and the hash chain of the audit trail."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0003"
down_revision: str | None = "0002"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

# Hashes the content of an entry as JSON, in the same form as `plugin.database.audit.entry_hash`.
_HASH_FUNCTION = r"""
CREATE FUNCTION counterpoint_audit_hash(entry audit) RETURNS bytea LANGUAGE sql STABLE AS $$
  SELECT sha256(entry.previous || convert_to(jsonb_build_array(
    entry.seq, entry.entry_id::text, to_char(entry.at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US'),
    entry.account_id::text, entry.role, entry.purpose, entry.object_type, entry.object_id, entry.outcome,
    entry.request_id
  )::text, 'UTF8'))
$$
"""
# SECURITY DEFINER, since a role that may add an entry need not have the right to read the trail. The lock admits one
# writer at a time: a later entry waits until the one before it is committed, so no number is ever missing.
_CHAIN_FUNCTION = """
CREATE FUNCTION counterpoint_audit_chain() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path FROM CURRENT AS $$
DECLARE
  before record;
BEGIN
  PERFORM pg_advisory_xact_lock(hashtextextended('counterpoint audit', 0));
  SELECT seq, hash INTO before FROM audit ORDER BY seq DESC LIMIT 1;
  NEW.seq := coalesce(before.seq, 0) + 1;
  NEW.previous := coalesce(before.hash, decode(repeat('00', 32), 'hex'));
  NEW.hash := counterpoint_audit_hash(NEW);
  RETURN NEW;
END $$
"""
# Only entries that a tombstone in the chain names may be deleted: see plugin/privacy/audit_trail.py.
_KEEP_FUNCTION = """
CREATE FUNCTION counterpoint_audit_keep() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path FROM CURRENT AS $$
BEGIN
  IF TG_OP = 'DELETE' AND EXISTS (
    SELECT FROM audit
    WHERE purpose = 'retention' AND object_type = 'audit'
    AND CASE WHEN object_type = 'audit' THEN object_id::bigint >= OLD.seq END
  ) THEN
    RETURN OLD;
  END IF;
  RAISE EXCEPTION 'the audit trail is never changed';
END $$
"""
# Existing entries are numbered in the order of their time, before the triggers are created.
_NUMBER_OLD_ENTRIES = """
DO $$
DECLARE
  one audit;
  number bigint := 0;
  last bytea := decode(repeat('00', 32), 'hex');
BEGIN
  FOR one IN SELECT * FROM audit ORDER BY at, entry_id LOOP
    number := number + 1;
    one.seq := number;
    one.previous := last;
    last := counterpoint_audit_hash(one);
    UPDATE audit SET seq = number, previous = one.previous, hash = last WHERE entry_id = one.entry_id;
  END LOOP;
END $$
"""


def upgrade() -> None:
    """Create the tables of erasure and retention, and chain the audit trail."""
    op.create_table(
        "service_keys",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("kek_id", sa.String(), nullable=False),
        sa.Column("wrapped", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_service_keys")),
    )
    op.create_table(
        "holds",
        sa.Column("tenant", sa.String(), nullable=False),
        sa.Column("conversation_id", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("added_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "conversation_id", name=op.f("pk_holds")),
    )
    op.create_table(
        "erasure_requests",
        sa.Column("erasure_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("subject_hash", sa.LargeBinary(), nullable=False),
        sa.Column("requested_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("sessions", sa.Integer(), nullable=False),
        sa.Column("keys", sa.Integer(), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("topics_clear_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("erasure_id", name=op.f("pk_erasure_requests")),
    )
    op.create_index(op.f("ix_erasure_requests_subject_hash"), "erasure_requests", ["subject_hash"], unique=False)
    op.create_table(
        "retention_runs",
        sa.Column("run_id", sa.Uuid(), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("texts", sa.Integer(), nullable=False),
        sa.Column("quotes", sa.Integer(), nullable=False),
        sa.Column("sessions", sa.Integer(), nullable=False),
        sa.Column("keys", sa.Integer(), nullable=False),
        sa.Column("audit_entries", sa.Integer(), nullable=False),
        sa.Column("held", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("run_id", name=op.f("pk_retention_runs")),
    )
    op.create_table(
        "session_clients",
        sa.Column("session_id", sa.Uuid(), nullable=False),
        sa.Column("client", sa.String(), nullable=False),
        sa.Column("tenant", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["session_id"], ["sessions.session_id"], name=op.f("fk_session_clients_session_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("session_id", "client", name=op.f("pk_session_clients")),
    )
    op.create_index(op.f("ix_session_clients_tenant_client"), "session_clients", ["tenant", "client"], unique=False)
    op.add_column("sessions", sa.Column("restricted", sa.Boolean(), server_default=sa.false(), nullable=False))
    op.execute(
        "INSERT INTO session_clients SELECT DISTINCT m.session_id, m.author, s.tenant"
        " FROM messages m JOIN sessions s USING (session_id) WHERE m.role = 'client'"
    )
    op.add_column(
        "answers",
        sa.Column("has_words", sa.Boolean(), sa.Computed("words IS NOT NULL", persisted=True), nullable=True),
    )
    op.alter_column("erasures", "conversation_hash", new_column_name="subject_hash")
    _chain_the_trail()


def _chain_the_trail() -> None:
    for name, kind in (("seq", sa.BigInteger()), ("previous", sa.LargeBinary()), ("hash", sa.LargeBinary())):
        op.add_column("audit", sa.Column(name, kind, nullable=True))
    op.execute(_HASH_FUNCTION)
    op.execute(_NUMBER_OLD_ENTRIES)
    for name in ("seq", "previous", "hash"):
        op.alter_column("audit", name, nullable=False)
    op.create_unique_constraint(op.f("uq_audit_seq"), "audit", ["seq"])
    op.create_index(
        "ix_audit_tombstones",
        "audit",
        ["seq"],
        unique=False,
        postgresql_where=sa.text("purpose = 'retention' AND object_type = 'audit'"),
    )
    op.execute(_CHAIN_FUNCTION)
    op.execute(_KEEP_FUNCTION)
    op.execute(
        "CREATE TRIGGER counterpoint_audit_chain BEFORE INSERT ON audit"
        " FOR EACH ROW EXECUTE FUNCTION counterpoint_audit_chain()"
    )
    op.execute(
        "CREATE TRIGGER counterpoint_audit_keep BEFORE UPDATE OR DELETE ON audit"
        " FOR EACH ROW EXECUTE FUNCTION counterpoint_audit_keep()"
    )
    op.execute(
        "CREATE TRIGGER counterpoint_audit_keep_all BEFORE TRUNCATE ON audit"
        " FOR EACH STATEMENT EXECUTE FUNCTION counterpoint_audit_keep()"
    )


def downgrade() -> None:
    """Remove the chain of the audit trail, and drop the tables of erasure and retention."""
    for trigger in ("counterpoint_audit_keep_all", "counterpoint_audit_keep", "counterpoint_audit_chain"):
        op.execute(f"DROP TRIGGER {trigger} ON audit")
    op.execute("DROP FUNCTION counterpoint_audit_keep()")
    op.execute("DROP FUNCTION counterpoint_audit_chain()")
    op.execute("DROP FUNCTION counterpoint_audit_hash(audit)")
    op.drop_index("ix_audit_tombstones", table_name="audit")
    op.drop_constraint(op.f("uq_audit_seq"), "audit")
    for name in ("hash", "previous", "seq"):
        op.drop_column("audit", name)
    op.alter_column("erasures", "subject_hash", new_column_name="conversation_hash")
    op.drop_column("answers", "has_words")
    op.drop_column("sessions", "restricted")
    op.drop_table("session_clients")
    op.drop_table("retention_runs")
    op.drop_table("erasure_requests")
    op.drop_table("holds")
    op.drop_table("service_keys")
