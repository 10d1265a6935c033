"""What each person may see and do: one database, every role."""

from datetime import timedelta
from uuid import UUID

import pytest
from sqlalchemy import Engine
from sqlmodel import Session, col, select

from plugin.database.needs import Need
from plugin.database.tables import AuditEntry
from plugin.database.viewer import AccountRole, Viewer
from plugin.queue.lists import LIST_LIMIT
from plugin.queue.store import Store
from plugin.queue.views import DecisionKind, Outcome
from stream.contracts.feedback import Abstention, Assessment
from stream.contracts.vocabulary import Concern, LeftOut, Level, MarkKind, Mechanism, NeedsHuman, SessionState, Verdict
from tests.plugin.conftest import People
from tests.plugin.samples import (
    NOW,
    PASSWORD,
    SAID,
    START,
    TENANT,
    hidden,
    left_out,
    mark,
    person,
    put,
    record,
)


def trail(engine: Engine) -> list[tuple[str, str, str]]:
    """Purpose, object and outcome of every entry, in any order."""
    with Session(engine) as session:
        entries = session.exec(select(AuditEntry).order_by(col(AuditEntry.entry_id))).all()
        return [(entry.purpose, entry.object_id, entry.outcome) for entry in entries]


def test_a_supervisor_opens_a_session_of_her_team_with_all_its_words(
    engine: Engine, store: Store, people: People
) -> None:
    """Messages, moment, ratings with quotes, the alternative and the model come out as they went in."""
    sent = record()
    put(engine, sent)
    view = store.open(people.supervisor, sent.session_id)
    assert view is not None
    assert [message.text for message in view.messages] == list(SAID)
    assert [message.author for message in view.messages] == ["", "Ana"]
    (moment,) = view.moments
    assert moment.answer == sent.assessments[0]
    assert (moment.client_turn, moment.reply, moment.counsellor) == (("m-1",), ("m-2",), "Ana")
    assert moment.cues == sent.exchanges[0].cues
    assert view.detector == sent.detector
    assert view.row.counsellors == ("Ana",)
    assert view.row.counts == sent.counts


def test_no_repr_of_a_view_shows_words(engine: Engine, store: Store, people: People) -> None:
    """What lands in a log by mistake holds nobody's words."""
    sent = record()
    put(engine, sent)
    view = store.open(people.supervisor, sent.session_id)
    assert "talking" not in repr(view)
    assert "Talking" not in repr(view)


def test_sessions_wait_in_order_of_need_and_then_oldest_first(engine: Engine, store: Store, people: People) -> None:
    """Risk, critical content, needs human, unanswered, without expression, the rest; never by a score."""
    risk = mark(MarkKind.RISK_LANGUAGE, Concern.SUICIDE)
    critical = mark(MarkKind.CRITICAL_CONTENT, Concern.DELUSION)
    unanswered = mark(MarkKind.UNANSWERED_MOMENT)
    days = [START + timedelta(days=day) for day in range(9)]
    put(
        engine,
        record(started_at=days[0]),
        record(started_at=days[1], level=Level.NONE),
        record(started_at=days[2], marks=(unanswered,)),
        record(started_at=days[3], level=None),
        record(started_at=days[4], abstain=NeedsHuman.MODEL_FAILED),
        record(started_at=days[5], marks=(critical,)),
        record(started_at=days[6], abstain=NeedsHuman.CRITICAL_CONTENT),
        record(started_at=days[8], marks=(risk,)),
        left_out(started_at=days[7], marks=(risk,)),
    )
    waiting = store.queue(people.supervisor).waiting
    assert [row.started_at for row in waiting] == [days[i] for i in (7, 8, 5, 6, 3, 4, 2, 1, 0)]
    assert [row.need for row in waiting][::2] == [
        Need.RISK,
        Need.CRITICAL,
        Need.NEEDS_HUMAN,
        Need.UNANSWERED,
        Need.OTHER,
    ]


def test_a_row_says_why_it_is_where_it_is(engine: Engine, store: Store, people: People) -> None:
    """Concerns, moments for a person, unanswered moments and mechanisms without expression, as facts."""
    put(engine, record(moments=2, level=Level.NONE, marks=(mark(MarkKind.UNANSWERED_MOMENT),)))
    (row,) = store.queue(people.supervisor).waiting
    assert row.facts.without_expression == tuple(Mechanism)
    assert (row.facts.unanswered, row.facts.needs_human, row.moments) == (1, 0, 2)


def test_a_moment_that_the_model_rejects_gives_no_need(engine: Engine, store: Store, people: People) -> None:
    """What is no resistance cannot have been handled without expression."""
    put(engine, record(level=Level.NONE, verdict=Verdict.REJECTED))
    assert [row.need for row in store.queue(people.supervisor).waiting] == [Need.OTHER]


