"""`counterpoint gateway`: the application on its server, until SIGTERM or SIGINT."""

import contextlib
import signal
import socket
import time
from collections.abc import AsyncIterator
from datetime import UTC, datetime

import uvicorn
from starlette.applications import Starlette

from plugin.adapters.webhook import StandardWebhook
from plugin.gateway.app import Gateway, application
from plugin.gateway.publisher import PART, Publisher
from plugin.gateway.repeats import Repeats
from plugin.gateway.tenants import known_tenants
from stream.contracts.errors import Misconfigured
from stream.runtime.health import Health
from stream.runtime.logging import get_logger
from stream.runtime.settings import Settings

GRACE_S = 6
"""For requests that wait for the broker when the order to stop comes; they answer within 4 s."""


def run(settings: Settings) -> int:
    """Serve until SIGTERM or SIGINT.

    Raises:
        Misconfigured: tenants or address are unusable.
    """
    server = uvicorn.Server(
        uvicorn.Config(
            build(settings),
            log_config=None,
            access_log=False,
            server_header=False,
            ws="none",
            lifespan="on",
            timeout_graceful_shutdown=GRACE_S,
        )
    )

    def stop(_number: int, _frame: object) -> None:
        server.should_exit = True

    # uvicorn raises the signal once more when it has stopped: ours then ends the call instead of the process.
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, stop)
    with _listen(settings.gateway.host, settings.gateway.port) as listener:
        get_logger().info("gateway_listening", port=listener.getsockname()[1])
        server.run(sockets=[listener])
    get_logger().info("gateway_stopped")
    return 0 if server.started else 1


def build(settings: Settings) -> Starlette:
    """The whole gateway as an ASGI application.

    Raises:
        Misconfigured: tenants are unusable.
    """
    health = Health(PART)
    publisher = Publisher(settings.kafka, health)
    gateway = Gateway(
        settings=settings.gateway,
        tenants=known_tenants(settings.tenants),
        adapter=StandardWebhook(),
        publisher=publisher,
        # A signature can come again from one end of the window to the other.
        repeats=Repeats(2.0 * settings.gateway.timestamp_tolerance_s, time.monotonic),
        now=lambda: datetime.now(UTC),
    )

    @contextlib.asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        async with publisher:
            yield

    return application(gateway, health, lifespan)


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        listener = socket.create_server((host, port), family=family, backlog=1024)
    except OSError as error:
        raise Misconfigured(
            f"The gateway cannot listen on {host}:{port} ({error.strerror}). Set gateway.host and gateway.port."
        ) from None
    # Connections inherit it. asyncio sets it only on sockets it has made itself; without it every answer waits 40 ms.
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listener
