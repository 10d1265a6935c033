"""Tests of the store: what each role may see and do, on one database."""

from datetime import timedelta
from uuid import UUID

import pytest
from sqlalchemy import Engine
from sqlmodel import Session, col, select

from plugin.database.needs import Need
from plugin.database.tables import AuditEntry
from plugin.database.viewer import AccountRole, Viewer
from plugin.queue import passwords
from plugin.queue.failed_logins import WINDOW
from plugin.queue.store import Store
from plugin.queue.views import DecisionKind, DecisionOutcome, SessionList
from stream.contracts.errors import Unavailable
from stream.contracts.feedback import Assessment, FeedbackRecord
from stream.contracts.vocabulary import Concern, LeftOut, Level, MarkKind, Mechanism, NeedsHuman, SessionState
from tests.plugin.conftest import People
from tests.plugin.samples import (
    KEK,
    NOW,
    PASSWORD,
    PLANTED,
    REJECTED,
    SAID,
    START,
    TENANT,
    add_person,
    answered,
    apply_records,
    left_out,
    mark,
    record,
    sure,
    without_content,
)


def trail(engine: Engine) -> list[tuple[str, str, str]]:
    """Return purpose, object and outcome of every audit entry, in any order."""
    with Session(engine) as session:
        entries = session.exec(select(AuditEntry).order_by(col(AuditEntry.entry_id))).all()
        return [(entry.purpose, entry.object_id, entry.outcome) for entry in entries]


def test_a_supervisor_opens_a_session_of_her_team_with_all_its_text(
    engine: Engine, store: Store, people: People
) -> None:
    """A supervisor opens a session of her team with its messages, moment, ratings, alternative and model."""
    sent = record()
    apply_records(engine, sent)
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


def test_the_repr_of_a_view_shows_no_text(engine: Engine, store: Store, people: People) -> None:
    """The repr of an opened session shows no text, since it may be logged by mistake."""
    sent = record()
    apply_records(engine, sent)
    view = store.open(people.supervisor, sent.session_id)
    assert "talking" not in repr(view)
    assert "Talking" not in repr(view)


