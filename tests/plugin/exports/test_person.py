"""An export of a therapist's own data has what is stored about them, and only such words as their page shows."""

import json
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import Engine, text

from plugin.database.viewer import AccountRole, Viewer
from plugin.exports.person import TEXT_LEFT_OUT, export_person
from plugin.queue.account_changes import Accounts
from plugin.queue.digest_preferences import DigestPreferences, Way
from plugin.queue.dispute_views import Ground
from plugin.queue.export_entries import ExportKind, ExportPurpose
from plugin.queue.practice_views import Rated, Rewriting
from plugin.queue.statements import STRENGTHS, VERDICT, level_of
from plugin.queue.store import Store
from plugin.queue.views import DecisionKind, DecisionOutcome
from plugin.written_client.profiles import profiles
from plugin.written_client.turns import Force
from stream.contracts.errors import Misconfigured
from stream.contracts.feedback import FeedbackRecord
from stream.contracts.measures import MeasureFinding, TakenMeasure
from stream.contracts.vocabulary import Level, Mechanism, ResistanceType
from tests.plugin.conftest import People
from tests.plugin.exports.samples import (
    AGREED,
    ALLOWED,
    STRONG,
    UNCLEAR,
    entries,
    export_run,
    files_in,
    judge,
    no_progress,
)
from tests.plugin.queue.criteria_samples import MOMENT, PACING, SESSION, TOLD, WARMTH, add, say
from tests.plugin.rerate.samples import asked_in_shadow, rate_all
from tests.plugin.samples import CONVERSATION, KEK, NOW, SAID, add_person, apply_records, record
from tests.plugin.sink.test_measures import TECHNIQUE, measures, of_conversation
from tests.plugin.sink.test_outcomes import outcome
from tests.stream.feedback.builders import LLM, TriedModel

AUTONOMY = Mechanism.RESPECT_FOR_AUTONOMY


def exported(engine: Engine, viewer: Viewer, folder: Path, therapist: str = "ana") -> dict[str, Any]:
    """Return the document of an export of a therapist's data."""
    run = export_run(engine, viewer, ExportKind.PERSON, ExportPurpose.OWN_DATA)
    out = folder / "person.json"
    export_person(run, therapist, out, no_progress)
    found: dict[str, Any] = json.loads(out.read_text())
    out.unlink()
    return found


def release(engine: Engine, people: People, sent: FeedbackRecord) -> None:
    """Release a session as the supervisor of its team."""
    Store(engine, KEK, now=lambda: NOW).decide(people.supervisor, sent.session_id, 1, DecisionKind.RELEASED)


def test_all_that_is_stored_is_in_it(engine: Engine, people: People, tmp_path: Path) -> None:
    """The account, every session with its decisions and levels, and what supervisors said by name, released or not."""
    waiting, released = record(conversation="c_1"), record(conversation="c_2")
    apply_records(engine, waiting, released)
    judge(engine, people.supervisor, released, (VERDICT, AGREED), (level_of(AUTONOMY), STRONG), (STRENGTHS, UNCLEAR))
    release(engine, people, released)
    found = exported(engine, people.ana, tmp_path)
    assert (found["about"]["user_name"], found["about"]["teams"], found["about"]["pseudonym"]) == (
        *("ana", ["north"]),
        "p_ana",
    )
    assert (found["exported"]["by"], found["exported"]["purpose"]) == ("Ana", "own-data")
    sessions = {session["session"]: session for session in found["sessions"]}
    assert set(sessions) == {str(waiting.session_id), str(released.session_id)}
    one = sessions[str(released.session_id)]
    assert [(each["decision"], each["by"]) for each in one["decisions"]] == [("released", "Mara")]
    (moment,) = one["moments"]
    assert moment["levels"][AUTONOMY] == 1
    assert [(each["statement"], each["own_level"], each["by"]) for each in moment["said_by_supervisors"]] == [
        ("verdict", None, "Mara"),
        (f"level:{AUTONOMY}", 2, "Mara"),
        ("strengths", None, "Mara"),
    ]


