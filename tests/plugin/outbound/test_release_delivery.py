"""Tests of notices of releases on their way out, on a real database and a real receiver: in order, at least once."""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from threading import Event, Thread
from typing import Any

import pytest
from prometheus_client import REGISTRY
from pydantic import SecretStr
from sqlalchemy import Engine, text
from standardwebhooks import Webhook
from structlog.testing import capture_logs

from plugin.crypto.keys import KeyEncryptionKey
from plugin.outbound.deliveries import LEASE
from plugin.outbound.pauses import LATER
from plugin.outbound.receiver_pool import ReceiverPool
from plugin.outbound.release_delivery import GIVEN_UP_AFTER, KEPT, ReleaseDelivery
from plugin.outbound.stored_receivers import ServedReceiver, StoredReceivers
from plugin.queue.receiver_views import ReceiverKind
from plugin.queue.receivers import Receivers
from plugin.queue.store import Store
from plugin.queue.views import DecisionKind, DecisionOutcome
from stream.contracts.errors import Misconfigured, Unavailable
from stream.runtime.settings import DeliverySettings
from tests.fixtures.waiting import DEADLOCK_S, wait_until
from tests.plugin.conftest import People
from tests.plugin.outbound.servers import Hook, webhook_server
from tests.plugin.samples import KEK, SAID, apply_records, record

KEY_BYTES = bytes(range(100, 132))
KEY = KeyEncryptionKey(KEY_BYTES)
URL = "https://counterpoint.example"
SENT = record()
MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)
DELIVERY = DeliverySettings.model_validate(
    {
        "receivers_key": "ZGVmZ2hpamtsbW5vcHFyc3R1dnd4eXp7fH1+f4CBgoM=",
        "private_networks": ["127.0.0.0/8"],
    }
)


@dataclass
class Board:
    """A service whose receiver is told of releases, on a clock that a test moves."""

    owner: Engine
    engine: Engine
    people: People
    hook: Hook
    now: datetime
    secrets: list[str] = field(default_factory=list)

    @property
    def receivers(self) -> Receivers:
        """The management of receivers, as the owner has it."""
        return Receivers(self.owner, now=lambda: self.now)

    @property
    def stored(self) -> StoredReceivers:
        """The receivers as the process that sends sees them."""
        return StoredReceivers(self.engine, DELIVERY, now=lambda: self.now)

    @property
    def delivery(self) -> ReleaseDelivery:
        """A deliverer, as a process of its own would have it."""
        return ReleaseDelivery(self.engine, URL, now=lambda: self.now)

    def add(self, name: str, url: str = "") -> None:
        """Store a receiver of releases."""
        _, secret = self.receivers.add(KEY, name, url or self.hook.url, {ReceiverKind.RELEASES}, None)
        self.secrets.append(secret)

    def decide(self, kind: DecisionKind = DecisionKind.RELEASED) -> None:
        """Decide about the session."""
        store = Store(self.owner, KEK, now=lambda: self.now)
        done = store.decide(self.people.supervisor, SENT.session_id, 1, kind)
        assert done is DecisionOutcome.DONE

    def send(self, name: str = "board") -> int:
        """Send a receiver what waits for it now; returns how many requests it got."""
        before = len(self.hook.requests)
        (receiver,) = [each for each in self.stored.enabled() if each.name == name]
        while self.delivery.deliver_one(receiver):
            pass
        return len(self.hook.requests) - before

    def rows(self, columns: str = "state, attempts, reason") -> list[tuple[Any, ...]]:
        """Return these columns of each notice, in order."""
        with self.owner.connect() as connection:
            query = text(f"SELECT {columns} FROM release_notices ORDER BY number")
            return [tuple(row) for row in connection.execute(query)]

    def types(self) -> list[str]:
        """Return what the receiver was told, in order."""
        return [json.loads(body)["type"] for _, body in self.hook.requests]


