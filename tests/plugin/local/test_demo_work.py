"""Tests of the work of the demo's people on a real database: which state each session of the week has after it."""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from sqlalchemy import Engine
from sqlmodel import Session, select

from plugin.database.engine import connect
from plugin.database.migrate import upgrade
from plugin.database.tables import AuditEntry, StoredCalibration, StoredCalibrationRating
from plugin.database.viewer import AccountRole
from plugin.local.demo import SAMPLES
from plugin.local.demo_calibrations import AFTER, OPINIONS
from plugin.local.demo_criteria import NEXT_STEP, PACE
from plugin.local.demo_desk import DemoWeek
from plugin.local.demo_settings import USERS
from plugin.local.demo_week import WEEK, ends_of
from plugin.local.demo_work import WORK, do_the_work
from plugin.queue.calibration_comparison import to_settle
from plugin.queue.criterion_views import CriterionAbout, CriterionScale, Wording
from plugin.queue.dispute_views import DisputeState
from plugin.queue.review_views import Judgement, Opinion, WithholdReason
from plugin.queue.store import Store
from plugin.queue.views import DecisionKind, DecisionOutcome, SessionRow, SessionView
from plugin.replay.sources import load_source
from stream.contracts.feedback import Assessment, FeedbackRecord
from stream.contracts.vocabulary import LeftOut, Level, Mechanism, NeedsHuman
from tests.fixtures.restored_database import RestoredDatabase
from tests.plugin.samples import KEK, NOW, TENANT, add_person, apply_records, left_out, record

MOMENTS = {
    "sample-exam-nerves": ("m7", "m15", "m27", "m31"),
    "sample-sleep-and-phone": ("m6", "m27"),
    "sample-a-quiet-house": ("m11", "m15", "m19"),
    "sample-night-shift": ("m13", "m24"),
    "sample-first-interview": ("m8", "m14"),
    "sample-after-work-drinks": ("m9", "m18"),
}
"""The client's messages about which the demo's people say something; any other session has a moment of its own."""
THERAPISTS = {
    "sample-exam-nerves": "mira",
    "sample-a-heavy-night": "mira",
    "sample-first-interview": "mira",
    "sample-kept-after-class": "mira",
    "sample-new-town": "mira",
    "sample-a-quiet-house": "samir",
    "sample-night-shift": "samir",
    "sample-the-voice-at-work": "samir",
}
"""Whose session it is; any other is Jonas's, as in the samples."""


def stored_session(sample: str, started_at: datetime) -> FeedbackRecord:
    """Return a session of a sample's counsellor whose client messages have the ids that the sample has."""
    messages = MOMENTS.get(sample, ("m5",))
    made = record(
        conversation=sample,
        started_at=started_at,
        counsellor=f"p_{THERAPISTS.get(sample, 'jonas')}",
        moments=len(messages),
        abstain=NeedsHuman.CRITICAL_CONTENT if sample == "sample-a-heavy-night" else None,
    )
    written = made.model_dump_json()
    for number, message_id in enumerate(messages):
        written = written.replace(f'"m-{2 * number + 1}"', f'"{message_id}"')
    return FeedbackRecord.model_validate_json(written)


@pytest.fixture
def week(engine: Engine) -> DemoWeek:
    """Return a stored week in which nothing has been done, on the shared database, which is emptied first."""
    return stored_week(engine)


@pytest.fixture(scope="module")
def worked_engine(create_database: Callable[..., str]) -> Iterator[Engine]:
    """Yield an engine for a migrated database of these tests' own."""
    url = create_database()
    upgrade(url)
    engine = connect(url)
    yield engine
    engine.dispose()


@pytest.fixture(scope="module")
def worked(worked_engine: Engine) -> DemoWeek:
    """Return a week in which the work is done, for tests that only read it."""
    week = stored_week(worked_engine)
    do_the_work(week)
    return week


@pytest.fixture(scope="module")
def as_worked(worked: DemoWeek, worked_engine: Engine) -> Iterator[RestoredDatabase]:
    """Yield the rows of that week, to be put back."""
    assert worked.sessions
    with RestoredDatabase(worked_engine.url.render_as_string(hide_password=False)) as restored:
        yield restored


@pytest.fixture
def going_on(worked: DemoWeek, as_worked: RestoredDatabase, worked_engine: Engine) -> Iterator[DemoWeek]:
    """Yield that week for a test that goes on in it or counts its rows; the rows are put back before and after."""
    worked_engine.dispose()
    as_worked.restore()
    yield worked
    worked_engine.dispose()
    as_worked.restore()


