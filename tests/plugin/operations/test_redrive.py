"""Replay and drop handle each dead letter once and never replay erased text, on a real broker and database."""

import json
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import text

from plugin.crypto.keys import KeyEncryptionKey
from plugin.database.engine import transaction
from plugin.database.tables import TombstoneKind
from plugin.database.tombstone_key import tombstone_key
from plugin.database.tombstones import Subject, add_tombstone, message_subject
from plugin.operations.dead_letter import DeadLetter
from plugin.operations.handled import HandledOutcome, handled_positions
from plugin.operations.redrive import OnFailure, Redrive, Selection
from stream.contracts.errors import Poison, Unavailable
from stream.contracts.messages import Consent, ConsentWithdrawal, Edit, Erasure, SessionEnd
from stream.contracts.topics import DEAD_LETTERS, FEEDBACK, MEASURES, MESSAGES, OUTCOMES
from stream.contracts.vocabulary import DeadLetterReason
from stream.runtime.codec import EncodedRecord, encode, known_types, partition_of
from stream.runtime.settings import KafkaSettings
from tests.plugin.operations.conftest import CANARY, PARTITIONS, SENT_AT, Bench, message
from tests.plugin.samples import KEK, NOW, TENANT, record
from tests.plugin.sink.test_measures import measures
from tests.plugin.sink.test_outcomes import outcome

BROKEN = EncodedRecord(
    b"sample:c_broken",
    json.dumps({"words": CANARY, "consent": {"processing": True}}).encode(),
    encode(message("c_broken")).headers,
)
"""A record whose body is kept, since it says that the client consents, and that fits no schema."""


def forget(bench: Bench, kind: TombstoneKind, pseudonym: str, until: Any) -> None:
    """Add a tombstone, as an erasure or a withdrawal does."""
    with transaction(bench.engine) as session:
        key = tombstone_key(session, KEK)
        add_tombstone(session, key, Subject(kind, TENANT, pseudonym), until=until, erasure_id=None, now=NOW)


def test_a_replayed_record_is_the_record_that_was_dead_lettered(bench: Bench) -> None:
    """A replayed record has the topic, key, partition and envelope of the original, and one audit entry."""
    original = encode(message(bench.conversation))
    bench.set_aside(original)
    before = bench.end(MESSAGES)
    report = bench.replay()
    (back,) = bench.since(MESSAGES, before)
    assert report.counts() == {"replayed": 1}
    assert (back.key, back.value) == (original.key, original.value)
    assert back.partition == partition_of(original.key or b"", PARTITIONS)
    assert set(original.headers) <= set(back.headers)
    assert not [name for name, _ in back.headers if name.startswith("cp_")]
    assert bench.trail(report.run_id) == [("replay dead letters (stop)", "replayed 1", "dead_letters")]


def test_a_second_run_sends_nothing_again(bench: Bench) -> None:
    """A second run replays nothing again and adds no audit entry."""
    bench.set_aside(encode(message(bench.conversation)))
    bench.replay()
    before = bench.end(MESSAGES)
    second = bench.replay()
    assert second.counts() == {}
    assert bench.since(MESSAGES, before) == []
    assert bench.trail(second.run_id) == []


def test_a_run_that_is_killed_after_sending_sends_the_record_once_more(bench: Bench) -> None:
    """A run that dies after sending sends the record once more, with the same event id."""
    bench.set_aside(encode(message(bench.conversation)))
    before = bench.end(MESSAGES)

    class Dies(Exception):  # noqa: N818 - it is what happens
        pass

    def die() -> datetime:
        raise Dies

    redrive = Redrive(bench.kafka, bench.engine, KEK, die)  # the clock is asked between sending and remembering
    with pytest.raises(Dies):
        redrive.replay(bench.selection(), OnFailure.STOP, dry_run=False, on_handled=lambda *_: None)
    assert bench.replay().counts() == {"replayed": 1}
    first, again = bench.since(MESSAGES, before)
    assert (first.key, first.value, first.headers) == (again.key, again.value, again.headers)


def test_a_dry_run_changes_nothing(bench: Bench) -> None:
    """A dry run changes nothing and reports what would be done."""
    bench.set_aside(encode(message(bench.conversation)))
    bench.set_aside(BROKEN)
    before, letters = bench.end(MESSAGES), bench.end(DEAD_LETTERS)
    report = bench.replay(OnFailure.REINSERT, dry_run=True)
    assert report.counts() == {"reinserted": 1, "replayed": 1}
    assert "Nothing was changed" in report.sentence()
    assert (bench.end(MESSAGES), bench.end(DEAD_LETTERS)) == (before, letters)
    assert bench.trail(report.run_id) == []
    assert bench.replay(OnFailure.DROP).counts() == {"dropped": 1, "replayed": 1}


