"""Sessions whose ids a statement is given, as a table that it joins rather than a list that it compares with."""

from collections.abc import Collection
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, Uuid, column, func, literal
from sqlalchemy.sql.selectable import TableValuedAlias


def given_sessions(ids: Collection[UUID]) -> TableValuedAlias:
    """Return a table with a column `session_id`, which has each of the ids once.

    PostgreSQL then looks up the rows of each session, and asks their policy for each row. Compared with a long list it
    works out all sessions that the account may see first, which takes longer than thousands of rows do.
    """
    array: Any = literal(list(ids), ARRAY(Uuid()))
    return func.unnest(array).table_valued(column("session_id", Uuid()), name="given").render_derived()
