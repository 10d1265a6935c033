"""The store of the supervisor queue, for pages and commands.

Each method is one transaction and applies the person's rights; reading text is recorded in the audit trail.
"""

from collections.abc import Callable, Collection, Mapping
from contextlib import AbstractContextManager
from datetime import datetime
from typing import Final, Self
from uuid import UUID

from sqlalchemy import Connection, Engine
from sqlmodel import Session

from plugin.crypto.keys import KeyEncryptionKey
from plugin.database.audit import add_audit_entry
from plugin.database.engine import Database, connect, transaction, utc_now
from plugin.database.key_encryption_key import check_key_encryption_key, key_encryption_key
from plugin.database.tables import Account
from plugin.database.viewer import AccountRole, Viewer
from plugin.plain_text import counted
from plugin.queue import lists, passwords
from plugin.queue.account_changes import Accounts
from plugin.queue.accounts import find_account, viewer_of
from plugin.queue.alphabet import TherapistName, therapists_of
from plugin.queue.calibration_steps import CalibrationSteps
from plugin.queue.calibrations import Calibrations
from plugin.queue.claims import keep_read_revision
from plugin.queue.criteria import Criteria
from plugin.queue.decisions import NO_DECISION, AskedDecision, lock_sessions, store_decision
from plugin.queue.digest_preferences import with_chosen_zone
from plugin.queue.digests import Digests
from plugin.queue.disputes import Disputes
from plugin.queue.export_entries import ExportLine, exports_about_account
from plugin.queue.failed_logins import FailedLogins
from plugin.queue.filters import EVERYTHING, QueueFilter, QueueList
from plugin.queue.follow_ups import DueFollowUps, due_follow_ups
from plugin.queue.handovers import Handovers
from plugin.queue.looks import Looks
from plugin.queue.moments_across import MomentsAcross
from plugin.queue.note_threads import NoteThreads
from plugin.queue.opening import open_session
from plugin.queue.openings import Opening, openings_of
from plugin.queue.outcomes import Outcomes
from plugin.queue.own_list import own_sessions
from plugin.queue.paging import PAGE, next_session, read_page
from plugin.queue.people import PeopleMapping
from plugin.queue.practice import Practice
from plugin.queue.provider_accounts import ProviderAccounts
from plugin.queue.quality import Quality, read_quality
from plugin.queue.receivers import Receivers
from plugin.queue.rehearsals import Rehearsals
from plugin.queue.replies import Replies
from plugin.queue.reviews import Reviews
from plugin.queue.risk_signals import RiskSignals
from plugin.queue.rubric_notes import RubricNotes
from plugin.queue.saved_views import SavedViews
from plugin.queue.team_numbers import TeamNumbers
from plugin.queue.tokens import Tokens
from plugin.queue.trend_reading import Trends
from plugin.queue.views import (
    ConversationTotals,
    DecisionKind,
    DecisionOutcome,
    OperatorCounts,
    OwnSessionRow,
    SessionList,
    SessionRow,
    SessionView,
)
from plugin.time_zones import NO_ZONE
from stream.contracts.errors import CounterpointError
from stream.contracts.vocabulary import LeftOut
from stream.runtime.logging import get_logger
from stream.runtime.settings import Settings, required_secret

REVIEW: Final = "review"
"""The purpose of opening a session on its page, where it counts as read; a digest and a sample have their own."""


def open_store(settings: Settings) -> "Store":
    """Return the store of these settings, which connects when first used.

    Raises:
        Misconfigured: the URL or the key is missing or wrong.
    """
    engine = connect(required_secret(settings.database.url, "database.url"))
    return Store(engine, key_encryption_key(settings), now=utc_now, zone=settings.web.time_zone)


