"""Tests of the place at which the pages serve the API: its failures count, and its refusals are of its kind."""

import pytest
from starlette.requests import Request

from plugin.web.api_mount import TokenAttempts, refuse_body
from plugin.web.attempts import MAX_FAILURES, MAX_FAILURES_OF_ADDRESS, LoginAttempts, Visitor
from tests.plugin.web.conftest import Browser

ADDRESS = "192.0.2.7"


def fail(attempts: TokenAttempts, token: str, times: int) -> None:
    """Let a token fail several times."""
    for _ in range(times):
        assert attempts.begin(token, ADDRESS) == 0
        attempts.end(token, ADDRESS, failed=True)


def test_a_token_has_its_own_budget() -> None:
    """A token that failed five times waits; another from the same address does not."""
    attempts = TokenAttempts(LoginAttempts())
    fail(attempts, "one", MAX_FAILURES)
    assert attempts.begin("one", ADDRESS) > 0
    assert attempts.begin("other", ADDRESS) == 0


def test_wrong_tokens_count_among_failed_logins() -> None:
    """An address that has used up its failures with tokens waits before its next login too."""
    logins = LoginAttempts()
    attempts = TokenAttempts(logins)
    for number in range(MAX_FAILURES_OF_ADDRESS):
        fail(attempts, f"token {number}", 1)
    assert logins.begin(Visitor("maria", ADDRESS), 0.0) > 0
    assert logins.begin(Visitor("maria", "192.0.2.8"), 0.0) == 0


@pytest.mark.parametrize(
    ("path", "media_type"), [("/api/v1/releases", "application/problem+json"), ("/login", "text/plain")]
)
def test_a_body_is_refused_in_the_words_of_its_kind(path: str, media_type: str) -> None:
    """A program gets a problem document, a browser a sentence."""
    scope = {"type": "http", "path": path, "headers": [], "server": ("page", 80), "query_string": b"", "scheme": "http"}
    answer = refuse_body(Request(scope), 413, "The body is too long.")
    assert (answer.status_code, answer.media_type) == (413, media_type)


async def test_a_browser_that_is_logged_in_finds_no_api(supervisor: Browser) -> None:
    """A person's cookie opens nothing of the API."""
    assert (await supervisor.get("/api/v1/sessions")).status_code == 401
