"""Tests of notices of releases: made with the decision, ended by whatever ends the release, and without a word."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, text

from plugin.crypto.keys import KeyEncryptionKey
from plugin.privacy.erasure import Eraser
from plugin.privacy.retention import RetentionCutoffs, RetentionRunner
from plugin.queue.receiver_views import ReceiverKind
from plugin.queue.receivers import Receivers
from plugin.queue.review_views import Judgement, Opinion, WithholdReason
from plugin.queue.statements import MOMENT
from plugin.queue.store import Store
from plugin.queue.views import DecisionKind, DecisionOutcome
from stream.contracts.messages import ConsentWithdrawal, Erasure
from stream.contracts.vocabulary import SessionState
from stream.runtime.settings import RetentionSettings
from tests.plugin.conftest import People
from tests.plugin.privacy.stored_sessions import RecordingAnnouncer, conversation_subject
from tests.plugin.samples import CONVERSATION, KEK, NOW, SAID, START, TENANT, apply_records, record, without_content

KEY = KeyEncryptionKey(bytes(range(100, 132)))
SENT = record()
ERASURE = "00000000-0000-4000-8000-000000000001"
RELEASES, DIGESTS = {ReceiverKind.RELEASES}, {ReceiverKind.DIGESTS}


@dataclass
class House:
    """A database with a stored session, its people, and receivers."""

    engine: Engine
    web: Engine
    people: People

    @property
    def store(self) -> Store:
        """The store as the pages have it: with the role of the web stage."""
        return Store(self.web, KEK, now=lambda: NOW)

    def add(self, name: str, kinds: set[ReceiverKind] = RELEASES, tenant: str | None = None) -> None:
        """Store a receiver."""
        Receivers(self.engine, now=lambda: NOW).add(KEY, name, f"https://{name}.example/", kinds, tenant)

    def decide(self, kind: DecisionKind = DecisionKind.RELEASED, revision: int = 1) -> None:
        """Decide about the session."""
        done = self.store.decide(self.people.supervisor, SENT.session_id, revision, kind)
        assert done is DecisionOutcome.DONE

    def told(self, columns: str = "r.name, n.kind, n.content ->> 'reason'") -> list[tuple[Any, ...]]:
        """Return these columns of every notice, in order."""
        query = f"SELECT {columns} FROM release_notices n JOIN receivers r USING (receiver_id) ORDER BY n.number"
        with self.engine.connect() as connection:
            return [tuple(row) for row in connection.execute(text(query))]

    def send_all(self) -> None:
        """Let every notice have been sent."""
        with self.engine.begin() as connection:
            connection.execute(text("UPDATE release_notices SET state = 'sent', attempts = 1, ended_at = now()"))


@pytest.fixture
def house(engine: Engine, role_engines: Mapping[str, Engine], people: People) -> House:
    """Return a house with one receiver of releases, and a session that waits."""
    opened = House(engine, role_engines["web"], people)
    opened.add("board")
    apply_records(engine, SENT)
    return opened


def test_a_release_is_told_by_ids_to_those_that_asked(house: House) -> None:
    """Each enabled receiver of releases of that platform, and no other, gets one notice of the release's own id."""
    house.add("everywhere")
    house.add("here", tenant=TENANT)
    house.add("elsewhere", tenant="meadow")
    house.add("people", DIGESTS)
    receivers = Receivers(house.engine, now=lambda: NOW)
    for name in ("off", "gone"):
        house.add(name)
    receivers.set_enabled(receivers.named("off"), enabled=False)
    receivers.remove(receivers.named("gone"))
    house.decide()
    assert sorted(house.told()) == [(name, "released", None) for name in ("board", "everywhere", "here")]
    assert len({row[0] for row in house.told("n.notice_id")}) == 1
    assert set(house.told("n.notice_id = n.release_id")) == {(True,)}
    ((content,), *_) = house.told("n.content")
    assert content == {
        "tenant": TENANT,
        "conversation_id": CONVERSATION,
        "revision": 1,
        "counsellors": ["p_ana"],
        "moments": [str(exchange.exchange_id) for exchange in SENT.exchanges],
    }
    assert not [said for said in SAID if said in str(house.told("n.*"))]


def test_a_decision_that_stands_tells_nothing_again(house: House) -> None:
    """The same decision once more makes no second notice; withheld and released anew, it is a release of its own."""
    house.decide()
    house.decide()
    assert house.told() == [("board", "released", None)]
    house.decide(DecisionKind.WITHHELD)
    later = Store(house.web, KEK, now=lambda: NOW + timedelta(minutes=5))
    later.decide(house.people.supervisor, SENT.session_id, 1, DecisionKind.RELEASED)
    assert house.told() == [
        ("board", "released", None),
        ("board", "withdrawn", "withheld"),
        ("board", "released", None),
    ]
    (first,), (end,), (second,) = house.told("n.release_id")
    assert first == end != second
    assert len({row[0] for row in house.told("n.notice_id")}) == 3


