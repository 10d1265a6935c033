"""Erasing a conversation or a person: what goes, what stays, what never comes back, whatever is broken off."""

import random
from datetime import timedelta

import pytest
from sqlalchemy import Engine, text

from plugin.database.engine import transaction
from plugin.database.tables import Hold
from plugin.privacy.erasure import Eraser
from plugin.sink.apply import Applied
from tests.plugin.conftest import empty
from tests.plugin.privacy.stored_sessions import Noted, client, conversations, counsellor, killed_at, left, room, week
from tests.plugin.samples import KEK, NOW, TENANT, put

LATER = NOW + timedelta(days=60)


def eraser(engine: Engine, noted: Noted | None = None) -> Eraser:
    """At a time after all samples."""
    return Eraser(engine, KEK, noted or Noted(), now=lambda: LATER)


def hold(engine: Engine, conversation: str) -> None:
    """Put a conversation under a hold."""
    with transaction(engine) as session:
        session.add(Hold(tenant=TENANT, conversation_id=conversation, reason="file 7", added_at=NOW))


def test_a_conversation_goes_with_its_key_and_nothing_brings_it_back(engine: Engine) -> None:
    """Rows, key, and every record of a session that began before; the stages are told; another one stays."""
    put(engine, week(0), week(1), week(0, "c_other"))
    noted = Noted()
    erased = eraser(engine, noted).erase(room("c_sample"))
    assert (erased.sessions, erased.keys, erased.complete, erased.goes_on) == (2, 1, True, False)
    assert conversations(engine) == ["c_other"]
    assert noted.of == [f"{TENANT}:c_sample"]
    again = put(engine, week(0), week(1, revision=2), week(3, moments=0))
    assert again == [Applied.ERASED] * 3
    assert left(engine)["conversation_keys"] == 1


def test_what_begins_after_an_erasure_is_new(engine: Engine) -> None:
    """The person may come back."""
    put(engine, week(0))
    eraser(engine).erase(room("c_sample"))
    assert put(engine, week(20)) == [Applied.STORED]


def test_a_conversation_that_was_never_stored_is_guarded_and_told(engine: Engine) -> None:
    """It may be open, or on its way."""
    noted = Noted()
    erased = eraser(engine, noted).erase(room("c_sample"))
    assert (erased.sessions, erased.complete) == (0, True)
    assert noted.of == [f"{TENANT}:c_sample"]
    assert put(engine, week(0)) == [Applied.ERASED]


def test_a_client_goes_with_every_conversation_whole(engine: Engine) -> None:
    """Also those of which nothing is stored but that they were, and those in which another client wrote."""
    bare = week(2, "c_bare", messages=(), exchanges=(), assessments=())
    both = week(1, "c_both", clients=("p_client", "p_friend"))
    friends = week(1, "c_friend", clients=("p_friend",), messages=(), exchanges=(), assessments=())
    put(engine, week(0), bare, both, friends)
    noted = Noted()
    given = eraser(engine, noted)
    found = given.find(client())
    assert (found.conversations, found.with_others) == (("c_bare", "c_both", "c_sample"), 1)
    erased = given.erase(client())
    assert (erased.sessions, erased.keys) == (3, 2)
    assert conversations(engine) == ["c_friend"]
    assert noted.of == [f"{TENANT}:p_client", f"{TENANT}:c_bare", f"{TENANT}:c_both", f"{TENANT}:c_sample"]


def test_a_client_of_whom_nothing_is_stored_yet_never_is(engine: Engine) -> None:
    """The session was open, or its record on its way: by whatever name the record tells who wrote."""
    noted = Noted()
    eraser(engine, noted).erase(client())
    assert [kind for kind, *_ in noted.said] == ["client"]
    old_writer = week(0, clients=())
    assert put(engine, week(0), week(1, "c_other"), old_writer) == [Applied.ERASED] * 3
    assert put(engine, week(0, clients=("p_friend",), messages=(), exchanges=(), assessments=())) == [Applied.STORED]


