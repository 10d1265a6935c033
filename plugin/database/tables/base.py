"""The base of all tables: metadata that names every constraint, and columns for times and JSON."""

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
"""The metadata of all tables; every constraint has a name, so that a migration can refer to it."""

Json = Any
"""A JSON value: lists and dicts of ids, codes and numbers, never of words."""


class Table(SQLModel):
    """The base class of every table."""

    metadata: ClassVar[MetaData] = METADATA


def utc() -> Any:
    """Return a column for a point in time, which PostgreSQL stores with its time zone."""
    return Field(sa_type=DateTime(timezone=True))


def json() -> Any:
    """Return a column for a JSON value that must be present."""
    return Field(sa_type=JSONB, nullable=False)


def json_or_null() -> Any:
    """Return a column for a JSON value, which is SQL NULL where there is none."""
    return Field(default=None, sa_type=JSONB(none_as_null=True), nullable=True)
