"""Tests of replies that are stored: a request is done once, and what is stored tells nothing of its words."""

from datetime import timedelta

import pytest
from sqlalchemy import Engine, text

from plugin.database.engine import transaction
from plugin.queue.replies import KEPT, KeyedRequest, Refusal, Reply
from plugin.queue.store import Store
from plugin.queue.token_views import Scope, TokenUse
from tests.plugin.conftest import People
from tests.plugin.samples import KEK, NOW

DONE = Reply(200, {"outcome": "done"})
TOKEN = "cp_" + "0" * 64


@pytest.fixture
def use(store: Store, people: People) -> TokenUse:
    """Return a token of the supervisor in use."""
    used = store.tokens.use(store.tokens.create(people.supervisor.username, set(Scope))[0])
    assert used is not None
    return used


def keyed(key: str = "a", body: bytes = b"{}", token: str = TOKEN) -> KeyedRequest:
    """Return a request with a key."""
    return KeyedRequest.of(token, key, "POST", "/releases", body)


class Step:
    """A step that counts how often it is taken."""

    def __init__(self) -> None:
        self.taken = 0

    def __call__(self) -> Reply:
        """Take it."""
        self.taken += 1
        return DONE


def test_a_request_is_done_once(store: Store, use: TokenUse) -> None:
    """The first request is done; its repetition gets the same reply, and one with another key is done."""
    step = Step()
    assert [store.replies.once(use, keyed(key), step) for key in ("a", "a", "b")] == [DONE] * 3
    assert step.taken == 2


def test_a_key_with_another_request_is_refused(store: Store, use: TokenUse) -> None:
    """A key that came with another body is refused without a step."""
    step = Step()
    store.replies.once(use, keyed(), step)
    assert store.replies.once(use, keyed(body=b"[]"), step) is Refusal.OTHER_REQUEST
    assert step.taken == 1


def test_a_request_that_is_worked_on_is_not_begun_again(store: Store, use: TokenUse) -> None:
    """While a step is taken its repetition is refused, even for another process with the same database."""

    def act() -> Reply:
        assert store.replies.once(use, keyed(), Step()) is Refusal.IN_FLIGHT
        return DONE

    assert store.replies.once(use, keyed(), act) == DONE


def test_a_step_that_fails_is_forgotten(store: Store, use: TokenUse) -> None:
    """After an exception the same request is new again."""

    def fail() -> Reply:
        raise RuntimeError("away")

    with pytest.raises(RuntimeError, match="away"):
        store.replies.once(use, keyed(), fail)
    assert store.replies.once(use, keyed(), Step()) == DONE


def test_a_reply_is_kept_for_a_day(engine: Engine, use: TokenUse) -> None:
    """Up to 24 hours the reply is repeated; after that the key is new, and the old row is gone."""
    for later, refused in ((timedelta(0), False), (KEPT - timedelta(seconds=1), True), (KEPT, False)):
        replies = Store(engine, KEK, now=lambda later=later: NOW + later).replies  # type: ignore[misc]
        body = str(later).encode()
        assert (replies.once(use, keyed(body=body), Step()) is Refusal.OTHER_REQUEST) == refused
    with transaction(engine) as session:
        assert session.scalar(text("SELECT count(*) FROM api_replies")) == 1


def test_what_is_stored_cannot_be_tried(store: Store, use: TokenUse, engine: Engine) -> None:
    """The hashes have the token as their key: without it, nobody can compare words with them."""
    store.replies.once(use, keyed(body=b"Well met."), Step())
    assert keyed(body=b"Well met.") != keyed(body=b"Well met.", token="cp_" + "1" * 64)
    with transaction(engine) as session:
        row = session.execute(text("SELECT r::text FROM api_replies r")).scalar_one()
    assert "Well met" not in row


def test_the_parts_of_a_request_do_not_run_together() -> None:
    """A request is its method, path and body: another cut between them is another request."""
    one = KeyedRequest.of(TOKEN, "a", "POST", "/x", b"y")
    assert one != KeyedRequest.of(TOKEN, "a", "POST", "/xy", b"")
    assert one.key_hash == KeyedRequest.of(TOKEN, "a", "POST", "/xy", b"").key_hash
