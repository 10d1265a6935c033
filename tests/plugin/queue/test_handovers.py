"""Tests of hand-overs on a real database: who has a session, what that keeps others from, and how it ends."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text

from plugin.crypto.keys import WrongKey
from plugin.privacy.erasure import Eraser
from plugin.privacy.retention import RetentionCutoffs, RetentionRunner
from plugin.queue.claims import CLAIM_LASTS
from plugin.queue.filters import EVERYTHING, HandedTo, QueueFilter, QueueList, QueueOrder
from plugin.queue.handover_views import HandoverKind
from plugin.queue.news import ChangeKind
from plugin.queue.review_views import Judgement, Opinion
from plugin.queue.statements import VERDICT
from plugin.queue.views import DecisionKind, DecisionOutcome
from stream.contracts.feedback import FeedbackRecord
from stream.contracts.messages import ConsentWithdrawal, Deletion
from stream.contracts.vocabulary import Concern, MarkKind, SessionState
from stream.runtime.settings import RetentionSettings
from tests.fixtures.waiting import DEADLOCK_S
from tests.plugin.privacy.stored_sessions import RecordingAnnouncer, conversation_subject, count_rows
from tests.plugin.queue.desks import DONE, REASON, Desks, desks
from tests.plugin.samples import CONVERSATION, KEK, NOW, START, TENANT, left_out, mark, record, without_content

__all__ = ["desks"]

SENT = record()
WITH_ANOTHER, CHANGED = DecisionOutcome.WITH_ANOTHER, DecisionOutcome.CHANGED


def test_a_session_is_with_whom_it_was_handed_to(desks: Desks) -> None:
    """Everybody who reviews sees with whom a session is and by whom; its history has each reason in order."""
    desks.come(SENT)
    assert desks.with_whom(SENT) is None
    assert desks.hand(desks.mara, SENT, desks.nele) is DONE
    for viewer in (desks.mara, desks.nele, desks.lena):
        stands = desks.row(viewer, SENT).assignment
        assert stands is not None
        assert (stands.name, stands.by, stands.kind, stands.at) == ("Nele", "Mara", HandoverKind.HANDED_OVER, NOW)
    assert desks.send_back(desks.nele, SENT, to_sender=True) is DONE
    assert desks.with_whom(SENT) == "Mara"
    assert desks.hand(desks.mara, SENT, desks.lena) is DONE
    assert desks.take(desks.nele, SENT) is DONE
    assert desks.send_back(desks.nele, SENT) is DONE
    assert desks.with_whom(SENT) is None
    history = desks.view(desks.mara, SENT).handovers
    assert [(each.number, each.kind, each.by, each.to) for each in history] == [
        (1, HandoverKind.HANDED_OVER, "Mara", "Nele"),
        (2, HandoverKind.SENT_BACK, "Nele", "Mara"),
        (3, HandoverKind.HANDED_OVER, "Mara", "Lena"),
        (4, HandoverKind.TAKEN_OVER, "Nele", "Nele"),
        (5, HandoverKind.SENT_BACK, "Nele", None),
    ]
    assert {each.text for each in history} == {REASON}
    assert REASON not in repr(history)


def test_a_colleague_is_who_may_review_the_session_too(desks: Desks) -> None:
    """It can go to a supervisor of the team or a lead, by the alphabet, and to nobody else, whoever asks."""
    desks.come(SENT, south := record(conversation="c_south", counsellor="p_ben"))
    assert [(each.name, each.is_lead) for each in desks.view(desks.mara, SENT).colleagues] == [
        ("Nele", False),
        ("Lena", True),
    ]
    for receiver in (desks.olga, desks.ana, desks.mara):
        assert desks.hand(desks.mara, SENT, receiver) is DecisionOutcome.NOT_FOR_THEM
    assert desks.store.handovers.hand_over(desks.mara, SENT.session_id, 0, uuid4(), REASON) is (
        DecisionOutcome.NOT_FOR_THEM
    )
    for stranger in (desks.olga, desks.ana):
        assert desks.hand(stranger, SENT, desks.nele) is DecisionOutcome.NOT_FOUND
    assert desks.hand(desks.mara, south, desks.nele) is DecisionOutcome.NOT_FOUND
    assert desks.hand(desks.lena, SENT, desks.nele) is DONE
    assert count_rows(desks.engine, "handovers") == {"handovers": 1}


# --- what it keeps others from ---


def test_nobody_else_reviews_or_decides_before_taking_it_over(desks: Desks) -> None:
    """While a session is with Nele, others read it and write for themselves, and take it over with a reason."""
    desks.come(SENT)
    desks.hand(desks.mara, SENT, desks.nele)
    answer = SENT.assessments[0].assessment_id
    reviews, agreed = desks.store.reviews, Opinion(Judgement.AGREED)
    for other in (desks.mara, desks.lena):
        assert reviews.claim(other, SENT.session_id) is WITH_ANOTHER
        assert reviews.judge(other, SENT.session_id, 1, answer, VERDICT, agreed) is WITH_ANOTHER
        assert reviews.add_note(other, SENT.session_id, None, "Shared.", shared=True) is WITH_ANOTHER
        assert reviews.add_note(other, SENT.session_id, None, "For me.", shared=False) is DONE
        assert desks.decide(other, SENT) is WITH_ANOTHER
        assert desks.hand(other, SENT, desks.nele) is WITH_ANOTHER
        assert desks.send_back(other, SENT) is CHANGED
    assert desks.take(desks.nele, SENT) is CHANGED
    assert desks.take(desks.mara, SENT) is DONE
    assert reviews.claim(desks.mara, SENT.session_id) is DONE
    assert reviews.claim(desks.nele, SENT.session_id) is DecisionOutcome.CLAIMED


def test_handing_over_ends_the_claim_of_who_does(desks: Desks) -> None:
    """A claimed session is handed over by its claimant alone, and the colleague can begin at once."""
    desks.come(SENT)
    desks.store.reviews.claim(desks.mara, SENT.session_id)
    assert desks.hand(desks.nele, SENT, desks.lena) is DecisionOutcome.CLAIMED
    assert desks.hand(desks.mara, SENT, desks.nele) is DONE
    assert desks.row(desks.mara, SENT).claim is None
    assert desks.store.reviews.claim(desks.nele, SENT.session_id) is DONE
    assert desks.take(desks.mara, SENT) is DecisionOutcome.CLAIMED
    desks.now += CLAIM_LASTS
    assert desks.take(desks.mara, SENT) is DONE


def test_who_holds_the_claim_goes_on(desks: Desks) -> None:
    """A claim that somebody got while an assignment did not count is kept when it counts again."""
    desks.come(SENT)
    desks.hand(desks.mara, SENT, desks.nele)
    desks.store.accounts.disable(desks.nele.user_id)
    assert desks.store.reviews.claim(desks.mara, SENT.session_id) is DONE
    desks.store.accounts.enable(desks.nele.user_id)
    assert desks.with_whom(SENT) == "Nele"
    assert desks.store.reviews.claim(desks.nele, SENT.session_id) is DecisionOutcome.CLAIMED
    assert desks.decide(desks.mara, SENT) is DONE


# --- two at once ---


def test_of_two_who_act_on_what_they_read_one_is_refused(desks: Desks) -> None:
    """Two people who have read the same page have one outcome each, and the second step overwrites nothing."""
    desks.come(SENT)
    assert desks.hand(desks.mara, SENT, desks.nele, seen=0) is DONE
    assert desks.hand(desks.lena, SENT, desks.mara, seen=0) is CHANGED
    assert desks.store.handovers.take_over(desks.lena, SENT.session_id, 0, REASON) is CHANGED
    assert desks.with_whom(SENT) == "Nele"


def test_two_steps_at_the_same_moment_have_one_outcome_each(desks: Desks) -> None:
    """Of hand-overs at the same moment one is done and the others find that something has changed."""
    desks.come(SENT)
    together = Barrier(4)

    def act(number: int) -> DecisionOutcome:
        together.wait(DEADLOCK_S)
        giver, receiver = (desks.mara, desks.nele) if number % 2 else (desks.nele, desks.mara)
        return desks.hand(giver, SENT, receiver, seen=0)

    with ThreadPoolExecutor(4) as pool:
        outcomes = list(pool.map(act, range(4)))
    assert sorted(outcomes) == sorted([DONE, CHANGED, CHANGED, CHANGED])
    assert count_rows(desks.engine, "handovers") == {"handovers": 1}


# --- how it ends ---


@pytest.mark.parametrize("kind", DecisionKind)
def test_an_assignment_ends_with_the_decision(desks: Desks, kind: DecisionKind) -> None:
    """A decided session is with nobody and cannot be handed over; a new revision of it waits in the queue."""
    desks.come(SENT)
    desks.hand(desks.mara, SENT, desks.nele)
    assert desks.decide(desks.nele, SENT, kind) is DONE
    assert desks.with_whom(SENT) is None
    assert desks.hand(desks.nele, SENT, desks.mara) is CHANGED
    assert desks.view(desks.nele, SENT).colleagues == ()
    desks.come(again := record(revision=2, moments=2))
    assert desks.with_whom(again) is None
    assert desks.decide(desks.mara, again) is DONE


def test_a_new_revision_before_the_decision_stays_with_whom_it_was(desks: Desks) -> None:
    """A late message does not take a session from whom it was handed to; while it is open again nobody sees it."""
    desks.come(SENT)
    desks.hand(desks.mara, SENT, desks.nele)
    desks.come(without_content(SENT, state=SessionState.REOPENED))
    assert desks.hand(desks.nele, SENT, desks.mara) is DecisionOutcome.NOT_FOUND
    desks.come(again := record(revision=2, moments=2))
    assert desks.with_whom(again) == "Nele"
    assert desks.decide(desks.mara, again) is WITH_ANOTHER


@pytest.mark.parametrize("how", ["disabled", "removed", "out of the team"])
def test_an_assignment_ends_when_its_person_may_not_review_any_more(desks: Desks, how: str) -> None:
    """Once the person is disabled, removed or out of the team, the session is in the queue and anybody reviews it."""
    desks.come(SENT)
    desks.hand(desks.mara, SENT, desks.nele)
    accounts, nele = desks.store.accounts, desks.nele.user_id
    match how:
        case "disabled":
            accounts.disable(nele)
        case "removed":
            accounts.remove(nele)
        case _:
            accounts.change_teams(nele, add=["south"], remove=["north"])
    assert desks.with_whom(SENT) is None
    assert desks.store.waiting(desks.mara, QueueFilter(handed=HandedTo.OTHERS)).rows == ()
    assert desks.store.reviews.claim(desks.mara, SENT.session_id) is DONE
    assert desks.hand(desks.mara, SENT, desks.lena) is DONE


def test_what_does_not_wait_is_not_handed_over(desks: Desks) -> None:
    """A session that was left out is handed over only if risk language keeps it in the queue."""
    risk = mark(MarkKind.RISK_LANGUAGE, Concern.SUICIDE)
    apart, risky = left_out(conversation="c_apart"), left_out(conversation="c_risk", marks=(risk,))
    desks.come(apart, risky)
    assert desks.hand(desks.mara, apart, desks.nele) is CHANGED
    assert desks.hand(desks.mara, risky, desks.nele) is DONE


# --- lists ---


def test_what_was_handed_over_comes_first_in_the_waiting_list(desks: Desks) -> None:
    """In the order of need Nele's list begins with what is with her; for others, and in other orders, nothing moves."""
    risk = record(conversation="c_risk", marks=(mark(MarkKind.RISK_LANGUAGE, Concern.SUICIDE),))
    first, second = record(conversation="c_1"), record(conversation="c_2")
    desks.come(risk, first, second)
    by_need = desks.waiting(desks.mara)
    assert by_need[0] == risk.session_id
    for sent in (first, second):
        desks.hand(desks.mara, sent, desks.nele)
    assert desks.waiting(desks.mara) == by_need
    assert desks.waiting(desks.nele) == [*by_need[1:], risk.session_id]
    assert desks.store.waiting(desks.nele).handed == 2
    mara, nele = (
        desks.store.waiting(each, QueueFilter(order=QueueOrder.AGE)).rows for each in (desks.mara, desks.nele)
    )
    assert [row.session_id for row in nele] == [row.session_id for row in mara]


