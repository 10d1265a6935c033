"""The command `counterpoint gateway`: it serves the application until SIGTERM or SIGINT."""

import contextlib
import signal
import time
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import uvicorn
from starlette.applications import Starlette

from plugin.gateway.app import Gateway, create_application
from plugin.gateway.matrix import matrix_routes
from plugin.gateway.publisher import Publisher
from plugin.gateway.repeats import Repeats
from plugin.gateway.tenants import known_tenants
from plugin.http_connections import ACCEPTED_AT_ONCE, BoundedServer, bounded_protocol, listen, require_open_files
from stream.runtime.health import Health, ReadinessPart, serving
from stream.runtime.logging import get_logger
from stream.runtime.settings import Settings
from stream.runtime.stages import GATEWAY

GRACE_S = 6
"""How long a shutdown waits for open requests; requests that wait for the broker are answered within 4 s."""


def run(settings: Settings) -> int:
    """Serve the gateway until SIGTERM or SIGINT and return the exit status.

    Raises:
        Misconfigured: The tenants or the address cannot be used.
    """
    health = Health(ReadinessPart.KAFKA)
    app = build(settings, health)
    require_open_files(settings.gateway.max_connections, "gateway.max_connections")
    server = BoundedServer(
        uvicorn.Config(
            app,
            http=bounded_protocol(settings.gateway.max_connections),
            backlog=ACCEPTED_AT_ONCE,
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

    # uvicorn raises the signal again after it has stopped; with this handler the call ends instead of the process.
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, stop)
    with (
        listen(settings.gateway.host, settings.gateway.port, "gateway") as listener,
        serving(health, *GATEWAY.address(settings)),
    ):
        get_logger().info("gateway_listening", port=listener.getsockname()[1])
        server.run(sockets=[listener])
    get_logger().info("gateway_stopped")
    return 0 if server.started else 1


def build(settings: Settings, health: Health) -> Starlette:
    """Build the whole gateway as an ASGI application that reports to `health`.

    Raises:
        Misconfigured: The tenants cannot be used.
    """
    publisher = Publisher(settings.kafka, health)
    gateway = Gateway(
        settings=settings.gateway,
        tenants=known_tenants(settings.tenants),
        publisher=publisher,
        # A signature is accepted from `tolerance` before its time to `tolerance` after it, so repeats may span both.
        repeats=Repeats(2.0 * settings.gateway.timestamp_tolerance_s, time.monotonic),
        now=lambda: datetime.now(UTC),
        clock_ahead=timedelta(seconds=settings.sessions.clock_ahead_s),
        clock_back=timedelta(seconds=settings.sessions.clock_back_s),
    )

    @contextlib.asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        async with publisher:
            yield

    return create_application(gateway, lifespan, matrix_routes(gateway))
