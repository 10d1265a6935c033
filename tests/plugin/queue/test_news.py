"""Tests of what is new for one person: sessions that came, and what others did, after a time and up to another."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

import pytest
from sqlalchemy import Engine
from sqlmodel import col, select

from plugin.database.engine import transaction
from plugin.database.tables import AuditEntry
from plugin.database.viewer import AccountRole, Viewer
from plugin.queue import news
from plugin.queue.dispute_views import Ground
from plugin.queue.news import FIRST_DAYS, SETTLED_AFTER, ChangeKind, News, NewsCounts, count_news
from plugin.queue.review_views import Judgement, Opinion
from plugin.queue.statements import STRENGTHS
from plugin.queue.store import Store
from plugin.queue.views import DecisionKind, DecisionOutcome
from stream.contracts.feedback import FeedbackRecord
from stream.contracts.vocabulary import LeftOut
from tests.plugin.conftest import People
from tests.plugin.samples import KEK, NOW, START, add_person, apply_records, left_out, record

MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)
STANDS = Opinion(Judgement.AGREED)


@dataclass
class House:
    """A database with people, on a clock that a test moves."""

    engine: Engine
    people: People
    now: datetime = NOW

    @property
    def store(self) -> Store:
        """The store on this clock."""
        return Store(self.engine, KEK, now=lambda: self.now)

    def come(self, *records: FeedbackRecord) -> None:
        """Store records now, and let a minute pass."""
        apply_records(self.engine, *records, now=self.now)
        self.now += MINUTE

    def release(self, sent: FeedbackRecord) -> None:
        """Release a session now, and let a minute pass."""
        done = self.store.decide(self.people.supervisor, sent.session_id, sent.revision, DecisionKind.RELEASED)
        assert done is DecisionOutcome.DONE
        self.now += MINUTE

    def news(self, viewer: Viewer) -> News:
        """Return what is new for a person."""
        return self.store.digests.news(viewer)

    def read(self, viewer: Viewer) -> None:
        """Let a person say that they have read what is new, and let a minute pass."""
        self.store.digests.mark_read(viewer, self.news(viewer).until)
        self.now += MINUTE

    def dispute(self, sent: FeedbackRecord, released: datetime) -> None:
        """Let Ana dispute the strengths, and let a minute pass."""
        answer = sent.assessments[0].assessment_id
        done = self.store.disputes.dispute(
            self.people.ana, sent.session_id, released, answer, STRENGTHS, Ground.UNCLEAR, "Which words?"
        )
        assert done is DecisionOutcome.DONE
        self.now += MINUTE

    def resolve(self, sent: FeedbackRecord) -> None:
        """Let the supervisor resolve the dispute, and let a minute pass."""
        view = self.store.open(self.people.supervisor, sent.session_id)
        assert view is not None
        (dispute,) = view.disputes
        done = self.store.disputes.resolve(
            self.people.supervisor,
            sent.session_id,
            dispute.dispute_id,
            len(dispute.steps),
            STANDS,
            "Those of line two.",
        )
        assert done is DecisionOutcome.DONE
        self.now += MINUTE


@pytest.fixture
def house(engine: Engine, people: People) -> House:
    """Return the house."""
    return House(engine, people)


def many(number: int) -> list[FeedbackRecord]:
    """Return sessions of different days."""
    return [record(conversation=f"c_{at}", started_at=START + at * DAY) for at in range(number)]


@pytest.fixture
def pages_of_four(monkeypatch: pytest.MonkeyPatch) -> int:
    """Show at most four new sessions at once, since many take long to store; return that number."""
    monkeypatch.setattr(news, "SHOWN_AT_ONCE", 4)
    return 4


def test_a_session_is_new_until_it_is_read(house: House) -> None:
    """A session is new however often its supervisor looks, until she says that she has read it."""
    house.come(sent := record())
    mara = house.people.supervisor
    assert house.news(mara).sessions == house.news(mara).sessions == (sent.session_id,)
    house.read(mara)
    assert house.news(mara).sessions == ()
    assert house.news(mara).since == house.now - MINUTE - SETTLED_AFTER


def test_what_comes_meanwhile_stays_new(house: House) -> None:
    """The mark is that of the page: a session that came after it was opened is still new."""
    house.come(record())
    mara = house.people.supervisor
    page = house.news(mara)
    house.come(later := record(conversation="c_later"))
    house.store.digests.mark_read(mara, page.until)
    assert house.news(mara).sessions == (later.session_id,)


def test_news_end_a_little_before_the_present(house: House) -> None:
    """What was stored this very moment is not new yet, since something earlier may still be on its way."""
    apply_records(house.engine, record(), now=house.now)
    assert house.news(house.people.supervisor).sessions == ()
    house.now += SETTLED_AFTER
    assert len(house.news(house.people.supervisor).sessions) == 1


def test_the_mark_never_goes_back_nor_ahead(house: House) -> None:
    """An old page that is sent again changes nothing, and a time in the future counts as the present."""
    house.come(record())
    mara, digests = house.people.supervisor, house.store.digests
    digests.mark_read(mara, house.now)
    digests.mark_read(mara, house.now - DAY)
    assert house.news(mara).since == house.now
    digests.mark_read(mara, house.now + 365 * DAY)
    assert house.news(mara).since == house.now


def test_without_a_mark_a_week_is_new(house: House) -> None:
    """For somebody who has never said that they have read, the last seven days are new."""
    house.come(record())
    assert house.news(house.people.supervisor).since == house.now - timedelta(days=FIRST_DAYS)
    house.now += 8 * DAY
    assert house.news(house.people.supervisor).sessions == ()


def test_each_person_has_news_of_their_own(house: House) -> None:
    """A supervisor has the sessions of her team, a therapist what was released to them, nobody those of others."""
    house.come(north := record(), record(conversation="c_south", counsellor="p_ben"))
    people = house.people
    assert house.news(people.supervisor).sessions == (north.session_id,)
    assert house.news(people.ana).sessions == ()
    house.release(north)
    assert house.news(people.ana).sessions == (north.session_id,)
    assert house.news(people.ben).sessions == ()
    assert house.news(people.operator).sessions == ()


def test_a_session_without_feedback_is_no_news(house: House) -> None:
    """A session that was left out is no news, as it is not in the queue."""
    house.come(left_out(LeftOut.TOO_SHORT))
    assert house.news(house.people.supervisor).sessions == ()


def test_more_sessions_than_a_page_holds_come_one_page_after_the_other(house: House, pages_of_four: int) -> None:
    """Reading page after page, each session is shown once, and those that came at one time stay together."""
    sent = many(2 * pages_of_four + 5)
    house.come(*sent[:3])
    for each in sent[3:-4]:
        house.come(each)
    house.come(*sent[-4:])
    mara, shown, pages = house.people.supervisor, list[object](), 0
    while (new := house.news(mara)).sessions:
        assert new.more == len(sent) - len(shown) - len(new.sessions)
        shown += new.sessions
        pages += 1
        house.read(mara)
    assert sorted(map(str, shown)) == sorted(str(each.session_id) for each in sent)
    assert pages == 3


def test_those_that_came_at_one_time_are_on_one_page(house: House, pages_of_four: int) -> None:
    """A page that ends among sessions of one time shows them all, since the mark could not part them."""
    house.come(*many(pages_of_four + 3))
    new = house.news(house.people.supervisor)
    assert (len(new.sessions), new.more) == (pages_of_four + 3, 0)


def test_what_others_did_is_new(house: House) -> None:
    """A supervisor reads who acknowledged and disputed; the therapist that her dispute was decided."""
    house.come(sent := record())
    released = house.now
    house.release(sent)
    mara, ana = house.people.supervisor, house.people.ana
    house.read(mara)
    assert house.store.disputes.acknowledge(ana, sent.session_id, released) is DecisionOutcome.DONE
    house.now += MINUTE
    house.dispute(sent, released)
    assert [(each.kind, each.by, each.session_id) for each in house.news(mara).changes] == [
        (ChangeKind.ACKNOWLEDGED, "Ana", sent.session_id),
        (ChangeKind.DISPUTED, "Ana", sent.session_id),
    ]
    assert house.news(ana).changes == ()
    house.resolve(sent)
    assert [each.kind for each in house.news(ana).changes] == [ChangeKind.RESOLVED]
    assert ChangeKind.RESOLVED not in {each.kind for each in house.news(mara).changes}, "her own step is no news"
    since = house.news(mara).since
    with transaction(house.engine, mara.user_id) as session:
        counts = count_news(session, mara, since, house.now)
    assert counts == NewsCounts(acknowledged=1, disputed=1)


def test_another_supervisor_of_the_team_reads_a_resolution(house: House) -> None:
    """A second supervisor of the team reads that the first one has decided a dispute, and an escalation as disputed."""
    second = add_person(house.engine, "sara", AccountRole.SUPERVISOR, teams=("north",))
    house.come(sent := record())
    released = house.now
    house.release(sent)
    house.dispute(sent, released)
    house.read(second)
    house.resolve(sent)
    assert [(each.kind, each.by) for each in house.news(second).changes] == [(ChangeKind.RESOLVED, "Mara")]
    view = house.store.open(house.people.ana, sent.session_id)
    assert view is not None
    (dispute,) = view.disputes
    done = house.store.disputes.escalate(house.people.ana, sent.session_id, dispute.dispute_id, 1)
    assert done is DecisionOutcome.DONE
    house.now += MINUTE
    with transaction(house.engine, second.user_id) as session:
        counts = count_news(session, second, released, house.now)
    assert (counts.disputed, counts.resolved) == (2, 1)


def test_a_dispute_that_was_withdrawn_is_no_news(house: House) -> None:
    """A supervisor never reads of a dispute that was taken back before it was decided."""
    house.come(sent := record())
    released = house.now
    house.release(sent)
    house.dispute(sent, released)
    ana = house.people.ana
    view = house.store.open(ana, sent.session_id)
    assert view is not None
    assert house.store.disputes.withdraw(ana, sent.session_id, view.disputes[0].dispute_id, 0) is DecisionOutcome.DONE
    house.now += MINUTE
    assert house.news(house.people.supervisor).changes == ()


def test_a_session_that_is_withdrawn_is_no_news_any_more(
    house: House, withdraw: Callable[[FeedbackRecord], None]
) -> None:
    """A session whose client withdrew consent is in no news and in no number."""
    house.come(sent := record())
    withdraw(sent)
    assert house.news(house.people.supervisor).sessions == ()


@pytest.fixture
def withdraw(house: House) -> Callable[[FeedbackRecord], None]:
    """Return a function that withdraws the consent of a session's client."""
    from stream.contracts.messages import ConsentWithdrawal

    def end(sent: FeedbackRecord) -> None:
        gone = ConsentWithdrawal(
            tenant=sent.tenant, conversation_id=sent.conversation_id, withdrawn_at=sent.last_appended_at
        )
        apply_records(house.engine, gone, now=house.now)
        house.now += MINUTE

    return end


