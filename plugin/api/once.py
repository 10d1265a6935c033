"""Steps that are taken once: every POST carries an `Idempotency-Key`, and a repeated one is answered from the store."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Final

from fastapi import Depends, Header, Request
from fastapi.responses import Response

from plugin.api.caller import CurrentCaller
from plugin.api.problems import ApiProblem
from plugin.api.results import reply_of, response_of
from plugin.queue.replies import KeyedRequest, Refusal, Reply
from plugin.queue.store import Store
from plugin.queue.token_views import TokenUse
from plugin.queue.views import DecisionOutcome

MAX_KEY: Final = 255  # characters; a UUID has 36
_REPEAT_IN_S: Final = "1"  # a step takes well under a second


@dataclass(frozen=True)
class Once:
    """The step of one request, by its key."""

    store: Store
    use: TokenUse
    request: KeyedRequest

    def step(self, act: Callable[[Store], DecisionOutcome]) -> Response:
        """Take a step about one thing, or answer as the first request with this key was answered."""
        return self.do(lambda store: reply_of(act(store)))

    def do(self, act: Callable[[Store], Reply]) -> Response:
        """Do something, or answer as the first request with this key was answered.

        What is done in the store that `act` gets is kept with the answer, or not at all.

        Raises:
            ApiProblem: the key belongs to another request, or the first one is not answered yet.
        """
        reply = self.store.replies.once(self.use, self.request, lambda begun: act(self.store.within(begun)))
        if reply is Refusal.OTHER_REQUEST:
            raise ApiProblem(422, "key-used", "This Idempotency-Key came with another request before.")
        if reply is Refusal.IN_FLIGHT:
            raise ApiProblem(
                409,
                "in-flight",
                "The first request with this Idempotency-Key is not answered yet.",
                detail="Repeat it in a moment.",
                headers={"Retry-After": _REPEAT_IN_S},
            )
        assert isinstance(reply, Reply)  # noqa: S101 - what is left
        return response_of(reply)


async def _body(request: Request) -> bytes:
    return await request.body()


def _once(
    request: Request,
    caller: CurrentCaller,
    body: Annotated[bytes, Depends(_body)],
    key: Annotated[
        str,
        Header(
            alias="Idempotency-Key",
            pattern=r"^[!-~]+$",
            max_length=MAX_KEY,
            description="A name for this step, such as a UUID. A request that is repeated with it does nothing again.",
        ),
    ],
) -> Once:
    keyed = KeyedRequest.of(caller.token, key, request.method, request.url.path, body)
    return Once(caller.store, caller.use, keyed)


OnceDep = Annotated[Once, Depends(_once)]
