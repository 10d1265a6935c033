"""Calibrations on a real database: who opens one, what is drawn, who sees what of it, and when."""

from datetime import UTC, date, datetime, timedelta
from uuid import uuid4

import pytest
from sqlalchemy import Engine, text

from plugin.database.account_removal import REMOVED_NAME, remove_account
from plugin.database.engine import transaction
from plugin.database.tables import Membership
from plugin.database.viewer import AccountRole
from plugin.queue.calibration_views import CalibrationOutcome
from plugin.queue.looks import has_opened
from plugin.queue.views import DecisionKind
from stream.contracts.messages import Consent, ConsentWithdrawal, Deletion, Edit, Erasure
from stream.contracts.vocabulary import Mechanism, NeedsHuman
from tests.plugin.queue.calibrated import AGREED, LAST_DAY, NONE, STRONG, WEAK, Team, crew, said, store_sessions, trail
from tests.plugin.samples import MODEL, NOW, REJECTED, SAID, TENANT, add_person, answered, apply_records, record

__all__ = ["crew"]


def test_only_colleagues_of_a_team_can_be_invited(crew: Team, engine: Engine) -> None:
    """A supervisor invites those who share a team with her, by the alphabet; nobody else, and never herself alone."""
    store_sessions(engine, 2)
    olga = add_person(engine, "olga", AccountRole.SUPERVISOR, teams=("south",))
    calibrations = crew.store.calibrations
    assert [each.name for each in calibrations.colleagues(crew.mara)] == ["Nele", "Pia"]
    assert calibrations.colleagues(crew.ana) == ()
    for invited in ([], [olga.user_id], [crew.nele.user_id, olga.user_id], [crew.mara.user_id], [crew.ana.user_id]):
        outcome = calibrations.open(crew.mara, invited, 2, LAST_DAY, "UTC")
        assert outcome == (CalibrationOutcome.NOT_COLLEAGUES, None)
    assert calibrations.open(crew.ana, [crew.nele.user_id], 2, LAST_DAY, "UTC") == (CalibrationOutcome.NOT_FOUND, None)
    assert trail(engine, "open calibration") == ["not_colleagues"] * 5 + ["not_found"]


def test_moments_are_drawn_that_everybody_may_read(crew: Team, engine: Engine) -> None:
    """A session that one of the invited cannot see is not drawn, nor is one without its words or without levels."""
    north = store_sessions(engine, 3)
    add_person(engine, "ben", AccountRole.THERAPIST, teams=("south",), tenant=TENANT, counsellor="p_ben")
    with transaction(engine) as session:  # Mara is in two teams, so she alone sees both
        south = session.scalar(text("SELECT team_id FROM teams WHERE name = 'south'"))
        session.add(Membership(team_id=south, account_id=crew.mara.user_id))
    mara = crew.store.viewer(crew.mara.user_id)
    assert mara is not None
    crew.mara = mara
    apply_records(
        engine,
        record(conversation="c_south", counsellor="p_ben", consent=AGREED),
        record(conversation="c_unrated", consent=AGREED, abstain=NeedsHuman.CRITICAL_CONTENT),
        answered(record(conversation="c_rejected", consent=AGREED, moments=2), REJECTED, {}),
    )
    with transaction(engine) as session:
        session.execute(text("DELETE FROM messages WHERE session_id = :id"), {"id": north[0].session_id})
    calibration = crew.store.calibrations.read(crew.nele, crew.open())
    assert calibration is not None
    assert calibration.head.drawn == 3  # two of the north, and the confirmed one of the session with a rejected one
    assert calibration.dropped_out == 0


def test_a_draw_takes_no_more_than_was_asked_for_and_repeats_by_its_seed(crew: Team, engine: Engine) -> None:
    """At most so many moments are drawn as were asked for, and the same seed draws the same ones."""
    store_sessions(engine, 6)
    drawn = []
    for _ in range(2):
        calibration_id = crew.open(size=4, seed=7)
        with engine.connect() as connection:
            query = text("SELECT session_id FROM calibration_moments WHERE calibration_id = :id ORDER BY number")
            drawn.append(list(connection.scalars(query, {"id": calibration_id})))
    assert len(drawn[0]) == len(set(drawn[0])) == 4
    assert drawn[0] == drawn[1]
    assert trail(engine, "calibration draw") == ["done"] * 8


