"""The gateway's application, with the route `POST /v1/{tenant}/events` that accepts one event per request."""

import hashlib
import json
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Protocol

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import Lifespan

from plugin.adapters.base import Adapter, read_events
from plugin.gateway import body
from plugin.gateway.encoding import encode_event, has_consent
from plugin.gateway.repeats import Repeats
from plugin.gateway.tenants import KnownTenant
from stream.contracts.errors import Denied, Poison, Unavailable
from stream.runtime.codec import EncodedRecord
from stream.runtime.health import Health, respond
from stream.runtime.logging import get_logger
from stream.runtime.metrics import MESSAGES_IN
from stream.runtime.settings import GatewaySettings
from stream.runtime.trace import HEADER, new_traceparent, trace_id, traceparent_of

MAX_IN_FLIGHT = 500
"""Requests in flight at once; with bodies of at most 256 KiB this limits memory to 125 MB."""

PUBLISHED = "published"
NO_CONSENT = "no_consent"
_UNKNOWN = "unknown"  # the metric label in place of a tenant's name that is not in the settings


class RecordPublisher(Protocol):
    """The interface through which the gateway publishes records; see `publisher.Publisher`."""

    async def publish(self, record: EncodedRecord) -> None:
        """Return when the broker has acknowledged; raise `Unavailable` when it has not in time."""


@dataclass
class Gateway:
    """The handler of deliveries from the known tenants; `now` returns the current time in UTC."""

    settings: GatewaySettings
    tenants: Mapping[str, KnownTenant]
    adapter: Adapter[Any]
    publisher: RecordPublisher
    repeats: Repeats[str]
    now: Callable[[], datetime]
    _in_flight: int = 0
    # A delivery for an unknown tenant is verified too, against a random secret, so that nobody can find out names.
    _nobody: tuple[str, ...] = field(default_factory=lambda: ("whsec_" + secrets.token_hex(32),), repr=False)

    async def receive(self, request: Request) -> Response:
        """Answer one delivery: 202 once its records are safe, otherwise the reason for its refusal, never content."""
        if self._in_flight >= MAX_IN_FLIGHT:
            MESSAGES_IN.labels(_UNKNOWN, "unavailable").inc()
            return _busy(1)
        self._in_flight += 1
        try:
            return await self._receive(request)
        finally:
            self._in_flight -= 1

    async def _receive(self, request: Request) -> Response:
        named = self.tenants.get(request.path_params["tenant"])
        label = named.name if named else _UNKNOWN
        trace = traceparent_of([(HEADER, request.headers.get(HEADER, "").encode())]) or new_traceparent()
        log = get_logger().bind(tenant=label, trace_id=trace_id(trace))
        try:
            raw = await body.read_body(request, self.settings.body_limit_bytes)
            tenant, delivery = self._verify(named, raw, request.headers)
            outcome, repeated = await self.repeats.once(
                _fingerprint(tenant.name, delivery, raw), lambda: self._accept(tenant, raw, delivery, trace)
            )
        except body.BodyRejected as rejected:
            MESSAGES_IN.labels(label, "bad").inc()
            log.info("body_refused", status=rejected.status)
            return _answer(rejected.status, {"error": "body"})
        except Denied as denied:
            MESSAGES_IN.labels(label, "denied").inc()
            log.warning("delivery_denied", reason=denied.why)
            return _answer(401, {"error": "denied"})
        except Poison as poison:
            MESSAGES_IN.labels(label, "bad").inc()
            log.warning("delivery_refused", reason=poison.reason.value, place=poison.place)
            return _answer(422, {"error": poison.reason.value, "place": poison.place})
        except Unavailable as away:
            MESSAGES_IN.labels(label, "unavailable").inc()
            return _busy(away.retry_after)
        MESSAGES_IN.labels(label, "repeated" if repeated else outcome).inc()
        return _answer(202, {"outcome": outcome})

    def _verify(self, tenant: KnownTenant | None, raw: bytes, headers: Mapping[str, str]) -> tuple[KnownTenant, str]:
        tolerance = timedelta(seconds=self.settings.timestamp_tolerance_s)
        secrets_now = tenant.secrets if tenant else self._nobody
        delivery = self.adapter.verify(raw, headers, secrets_now, self.now(), tolerance)
        if tenant is None:
            raise Denied("unknown tenant")
        return tenant, delivery

    async def _accept(self, tenant: KnownTenant, raw: bytes, delivery: str, trace: bytes) -> str:
        payload = self.adapter.parse(raw)
        events = read_events(self.adapter, payload, tenant.name, tenant.pseudonyms)
        allowed = [encode_event(event, delivery, trace) for event in events if has_consent(event)]
        for record in allowed:
            await self.publisher.publish(record)
        return PUBLISHED if len(allowed) == len(events) else NO_CONSENT


def create_application(gateway: Gateway, health: Health, lifespan: Lifespan[Starlette] | None = None) -> Starlette:
    """Create the ASGI application with the events route and the probe routes."""

    async def status(request: Request) -> Response:
        code, content_type, content = await run_in_threadpool(respond, health, request.url.path)
        return Response(content, code, media_type=content_type)

    return Starlette(
        routes=[
            Route("/v1/{tenant}/events", gateway.receive, methods=["POST"]),
            *(Route(path, status) for path in ("/healthz", "/readyz", "/metrics")),
        ],
        lifespan=lifespan,
    )


def _fingerprint(tenant: str, delivery: str, raw: bytes) -> bytes:
    # The body is included, so that a platform that uses an id twice for different events loses neither.
    return hashlib.sha256(f"{tenant}\n{delivery}\n".encode() + raw).digest()


def _answer(status: int, content: Mapping[str, str], headers: Mapping[str, str] | None = None) -> Response:
    return Response(json.dumps(content), status, headers, media_type="application/json")


def _busy(retry_after_s: float) -> Response:
    return _answer(503, {"error": "unavailable"}, {"Retry-After": str(max(1, round(retry_after_s)))})