class Store:
    """A store of sessions and decisions. Every method may raise `Unavailable` when the database is away.

    `zone` is the time zone of who has chosen none.
    """

    def __init__(
        self,
        engine: Engine,
        kek: KeyEncryptionKey,
        *,
        now: Callable[[], datetime],
        zone: str = NO_ZONE,
        begun: Connection | None = None,
    ) -> None:
        self._engine = engine
        self._database: Database = engine if begun is None else begun
        self._kek = kek
        self._now = now
        self._zone = zone
        self._failed_logins = FailedLogins()

    def __enter__(self) -> Self:
        """Return the store, for use in a `with` block."""
        return self

    def __exit__(self, *_error: object) -> None:
        """Write the failed logins that are not on the trail yet, and close all connections."""
        try:
            self.write_failed_logins(whole=True)
        except CounterpointError as error:
            get_logger().error("failed_logins_not_on_trail", error_type=type(error).__name__)
        self._engine.dispose()

    def within(self, begun: Connection) -> Self:
        """Return the same store, of which every transaction is a part of the one that has begun on a connection."""
        return type(self)(self._engine, self._kek, now=self._now, zone=self._zone, begun=begun)

    @property
    def accounts(self) -> Accounts:
        """The accounts of the same database."""
        return Accounts(self._database, now=self._now)

    @property
    def people_mapping(self) -> PeopleMapping:
        """The people of the same database and a mapping of them."""
        return PeopleMapping(self._database, now=self._now)

    @property
    def provider_accounts(self) -> ProviderAccounts:
        """The accounts of people who log in at the OpenID Connect provider."""
        return ProviderAccounts(
            self._database,
            now=self._now,
            count_denied=lambda account_id: self._failed_logins.add(account_id, self._now()),
        )

    @property
    def reviews(self) -> Reviews:
        """The reviews of the sessions of the same database."""
        return Reviews(self._database, self._kek, now=self._now)

    @property
    def handovers(self) -> Handovers:
        """The hand-overs of the sessions of the same database."""
        return Handovers(self._database, self._kek, now=self._now)

    @property
    def note_threads(self) -> NoteThreads:
        """The comments under the coaching notes of the same database."""
        return NoteThreads(self._database, self._kek, now=self._now)

    @property
    def saved_views(self) -> SavedViews:
        """The views of the waiting list that the supervisors of the same database have saved."""
        return SavedViews(self._database, now=self._now)

    @property
    def criteria(self) -> Criteria:
        """The service's own criteria."""
        return Criteria(self._database, now=self._now)

    @property
    def disputes(self) -> Disputes:
        """The acknowledgements and disputes of the sessions of the same database."""
        return Disputes(self._database, self._kek, now=self._now)

    @property
    def looks(self) -> Looks:
        """The blind looks at the sessions of the same database."""
        return Looks(self._database, self._kek, now=self._now)

    @property
    def calibrations(self) -> Calibrations:
        """The calibrations of the same database, to open and to read."""
        return Calibrations(self._database, self._kek, now=self._now)

    @property
    def calibration_steps(self) -> CalibrationSteps:
        """The steps that raters take in those calibrations."""
        return CalibrationSteps(self._database, self._kek, now=self._now)

    @property
    def moments(self) -> MomentsAcross:
        """The moments of the same database across its sessions."""
        return MomentsAcross(self._database, self._kek, now=self._now)

    @property
    def digests(self) -> Digests:
        """The digests of the people of the same database."""
        return Digests(self._database, now=self._now)

    @property
    def rehearsals(self) -> Rehearsals:
        """The rehearsals of the therapists of the same database."""
        return Rehearsals(self._database, self._kek, now=self._now)

    @property
    def practice(self) -> Practice:
        """What the therapists of the same database write to practise."""
        return Practice(self._database, self._kek, now=self._now)

    @property
    def team_numbers(self) -> TeamNumbers:
        """The numbers about the sessions of all teams that somebody reviews."""
        return TeamNumbers(self._database, now=self._now)

    @property
    def trends(self) -> Trends:
        """The trends of the therapists of the same database."""
        return Trends(self._database)

    @property
    def outcomes(self) -> Outcomes:
        """What clients and counsellors gave, which an operator's program adds."""
        return Outcomes(self._database, now=self._now)

    @property
    def risk_signals(self) -> RiskSignals:
        """The risk signals of the platforms of the same database, to acknowledge."""
        return RiskSignals(self._database, now=self._now)

    @property
    def receivers(self) -> Receivers:
        """The stored receivers of the same database."""
        return Receivers(self._database, now=self._now)

    @property
    def rubric_notes(self) -> RubricNotes:
        """The rubric notes of the same database."""
        return RubricNotes(self._database, self._kek, now=self._now)

    @property
    def engine(self) -> Engine:
        """The database, for what pages and programs read of it that is no part of the queue."""
        return self._engine

    @property
    def tokens(self) -> Tokens:
        """The tokens of the accounts of the same database."""
        return Tokens(self._database, self._failed_logins, now=self._now, zone=self._zone)

    @property
    def replies(self) -> Replies:
        """The replies to requests with an idempotency key."""
        return Replies(self._database, now=self._now)

    def ping(self) -> None:
        """Check that the database answers and was filled with this key encryption key.

        Raises:
            Misconfigured: its data keys were wrapped by another key encryption key.
        """
        with self._transaction() as session:
            check_key_encryption_key(session, self._kek)

    def viewer(self, user_id: UUID) -> Viewer | None:
        """Return a person by id with the rights and the zone they have now, or None if no such account is enabled."""
        with transaction(self._database, user_id) as session:
            row = session.get(Account, user_id)
            if row is None or row.disabled_at is not None:
                return None
            return with_chosen_zone(session, viewer_of(session, row), self._zone)

    def find_viewer(self, username: str) -> Viewer | None:
        """Return a person by user name, or None; for commands on the operator's own machine."""
        with self._transaction() as session:
            row = find_account(session, username)
            return None if row is None or row.disabled_at is not None else viewer_of(session, row)

    def authenticate(self, username: str, password: str, *, request_id: str = "") -> Viewer | None:
        """Return the person if the password is theirs; the trail records a login at once, and failures in numbers.

        The password is checked between two transactions, so that no connection waits for the hash. An unknown name, a
        disabled account and a wrong password take as long. An unknown name is never stored: it may be a password.
        """
        with self._transaction() as session:
            row = find_account(session, username)
            account_id, expected = (None, None) if row is None else (row.account_id, row.password_hash)
        if passwords.is_correct(password, expected):
            with self._transaction() as session:
                row = session.get(Account, account_id)
                if row is not None and row.disabled_at is None and row.password_hash == expected and row.issuer is None:
                    viewer = viewer_of(session, row)
                    self._audit(session, viewer, "login", "account", viewer.user_id, "done", request_id)
                    return viewer
        self._failed_logins.add(account_id, self._now())
        return None

    def change_password(self, viewer: Viewer, present: str, password: str, *, request_id: str = "") -> int | None:
        """Set another password of a person's own, as `Accounts.change_own_password`; a wrong one is a failed login."""
        generation = self.accounts.change_own_password(viewer, present, password, request_id=request_id)
        if generation is None:
            self._failed_logins.add(viewer.user_id, self._now())
        return generation

    def write_failed_logins(self, *, whole: bool = False) -> None:
        """Write one entry for each account, and one for all unknown names, whose window is over.

        With `whole` those of the present window too, for the end of the process.
        """
        counts = self._failed_logins.take(None if whole else self._now())
        if not counts:
            return
        try:
            with self._transaction() as session:
                for each in counts:
                    outcome = f"denied {counted(each.count, 'time')}"
                    self._audit(session, None, "login", "account", each.account_id or "", outcome, "")
        except CounterpointError:
            self._failed_logins.put_back(counts)
            raise

    def waiting(
        self, viewer: Viewer, chosen: QueueFilter = EVERYTHING, after: UUID | None = None, *, size: int | None = None
    ) -> SessionList:
        """Return a page of a supervisor's sessions without a decision, by need; empty for any other role.

        A session with risk language is among them even where it was left out.
        """
        return self._page(viewer, QueueList.WAITING, chosen, after, size)

    def decided(
        self, viewer: Viewer, chosen: QueueFilter = EVERYTHING, after: UUID | None = None, *, size: int | None = None
    ) -> SessionList:
        """Return a page of a supervisor's decided sessions, the latest decision first; empty for any other role."""
        return self._page(viewer, QueueList.DECIDED, chosen, after, size)

    def left_out(
        self, viewer: Viewer, chosen: QueueFilter = EVERYTHING, after: UUID | None = None, *, size: int | None = None
    ) -> SessionList:
        """Return a page of a supervisor's sessions without feedback, the latest first; empty for any other role."""
        return self._page(viewer, QueueList.LEFT_OUT, chosen, after, size)

    def next_session(
        self, viewer: Viewer, queue_list: QueueList, chosen: QueueFilter, after: UUID | None
    ) -> UUID | None:
        """Return the session that comes after another in a supervisor's list, or None; what others have is skipped."""
        if not viewer.role.reviews:
            return None
        with self._transaction(viewer) as session:
            return next_session(session, viewer, queue_list, chosen, after, self._now())

    def rows(self, viewer: Viewer, session_ids: Collection[UUID]) -> dict[UUID, SessionRow]:
        """Return the rows of those of some sessions that a supervisor may see; empty for any other role."""
        if not viewer.role.reviews:
            return {}
        with self._transaction(viewer) as session:
            return {row.session_id: row for row in lists.rows_of(session, viewer, session_ids, self._now())}

    def disputed(self, viewer: Viewer) -> SessionList:
        """Return a supervisor's first sessions with an open dispute; empty for any other role."""
        if not viewer.role.reviews:
            return SessionList()
        with self._transaction(viewer) as session:
            return lists.disputed_sessions(session, viewer, self._now())

    def follow_ups(self, viewer: Viewer) -> DueFollowUps:
        """Return the notes that a supervisor wanted to come back to by today; none for any other role."""
        with self._transaction(viewer) as session:
            return due_follow_ups(session, viewer, self._now())

    def therapists(self, viewer: Viewer) -> tuple[TherapistName, ...]:
        """Return the counsellors by whom a supervisor may filter, by the alphabet; empty for any other role."""
        if not viewer.role.reviews:
            return ()
        with self._transaction(viewer) as session:
            return therapists_of(session, viewer)

    def own_sessions(self, viewer: Viewer, after: UUID | None = None, *, size: int = PAGE) -> tuple[OwnSessionRow, ...]:
        """Return a page of a therapist's released sessions, the latest release first; empty for any other role."""
        if viewer.role is not AccountRole.THERAPIST:
            return ()
        with self._transaction(viewer) as session:
            return own_sessions(session, viewer, after, size)

    def exports(self, viewer: Viewer) -> tuple[ExportLine, ...]:
        """Return who exported data about a therapist's sessions, the latest first; empty for any other role."""
        if viewer.role is not AccountRole.THERAPIST:
            return ()
        with self._transaction(viewer) as session:
            return exports_about_account(session)

    def operator_counts(self, viewer: Viewer) -> OperatorCounts | None:
        """Return an operator's numbers; None for any other role."""
        if viewer.role is not AccountRole.OPERATOR:
            return None
        with self._transaction(viewer) as session:
            return lists.operator_counts(session)

    def quality(self, viewer: Viewer) -> Quality | None:
        """Return what people's answers say of the machine, to an operator; None for any other role."""
        if viewer.role is not AccountRole.OPERATOR:
            return None
        with self._transaction(viewer) as session:
            return read_quality(session, self._now())

    def new_since(self, viewer: Viewer, since: datetime) -> tuple[UUID, ...]:
        """Return the sessions with something to read that arrived, or for a therapist were released, since a time."""
        with self._transaction(viewer) as session:
            return lists.new_since(session, viewer, since)

    def left_out_since(self, viewer: Viewer, since: datetime) -> dict[LeftOut, int]:
        """Return how many sessions without anything to read arrived since a time, by reason."""
        with self._transaction(viewer) as session:
            return lists.left_out_since(session, viewer, since)

    def open(
        self, viewer: Viewer, session_id: UUID, *, purpose: str = REVIEW, request_id: str = ""
    ) -> SessionView | None:
        """Return a session with its text, or None if this person may not see it; the audit trail records it."""
        with self._transaction(viewer) as session:
            view = open_session(session, self._kek, viewer, session_id, self._now())
            if view is not None and purpose == REVIEW and view.row.is_claimed_by(viewer.user_id):
                keep_read_revision(session, viewer, session_id, view.row.revision, self._now())
            outcome = DecisionOutcome.NOT_FOUND if view is None else DecisionOutcome.DONE
            self._audit(session, viewer, purpose, "session", session_id, outcome.value, request_id)
            return view

    def openings(self, viewer: Viewer, session_id: UUID) -> tuple[Opening, ...]:
        """Return who has opened a therapist's released session, by the audit trail; empty for any other role."""
        if viewer.role is not AccountRole.THERAPIST:
            return ()
        with self._transaction(viewer) as session:
            return openings_of(session, session_id)

    def decide(
        self,
        viewer: Viewer,
        session_id: UUID,
        revision: int,
        kind: DecisionKind,
        *,
        stands: str | None = None,
        request_id: str = "",
    ) -> DecisionOutcome:
        """Release or withhold the revision that the supervisor has seen; this replaces an earlier decision.

        `stands` is the decision that she has seen, "none" without one; where it is None, nothing is compared.
        """
        asked = AskedDecision(session_id, revision, kind, stands)
        with self._transaction(viewer) as session:
            outcome = store_decision(session, viewer, asked, self._now())
            self._audit(session, viewer, kind.value, "session", session_id, outcome.value, request_id)
            return outcome

    def release_several(
        self, viewer: Viewer, revisions: Mapping[UUID, int], *, request_id: str = ""
    ) -> dict[UUID, DecisionOutcome]:
        """Release the revisions of sessions that this supervisor has read, each by a decision of its own.

        It is one transaction. The entries of the trail come last, since they keep other writers of entries waiting.
        """
        kind = DecisionKind.RELEASED
        with self._transaction(viewer) as session:
            lock_sessions(session, viewer, revisions)
            outcomes = {
                session_id: store_decision(
                    session, viewer, AskedDecision(session_id, revision, kind, NO_DECISION, as_read=True), self._now()
                )
                for session_id, revision in revisions.items()
            }
            for session_id, outcome in outcomes.items():
                self._audit(session, viewer, kind.value, "session", session_id, outcome.value, request_id)
            return outcomes

    def conversation_totals(self, tenant: str, conversation_ids: Collection[str]) -> ConversationTotals:
        """Return how many finished sessions of these conversations (pseudonyms) have feedback or were left out."""
        with self._transaction() as session:
            return lists.conversation_totals(session, tenant, conversation_ids)

    def _page(
        self, viewer: Viewer, queue_list: QueueList, chosen: QueueFilter, after: UUID | None, size: int | None
    ) -> SessionList:
        if not viewer.role.reviews:
            return SessionList()
        with self._transaction(viewer) as session:
            return read_page(session, viewer, queue_list, chosen, after, self._now(), size)

    def _audit(
        self,
        session: Session,
        viewer: Viewer | None,
        purpose: str,
        object_type: str,
        object_id: object,
        outcome: str,
        request_id: str,
    ) -> None:
        add_audit_entry(
            session,
            viewer,
            purpose=purpose,
            object_type=object_type,
            object_id=object_id,
            outcome=outcome,
            request_id=request_id,
        )

    def _transaction(self, viewer: Viewer | None = None) -> AbstractContextManager[Session]:
        return transaction(self._database, None if viewer is None else viewer.user_id)