def test_what_can_count_for_the_model_is_drawn_first(crew: Team, engine: Engine) -> None:
    """Sessions that nobody invited has opened, and whose clients agreed to secondary use, are drawn before others."""
    first, opened, *_ = store_sessions(engine, 2)
    apply_records(engine, record(conversation="c_no", consent=Consent(processing=True)))
    crew.store.open(crew.nele, opened.session_id)
    calibration_id = crew.open(size=1)
    with engine.connect() as connection:
        assert connection.scalar(text("SELECT session_id FROM calibration_moments")) == first.session_id
    whole = crew.store.calibrations.read(crew.mara, crew.open(size=3))
    assert whole is not None
    assert (whole.head.drawn, whole.counted) == (3, 2)
    assert calibration_id != whole.head.calibration_id


def test_one_model_alone_is_rated(crew: Team, engine: Engine) -> None:
    """Moments that another version of the model answered are left out: that of the latest answer counts."""
    store_sessions(engine, 2)
    other = MODEL.model_copy(update={"weights": "0.2"})
    newer = record(conversation="c_newer", consent=AGREED)
    apply_records(engine, answered(newer, {"model": other}), now=NOW + timedelta(hours=1))
    calibration = crew.store.calibrations.read(crew.mara, crew.open())
    assert calibration is not None
    assert (calibration.head.drawn, calibration.head.model.weights) == (1, "0.2")


def test_nothing_to_draw_opens_nothing(crew: Team) -> None:
    """Without a rated moment no calibration is opened."""
    outcome = crew.store.calibrations.open(crew.mara, [crew.nele.user_id], 5, LAST_DAY, "UTC")
    assert outcome == (CalibrationOutcome.NOTHING_TO_DRAW, None)
    assert crew.store.calibrations.listed(crew.mara) == ()


@pytest.mark.parametrize("day", [date(2026, 3, 2), date(2026, 4, 4), date(9999, 12, 31)])
def test_a_deadline_lies_ahead_and_not_too_far(crew: Team, engine: Engine, day: date) -> None:
    """A day that is over, and one after the longest time, are refused."""
    store_sessions(engine, 1)
    outcome = crew.store.calibrations.open(crew.mara, [crew.nele.user_id], 5, day, "UTC")
    assert outcome == (CalibrationOutcome.BAD_DEADLINE, None)


def test_the_deadline_is_the_end_of_the_day_on_the_readers_clocks(crew: Team, engine: Engine) -> None:
    """The last day ends at midnight of the zone, in which it is one hour before that of UTC in winter."""
    store_sessions(engine, 1)
    crew.open(zone="Europe/Berlin")
    (head,) = crew.store.calibrations.listed(crew.nele)
    assert head.deadline_at == datetime(2026, 3, 10, 23, 0, tzinfo=UTC)


def test_only_raters_see_a_calibration(crew: Team, engine: Engine) -> None:
    """A supervisor of the team who was not invited, a therapist and an operator find nothing; operators get numbers."""
    store_sessions(engine, 2)
    calibration_id = crew.open()
    otto = add_person(engine, "otto", AccountRole.OPERATOR)
    calibrations = crew.store.calibrations
    for viewer in (crew.pia, crew.ana, otto):
        assert calibrations.listed(viewer) == ()
        assert calibrations.waiting(viewer) == ()
        assert calibrations.read(viewer, calibration_id) is None
        assert calibrations.moment(viewer, calibration_id, 1) == (CalibrationOutcome.NOT_FOUND, None)
        assert crew.store.calibration_steps.rate(viewer, calibration_id, 1, said(WEAK)) is CalibrationOutcome.NOT_FOUND
        assert crew.store.calibration_steps.finish(viewer, calibration_id) is CalibrationOutcome.NOT_FOUND
    numbers = calibrations.counts(otto)
    assert numbers is not None
    assert (numbers.open, numbers.over) == (1, 0)
    assert calibrations.counts(crew.mara) is None
    crew.let_time_pass()
    numbers = calibrations.counts(otto)
    assert numbers is not None
    assert (numbers.open, numbers.over) == (0, 1)


def test_a_moment_is_read_without_names_levels_and_peers(crew: Team, engine: Engine) -> None:
    """To rate it, a rater reads context, client's turn and reply; no author, no level, nothing that others said."""
    store_sessions(engine, 1)
    calibration_id = crew.open()
    crew.store.calibration_steps.rate(crew.mara, calibration_id, 1, said(STRONG), "I am not sure.")
    outcome, words = crew.store.calibrations.moment(crew.nele, calibration_id, 1)
    assert outcome is CalibrationOutcome.DONE
    assert words is not None
    assert [each.text for each in (*words.client_turn, *words.reply)] == list(SAID)
    assert {each.author for each in (*words.client_turn, *words.reply)} == {""}
    assert (words.own, words.compared, words.shows_machine) == (None, None, False)
    assert words.calibration.compared == ()
    assert SAID[0] not in repr(words)
    assert trail(engine, "calibration") == ["done"]
    assert trail(engine, "calibration comparison") == []