def test_sessions_left_out_are_listed_apart_with_their_reason(engine: Engine, store: Store, people: People) -> None:
    """They do not wait; the one with risk language does."""
    risk = mark(MarkKind.RISK_LANGUAGE, Concern.SELF_HARM)
    put(engine, left_out(LeftOut.NO_RESISTANCE), left_out(started_at=START + timedelta(days=1), marks=(risk,)))
    lists = store.queue(people.supervisor)
    assert [row.left_out for row in lists.left_out] == [LeftOut.NO_RESISTANCE]
    assert [row.left_out for row in lists.waiting] == [LeftOut.TOO_SHORT]
    assert (lists.waiting_total, lists.decided_total, lists.left_out_total) == (1, 0, 1)


def test_a_left_out_session_with_risk_language_opens_with_the_words_it_is_about(
    engine: Engine, store: Store, people: People
) -> None:
    """No moment, but the mark and its message."""
    sent = left_out(marks=(mark(MarkKind.RISK_LANGUAGE, Concern.SUICIDE),), client_text="I want to end it all.")
    put(engine, sent)
    view = store.open(people.supervisor, sent.session_id)
    assert view is not None
    assert [message.text for message in view.messages] == ["I want to end it all."]
    assert view.moments == ()
    assert view.marks == sent.marks


def test_lists_are_cut_and_totals_are_not(engine: Engine, store: Store, people: People) -> None:
    """A week of a large service stays a page that loads."""
    put(engine, *(left_out(started_at=START + timedelta(hours=hour)) for hour in range(LIST_LIMIT + 1)))
    lists = store.queue(people.supervisor)
    assert (len(lists.left_out), lists.left_out_total) == (LIST_LIMIT, LIST_LIMIT + 1)
    assert lists.left_out[0].started_at == START + timedelta(hours=LIST_LIMIT)


@pytest.mark.parametrize("who", ["other_supervisor", "ana", "ben", "operator"])
def test_an_unreleased_session_exists_for_its_own_supervisor_alone(
    engine: Engine, store: Store, people: People, who: str
) -> None:
    """For everybody else it is not there: neither listed nor opened, and not to be decided about."""
    viewer: Viewer = getattr(people, who)
    sent = record()
    put(engine, sent)
    assert store.open(viewer, sent.session_id) is None
    assert store.decide(viewer, sent.session_id, 1, DecisionKind.RELEASED) is Outcome.NOT_FOUND
    lists = store.queue(viewer)
    assert (lists.waiting, lists.decided, lists.left_out) == ((), (), ())
    assert (lists.waiting_total, lists.decided_total, lists.left_out_total) == (0, 0, 0)
    assert store.own(viewer) == ()
    assert store.new_since(viewer, NOW - timedelta(days=7)) == ()


def test_a_therapist_sees_a_session_once_it_is_released(engine: Engine, store: Store, people: People) -> None:
    """The own moments with their messages; no place in a queue, no marks, no counts."""
    sent = record(level=Level.NONE, marks=(mark(MarkKind.UNANSWERED_MOMENT),))
    put(engine, sent)
    assert store.decide(people.supervisor, sent.session_id, 1, DecisionKind.RELEASED) is Outcome.DONE
    (row,) = store.own(people.ana)
    assert (row.session_id, row.moments, row.released_by, row.released_at) == (sent.session_id, 1, "Mara", NOW)
    view = store.open(people.ana, sent.session_id)
    assert view is not None
    assert isinstance(view.moments[0].answer, Assessment)
    assert (view.row.need, view.row.facts.without_expression, view.marks) == (Need.OTHER, (), ())
    assert view.row.counts.messages == 0
    assert store.open(people.ben, sent.session_id) is None


def test_a_therapist_sees_no_moment_of_a_colleague(engine: Engine, store: Store, people: People) -> None:
    """In a session of two counsellors each reads the replies of his own."""
    sent = record(moments=2)
    theirs = sent.exchanges[1].model_copy(update={"counsellor": "p_ben"})
    both = sent.model_copy(update={"exchanges": (sent.exchanges[0], theirs), "counsellors": ("p_ana", "p_ben")})
    put(engine, both)
    store.decide(people.supervisor, sent.session_id, 1, DecisionKind.RELEASED)
    for viewer, messages in ((people.ana, ["m-1", "m-2"]), (people.ben, ["m-3", "m-4"])):
        view = store.open(viewer, sent.session_id)
        assert view is not None
        assert [message.message_id for message in view.messages] == messages
        assert view.row.counsellors == (viewer.display_name,)
        assert [row.moments for row in store.own(viewer)] == [1]