@pytest.fixture
def board(engine: Engine, role_engines: Mapping[str, Engine], people: People) -> Iterator[Board]:
    """Yield a service with one receiver and a session that waits; its deliverer has the role of the digest."""
    now = datetime.now(UTC)
    with webhook_server() as hook:
        opened = Board(engine, role_engines["digest"], people, hook, now)
        opened.add("board")
        apply_records(engine, SENT)
        yield opened


def metric(name: str, **labels: str) -> float:
    """Return the value of a metric."""
    return REGISTRY.get_sample_value(name, labels) or 0.0


def test_a_release_is_told_by_ids_and_a_link(board: Board) -> None:
    """A notice is signed, has the release's id, and says session, moments and counsellors, and never a word."""
    board.decide()
    assert board.send() == 1
    ((headers, body),) = board.hook.requests
    assert Webhook(board.secrets[0]).verify(body, headers) == json.loads(body)
    told = json.loads(body)
    assert headers["webhook-id"] == told["data"]["release_id"]
    assert told == {
        "type": "feedback.released",
        "timestamp": board.now.isoformat(),
        "data": {
            "release_id": told["data"]["release_id"],
            "session_id": str(SENT.session_id),
            "tenant": SENT.tenant,
            "conversation_id": SENT.conversation_id,
            "revision": 1,
            "counsellors": ["p_ana"],
            "moments": [str(exchange.exchange_id) for exchange in SENT.exchanges],
            "url": f"{URL}/sessions/{SENT.session_id}",
        },
    }
    for word in (*SAID, "p_client", "weak", "mara"):
        assert word not in body.decode()
    assert board.rows() == [("sent", 1, None)]
    assert board.send() == 0


def test_an_end_is_told_after_its_release_and_without_a_link(board: Board) -> None:
    """A withdrawal names the release that has ended and why; release, end and the next release come in their order."""
    board.decide()
    board.decide(DecisionKind.WITHHELD)
    board.now += MINUTE
    board.decide()
    assert board.send() == 3
    assert board.types() == ["feedback.released", "feedback.withdrawn", "feedback.released"]
    first, end, second = (json.loads(body)["data"] for _, body in board.hook.requests)
    assert end == {
        "release_id": first["release_id"],
        "session_id": str(SENT.session_id),
        "tenant": SENT.tenant,
        "reason": "withheld",
    }
    assert second["release_id"] != first["release_id"]
    assert len({headers["webhook-id"] for headers, _ in board.hook.requests}) == 3


def test_what_is_not_taken_comes_again_with_its_id_and_holds_what_is_after_it(board: Board) -> None:
    """A refused notice waits longer after each refusal, and what was made later is not sent before it."""
    board.decide()
    board.decide(DecisionKind.WITHHELD)
    board.hook.statuses += [503, 500]
    for pause in (timedelta(), LATER[0], LATER[1]):
        board.now += pause - timedelta(seconds=1)
        if pause:
            assert board.send() == 0
        board.now += timedelta(seconds=1)
        board.send()
    assert board.types() == ["feedback.released"] * 3 + ["feedback.withdrawn"]
    assert len({headers["webhook-id"] for headers, _ in board.hook.requests[:3]}) == 1
    assert board.rows() == [("sent", 3, None), ("sent", 1, None)]


def test_after_three_days_it_is_given_up_and_the_next_one_has_its_turn(board: Board) -> None:
    """A receiver that takes nothing for three days gets the next notice after one more try; a replay brings it back."""
    board.decide()
    board.hook.statuses += [503] * 99
    board.send()
    board.now += GIVEN_UP_AFTER
    board.decide(DecisionKind.WITHHELD)
    board.send()
    assert board.rows("state, reason") == [("failed", "not_accepted"), ("waiting", "not_accepted")]
    (entry,) = board.receivers.entries()
    assert (entry.waiting, entry.failed) == (1, 1)
    board.hook.statuses.clear()
    assert board.receivers.replay(board.receivers.named("board"), board.now - 7 * DAY) == 1
    board.now += LATER[0]
    board.hook.requests.clear()
    assert board.send() == 2
    assert board.types() == ["feedback.released", "feedback.withdrawn"]


