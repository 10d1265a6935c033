"""Tests of the erasure of a conversation or a person: what is removed, what stays, and interrupted runs."""

import random
from datetime import datetime, timedelta
from uuid import UUID

import pytest
from sqlalchemy import Engine, text

from plugin.database.engine import transaction
from plugin.database.tables import Hold
from plugin.database.viewer import AccountRole
from plugin.privacy.erasure import Eraser
from plugin.sink.apply import ApplyResult
from tests.plugin.conftest import empty, put_rows, saved_rows
from tests.plugin.privacy.stored_sessions import (
    RecordingAnnouncer,
    client_subject,
    conversation_subject,
    counsellor_subject,
    count_rows,
    run_killed_at,
    session_of_week,
    stored_conversations,
)
from tests.plugin.samples import KEK, NOW, START, TENANT, add_person, apply_records

LATER = NOW + timedelta(days=60)


def eraser(engine: Engine, announcer: RecordingAnnouncer | None = None) -> Eraser:
    """Return an eraser at a time after all sample sessions."""
    return Eraser(engine, KEK, announcer or RecordingAnnouncer(), now=lambda: LATER)


def hold(engine: Engine, conversation: str) -> None:
    """Put a conversation under a legal hold."""
    with transaction(engine) as session:
        session.add(Hold(tenant=TENANT, conversation_id=conversation, reason="file 7", added_at=NOW))


def test_a_conversation_is_erased_with_its_key_and_not_stored_again(engine: Engine) -> None:
    """An erased conversation loses its rows and key, is announced, and its earlier sessions are not stored again."""
    apply_records(engine, session_of_week(0), session_of_week(1), session_of_week(0, "c_other"))
    announcer = RecordingAnnouncer()
    erased = eraser(engine, announcer).erase(conversation_subject("c_sample"))
    assert (erased.sessions, erased.keys, erased.complete, erased.resumed) == (2, 1, True, False)
    assert stored_conversations(engine) == ["c_other"]
    assert announcer.subjects == [f"{TENANT}:c_sample"]
    again = apply_records(engine, session_of_week(0), session_of_week(1, revision=2), session_of_week(3, moments=0))
    assert again == [ApplyResult.ERASED] * 3
    assert count_rows(engine)["conversation_keys"] == 1


def test_a_session_that_begins_after_an_erasure_is_stored(engine: Engine) -> None:
    """A session that begins after an erasure is stored."""
    apply_records(engine, session_of_week(0))
    eraser(engine).erase(conversation_subject("c_sample"))
    assert apply_records(engine, session_of_week(20)) == [ApplyResult.STORED]


class BrokerClock(RecordingAnnouncer):
    """An announcer whose broker has a clock of its own."""

    def __init__(self, now: datetime) -> None:
        super().__init__()
        self._now = now

    def announce_conversation(
        self, tenant: str, conversation_id: str, erasure_id: UUID, requested_at: datetime
    ) -> datetime:
        """Record the announcement and return the broker's time."""
        super().announce_conversation(tenant, conversation_id, erasure_id, requested_at)
        return self._now


@pytest.mark.parametrize("claimed", [START.replace(year=1970), START + timedelta(minutes=3), START.replace(year=2612)])
def test_a_session_with_any_clock_is_erased(engine: Engine, claimed: datetime) -> None:
    """An erasure reaches a stored session whatever times its messages claim, and its next revision is refused."""
    lying = {"started_at": claimed, "ended_at": claimed}
    stored = session_of_week(0).model_copy(update=lying)
    apply_records(engine, stored)
    erased = eraser(engine, BrokerClock(START + timedelta(hours=1))).erase(conversation_subject("c_sample"))
    assert (erased.sessions, erased.left, erased.complete) == (1, 0, True)
    assert erased.until == START + timedelta(hours=1)
    assert apply_records(engine, stored.model_copy(update={"revision": 2})) == [ApplyResult.ERASED]
    assert apply_records(engine, session_of_week(1)) == [ApplyResult.STORED]


