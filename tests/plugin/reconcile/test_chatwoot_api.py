"""Tests of the client of Chatwoot's API: it pages, waits, tries again, and says what a person must change."""

from datetime import UTC, datetime, timedelta

import httpx
import pytest

from plugin.reconcile import chatwoot_api
from plugin.reconcile.chatwoot_api import ATTEMPTS, DISTANCE_S, ChatwootApi
from stream.contracts.errors import Misconfigured, Unavailable
from tests.plugin.reconcile.chatwoot_server import ChatwootServer, tenant

FIRST = datetime(2026, 3, 2, 12, tzinfo=UTC)
LONG_AGO = FIRST - timedelta(days=1)


def api_of(server: ChatwootServer, waited: list[float] | None = None) -> ChatwootApi:
    """Return a client of a server, which notes how long it waits."""
    times: list[float] = [] if waited is None else waited
    return ChatwootApi("riverside", tenant(), transport=server.transport(), sleep=times.append)


def resolved_talks(number: int) -> ChatwootServer:
    """Return a server with a number of resolved conversations, a minute apart, and one that is open."""
    server = ChatwootServer(FIRST)
    for minute in range(number):
        talk = server.begin()
        server.say(talk, "hello", after_s=60 * minute)
        server.resolve(talk)
    server.begin()
    return server


def test_every_page_of_conversations_is_read() -> None:
    """Conversations are listed page by page, the latest first, and open ones are not."""
    found = list(api_of(resolved_talks(60)).resolved(LONG_AGO))
    assert [int(one.id) for one in found] == list(range(60, 0, -1))
    assert found[0].reference == "3/60"


def test_the_list_ends_where_nothing_has_happened_since() -> None:
    """No page is asked for behind a conversation in which nothing has happened since the given time."""
    server = resolved_talks(60)
    found = list(api_of(server).resolved(FIRST + timedelta(minutes=50)))
    assert [int(one.id) for one in found] == list(range(60, 50, -1))
    assert len(server.asked) == 1


def test_every_page_of_messages_is_read_up_to_a_time() -> None:
    """The messages of a conversation are read backwards in pages of twenty, and returned in order."""
    server = ChatwootServer(FIRST)
    talk = server.begin()
    numbers = [server.say(talk, f"line {number}") for number in range(70)]
    server.resolve(talk)
    api = api_of(server)
    (listed,) = api.resolved(LONG_AGO)
    assert [one["id"] for one in api.messages(listed, LONG_AGO)][:-1] == numbers
    some = api.messages(listed, FIRST + timedelta(seconds=601))
    assert [one["id"] for one in some][:-1] == numbers[60:]


def test_requests_keep_their_distance() -> None:
    """Before each request the client waits, so that people at their screens are not held up."""
    waited: list[float] = []
    assert list(api_of(resolved_talks(60), waited).resolved(LONG_AGO))
    assert waited == [DISTANCE_S] * 4


@pytest.mark.parametrize(
    ("answer", "seconds"),
    [
        (httpx.Response(429, headers={"retry-after": "7"}), 7),
        (httpx.Response(503), 5),
        (httpx.Response(429, headers={"retry-after": "99999"}), 120),
        (httpx.Response(502, headers={"retry-after": "tomorrow"}), 5),
        (httpx.ConnectError("no"), 5),
        (httpx.ReadTimeout("no"), 5),
    ],
)
def test_a_busy_installation_is_asked_again(answer: httpx.Response | Exception, seconds: float) -> None:
    """An installation that is busy or away is asked again, when it says or after some seconds."""
    server = resolved_talks(1)
    waited: list[float] = []
    server.answers.append(answer)
    assert len(list(api_of(server, waited).resolved(LONG_AGO))) == 1
    assert waited == [DISTANCE_S, seconds, DISTANCE_S]


def test_an_installation_that_stays_away_is_given_up_for_now() -> None:
    """After five attempts the installation counts as away."""
    server = resolved_talks(1)
    server.answers += [httpx.Response(500)] * ATTEMPTS
    with pytest.raises(Unavailable, match="the API of riverside"):
        list(api_of(server).resolved(LONG_AGO))
    assert len(server.asked) == ATTEMPTS


@pytest.mark.parametrize(
    "answer",
    [
        httpx.Response(200, text="<html>"),
        httpx.Response(200, json=[]),
        httpx.Response(200, json={"data": {"payload": "none"}}),
        httpx.Response(200, json={"data": {"payload": [1]}}),
        httpx.Response(200, json={"data": {"payload": [{"id": 1}]}}),
        httpx.Response(302, headers={"location": "https://elsewhere.example"}),
        httpx.Response(400),
    ],
)
def test_an_answer_in_another_form_is_no_answer(answer: httpx.Response) -> None:
    """A page of HTML, another form or a redirect, which is not followed, counts as an installation that is away."""
    server = resolved_talks(1)
    server.answers.append(answer)
    with pytest.raises(Unavailable):
        list(api_of(server).resolved(LONG_AGO))
    assert len(server.asked) == 1


def test_an_answer_without_an_end_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """An answer longer than any page is not read to its end."""
    monkeypatch.setattr(chatwoot_api, "MAX_ANSWER_BYTES", 10)
    with pytest.raises(Unavailable):
        list(api_of(resolved_talks(1)).resolved(LONG_AGO))


@pytest.mark.parametrize(("status", "place"), [(401, "api_token"), (403, "api_token"), (404, "account")])
def test_what_a_person_must_change_is_named(status: int, place: str) -> None:
    """A refused token and an unknown account are named by their setting, and not tried again."""
    server = resolved_talks(1)
    server.answers.append(httpx.Response(status))
    with pytest.raises(Misconfigured, match=rf"tenants\.riverside\.chatwoot\.{place}"):
        list(api_of(server).resolved(LONG_AGO))
    assert len(server.asked) == 1


@pytest.mark.parametrize("missing", ["api_url", "account", "api_token"])
def test_nothing_is_asked_without_address_account_and_token(missing: str) -> None:
    """A client without one of its three settings is refused."""
    given = {"api_url": "https://chat.example", "account": "3", "api_token": "t"}
    del given[missing]
    with pytest.raises(Misconfigured, match=missing):
        ChatwootApi("riverside", tenant(chatwoot=given))


def test_a_token_is_shown_nowhere() -> None:
    """The token is in no representation of the settings, and plain HTTP is refused but on loopback."""
    assert "token-of" not in repr(tenant())
    with pytest.raises(ValueError, match="https"):
        tenant(chatwoot={"api_url": "http://chat.example"})
    assert tenant(chatwoot={"api_url": "http://127.0.0.1:3000"})
