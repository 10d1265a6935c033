"""Tests of rehearsals on a real database: who reads one, how it goes on, and what removes it."""

from collections.abc import Sequence
from datetime import timedelta
from itertools import count
from uuid import UUID, uuid4

import pytest
from sqlalchemy import Engine, text

from plugin.crypto.keys import KeyEncryptionKey
from plugin.database.account_removal import remove_account
from plugin.database.engine import transaction
from plugin.database.viewer import AccountRole, Viewer
from plugin.privacy.erasure import Eraser
from plugin.privacy.retention import RetentionCutoffs, RetentionRunner
from plugin.privacy.rotation import rotate_keys
from plugin.queue.practice_views import Rated, Unrated
from plugin.queue.rehearsal_views import MAX_CONTEXT, TENANT, Rehearsal, levels_of
from plugin.queue.rehearsals import MAX_REHEARSALS, Rehearsals
from plugin.queue.store import Store
from plugin.queue.views import DecisionOutcome
from plugin.written_client.client import MAX_REPLIES
from plugin.written_client.profiles import profiles
from plugin.written_client.turns import Ending, Force
from stream.contracts.errors import Misconfigured
from stream.contracts.feedback import Abstention, Assessment, Rating
from stream.contracts.vocabulary import Level, Mechanism, NeedsHuman, ResistanceType, Role, Verdict
from stream.runtime.settings import RetentionSettings
from tests.plugin.conftest import People
from tests.plugin.privacy.stored_sessions import RecordingAnnouncer, counsellor_subject, count_rows
from tests.plugin.samples import KEK, MODEL, NOW, add_person, record
from tests.plugin.samples import TENANT as PLATFORM

REPLY = "Talking has not helped so far.\nWhat would make today worth your time? \U0001f331"
DONE, CHANGED, NOT_FOUND = DecisionOutcome.DONE, DecisionOutcome.CHANGED, DecisionOutcome.NOT_FOUND
AWAY = Rated(unrated=Unrated.AWAY)
TABLES = ("rehearsals", "rehearsal_steps")


@pytest.fixture
def store(engine: Engine) -> Store:
    """Return the store at a time that goes on with each look at the clock, since rehearsals come in its order."""
    seconds = count()
    return Store(engine, KEK, now=lambda: NOW + timedelta(seconds=next(seconds)))


def rated(*levels: int, verdict: Verdict = Verdict.CONFIRMED) -> Rated:
    """Return the model's answer with these levels."""
    ratings = tuple(
        Rating(mechanism=mechanism, level=Level(level) if level is not None else None, reason="Because of its words.")
        for mechanism, level in zip(Mechanism, levels or (None,) * 4, strict=True)
    )
    ids = {name: uuid4() for name in ("assessment_id", "exchange_id", "input_id")}
    return Rated(Assessment(**ids, model=MODEL, verdict=verdict, ratings=ratings, strengths=("It asks.",)))


WARM, COLD, REJECTED = rated(2, 2, 2, 2), rated(0, 0, 0, 0), rated(verdict=Verdict.REJECTED)


def begun(store: Store, viewer: Viewer, force: Force = Force.FIRM) -> UUID:
    """Begin a rehearsal with the builder, who excuses himself."""
    found = store.rehearsals.begin(viewer, profiles()["site-builder"], ResistanceType.EXCUSING, force)
    assert isinstance(found, UUID)
    return found


def read(store: Store, viewer: Viewer, rehearsal_id: UUID) -> Rehearsal:
    """Return a rehearsal of this therapist's own."""
    found = store.rehearsals.one(viewer, rehearsal_id)
    assert found is not None
    return found


def reply(
    store: Store, viewer: Viewer, rehearsal_id: UUID, answer: Rated = WARM, words: str = REPLY
) -> DecisionOutcome:
    """Keep a reply with an answer."""
    found = read(store, viewer, rehearsal_id)
    return store.rehearsals.keep(viewer, found, words, answer, found.after(answer))


def go_on(store: Store, viewer: Viewer, rehearsal_id: UUID, answers: Sequence[Rated]) -> Rehearsal:
    """Give one reply for each answer, and return the rehearsal."""
    for answer in answers:
        assert reply(store, viewer, rehearsal_id, answer) is DONE
    return read(store, viewer, rehearsal_id)


