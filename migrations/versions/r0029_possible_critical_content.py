"""Make room in the needs for possible critical content, which comes after an unanswered moment."""

from collections.abc import Sequence
from typing import Final

from alembic import op

revision: str = "0029"
down_revision: str | None = "0028"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

_POSSIBLE: Final = "possible_critical_content"
_SURE: Final = "critical_content"


def upgrade() -> None:
    """Renumber the needs from 4, which is now that of possible critical content; no stored session has it."""
    op.execute("UPDATE sessions SET need = need + 1 WHERE need >= 4")


def downgrade() -> None:
    """Restore the numbers. What may be critical becomes what is, since the earlier version knows that grade alone."""
    op.execute("UPDATE sessions SET need = CASE need WHEN 4 THEN 1 ELSE need - 1 END WHERE need >= 4")
    for table in ("answers", "reratings"):
        op.execute(f"UPDATE {table} SET abstained = '{_SURE}' WHERE abstained = '{_POSSIBLE}'")  # noqa: S608
    op.execute(f"""UPDATE sessions SET marks = replace(marks::text, '"{_POSSIBLE}"', '"{_SURE}"')::jsonb
        WHERE marks @> '[{{"needs_human": "{_POSSIBLE}"}}]'""")  # noqa: S608 - constants of this file
    op.execute("""UPDATE look_answers SET machine = machine - 'possible_critical' || jsonb_build_object('critical',
        (machine->>'critical')::boolean OR (machine->>'possible_critical')::boolean)
        WHERE machine ? 'possible_critical'""")
