"""Faust's way to the broker: for a group that has no place yet, and one that was given up.

Faust 0.15.3 drops what it has fetched when its flow is stopped, and seeks back to the committed offsets. aiokafka
0.14.0 seeks nowhere in a partition that nobody has committed, or has committed at 0: there the first messages were
never seen, and the next commit went past them (docs/decisions/0031-a-group-without-a-place-begins-at-the-beginning.md).
"""

from collections.abc import Collection, Mapping
from typing import Any, cast

import faust
from aiokafka import AIOKafkaConsumer
from faust.transport.drivers import aiokafka as driver
from faust.types import TP, TransportT

from stream.faust_support.fast_delivery import AtOnce


async def seek_to_known_places(consumer: AIOKafkaConsumer, changelogs: Collection[str]) -> dict[TP, int]:
    """Seek every partition to its committed offset, or to its beginning; returns those places.

    The `changelogs` keep theirs: Faust follows them by itself.
    """
    places: dict[TP, int] = dict(await consumer.seek_to_committed())
    unknown = [tp for tp, offset in places.items() if not offset and tp.topic not in changelogs]
    if unknown:
        for tp, offset in (await consumer.beginning_offsets(unknown)).items():
            consumer.seek(tp, offset)
            places[tp] = offset
    return places


def coordination_ended(app: faust.App) -> bool:
    """Whether aiokafka has given up its group, which it does without a word: no partition would ever come again.

    Seen where a broker that was just starting named no broker at all.
    """
    thread = cast("Any", app.consumer)._thread  # noqa: SLF001 - neither Faust nor aiokafka tells
    coordinator = getattr(getattr(thread, "_consumer", None), "_coordinator", None)
    task = getattr(coordinator, "_coordination_task", None)
    return task is not None and task.done()


class _Thread(driver.AIOKafkaConsumerThread):
    async def seek_to_committed(self) -> Mapping[TP, int]:
        changelogs = self.app.tables.changelog_topics
        places: dict[TP, int] = await self.call_thread(seek_to_known_places, self._ensure_consumer(), changelogs)
        return places


class _Consumer(AtOnce, driver.Consumer):
    def _new_consumer_thread(self) -> driver.AIOKafkaConsumerThread:
        return _Thread(self, loop=self.loop, beacon=self.beacon)


class _Transport(driver.Transport):
    Consumer = _Consumer


class App(faust.App):
    """A Faust app that reads every partition from where its group is, or from its beginning."""

    def _new_transport(self) -> TransportT:
        return _Transport(self.conf.broker_consumer, self)