def test_a_rehearsal_begins_with_the_clients_turn(store: Store, people: People) -> None:
    """It has a client of the chosen kind, what the counsellor had said before, and a first turn."""
    found = read(store, people.ana, begun(store, people.ana))
    assert (found.client.profile.key, found.client.behaviour, found.client.force) == (
        "site-builder",
        ResistanceType.EXCUSING,
        Force.FIRM,
    )
    assert found.opening
    assert found.turn.text == found.first.text != ""
    assert (found.replies, found.draft, found.ending, found.next_number) == ((), None, None, 1)
    assert found.first.text not in repr(found)


def test_the_client_goes_on_by_how_a_reply_was_rated(store: Store, people: People) -> None:
    """The levels move the client's openness, and it says something else each time; all is kept with its words."""
    found = go_on(store, people.ana, begun(store, people.ana), [WARM, COLD, REJECTED])
    assert [each.then.state.openness for each in found.replies if each.then is not None] == [2, 1, 1]
    assert [each.number for each in found.replies] == [1, 2, 3]
    assert {each.text for each in found.replies} == {REPLY}
    first = found.replies[0].rated.answer
    assert isinstance(first, Assessment)
    assert first.strengths == ("It asks.",)
    assert len({found.first.text, *(each.then.text for each in found.replies if each.then)}) == 4


@pytest.mark.parametrize(("answer", "ending", "after"), [(WARM, Ending.OPENED, 3), (COLD, Ending.LEFT, 3)])
def test_a_rehearsal_ends_and_takes_no_further_reply(
    store: Store, people: People, answer: Rated, ending: Ending, after: int
) -> None:
    """Once the client has opened up or left, nothing is asked or kept any more."""
    rehearsal_id = begun(store, people.ana)
    found = go_on(store, people.ana, rehearsal_id, [answer] * after)
    assert found.ending is ending
    assert store.rehearsals.find(people.ana, rehearsal_id, after + 1) is CHANGED


