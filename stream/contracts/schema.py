"""The JSON Schema of every record, for platforms that write to Kafka themselves.

`python -m stream.contracts.schema` writes `stream/contracts/schemas/`; a test compares the files with the models.
"""

import json
from pathlib import Path

from stream.contracts.feedback import FeedbackRecord
from stream.contracts.measures import MeasuresRecord
from stream.contracts.messages import MESSAGES_RECORDS, ConsentWithdrawal, Deletion, Edit, Erasure
from stream.contracts.outcomes import Outcome
from stream.contracts.risk import RiskSignal
from stream.contracts.sessions import SessionRecord
from stream.contracts.topics import FEEDBACK, MEASURES, MESSAGES, OUTCOMES, RISK, SESSIONS, TRANSCRIPTS
from stream.contracts.transcripts import Transcript

FOLDER = Path(__file__).parent / "schemas"
EXAMPLES = Path(__file__).parent / "examples"

TRAVELLING = (Erasure, ConsentWithdrawal, Deletion, Edit)
"""The events that every stage passes on, as far as the database: what the stream keeps no text of may be stored."""
RECORDS_BY_TOPIC = {
    MESSAGES: MESSAGES_RECORDS,
    SESSIONS: (SessionRecord, *TRAVELLING),
    FEEDBACK: (FeedbackRecord, *TRAVELLING),
    RISK: (RiskSignal,),
    OUTCOMES: (Outcome,),
    TRANSCRIPTS: (Transcript,),
    MEASURES: (MeasuresRecord,),
}
"""The records that may be on each topic; the changelog and dead letters have no schema."""


def schemas() -> dict[str, str]:
    """Return the text of the JSON Schema of each CloudEvents type, by file name."""
    records = {record.event_type: record for group in RECORDS_BY_TOPIC.values() for record in group}
    return {
        f"{event_type}.json": json.dumps(record.model_json_schema(mode="validation"), indent=2, sort_keys=True) + "\n"
        for event_type, record in sorted(records.items())
    }


def write() -> None:
    """Write the schema of every record to its file and remove the files that belong to no record."""
    FOLDER.mkdir(exist_ok=True)
    wanted = schemas()
    for old in FOLDER.glob("*.json"):
        if old.name not in wanted:
            old.unlink()
    for name, text in wanted.items():
        (FOLDER / name).write_text(text)


if __name__ == "__main__":
    write()