def test_order_inside_a_conversation_is_kept(bench: Bench) -> None:
    """The records of a conversation are replayed in the order in which they became dead letters."""
    for number in range(5):
        bench.set_aside(encode(message(bench.conversation, message_id=f"m-{number}")), offset=number)
    before = bench.end(MESSAGES)
    bench.replay()
    back = bench.since(MESSAGES, before)
    assert [b"m-%d" % number in each.value for number, each in enumerate(back)] == [True] * 5


def test_the_limit_bounds_a_run_and_the_next_goes_on(bench: Bench) -> None:
    """The limit bounds a run, and the next run continues with the rest."""
    for number in range(5):
        bench.set_aside(encode(message(bench.conversation, message_id=f"m-{number}")))
    runs = [bench.replay(limit=2) for _ in range(3)]
    assert [run.counts() for run in runs] == [{"replayed": 2}, {"replayed": 2}, {"replayed": 1}]
    assert [run.limit_reached for run in runs] == [True, True, False]
    assert "the limit was reached" in runs[0].sentence()


def test_stop_ends_at_the_first_that_fails_again_and_leaves_it(bench: Bench) -> None:
    """The stop policy ends at the first dead letter that fails again, and leaves it and the later ones waiting."""
    same = b"sample:" + bench.conversation.encode()
    bench.set_aside(encode(message(bench.conversation, message_id="m-1")))
    broken = bench.set_aside(EncodedRecord(same, BROKEN.value, BROKEN.headers))
    bench.set_aside(encode(message(bench.conversation, message_id="m-2")))
    for expected in ({"refused": 1, "replayed": 1}, {"refused": 1}):
        report = bench.replay(OnFailure.STOP)
        assert report.counts() == expected
        assert report.stopped_at is not None
        assert report.stopped_at.id == broken
        assert f"Stopped at {broken}" in report.sentence()
        assert "bad_schema" in report.sentence()
        assert CANARY not in report.sentence()


def test_reinsert_makes_a_new_dead_letter_with_the_place_of_the_record(bench: Bench) -> None:
    """The reinsert policy writes one new dead letter with the record's original place, which waits for another run."""
    bench.set_aside(BROKEN, Poison(DeadLetterReason.BUG, "x.py:1"), offset=77)
    before = bench.end(DEAD_LETTERS)
    assert bench.replay(OnFailure.REINSERT).counts() == {"reinserted": 1}
    (new,) = bench.since(DEAD_LETTERS, before)
    story = dict(new.headers)
    assert (story["cp_reason"], story["cp_offset"], story["cp_topic"]) == (b"bad_schema", b"77", MESSAGES.encode())
    assert story["cp_stage"] == bench.stage.encode()
    assert (new.key, new.value) == (BROKEN.key, BROKEN.value)


def test_drop_as_policy_goes_past_what_fails(bench: Bench) -> None:
    """The rest is replayed."""
    bench.set_aside(BROKEN)
    bench.set_aside(encode(message(bench.conversation)))
    assert bench.replay(OnFailure.DROP).counts() == {"dropped": 1, "replayed": 1}
    assert bench.replay().counts() == {}


@pytest.mark.parametrize(
    ("letter", "outcome"),
    [
        (lambda c: encode(message(c, consent=Consent())), HandledOutcome.WITHOUT_CONSENT),
        (lambda c: encode(Edit(tenant=TENANT, conversation_id=c, message_id="m", text="x", edited_at=SENT_AT)),
         HandledOutcome.WITHOUT_CONSENT),
        (lambda c: EncodedRecord(f"sample:{c}".encode(), b"", []), HandledOutcome.WITHOUT_BODY),
        (lambda c: encode(SessionEnd(tenant=TENANT, conversation_id=c, ended_at=SENT_AT)), HandledOutcome.REPLAYED),
    ],
)  # fmt: skip
def test_text_without_consent_is_never_sent_again(bench: Bench, letter: Any, outcome: HandledOutcome) -> None:
    """Text without consent is never replayed, even if its body was kept; a record without text needs no consent."""
    bench.set_aside(letter(bench.conversation), any_body=True)
    before = bench.end(MESSAGES)
    assert bench.replay().counts() == {outcome.value: 1}
    assert len(bench.since(MESSAGES, before)) == (outcome is HandledOutcome.REPLAYED)