def test_a_list_is_filtered_by_who_has_the_sessions(desks: Desks) -> None:
    """The filter leaves what was handed to the reader, or to others, of the sessions that she may see."""
    hers, theirs, free = (record(conversation=f"c_{number}") for number in range(3))
    desks.come(hers, theirs, free, record(conversation="c_south", counsellor="p_ben"))
    desks.hand(desks.nele, hers, desks.mara)
    desks.hand(desks.mara, theirs, desks.lena)
    for handed, expected in ((HandedTo.ME, hers), (HandedTo.OTHERS, theirs)):
        page = desks.store.waiting(desks.mara, QueueFilter(handed=handed))
        assert [row.session_id for row in page.rows] == [expected.session_id]
        assert (page.matching, page.total) == (1, 3)


def test_every_session_stands_on_one_page_and_next_leads_through_them(
    desks: Desks, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Pages hold each session once, and what others have is passed over on the way to the next one."""
    monkeypatch.setattr("plugin.queue.paging.PAGE", 2)
    sent = [record(conversation=f"c_{number}") for number in range(5)]
    desks.come(*sent)
    desks.hand(desks.mara, sent[3], desks.nele)
    desks.hand(desks.nele, sent[1], desks.mara)
    order, after = [], None
    while True:
        page = desks.store.waiting(desks.nele, after=after)
        order += [row.session_id for row in page.rows]
        if not page.goes_on:
            break
        after = order[-1]
    assert order[0] == sent[3].session_id
    assert sorted(order) == sorted(each.session_id for each in sent)
    walked, at = [], None
    while (at := desks.store.next_session(desks.nele, QueueList.WAITING, EVERYTHING, at)) is not None:
        walked.append(at)
    assert walked == [each for each in order if each != sent[1].session_id]


@pytest.mark.parametrize("step", ["decide", "send back", "hand on"])
def test_after_one_that_was_handed_over_the_next_of_them_comes(desks: Desks, step: str) -> None:
    """After a decision about the first of what is with her, Nele goes on to the second, and then to the list."""
    risk = record(conversation="c_risk", marks=(mark(MarkKind.RISK_LANGUAGE, Concern.SUICIDE),))
    first, second = record(conversation="c_1"), record(conversation="c_2", started_at=START.replace(hour=20))
    desks.come(risk, first, second)
    for sent in (first, second):
        desks.hand(desks.mara, sent, desks.nele)

    def finish(sent: FeedbackRecord) -> None:
        match step:
            case "decide":
                assert desks.decide(desks.nele, sent) is DONE
            case "send back":
                assert desks.send_back(desks.nele, sent) is DONE
            case _:
                assert desks.hand(desks.nele, sent, desks.lena) is DONE

    def following(sent: FeedbackRecord) -> UUID | None:
        return desks.store.next_session(desks.nele, QueueList.WAITING, EVERYTHING, sent.session_id)

    finish(first)
    assert following(first) == second.session_id
    finish(second)
    assert following(second) == risk.session_id


# --- who learns of it ---


def test_a_therapist_never_learns_of_it(desks: Desks) -> None:
    """The therapist of a released session sees no hand-over, no reason and no colleague."""
    desks.come(SENT)
    desks.hand(desks.mara, SENT, desks.nele)
    desks.decide(desks.nele, SENT)
    view = desks.view(desks.ana, SENT)
    assert (view.handovers, view.colleagues, view.row.assignment) == ((), (), None)


def test_who_gets_a_session_reads_it_in_the_news(desks: Desks) -> None:
    """A hand-over is news for its receiver while the session is with them, and for nobody else."""
    desks.come(SENT)
    desks.hand(desks.mara, SENT, desks.lena)
    desks.wait(minutes=1)
    digests = desks.store.digests
    (change,) = digests.news(desks.lena).changes
    assert (change.kind, change.by, change.session_id) == (ChangeKind.HANDED_OVER, "Mara", SENT.session_id)
    for viewer in (desks.mara, desks.nele, desks.ana):
        assert ChangeKind.HANDED_OVER not in {each.kind for each in digests.news(viewer).changes}
    desks.take(desks.nele, SENT)
    assert digests.news(desks.lena).changes == digests.news(desks.nele).changes == ()


def test_each_step_is_on_the_trail_without_its_reason(desks: Desks) -> None:
    """The trail has each step, done or refused, and names the colleague in an entry of their own."""
    desks.come(SENT)
    desks.hand(desks.mara, SENT, desks.nele)
    desks.hand(desks.mara, SENT, desks.lena)
    desks.take(desks.mara, SENT)
    desks.send_back(desks.mara, SENT)
    session, nele = str(SENT.session_id), str(desks.nele.user_id)
    assert desks.trail("purpose", "object_type", "object_id", "outcome") == [
        ("hand over", "handover", session, "done"),
        ("hand over", "account", nele, "done"),
        ("hand over", "handover", session, "with_another"),
        ("take over", "handover", session, "done"),
        ("send back", "handover", session, "done"),
    ]
    assert "Monday" not in repr(desks.trail("*"))


# --- what removes it ---


def test_a_reason_moved_to_another_row_does_not_decrypt(desks: Desks) -> None:
    """The reason of one hand-over in the row of another does not decrypt."""
    desks.come(SENT)
    desks.hand(desks.mara, SENT, desks.nele)
    desks.send_back(desks.nele, SENT)
    with desks.engine.begin() as connection:
        connection.execute(
            text("UPDATE handovers SET words = (SELECT words FROM handovers WHERE number = 2) WHERE number = 1")
        )
    with pytest.raises(WrongKey, match=r"handovers\.words"):
        desks.store.open(desks.mara, SENT.session_id)


def test_a_changed_message_takes_the_reason_and_leaves_the_session_where_it_is(desks: Desks) -> None:
    """After a deletion, which a reason may quote, the reason is gone and the session is still with its colleague."""
    desks.come(SENT)
    desks.hand(desks.mara, SENT, desks.nele)
    desks.come(Deletion(tenant=TENANT, conversation_id=CONVERSATION, message_id="m-1", deleted_at=NOW))
    assert desks.with_whom(SENT) == "Nele"
    assert [each.text for each in desks.view(desks.mara, SENT).handovers] == [""]


def test_a_withdrawal_and_an_erasure_leave_no_hand_over_and_no_key(desks: Desks) -> None:
    """Of a session that was withdrawn or erased neither a hand-over nor the key of its conversation is left."""
    gone = ConsentWithdrawal(tenant=TENANT, conversation_id=CONVERSATION, withdrawn_at=NOW)
    desks.come(SENT, other := record(conversation="c_other"))
    for sent in (SENT, other):
        desks.hand(desks.mara, sent, desks.nele)
    desks.come(gone)
    assert count_rows(desks.engine, "handovers", "conversation_keys") == {"handovers": 1, "conversation_keys": 1}
    eraser = Eraser(desks.engine, KEK, RecordingAnnouncer(), now=lambda: NOW)
    assert eraser.erase(conversation_subject("c_other")).complete
    assert count_rows(desks.engine, "handovers", "conversation_keys") == {"handovers": 0, "conversation_keys": 0}


def test_retention_takes_the_reasons_with_the_quotes(desks: Desks) -> None:
    """Reasons go when quotes go, with the key; that a session was handed over stays until the session goes."""
    desks.come(SENT)
    desks.hand(desks.mara, SENT, desks.nele)
    settings = RetentionSettings()
    for days, left in ((settings.text_days + 1, 1), (settings.quotes_days + 1, 0)):
        desks.now = START
        desks.wait(days=days)
        RetentionRunner(desks.engine, RetentionCutoffs.at(desks.now, settings), now=lambda: desks.now).run()
        with desks.engine.connect() as connection:
            assert connection.scalar(text("SELECT count(words) FROM handovers")) == left
            assert connection.scalar(text("SELECT count(*) FROM conversation_keys")) == left
    assert desks.with_whom(SENT) == "Nele"
    assert desks.hand(desks.nele, SENT, desks.mara) is CHANGED, "its reason could not be encrypted any more"


def test_the_name_of_a_removed_account_goes_from_the_history(desks: Desks) -> None:
    """What a removed supervisor did stays in the history as that of a removed account."""
    desks.come(SENT)
    desks.hand(desks.nele, SENT, desks.mara)
    desks.store.accounts.remove(desks.nele.user_id)
    (one,) = desks.view(desks.mara, SENT).handovers
    assert one.by == "Removed account"
    assert desks.send_back(desks.mara, SENT, to_sender=True) is DecisionOutcome.NOT_FOR_THEM