def test_what_later_versions_say_is_in_it_and_nothing_in_shadow(engine: Engine, people: People, tmp_path: Path) -> None:
    """Each rating by a later version stands with its answer, in codes; what a model in shadow says is named as left."""
    apply_records(engine, record(consent=ALLOWED))
    rate_all(engine)
    other = LLM.model_copy(update={"weights": "in shadow"})
    rate_all(engine, TriedModel(version=other), asked_in_shadow(other))
    document = exported(engine, people.ana, tmp_path)
    (again,) = document["sessions"][0]["moments"][0]["rated_again"]
    assert (again["model"]["weights"], again["at"], again["verdict"]) == (LLM.weights, NOW.isoformat(), "confirmed")
    assert (again["abstained"], again["levels"][AUTONOMY]) == (None, 0)
    assert "what a model in shadow says" in document["exported"]["note"]
    assert "in shadow" not in json.dumps(document["sessions"])


def test_outcomes_that_they_gave_are_in_it_and_no_clients(engine: Engine, people: People, tmp_path: Path) -> None:
    """A rating that the counsellor gave is in it; what a client gave about their session is named as left out."""
    own = outcome("o-2", given_by="counsellor", author="p_ana", instrument="rating", score=3)
    apply_records(engine, record(), outcome(), own)
    document = exported(engine, people.ana, tmp_path)
    (given,) = document["outcomes"]
    assert (given["instrument"], given["score"], given["occasion"]) == ("rating", 3, "after")
    assert "outcomes that clients gave" in document["exported"]["note"]
    assert "phq_9" not in json.dumps(document)


def test_measures_of_their_own_turns_are_in_it(engine: Engine, people: People, tmp_path: Path) -> None:
    """What measures say of the counsellor's turns and of the session is in it, and nothing of the client's turns."""
    of_client = MeasureFinding(quantity="self_disclosure", turn=1, number=2.5)
    dynamics = TakenMeasure(name="dynamics", version="1", findings=(of_client,))
    peak = TakenMeasure(name="trajectory", version="1", findings=(MeasureFinding(quantity="peak", number=4.5),))
    several = record(conversation="c_several", counsellors=("p_ana", "p_ben"))
    apply_records(
        engine,
        *(record(), measures(measures=(TECHNIQUE, dynamics, peak))),
        *(several, of_conversation("c_several")),
    )
    by_conversation = {
        one["conversation"]: one["measures"] for one in exported(engine, people.ana, tmp_path)["sessions"]
    }
    found = by_conversation.pop(CONVERSATION)
    assert [(one["name"], len(one["findings"])) for one in found["measures"]] == [("technique", 2), ("dynamics", 0)]
    assert (found["revision"], found["reader"], found["absent"]) == (1, "sample", None)
    assert by_conversation == {"c_several": None}


def test_how_digests_come_is_in_it(engine: Engine, people: People, tmp_path: Path) -> None:
    """The preferences for digests with the mail address are in it, and nothing of another person's."""
    assert exported(engine, people.ana, tmp_path)["digests"] == {
        "preferences": None, "read_until": None, "deliveries": [],
    }  # fmt: skip
    digests = Store(engine, KEK, now=lambda: NOW).digests
    for viewer, address in ((people.ana, "ana@service.example"), (people.ben, "ben@service.example")):
        digests.set_preferences(viewer, DigestPreferences(Way.MAIL, address, days=frozenset({0, 4})))
    digests.mark_read(people.ana, NOW)
    found = exported(engine, people.ana, tmp_path)["digests"]
    assert (found["preferences"]["receiver"], found["preferences"]["days"]) == ("ana@service.example", [0, 4])
    assert found["read_until"] == NOW.isoformat()