def test_an_erasure_is_complete_only_if_the_database_holds_nothing_of_it(engine: Engine) -> None:
    """An erasure that leaves a session in the database, for whatever reason, does not say that it is complete."""
    apply_records(engine, session_of_week(0))
    given = eraser(engine, BrokerClock(START + timedelta(hours=1)))
    subject = conversation_subject("c_sample")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("plugin.privacy.erasure.erase_sessions", lambda *_: (0, 0))
        erased = given.erase(subject)
    assert (erased.left, erased.complete) == (1, False)
    assert given.erase(subject).complete


def test_a_conversation_that_is_not_stored_is_announced_and_refused_later(engine: Engine) -> None:
    """Erasing a conversation that is not stored adds a tombstone and announces it, since it may be open."""
    announcer = RecordingAnnouncer()
    erased = eraser(engine, announcer).erase(conversation_subject("c_sample"))
    assert (erased.sessions, erased.complete) == (0, True)
    assert announcer.subjects == [f"{TENANT}:c_sample"]
    assert apply_records(engine, session_of_week(0)) == [ApplyResult.ERASED]


def test_a_client_is_erased_with_whole_conversations(engine: Engine) -> None:
    """Erasing a client removes all conversations of theirs as a whole, also without text or with another client."""
    bare = session_of_week(2, "c_bare", messages=(), exchanges=(), assessments=())
    both = session_of_week(1, "c_both", clients=("p_client", "p_friend"))
    friends = session_of_week(1, "c_friend", clients=("p_friend",), messages=(), exchanges=(), assessments=())
    apply_records(engine, session_of_week(0), bare, both, friends)
    announcer = RecordingAnnouncer()
    given = eraser(engine, announcer)
    found = given.find(client_subject())
    assert (found.conversations, found.shared) == (("c_bare", "c_both", "c_sample"), 1)
    erased = given.erase(client_subject())
    assert (erased.sessions, erased.keys) == (3, 2)
    assert stored_conversations(engine) == ["c_friend"]
    assert announcer.subjects == [f"{TENANT}:p_client", f"{TENANT}:c_bare", f"{TENANT}:c_both", f"{TENANT}:c_sample"]


def test_later_records_of_an_erased_client_are_refused(engine: Engine) -> None:
    """Records of an erased client are refused, whether they name the client as such or only as an author."""
    announcer = RecordingAnnouncer()
    eraser(engine, announcer).erase(client_subject())
    assert [kind for kind, *_ in announcer.announcements] == ["client"]
    old_writer = session_of_week(0, clients=())
    assert (
        apply_records(engine, session_of_week(0), session_of_week(1, "c_other"), old_writer) == [ApplyResult.ERASED] * 3
    )
    assert apply_records(
        engine, session_of_week(0, clients=("p_friend",), messages=(), exchanges=(), assessments=())
    ) == [ApplyResult.STORED]


def test_a_therapist_is_erased_with_the_sessions_they_wrote_in(engine: Engine) -> None:
    """Erasing a therapist removes their sessions; those with another counsellor stay with their key."""
    apply_records(
        engine,
        session_of_week(0, counsellor="p_ana"),
        session_of_week(1, counsellor="p_ben"),
        session_of_week(0, "c_other", counsellor="p_ana"),
    )
    erased = eraser(engine).erase(counsellor_subject("p_ana"))
    assert (erased.sessions, erased.keys) == (2, 1)
    assert stored_conversations(engine) == ["c_sample"]
    assert count_rows(engine)["conversation_keys"] == 1
    assert apply_records(engine, session_of_week(2, counsellor="p_ana"), session_of_week(2, counsellor="p_ben")) == [
        ApplyResult.ERASED,
        ApplyResult.STORED,
    ]


def test_the_login_of_an_erased_therapist_is_anonymised(engine: Engine) -> None:
    """Erasing a therapist closes their login and removes its names; that of another therapist stays."""
    for name in ("ana", "ben"):
        add_person(engine, name, AccountRole.THERAPIST, tenant=TENANT, counsellor=f"p_{name}")
    eraser(engine).erase(counsellor_subject("p_ana"))
    with engine.connect() as connection:
        left = connection.execute(text("SELECT username, display_name, counsellor FROM accounts ORDER BY 1")).all()
    assert ("ben", "Ben", "p_ben") in [tuple(row) for row in left]
    assert not any("ana" in str(row).lower() for row in left)


