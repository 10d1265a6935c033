"""The gateway's application, with the route `POST /v1/{tenant}/events` that accepts one event per request."""

import hashlib
import json
import secrets
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from http import HTTPStatus
from typing import Any, Protocol

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import Lifespan

from plugin.adapters.base import Adapter, DeniedOpenly, PlatformEvent, SignedHeaders, read_events
from plugin.adapters.matrix import Matrix
from plugin.adapters.webhook import StandardWebhook
from plugin.gateway import body
from plugin.gateway.clock import OutOfTime, refuse_future, refuse_past
from plugin.gateway.encoding import encode_event, has_consent, topic_of
from plugin.gateway.repeats import Repeats
from plugin.gateway.tenants import KnownTenant
from stream.contracts.errors import Denied, Poison, Unavailable
from stream.runtime.codec import EncodedRecord
from stream.runtime.logging import get_logger
from stream.runtime.metrics import MESSAGES_IN
from stream.runtime.settings import GatewaySettings
from stream.runtime.trace import HEADER, new_traceparent, trace_id, traceparent_of

EVENTS_PATH = "/v1/{tenant}/events"
WANTED_REQUEST = f"POST {EVENTS_PATH}"
RETRY_AFTER_S = 1.0
"""When a sender is to come back that found too many requests; one takes milliseconds, without a broker 4 s."""

PUBLISHED = "published"
NO_CONSENT = "no_consent"
IGNORED = "ignored"
"""What a platform sends and nobody needs, such as that somebody is typing."""
_UNKNOWN = "unknown"  # the metric label in place of a tenant's name that is not in the settings


class RecordPublisher(Protocol):
    """The interface through which the gateway publishes records; see `publisher.Publisher`."""

    async def publish(self, record: EncodedRecord, topic: str) -> None:
        """Return when the broker has acknowledged; raise `Unavailable` when it has not in time."""


@dataclass
class Gateway:
    """The handler of deliveries from the known tenants; `now` returns the current time in UTC."""

    settings: GatewaySettings
    tenants: Mapping[str, KnownTenant]
    publisher: RecordPublisher
    repeats: Repeats[str]
    now: Callable[[], datetime]
    clock_ahead: timedelta
    """How far an event's own time may lie after `now`."""
    clock_back: timedelta
    """How far it may lie before `now` where the platform signs no time."""
    _in_flight: int = 0
    # A delivery for an unknown tenant is verified too, against a random secret, so that nobody can find out names.
    _nobody: tuple[str, ...] = field(default_factory=lambda: ("whsec_" + secrets.token_hex(32),), repr=False)
    _adapters: tuple[Adapter[Any], ...] = field(init=False)

    def __post_init__(self) -> None:
        generic: Adapter[Any] = StandardWebhook()
        # A homeserver has routes of its own, with its own way to be proven: plugin/gateway/matrix.py.
        others = (tenant.adapter for tenant in self.tenants.values() if not isinstance(tenant.adapter, Matrix))
        adapters = [generic, *others]
        # A header that a proxy may add to any request marks a platform only where nothing else does.
        self._adapters = tuple(sorted(adapters, key=lambda adapter: "authorization" in adapter.marks))

    async def receive(self, request: Request) -> Response:
        """Answer one delivery: 202 once its records are safe, otherwise the reason for its refusal, never content.

        A body is kept only for headers that could be valid. That its tenant is unknown shows in no answer, early or
        late: a delivery to nobody is read and verified like any other.
        """
        adapter = self._adapter_of(request.headers)

        async def deliver(named: KnownTenant | None, trace: bytes) -> Response:
            signed = self.read_headers(adapter, request.headers)
            raw = await body.read_body(request, self.settings.body_limit_bytes)
            with self.work():
                tenant = self.verify(named, adapter, raw, signed)
                outcome, repeated = await self.repeats.once(
                    _fingerprint(tenant.name, signed.delivery, raw), lambda: self._accept(tenant, raw, signed, trace)
                )
            MESSAGES_IN.labels(tenant.name, "repeated" if repeated else outcome).inc()
            return answer(adapter.accepted_status, {"outcome": outcome})

        return await self.answered(request, deliver)

    async def answered(
        self, request: Request, act: Callable[[KnownTenant | None, bytes], Awaitable[Response]]
    ) -> Response:
        """Return what `act` answers, or the refusal that it raises, counted and logged.

        `act` gets the tenant that the path names, or None if nobody has that name, and the `traceparent` of the
        request.
        """
        named = self.tenants.get(request.path_params["tenant"])
        label = named.name if named else _UNKNOWN
        trace = traceparent_of([(HEADER, request.headers.get(HEADER, "").encode())]) or new_traceparent()
        log = get_logger().bind(tenant=label, trace_id=trace_id(trace))
        try:
            return await act(named, trace)
        except body.BodyRejected as rejected:
            MESSAGES_IN.labels(label, "bad").inc()
            log.info("body_refused", status=rejected.status)
            return answer(rejected.status, {"error": "body", "wanted": rejected.wanted})
        except Denied as denied:
            MESSAGES_IN.labels(label, "denied").inc()
            log.warning("delivery_denied", reason=denied.why)
            told = {"place": denied.place, "wanted": denied.wanted} if isinstance(denied, DeniedOpenly) else {}
            return answer(401, {"error": "denied", **told})
        except (Poison, OutOfTime) as refused:
            MESSAGES_IN.labels(label, "bad").inc()
            log.warning("delivery_refused", reason=refused.reason, place=refused.place)
            return answer(422, {"error": refused.reason, "place": refused.place, "wanted": refused.wanted})
        except Unavailable as away:
            MESSAGES_IN.labels(label, "unavailable").inc()
            log.warning("delivery_postponed", what=away.what)
            return _busy(away.retry_after)

    def read_headers(self, adapter: Adapter[Any], headers: Mapping[str, str]) -> SignedHeaders:
        """Return what the headers of a delivery say, by our clock and with the tolerance of the settings."""
        return adapter.read_headers(headers, self.now(), timedelta(seconds=self.settings.timestamp_tolerance_s))

    def _adapter_of(self, headers: Mapping[str, str]) -> Adapter[Any]:
        """Return the adapter that reads the headers, by their names alone: an answer tells nobody what a tenant speaks.

        Without a header that marks a platform it is the generic one, whose answer says what it needs.
        """
        marked = (adapter for adapter in self._adapters if any(mark in headers for mark in adapter.marks))
        return next(marked, self._adapters[0])

    @contextmanager
    def work(self) -> Iterator[None]:
        """Bound the requests that are worked on. One whose body is still to come takes no place: it may never come."""
        if self._in_flight >= self.settings.max_connections // 2:
            raise Unavailable("the gateway", RETRY_AFTER_S)
        self._in_flight += 1
        try:
            yield
        finally:
            self._in_flight -= 1

    def verify(
        self, tenant: KnownTenant | None, adapter: Adapter[Any], raw: bytes, signed: SignedHeaders
    ) -> KnownTenant:
        """Return the tenant whose delivery it is proven to be.

        Raises:
            Denied: It is not; for an unknown tenant, or another platform's, after the same work.
        """
        if tenant is None or type(tenant.adapter) is not type(adapter):
            adapter.verify(raw, signed, self._nobody)
            raise Denied("unknown tenant" if tenant is None else "another platform than the tenant's")
        tenant.adapter.verify(raw, signed, tenant.secrets)
        return tenant

    async def _accept(self, tenant: KnownTenant, raw: bytes, signed: SignedHeaders, trace: bytes) -> str:
        events = read_events(tenant.adapter, tenant.adapter.parse(raw), tenant.name, tenant.pseudonyms)
        refuse_future(events, self.now(), self.clock_ahead)
        if signed.signed_at is None:
            refuse_past(events, self.now(), self.clock_back)
        # An id of its own makes the id of a list of names; the hash of the body is as good, where no id was sent.
        return await self.publish(events, signed.delivery or hashlib.sha256(raw).hexdigest(), trace)

    async def publish(self, events: Sequence[PlatformEvent], delivery: str, trace: bytes) -> str:
        """Publish the events that may be, in their order, and return the outcome of the delivery that they came with.

        Raises:
            Poison: One is too large.
            Unavailable: The broker has not acknowledged one in time.
        """
        allowed = [(encode_event(event, delivery, trace), topic_of(event)) for event in events if has_consent(event)]
        for record, topic in allowed:
            await self.publisher.publish(record, topic)
        if not events:
            return IGNORED
        return PUBLISHED if len(allowed) == len(events) else NO_CONSENT


