"""The Faust app of a worker, with the settings that keep Faust from losing records, and the raw record of an event.

Upstream faults (Faust 0.15.3): it acknowledges what raised and what it cannot decode, creates topics by itself, waits
on a rebalance for every running event, and gives headers as a mapping or as a list. The settings here and the rules of
docs/how-an-event-travels.md (raw bytes in, acknowledged by hand, last) prevent the loss. On an upgrade, check each
setting's default, `Event.__aexit__` and `Channel.on_decode_error`.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import faust
from faust.types import EventT

from stream.faust_support.driver import App
from stream.runtime.codec import RawRecord
from stream.runtime.kafka_connection import bootstrap_servers, connection_options
from stream.runtime.settings import KafkaSettings

_BATCH_BYTES = 131_072  # a partition's share of what a full batch of messages writes goes out in one piece
_POLL_LIMIT_S = 3_600.0  # a held record must not cost the membership in the group


def create_app(app_id: str, kafka: KafkaSettings, *, data_dir: Path, buffer: int) -> faust.App:
    """Return a Faust app that declares no topic, prints nothing, serves nothing and keeps nothing on disk.

    `buffer` is how many records may wait in memory for an agent, of all its partitions.
    """
    return App(
        app_id,
        broker=f"aiokafka://{';'.join(bootstrap_servers(kafka))}",
        broker_credentials=_credentials(kafka),
        store="memory://",
        datadir=data_dir,
        autodiscover=False,
        web_enabled=False,
        topic_allow_declare=False,
        topic_disable_leader=True,
        topic_partitions=kafka.partitions,
        topic_replication_factor=kafka.replication,
        processing_guarantee="at_least_once",
        consumer_auto_offset_reset="earliest",
        stream_wait_empty=False,
        stream_buffer_maxsize=buffer,
        broker_session_timeout=float(kafka.session_timeout_s),
        broker_heartbeat_interval=1.0,
        broker_rebalance_timeout=float(kafka.session_timeout_s + 4),
        broker_max_poll_interval=_POLL_LIMIT_S,
        producer_acks=-1,
        producer_max_request_size=1_048_576,
        producer_max_batch_size=_BATCH_BYTES,
        worker_redirect_stdouts=False,
    )


def _credentials(kafka: KafkaSettings) -> faust.SSLCredentials | faust.SASLCredentials | None:
    """Return the connection options of the settings in the form that Faust passes on to aiokafka."""
    options = connection_options(kafka)
    if "sasl_mechanism" in options:
        return faust.SASLCredentials(
            mechanism=options["sasl_mechanism"],
            username=options["sasl_plain_username"],
            password=options["sasl_plain_password"],
            ssl_context=options["ssl_context"],
        )
    return None if options["ssl_context"] is None else faust.SSLCredentials(options["ssl_context"])


def raw_record(event: EventT[Any]) -> RawRecord:
    """Return the record behind an event of a topic that is read as raw bytes."""
    message = event.message
    headers = message.headers or ()
    return RawRecord(
        topic=message.topic,
        partition=message.partition,
        offset=message.offset,
        timestamp_ms=int(message.timestamp * 1000),
        key=message.key,
        value=message.value,
        headers=tuple(headers.items() if isinstance(headers, Mapping) else headers),
    )
