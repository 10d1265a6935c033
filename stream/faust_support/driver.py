"""The Kafka driver of a Faust app, corrected for a group without committed offsets, and a check for a lost group.

Upstream faults: Faust 0.15.3 drops what it has fetched when its flow is stopped, and seeks back to the committed
offsets; aiokafka 0.14.0 does not seek in a partition that nobody has committed, or has committed at 0. There the first
messages were never seen, and the next commit went past them
(docs/decisions/0031-a-group-without-a-place-begins-at-the-beginning.md). On an upgrade, check
`AIOKafkaConsumer.seek_to_committed` and `AIOKafkaConsumerThread.seek_to_committed`.
"""

from collections.abc import Collection, Mapping
from typing import Any, cast

import faust
from aiokafka import AIOKafkaConsumer
from faust.transport.drivers import aiokafka as driver
from faust.types import TP, TransportT

from stream.faust_support.fast_delivery import EagerWait


async def seek_to_committed_or_beginning(consumer: AIOKafkaConsumer, changelogs: Collection[str]) -> dict[TP, int]:
    """Seek every partition to its committed offset, or to its beginning; returns the offsets.

    The `changelogs` keep theirs: Faust follows them by itself.
    """
    offsets: dict[TP, int] = dict(await consumer.seek_to_committed())
    unknown = [tp for tp, offset in offsets.items() if not offset and tp.topic not in changelogs]
    if unknown:
        for tp, offset in (await consumer.beginning_offsets(unknown)).items():
            consumer.seek(tp, offset)
            offsets[tp] = offset
    return offsets


def group_coordination_ended(app: faust.App) -> bool:
    """Return whether aiokafka has given up its group, which it does silently: no partition would be assigned again.

    Seen where a broker that was just starting named no broker at all.
    """
    thread = cast("Any", app.consumer)._thread  # noqa: SLF001 - neither Faust nor aiokafka reports it
    coordinator = getattr(getattr(thread, "_consumer", None), "_coordinator", None)
    task = getattr(coordinator, "_coordination_task", None)
    return task is not None and task.done()


class _Thread(driver.AIOKafkaConsumerThread):
    async def seek_to_committed(self) -> Mapping[TP, int]:
        changelogs = self.app.tables.changelog_topics
        offsets: dict[TP, int] = await self.call_thread(
            seek_to_committed_or_beginning, self._ensure_consumer(), changelogs
        )
        return offsets


class _Consumer(EagerWait, driver.Consumer):
    def _new_consumer_thread(self) -> driver.AIOKafkaConsumerThread:
        return _Thread(self, loop=self.loop, beacon=self.beacon)


class _Transport(driver.Transport):
    Consumer = _Consumer


class App(faust.App):
    """A Faust app that reads every partition from where its group is, or from its beginning."""

    def _new_transport(self) -> TransportT:
        return _Transport(self.conf.broker_consumer, self)
