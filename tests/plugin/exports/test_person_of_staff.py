"""An export of a supervisor's, lead's or operator's own data has what they said and did, and no words but their own."""

import json
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import Engine, text

from plugin.database.engine import transaction
from plugin.database.viewer import AccountRole, Viewer
from plugin.exports.person import NOT_IN_IT_OF_STAFF, TEXT_LEFT_OUT, export_person
from plugin.queue.account_changes import Actor
from plugin.queue.calibration_drawing import seen_by
from plugin.queue.dispute_views import Ground
from plugin.queue.export_entries import OWN_WORDS, ExportKind, ExportPurpose
from plugin.queue.filters import HandedTo, QueueFilter
from plugin.queue.statements import STRENGTHS, VERDICT, level_of
from plugin.queue.store import Store
from plugin.queue.token_views import Scope
from plugin.queue.views import DecisionKind
from stream.contracts.errors import Misconfigured
from stream.contracts.vocabulary import Level, Mechanism
from tests.plugin.conftest import People
from tests.plugin.exports.samples import AGREED, STRONG, export_run, files_in, judge, no_progress
from tests.plugin.queue.criteria_samples import SESSION, TOLD, WARMTH, add, say
from tests.plugin.queue.sampled import ALL_NO, sampled
from tests.plugin.samples import KEK, NOW, SAID, add_person, apply_records, record

AUTONOMY = Mechanism.RESPECT_FOR_AUTONOMY
NOTE, ANSWER_NOTE, RATING_NOTE = "A note of mine.", "Asked at the end.", "Both could be said."
WORDS, REASON, RUBRIC_NOTE = "I see that now.", "We read it so.", "A menu is weak."
COMMENT, HANDED = "I said more of it.", "I am away."


def exported(engine: Engine, viewer: Viewer, folder: Path, person: str) -> dict[str, Any]:
    """Return the document of an export of a person's data."""
    run = export_run(engine, viewer, ExportKind.PERSON, ExportPurpose.OWN_DATA)
    out = folder / "person.json"
    export_person(run, person, out, no_progress)
    found: dict[str, Any] = json.loads(out.read_text())
    out.unlink()
    return found


def calibrate(engine: Engine, opener: Viewer, colleague: Viewer, note: str = RATING_NOTE) -> UUID:
    """Open a calibration of one moment, in which the opener rates and says that she is done."""
    store = Store(engine, KEK, now=lambda: NOW)
    _, found = store.calibrations.open(opener, [colleague.user_id], 1, NOW.date() + timedelta(days=7), "UTC")
    assert found is not None
    store.calibration_steps.rate(opener, found, 1, dict.fromkeys(Mechanism, Level.NONE), note)
    store.calibration_steps.finish(opener, found)
    return found


@pytest.fixture
def nele(engine: Engine, people: People) -> Viewer:  # noqa: ARG001 - the people come first, into an emptied database
    """Return a second supervisor of the same team."""
    return add_person(engine, "nele", AccountRole.SUPERVISOR, teams=("north",))