def test_levels_of_calibrations_are_in_it_without_names(engine: Engine, people: People, tmp_path: Path) -> None:
    """Levels that can no longer change, those of raters and the settled ones, are in it, and no rater, note or reason.

    Of another therapist's replies there is nothing.
    """
    nele = add_person(engine, "nele", AccountRole.SUPERVISOR, teams=("north",))
    sent = record()
    apply_records(engine, sent, record(conversation="c_south", counsellor="p_ben"))
    store = Store(engine, KEK, now=lambda: NOW)
    invited, day = [nele.user_id], (NOW + timedelta(days=400)).date()
    assert store.calibrations.open(people.supervisor, invited, 5, day, "UTC")[1] is None  # too far away
    _, calibration = store.calibrations.open(people.supervisor, invited, 5, NOW.date() + timedelta(days=7), "UTC")
    assert calibration is not None
    with engine.begin() as connection:  # the database's clock decides, and is ahead of the clock of these tests
        connection.execute(text("UPDATE calibrations SET deadline_at = now() + interval '1 day'"))
    steps = store.calibration_steps
    for viewer, level in ((people.supervisor, Level.NONE), (nele, Level.STRONG)):
        steps.rate(viewer, calibration, 1, dict.fromkeys(Mechanism, level), "Between us.")
        assert exported(engine, people.ana, tmp_path)["calibrations"] == []
    for viewer in (people.supervisor, nele):
        steps.finish(viewer, calibration)
    steps.settle(nele, calibration, 1, {AUTONOMY: (Level.WEAK, "Between us.")})
    found = exported(engine, people.ana, tmp_path)
    levels = {(each["session"], each["settled_together"], each["levels"][AUTONOMY]) for each in found["calibrations"]}
    its = str(sent.session_id)
    assert levels == {(its, False, 0), (its, False, 2), (its, True, 1)}
    said = json.dumps(found["calibrations"])
    assert not any(word in said for word in ("Nele", "Mara", "Between us"))
    assert exported(engine, people.ben, tmp_path, "ben")["calibrations"] == []


def test_each_reading_of_words_is_on_the_trail(engine: Engine, people: People, tmp_path: Path) -> None:
    """A session whose words are exported has an entry, one that is not released has none."""
    waiting, released = record(conversation="c_1"), record(conversation="c_2")
    apply_records(engine, waiting, released)
    release(engine, people, released)
    exported(engine, people.ana, tmp_path)
    assert len(entries(engine, "object_type = 'session'")) == 1
    assert len(entries(engine, f"object_id = '{released.session_id}'")) == 1


def test_words_are_those_of_the_page(engine: Engine, people: People, tmp_path: Path) -> None:
    """A released session has its words without what was withheld; a waiting one has its codes and no word."""
    waiting = record(conversation="c_1", client_text="Words that nobody released.")
    released = record(conversation="c_2")
    apply_records(engine, waiting, released)
    judge(engine, people.supervisor, released, (STRENGTHS, UNCLEAR))
    release(engine, people, released)
    found = exported(engine, people.ana, tmp_path)
    words = {session["session"]: session["released_words"] for session in found["sessions"]}
    assert words[str(waiting.session_id)] is None
    shown = words[str(released.session_id)]
    assert [message["text"] for message in shown["messages"]] == list(SAID)
    assert shown["moments"][0]["strengths"] == []
    assert shown["moments"][0]["alternatives"]
    assert "nobody released" not in json.dumps(found)
    assert "takes the client" not in json.dumps(found)


def test_shared_notes_are_in_it_and_private_ones_are_not(engine: Engine, people: People, tmp_path: Path) -> None:
    """A note that is shared is in the released session's words; a private one is its author's alone."""
    sent = record()
    apply_records(engine, sent)
    reviews = Store(engine, KEK, now=lambda: NOW).reviews
    reviews.add_note(people.supervisor, sent.session_id, None, "For both of us.", shared=True)
    reviews.add_note(people.supervisor, sent.session_id, None, "For me alone.", shared=False)
    assert "For both" not in json.dumps(exported(engine, people.ana, tmp_path))
    release(engine, people, sent)
    found = exported(engine, people.ana, tmp_path)
    assert [note["text"] for note in found["sessions"][0]["released_words"]["notes"]] == ["For both of us."]
    assert "For me alone" not in json.dumps(found)


