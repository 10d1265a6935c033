"""Tests of replies that are stored: a request is done once, and what is stored tells nothing of its words."""

import multiprocessing
from datetime import timedelta
from multiprocessing.connection import Connection as Pipe

import pytest
from sqlalchemy import Connection, Engine, text

from plugin.database.engine import connect, transaction
from plugin.queue.replies import KEPT, KeyedRequest, Refusal, Reply
from plugin.queue.store import Store
from plugin.queue.token_views import Scope, TokenUse
from plugin.queue.views import DecisionOutcome
from tests.fixtures.waiting import DEADLOCK_S, wait_until
from tests.plugin.conftest import People
from tests.plugin.samples import KEK, NOW, apply_records, record

DONE = Reply(200, {"outcome": "done"})
TOKEN = "cp_" + "0" * 64
SENT = record()


def use_of(store: Store, token: str) -> TokenUse:
    """Return a token in use."""
    used = store.tokens.use(token)
    assert used is not None
    return used


@pytest.fixture
def token(store: Store, people: People) -> str:
    """Return a token of the supervisor."""
    return store.tokens.create(people.supervisor.username, set(Scope))[0]


@pytest.fixture
def use(store: Store, token: str) -> TokenUse:
    """Return the token of the supervisor in use."""
    return use_of(store, token)


def keyed(key: str = "a", body: bytes = b"{}", token: str = TOKEN) -> KeyedRequest:
    """Return a request with a key."""
    return KeyedRequest.of(token, key, "POST", "/releases", body)


class Step:
    """A step that counts how often it is taken."""

    def __init__(self) -> None:
        self.taken = 0

    def __call__(self, _begun: Connection) -> Reply:
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

    def act(_begun: Connection) -> Reply:
        assert store.replies.once(use, keyed(), Step()) is Refusal.IN_FLIGHT
        return DONE

    assert store.replies.once(use, keyed(), act) == DONE


def test_a_step_that_fails_is_forgotten(store: Store, use: TokenUse) -> None:
    """After an exception the same request is new again."""

    def fail(_begun: Connection) -> Reply:
        raise RuntimeError("away")

    with pytest.raises(RuntimeError, match="away"):
        store.replies.once(use, keyed(), fail)
    assert store.replies.once(use, keyed(), Step()) == DONE


def claim(store: Store, use: TokenUse, begun: Connection) -> Reply:
    """Claim the session as a part of the request's transaction."""
    assert store.within(begun).reviews.claim(use.viewer, SENT.session_id) is DecisionOutcome.DONE
    return DONE


def stored(engine: Engine) -> dict[str, int]:
    """Return how many claims, entries about a claim and replies are stored."""
    counted = {"claims": "", "audit": "WHERE purpose = 'claim'", "api_replies": ""}
    with transaction(engine) as session:
        return {name: session.scalar(text(f"SELECT count(*) FROM {name} {rows}")) for name, rows in counted.items()}


def test_a_step_that_fails_late_leaves_nothing(engine: Engine, store: Store, use: TokenUse) -> None:
    """What a step has done before it fails is not stored, nor is its entry in the trail."""
    apply_records(engine, SENT)

    def fail_late(begun: Connection) -> Reply:
        claim(store, use, begun)
        raise RuntimeError("away")

    with pytest.raises(RuntimeError, match="away"):
        store.replies.once(use, keyed(), fail_late)
    assert stored(engine) == {"claims": 0, "audit": 0, "api_replies": 0}
    assert store.replies.once(use, keyed(), lambda begun: claim(store, use, begun)) == DONE
    assert stored(engine) == {"claims": 1, "audit": 1, "api_replies": 1}


def claim_and_wait(url: str, token: str, told: Pipe) -> None:
    """Take the step in a process of its own, say so before it is answered, and wait there for the end."""
    store = Store(connect(url), KEK, now=lambda: NOW)
    use = use_of(store, token)

    def act(begun: Connection) -> Reply:
        reply = claim(store, use, begun)
        told.send("taken")
        told.recv()
        return reply

    store.replies.once(use, keyed(), act)


def test_a_process_that_is_killed_in_a_step_leaves_its_key_free(
    engine: Engine, queue_url: str, store: Store, use: TokenUse, token: str
) -> None:
    """The repetition after a kill is done at once, and the step is taken once in all."""
    apply_records(engine, SENT)
    ours, theirs = multiprocessing.Pipe()
    killed = multiprocessing.get_context("spawn").Process(target=claim_and_wait, args=(queue_url, token, theirs))
    killed.start()
    try:
        assert ours.poll(DEADLOCK_S)
        assert ours.recv() == "taken"
        assert store.replies.once(use, keyed(), Step()) is Refusal.IN_FLIGHT
    finally:
        killed.kill()
        killed.join()
    found: list[Reply | Refusal] = []

    def is_answered() -> bool:
        found.append(store.replies.once(use, keyed(), lambda begun: claim(store, use, begun)))
        return found[-1] is not Refusal.IN_FLIGHT

    wait_until(is_answered, "the database sees that the process has ended")
    assert found[-1] == DONE
    assert stored(engine) == {"claims": 1, "audit": 1, "api_replies": 1}


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
