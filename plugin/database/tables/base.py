"""What all tables share: one metadata with names for every constraint, and how a column keeps time and JSON."""

from typing import Any, ClassVar

from sqlalchemy import DateTime, MetaData
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field, SQLModel

METADATA = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)
"""Every constraint has a name, so that a migration can speak of it."""

Json = Any
"""Lists and dicts of ids, codes and numbers; no words."""


class Table(SQLModel):
    """Base of every table."""

    metadata: ClassVar[MetaData] = METADATA


def utc() -> Any:
    """A column with a point in time."""
    return Field(sa_type=DateTime(timezone=True))


def json() -> Any:
    """A column with a JSON value that may not be absent."""
    return Field(sa_type=JSONB, nullable=False)


def json_or_null() -> Any:
    """A column with a JSON value, SQL NULL where there is none."""
    return Field(default=None, sa_type=JSONB(none_as_null=True), nullable=True)