def test_comments_on_shared_notes_are_in_it(engine: Engine, people: People, tmp_path: Path) -> None:
    """What the therapist and others said under a shared note is in it with the note, and no hand-over ever is."""
    sent = record()
    apply_records(engine, sent)
    store = Store(engine, KEK, now=lambda: NOW)
    lead = add_person(engine, "lena", AccountRole.LEAD)
    reason = "For our eyes alone."
    assert (
        store.handovers.hand_over(people.supervisor, sent.session_id, 0, lead.user_id, reason) is DecisionOutcome.DONE
    )
    assert store.handovers.take_over(people.supervisor, sent.session_id, 1, reason) is DecisionOutcome.DONE
    store.reviews.add_note(people.supervisor, sent.session_id, None, "For both of us.", shared=True)
    release(engine, people, sent)
    view = store.open(people.ana, sent.session_id)
    assert view is not None
    store.note_threads.comment(people.ana, sent.session_id, view.notes[0].note_id, "Said by Ana.")
    found = exported(engine, people.ana, tmp_path)
    (note,) = found["sessions"][0]["released_words"]["notes"]
    assert [(each["by"], each["text"]) for each in note["comments"]] == [("Ana", "Said by Ana.")]
    whole = json.dumps(found)
    assert not any(word in whole for word in ("our eyes", "hand over", "take over", "Lena"))
    assert "Said by Ana" not in json.dumps(exported(engine, people.operator, tmp_path))


def test_shared_answers_to_criteria_are_in_it_and_no_others(engine: Engine, people: People, tmp_path: Path) -> None:
    """Answers to shared criteria are in it after the release, their notes in the words; what is not shared never is."""
    sent = record(moments=2)
    theirs = sent.exchanges[1].model_copy(update={"counsellor": "p_ben"})
    both = sent.model_copy(update={"exchanges": (sent.exchanges[0], theirs), "counsellors": ("p_ana", "p_ben")})
    apply_records(engine, both)
    store = Store(engine, KEK, now=lambda: NOW)
    told, pacing = add(store, "told", SESSION, TOLD), add(store, "pacing", MOMENT, PACING)
    warmth = add(store, "warmth", MOMENT, WARMTH)
    say(store, people.supervisor, both, told, "no", "For both of us.")
    say(store, people.supervisor, both, pacing, "2")
    say(store, people.supervisor, both, pacing, "0", moment=1)
    say(store, people.supervisor, both, warmth, "none", "For us alone.")
    assert exported(engine, people.ana, tmp_path)["sessions"][0]["criteria"] == []
    release(engine, people, both)
    (found,) = exported(engine, people.ana, tmp_path)["sessions"]
    assert [(each["criterion"], each["moment"], each["said"], each["by"]) for each in found["criteria"]] == [
        ("told", None, "no", "Mara"),
        ("pacing", str(both.exchanges[0].exchange_id), "2", "Mara"),
    ]
    assert [note["text"] for note in found["released_words"]["criterion_notes"]] == ["For both of us."]
    assert "For us alone" not in json.dumps(found)
    (for_others,) = exported(engine, people.operator, tmp_path)["sessions"]
    assert for_others["criteria"] == found["criteria"]
    assert "For both of us" not in json.dumps(for_others)


def test_own_disputes_are_in_it_with_their_answers(engine: Engine, people: People, tmp_path: Path) -> None:
    """What a therapist wrote in a dispute is in their own export, with what was answered to them."""
    sent = record()
    apply_records(engine, sent)
    release(engine, people, sent)
    disputes, answer = Store(engine, KEK, now=lambda: NOW).disputes, sent.assessments[0].assessment_id
    ground = Ground.UNCLEAR
    disputes.dispute(people.ana, sent.session_id, NOW, answer, STRENGTHS, ground, "I do not see it.", escalated=False)
    (dispute,) = exported(engine, people.ana, tmp_path)["sessions"][0]["released_words"]["disputes"]
    assert (dispute["statement"], dispute["ground"], dispute["text"], dispute["steps"]) == (
        *("strengths", "unclear", "I do not see it."),
        [],
    )


