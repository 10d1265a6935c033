"""kafka-python's producer under asyncio: publishing ends with the broker's word, or fails in bounded time."""

import asyncio
import contextlib
import socket
from typing import Any, Self

from kafka import KafkaAdminClient, KafkaProducer
from kafka.errors import KafkaError

from stream.contracts.errors import Unavailable
from stream.contracts.topics import MAX_RECORD_BYTES, MESSAGES
from stream.runtime.codec import Encoded, partition_of
from stream.runtime.health import Health
from stream.runtime.kafka_clients import options
from stream.runtime.logging import get_logger
from stream.runtime.settings import Kafka

ACKNOWLEDGED_WITHIN_S = 4.0
"""Chat platforms give a webhook 5 s before they count it as failed (Chatwoot's default)."""
RETRY_AFTER_S = 2.0
WATCH_EVERY_S = 2.0
REACH_MS = 2_000
"""For one try to reach the broker; on a local network it takes milliseconds."""
CLOSE_S = 3.0
PART = "kafka"


class Publisher:
    """Writes records to the messages topic. Starts without a broker and recovers by itself; `health` knows which."""

    def __init__(self, kafka: Kafka, health: Health) -> None:
        self._kafka = kafka
        self._health = health
        self._producer: Any = None
        self._watch: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        """Begin to look for the broker; does not wait for it."""
        self._watch = asyncio.create_task(self._keep_watch())
        return self

    async def __aexit__(self, *_error: object) -> None:
        """Stop; what is still on its way gets a last chance."""
        if self._watch is not None:
            self._watch.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._watch
        if self._producer is not None:
            await asyncio.to_thread(self._close)

    async def publish(self, record: Encoded) -> None:
        """Return when every in-sync replica has the record.

        Raises:
            Unavailable: it was not acknowledged in time. It may still be on the topic; a retry writes the same id.
        """
        if self._producer is None:
            raise Unavailable("the broker", RETRY_AFTER_S)
        loop = asyncio.get_running_loop()
        acknowledged: asyncio.Future[None] = loop.create_future()
        try:
            sent = self._producer.send(
                MESSAGES,
                value=record.value,
                key=record.key,
                headers=record.headers,
                partition=partition_of(record.key or b"", self._kafka.partitions),
            )
            sent.add_callback(lambda _metadata: loop.call_soon_threadsafe(_settle, acknowledged, None))
            sent.add_errback(lambda error: loop.call_soon_threadsafe(_settle, acknowledged, error))
            async with asyncio.timeout(ACKNOWLEDGED_WITHIN_S):
                await acknowledged
        except (KafkaError, TimeoutError, ValueError) as error:  # ValueError: no such partition in the metadata
            get_logger().warning("publish_failed", error_type=type(error).__name__, topic=MESSAGES)
            raise Unavailable("the broker", RETRY_AFTER_S) from None

    async def _keep_watch(self) -> None:
        while True:
            trouble = await asyncio.to_thread(self._look)
            if trouble != self._health.troubles().get(PART):
                get_logger().info("broker_away" if trouble else "broker_ready")
            self._health.set(PART, trouble)
            await asyncio.sleep(WATCH_EVERY_S)

    def _look(self) -> str | None:
        """Ask the broker for the topic (in a thread); make the producer when it first answers."""
        away = f"The broker at {self._kafka.bootstrap_servers} does not answer"
        if not _listening(self._kafka.bootstrap_servers):
            return f"{away}."
        try:
            admin = KafkaAdminClient(
                **options(self._kafka),
                bootstrap_timeout_ms=REACH_MS,
                request_timeout_ms=REACH_MS,
            )
            try:
                topics = admin.describe_topics([MESSAGES])
            finally:
                admin.close()
            partitions = len(topics[0]["partitions"])
            if not partitions:
                return f"The topic {MESSAGES} does not exist. Run `counterpoint topics`."
            if partitions != self._kafka.partitions:
                return f"{MESSAGES} has {partitions} partitions, but kafka.partitions is {self._kafka.partitions}."
            if self._producer is None:
                self._producer = self._connect()
        except Exception as error:  # noqa: BLE001 - whatever a client raises, the watch goes on
            return f"{away} ({type(error).__name__})."
        return None

    def _connect(self) -> Any:
        producer = KafkaProducer(
            **options(self._kafka),
            client_id="counterpoint-gateway",
            acks="all",
            # kafka-python 3.0.12 never sends again once an outage has cost its idempotent producer its id. Order is
            # kept by one request at a time, and a record that comes twice has the same id.
            enable_idempotence=False,
            max_in_flight_requests_per_connection=1,
            allow_auto_create_topics=False,
            max_request_size=MAX_RECORD_BYTES + 100_000,  # headers and framing
            linger_ms=1,  # concurrent requests share a batch; a millisecond is nothing to a webhook
            request_timeout_ms=int(ACKNOWLEDGED_WITHIN_S * 1000) - 1000,
            delivery_timeout_ms=int(ACKNOWLEDGED_WITHIN_S * 1000),
            max_block_ms=500,  # `send` is called from the event loop: never let it wait for metadata for long
            bootstrap_timeout_ms=REACH_MS,
            reconnect_backoff_max_ms=1_000,
        )
        producer.partitions_for(MESSAGES)  # so that the first `send` does not wait for them
        return producer

    def _close(self) -> None:
        with contextlib.suppress(KafkaError):  # the broker is away: nothing more to do
            self._producer.close(timeout=CLOSE_S)


def _listening(bootstrap_servers: str) -> bool:
    """Whether any of the servers accepts connections: kafka-python leaves a socket open for each one that does not."""
    for server in bootstrap_servers.split(","):
        host, _, port = server.strip().rpartition(":")
        with contextlib.suppress(OSError), socket.create_connection((host.strip("[]"), int(port)), REACH_MS / 1000):
            return True
    return False


def _settle(acknowledged: asyncio.Future[None], error: BaseException | None) -> None:
    if acknowledged.done():  # nobody waits any more
        return
    if error is None:
        acknowledged.set_result(None)
    else:
        acknowledged.set_exception(error)
