"""The columns of the tables for studies: each number that a model made is listed under the version that made it."""

from plugin.exports.outcome_rows import FIRST_COLUMNS, OUTCOME_COLUMNS
from plugin.exports.study_measures import OF_SESSIONS
from plugin.exports.study_session_rows import SESSION_COLUMNS
from plugin.exports.study_turn_rows import MEASURED_COLUMNS, TURN_COLUMNS
from plugin.study_columns import DYNAMICS_VERSION, LEVELS, MADE_BY, MODEL_VERSION, RESISTS, VERSIONS_OF_FEEDBACK

BY_NOBODY = {*FIRST_COLUMNS, *OUTCOME_COLUMNS, "client_turns", "group", "turn", "role", "reviewed"}
"""Pseudonyms, places and counts, and what people said."""


def test_each_number_that_a_model_made_has_its_version() -> None:
    """Every column of both tables is of people, of a place, a version, or made by one that is named; no other is."""
    tables = {*SESSION_COLUMNS, *OF_SESSIONS, *TURN_COLUMNS, *MEASURED_COLUMNS}
    made = {name for columns in MADE_BY.values() for name in columns}
    assert tables - BY_NOBODY == made | MADE_BY.keys()
    assert not made & (BY_NOBODY | MADE_BY.keys())


def test_each_table_has_the_versions_of_its_own_numbers() -> None:
    """A table with numbers of a version has that version's column; no column of a session is one of dynamics."""
    for columns in ({*SESSION_COLUMNS, *OF_SESSIONS}, {*TURN_COLUMNS, *MEASURED_COLUMNS}):
        assert columns & MADE_BY.keys() == {version for version, made in MADE_BY.items() if made & columns}
    assert DYNAMICS_VERSION not in OF_SESSIONS


def test_whether_a_client_resists_is_by_detector_and_model() -> None:
    """Resistance rests on what was flagged and on what was confirmed; a level on the model alone."""
    assert {version for version, made in MADE_BY.items() if RESISTS in made} == set(VERSIONS_OF_FEEDBACK)
    assert {version for version, made in MADE_BY.items() if set(LEVELS) & made} == {MODEL_VERSION}