def test_a_rehearsal_without_ratings_ends_with_its_time(store: Store, people: People) -> None:
    """Replies of which the model rates nothing leave the client as it is, and still come to an end."""
    abstained = Abstention(
        **{name: uuid4() for name in ("assessment_id", "exchange_id", "input_id")},
        model=MODEL,
        reason=NeedsHuman.MODEL_ABSTAINED,
    )
    found = go_on(store, people.ana, begun(store, people.ana), [Rated(abstained), REJECTED] * (MAX_REPLIES // 2))
    assert found.ending is Ending.TIME
    assert found.replies[0].rated.answer == abstained
    assert [levels_of(each.rated) for each in found.replies] == [[]] * MAX_REPLIES


def test_a_model_is_asked_about_the_latest_turn(store: Store, people: People) -> None:
    """It is shown what was said before, at most ten messages, the client's latest turn and the reply, and no name."""
    rehearsal_id = begun(store, people.ana)
    first = read(store, people.ana, rehearsal_id)
    asked = first.practised(REPLY, "Ana")
    assert asked.context == ((Role.COUNSELLOR, first.opening),)
    assert (asked.client_turn, asked.reply, asked.therapist) == ((first.first.text,), REPLY, "Ana")
    assert (asked.tenant, asked.session_id) == (TENANT, rehearsal_id)
    assert REPLY not in repr(asked)
    later = go_on(store, people.ana, rehearsal_id, [REJECTED] * 7)
    asked = later.practised(REPLY, "Ana")
    assert asked.client_turn == (later.turn.text,)
    assert len(asked.context) == MAX_CONTEXT
    assert [role for role, _ in asked.context[-2:]] == [Role.CLIENT, Role.COUNSELLOR]


def test_without_an_answer_the_client_waits(store: Store, people: People) -> None:
    """Words that no model answered are a draft; the client says nothing, and the next reply takes its place."""
    rehearsal_id = begun(store, people.ana)
    assert reply(store, people.ana, rehearsal_id, AWAY, "A draft.") is DONE
    assert reply(store, people.ana, rehearsal_id, Rated(unrated=Unrated.TOO_MANY), "Another.") is DONE
    found = read(store, people.ana, rehearsal_id)
    assert (found.replies, found.next_number, found.turn) == ((), 1, found.first)
    assert found.draft is not None
    assert (found.draft.text, found.draft.then) == ("Another.", None)
    assert go_on(store, people.ana, rehearsal_id, [WARM]).draft is None
    assert count_rows(store.engine, *TABLES) == {"rehearsals": 1, "rehearsal_steps": 2}


def test_of_two_replies_to_one_turn_the_first_is_kept(store: Store, people: People) -> None:
    """A reply from another window that came while the model read is not overwritten, nor made a draft again."""
    rehearsal_id = begun(store, people.ana)
    seen = read(store, people.ana, rehearsal_id)
    assert store.rehearsals.keep(people.ana, seen, "First.", WARM, seen.after(WARM)) is DONE
    assert store.rehearsals.keep(people.ana, seen, "Second.", WARM, seen.after(WARM)) is CHANGED
    assert store.rehearsals.keep(people.ana, seen, "Third.", AWAY, None) is CHANGED
    assert store.rehearsals.find(people.ana, rehearsal_id, 1) is CHANGED
    assert isinstance(store.rehearsals.find(people.ana, rehearsal_id, 2), Rehearsal)
    assert [each.text for each in read(store, people.ana, rehearsal_id).replies] == ["First."]


def test_a_rehearsal_is_its_therapists_alone(store: Store, engine: Engine, people: People) -> None:
    """Neither a colleague nor a supervisor, lead, operator or auditor lists, reads, goes on with or removes it."""
    rehearsal_id = begun(store, people.ana)
    seen = read(store, people.ana, rehearsal_id)
    others = [people.ben, people.supervisor, people.other_supervisor, people.operator]
    others += [add_person(engine, role.value, role) for role in (AccountRole.LEAD, AccountRole.AUDITOR)]
    for viewer in others:
        assert store.rehearsals.all(viewer) == ()
        assert store.rehearsals.one(viewer, rehearsal_id) is None
        assert store.rehearsals.find(viewer, rehearsal_id, 1) is NOT_FOUND
        assert store.rehearsals.keep(viewer, seen, REPLY, WARM, None) is NOT_FOUND
        assert store.rehearsals.remove(viewer, rehearsal_id) is NOT_FOUND
        if viewer is not people.ben:
            made = store.rehearsals.begin(viewer, seen.client.profile, seen.client.behaviour, Force.MILD)
            assert made is NOT_FOUND
    assert read(store, people.ana, rehearsal_id) == seen


def test_rehearsals_are_listed_the_latest_first_and_removed_one_by_one(store: Store, people: People) -> None:
    """A removed rehearsal takes its words with it and no other's."""
    ids = [begun(store, people.ana) for _ in range(3)]
    assert [each.rehearsal_id for each in store.rehearsals.all(people.ana)] == ids[::-1]
    assert store.rehearsals.remove(people.ana, ids[1]) is DONE
    assert store.rehearsals.remove(people.ana, ids[1]) is NOT_FOUND
    assert [each.rehearsal_id for each in store.rehearsals.all(people.ana)] == [ids[2], ids[0]]
    assert count_rows(store.engine, *TABLES) == {"rehearsals": 2, "rehearsal_steps": 2}


def test_there_is_a_greatest_number_of_rehearsals(
    store: Store, people: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever has as many as are kept removes one first; another therapist is not held up."""
    assert MAX_REHEARSALS >= 10
    monkeypatch.setattr("plugin.queue.rehearsals.MAX_REHEARSALS", 2)
    first, _ = begun(store, people.ana), begun(store, people.ana)
    profile = profiles()["new-widow"]
    assert store.rehearsals.begin(people.ana, profile, ResistanceType.BLAMING, Force.MILD) is DecisionOutcome.FULL
    begun(store, people.ben)
    store.rehearsals.remove(people.ana, first)
    begun(store, people.ana)


def test_two_rehearsals_of_one_kind_are_not_alike(store: Store, people: People) -> None:
    """A seed of its own makes each rehearsal another one."""
    talks = {
        tuple(each.then.text for each in found.replies if each.then is not None)
        for found in (go_on(store, people.ana, begun(store, people.ana), [REJECTED] * 3) for _ in range(4))
    }
    assert len(talks) == 4


def test_each_step_is_on_the_trail_without_a_word(store: Store, engine: Engine, people: People) -> None:
    """The trail says that a therapist began, replied and removed, and neither words nor client nor level."""
    rehearsal_id = begun(store, people.ana)
    assert isinstance(store.rehearsals.find(people.ana, rehearsal_id, 1, request_id="r-1"), Rehearsal)
    reply(store, people.ana, rehearsal_id)
    store.rehearsals.remove(people.ana, rehearsal_id)
    with engine.connect() as connection:
        rows = connection.execute(text("SELECT purpose, outcome, to_jsonb(audit)::text FROM audit ORDER BY seq")).all()
    assert [(purpose, outcome) for purpose, outcome, _ in rows] == [
        ("begin rehearsal", "done"),
        ("rehearse", "done"),
        ("keep rehearsed reply", "done"),
        ("remove rehearsal", "done"),
    ]
    assert not any(word in whole for _, _, whole in rows for word in ("Talking", "builder", "excusing"))


def test_everything_is_encrypted_and_bound_to_its_row(store: Store, engine: Engine, people: People) -> None:
    """The rows show neither words, nor who the client is, nor a level; another key does not open them."""
    rehearsal_id = begun(store, people.ana)
    reply(store, people.ana, rehearsal_id)
    with engine.connect() as connection:
        rows = connection.execute(
            text(
                "SELECT to_jsonb(r)::text || to_jsonb(s)::text, s.words FROM rehearsals r"
                " JOIN rehearsal_steps s USING (rehearsal_id)"
            )
        ).all()
    assert len(rows) == 2
    for whole, words in rows:
        for word in ("Talking", "builder", "excusing", "autonomy"):
            assert word not in whole
            assert word.encode() not in bytes(words)
    with pytest.raises(Misconfigured):
        Rehearsals(engine, KeyEncryptionKey(bytes(32)), now=lambda: NOW).one(people.ana, rehearsal_id)


def test_a_rotation_wraps_its_key_again(store: Store, engine: Engine, people: People) -> None:
    """After a rotation a rehearsal is read with the new key alone."""
    rehearsal_id = begun(store, people.ana)
    new = KeyEncryptionKey(bytes(range(7, 39)))
    assert rotate_keys(engine, KeyEncryptionKey(new.secret, (KEK,))) == 1
    assert Store(engine, new, now=lambda: NOW).rehearsals.one(people.ana, rehearsal_id) is not None


def test_a_rehearsal_goes_when_texts_go(store: Store, engine: Engine, people: People) -> None:
    """Retention removes a rehearsal as many days after its beginning as texts are kept, and not before."""
    reply(store, people.ana, begun(store, people.ana))
    settings = RetentionSettings()
    for days, left in ((settings.text_days - 1, 1), (settings.text_days + 1, 0)):
        cutoffs = RetentionCutoffs.at(NOW + timedelta(days=days), settings)
        RetentionRunner(engine, cutoffs, now=lambda: NOW).run()
        assert count_rows(engine, "rehearsals") == {"rehearsals": left}
    assert count_rows(engine, *TABLES) == {"rehearsals": 0, "rehearsal_steps": 0}


def test_a_removed_account_leaves_no_rehearsal(store: Store, engine: Engine, people: People) -> None:
    """The database removes a therapist's rehearsals with their account, and nobody else's."""
    begun(store, people.ana)
    kept = begun(store, people.ben)
    with transaction(engine) as session:
        remove_account(session, people.ana.user_id, NOW)
    assert store.rehearsals.all(people.ana) == ()
    assert [each.rehearsal_id for each in store.rehearsals.all(people.ben)] == [kept]
    assert count_rows(engine, *TABLES) == {"rehearsals": 1, "rehearsal_steps": 1}


def test_an_erased_therapist_leaves_no_rehearsal(store: Store, engine: Engine, people: People) -> None:
    """The erasure of a therapist removes their rehearsals with their account."""
    begun(store, people.ana)
    Eraser(engine, KEK, RecordingAnnouncer(), now=lambda: NOW).erase(counsellor_subject("p_ana"))
    assert count_rows(engine, *TABLES) == {"rehearsals": 0, "rehearsal_steps": 0}


def test_a_rehearsal_is_no_session(store: Store, engine: Engine, people: People) -> None:
    """It makes no session, message, answer, label or sample, and whoever reviews sees the numbers as they were."""
    before = store.team_numbers.disputes(people.supervisor)
    go_on(store, people.ana, begun(store, people.ana), [WARM, COLD])
    of_sessions = (
        "sessions",
        "messages",
        "exchanges",
        "answers",
        "labels",
        "samples",
        "practice_attempts",
        "reratings",
    )
    assert set(count_rows(engine, *of_sessions).values()) == {0}
    assert store.team_numbers.disputes(people.supervisor) == before
    assert store.trends.own(people.ana) == ()
    assert record().tenant == PLATFORM != TENANT
