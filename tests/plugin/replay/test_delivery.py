"""Tests of the delivery of one event, which is retried with a new signature until it is answered."""

import base64
import hashlib
import hmac
import json

import httpx
import pytest

from plugin.replay import delivery
from plugin.replay.delivery import Sender
from stream.contracts.errors import Denied, Unavailable
from tests.plugin.replay.platforms import SECRET

GatewayAnswer = httpx.Response | Exception


class FakeGateway:
    """A fake gateway that answers from a list and keeps the requests and the waits."""

    def __init__(self, *answers: GatewayAnswer) -> None:
        self.answers = list(answers)
        self.asked: list[httpx.Request] = []
        self.waits: list[float] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        """Keep the request and return or raise the next answer; the last one is repeated."""
        self.asked.append(request)
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Exception):
            raise answer
        return answer

    async def wait(self, seconds: float, /) -> None:
        """Note the wait instead of sleeping."""
        self.waits.append(seconds)

    async def deliver(self) -> str:
        """Deliver one event to this gateway."""
        async with httpx.AsyncClient(transport=httpx.MockTransport(self)) as client:
            sender = Sender(client, "http://gateway/v1/sample/events", SECRET, self.wait)
            return await sender.deliver("d-1", {"type": "message", "text": "schön 💬"})


def answer(status: int, **content: str) -> httpx.Response:
    """Return an answer in the gateway's format."""
    return httpx.Response(status, json=content)


async def test_it_is_signed_as_the_specification_says() -> None:
    """A delivery is signed over the sent bytes as the specification says."""
    gateway = FakeGateway(answer(202, outcome="published"))
    assert await gateway.deliver() == "accepted"
    (request,) = gateway.asked
    signed = f"d-1.{request.headers['webhook-timestamp']}.".encode() + request.content
    digest = hmac.new(b"r" * 32, signed, hashlib.sha256).digest()
    assert request.headers["webhook-signature"] == "v1," + base64.b64encode(digest).decode()
    assert json.loads(request.content)["text"] == "schön 💬"


async def test_text_without_consent_is_reported_as_such() -> None:
    """An answer `no_consent` is reported as such, not as accepted."""
    assert await FakeGateway(answer(202, outcome="no_consent")).deliver() == "no_consent"


async def test_it_comes_again_when_the_gateway_says_so_or_is_not_there() -> None:
    """A delivery is retried under the same id after a 503 or a transport error, with the wait of Retry-After."""
    away = httpx.Response(503, headers={"retry-after": "2"})
    gateway = FakeGateway(away, httpx.ConnectError("x"), httpx.ReadTimeout("x"), answer(202, outcome="published"))
    assert await gateway.deliver() == "accepted"
    assert {request.headers["webhook-id"] for request in gateway.asked} == {"d-1"}
    assert gateway.waits == [2, delivery.RETRY_AFTER_S, delivery.RETRY_AFTER_S]


async def test_it_gives_up_after_a_while(monkeypatch: pytest.MonkeyPatch) -> None:
    """A delivery that is never answered ends with an error that names the gateway."""
    monkeypatch.setattr(delivery, "GIVE_UP_AFTER_S", 0.0)
    with pytest.raises(Unavailable, match="the gateway at http://gateway"):
        await FakeGateway(httpx.ConnectError("x")).deliver()


@pytest.mark.parametrize(
    ("refusal", "reason"),
    [
        (answer(422, error="bad_schema", place="role"), "bad_schema at role"),
        (answer(413, error="body"), "status 413"),
        (answer(404), "status 404"),
    ],
)
async def test_a_refusal_is_a_reason_and_no_retry(refusal: httpx.Response, reason: str) -> None:
    """A refused event is reported with its reason and is not retried."""
    gateway = FakeGateway(refusal)
    assert await gateway.deliver() == reason
    assert len(gateway.asked) == 1


async def test_a_wrong_secret_ends_the_replay() -> None:
    """A delivery with a wrong secret raises Denied, which ends the replay."""
    with pytest.raises(Denied, match="secret"):
        await FakeGateway(answer(401, error="denied")).deliver()


def test_the_secret_is_not_shown() -> None:
    """The representation of a sender does not show the secret, since it may be in a traceback."""
    assert SECRET not in repr(Sender(httpx.AsyncClient(), "u", SECRET))
