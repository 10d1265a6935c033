"""Which versions of models made the numbers of a study; several of one are refused unless the question says why."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass

import pandas as pd

from plugin.plain_text import counted, join_words
from plugin.studies.question import TechniquesQuestion, TurnsQuestion
from plugin.studies.report import Report
from plugin.studies.tables import Table
from plugin.studies.words import readable
from plugin.study_columns import CODE, MADE_BY
from stream.contracts.errors import Misconfigured


@dataclass(frozen=True)
class Versions:
    """The versions behind the numbers of a study, and why several of one model may stand side by side."""

    rows: Mapping[str, Mapping[str, Mapping[str, int]]]
    """By table, column of versions and version: how many rows have numbers that it made."""
    mixed_because: str | None
    """None where there is one version of each model."""

    def told_in(self, report: Report) -> Report:
        """Return a report that says in its methods which versions there were, and on top where several are mixed."""
        if not self.rows:
            return report
        mixed = self.mixed_because
        aloud = () if mixed is None else (f"Numbers of several versions of a model stand side by side: {mixed}.",)
        said = [
            f"{readable(column)} {_words(versions)} in {table}"
            for table, columns in self.rows.items()
            for column, versions in columns.items()
        ]
        return report.model_copy(
            update={
                "aloud": (*report.aloud, *aloud),
                "methods": f"{report.methods} The numbers were made by {join_words(said)}.",
                "figures": report.figures | {"versions": self.rows},
            }
        )


def check_versions(
    question: TechniquesQuestion | TurnsQuestion, sessions: Table | None, turns: Table | None
) -> Versions:
    """Return the versions that made the numbers of a question, as its tables say; nothing of tables that do not.

    Raises:
        Misconfigured: there are several of one model, and the question does not say why.
    """
    rows: dict[str, dict[str, dict[str, int]]] = {}
    for table, frame, columns in _uses(question, sessions, turns):
        if found := dict(_versions(frame, columns)):
            rows[table.name] = found
    mixed = [(table, column) for table, columns in rows.items() for column in columns if len(columns[column]) > 1]
    if mixed and question.versions_mixed_because is None:
        table_name, column = mixed[0]
        raise Misconfigured(
            f"{table_name}: {readable(column)} {_words(rows[table_name][column])}. A study does not mix versions: keep"
            " the rows of one, or say in the question why they may stand side by side (versions_mixed_because)."
        )
    return Versions(rows, question.versions_mixed_because if mixed else None)


def _uses(
    question: TechniquesQuestion | TurnsQuestion, sessions: Table | None, turns: Table | None
) -> Iterator[tuple[Table, pd.DataFrame, Collection[str]]]:
    """Yield each table with those of its rows, and the columns, that the question is about."""
    if sessions is not None:
        yield sessions, sessions.frame, question.columns
    if turns is not None and sessions is None:
        yield turns, turns.frame, question.columns
    elif turns is not None and sessions is not None and {"session"} <= set(turns.frame) & set(sessions.frame):
        yield turns, turns.frame[turns.frame["session"].isin(sessions.frame["session"])], {CODE}


def _versions(frame: pd.DataFrame, columns: Collection[str]) -> Iterator[tuple[str, dict[str, int]]]:
    """Yield each column of versions of which the question uses numbers, with the rows of each version."""
    for column, made in MADE_BY.items():
        used = sorted(made & set(columns) & set(frame))
        if column in frame and used:
            counts = frame.loc[frame[used].notna().any(axis=1), column].dropna().value_counts()
            if len(counts):
                yield column, {str(version): int(count) for version, count in sorted(counts.items())}


def _words(versions: Mapping[str, int]) -> str:
    if len(versions) == 1:
        return next(iter(versions))
    return join_words([f"{version} ({counted(rows, 'row')})" for version, rows in versions.items()])
