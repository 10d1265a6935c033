"""The records of the measures stage: what it reads, and what it says, in which no words fit."""

import json
from typing import Any

import pytest
from pydantic import ValidationError

from stream.contracts.measures import MeasuresRecord
from stream.contracts.schema import EXAMPLES
from stream.contracts.transcripts import Transcript, TranscriptMessage


def example(name: str) -> dict[str, Any]:
    """Return the data of an example."""
    data: dict[str, Any] = json.loads((EXAMPLES / name).read_text())["data"]
    return data


def measured(**changes: Any) -> MeasuresRecord:
    """Return the example of a record with measures, with some fields changed."""
    return MeasuresRecord.model_validate(example("measures.v1.json") | changes)


def finding(**changes: Any) -> MeasuresRecord:
    """Return a record with one finding, with some fields changed."""
    found = {"quantity": "main_technique", "turn": 2, "labels": ["affirmation"]} | changes
    return measured(measures=[{"name": "technique", "version": "1", "findings": [found]}])


@pytest.mark.parametrize(
    "changes",
    [
        {"labels": ["I am Lena"]},
        {"labels": ["Affirmation"]},
        {"labels": ["a" * 65]},
        {"quantity": "what she said"},
        {"absent": "she did not say"},
        {"number": "3.1 of 5"},
        {"number": float("nan")},
        {"number": float("inf")},
        {"turn": 0},
    ],
)
def test_no_words_fit_into_a_finding(changes: dict[str, Any]) -> None:
    """A finding with anything but single lower-case words, finite numbers and turns from 1 is refused."""
    assert finding()
    with pytest.raises(ValidationError):
        finding(**changes)


@pytest.mark.parametrize(
    "changes", [{"reader": "the reader's name"}, {"turns": [{"role": "client", "message_ids": ["two words"]}]}]
)
def test_no_words_fit_beside_the_findings(changes: dict[str, Any]) -> None:
    """The fingerprint of the reader and the ids of messages hold no blank."""
    with pytest.raises(ValidationError):
        measured(**changes)


def test_a_repetition_has_the_id_of_the_first() -> None:
    """The id follows from session, revision, reader and the measures' versions, and from nothing else."""
    again = measured(last_appended_at="2026-03-02T19:00:00Z", turns=[])
    assert measured().event_id == again.event_id
    other_version = [{"name": "technique", "version": "2"}]
    others = [measured(revision=2), measured(reader="other"), measured(measures=other_version)]
    assert len({record.event_id for record in (measured(), *others)}) == 4


def test_a_transcript_names_no_author() -> None:
    """A message of a transcript says who spoke by role alone, whatever stands beside it."""
    said = TranscriptMessage.model_validate(example("transcript.v1.json")["messages"][0] | {"author": "p_client"})
    assert "author" not in said.model_dump()


def test_each_revision_of_a_session_has_one_transcript() -> None:
    """A transcript that is written again has the same id, that of the next revision another."""
    first = Transcript.model_validate(example("transcript.v1.json"))
    assert first.event_id == first.model_copy(update={"messages": ()}).event_id
    assert first.event_id != first.model_copy(update={"revision": 2}).event_id
