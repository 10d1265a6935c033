"""Tests of the kinds of entries: every purpose that the code writes is of exactly one kind."""

import pytest
from sqlalchemy import Engine, text

from plugin.privacy.trail import TrailPurpose
from plugin.privacy.trail_kinds import PATTERNS, TrailKind
from plugin.queue.export_entries import OWN_WORDS, ExportKind, ExportPurpose, export_entry
from plugin.queue.review_views import Judgement
from plugin.queue.statements import StatementKind

WRITTEN = {
    TrailKind.LOGIN: {"login", "logout", "logout at the provider"},
    TrailKind.READING: {
        *("review", "digest", "agreement sample", "blind look", "trend"),
        *("read a dead letter: fault", "read a dead letter: erasure"),
        *("calibration draw", "calibration", "calibration comparison"),
    },
    TrailKind.REVIEW: {
        *("claim", "give back", "shared note", "private note", "remove note", "blind answers"),
        *(f"{judgement} {kind}" for judgement in Judgement for kind in StatementKind),
    },
    TrailKind.CALIBRATION: {
        *("open calibration", "cancel calibration", "calibration rating", "calibration done", "calibration ask"),
        *("calibration settled", "calibration agreement"),
    },
    TrailKind.CRITERION: {
        *("criterion added", "criterion changed", "criterion moved", "criterion retired", "criterion restored"),
        *("criterion answer", "criterion answer undone"),
    },
    TrailKind.DECISION: {"released", "withheld"},
    TrailKind.ANSWER: {"acknowledge", "dispute", "withdraw dispute", "escalate dispute", "resolve dispute"},
    TrailKind.PRACTICE: {"practise", "keep attempt", "remove attempt"},
    TrailKind.EXPORT: {
        *(export_entry(kind, purpose) for kind in ExportKind for purpose in ExportPurpose),
        OWN_WORDS,
    },
    TrailKind.ACCOUNT: {
        *("account added", "account disabled", "account enabled", "account removed", "account teams changed"),
        *("account follows provider: role, teams", "password set", "token created", "token revoked"),
        *("digest preferences", "digest read"),
    },
    TrailKind.RUBRIC_NOTE: {"rubric note written", "rubric note edited", "rubric note removed"},
    TrailKind.REMOVAL: {"erasure", "hold", "retention"},
    TrailKind.DEAD_LETTER: {"replay dead letters (as_recorded)", "drop dead letters"},
    TrailKind.TRAIL: {
        *("read the trail", "verify the trail", "minimum of the trail"),
        *(f"download the trail: {purpose}" for purpose in TrailPurpose),
    },
}
"""The purposes as the code writes them."""


def test_every_kind_but_the_last_has_purposes() -> None:
    """Each kind names purposes, and what none names is of the last kind."""
    assert set(PATTERNS) == set(WRITTEN) == set(TrailKind) - {TrailKind.OTHER}


@pytest.mark.parametrize("kind", WRITTEN)
def test_each_purpose_is_of_one_kind(engine: Engine, kind: TrailKind) -> None:
    """A purpose fits the patterns of its own kind, as the database compares them, and of no other."""
    every = [(name, pattern) for name, patterns in PATTERNS.items() for pattern in patterns]
    with engine.connect() as connection:
        for purpose in WRITTEN[kind]:
            fits = {
                name
                for name, pattern in every
                if connection.scalar(
                    text("SELECT CAST(:purpose AS text) LIKE :pattern"), {"purpose": purpose, "pattern": pattern}
                )
            }
            assert fits == {kind}, purpose