def create_application(
    gateway: Gateway, lifespan: Lifespan[Starlette] | None = None, further: Sequence[Route] = ()
) -> Starlette:
    """Create the ASGI application with the events route, and /healthz for a balancer: whether the process answers.

    `further` are routes of platforms that deliver in another way.

    Readiness and metrics have a port of their own (`health.gateway_port`), for they are nobody's business outside.
    """
    events = [Route(path, gateway.receive, methods=["POST"]) for path in (EVENTS_PATH, f"{EVENTS_PATH}/")]
    app = Starlette(
        routes=[*events, *further, Route("/healthz", _alive)],
        lifespan=lifespan,
        exception_handlers={HTTPException: _no_such_request, Exception: _failed},
    )
    app.router.redirect_slashes = False  # a redirect is followed by hardly any sender of webhooks
    return app


def answer(status: int, content: Mapping[str, str], headers: Mapping[str, str] | None = None) -> Response:
    """Return an answer in the one form that all answers have: a JSON object without empty parts."""
    given = {name: value for name, value in content.items() if value}
    return Response(json.dumps(given), status, headers, media_type="application/json")


async def _alive(_request: Request) -> Response:
    return answer(200, {"status": "alive"})


async def _no_such_request(_request: Request, error: Exception) -> Response:
    """Answer a path or a method that is not served. Neither is logged: a sender may have put anything into them."""
    status, headers = (error.status_code, error.headers) if isinstance(error, HTTPException) else (404, None)
    outcome = "wrong_method" if status == HTTPStatus.METHOD_NOT_ALLOWED else "wrong_path"
    MESSAGES_IN.labels(_UNKNOWN, outcome).inc()
    get_logger().info("request_refused", status=status, reason=outcome)
    return answer(status, {"error": outcome, "wanted": WANTED_REQUEST}, headers)


async def _failed(_request: Request, _error: Exception) -> Response:
    """Answer after a fault of ours, which uvicorn logs."""
    MESSAGES_IN.labels(_UNKNOWN, "bug").inc()
    return answer(500, {"error": "bug"})


def _fingerprint(tenant: str, delivery: str, raw: bytes) -> bytes:
    # The body is included, so that a platform that uses an id twice for different events loses neither.
    return hashlib.sha256(f"{tenant}\n{delivery}\n".encode() + raw).digest()


def _busy(retry_after_s: float) -> Response:
    return answer(503, {"error": "unavailable"}, {"Retry-After": str(max(1, round(retry_after_s)))})
