"""The AsyncAPI 3 document of the topics, for platforms that write to them or read them.

`python -m stream.contracts.asyncapi` writes `docs/asyncapi.json`; a test compares the file with the contracts.
"""

import json
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

from pydantic.json_schema import models_json_schema

from stream.contracts.base import ConversationRecord, TopicRecord
from stream.contracts.schema import RECORDS_BY_TOPIC
from stream.contracts.topics import (
    DEAD_LETTERS,
    DEFAULT_PARTITIONS,
    FEEDBACK,
    MEASURES,
    MESSAGES,
    OUTCOMES,
    RISK,
    SESSIONS,
    TOPICS,
    TRANSCRIPTS,
    TopicSpec,
)

FILE: Final = Path(__file__).parents[2] / "docs" / "asyncapi.json"

_CHANNELS: Final = {
    MESSAGES: ("messages", "The events of a platform, and our own ticks and erasures of persons."),
    SESSIONS: ("sessions", "One record per session revision, when it closes, reopens or is erased."),
    FEEDBACK: ("feedback", "The session record without names, with one answer per exchange."),
    RISK: ("risk", "One record for each client message with risk language, at once, where a platform asked for it."),
    OUTCOMES: ("outcomes", "Ratings and scores of instruments, with the client's consent; no text."),
    TRANSCRIPTS: ("transcripts", "All messages of each closed session, where measures are on; for their stage alone."),
    MEASURES: ("measures", "What measures say of each closed session, in numbers and labels; no text."),
    DEAD_LETTERS: ("deadLetters", "Records that could not be used: the original bytes, with their story in headers."),
}
_OPERATIONS: Final = {
    "receiveMessages": ("receive", MESSAGES, "The stream stage scores messages, keeps open sessions and closes them."),
    "sendSessions": ("send", SESSIONS, "The stream stage writes a record when a session closes, reopens or is erased."),
    "sendFeedback": ("send", FEEDBACK, "The feedback stage writes its answers; the sink stores them."),
    "sendRisk": ("send", RISK, "The stages stream and hear write a signal before they acknowledge the message."),
    "receiveOutcomes": ("receive", OUTCOMES, "The sink stores outcomes."),
    "sendTranscripts": ("send", TRANSCRIPTS, "The stream stage writes the messages of a session at its close."),
    "sendMeasures": ("send", MEASURES, "The measures stage writes its findings; the sink stores them."),
    "sendDeadLetters": ("send", DEAD_LETTERS, "Every stage writes the records that it could not use."),
}
_STORY: Final = {
    "cp_reason": "The reason why the record could not be used, a word of a closed list.",
    "cp_stage": "The stage that could not use the record.",
    "cp_topic": "The topic of the record.",
    "cp_partition": "The partition of the record.",
    "cp_offset": "The offset of the record.",
    "cp_appended_ms": "The broker's append time of the record, in ms since 1970.",
    "cp_mode": "How the event was laid out: binary, structured or batch.",
    "cp_bytes": "The size of the record's value, whether it was kept or not.",
    "cp_error_type": "The type of the exception.",
    "cp_place": "The field or the step that failed, never its content.",
}


def document() -> dict[str, Any]:
    """Return the whole AsyncAPI document as JSON values."""
    records = {record.__name__: record for group in RECORDS_BY_TOPIC.values() for record in group}
    models: Sequence[type[TopicRecord]] = [records[name] for name in sorted(records)]
    _, schemas = models_json_schema(
        [(model, "validation") for model in models], ref_template="#/components/schemas/{model}"
    )
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Counterpoint",
            "version": version("counterpoint"),
            "description": "CloudEvents 1.0 on Kafka. The key of a record is tenant:conversation_id; its partition is"
            " murmur2 of the key modulo the number of partitions. Structured mode is read as well. See docs/kafka.md.",
            "license": {"name": "MIT"},
        },
        "defaultContentType": "application/json",
        "channels": {
            name: _channel(next(spec for spec in TOPICS if spec.name == topic), description)
            for topic, (name, description) in _CHANNELS.items()
        },
        "operations": {
            name: {"action": action, "channel": _channel_ref(topic), "summary": summary}
            for name, (action, topic, summary) in _OPERATIONS.items()
        },
        "components": {
            "messages": {model.__name__: _message(model) for model in models} | {"DeadLetter": _dead_letter()},
            "schemas": schemas["$defs"],
        },
    }


def write() -> None:
    """Write the document to its file, `docs/asyncapi.json`."""
    FILE.write_text(text())


def text() -> str:
    """Return the document as the text of its file."""
    return json.dumps(document(), indent=2, sort_keys=True) + "\n"


def _channel(spec: TopicSpec, description: str) -> dict[str, Any]:
    names = [record.__name__ for record in RECORDS_BY_TOPIC.get(spec.name, ())] or ["DeadLetter"]
    return {
        "address": spec.name,
        "description": description,
        "messages": {name: {"$ref": f"#/components/messages/{name}"} for name in names},
        "bindings": {
            "kafka": {
                "topic": spec.name,
                "partitions": DEFAULT_PARTITIONS,
                "topicConfiguration": {
                    "cleanup.policy": [spec.config["cleanup.policy"]],
                    "retention.ms": int(spec.config["retention.ms"]),
                },
                "bindingVersion": "0.5.0",
            }
        },
    }


def _channel_ref(topic: str) -> dict[str, str]:
    return {"$ref": f"#/channels/{_CHANNELS[topic][0]}"}


def _message(model: type[TopicRecord]) -> dict[str, Any]:
    return {
        "name": model.event_type,
        "title": model.__name__,
        "summary": (model.__doc__ or "").split("\n")[0],
        "contentType": "application/json",
        "headers": _headers(model.event_type),
        "payload": {"$ref": f"#/components/schemas/{model.__name__}"},
        **_key_binding(model),
    }


def _key_binding(model: type[TopicRecord]) -> dict[str, Any]:
    """Return the Kafka key of a record of a conversation; a record about a whole partition has none."""
    if not issubclass(model, ConversationRecord):
        return {}
    key = {"type": "string", "description": "tenant:conversation_id"}
    return {"bindings": {"kafka": {"key": key, "bindingVersion": "0.5.0"}}}


def _headers(event_type: str) -> dict[str, Any]:
    return {
        "type": "object",
        "required": ["ce_id", "ce_source", "ce_specversion", "ce_type"],
        "properties": {
            "ce_id": {"type": "string"},
            "ce_source": {"type": "string"},
            "ce_specversion": {"type": "string", "const": "1.0"},
            "ce_type": {"type": "string", "const": event_type},
            "content-type": {"type": "string", "const": "application/json"},
            "traceparent": {
                "type": "string",
                "description": "W3C Trace Context; copied to every record that follows.",
            },
        },
    }


def _dead_letter() -> dict[str, Any]:
    return {
        "name": "dead letter",
        "title": "DeadLetter",
        "summary": "The original bytes and CloudEvents headers. The body is left out when consent is missing.",
        "headers": {
            "type": "object",
            "required": list(_STORY),
            "properties": {name: {"type": "string", "description": text} for name, text in _STORY.items()},
        },
        "payload": {"description": "The bytes as they came, which may not be JSON."},
    }


if __name__ == "__main__":
    write()