def test_sessions_wait_in_order_of_need_and_then_oldest_first(engine: Engine, store: Store, people: People) -> None:
    """Waiting sessions are ordered by need and then by age, never by a score."""
    risk = mark(MarkKind.RISK_LANGUAGE, Concern.SUICIDE)
    critical = mark(MarkKind.CRITICAL_CONTENT, Concern.DELUSION)
    unanswered = mark(MarkKind.UNANSWERED_MOMENT)
    days = [START + timedelta(days=day) for day in range(9)]
    apply_records(
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
    waiting = store.waiting(people.supervisor).rows
    assert [row.started_at for row in waiting] == [days[i] for i in (7, 8, 5, 6, 3, 4, 2, 1, 0)]
    assert [row.need for row in waiting][::2] == [
        Need.RISK,
        Need.CRITICAL,
        Need.NEEDS_HUMAN,
        Need.UNANSWERED,
        Need.OTHER,
    ]


def test_a_row_has_the_facts_of_its_need(engine: Engine, store: Store, people: People) -> None:
    """A row has the facts that decided its need."""
    apply_records(engine, record(moments=2, level=Level.NONE, marks=(mark(MarkKind.UNANSWERED_MOMENT),)))
    (row,) = store.waiting(people.supervisor).rows
    assert row.facts.without_expression == tuple(Mechanism)
    assert (row.facts.unanswered, row.facts.needs_human, row.moments) == (1, 0, 2)


def test_a_moment_that_the_model_rejects_gives_no_need_and_is_not_counted(
    engine: Engine, store: Store, people: People
) -> None:
    """A rejected moment gives no need beside a confirmed one, and only the confirmed one is counted as shown."""
    apply_records(engine, answered(record(moments=2), {}, REJECTED))
    assert [(row.need, row.moments) for row in store.waiting(people.supervisor).rows] == [(Need.OTHER, 1)]


def test_planted_text_comes_before_other_levels_and_after_what_needs_a_person(
    engine: Engine, store: Store, people: People
) -> None:
    """A session with planted text stands above those without expression, and below those with unanswered moments."""
    days = [START + timedelta(days=day) for day in range(4)]
    apply_records(
        engine,
        record(started_at=days[0], level=Level.NONE),
        answered(record(started_at=days[1]), REJECTED | PLANTED),
        answered(record(started_at=days[2], level=Level.STRONG), PLANTED),
        record(started_at=days[3], marks=(mark(MarkKind.UNANSWERED_MOMENT),)),
    )
    waiting = store.waiting(people.supervisor).rows
    assert [row.started_at for row in waiting] == [days[i] for i in (3, 1, 2, 0)]
    assert [row.facts.possible_injection for row in waiting] == [0, 1, 1, 0]


def test_a_therapist_sees_what_was_shown_and_no_note_for_the_supervisor(
    engine: Engine, store: Store, people: People
) -> None:
    """A therapist sees the moments that the supervisor was shown at once, without planted text and confidence."""
    sent = answered(record(moments=6), *sure(0.9, 0.5, 0.7, 0.8), REJECTED | PLANTED, {"confidence": 0.2} | PLANTED)
    apply_records(engine, sent)
    assert store.decide(people.supervisor, sent.session_id, 1, DecisionKind.RELEASED) is DecisionOutcome.DONE
    view = store.open(people.ana, sent.session_id)
    assert view is not None
    assert [moment.client_turn for moment in view.moments] == [("m-1",), ("m-5",), ("m-7",), ("m-11",)]
    assert (view.further, view.not_confirmed, view.row.facts.possible_injection) == ((), 0, 0)
    for moment in view.moments:
        assert isinstance(moment.answer, Assessment)
        assert (moment.answer.possible_injection, moment.answer.confidence) == (False, None)
    assert [row.moments for row in store.own_sessions(people.ana)] == [4]


def test_sessions_left_out_are_listed_separately_with_their_reason(
    engine: Engine, store: Store, people: People
) -> None:
    """Sessions without feedback are listed separately, except those with risk language, which wait."""
    risk = mark(MarkKind.RISK_LANGUAGE, Concern.SELF_HARM)
    apply_records(
        engine, left_out(LeftOut.NO_RESISTANCE), left_out(started_at=START + timedelta(days=1), marks=(risk,))
    )
    waiting, apart = store.waiting(people.supervisor), store.left_out(people.supervisor)
    assert [row.left_out for row in apart.rows] == [LeftOut.NO_RESISTANCE]
    assert [row.left_out for row in waiting.rows] == [LeftOut.TOO_SHORT]
    assert (waiting.total, store.decided(people.supervisor).total, apart.total) == (1, 0, 1)


def test_a_left_out_session_with_risk_language_opens_with_its_message(
    engine: Engine, store: Store, people: People
) -> None:
    """A session left out with risk language opens with the mark and its message."""
    sent = left_out(marks=(mark(MarkKind.RISK_LANGUAGE, Concern.SUICIDE),), client_text="I want to end it all.")
    apply_records(engine, sent)
    view = store.open(people.supervisor, sent.session_id)
    assert view is not None
    assert [message.text for message in view.messages] == ["I want to end it all."]
    assert view.moments == ()
    assert view.marks == sent.marks


@pytest.mark.parametrize("who", ["other_supervisor", "ana", "ben", "operator"])
def test_an_unreleased_session_exists_for_its_own_supervisor_alone(
    engine: Engine, store: Store, people: People, who: str
) -> None:
    """An unreleased session can only be listed, opened and decided about by its own supervisor."""
    viewer: Viewer = getattr(people, who)
    sent = record()
    apply_records(engine, sent)
    assert store.open(viewer, sent.session_id) is None
    assert store.decide(viewer, sent.session_id, 1, DecisionKind.RELEASED) is DecisionOutcome.NOT_FOUND
    assert store.waiting(viewer) == store.decided(viewer) == store.left_out(viewer) == SessionList()
    assert store.own_sessions(viewer) == ()
    assert store.new_since(viewer, NOW - timedelta(days=7)) == ()


def test_a_therapist_sees_a_session_once_it_is_released(engine: Engine, store: Store, people: People) -> None:
    """A therapist sees a released session with his own moments, without need, marks or counts."""
    sent = record(level=Level.NONE, marks=(mark(MarkKind.UNANSWERED_MOMENT),))
    apply_records(engine, sent)
    assert store.decide(people.supervisor, sent.session_id, 1, DecisionKind.RELEASED) is DecisionOutcome.DONE
    (row,) = store.own_sessions(people.ana)
    assert (row.session_id, row.moments, row.released_by, row.released_at) == (sent.session_id, 1, "Mara", NOW)
    view = store.open(people.ana, sent.session_id)
    assert view is not None
    assert isinstance(view.moments[0].answer, Assessment)
    assert (view.row.need, view.row.facts.without_expression, view.marks) == (Need.OTHER, (), ())
    assert view.row.counts.messages == 0
    assert store.open(people.ben, sent.session_id) is None


def test_a_therapist_sees_no_moment_of_a_colleague(engine: Engine, store: Store, people: People) -> None:
    """In a session of two counsellors each sees only the moments with his own replies."""
    sent = record(moments=2)
    theirs = sent.exchanges[1].model_copy(update={"counsellor": "p_ben"})
    both = sent.model_copy(update={"exchanges": (sent.exchanges[0], theirs), "counsellors": ("p_ana", "p_ben")})
    apply_records(engine, both)
    store.decide(people.supervisor, sent.session_id, 1, DecisionKind.RELEASED)
    for viewer, messages in ((people.ana, ["m-1", "m-2"]), (people.ben, ["m-3", "m-4"])):
        view = store.open(viewer, sent.session_id)
        assert view is not None
        assert [message.message_id for message in view.messages] == messages
        assert view.row.counsellors == (viewer.display_name,)
        assert [row.moments for row in store.own_sessions(viewer)] == [1]


@pytest.mark.parametrize("sent", [record(abstain=NeedsHuman.MODEL_ABSTAINED), answered(record(), REJECTED | PLANTED)])
def test_a_release_without_a_rated_moment_shows_a_therapist_nothing(
    engine: Engine, store: Store, people: People, sent: FeedbackRecord
) -> None:
    """A released session with only an abstention or a rejected moment is shown to no therapist."""
    apply_records(engine, sent)
    assert store.decide(people.supervisor, sent.session_id, 1, DecisionKind.RELEASED) is DecisionOutcome.DONE
    assert store.own_sessions(people.ana) == ()
    assert store.open(people.ana, sent.session_id) is None
    view = store.open(people.supervisor, sent.session_id)
    assert view is not None
    assert len(view.moments) == 1


def test_a_later_decision_replaces_an_earlier_one(engine: Engine, store: Store, people: People) -> None:
    """A later decision replaces an earlier one, and the session stays among the decided."""
    sent = record()
    apply_records(engine, sent)
    store.decide(people.supervisor, sent.session_id, 1, DecisionKind.RELEASED)
    store.decide(people.supervisor, sent.session_id, 1, DecisionKind.WITHHELD)
    (row,) = store.decided(people.supervisor).rows
    assert row.decision is not None
    assert (row.decision.kind, row.decision.by, row.is_decided) == (DecisionKind.WITHHELD, "Mara", True)
    assert store.own_sessions(people.ana) == ()


def test_a_new_revision_waits_for_a_new_decision(engine: Engine, store: Store, people: People) -> None:
    """A new revision of a released session waits for a new decision, and its row shows the old one."""
    first = record()
    apply_records(engine, first)
    store.decide(people.supervisor, first.session_id, 1, DecisionKind.RELEASED)
    apply_records(engine, record(revision=2))
    assert store.own_sessions(people.ana) == ()
    (row,) = store.waiting(people.supervisor).rows
    assert row.decision is not None
    assert (row.decision.revision, row.is_decided) == (1, False)
    assert store.decide(people.supervisor, first.session_id, 1, DecisionKind.RELEASED) is DecisionOutcome.CHANGED
    assert store.decide(people.supervisor, first.session_id, 2, DecisionKind.RELEASED) is DecisionOutcome.DONE
    assert len(store.own_sessions(people.ana)) == 1


def test_a_reopened_session_is_hidden_from_everybody(engine: Engine, store: Store, people: People) -> None:
    """A reopened session is shown to nobody and cannot be decided about."""
    sent = record()
    apply_records(engine, sent)
    store.decide(people.supervisor, sent.session_id, 1, DecisionKind.RELEASED)
    apply_records(engine, without_content(sent, state=SessionState.REOPENED))
    for viewer in (people.supervisor, people.ana):
        assert store.open(viewer, sent.session_id) is None
    assert store.decided(people.supervisor).total == 0
    assert store.own_sessions(people.ana) == ()
    assert store.decide(people.supervisor, sent.session_id, 1, DecisionKind.WITHHELD) is DecisionOutcome.NOT_FOUND


def test_a_left_out_session_cannot_be_released_and_one_with_risk_can_be_withheld(
    engine: Engine, store: Store, people: People
) -> None:
    """A session without feedback cannot be released; one with risk language can be withheld."""
    plain = left_out()
    risk = left_out(started_at=START + timedelta(days=1), marks=(mark(MarkKind.RISK_LANGUAGE, Concern.HARM_TO_OTHERS),))
    apply_records(engine, plain, risk)
    decide = store.decide
    assert decide(people.supervisor, plain.session_id, 1, DecisionKind.WITHHELD) is DecisionOutcome.CHANGED
    assert decide(people.supervisor, risk.session_id, 1, DecisionKind.RELEASED) is DecisionOutcome.CHANGED
    assert decide(people.supervisor, risk.session_id, 1, DecisionKind.WITHHELD) is DecisionOutcome.DONE
    assert store.waiting(people.supervisor).rows == ()


def test_sessions_of_no_team_go_to_the_supervisor_of_the_platform(engine: Engine, store: Store, people: People) -> None:
    """Sessions without a team are shown to the supervisor of their platform and to nobody else."""
    whole = add_person(engine, "vera", AccountRole.SUPERVISOR, tenant=TENANT)
    nobody = left_out(LeftOut.NO_COUNSELLOR_MESSAGE, counsellors=())
    stranger = record(started_at=START + timedelta(days=1), counsellor="p_stranger")
    apply_records(engine, nobody, stranger, record(started_at=START + timedelta(days=2)))
    assert [row.session_id for row in store.left_out(whole).rows] == [nobody.session_id]
    assert [row.counsellors for row in store.waiting(whole).rows] == [("counsellor p_stra",)]
    assert store.open(people.supervisor, stranger.session_id) is None
    assert (
        store.open(add_person(engine, "wim", AccountRole.SUPERVISOR, tenant="elsewhere"), stranger.session_id) is None
    )


def test_the_same_pseudonym_on_another_platform_is_somebody_else(engine: Engine, store: Store) -> None:
    """A counsellor's pseudonym on another platform gives no right to a session."""
    supervisor = add_person(engine, "mara", AccountRole.SUPERVISOR, teams=("north",))
    add_person(engine, "ana", AccountRole.THERAPIST, teams=("north",), tenant="elsewhere", counsellor="p_ana")
    sent = record()
    apply_records(engine, sent)
    assert store.open(supervisor, sent.session_id) is None


def test_reading_text_and_deciding_are_audited(engine: Engine, store: Store, people: People) -> None:
    """The audit trail records each reading and decision with its outcome, also refused attempts."""
    sent = record()
    apply_records(engine, sent)
    store.open(people.supervisor, sent.session_id, request_id="r-1")
    store.open(people.ben, sent.session_id)
    store.decide(people.supervisor, sent.session_id, 1, DecisionKind.RELEASED)
    store.waiting(people.supervisor)
    name = str(sent.session_id)
    assert sorted(trail(engine)) == [
        ("released", name, "done"),
        ("review", name, "done"),
        ("review", name, "not_found"),
    ]
    with Session(engine) as session:
        read = session.exec(select(AuditEntry).where(col(AuditEntry.request_id) == "r-1")).one()
        assert (read.account_id, read.role) == (people.supervisor.user_id, "supervisor")


def test_a_login_needs_the_right_password(store: Store, people: People) -> None:
    """A login needs the right password, and the user name in any spelling."""
    assert store.authenticate(" MARA ", PASSWORD) == people.supervisor
    assert store.authenticate("mara", PASSWORD + "x") is None
    assert store.authenticate("correct horse battery", "x") is None
    assert store.authenticate("mara\x00", PASSWORD) is None
    assert store.authenticate("mara", "x" * 100_000) is None


def test_failures_are_one_entry_for_each_account_and_one_for_unknown_names(
    engine: Engine, store: Store, people: People
) -> None:
    """The trail gets one entry with a number for each account, one for all unknown names, and no name as typed."""
    with store:
        for number in range(30):
            store.authenticate(f"made up {number}", "x")
            store.authenticate("mara" if number % 3 else "ana", "x")
        assert trail(engine) == []
    assert sorted(trail(engine)) == [
        ("login", "", "denied 30 times"),
        *sorted(
            [
                ("login", str(people.supervisor.user_id), "denied 20 times"),
                ("login", str(people.ana.user_id), "denied 10 times"),
            ]
        ),
    ]


def test_failures_are_written_once_their_window_is_over(engine: Engine, people: People) -> None:
    """Failures reach the trail after ten minutes while the process runs, each of them once."""
    at = [NOW]
    store = Store(engine, KEK, now=lambda: at[0])
    store.authenticate("mara", "x")
    store.write_failed_logins()
    assert trail(engine) == []
    at[0] += WINDOW
    store.write_failed_logins()
    store.write_failed_logins()
    assert trail(engine) == [("login", str(people.supervisor.user_id), "denied 1 time")]


def test_failures_wait_while_the_database_is_away(
    engine: Engine, store: Store, people: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Failures that could not be written are kept and counted on."""
    store.authenticate("mara", "x")
    with monkeypatch.context() as patch:
        patch.setattr(store, "_transaction", raise_unavailable)
        with pytest.raises(Unavailable):
            store.write_failed_logins(whole=True)
    store.authenticate("mara", "x")
    store.write_failed_logins(whole=True)
    assert trail(engine) == [("login", str(people.supervisor.user_id), "denied 2 times")]


def raise_unavailable(*_arguments: object) -> None:
    """Stand in for a transaction while the database is away."""
    raise Unavailable("the database")


def test_no_connection_waits_for_a_hash(engine: Engine, people: People, monkeypatch: pytest.MonkeyPatch) -> None:
    """While a password is checked, for a known or an unknown name, no connection of the pool is in use."""
    in_use: list[int] = []
    real = passwords.is_correct

    def watched(password: str, expected: str | None) -> bool:
        in_use.append(engine.pool.checkedout())  # type: ignore[attr-defined]
        return real(password, expected)

    monkeypatch.setattr(passwords, "is_correct", watched)
    store = Store(engine, KEK, now=lambda: NOW)
    assert store.authenticate("mara", PASSWORD) == people.supervisor
    assert store.authenticate("nobody", PASSWORD) is None
    assert in_use == [0, 0]


@pytest.mark.parametrize("change", ["disable", "remove", "set_password"])
def test_a_change_during_the_check_of_a_password_wins(
    store: Store, people: People, monkeypatch: pytest.MonkeyPatch, change: str
) -> None:
    """A login fails if the account is disabled, removed or gets another password while its password is checked."""
    real = passwords.is_correct

    def slow(password: str, expected: str | None) -> bool:
        arguments = ("another password altogether",) if change == "set_password" else ()
        getattr(store.accounts, change)(people.supervisor.user_id, *arguments)
        return real(password, expected)

    monkeypatch.setattr(passwords, "is_correct", slow)
    assert store.authenticate("mara", PASSWORD) is None


def test_rights_are_read_by_id_or_user_name(store: Store, people: People) -> None:
    """A person's rights are read from the database by id or by user name."""
    assert store.viewer(people.ana.user_id) == people.ana
    assert store.find_viewer("Ana") == people.ana
    assert store.find_viewer("nobody") is None
    assert store.viewer(UUID(int=0)) is None


def test_an_operator_sees_only_numbers(engine: Engine, store: Store, people: People) -> None:
    """An operator sees the numbers of sessions by state and by team, and other roles do not."""
    days = [START + timedelta(days=day) for day in range(5)]
    reopened = record(started_at=days[3])
    apply_records(
        engine,
        record(started_at=days[1]),
        left_out(started_at=days[0]),
        reopened,
        without_content(reopened, state=SessionState.REOPENED),
        without_content(record(started_at=days[4], counsellor="p_stranger"), state=SessionState.ERASED),
    )
    counts = store.operator_counts(people.operator)
    assert counts is not None
    assert (counts.stored, counts.reopened, counts.erased, counts.waiting, counts.without_team) == (1, 1, 1, 1, 1)
    assert counts.left_out == {LeftOut.TOO_SHORT: 1, LeftOut.NO_CONSENT: 1}
    assert counts.oldest_waiting == days[1] + timedelta(minutes=45)
    assert store.operator_counts(people.supervisor) is None


def test_totals_count_every_finished_session(engine: Engine, store: Store) -> None:
    """Totals count each finished session as stored or left out, and the answers of the latest revisions."""
    again = record(revision=2, edits=1)
    apply_records(
        engine,
        record(),
        again,
        left_out(conversation="c_2"),
        record(conversation="c_3", abstain=NeedsHuman.MODEL_FAILED),
    )
    account = store.conversation_totals(TENANT, ["c_sample", "c_2", "c_3", "c_4"])
    assert (account.sessions, account.stored, account.left_out) == (3, 2, {LeftOut.TOO_SHORT: 1})
    assert (account.assessments, account.abstentions) == (1, {NeedsHuman.MODEL_FAILED: 1})
    assert store.conversation_totals("elsewhere", ["c_sample"]).sessions == 0