def test_two_processes_send_each_notice_once_and_in_order(board: Board) -> None:
    """While one process holds a notice, another sends neither it nor the next; after its lease it is sent again."""
    board.decide()
    board.decide(DecisionKind.WITHHELD)
    board.now += MINUTE
    board.hook.hold.clear()
    thread = Thread(target=board.send)
    thread.start()
    wait_until(lambda: board.hook.requests, "the first process sends")
    assert board.send() == 0
    board.hook.hold.set()
    thread.join(DEADLOCK_S)
    assert board.types() == ["feedback.released", "feedback.withdrawn"]


def test_a_process_that_dies_leaves_its_notice_to_another(board: Board) -> None:
    """A notice that was taken and never ended is sent again after its lease, with the same id."""
    board.decide()
    with board.owner.begin() as connection:
        leased = {"until": board.now + LEASE}
        connection.execute(text("UPDATE release_notices SET attempts = 1, leased_until = :until"), leased)
    assert board.send() == 0
    board.now += LEASE
    assert board.send() == 1


def test_what_is_removed_while_it_is_sent_stays_removed(board: Board) -> None:
    """A session that is erased while its release is on its way: the receiver is told so, and nothing comes back."""
    board.decide()
    board.hook.hold.clear()
    thread = Thread(target=board.send)
    thread.start()
    wait_until(lambda: board.hook.requests, "the release is on its way")
    with board.owner.begin() as connection:
        connection.execute(text("DELETE FROM sessions"))
    board.hook.hold.set()
    thread.join(DEADLOCK_S)
    board.now += MINUTE
    board.send()
    assert board.types() == ["feedback.released", "feedback.withdrawn"]
    assert board.rows("kind, state") == [("withdrawn", "sent")]


def test_a_slow_receiver_makes_no_other_wait(board: Board) -> None:
    """Each receiver is served in a thread of its own: one that does not answer holds nobody else's notices."""
    with webhook_server() as quick:
        board.add("quick", quick.url)
        board.decide()
        board.hook.hold.clear()
        with ReceiverPool(board.stored.enabled, served(board)) as pool:
            pool.look()
            wait_until(lambda: quick.requests and board.hook.requests, "both were asked")
            for _ in range(3):
                pool.look()
            board.decide(DecisionKind.WITHHELD)
            board.now += MINUTE  # the database's clock has made the notice, and is ahead of the board's
            wait_until(lambda: looked(pool) and len(quick.requests) == 2, "the quick one was told of the end")
            assert len(board.hook.requests) == 1
            board.hook.hold.set()
    assert board.types()[0] == "feedback.released"


def test_what_a_receivers_thread_raises_is_raised_at_the_next_look(board: Board) -> None:
    """A database that is away, or a fault of ours, in one receiver's thread is told to who looks, and ends no other."""
    gone = Event()

    def serve(receiver: ServedReceiver) -> None:
        gone.set()
        raise Unavailable(receiver.name)

    with ReceiverPool(board.stored.enabled, serve) as pool:
        pool.look()
        assert gone.wait(DEADLOCK_S)
        with pytest.raises(Unavailable, match="board"):
            wait_until(lambda: not looked(pool), "it is raised")


def test_a_secret_that_was_rotated_signs_for_a_day(board: Board) -> None:
    """For a day a notice is signed with both secrets, and after that with the new one alone."""
    new = board.receivers.rotate(KEY, board.receivers.named("board"))
    board.decide()
    board.send()
    board.now += DAY
    board.decide(DecisionKind.WITHHELD)
    board.send()
    both, one = (len(headers["webhook-signature"].split()) for headers, _ in board.hook.requests)
    assert (both, one) == (2, 1)
    headers, body = board.hook.requests[0]
    for secret in (board.secrets[0], new):
        Webhook(secret).verify(body, headers)