def test_a_therapist_goes_with_the_sessions_they_wrote_in(engine: Engine) -> None:
    """Sessions of the same conversation with another counsellor stay readable, with their key."""
    put(engine, week(0, counsellor="p_ana"), week(1, counsellor="p_ben"), week(0, "c_other", counsellor="p_ana"))
    erased = eraser(engine).erase(counsellor("p_ana"))
    assert (erased.sessions, erased.keys) == (2, 1)
    assert conversations(engine) == ["c_sample"]
    assert left(engine)["conversation_keys"] == 1
    assert put(engine, week(2, counsellor="p_ana"), week(2, counsellor="p_ben")) == [Applied.ERASED, Applied.STORED]


def test_a_pseudonym_means_a_person_in_one_role(engine: Engine) -> None:
    """Who is a client here may be a counsellor elsewhere: that is another erasure."""
    eraser(engine).erase(client("p_ana"))
    assert put(engine, week(0, counsellor="p_ana")) == [Applied.STORED]


def test_a_held_conversation_stays(engine: Engine) -> None:
    """Nothing goes, nothing is guarded, nobody is told."""
    put(engine, week(0))
    hold(engine, "c_sample")
    noted = Noted()
    erased = eraser(engine, noted).erase(room("c_sample"))
    assert (erased.complete, erased.held, noted.said) == (False, ("c_sample",), [])
    assert put(engine, week(1)) == [Applied.STORED]


def test_of_a_person_the_rest_goes_and_the_held_conversation_follows_later(engine: Engine) -> None:
    """The request stays open, and the run after the hold ends it."""
    put(engine, week(0), week(0, "c_other"))
    hold(engine, "c_sample")
    noted = Noted()
    first = eraser(engine, noted).erase(client())
    assert (first.sessions, first.held, noted.of) == (1, ("c_sample",), [f"{TENANT}:c_other"])
    with engine.begin() as connection:
        connection.execute(text("DELETE FROM holds"))
    second = eraser(engine, noted).erase(client())
    assert (second.erasure_id, second.goes_on, second.sessions) == (first.erasure_id, True, 2)
    assert conversations(engine) == []


def test_the_proof_says_when_what_and_until_when_but_not_who(engine: Engine) -> None:
    """A keyed hash stands for the person; the trail has the beginning and the end."""
    put(engine, week(0))
    given = eraser(engine)
    erased = given.erase(client())
    given.prove(erased, LATER + timedelta(days=15))
    with engine.connect() as connection:
        row = connection.execute(text("SELECT row_to_json(e)::text, finished_at FROM erasure_requests e")).one()
        steps = connection.execute(text("SELECT purpose, object_type, outcome FROM audit ORDER BY seq")).all()
    assert row.finished_at == LATER
    assert "p_client" not in row[0]
    assert [tuple(step) for step in steps] == [("erasure", "client", "begun"), ("erasure", "client", "done")]
    assert eraser(engine).erase(client()).erasure_id != erased.erasure_id


@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
@pytest.mark.parametrize("subject", [room("c_1"), client(), counsellor("p_ana")], ids=["room", "client", "therapist"])
def test_killed_at_any_point_and_run_again_it_ends_the_same(engine: Engine, queue_url: str, subject: object) -> None:
    """SIGKILL before a statement or a commit; the second run goes on with the first one's request."""
    records = [week(n, f"c_{room}", counsellor=who) for n, who in ((0, "p_ana"), (1, "p_ben")) for room in range(4)]

    def work(engine: Engine) -> None:
        given = eraser(engine)
        given.prove(given.erase(subject), None)  # type: ignore[arg-type]

    def end() -> object:
        with engine.connect() as connection:
            proof = connection.execute(
                text("SELECT kind, sessions, keys, requested_at, finished_at FROM erasure_requests")
            )
            guards = connection.execute(text("SELECT kind, count(*) FROM erasures GROUP BY kind ORDER BY kind"))
            return conversations(engine), left(engine), proof.all(), guards.all(), put(engine, *records)

    put(engine, *records)
    work(engine)
    calm = end()
    chance, at = random.Random(7), 0
    while True:
        at += chance.randint(1, 9)
        empty(engine)
        put(engine, *records)
        if not killed_at(queue_url, at, work):
            break
        work(engine)
        assert end() == calm, f"killed before statement {at}"
    assert at > 15
