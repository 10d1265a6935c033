"""One event is delivered until it is answered; every try is signed anew."""

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

Answer = httpx.Response | Exception


class Gateway:
    """Answers from a list and keeps what it was asked."""

    def __init__(self, *answers: Answer) -> None:
        self.answers = list(answers)
        self.asked: list[httpx.Request] = []
        self.waits: list[float] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        """Answer."""
        self.asked.append(request)
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Exception):
            raise answer
        return answer

    async def wait(self, seconds: float, /) -> None:
        """Take note instead of sleeping."""
        self.waits.append(seconds)

    async def deliver(self) -> str:
        """One event."""
        async with httpx.AsyncClient(transport=httpx.MockTransport(self)) as client:
            sender = Sender(client, "http://gateway/v1/sample/events", SECRET, self.wait)
            return await sender.deliver("d-1", {"type": "message", "text": "schön 💬"})


def answer(status: int, **content: str) -> httpx.Response:
    """The gateway's own kind of answer."""
    return httpx.Response(status, json=content)


async def test_it_is_signed_as_the_specification_says() -> None:
    """Checked by hand, over the bytes sent."""
    gateway = Gateway(answer(202, outcome="published"))
    assert await gateway.deliver() == "accepted"
    (request,) = gateway.asked
    signed = f"d-1.{request.headers['webhook-timestamp']}.".encode() + request.content
    digest = hmac.new(b"r" * 32, signed, hashlib.sha256).digest()
    assert request.headers["webhook-signature"] == "v1," + base64.b64encode(digest).decode()
    assert json.loads(request.content)["text"] == "schön 💬"


async def test_text_without_consent_is_told_apart() -> None:
    """It was answered with success, and went no further."""
    assert await Gateway(answer(202, outcome="no_consent")).deliver() == "no_consent"


async def test_it_comes_again_when_the_gateway_says_so_or_is_not_there() -> None:
    """Under the same id, after the time it was told."""
    away = httpx.Response(503, headers={"retry-after": "2"})
    gateway = Gateway(away, httpx.ConnectError("x"), httpx.ReadTimeout("x"), answer(202, outcome="published"))
    assert await gateway.deliver() == "accepted"
    assert {request.headers["webhook-id"] for request in gateway.asked} == {"d-1"}
    assert gateway.waits == [2, delivery.RETRY_AFTER_S, delivery.RETRY_AFTER_S]


async def test_it_gives_up_after_a_while(monkeypatch: pytest.MonkeyPatch) -> None:
    """And says who was away; the same command goes on later."""
    monkeypatch.setattr(delivery, "GIVE_UP_AFTER_S", 0.0)
    with pytest.raises(Unavailable, match="the gateway at http://gateway"):
        await Gateway(httpx.ConnectError("x")).deliver()


@pytest.mark.parametrize(
    ("refusal", "reason"),
    [
        (answer(422, error="bad_schema", place="role"), "bad_schema at role"),
        (answer(413, error="body"), "status 413"),
        (answer(404), "status 404"),
    ],
)
async def test_a_refusal_is_a_reason_and_no_retry(refusal: httpx.Response, reason: str) -> None:
    """It would be refused again."""
    gateway = Gateway(refusal)
    assert await gateway.deliver() == reason
    assert len(gateway.asked) == 1


async def test_a_wrong_secret_ends_the_replay() -> None:
    """Every other event would meet the same."""
    with pytest.raises(Denied, match="secret"):
        await Gateway(answer(401, error="denied")).deliver()


def test_the_secret_is_not_shown() -> None:
    """A sender may end in a traceback."""
    assert SECRET not in repr(Sender(httpx.AsyncClient(), "u", SECRET))
