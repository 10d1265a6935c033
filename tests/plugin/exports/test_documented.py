"""The page about exports names every column, purpose and command, and no other column."""

import re

import pytest

from plugin.exports import criterion_rows, study_measures
from plugin.exports.review_rows import COLUMNS, TEXT_COLUMNS
from plugin.exports.study_session_rows import SESSION_COLUMNS
from plugin.exports.study_turn_rows import MEASURED_COLUMNS, TURN_COLUMNS
from plugin.exports.training_lines import TrainingArm
from plugin.local.paths import ROOT
from plugin.queue.export_entries import ExportPurpose

PAGE = (ROOT / "docs" / "export.md").read_text()


@pytest.mark.parametrize(
    ("heading", "columns"),
    [
        ("## Reviews", (*COLUMNS, *TEXT_COLUMNS)),
        ("## Answers to your own criteria", criterion_rows.COLUMNS),
        (
            "A row of `sessions.csv` is",
            (*SESSION_COLUMNS, *study_measures.OF_SESSIONS, "rating_before", "rating_after"),
        ),
        ("A row of `turns.csv` is", (*TURN_COLUMNS, *MEASURED_COLUMNS)),
    ],
)
def test_the_page_explains_every_column(heading: str, columns: tuple[str, ...]) -> None:
    """The table of columns names each column of an export once."""
    table = PAGE.partition(heading)[2].partition("| column | meaning |")[2].partition("\n\n")[0]
    first_cells = re.findall(r"^\| ([^|]+) \|", table, re.MULTILINE)
    named = [name for cell in first_cells for name in re.findall(r"`(\w+)`", cell)]
    assert sorted(named) == sorted(columns)


COMMANDS = ("export reviews", "export training", "export criteria", "export outcomes", "study tables", "export person")


@pytest.mark.parametrize("word", [*ExportPurpose, *TrainingArm, *COMMANDS])
def test_the_page_names_every_choice(word: str) -> None:
    """Each purpose, arm and command stands on the page."""
    assert f"`{word}`" in PAGE