@pytest.mark.parametrize("nothing", [{"abstain": NeedsHuman.MODEL_ABSTAINED}, {"verdict": Verdict.REJECTED}])
def test_a_release_without_a_rated_moment_shows_a_therapist_nothing(
    engine: Engine, store: Store, people: People, nothing: dict[str, NeedsHuman | Verdict]
) -> None:
    """An abstention or a rejected moment is for the supervisor."""
    sent = record(**nothing)  # type: ignore[arg-type]
    put(engine, sent)
    assert store.decide(people.supervisor, sent.session_id, 1, DecisionKind.RELEASED) is Outcome.DONE
    assert store.own(people.ana) == ()
    assert store.open(people.ana, sent.session_id) is None
    view = store.open(people.supervisor, sent.session_id)
    assert view is not None
    assert isinstance(view.moments[0].answer, Abstention if "abstain" in nothing else Assessment)


def test_a_decision_may_be_taken_back(engine: Engine, store: Store, people: People) -> None:
    """The later one stands; the session is listed among the decided either way."""
    sent = record()
    put(engine, sent)
    store.decide(people.supervisor, sent.session_id, 1, DecisionKind.RELEASED)
    store.decide(people.supervisor, sent.session_id, 1, DecisionKind.WITHHELD)
    (row,) = store.queue(people.supervisor).decided
    assert row.decision is not None
    assert (row.decision.kind, row.decision.by, row.is_decided) == (DecisionKind.WITHHELD, "Mara", True)
    assert store.own(people.ana) == ()


def test_a_new_revision_waits_for_a_new_decision(engine: Engine, store: Store, people: People) -> None:
    """Nobody releases what nobody has seen: the old release shows, and holds no longer."""
    first = record()
    put(engine, first)
    store.decide(people.supervisor, first.session_id, 1, DecisionKind.RELEASED)
    put(engine, record(revision=2))
    assert store.own(people.ana) == ()
    (row,) = store.queue(people.supervisor).waiting
    assert row.decision is not None
    assert (row.decision.revision, row.is_decided) == (1, False)
    assert store.decide(people.supervisor, first.session_id, 1, DecisionKind.RELEASED) is Outcome.CHANGED
    assert store.decide(people.supervisor, first.session_id, 2, DecisionKind.RELEASED) is Outcome.DONE
    assert len(store.own(people.ana)) == 1


def test_a_reopened_session_is_hidden_from_everybody(engine: Engine, store: Store, people: People) -> None:
    """Until it closes again there is nothing to see, release or not."""
    sent = record()
    put(engine, sent)
    store.decide(people.supervisor, sent.session_id, 1, DecisionKind.RELEASED)
    put(engine, hidden(sent, state=SessionState.REOPENED))
    for viewer in (people.supervisor, people.ana):
        assert store.open(viewer, sent.session_id) is None
    assert store.queue(people.supervisor).decided_total == 0
    assert store.own(people.ana) == ()
    assert store.decide(people.supervisor, sent.session_id, 1, DecisionKind.WITHHELD) is Outcome.NOT_FOUND


def test_a_left_out_session_cannot_be_released_and_one_with_risk_can_be_put_away(
    engine: Engine, store: Store, people: People
) -> None:
    """There is nothing to release; but somebody has looked."""
    plain = left_out()
    risk = left_out(started_at=START + timedelta(days=1), marks=(mark(MarkKind.RISK_LANGUAGE, Concern.HARM_TO_OTHERS),))
    put(engine, plain, risk)
    decide = store.decide
    assert decide(people.supervisor, plain.session_id, 1, DecisionKind.WITHHELD) is Outcome.CHANGED
    assert decide(people.supervisor, risk.session_id, 1, DecisionKind.RELEASED) is Outcome.CHANGED
    assert decide(people.supervisor, risk.session_id, 1, DecisionKind.WITHHELD) is Outcome.DONE
    assert store.queue(people.supervisor).waiting == ()


def test_sessions_of_no_team_go_to_the_supervisor_of_the_platform(engine: Engine, store: Store, people: People) -> None:
    """Otherwise a client whom nobody answered would be seen by nobody."""
    whole = person(engine, "vera", AccountRole.SUPERVISOR, tenant=TENANT)
    nobody = left_out(LeftOut.NO_COUNSELLOR_MESSAGE, counsellors=())
    stranger = record(started_at=START + timedelta(days=1), counsellor="p_stranger")
    put(engine, nobody, stranger, record(started_at=START + timedelta(days=2)))
    lists = store.queue(whole)
    assert [row.session_id for row in lists.left_out] == [nobody.session_id]
    assert [row.counsellors for row in lists.waiting] == [("counsellor p_stra",)]
    assert store.open(people.supervisor, stranger.session_id) is None
    assert store.open(person(engine, "wim", AccountRole.SUPERVISOR, tenant="elsewhere"), stranger.session_id) is None