def test_a_receiver_whose_secret_cannot_be_opened_harms_nobody_else(board: Board) -> None:
    """It is left out and logged by name; the others are served."""
    board.add("other")
    with board.owner.begin() as connection:
        connection.execute(text("UPDATE receivers SET secret = 'changed' WHERE name = 'board'"))
    with capture_logs() as logs:
        assert [each.name for each in board.stored.enabled()] == ["other"]
    assert [(line["event"], line["receiver"]) for line in logs] == [("receiver_secret_unreadable", "board")]
    with pytest.raises(Misconfigured, match="receivers_key"):
        board.stored.test("board")


def test_a_disabled_receiver_gets_nothing_until_it_is_enabled(board: Board) -> None:
    """What waited when it was disabled is sent once it is enabled again."""
    board.decide()
    name = board.receivers.named("board")
    board.receivers.set_enabled(name, enabled=False)
    assert board.stored.enabled() == []
    board.receivers.set_enabled(name, enabled=True)
    assert board.send() == 1


def test_webhooks_are_kept_as_long_as_nothing_changes(board: Board) -> None:
    """The same receiver is served by the same webhook at each look, and by another one after a change."""
    stored = board.stored
    (first,), (second,) = stored.enabled(), stored.enabled()
    assert first.webhook is second.webhook
    board.receivers.rotate(KEY, first.receiver_id)
    (third,) = stored.enabled()
    assert third.webhook is not first.webhook


def test_each_try_is_counted_and_logged_without_an_address(board: Board) -> None:
    """Sent, tried and given up are counted by receiver, and the oldest wait is a metric; no log has a URL."""
    outcomes = ("sent", "tried", "failed")
    before = {each: metric("counterpoint_notices_total", receiver="board", outcome=each) for each in outcomes}
    board.decide()
    board.hook.statuses.append(503)
    with capture_logs() as logs:
        board.send()
        board.now += MINUTE
        board.delivery.measure()
        assert metric("counterpoint_notice_waiting_seconds") == 60
        board.send()
    board.delivery.measure()
    assert metric("counterpoint_notice_waiting_seconds") == 0
    after = {each: metric("counterpoint_notices_total", receiver="board", outcome=each) for each in outcomes}
    assert {each: after[each] - before[each] for each in outcomes} == {"sent": 1, "tried": 1, "failed": 0}
    assert [(line["event"], line["state"], line["status"]) for line in logs] == [
        *(("release_told", "tried", 503), ("release_told", "sent", 204)),
    ]
    assert "http" not in str(logs)


def test_ended_notices_go_after_a_month(board: Board) -> None:
    """A notice that has ended is removed after 30 days; one that waits stays."""
    board.decide()
    board.send()
    board.now += KEPT - MINUTE
    board.delivery.measure()
    assert len(board.rows()) == 1
    board.decide(DecisionKind.WITHHELD)
    board.now += 2 * MINUTE
    board.delivery.measure()
    assert board.rows("kind, state") == [("withdrawn", "waiting")]


def looked(pool: ReceiverPool) -> bool:
    """Let the pool look once."""
    pool.look()
    return True


def served(board: Board) -> Callable[[ServedReceiver], None]:
    """Return what serves a receiver."""

    def serve(receiver: ServedReceiver) -> None:
        while board.delivery.deliver_one(receiver):
            pass

    return serve


def test_the_settings_hold_the_key_of_these_tests() -> None:
    """The key in base64 is the key with which these tests encrypt."""
    assert DELIVERY.receivers_key is not None
    assert KeyEncryptionKey.from_base64(DELIVERY.receivers_key.get_secret_value()) == KEY
    assert DELIVERY.receivers_key == SecretStr(DELIVERY.receivers_key.get_secret_value())