def stored_week(engine: Engine) -> DemoWeek:
    """Store one session for each sample, and the demo's people with their accounts."""
    people = {
        user.name: add_person(
            engine,
            user.name,
            AccountRole(user.role),
            teams=user.teams,
            tenant=TENANT if user.counsellor else None,
            counsellor=f"p_{user.name}" if user.counsellor else None,
        )
        for user in USERS
    }
    ends = ends_of(NOW)
    sent = {sample: stored_session(sample, end - timedelta(minutes=45)) for sample, end in ends.items()}
    apply_records(engine, *sent.values())
    sessions = {sample: each.session_id for sample, each in sent.items()}
    return DemoWeek(lambda at: Store(engine, KEK, now=lambda: at), people, sessions, ends, NOW)


def row(week: DemoWeek, sample: str, person: str = "supervisor") -> SessionRow:
    """Return a session as it stands in a supervisor's list."""
    session_id = week.sessions[sample]
    return week.store_at(NOW).rows(week.people[person], [session_id])[session_id]


def opened(week: DemoWeek, sample: str, person: str) -> SessionView:
    """Return a session as a person opens it."""
    view = week.store_at(NOW).open(week.people[person], week.sessions[sample])
    assert view is not None
    return view


def labels(week: DemoWeek, sample: str, person: str) -> dict[tuple[str, str], object]:
    """Return what was said of a session's statements, each as the reason, the level or the agreement."""
    view = opened(week, sample, person)
    return {
        (moment.client_turn[0], statement): _said(label.opinion)
        for moment in view.moments + view.further
        for statement, label in moment.labels.items()
    }


def _said(opinion: Opinion) -> object:
    if opinion.judgement is Judgement.CORRECTED:
        return opinion.level
    return opinion.reason if opinion.judgement is Judgement.WITHHELD else opinion.judgement


# --- the states ---


def test_a_session_is_claimed_by_the_other_supervisor(worked: DemoWeek) -> None:
    """The supervisor sees a session of her team that the other team's supervisor has claimed and opened."""
    claimed = row(worked, "sample-two-homes")
    assert claimed.claim is not None
    assert claimed.is_claimed_by(worked.people["greta"].user_id)
    assert claimed.claim.read_revision == claimed.revision
    assert claimed.claim.until > NOW


def test_a_session_is_reviewed_in_part(worked: DemoWeek) -> None:
    """One moment of two was passed on, nobody claims the session, and no decision stands."""
    partly = row(worked, "sample-after-work-drinks")
    assert (partly.claim, partly.decision, partly.is_reviewed) == (None, None, False)
    said = labels(worked, "sample-after-work-drinks", "supervisor")
    assert said["m9", "moment"] is Judgement.AGREED
    assert said["m9", "level:respect_for_autonomy"] is Level.NONE
    assert not any(message == "m18" for message, _ in said)


def test_a_session_is_released_and_unread(worked: DemoWeek) -> None:
    """The therapist can read a session with a correction and a coaching note, and has not acknowledged it."""
    released = row(worked, "sample-night-shift", "greta")
    assert released.is_released
    assert released.acknowledgements == ()
    view = opened(worked, "sample-night-shift", "samir")
    assert [moment.client_turn for moment in view.moments] == [("m13",)]
    (note,) = view.notes
    assert note.exchange_id == view.moments[0].exchange_id


def test_a_session_is_released_and_acknowledged(worked: DemoWeek) -> None:
    """The therapist has acknowledged a session a day after its release, and reads the note and the other level."""
    released = row(worked, "sample-exam-nerves")
    assert released.decision is not None
    (acknowledged,) = released.acknowledgements
    assert acknowledged.account_id == worked.people["mira"].user_id
    assert acknowledged.at - released.decision.at == timedelta(days=1)
    view = opened(worked, "sample-exam-nerves", "mira")
    assert [note.shared for note in view.notes] == [True]
    assert "level:respect_for_autonomy" in view.moments[0].labels
    answers = [moment.answer for moment in view.moments if isinstance(moment.answer, Assessment)]
    assert [len(answer.alternatives) for answer in answers] == [1, 1, 0], "the last suggestion is withheld"
    said = labels(worked, "sample-exam-nerves", "supervisor")
    assert said["m31", "moment"] is WithholdReason.NOT_RESISTANCE