def test_the_same_pseudonym_on_another_platform_is_somebody_else(engine: Engine, store: Store) -> None:
    """Rights go by tenant and counsellor together."""
    supervisor = person(engine, "mara", AccountRole.SUPERVISOR, teams=("north",))
    person(engine, "ana", AccountRole.THERAPIST, teams=("north",), tenant="elsewhere", counsellor="p_ana")
    sent = record()
    put(engine, sent)
    assert store.open(supervisor, sent.session_id) is None


def test_reading_text_and_deciding_are_on_the_trail(engine: Engine, store: Store, people: People) -> None:
    """Who, what for, which session, with what outcome; attempts at what is not theirs too."""
    sent = record()
    put(engine, sent)
    store.open(people.supervisor, sent.session_id, request_id="r-1")
    store.open(people.ben, sent.session_id)
    store.decide(people.supervisor, sent.session_id, 1, DecisionKind.RELEASED)
    store.queue(people.supervisor)
    name = str(sent.session_id)
    assert sorted(trail(engine)) == [
        ("released", name, "done"),
        ("review", name, "done"),
        ("review", name, "not_found"),
    ]
    with Session(engine) as session:
        read = session.exec(select(AuditEntry).where(col(AuditEntry.request_id) == "r-1")).one()
        assert (read.account_id, read.role, read.at) == (people.supervisor.user_id, "supervisor", NOW)


def test_a_login_needs_the_right_password_and_leaves_no_typed_name(
    engine: Engine, store: Store, people: People
) -> None:
    """A name that is nobody's may be a password typed into the wrong field."""
    assert store.authenticate(" MARA ", PASSWORD) == people.supervisor
    assert store.authenticate("mara", PASSWORD + "x") is None
    assert store.authenticate("correct horse battery", "x") is None
    assert store.authenticate("mara\x00", PASSWORD) is None
    assert store.authenticate("mara", "x" * 100_000) is None
    assert sorted(trail(engine)) == [
        ("login", "", "denied"),
        ("login", "", "denied"),
        ("login", "", "denied"),
        ("login", "", "denied"),
        ("login", str(people.supervisor.user_id), "done"),
    ]


def test_rights_are_read_anew_by_id(store: Store, people: People) -> None:
    """A cookie holds an id; what it may is in the database."""
    assert store.viewer(people.ana.user_id) == people.ana
    assert store.viewer_named("Ana") == people.ana
    assert store.viewer_named("nobody") is None
    assert store.viewer(UUID(int=0)) is None


def test_an_operator_sees_numbers_alone(engine: Engine, store: Store, people: People) -> None:
    """Stored, left out by reason, erased, reopened, waiting and since when, and what no team sees."""
    days = [START + timedelta(days=day) for day in range(5)]
    reopened = record(started_at=days[3])
    put(
        engine,
        record(started_at=days[1]),
        left_out(started_at=days[0]),
        reopened,
        hidden(reopened, state=SessionState.REOPENED),
        hidden(record(started_at=days[4], counsellor="p_stranger"), state=SessionState.ERASED),
    )
    counts = store.counts(people.operator)
    assert counts is not None
    assert (counts.stored, counts.reopened, counts.erased, counts.waiting, counts.without_team) == (1, 1, 1, 1, 1)
    assert counts.left_out == {LeftOut.TOO_SHORT: 1, LeftOut.NO_CONSENT: 1}
    assert counts.oldest_waiting == days[1] + timedelta(minutes=45)
    assert store.counts(people.supervisor) is None


def test_every_finished_session_of_a_replay_is_accounted_for(engine: Engine, store: Store) -> None:
    """Sessions = stored + left out; answers are those of the latest revisions."""
    again = record(revision=2, edits=1)
    put(
        engine,
        record(),
        again,
        left_out(conversation="c_2"),
        record(conversation="c_3", abstain=NeedsHuman.MODEL_FAILED),
    )
    account = store.sessions_of(TENANT, ["c_sample", "c_2", "c_3", "c_4"])
    assert (account.sessions, account.stored, account.left_out) == (3, 2, {LeftOut.TOO_SHORT: 1})
    assert (account.assessments, account.abstentions) == (1, {NeedsHuman.MODEL_FAILED: 1})
    assert store.sessions_of("elsewhere", ["c_sample"]).sessions == 0