def test_what_a_supervisor_said_and_did_is_in_it(
    engine: Engine, store: Store, people: People, nele: Viewer, tmp_path: Path
) -> None:
    """Every part has what this supervisor said, with her own words; of what her colleague said there is nothing."""
    sent, mara = record(), people.supervisor
    apply_records(engine, sent)
    told = add(store, "told", SESSION, TOLD)
    calibration = calibrate(engine, mara, nele)
    store.calibration_steps.rate(nele, calibration, 1, dict.fromkeys(Mechanism, Level.STRONG), "A colleague's.")
    store.calibration_steps.finish(nele, calibration)
    store.calibration_steps.settle(mara, calibration, 1, {AUTONOMY: (Level.WEAK, REASON)})
    judge(engine, mara, sent, (VERDICT, AGREED), (level_of(AUTONOMY), STRONG))
    store.reviews.add_note(mara, sent.session_id, None, NOTE, shared=False, follow_up_on=NOW.date())
    note_id = store.open(mara, sent.session_id).notes[0].note_id  # type: ignore[union-attr]
    store.note_threads.comment(mara, sent.session_id, note_id, COMMENT)
    store.reviews.add_note(nele, sent.session_id, None, "A colleague's.", shared=True)
    store.handovers.hand_over(mara, sent.session_id, 0, nele.user_id, HANDED)
    store.handovers.send_back(nele, sent.session_id, 1, "A colleague's.", to_sender=True)
    say(store, mara, sent, told, "yes", ANSWER_NOTE)
    store.saved_views.save(mara, "Mine", QueueFilter(handed=HandedTo.ME))
    store.decide(mara, sent.session_id, 1, DecisionKind.RELEASED)
    answer = sent.assessments[0].assessment_id
    store.disputes.dispute(
        people.ana, sent.session_id, NOW, answer, STRENGTHS, Ground.UNCLEAR, "Ana's.", escalated=False
    )
    dispute_id = store.open(mara, sent.session_id).disputes[0].dispute_id  # type: ignore[union-attr]
    store.disputes.resolve(mara, sent.session_id, dispute_id, 0, AGREED, WORDS)
    found = exported(engine, mara, tmp_path, "mara")
    assert (found["about"]["user_name"], found["about"]["role"], found["exported"]["note"]) == (
        *("mara", "supervisor"),
        NOT_IN_IT_OF_STAFF,
    )
    assert [(each["name"], each["filter"]) for each in found["saved_views"]] == [("Mine", {"handed": "me"})]
    (one,) = found["sessions"]
    said = {name: [each.get("text") for each in part] for name, part in one.items() if isinstance(part, list)}
    assert said == {
        "claims": [None],
        "labels": [None, None, None],  # the last one is that of the resolution
        "decisions": [None],
        "handovers": [HANDED],
        "notes": [NOTE],
        "note_comments": [COMMENT],
        "criterion_answers": [ANSWER_NOTE],
        "dispute_steps": [WORDS],
        "look_answers": [],
        "calibration_ratings": [RATING_NOTE],
        "settled_levels": [REASON],
    }
    assert [(each["statement"], each["judgement"], each["own_level"]) for each in one["labels"][:2]] == [
        ("verdict", "agreed", None),
        (f"level:{AUTONOMY}", "corrected", 2),
    ]
    assert (one["criterion_answers"][0]["criterion"], one["criterion_answers"][0]["said"]) == ("told", "yes")
    assert one["calibration_ratings"][0]["levels"][AUTONOMY] == 0
    assert one["notes"][0]["follow_up_on"] == NOW.date().isoformat()
    (calibrated,) = found["calibrations"]
    assert (calibrated["calibration"], calibrated["opened_by_them"], calibrated["cancelled_at"]) == (
        *(str(calibration), True),
        None,
    )
    assert calibrated["done_at"] is not None
    whole = json.dumps(found)
    for hidden in ("A colleague's.", "Ana's.", *SAID):
        assert hidden not in whole, hidden


def test_blind_answers_are_in_it_without_what_the_machine_had_said(
    engine: Engine, store: Store, people: People, tmp_path: Path
) -> None:
    """What a supervisor said of each turn of a sampled session is in it, in codes."""
    sent = sampled()
    apply_records(engine, sent)
    store.looks.open(people.supervisor, sent.session_id)
    store.looks.answer(people.supervisor, sent.session_id, 1, ALL_NO)
    (one,) = exported(engine, people.supervisor, tmp_path, "mara")["sessions"]
    assert [(each["client_turn"], each["resistance"], each["critical"]) for each in one["look_answers"]] == [
        (position, "no", "no") for position in ALL_NO
    ]
    assert "machine" not in json.dumps(one)


def test_tokens_and_the_trail_are_in_everybodys(engine: Engine, people: People, tmp_path: Path) -> None:
    """Each person has their own tokens without a secret; staff have what they did and what was done to them."""
    store = Store(engine, KEK, now=lambda: NOW)
    secrets = [store.tokens.create(name, {Scope.SESSIONS_READ})[0] for name in ("mara", "ana", "olga")]
    apply_records(engine, record())
    store.open(people.supervisor, record().session_id)
    for viewer in (people.supervisor, people.ana):
        found = exported(engine, viewer, tmp_path, viewer.username)
        (token,) = found["tokens"]
        assert (token["scopes"], token["revoked_at"], token["last_used_on"]) == (["sessions.read"], None, None)
        whole = json.dumps(found)
        assert not any(secret in whole for secret in secrets)
    trail = exported(engine, people.supervisor, tmp_path, "mara")["trail"]
    assert [(each["person"], each["purpose"]) for each in trail] == [
        (None, "token created"),
        ("Mara", "review"),
        *[("Mara", "export person: own-data")] * 5,  # begun twice, done once, and begun twice more
    ]


