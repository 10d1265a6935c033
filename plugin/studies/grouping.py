"""Who is behind the rows of a study: how many counsellors, and whether people with several sessions can be modelled."""

from dataclasses import dataclass
from typing import Final

import pandas as pd

from plugin.least_people import LEAST_COUNSELLORS
from plugin.studies.question import Question
from plugin.studies.tables import Table
from stream.contracts.errors import Misconfigured

LEAST_GROUPS: Final = 5
"""Groups with two sessions or more. With fewer the variance between groups is a guess."""


@dataclass(frozen=True)
class Grouping:
    """A column that groups sessions, such as clients; `problem` says why it cannot be modelled."""

    column: str
    groups: int
    problem: str | None


def check_counsellors(table: Table, question: Question) -> str:
    """Check that enough counsellors are behind a table, and return the sentence that says how many.

    Raises:
        Misconfigured: there are too few, or they cannot be counted and the question does not say why.
    """
    if question.no_counsellors_because is not None:
        return f"Counsellors are not counted: {question.no_counsellors_because}."
    table.check_columns("counsellor")
    count = table.frame["counsellor"].nunique()
    if count < LEAST_COUNSELLORS:
        raise Misconfigured(
            f"{table.name} has sessions of {count} counsellors. A study sums up {LEAST_COUNSELLORS} or more, so that"
            " its figures are about nobody in particular."
        )
    return f"{count} counsellors."


def find_groupings(frame: pd.DataFrame) -> list[Grouping]:
    """Return how the sessions are grouped by client and by counsellor, where the table says so."""
    return [_grouping(frame, column) for column in ("client", "counsellor") if column in frame.columns]


def _grouping(frame: pd.DataFrame, column: str) -> Grouping:
    sizes = frame[column].value_counts()
    repeated = int((sizes > 1).sum())
    if frame[column].isna().any():
        problem = f"not every session has a {column}"
    elif repeated < LEAST_GROUPS:
        problem = f"{repeated} of {len(sizes)} {column}s have more than one session, and {LEAST_GROUPS} are needed"
    else:
        problem = None
    return Grouping(column, len(sizes), problem)
