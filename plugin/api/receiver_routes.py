"""The routes of an operator's program: stored receivers of webhooks, what they get, and what they are told again."""

from collections.abc import Callable
from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter
from fastapi.responses import Response
from pydantic import Field, StringConstraints

from plugin.api.caller import Caller, ReceiverWriter, Services, ServicesDep
from plugin.api.list_models import Part
from plugin.api.once import Once, OnceDep
from plugin.api.problems import refusals
from plugin.api.read_routes import READING
from plugin.api.requests import Asked
from plugin.api.results import Done
from plugin.api.review_routes import STEPPING
from plugin.crypto.keys import KeyEncryptionKey
from plugin.database.receivers_key import receivers_key
from plugin.queue.account_changes import Actor
from plugin.queue.receiver_views import MAX_URL, NAME_FORM, ReceiverKind, ReceiverState
from plugin.queue.receivers import NoReceiver
from plugin.queue.replies import Reply
from plugin.queue.store import Store
from stream.contracts.base import Utc
from stream.contracts.errors import Misconfigured

router = APIRouter(prefix="/receivers", tags=["receivers"])


class Receiver(Part):
    """A stored receiver; its secret is in no list."""

    receiver_id: UUID
    name: str
    url: str
    kinds: tuple[ReceiverKind, ...]
    tenant: str | None = Field(description="The platform of whose releases it is told; null for every platform.")
    state: ReceiverState
    added_at: datetime
    previous_until: datetime | None = Field(description="Until when the secret before the last rotation signs too.")
    waiting: int = Field(description="Notices of releases that wait for it.")
    oldest_waiting: datetime | None
    failed: int = Field(description="Notices that were given up after three days, and may be replayed.")


class ReceiverList(Part):
    """The stored receivers, by name."""

    receivers: tuple[Receiver, ...]


class AddReceiver(Asked):
    """A receiver to be stored."""

    name: Annotated[str, StringConstraints(max_length=40)] = Field(description=f"{NAME_FORM}; never used before.")
    url: Annotated[str, StringConstraints(max_length=MAX_URL)] = Field(description="https://host/path")
    kinds: Annotated[frozenset[ReceiverKind], Field(min_length=1)]
    tenant: Annotated[str, StringConstraints(max_length=200)] | None = None


class ReceiverSecret(Part):
    """The secret by which a receiver verifies what it gets."""

    receiver_id: UUID
    secret: str | None = Field(default=None, description="Shown this once: a repeated request gets none.")


class ReplaySince(Asked):
    """From when on a receiver is to be told again."""

    since: Utc


class Replayed(Part):
    """How many notices will be sent again."""

    notices: int


@router.get("", responses=READING)
def list_receivers(caller: ReceiverWriter) -> ReceiverList:
    """Return the stored receivers with what they get and what waits for them."""
    return ReceiverList.model_validate({"receivers": caller.store.receivers.entries(_actor(caller))})


@router.post("", response_model=ReceiverSecret, responses=STEPPING)
def add_receiver(caller: ReceiverWriter, services: ServicesDep, once: OnceDep, asked: AddReceiver) -> Response:
    """Store a receiver, and return the secret by which it verifies what it gets: this once, and nowhere else."""

    def act(store: Store) -> Reply:
        if asked.tenant is not None and services.tenants and asked.tenant not in services.tenants:
            raise Misconfigured("The settings name no such platform.")
        receiver_id, secret = store.receivers.add(
            _key(services), asked.name, asked.url, asked.kinds, asked.tenant, _actor(caller)
        )
        return Reply(200, {"receiver_id": str(receiver_id)}, {"secret": secret})

    return _do(once, act)


@router.post("/{receiver_id}/rotate", response_model=ReceiverSecret, responses=STEPPING)
def rotate_secret(caller: ReceiverWriter, services: ServicesDep, once: OnceDep, receiver_id: UUID) -> Response:
    """Give a receiver a new secret and return it, this once; the one before signs beside it for a day."""

    def act(store: Store) -> Reply:
        secret = store.receivers.rotate(_key(services), receiver_id, _actor(caller))
        return Reply(200, {"receiver_id": str(receiver_id)}, {"secret": secret})

    return _do(once, act)


@router.post("/{receiver_id}/disable", response_model=Done, responses=STEPPING)
def disable_receiver(caller: ReceiverWriter, once: OnceDep, receiver_id: UUID) -> Response:
    """Send a receiver nothing for a while; releases of that time are not told to it."""

    def act(store: Store) -> Reply:
        store.receivers.set_enabled(receiver_id, enabled=False, by=_actor(caller))
        return Reply(200, {"outcome": "done"})

    return _do(once, act)


@router.post("/{receiver_id}/enable", response_model=Done, responses=STEPPING)
def enable_receiver(caller: ReceiverWriter, once: OnceDep, receiver_id: UUID) -> Response:
    """Send a receiver again what waits for it, and what comes."""

    def act(store: Store) -> Reply:
        store.receivers.set_enabled(receiver_id, enabled=True, by=_actor(caller))
        return Reply(200, {"outcome": "done"})

    return _do(once, act)


@router.post("/{receiver_id}/remove", response_model=Done, responses=STEPPING)
def remove_receiver(caller: ReceiverWriter, once: OnceDep, receiver_id: UUID) -> Response:
    """Remove a receiver for good, with its address and secrets; its name cannot be used again."""

    def act(store: Store) -> Reply:
        store.receivers.remove(receiver_id, _actor(caller))
        return Reply(200, {"outcome": "done"})

    return _do(once, act)


@router.post("/{receiver_id}/replay", response_model=Replayed, responses=STEPPING)
def replay_notices(caller: ReceiverWriter, once: OnceDep, receiver_id: UUID, asked: ReplaySince) -> Response:
    """Send a receiver again every notice that was made since a time, in order and with the same ids."""

    def act(store: Store) -> Reply:
        return Reply(200, {"notices": store.receivers.replay(receiver_id, asked.since, _actor(caller))})

    return _do(once, act)


def _actor(caller: Caller) -> Actor:
    return Actor(caller.viewer, caller.request_id)


def _key(services: Services) -> KeyEncryptionKey:
    return receivers_key(services.delivery)


def _do(once: Once, act: Callable[[Store], Reply]) -> Response:
    with refusals("receiver-refused", gone=NoReceiver):
        return once.do(act)