def test_what_was_never_released_has_no_end(house: House) -> None:
    """To withhold a session that was not released tells nobody anything."""
    house.decide(DecisionKind.WITHHELD)
    assert house.told() == []


def test_a_moment_that_is_kept_back_is_in_no_notice(house: House) -> None:
    """A release whose only moment is kept back is told to nobody, since nobody may read anything of it."""
    reviews = house.store.reviews
    supervisor, (answer,) = house.people.supervisor, SENT.assessments
    assert reviews.claim(supervisor, SENT.session_id) is DecisionOutcome.DONE
    kept_back = Opinion(Judgement.WITHHELD, reason=WithholdReason.UNCLEAR)
    said = reviews.judge(supervisor, SENT.session_id, 1, answer.assessment_id, MOMENT, kept_back)
    assert said is DecisionOutcome.DONE
    house.decide()
    assert house.told() == []


End = Callable[[House], None]


def reopened(house: House) -> None:
    """Let the client go on."""
    apply_records(house.engine, without_content(record(revision=2), state=SessionState.REOPENED))


def revised(house: House) -> None:
    """Let a late message make another revision."""
    apply_records(house.engine, record(revision=2, moments=2))


def withheld(house: House) -> None:
    """Let the supervisor decide otherwise."""
    house.decide(DecisionKind.WITHHELD)


def withdrawn(house: House) -> None:
    """Let the client withdraw consent."""
    event = ConsentWithdrawal(tenant=TENANT, conversation_id=CONVERSATION, withdrawn_at=NOW)
    apply_records(house.engine, event)


def erased_on_the_topic(house: House) -> None:
    """Let an erasure come down the topic."""
    erasure = {"tenant": TENANT, "conversation_id": CONVERSATION, "erasure_id": ERASURE, "requested_at": NOW}
    apply_records(house.engine, Erasure.model_validate(erasure))


def erased_by_command(house: House) -> None:
    """Let an operator erase the conversation."""
    eraser = Eraser(house.engine, KEK, RecordingAnnouncer(), now=lambda: NOW)
    eraser.erase(conversation_subject(CONVERSATION))


def too_old(house: House) -> None:
    """Let retention remove the session."""
    cutoffs = RetentionCutoffs.at(START + timedelta(days=4), RetentionSettings(assessments_days=1))
    RetentionRunner(house.engine, cutoffs, now=lambda: NOW).run()


ENDS = [
    (withheld, "withheld"),
    (reopened, "changed"),
    (revised, "changed"),
    (withdrawn, "removed"),
    (erased_on_the_topic, "removed"),
    (erased_by_command, "removed"),
    (too_old, "removed"),
]


@pytest.mark.parametrize(("end", "reason"), ENDS)
def test_whatever_ends_a_release_is_told(house: House, end: End, reason: str) -> None:
    """A receiver that was told of a release is told once that it has ended, and why, whatever code has ended it."""
    house.decide()
    house.send_all()
    end(house)
    assert house.told()[-1] == ("board", "withdrawn", reason)
    assert [row[1] for row in house.told()].count("withdrawn") == 1
    ((content,),) = house.told("n.content")[-1:]
    assert content == {"tenant": TENANT, "reason": reason}


@pytest.mark.parametrize(("end", "reason"), ENDS)
def test_nothing_is_left_of_what_was_removed_but_ids(house: House, end: End, reason: str) -> None:
    """Of a removed session no notice keeps moments or pseudonyms, and none is made for who was never told of it."""
    house.decide()
    end(house)
    contents = [row[0] for row in house.told("n.content")]
    if reason == "removed":
        assert contents == []
    else:
        assert [content.get("reason") for content in contents] == [None, reason]


def test_a_removed_receiver_is_told_nothing_more(house: House) -> None:
    """What waited for it is given up, and the end of a release makes no notice for it."""
    house.decide()
    receivers = Receivers(house.engine, now=lambda: NOW)
    receivers.remove(receivers.named("board"))
    assert house.told("n.state, n.reason") == [("failed", "removed")]
    house.decide(DecisionKind.WITHHELD)
    assert len(house.told()) == 1


def test_a_replay_begins_again_with_what_was_made_since(house: House) -> None:
    """A replay lets ended notices wait again, as new and with their ids, and leaves earlier ones alone."""
    house.decide()
    house.send_all()
    house.decide(DecisionKind.WITHHELD)
    house.send_all()
    ids = house.told("n.notice_id")
    receivers = Receivers(house.engine, now=lambda: NOW + timedelta(days=1))
    board = receivers.named("board")
    assert receivers.replay(board, NOW + timedelta(days=365 * 9)) == 0
    assert receivers.replay(board, NOW) == 2
    assert house.told("n.state, n.attempts, n.reason, n.ended_at") == [("waiting", 0, None, None)] * 2
    assert house.told("n.notice_id") == ids
    (entry,) = receivers.entries()
    assert (entry.waiting, entry.failed, entry.oldest_waiting) == (2, 0, NOW + timedelta(days=1))