def test_a_pseudonym_means_a_person_in_one_role(engine: Engine) -> None:
    """Erasing a person as a client does not concern the same pseudonym as a counsellor."""
    eraser(engine).erase(client_subject("p_ana"))
    assert apply_records(engine, session_of_week(0, counsellor="p_ana")) == [ApplyResult.STORED]


def test_a_held_conversation_stays(engine: Engine) -> None:
    """Erasing a held conversation removes nothing, adds no tombstone and announces nothing."""
    apply_records(engine, session_of_week(0))
    hold(engine, "c_sample")
    announcer = RecordingAnnouncer()
    erased = eraser(engine, announcer).erase(conversation_subject("c_sample"))
    assert (erased.complete, erased.held, announcer.announcements) == (False, ("c_sample",), [])
    assert apply_records(engine, session_of_week(1)) == [ApplyResult.STORED]


def test_a_persons_held_conversation_is_erased_after_the_hold(engine: Engine) -> None:
    """A person's held conversation stays, and a run after the hold resumes the request and erases it."""
    apply_records(engine, session_of_week(0), session_of_week(0, "c_other"))
    hold(engine, "c_sample")
    announcer = RecordingAnnouncer()
    first = eraser(engine, announcer).erase(client_subject())
    assert (first.sessions, first.held, announcer.subjects) == (1, ("c_sample",), [f"{TENANT}:c_other"])
    with engine.begin() as connection:
        connection.execute(text("DELETE FROM holds"))
    second = eraser(engine, announcer).erase(client_subject())
    assert (second.erasure_id, second.resumed, second.sessions) == (first.erasure_id, True, 2)
    assert stored_conversations(engine) == []


def test_the_proof_of_an_erasure_does_not_name_the_person(engine: Engine) -> None:
    """The stored proof names the person only by a keyed hash, and the audit trail has both ends of the request."""
    apply_records(engine, session_of_week(0))
    given = eraser(engine)
    erased = given.erase(client_subject())
    given.finish(erased, LATER + timedelta(days=15))
    with engine.connect() as connection:
        row = connection.execute(text("SELECT row_to_json(e)::text, finished_at FROM erasure_requests e")).one()
        steps = connection.execute(text("SELECT purpose, object_type, outcome FROM audit ORDER BY seq")).all()
    assert row.finished_at == LATER
    assert "p_client" not in row[0]
    assert [tuple(step) for step in steps] == [("erasure", "client", "begun"), ("erasure", "client", "done")]
    assert eraser(engine).erase(client_subject()).erasure_id != erased.erasure_id


@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
@pytest.mark.parametrize(
    "subject",
    [conversation_subject("c_1"), client_subject(), counsellor_subject("p_ana")],
    ids=["room", "client", "therapist"],
)
def test_an_erasure_killed_at_any_point_and_run_again_ends_the_same(
    engine: Engine, queue_url: str, subject: object
) -> None:
    """An erasure killed before any statement or commit and run again ends like an uninterrupted one."""
    records = [
        session_of_week(n, f"c_{room}", counsellor=who) for n, who in ((0, "p_ana"), (1, "p_ben")) for room in range(4)
    ]

    def work(engine: Engine) -> None:
        given = eraser(engine)
        given.finish(given.erase(subject), None)  # type: ignore[arg-type]

    def end() -> object:
        with engine.connect() as connection:
            proof = connection.execute(
                text("SELECT kind, sessions, keys, requested_at, finished_at FROM erasure_requests")
            )
            guards = connection.execute(text("SELECT kind, count(*) FROM erasures GROUP BY kind ORDER BY kind"))
            return (
                stored_conversations(engine),
                count_rows(engine),
                proof.all(),
                guards.all(),
                apply_records(engine, *records),
            )

    apply_records(engine, *records)
    stored = saved_rows(engine)
    work(engine)
    uninterrupted = end()
    chance, at = random.Random(7), 0
    while True:
        at += chance.randint(1, 9)
        empty(engine)
        put_rows(engine, stored)
        if not run_killed_at(queue_url, at, work):
            break
        work(engine)
        assert end() == uninterrupted, f"killed before statement {at}"
    assert at > 15