def test_looking_reads_no_text(house: House) -> None:
    """Neither news nor numbers open a session; the mark is on the trail, without what was read."""
    house.come(record())
    house.read(house.people.supervisor)
    with transaction(house.engine) as session:
        entries = session.exec(select(AuditEntry).order_by(col(AuditEntry.seq))).all()
        assert [(each.purpose, each.object_type, each.account_id) for each in entries] == [
            ("digest read", "account", house.people.supervisor.user_id)
        ]


def test_an_invitation_to_a_calibration_is_news_once(house: House) -> None:
    """Who is invited to rate learns it in the news and in the numbers; who invites and who is not a rater do not."""
    nele = add_person(house.engine, "nele", AccountRole.SUPERVISOR, teams=("north",))
    mara = house.people.supervisor
    house.come(record())
    invited, day = [nele.user_id], (NOW + 5 * DAY).date()
    since, opened_at = house.now, house.now
    _, calibration = house.store.calibrations.open(mara, invited, 5, day, "UTC")
    house.now += MINUTE
    (invitation,) = house.news(nele).invitations
    assert (invitation.calibration_id, invitation.by, invitation.at) == (calibration, "Mara", opened_at)
    for viewer in (mara, house.people.other_supervisor, house.people.ana):
        assert house.news(viewer).invitations == ()
    with transaction(house.engine) as session:
        assert count_news(session, nele, since - MINUTE, house.now).calibrations == 1
        assert count_news(session, nele, since, house.now).calibrations == 0
        assert count_news(session, mara, since - MINUTE, house.now).calibrations == 0
    house.read(nele)
    assert house.news(nele).is_nothing


def test_an_invitation_alone_is_worth_a_digest() -> None:
    """A day on which nothing but an invitation came is not one without news."""
    assert NewsCounts().is_nothing
    assert not NewsCounts(calibrations=1).is_nothing
