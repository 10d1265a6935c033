"""The loop that a platform team would write by hand: `python -m bench.handwritten SERVERS DATABASE COUNT`.

A kafka-python consumer, the same detector, one message at a time, straight into PostgreSQL, closed by the platform's
end. It is meant to be reasonable: one connection, prepared statements, idempotent inserts, a commit a message so that
nothing is acknowledged that is not stored, offsets committed every second. It keeps no order by time sent, takes no
edits, knows no consent, closes nothing by silence and makes no exchanges; all of that would cost it more.
"""

import json
import sys
import time

import psycopg
from kafka import KafkaConsumer

from stream.contracts.messages import Message
from stream.contracts.topics import MESSAGES
from stream.contracts.vocabulary import Role
from stream.detection import load_detector
from stream.detection.base import DetectorInput

_COMMIT_EVERY_S = 1.0
_TABLES = """
CREATE TABLE message (
  conversation text, message_id text, role text, author text, body text, sent_at timestamptz, score real, flagged bool,
  PRIMARY KEY (conversation, message_id)
);
CREATE TABLE session (conversation text PRIMARY KEY, ended_at timestamptz, messages int, flagged int);
"""
_INSERT_MESSAGE = "INSERT INTO message VALUES (%s, %s, %s, %s, %s, %s, %s, %s) ON CONFLICT DO NOTHING"
_INSERT_SESSION = """
INSERT INTO session SELECT %s, %s, count(*), count(*) FILTER (WHERE flagged) FROM message WHERE conversation = %s
ON CONFLICT DO NOTHING
"""


def run(servers: str, database: str, count: int) -> list[float]:
    """Consume `count` events; returns the time at which each was done, in seconds."""
    detector = load_detector()
    consumer = KafkaConsumer(
        MESSAGES,
        bootstrap_servers=servers,
        group_id="handwritten",
        auto_offset_reset="earliest",
        enable_auto_commit=False,
    )
    previous_replies: dict[str, str] = {}
    done: list[float] = []
    committed = time.monotonic()
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute(_TABLES)
        for record in consumer:
            data = json.loads(record.value)
            conversation = data["conversation_id"]
            if dict(record.headers)["ce_type"] != Message.event_type.encode():
                connection.execute(_INSERT_SESSION, (conversation, data["ended_at"], conversation))
            else:
                score, flagged = None, None
                if data["role"] == Role.CLIENT:
                    (detection,) = detector.detect([DetectorInput(data["text"], previous_replies.get(conversation))])
                    score, flagged = detection.score, detection.flagged
                else:
                    previous_replies[conversation] = data["text"]
                fields = (data["message_id"], data["role"], data["author"], data["text"], data["sent_at"])
                connection.execute(_INSERT_MESSAGE, (conversation, *fields, score, flagged))
            done.append(time.monotonic())
            if done[-1] - committed > _COMMIT_EVERY_S:
                consumer.commit_async()
                committed = done[-1]
            if len(done) == count:
                break
    consumer.commit()
    consumer.close()
    return done


if __name__ == "__main__":
    servers, database, count = sys.argv[1:]
    sys.stdout.write(json.dumps(run(servers, database, int(count))))
