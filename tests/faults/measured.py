"""The check that sessions are measured once each, as they were at their last close."""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence

from plugin.operations.consumer_lag import read_consumer_lags
from stream.contracts import topics
from stream.measures.registry import MEASURES
from stream.runtime import stages
from tests.fixtures.system import RunningSystem
from tests.fixtures.waiting import wait_until


def verify_measured_once(system: RunningSystem, said: Mapping[str, Sequence[str]]) -> None:
    """Wait until every conversation is measured, and compare its measures with what was said and with its session.

    `said` has the ids of the messages of each conversation, in order, none of which is a system's.

    Raises:
        AssertionError: a session was not measured, was measured twice, in parts, or as it is no more.
    """
    wait_until(lambda: system.rows(_COUNT, names=list(said)) >= [(len(said),)], "every session is measured")
    rows = [row for (row,) in system.rows(_ROWS, names=list(said))]
    assert Counter(row["conversation_id"] for row in rows) == Counter(list(said)), "once each"
    for row in rows:
        assert row["absent"] is None, "nothing stood in the way of measuring it"
        assert row["revision"] == row["latest"], "as it was at its last close"
        ids = [message_id for turn in row["turns"] for message_id in turn["message_ids"]]
        assert ids == list(said[row["conversation_id"]]), "every message in its turn"
        assert row["measures"] == [measure.card.name for measure in MEASURES]


def measured_conversations(system: RunningSystem, names: Collection[str]) -> set[str]:
    """Return those of the conversations of which measures are stored."""
    return {name for (name,) in system.rows(_NAMES, names=list(names))}


def wait_until_all_is_measured(system: RunningSystem) -> None:
    """Wait until no transcript waits for the measures stage, and no record of measures for the sink.

    What is not stored then never will be.
    """
    for stage, topic in ((stages.MEASURES, topics.TRANSCRIPTS), (stages.SINK, topics.MEASURES)):

        def is_done(stage: stages.Stage = stage, topic: str = topic) -> bool:
            return read_consumer_lags(system.settings)[stage.name][topic].records == 0

        wait_until(is_done, f"nothing waits for {stage.name}")


_COUNT = """
    SELECT count(*) FROM measures m JOIN sessions s USING (session_id, revision) WHERE m.conversation_id = ANY(:names)
"""
_NAMES = "SELECT DISTINCT conversation_id FROM measures WHERE conversation_id = ANY(:names)"
_ROWS = """
    SELECT json_build_object('conversation_id', m.conversation_id, 'revision', m.revision, 'absent', m.absent,
      'latest', s.revision, 'turns', m.turns, 'measures', jsonb_path_query_array(m.measures, '$[*].name'))
    FROM measures m LEFT JOIN sessions s USING (session_id)
    WHERE m.conversation_id = ANY(:names)
"""
