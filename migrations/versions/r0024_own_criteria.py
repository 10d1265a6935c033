"""Add a service's own criteria with their versions, and what supervisors say to them; their notes are encrypted."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "0024"
down_revision: str | None = "0023"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    """Create the tables; no criterion is asked before an operator adds one."""
    op.create_table(
        "criteria",
        sa.Column("criterion_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("about", sa.String(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("retired_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("criterion_id", name=op.f("pk_criteria")),
        sa.UniqueConstraint("name", name=op.f("uq_criteria_name")),
    )
    op.create_table(
        "criterion_versions",
        sa.Column("criterion_id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("question", sa.String(), nullable=False),
        sa.Column("scale", sa.String(), nullable=False),
        sa.Column("words", postgresql.JSONB(none_as_null=True), nullable=True),
        sa.Column("shared", sa.Boolean(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=True),
        sa.Column("written_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.account_id"], name=op.f("fk_criterion_versions_account_id")),
        sa.ForeignKeyConstraint(
            ["criterion_id"], ["criteria.criterion_id"], name=op.f("fk_criterion_versions_criterion_id")
        ),
        sa.PrimaryKeyConstraint("criterion_id", "version", name=op.f("pk_criterion_versions")),
    )
    op.create_table(
        "criterion_answers",
        sa.Column("number", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("session_id", sa.Uuid(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("exchange_id", sa.Uuid(), nullable=True),
        sa.Column("criterion_id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("said", sa.String(), nullable=False),
        sa.Column("words", sa.LargeBinary(), nullable=True),
        sa.Column("has_words", sa.Boolean(), sa.Computed("words IS NOT NULL", persisted=True), nullable=True),
        sa.Column("stands", sa.Boolean(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("said_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.account_id"], name=op.f("fk_criterion_answers_account_id")),
        sa.ForeignKeyConstraint(
            ["criterion_id", "version"],
            ["criterion_versions.criterion_id", "criterion_versions.version"],
            name=op.f("fk_criterion_answers_version"),
        ),
        sa.ForeignKeyConstraint(
            ["session_id"], ["sessions.session_id"], name=op.f("fk_criterion_answers_session_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_criterion_answers")),
    )
    op.create_index(op.f("ix_criterion_answers_session_id"), "criterion_answers", ["session_id"])
    op.create_index(
        "ix_criterion_answers_standing",
        "criterion_answers",
        ["session_id", "criterion_id", "exchange_id"],
        unique=True,
        postgresql_where=sa.text("stands"),
        postgresql_nulls_not_distinct=True,
    )


def downgrade() -> None:
    """Drop the tables."""
    op.drop_table("criterion_answers")
    op.drop_table("criterion_versions")
    op.drop_table("criteria")