def test_two_disputes_are_open(worked: DemoWeek) -> None:
    """The other supervisor has two open disputes in one session; the supervisor of the other team sees neither."""
    store = worked.store_at(NOW)
    assert [each.session_id for each in store.disputed(worked.people["greta"]).rows] == [
        worked.sessions["sample-a-quiet-house"]
    ]
    assert store.disputed(worked.people["supervisor"]).rows == ()
    disputes = opened(worked, "sample-a-quiet-house", "samir").disputes
    assert [each.state for each in disputes] == [DisputeState.OPEN] * 2


def test_one_of_them_is_for_the_lead(worked: DemoWeek) -> None:
    """The lead's list has the session of the dispute that was escalated, which she alone may decide."""
    lead = worked.people["lead"]
    assert [each.session_id for each in worked.store_at(NOW).disputed(lead).rows] == [
        worked.sessions["sample-a-quiet-house"]
    ]
    deciders = [each.supervisors for each in opened(worked, "sample-a-quiet-house", "samir").disputes]
    assert deciders == [("Greta",), ("Lead",)]


def test_the_leads_note_stands_in_the_glossary_once(going_on: DemoWeek) -> None:
    """The lead has written one note about the rubric; a second start leaves it, and what a visitor wrote, as it is."""
    notes, lead = going_on.store_at(NOW).rubric_notes, going_on.people["lead"]
    (note,) = notes.all(going_on.people["mira"])
    assert note.mechanism is Mechanism.RESPECT_FOR_AUTONOMY
    notes.edit(lead, note.note_id, 1, "What a visitor wrote.")
    do_the_work(going_on)
    assert [each.latest.text for each in notes.all(lead)] == ["What a visitor wrote."]


def test_a_dispute_is_resolved(worked: DemoWeek) -> None:
    """The other team's supervisor has set another level, with words for the therapist."""
    (dispute,) = opened(worked, "sample-sleep-and-phone", "jonas").disputes
    assert dispute.state is DisputeState.RESOLVED
    assert dispute.resolution is not None
    assert dispute.resolution.account_id == worked.people["greta"].user_id
    assert dispute.resolution.text
    assert dispute.at < dispute.resolution.at < NOW


def test_a_session_is_withheld_with_the_reason(worked: DemoWeek) -> None:
    """Every moment of a withheld session says that it is not resistance, and the supervisor keeps a note."""
    withheld = row(worked, "sample-first-interview")
    assert withheld.decision is not None
    assert withheld.decision.kind is DecisionKind.WITHHELD
    assert labels(worked, "sample-first-interview", "supervisor") == {
        (message, "verdict"): WithholdReason.NOT_RESISTANCE for message in MOMENTS["sample-first-interview"]
    }
    assert [note.shared for note in opened(worked, "sample-first-interview", "supervisor").notes] == [False]


def test_a_session_that_no_model_may_rate_is_put_away(worked: DemoWeek) -> None:
    """The session with risk language is withheld, and the supervisor's note says what was done about it."""
    put_away = row(worked, "sample-a-heavy-night")
    assert put_away.decision is not None
    assert put_away.decision.kind is DecisionKind.WITHHELD
    assert opened(worked, "sample-a-heavy-night", "supervisor").notes


def test_all_other_sessions_are_new(worked: DemoWeek) -> None:
    """Nothing was done with a session outside of the plan, and each supervisor still has some of them waiting."""
    for person in ("supervisor", "greta"):
        rows = worked.store_at(NOW).rows(worked.people[person], worked.sessions.values()).values()
        untouched = [each for each in rows if each.session_id not in {worked.sessions[sample] for sample in WORK}]
        assert untouched
        assert all(each.decision is None and each.claim is None for each in untouched)


def test_each_supervisor_sees_her_team_alone(week: DemoWeek) -> None:
    """Only the sessions of the therapist who works in both teams are seen by both supervisors."""
    store = week.store_at(NOW)
    seen = {
        person: {
            sample for sample, session_id in week.sessions.items() if store.rows(week.people[person], [session_id])
        }
        for person in ("supervisor", "greta")
    }
    both = {sample for sample in WEEK if THERAPISTS.get(sample, "jonas") == "jonas"}
    assert seen["supervisor"] & seen["greta"] == both
    assert seen["supervisor"] | seen["greta"] == WEEK.keys()


# --- calibrations and criteria ---