def test_what_was_practised_is_in_the_own_export_alone(engine: Engine, people: People, tmp_path: Path) -> None:
    """Attempts with their levels are in the therapist's own export, and in that of nobody else about them."""
    sent = record()
    apply_records(engine, sent)
    release(engine, people, sent)
    practice = Store(engine, KEK, now=lambda: NOW).practice
    rewriting = practice.find(people.ana, sent.session_id, sent.exchanges[0].exchange_id, "A reply of my own.")
    assert isinstance(rewriting, Rewriting)
    practice.keep(people.ana, rewriting, Rated(sent.assessments[0]))
    (attempt,) = exported(engine, people.ana, tmp_path)["sessions"][0]["released_words"]["practice"]
    assert (attempt["text"], attempt["moment"]) == ("A reply of my own.", str(sent.exchanges[0].exchange_id))
    assert attempt["model"]["name"] == "CPU baseline"
    assert [each["level"] for each in attempt["ratings"]] == [1] * len(Mechanism)
    assert all(each["reason"] and each["quotes"] for each in attempt["ratings"])
    for_others = exported(engine, people.operator, tmp_path)
    assert "of my own" not in json.dumps(for_others)
    assert "practice" not in json.dumps(for_others["sessions"])


def test_rehearsals_are_in_the_own_export_alone(engine: Engine, people: People, tmp_path: Path) -> None:
    """A therapist's own export has their rehearsals with replies and levels; another's does not even count them."""
    rehearsals = Store(engine, KEK, now=lambda: NOW).rehearsals
    begun = rehearsals.begin(people.ana, profiles()["new-widow"], ResistanceType.RELUCTANCE, Force.HARD)
    assert isinstance(begun, UUID)
    found = rehearsals.one(people.ana, begun)
    assert found is not None
    rated = Rated(record().assessments[0])
    rehearsals.keep(people.ana, found, "A reply of my own.", rated, found.after(rated))
    (rehearsed,) = exported(engine, people.ana, tmp_path)["rehearsals"]
    assert rehearsed["client"] == {"profile": "new-widow", "behaviour": "reluctance", "force": 3}
    assert (rehearsed["opening"], rehearsed["first_turn"]) == (found.opening, found.first.text)
    (reply,) = rehearsed["replies"]
    assert (reply["text"], len(reply["ratings"])) == ("A reply of my own.", len(Mechanism))
    assert reply["client_turn"]
    assert rehearsed["ending"] is None
    with engine.connect() as connection:
        read = connection.scalar(
            text("SELECT count(*) FROM audit WHERE purpose = 'own words' AND object_id = :r"), {"r": str(begun)}
        )
    assert read == 1
    for_others = exported(engine, people.operator, tmp_path)
    assert for_others["rehearsals"] == []
    assert "of my own" not in json.dumps(for_others)


def test_who_opened_the_sessions_is_in_it(engine: Engine, people: People, tmp_path: Path) -> None:
    """The trail of the therapist's sessions and account is in the file, that of other people's sessions is not."""
    own, other = record(conversation="c_1"), record(conversation="c_2", counsellor="p_ben")
    apply_records(engine, own, other)
    store = Store(engine, KEK, now=lambda: NOW)
    store.open(people.supervisor, own.session_id)
    store.open(people.other_supervisor, other.session_id)
    trail = exported(engine, people.ana, tmp_path)["trail"]
    assert [(each["person"], each["role"], each["purpose"], each["outcome"]) for each in trail] == [
        ("Mara", "supervisor", "review", "done"),
        ("Ana", "therapist", "export person: own-data", "begun"),
    ]


def test_a_colleague_in_the_same_session_is_not_in_it(engine: Engine, people: People, tmp_path: Path) -> None:
    """Of a session with several counsellors only the therapist's own moments are there, and no other session is."""
    together = record(conversation="c_1", moments=2, counsellors=("p_ana", "p_ben"))
    exchanges = (together.exchanges[0], together.exchanges[1].model_copy(update={"counsellor": "p_ben"}))
    apply_records(
        engine,
        together.model_copy(update={"exchanges": exchanges}),
        record(conversation="c_2", counsellor="p_ben"),
        record(conversation="c_3", tenant="elsewhere"),
    )
    (session,) = exported(engine, people.ana, tmp_path)["sessions"]
    assert [moment["moment"] for moment in session["moments"]] == [str(exchanges[0].exchange_id)]