def test_a_record_dead_lettered_for_lack_of_consent_is_never_replayed(bench: Bench) -> None:
    """A record that was refused for lack of consent is never replayed, because its body was not kept."""
    bench.set_aside(encode(message(bench.conversation)), Poison(DeadLetterReason.NO_CONSENT, "consent"))
    assert bench.replay().counts() == {"without_consent": 1}


@pytest.mark.parametrize("kind", list(TombstoneKind))
def test_erased_stays_erased(bench: Bench, kind: TombstoneKind) -> None:
    """A conversation, person or message that was erased, withdrawn or deleted since: the record stays away."""
    person = f"p_{uuid4().hex}"
    subject = person if kind.is_person else bench.conversation
    if kind is TombstoneKind.MESSAGE:
        subject = message_subject(TENANT, bench.conversation, "m-1").pseudonym
    role = "counsellor" if kind is TombstoneKind.COUNSELLOR else "client"
    bench.set_aside(encode(message(bench.conversation, author=person, role=role)))
    forget(bench, kind, subject, SENT_AT + timedelta(minutes=1))
    before = bench.end(MESSAGES)
    assert bench.replay().counts() == {"forgotten": 1}
    assert bench.since(MESSAGES, before) == []
    assert bench.replay().counts() == {}


@pytest.mark.parametrize(
    ("kind", "given_by"),
    [
        (TombstoneKind.ERASURE, "client"),
        (TombstoneKind.WITHDRAWAL, "client"),
        (TombstoneKind.CLIENT, "client"),
        (TombstoneKind.COUNSELLOR, "counsellor"),
    ],
)
def test_an_outcome_of_somebody_forgotten_stays_away(bench: Bench, kind: TombstoneKind, given_by: str) -> None:
    """An outcome of who was erased or withdrew, or without consent, is not replayed."""
    person = f"p_{uuid4().hex}"
    given = outcome(conversation_id=bench.conversation, author=person, given_by=given_by, appended_at=None)
    bench.set_aside(encode(given), topic=OUTCOMES)
    forget(bench, kind, person if kind.is_person else bench.conversation, SENT_AT + timedelta(minutes=1))
    bench.set_aside(
        encode(outcome("o-2", conversation_id="c_9", consent=Consent())), topic=OUTCOMES, offset=8, any_body=True
    )
    before = bench.end(OUTCOMES)
    assert bench.replay().counts() == {"forgotten": 1, "without_consent": 1}
    assert bench.since(OUTCOMES, before) == []


@pytest.mark.parametrize("kind", [TombstoneKind.ERASURE, TombstoneKind.CLIENT, TombstoneKind.COUNSELLOR])
def test_measures_of_somebody_forgotten_stay_away(bench: Bench, kind: TombstoneKind) -> None:
    """What measures say of a session goes back to its topic, and not once somebody in it or all of it was erased."""
    person = f"p_{uuid4().hex}"
    who = {"clients": (person,)} if kind is TombstoneKind.CLIENT else {"counsellors": (person,)}
    said = measures(conversation_id=bench.conversation, **who)
    bench.set_aside(encode(said), topic=MEASURES)
    assert bench.replay().counts() == {"replayed": 1}
    bench.set_aside(encode(said), topic=MEASURES, appended_at=NOW)
    forget(bench, kind, person if kind.is_person else bench.conversation, said.first_appended_at)
    assert bench.replay().counts() == {"forgotten": 1}


def test_a_record_of_after_an_erasure_comes_back(bench: Bench) -> None:
    """The conversation went on; what is new may stay."""
    forget(bench, TombstoneKind.ERASURE, bench.conversation, SENT_AT - timedelta(minutes=1))
    bench.set_aside(encode(message(bench.conversation)))
    assert bench.replay().counts() == {"replayed": 1}


def test_an_event_dated_later_than_it_came_does_not_slip_past_an_erasure(bench: Bench) -> None:
    """The broker's own time counts too: a platform's clock may be wrong."""
    late = message(bench.conversation, sent_at=SENT_AT + timedelta(days=9))
    bench.set_aside(encode(late), appended_at=SENT_AT)
    forget(bench, TombstoneKind.ERASURE, bench.conversation, SENT_AT + timedelta(minutes=1))
    assert bench.replay().counts() == {"forgotten": 1}


def test_erasures_and_withdrawals_themselves_always_go_on(bench: Bench) -> None:
    """Erasures and withdrawals are always replayed, because they only remove data."""
    forget(bench, TombstoneKind.ERASURE, bench.conversation, SENT_AT + timedelta(days=1))
    whose: dict[str, Any] = {"tenant": TENANT, "conversation_id": bench.conversation}
    bench.set_aside(encode(Erasure(**whose, erasure_id=str(uuid4()), requested_at=SENT_AT)))
    bench.set_aside(encode(ConsentWithdrawal(**whose, withdrawn_at=SENT_AT)))
    assert bench.replay().counts() == {"replayed": 2}