def test_one_calibration_is_settled_and_one_waits_for_the_visitor(worked: DemoWeek) -> None:
    """In the first both are done and have settled; in the second the colleague has rated, and the visitor not."""
    calibrations, visitor = worked.store_at(NOW).calibrations, worked.people["supervisor"]
    waiting, settled = calibrations.listed(visitor)
    assert (settled.is_over, settled.is_own, [each.is_done for each in settled.raters]) == (True, True, [True, True])
    compared = calibrations.read(visitor, settled.calibration_id)
    assert compared is not None
    assert all(len(moment.ratings) == 2 for moment in compared.compared)
    assert any(moment.final for moment in compared.compared)
    assert not any(to_settle(moment) for moment in compared.compared)
    assert (waiting.is_open, waiting.opened_by, waiting.left, waiting.drawn) == (True, "Greta", 4, 4)
    assert {each.name: each.is_done for each in waiting.raters} == {"Greta": True, "Supervisor": False}
    assert [each.calibration_id for each in calibrations.waiting(visitor)] == [waiting.calibration_id]


def test_all_of_it_was_rated_blind_and_after_the_sessions(going_on: DemoWeek, worked_engine: Engine) -> None:
    """Nobody had read what the model says before they rated, and no calibration is older than what it is about."""
    with Session(worked_engine) as session:
        assert all(session.exec(select(StoredCalibrationRating.blind)).all())
        opened_at = session.exec(select(StoredCalibration.opened_at)).all()
    assert all(going_on.ends[AFTER] < at <= NOW for at in opened_at)


def test_a_calibration_is_opened_once_a_day(going_on: DemoWeek) -> None:
    """A visitor's own rating, and one that a visitor has cancelled, stay as they are at the next start of the day."""
    store, visitor, greta = going_on.store_at(NOW), going_on.people["supervisor"], going_on.people["greta"]
    waiting, settled = store.calibrations.listed(visitor)
    store.calibration_steps.rate(visitor, waiting.calibration_id, 1, dict.fromkeys(Mechanism, Level.WEAK))
    store.calibration_steps.cancel(greta, waiting.calibration_id)
    do_the_work(replace(going_on, begun=NOW + timedelta(hours=1)))
    assert [each.calibration_id for each in store.calibrations.listed(visitor)] == [settled.calibration_id]


def test_each_opinion_is_about_a_reply_of_the_samples() -> None:
    """Each reply of which the supervisors say something is one of a counsellor whom both of them see."""
    replies = [
        str(event.payload["text"])
        for conversation in load_source(SAMPLES).conversations
        if THERAPISTS.get(conversation.reference, "jonas") == "jonas"
        for event in conversation.events
        if event.payload.get("role") == "counsellor"
    ]
    found = {beginning: sum(reply.startswith(beginning) for reply in replies) for beginning in OPINIONS}
    assert found == dict.fromkeys(OPINIONS, 1)


def test_two_criteria_are_asked_and_answered(worked: DemoWeek) -> None:
    """The operator has added two; supervisors and lead read answers to both, and a therapist those that are shared."""
    assert [each.name for each in worked.store_at(NOW).criteria.entries()] == [PACE, NEXT_STEP]
    for person in ("supervisor", "lead"):
        answers = opened(worked, "sample-exam-nerves", person).criterion_answers
        assert {each.criterion.name for each in answers} == {PACE, NEXT_STEP}
    shared = opened(worked, "sample-exam-nerves", "mira").criterion_answers
    assert {(each.criterion.name, each.said) for each in shared} == {(PACE, "3"), (PACE, "1")}
    partly = opened(worked, "sample-after-work-drinks", "supervisor").criterion_answers
    assert [(each.criterion.name, each.by) for each in partly] == [(PACE, "Greta")]


def test_criteria_of_a_visitor_are_left_alone(week: DemoWeek) -> None:
    """Where somebody has added a criterion, none is added to it, and the week is worked on without answers."""
    store = week.store_at(NOW)
    store.criteria.add("own", CriterionAbout.SESSION, Wording("Is it so?", CriterionScale.YES_NO))
    do_the_work(week)
    assert [each.name for each in store.criteria.entries()] == ["own"]
    assert row(week, "sample-exam-nerves").is_released


# --- times and words ---


def test_everything_is_done_after_its_session_and_before_the_start(worked: DemoWeek) -> None:
    """No decision is older than its session's end or younger than the demo's start."""
    for sample, (person, _) in WORK.items():
        decision = row(worked, sample, person).decision
        if decision is not None:
            assert worked.ends[sample] < decision.at <= NOW