def test_notes_of_a_lead_and_criteria_of_an_operator_are_in_theirs(
    engine: Engine, store: Store, people: People, tmp_path: Path
) -> None:
    """A lead gets each version that they wrote of a rubric note, an operator the questions that they worded."""
    lena, lars = (add_person(engine, name, AccountRole.LEAD) for name in ("lena", "lars"))
    store.rubric_notes.write(lena, AUTONOMY, RUBRIC_NOTE)
    store.rubric_notes.edit(lars, store.rubric_notes.all(lena)[0].note_id, 1, "Not so.")
    (note,) = exported(engine, lena, tmp_path, "lena")["rubric_notes"]
    assert (note["mechanism"], note["version"], note["text"]) == (AUTONOMY, 1, RUBRIC_NOTE)
    assert own_words(engine) == [("rubric_note", note["note"])]
    store.criteria.add("told", SESSION, TOLD, by=Actor(people.operator))
    add(store, "warmth", SESSION, WARMTH)
    (criterion,) = exported(engine, people.operator, tmp_path, "otto")["criteria"]
    assert (criterion["criterion"], criterion["version"], criterion["question"]) == ("told", 1, TOLD.question)


def own_words(engine: Engine) -> list[tuple[str, str]]:
    """Return the objects of the entries about reading of own words, in order."""
    with engine.connect() as connection:
        query = text("SELECT object_type, object_id FROM audit WHERE purpose = :own ORDER BY seq")
        return [(row[0], row[1]) for row in connection.execute(query, {"own": OWN_WORDS})]


def test_reading_ones_own_words_is_no_reading_of_the_session(
    engine: Engine, store: Store, people: People, nele: Viewer, tmp_path: Path
) -> None:
    """It has its entry in the trail, and leaves a rater blind and a therapist's list of readers as it was."""
    sent = record()
    apply_records(engine, sent)
    calibrate(engine, people.supervisor, nele)
    exported(engine, people.supervisor, tmp_path, "mara")
    assert own_words(engine) == [("session", str(sent.session_id))]
    with transaction(engine, people.supervisor.user_id) as session:
        assert seen_by(session, [people.supervisor.user_id], [sent.session_id]) == set()
    store.decide(people.supervisor, sent.session_id, 1, DecisionKind.RELEASED)
    assert store.openings(people.ana, sent.session_id) == ()


def test_an_operator_exports_it_without_a_word(
    engine: Engine, store: Store, people: People, nele: Viewer, tmp_path: Path
) -> None:
    """Codes and times are in the file of an operator, and no word; nobody else gets one at all."""
    sent = record()
    apply_records(engine, sent)
    store.reviews.add_note(people.supervisor, sent.session_id, None, NOTE, shared=True)
    calibrate(engine, people.supervisor, nele)
    found = exported(engine, people.operator, tmp_path, "mara")
    assert found["exported"]["note"].startswith(TEXT_LEFT_OUT)
    assert len(found["sessions"][0]["notes"]) == len(found["sessions"][0]["calibration_ratings"]) == 1
    assert not any(words in json.dumps(found) for words in (NOTE, RATING_NOTE))
    assert own_words(engine) == []
    for viewer in (nele, people.ana, add_person(engine, "lena", AccountRole.LEAD)):
        with pytest.raises(Misconfigured, match="by themselves, or by an operator"):
            exported(engine, viewer, tmp_path, "mara")
    assert files_in(tmp_path) == []


def test_what_one_may_no_longer_read_is_not_in_it(engine: Engine, store: Store, people: People, tmp_path: Path) -> None:
    """Sessions of a team that the supervisor has left, and those that only a legal hold keeps, are left out."""
    apply_records(engine, record(conversation="c_1"), record(conversation="c_2"))
    for conversation in ("c_1", "c_2"):
        store.reviews.add_note(people.supervisor, record(conversation=conversation).session_id, None, NOTE, shared=True)
    with engine.begin() as connection:
        connection.execute(text("UPDATE sessions SET restricted = true WHERE conversation_id = 'c_1'"))
    found = exported(engine, people.supervisor, tmp_path, "mara")
    kept = str(record(conversation="c_2").session_id)
    assert [each["session"] for each in found["sessions"]] == [kept]
    assert {each["object_id"] for each in found["trail"] if each["object_type"] == "session"} == {kept}
    with engine.begin() as connection:
        connection.execute(text("DELETE FROM memberships"))
    assert exported(engine, store.find_viewer("mara") or people.supervisor, tmp_path, "mara")["sessions"] == []
