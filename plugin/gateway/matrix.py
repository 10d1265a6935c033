"""The routes by which a Matrix homeserver reaches the gateway as its Application Service.

A homeserver sends a transaction again, and nothing after it, until it is taken. So an event that cannot be used is
counted and left out, and keeps back no other; only a broker that is away, or a wrong token, makes the homeserver wait.
"""

import json
from collections.abc import Awaitable, Callable, Mapping
from http import HTTPStatus
from typing import Final, cast

from cachetools import TTLCache
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from plugin.adapters.base import DeniedOpenly, Unreadable, read_events
from plugin.adapters.matrix import Matrix
from plugin.adapters.matrix_payloads import read_transaction
from plugin.gateway import body
from plugin.gateway.app import IGNORED, Gateway, answer
from plugin.gateway.clock import OutOfTime, refuse_past
from plugin.gateway.tenants import KnownTenant
from stream.contracts.errors import Poison
from stream.runtime.logging import get_logger
from stream.runtime.metrics import MESSAGES_IN
from stream.runtime.trace import trace_id

PREFIX: Final = "/v1/{tenant}/_matrix/app/v1"
TRANSACTION_BYTES: Final = 16 * 2**20
"""Synapse puts up to 100 events into a transaction, of 64 KiB each and some more where a state event was replaced."""
ENCRYPTED: Final = "encrypted"
BAD: Final = "bad"
_NAME_AGAIN_S: Final = 86_400
"""How long the log does not name an encrypted room again: a line of every day is found when somebody looks for it."""
_MOST_NAMED: Final = 10_000
_ERROR_CODES: Final[Mapping[int, str]] = {
    HTTPStatus.UNAUTHORIZED: "M_UNAUTHORIZED",
    HTTPStatus.FORBIDDEN: "M_FORBIDDEN",
    HTTPStatus.NOT_FOUND: "M_NOT_FOUND",
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: "M_TOO_LARGE",
    HTTPStatus.UNPROCESSABLE_ENTITY: "M_BAD_JSON",
}

Act = Callable[[KnownTenant | None, bytes], Awaitable[Response]]


class ApplicationService:
    """What a homeserver may ask of the gateway: to take events, whether it answers, and whom and what it has made."""

    def __init__(self, gateway: Gateway, adapter: Matrix) -> None:
        """`adapter` reads the headers of a request before its tenant is believed; any tenant's will do."""
        self._gateway = gateway
        self._adapter = adapter
        self._named: TTLCache[tuple[str, str], bool] = TTLCache(_MOST_NAMED, _NAME_AGAIN_S)

    async def transaction(self, request: Request) -> Response:
        """Take a transaction: `{}` once the records of its events are safe."""

        async def take(named: KnownTenant | None, trace: bytes) -> Response:
            tenant = self._prove(request, named)  # by the header alone: nobody else has their body read
            raw = await body.read_body(request, TRANSACTION_BYTES)
            with self._gateway.work():
                outcomes = [await self._take_event(tenant, event, trace) for event in read_transaction(raw)]
            for outcome in outcomes:
                MESSAGES_IN.labels(tenant.name, outcome).inc()
            return answer(HTTPStatus.OK, {})

        return await self._answered(request, take)

    async def ping(self, request: Request) -> Response:
        """Say that the gateway answers and knows the token."""

        async def agree(named: KnownTenant | None, _trace: bytes) -> Response:
            self._prove(request, named)
            return answer(HTTPStatus.OK, {})

        return await self._answered(request, agree)

    async def query(self, request: Request) -> Response:
        """Say of a user or an alias that it does not exist: Counterpoint makes none."""

        async def deny(named: KnownTenant | None, _trace: bytes) -> Response:
            self._prove(request, named)
            return answer(HTTPStatus.NOT_FOUND, {"error": "not_found"})

        return await self._answered(request, deny)

    def _prove(self, request: Request, named: KnownTenant | None) -> KnownTenant:
        if "access_token" in request.query_params:
            raise DeniedOpenly("access_token", "is in the address", "the token in the header `Authorization` alone")
        signed = self._gateway.read_headers(self._adapter, request.headers)
        return self._gateway.verify(named, self._adapter, b"", signed)

    async def _take_event(self, tenant: KnownTenant, event: object, trace: bytes) -> str:
        """Publish the records of one event and return its outcome.

        A time that is ahead is no reason to refuse: its sender's homeserver would not send it again, and the stream
        moves it.
        """
        log = get_logger().bind(tenant=tenant.name, trace_id=trace_id(trace))
        try:
            adapter = cast("Matrix", tenant.adapter)  # another platform's tenant is not proven here
            payload = adapter.read_event(event)
            if payload is None:
                return IGNORED
            events = read_events(adapter, [payload], tenant.name, tenant.pseudonyms)
            refuse_past(events, self._gateway.now(), self._gateway.clock_back)
            return await self._gateway.publish(events, payload.event, trace)
        except Unreadable as unreadable:
            room = tenant.name, unreadable.conversation_id
            if room not in self._named:
                self._named[room] = True
                log.warning("room_encrypted", conversation_id=unreadable.conversation_id)
            return ENCRYPTED
        except (Poison, OutOfTime) as refused:
            log.warning("event_left_out", reason=refused.reason, place=refused.place)
            return BAD

    async def _answered(self, request: Request, act: Act) -> Response:
        """Return the gateway's answer in the form of Matrix: `{}`, or an error code beside our own words."""
        given = await self._gateway.answered(request, act)
        if given.status_code == HTTPStatus.OK:
            return given
        content = json.loads(bytes(given.body))
        status = given.status_code
        if status == HTTPStatus.UNAUTHORIZED and "place" not in content:
            status = HTTPStatus.FORBIDDEN  # the token is well formed, and wrong
        return answer(status, {"errcode": _ERROR_CODES.get(status, "M_UNKNOWN")} | content, _further(given))


def _further(given: Response) -> Mapping[str, str]:
    """Return the headers of an answer that its content does not decide."""
    return {name: value for name, value in given.headers.items() if name not in {"content-length", "content-type"}}


async def _unrecognized(_request: Request) -> Response:
    """Refuse any other request, also those of before Matrix 1.4, as the specification asks."""
    return answer(HTTPStatus.NOT_FOUND, {"errcode": "M_UNRECOGNIZED", "error": "wrong_path"})


def matrix_routes(gateway: Gateway) -> list[Route]:
    """Return the routes for homeservers; none where no tenant is one."""
    adapters = [tenant.adapter for tenant in gateway.tenants.values() if isinstance(tenant.adapter, Matrix)]
    if not adapters:
        return []
    service = ApplicationService(gateway, adapters[0])
    return [
        Route(f"{PREFIX}/transactions/{{transaction}}", service.transaction, methods=["PUT"]),
        Route(f"{PREFIX}/ping", service.ping, methods=["POST"]),
        Route(f"{PREFIX}/users/{{user:path}}", service.query, methods=["GET"]),
        Route(f"{PREFIX}/rooms/{{alias:path}}", service.query, methods=["GET"]),
        Route("/v1/{tenant}/_matrix/{rest:path}", _unrecognized, methods=["GET", "POST", "PUT"]),
    ]