def test_every_opening_and_every_step_is_in_the_trail(going_on: DemoWeek, worked_engine: Engine) -> None:
    """The audit trail has each step under the name of its person, and none was refused."""
    with Session(worked_engine) as session:
        entries = session.exec(select(AuditEntry)).all()
    done = Counter(entry.purpose for entry in entries)
    assert {entry.outcome for entry in entries} == {"done"}
    assert done["released"] == 4
    assert done["withheld"] == 2
    assert (done["dispute"], done["resolve dispute"], done["acknowledge"]) == (3, 1, 1)
    assert (done["shared note"], done["private note"]) == (2, 3)
    assert {entry.account_id for entry in entries} == {
        going_on.people[name].user_id for name in ("supervisor", "greta", "mira", "jonas", "samir", "lead", "operator")
    }


# --- a second start ---


def test_a_second_start_does_nothing_again(going_on: DemoWeek) -> None:
    """After a second start every session stands as after the first, with the same labels, notes and disputes."""
    before = _everything(going_on)
    do_the_work(replace(going_on, begun=NOW + timedelta(minutes=5)))
    assert _everything(going_on) == before


def test_a_claim_that_is_over_begins_anew(going_on: DemoWeek) -> None:
    """A demo that is started an hour later shows the session as claimed again."""
    later = NOW + timedelta(hours=1)
    do_the_work(replace(going_on, begun=later))
    session_id, supervisor = going_on.sessions["sample-two-homes"], going_on.people["supervisor"]
    claim = going_on.store_at(later).rows(supervisor, [session_id])[session_id].claim
    assert claim is not None
    assert claim.until > later


def test_what_a_visitor_did_stays(week: DemoWeek) -> None:
    """A session that a visitor has released or claimed is left alone."""
    store, visitor = week.store_at(NOW), week.people["supervisor"]
    released, claimed = week.sessions["sample-first-interview"], week.sessions["sample-two-homes"]
    assert store.decide(visitor, released, 1, DecisionKind.RELEASED) is DecisionOutcome.DONE
    assert store.reviews.claim(visitor, claimed) is DecisionOutcome.DONE
    do_the_work(week)
    assert row(week, "sample-first-interview").is_released
    assert labels(week, "sample-first-interview", "supervisor") == {}
    assert row(week, "sample-two-homes").is_claimed_by(visitor.user_id)


def test_nobody_works_in_a_demo_whose_people_were_disabled(week: DemoWeek) -> None:
    """Where one of the people has no account that is enabled, no session is touched."""
    people = {name: viewer for name, viewer in week.people.items() if name != "greta"}
    do_the_work(replace(week, people=people))
    assert row(week, "sample-exam-nerves").decision is None


# --- what the model says otherwise ---


def test_a_step_about_a_moment_that_the_model_did_not_find_is_left_out(engine: Engine, week: DemoWeek) -> None:
    """A session without the moments of the plan is released nevertheless, and nothing is said about other moments."""
    other = record(conversation="c_other", counsellor="p_samir")
    apply_records(engine, other)
    do_the_work(replace(week, sessions={**week.sessions, "sample-a-quiet-house": other.session_id}))
    view = week.store_at(NOW).open(week.people["greta"], other.session_id)
    assert view is not None
    assert view.row.is_released
    assert (view.disputes, view.moments[0].labels) == ((), {})


def test_a_session_that_is_left_out_or_missing_is_passed_over(engine: Engine, week: DemoWeek) -> None:
    """A session without feedback, and one that is not stored, change nothing else."""
    bare = left_out(LeftOut.TOO_SHORT, conversation="c_bare", counsellor="p_samir")
    apply_records(engine, bare)
    sessions = {**week.sessions, "sample-a-quiet-house": bare.session_id}
    del sessions["sample-night-shift"]
    do_the_work(replace(week, sessions=sessions))
    assert row(week, "sample-exam-nerves").is_released
    assert row(week, "sample-night-shift", "greta").decision is None


def _everything(week: DemoWeek) -> dict[str, object]:
    """Return what stands of each session for a supervisor who sees it, with its labels, notes and disputes."""
    found: dict[str, object] = {}
    for sample in week.sessions:
        person = "greta" if THERAPISTS.get(sample) == "samir" else "supervisor"
        view = opened(week, sample, person)
        found[sample] = (view.row, view.notes, view.disputes, [dict(moment.labels) for moment in view.moments])
    return found
