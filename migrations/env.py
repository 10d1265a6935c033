"""The script with which Alembic runs the migrations, on the connection that `plugin.database.migrate` passes to it."""

from typing import Literal

from alembic import context
from alembic.autogenerate.api import AutogenContext
from sqlmodel.sql.sqltypes import AutoString

from plugin.database.tables import METADATA


def _render_item(kind: str, item: object, _context: AutogenContext) -> str | Literal[False]:
    """Render SQLModel's string type as `sa.String()`, so that a migration does not have to import SQLModel."""
    return "sa.String()" if kind == "type" and isinstance(item, AutoString) else False


context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=METADATA,
    transactional_ddl=True,
    render_item=_render_item,
)
with context.begin_transaction():
    context.run_migrations()
