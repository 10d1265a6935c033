"""The Faust app of a worker keeps records from being lost, and its events become raw records."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

from stream.faust_support.app import create_app, raw_record
from stream.runtime.codec import RawRecord
from stream.runtime.settings import KafkaSettings


async def test_the_app_declares_nothing_serves_nothing_and_waits_for_nobody(tmp_path: Path) -> None:
    """The settings without which Faust creates topics, opens a port, skips the past or loses held records."""
    conf = create_app(
        "app", KafkaSettings(bootstrap_servers="a:1, b:2", partitions=5), data_dir=tmp_path, buffer=3
    ).conf
    assert [str(url) for url in conf.broker] == ["aiokafka://a:1", "aiokafka://b:2"]
    assert not conf.topic_allow_declare
    assert conf.topic_disable_leader
    assert not conf.web_enabled
    assert not conf.stream_wait_empty
    assert conf.consumer_auto_offset_reset == "earliest"
    assert "AT_LEAST_ONCE" in repr(conf.processing_guarantee)
    assert (conf.topic_partitions, conf.stream_buffer_maxsize, conf.broker_session_timeout) == (5, 3, 6.0)


def test_a_raw_record_has_the_bytes_and_headers_of_the_topic() -> None:
    """A raw record has the bytes as they came, the broker's time in milliseconds, and headers of any form."""
    for headers in ({"ce_id": b"1"}, [("ce_id", b"1")]):
        message = SimpleNamespace(
            topic="t", partition=2, offset=9, timestamp=1700000000.123, key=b"k", value=b"v", headers=headers
        )
        record = raw_record(cast("Any", SimpleNamespace(message=message)))
        assert record == RawRecord("t", 2, 9, 1700000000123, b"k", b"v", (("ce_id", b"1"),))
    message.headers = None
    assert raw_record(cast("Any", SimpleNamespace(message=message))).headers == ()
