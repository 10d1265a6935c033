"""Tests of the kinds of entries: every purpose that the code writes is of exactly one kind."""

import re
from collections.abc import Iterable

import pytest
from sqlalchemy import Engine, text

from plugin.privacy.trail import TrailPurpose
from plugin.privacy.trail_kinds import PATTERNS, TrailKind
from plugin.queue.export_entries import OWN_WORDS, ExportKind, ExportPurpose, export_entry
from plugin.queue.review_views import Judgement
from plugin.queue.statements import StatementKind
from plugin.queue.views import DecisionKind
from tests.plugin.privacy.written_entries import ANYTHING, written_entries

EXPORTS = {export_entry(kind, purpose) for kind in ExportKind for purpose in ExportPurpose}
JUDGEMENTS = {f"{judgement} {kind}" for judgement in Judgement for kind in StatementKind}
WRITTEN = {
    TrailKind.LOGIN: {"login", "logout", "logout at the provider"},
    TrailKind.READING: {
        *("review", "digest", "across sessions", "agreement sample", "blind look", "trend"),
        *("calibration draw", "calibration", "calibration comparison"),
        *("read a dead letter: fault", "read a dead letter: erasure"),
        *("calibration draw", "calibration", "calibration comparison"),
    },
    TrailKind.REVIEW: {
        *("claim", "give back", "hand over", "send back", "take over", "blind answers"),
        *("shared note", "private note", "remove note", "note comment", "remove comment"),
        *("follow-up set", "follow-up done"),
        *JUDGEMENTS,
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
    TrailKind.PRACTICE: {
        *("practise", "keep attempt", "remove attempt"),
        *("begin rehearsal", "rehearse", "keep rehearsed reply", "remove rehearsal"),
    },
    TrailKind.EXPORT: {*EXPORTS, OWN_WORDS},
    TrailKind.ACCOUNT: {
        *("account added", "account disabled", "account enabled", "account removed", "account teams changed"),
        *("account follows provider: role, teams", "password set", "password changed"),
        *("token created", "token revoked"),
        *("digest preferences", "digest read"),
        *("saved view added", "saved view renamed", "saved view removed"),
    },
    TrailKind.RISK: {"risk acknowledgement"},
    TrailKind.RECEIVER: {
        *("receiver added", "receiver removed", "receiver disabled", "receiver enabled"),
        *("receiver secret rotated", "receiver replay"),
    },
    TrailKind.OUTCOME: {"outcomes"},
    TrailKind.RUBRIC_NOTE: {"rubric note written", "rubric note edited", "rubric note removed"},
    TrailKind.RERATING: {"rerate: trends", "rerate: model-quality"},
    TrailKind.REMOVAL: {"erasure", "hold", "retention"},
    TrailKind.DEAD_LETTER: {"replay dead letters (as_recorded)", "drop dead letters"},
    TrailKind.TRAIL: {
        *("read the trail", "verify the trail", "minimum of the trail"),
        *(f"download the trail: {purpose}" for purpose in TrailPurpose),
    },
}
"""The purposes as the code writes them."""
COMPUTED = {
    "kind.value": {kind.value for kind in DecisionKind},
    "f'{opinion.judgement} {statement.kind}'": JUDGEMENTS,
    "run.entry": EXPORTS,
    "self.entry": EXPORTS,
}
"""The purposes that the code works out, by the expression that does."""
OBJECT_TYPES = {
    *(
        "session",
        "answer",
        "dispute",
        "account",
        "criterion",
        "calibration",
        "rubric_note",
        "saved_view",
        "risk_signal",
        "receiver",
        "rehearsal",
    ),
    *("export", "rerate", "trail", "audit", "dead_letter", "dead_letters", "conversation", "retention_run", "platform"),
}
"""The types of objects as the code writes them; an erasure's is that of its subject (`row.kind`)."""


def fits(purposes: Iterable[str], written: str) -> bool:
    """Return whether one of some purposes is as the code writes it, with anything in the place of what it works out."""
    pattern = re.escape(written).replace(re.escape(ANYTHING), ".+")
    return any(re.fullmatch(pattern, purpose) for purpose in purposes)


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


def test_every_purpose_that_the_code_writes_has_a_kind_of_its_own() -> None:
    """Every purpose in the code stands in the table above, and each that is worked out is known; none is left over."""
    found = written_entries("purpose")
    known = set().union(*WRITTEN.values())
    assert {text for text in found.texts if not fits(known, text)} == set()
    assert found.computed == set(COMPUTED)
    assert set().union(*COMPUTED.values()) <= known
    computed = set().union(*COMPUTED.values())
    assert {each for each in known - computed if not any(fits([each], text) for text in found.texts)} == set()


def test_every_type_of_object_that_the_code_writes_is_known() -> None:
    """Every type of object in the code is listed, so that a new one makes somebody think of its kind."""
    found = written_entries("object_type")
    assert found.texts == OBJECT_TYPES
    assert found.computed == {"row.kind"}