def test_an_operator_gets_no_word(engine: Engine, people: People, tmp_path: Path) -> None:
    """An operator exports codes, times and the trail, and neither a word of a session nor a note."""
    sent = record()
    apply_records(engine, sent)
    Store(engine, KEK, now=lambda: NOW).reviews.add_note(people.supervisor, sent.session_id, None, "Note.", shared=True)
    release(engine, people, sent)
    found = exported(engine, people.operator, tmp_path)
    assert found["exported"]["by"] == "Otto"
    assert found["exported"]["note"].startswith(TEXT_LEFT_OUT)
    assert "released_words" not in found["sessions"][0]
    whole = json.dumps(found)
    for hidden in (*SAID, "Note.", "How far the reply", SAID[1][:15]):
        assert hidden not in whole, hidden
    assert [entry[2:] for entry in entries(engine)] == [
        ("export", "begun"),
        ("account", "begun"),
        ("export", "done 1 rows"),
    ]


@pytest.mark.parametrize("name", ["supervisor", "other_supervisor", "ben"])
def test_nobody_else_exports_a_therapists_data(engine: Engine, people: People, tmp_path: Path, name: str) -> None:
    """A supervisor, of the same team too, and a colleague are refused, in the same words for unknown names."""
    apply_records(engine, record())
    for therapist in ("ana", "nobody-of-this-name"):
        with pytest.raises(Misconfigured, match="by themselves, or by an operator"):
            exported(engine, getattr(people, name), tmp_path, therapist)
    assert files_in(tmp_path) == []
    assert entries(engine) == []


@pytest.mark.parametrize("therapist", ["nobody", "a\x00b", "'; DROP TABLE audit; --"])
def test_a_name_of_nobody_is_not_repeated(engine: Engine, people: People, tmp_path: Path, therapist: str) -> None:
    """A name of nobody, or none at all, is answered with a sentence that does not repeat it."""
    with pytest.raises(Misconfigured, match="no account with this name") as refused:
        exported(engine, people.operator, tmp_path, therapist)
    assert therapist not in str(refused.value)


def test_a_disabled_account_is_not_exported_in_part(engine: Engine, people: People, tmp_path: Path) -> None:
    """A disabled account is refused with what to do, since the database shows nothing on its behalf."""
    Accounts(engine, now=lambda: NOW).disable(people.ana.user_id)
    with pytest.raises(Misconfigured, match="users enable"):
        exported(engine, people.operator, tmp_path)


def test_a_session_under_a_hold_is_shown_to_nobody(engine: Engine, people: People, tmp_path: Path) -> None:
    """A session that is only kept because of a legal hold is not in the file, and neither is who opened it."""
    sent = record()
    apply_records(engine, sent)
    Store(engine, KEK, now=lambda: NOW).open(people.supervisor, sent.session_id)
    with engine.begin() as connection:
        connection.exec_driver_sql("UPDATE sessions SET restricted = true")
    found = exported(engine, people.ana, tmp_path)
    assert found["sessions"] == []
    assert "review" not in {each["purpose"] for each in found["trail"]}


def test_hostile_names_and_words_stay_values(engine: Engine, people: People, tmp_path: Path) -> None:
    """Quotes, control characters and markup in names and words stay inside their JSON string, in ASCII."""
    add_person(engine, 'x"y', AccountRole.OPERATOR)
    sent = record(client_text='"},{"a": "\x1b[2J\u202e</script>')
    apply_records(engine, sent)
    release(engine, people, sent)
    found = exported(engine, people.ana, tmp_path)
    assert found["sessions"][0]["released_words"]["messages"][0]["text"] == '"},{"a": "\x1b[2J\u202e</script>'
