"""A Kafka producer under asyncio: publishing ends with the broker's acknowledgement or fails within bounded time."""

import asyncio
import contextlib
import socket
from typing import Any, Self

from kafka.errors import KafkaError

from stream.contracts.errors import Unavailable
from stream.contracts.topics import MESSAGES
from stream.runtime.codec import EncodedRecord, partition_of
from stream.runtime.health import Health, ReadinessPart
from stream.runtime.kafka_clients import GATEWAY_TIMEOUTS, admin, producer, send
from stream.runtime.logging import get_logger
from stream.runtime.settings import KafkaSettings
from stream.runtime.stages import GATEWAY

RETRY_AFTER_S = 2.0
WATCH_EVERY_S = 2.0
CLOSE_S = 3.0


class Publisher:
    """A writer of what platforms send that starts without a broker, reconnects by itself and reports to `health`."""

    def __init__(self, kafka: KafkaSettings, health: Health) -> None:
        self._kafka = kafka
        self._health = health
        self._producer: Any = None
        self._asked: set[str] = set()
        """The topics whose partitions the producer knows. Others are asked for beside the loop, once."""
        self._watch: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        """Start to look for the broker without waiting for it."""
        self._watch = asyncio.create_task(self._watch_broker())
        return self

    async def __aexit__(self, *_error: object) -> None:
        """Stop looking for the broker and wait up to `CLOSE_S` seconds for records that are still being sent."""
        if self._watch is not None:
            self._watch.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._watch
        if self._producer is not None:
            await asyncio.to_thread(self._close)

    async def publish(self, record: EncodedRecord, topic: str) -> None:
        """Publish a record on a topic and return when every in-sync replica has it.

        Raises:
            Unavailable: The record was not acknowledged in time. It may still reach the topic; a retry has the same id.
        """
        if self._producer is None:
            raise Unavailable("the broker", RETRY_AFTER_S)
        loop = asyncio.get_running_loop()
        acknowledged: asyncio.Future[None] = loop.create_future()
        try:
            if topic not in self._asked:
                await asyncio.to_thread(self._producer.partitions_for, topic)
                self._asked.add(topic)
            sent = send(self._producer, topic, record, partition_of(record.key or b"", self._kafka.partitions))
            sent.add_callback(lambda _metadata: loop.call_soon_threadsafe(_complete, acknowledged, None))
            sent.add_errback(lambda error: loop.call_soon_threadsafe(_complete, acknowledged, error))
            async with asyncio.timeout(GATEWAY_TIMEOUTS.acknowledge_s):
                await acknowledged
        except (KafkaError, TimeoutError) as error:
            get_logger().warning("publish_failed", error_type=type(error).__name__, topic=topic)
            raise Unavailable("the broker", RETRY_AFTER_S) from None

    async def _watch_broker(self) -> None:
        while True:
            trouble = await asyncio.to_thread(self._check_broker)
            if trouble != self._health.troubles().get(ReadinessPart.KAFKA):
                get_logger().info("broker_away" if trouble else "broker_ready")
            self._health.set(ReadinessPart.KAFKA, trouble)
            await asyncio.sleep(WATCH_EVERY_S)

    def _check_broker(self) -> str | None:
        """Ask the broker for the topic, in a thread, and create the producer when the broker first answers."""
        away = f"The broker at {self._kafka.bootstrap_servers} does not answer"
        if not _is_listening(self._kafka.bootstrap_servers):
            return f"{away}."
        try:
            client = admin(
                self._kafka, GATEWAY_TIMEOUTS, client_id=GATEWAY.kafka_id, request_timeout_ms=GATEWAY_TIMEOUTS.answer_ms
            )
            try:
                topics = client.describe_topics([MESSAGES])
            finally:
                client.close()
            partitions = len(topics[0]["partitions"])
            if not partitions:
                return f"The topic {MESSAGES} does not exist. Run `counterpoint topics`."
            if partitions != self._kafka.partitions:
                return f"{MESSAGES} has {partitions} partitions, but kafka.partitions is {self._kafka.partitions}."
            if self._producer is None:
                self._producer = self._connect()
        except Exception as error:  # noqa: BLE001 - checking continues whatever a client raises
            return f"{away} ({type(error).__name__})."
        return None

    def _connect(self) -> Any:
        made = producer(
            self._kafka,
            GATEWAY_TIMEOUTS,
            client_id=GATEWAY.kafka_id,
            enable_idempotence=False,
            # One request at a time keeps the order without idempotence. A record that arrives twice has the same id.
            max_in_flight_requests_per_connection=1,
            linger_ms=1,  # concurrent requests share a batch; a millisecond does not matter to a webhook
        )
        made.partitions_for(MESSAGES)  # so that the first `send` does not wait for them
        self._asked = {MESSAGES}
        return made

    def _close(self) -> None:
        with contextlib.suppress(KafkaError):  # the broker does not answer: nothing more can be done
            self._producer.close(timeout=CLOSE_S)


def _is_listening(bootstrap_servers: str) -> bool:
    """Whether any of the servers accepts connections.

    This is checked first because kafka-python leaves a socket open for each server that does not.
    """
    for server in bootstrap_servers.split(","):
        host, _, port = server.strip().rpartition(":")
        with (
            contextlib.suppress(OSError),
            socket.create_connection((host.strip("[]"), int(port)), GATEWAY_TIMEOUTS.connect_s),
        ):
            return True
    return False


def _complete(acknowledged: asyncio.Future[None], error: BaseException | None) -> None:
    if acknowledged.done():  # the request has timed out or was cancelled
        return
    if error is None:
        acknowledged.set_result(None)
    else:
        acknowledged.set_exception(error)