def test_a_feedback_record_goes_back_to_its_own_topic(bench: Bench) -> None:
    """A feedback record is replayed to its own topic, and is checked against tombstones by its session's start."""
    feedback = record(conversation=bench.conversation)
    bench.set_aside(encode(feedback), topic=FEEDBACK)
    before = bench.end(FEEDBACK)
    assert bench.replay().counts() == {"replayed": 1}
    assert len(bench.since(FEEDBACK, before)) == 1
    bench.set_aside(encode(feedback), topic=FEEDBACK, appended_at=NOW)
    forget(bench, TombstoneKind.ERASURE, bench.conversation, feedback.started_at)
    assert bench.replay().counts() == {"forgotten": 1}


def test_another_key_encryption_key_stops_the_run_before_it_begins(bench: Bench) -> None:
    """Another key encryption key stops the run before it begins, because it could not recognise erasures."""
    with transaction(bench.engine) as session:
        tombstone_key(session, KEK)
    bench.set_aside(encode(message(bench.conversation)))
    before = bench.end(MESSAGES)
    redrive = Redrive(bench.kafka, bench.engine, KeyEncryptionKey(bytes(32)), lambda: NOW)
    with pytest.raises(Exception, match=r"key"):
        redrive.replay(bench.selection(), OnFailure.STOP, dry_run=False, on_handled=lambda *_: None)
    assert bench.since(MESSAGES, before) == []


def test_dropped_dead_letters_are_not_listed_any_more(bench: Bench) -> None:
    """Dropping has a limit, a dry run and an audit entry, and sends nothing."""
    for _ in range(3):
        bench.set_aside(BROKEN)
    assert bench.drop(dry_run=True).counts() == {"dropped": 3}
    report = bench.drop(limit=2)
    assert (report.counts(), report.limit_reached) == ({"dropped": 2}, True)
    assert bench.trail(report.run_id) == [("drop dead letters", "dropped 2", "dead_letters")]
    assert bench.drop().counts() == {"dropped": 1}
    assert bench.replay().counts() == {}


def test_reasons_stages_and_ids_choose(bench: Bench) -> None:
    """A selection by reasons, stages and ids takes the dead letters that match all of them."""
    one = bench.set_aside(encode(message(bench.conversation)))
    two = bench.set_aside(encode(message(bench.conversation)), Poison(DeadLetterReason.OVERSIZE, "segment"))
    stages = frozenset({bench.stage})

    def dry(**chosen: Any) -> list[str]:
        seen: list[DeadLetter] = []
        wanted = Selection(limit=20, stages=stages, **chosen)
        bench.redrive.replay(wanted, OnFailure.STOP, dry_run=True, on_handled=lambda letter, _: seen.append(letter))
        return [str(letter.id) for letter in seen]

    assert dry(reasons=frozenset({"oversize"})) == [str(two)]
    assert dry(ids=frozenset({one})) == [str(one)]
    assert dry(ids=frozenset({one}), reasons=frozenset({"oversize"})) == []


def test_a_broker_that_is_away_is_unavailable_and_remembers_nothing(bench: Bench) -> None:
    """Trying again may help."""
    away = Redrive(KafkaSettings(bootstrap_servers="127.0.0.1:1"), bench.engine, KEK, lambda: NOW)
    before = handled_positions(bench.engine)
    with pytest.raises(Unavailable):
        away.replay(bench.selection(), OnFailure.STOP, dry_run=False, on_handled=lambda *_: None)
    assert handled_positions(bench.engine) == before


def test_what_is_remembered_holds_nobodys_words(bench: Bench) -> None:
    """The records that are kept about handled dead letters hold numbers and codes only, and no text."""
    bench.set_aside(encode(message(bench.conversation)))
    bench.replay()
    with bench.engine.connect() as connection:
        rows = connection.execute(text("SELECT t::text FROM handled_dead_letters t UNION SELECT a::text FROM audit a"))
        everything = " ".join(row[0] for row in rows)
    assert CANARY not in everything
    assert bench.conversation not in everything


def test_every_topic_of_ours_can_be_replayed_to() -> None:
    """The records of each are known."""
    from plugin.operations import dead_letter
    from stream.contracts.schema import RECORDS_BY_TOPIC

    assert set(dead_letter._TYPES_BY_TOPIC) == set(RECORDS_BY_TOPIC)
    assert all(
        dead_letter._TYPES_BY_TOPIC[topic] == known_types(*records) for topic, records in RECORDS_BY_TOPIC.items()
    )