def test_peers_are_hidden_until_ones_own_are_in(crew: Team, engine: Engine) -> None:
    """Who is done sees the ratings of those who are done too, and not of one who may still change them."""
    store_sessions(engine, 2)
    calibration_id = crew.open(crew.nele, crew.pia)
    crew.store.calibration_steps.rate(crew.pia, calibration_id, 1, said(STRONG))
    crew.rate_all(crew.mara, calibration_id)
    crew.rate_all(crew.nele, calibration_id, NONE)
    calibrations = crew.store.calibrations
    compared = calibrations.read(crew.mara, calibration_id)
    assert compared is not None
    assert [[each.name for each in moment.ratings.values()] for moment in compared.compared] == [["Mara", "Nele"]] * 2
    assert not compared.head.is_over
    hers = calibrations.read(crew.pia, calibration_id)
    assert hers is not None
    assert (hers.compared, hers.rated, hers.head.left) == ((), 1, 1)
    crew.let_time_pass()
    late = calibrations.read(crew.pia, calibration_id)
    assert late is not None
    assert late.head.is_over
    assert [each.name for each in late.compared[0].ratings.values()] == ["Mara", "Nele", "Pia"]


def test_the_model_stands_beside_a_moment_that_needs_no_settling(crew: Team, engine: Engine) -> None:
    """When all are done the model's levels are shown where nobody is far apart; where somebody is, not before."""
    store_sessions(engine, 2)
    calibration_id = crew.open()
    crew.rate_all(crew.mara, calibration_id, but={1: said(NONE, WEAK, WEAK, WEAK)})
    crew.rate_all(crew.nele, calibration_id, but={1: said(STRONG, WEAK, WEAK, WEAK)})
    _, apart = crew.store.calibrations.moment(crew.mara, calibration_id, 1)
    _, near = crew.store.calibrations.moment(crew.mara, calibration_id, 2)
    assert apart is not None
    assert near is not None
    assert (apart.to_settle, apart.shows_machine) == ((Mechanism.RESPECT_FOR_AUTONOMY,), False)
    assert (near.to_settle, near.shows_machine) == ((), True)
    assert (len(trail(engine, "calibration")), len(trail(engine, "calibration comparison"))) == (1, 1)


def test_the_notice_names_what_can_be_rated_the_nearest_deadline_first(crew: Team, engine: Engine) -> None:
    """A calibration waits until its rater is done or its deadline has passed, with the number that is left."""
    store_sessions(engine, 2)
    later, sooner = crew.open(day=date(2026, 3, 12)), crew.open()
    calibrations = crew.store.calibrations
    assert [each.calibration_id for each in calibrations.waiting(crew.nele)] == [sooner, later]
    crew.store.calibration_steps.rate(crew.nele, sooner, 1, said(WEAK))
    assert [each.left for each in calibrations.waiting(crew.nele)] == [1, 2]
    crew.rate_all(crew.nele, sooner)
    assert [each.calibration_id for each in calibrations.waiting(crew.nele)] == [later]
    crew.now = NOW + timedelta(days=11)
    assert calibrations.waiting(crew.nele) == ()
    assert {each.calibration_id for each in calibrations.listed(crew.nele)} == {later, sooner}


def test_sessions_to_rate_first_are_named_until_they_are_rated(crew: Team, engine: Engine) -> None:
    """A rater learns which sessions she should rate before she opens them, until she has."""
    first, second = store_sessions(engine, 2)
    calibration_id = crew.open()
    calibrations = crew.store.calibrations
    assert calibrations.to_rate_first(crew.nele) == {first.session_id, second.session_id}
    crew.store.calibration_steps.rate(crew.nele, calibration_id, 1, said(WEAK))
    assert len(calibrations.to_rate_first(crew.nele)) == 1
    assert calibrations.to_rate_first(crew.pia) == frozenset()


def test_withdrawn_erased_and_changed_moments_drop_out_and_are_counted(crew: Team, engine: Engine) -> None:
    """Nothing of a moment stays whose session was withdrawn or erased, or whose words were deleted or edited."""
    store_sessions(engine, 5)
    calibration_id = crew.open(crew.nele)
    crew.rate_all(crew.mara, calibration_id)
    common = {"tenant": TENANT}
    apply_records(
        engine,
        ConsentWithdrawal(**common, conversation_id="c_1", withdrawn_at=NOW),
        Erasure(**common, conversation_id="c_2", erasure_id=str(uuid4()), requested_at=NOW),
        Deletion(**common, conversation_id="c_3", message_id="m-2", deleted_at=NOW),
        Edit(
            **common,
            conversation_id="c_4",
            message_id="m-1",
            text="Other words.",
            edited_at=NOW,
            consent=Consent(processing=True),
        ),
    )
    calibration = crew.store.calibrations.read(crew.mara, calibration_id)
    assert calibration is not None
    assert (calibration.head.drawn, len(calibration.moments), calibration.dropped_out) == (5, 1, 4)
    left = calibration.moments[0].number
    for number in {1, 2, 3, 4, 5} - {left}:
        assert crew.store.calibrations.moment(crew.mara, calibration_id, number) == (CalibrationOutcome.GONE, None)
    assert crew.store.calibrations.moment(crew.mara, calibration_id, 6) == (CalibrationOutcome.NOT_FOUND, None)
    crew.rate_all(crew.nele, calibration_id)
    with engine.connect() as connection:
        assert connection.scalar(text("SELECT count(*) FROM calibration_ratings")) == 2


