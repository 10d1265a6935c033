"""A calibration with a fixed id in the database of the pages, for tests of who may do what with it."""

from typing import Final
from uuid import UUID

import psycopg

from stream.contracts.rubric import RUBRIC_VERSION
from tests.plugin.web.conftest import SUPERVISOR, WAITING

CALIBRATION: Final = UUID("c0000000-0000-4000-8000-000000000001")


def open_calibration(database: str) -> None:
    """Store an open calibration of one moment, in which the supervisor of its team is the only rater."""
    answer = WAITING.assessments[0]
    with psycopg.connect(database.replace("+psycopg", "")) as connection:
        connection.execute(
            "INSERT INTO calibrations SELECT %s, account_id, ARRAY[account_id], 1, %s::jsonb, %s, now(),"
            " now() + interval '9 days' FROM accounts WHERE username = %s",
            (CALIBRATION, answer.model.model_dump_json(), RUBRIC_VERSION, SUPERVISOR),
        )
        connection.execute(
            "INSERT INTO calibration_moments VALUES (%s, 1, %s, %s, %s, 5, NULL)",
            (CALIBRATION, WAITING.session_id, answer.exchange_id, answer.assessment_id),
        )