def test_words_that_had_their_time_are_rated_no_more_and_what_was_said_stays(crew: Team, engine: Engine) -> None:
    """After the retention of texts a moment cannot be rated; ratings of before are compared without the words."""
    store_sessions(engine, 2)
    calibration_id = crew.open()
    crew.rate_all(crew.mara, calibration_id)
    with transaction(engine) as session:
        session.execute(text("DELETE FROM messages"))
    calibrations = crew.store.calibrations
    hers = calibrations.read(crew.nele, calibration_id)
    assert hers is not None
    assert (hers.head.left, len(hers.moments), hers.next_number) == (0, 2, None)
    assert calibrations.moment(crew.nele, calibration_id, 1) == (CalibrationOutcome.GONE, None)
    assert crew.store.calibration_steps.rate(crew.nele, calibration_id, 1, said(WEAK)) is CalibrationOutcome.GONE
    _, words = calibrations.moment(crew.mara, calibration_id, 1)
    assert words is not None
    assert (words.client_turn, words.reply) == ((), ())
    assert words.compared is not None
    assert [each.name for each in words.compared.ratings.values()] == ["Mara"]


def test_who_leaves_the_team_sees_no_moment(crew: Team, engine: Engine) -> None:
    """A rater who may no longer read a session finds its moment dropped out, while others rate it."""
    store_sessions(engine, 2)
    calibration_id = crew.open()
    with transaction(engine) as session:
        session.execute(text("DELETE FROM memberships WHERE account_id = :id"), {"id": crew.nele.user_id})
    nele = crew.store.viewer(crew.nele.user_id)
    assert nele is not None
    hers, others = (crew.store.calibrations.read(viewer, calibration_id) for viewer in (nele, crew.mara))
    assert hers is not None
    assert others is not None
    assert (hers.dropped_out, others.dropped_out) == (2, 0)


def test_a_removed_rater_has_no_name(crew: Team, engine: Engine) -> None:
    """What a removed rater said stays under the name that all removed accounts have, as reviews do."""
    store_sessions(engine, 1)
    calibration_id = crew.open()
    crew.rate_all(crew.nele, calibration_id)
    with transaction(engine) as session:
        remove_account(session, crew.nele.user_id, NOW)
    crew.rate_all(crew.mara, calibration_id)
    calibration = crew.store.calibrations.read(crew.mara, calibration_id)
    assert calibration is not None
    assert [each.name for each in calibration.compared[0].ratings.values()] == ["Mara", REMOVED_NAME]


def test_a_therapist_sees_the_reading_among_the_openings(crew: Team, engine: Engine) -> None:
    """Who rated a moment, and who compared it, is among those who have read a released session."""
    (sent,) = store_sessions(engine, 1)
    calibration_id = crew.open()
    for viewer in (crew.mara, crew.nele):
        crew.store.calibrations.moment(viewer, calibration_id, 1)
        crew.rate_all(viewer, calibration_id)
    crew.store.calibrations.moment(crew.mara, calibration_id, 1)
    crew.store.decide(crew.mara, sent.session_id, 1, DecisionKind.RELEASED)
    openings = crew.store.openings(crew.ana, sent.session_id)
    assert {(each.name, each.kind.value) for each in openings} == {
        ("Mara", "calibration"),
        ("Nele", "calibration"),
        ("Mara", "calibration comparison"),
    }


def test_who_has_rated_a_moment_gives_no_blind_look(crew: Team, engine: Engine) -> None:
    """A moment of a calibration is one that the machine has confirmed, so its rater knows too much for a blind look."""
    (sent,) = store_sessions(engine, 1)
    crew.store.calibrations.moment(crew.nele, crew.open(), 1)
    for viewer, expected in ((crew.nele, True), (crew.pia, False)):
        with transaction(engine, viewer.user_id) as session:
            assert has_opened(session, sent.session_id) is expected
