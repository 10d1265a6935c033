"""One demo person at one session of the week: what they do there, by the functions that the pages use.

A step about a moment that the model did not find is left out: which moments there are is the model's to say.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from typing import Final
from uuid import UUID

from plugin.database.engine import temporary_engine
from plugin.database.key_encryption_key import key_encryption_key
from plugin.database.viewer import Viewer
from plugin.local.demo_settings import TENANT, USERS
from plugin.local.demo_week import ends_of, run_of
from plugin.queue.criterion_views import CriterionAbout, Said
from plugin.queue.dispute_views import DisputeState, Ground
from plugin.queue.review_views import Judgement, Opinion, WithholdReason
from plugin.queue.statements import MOMENT, VERDICT, Statement, level_of
from plugin.queue.store import Store
from plugin.queue.views import DecisionKind, MomentView, SessionView
from plugin.tenants import pseudonyms_of
from stream.contracts.errors import CounterpointError
from stream.contracts.ids import session_id
from stream.contracts.vocabulary import Level, Mechanism
from stream.runtime.settings import Settings, required_secret

FIRST_MESSAGE: Final = "m1"
"""The first message of every sample, from which the ids of the sessions are made."""
AGREED: Final = Opinion(Judgement.AGREED)


@dataclass(frozen=True)
class DemoWeek:
    """The stored week, and the people who work on it."""

    store_at: Callable[[datetime], Store]
    """The store of the queue on a clock that stands at a time of the week."""
    people: Mapping[str, Viewer]
    """By their user names."""
    sessions: Mapping[str, UUID]
    """By the references of their conversations in the samples; likewise the times at which they ended."""
    ends: Mapping[str, datetime]
    begun: datetime
    """When the demo was started."""

    def desk(self, person: str, sample: str, *, hours: float | None = None) -> "Desk":
        """Return a person's desk some hours after a session's end, at the latest now; without hours now."""
        at = self.begun if hours is None else min(self.ends[sample] + timedelta(hours=hours), self.begun)
        return Desk(self.store_at(at), self.people[person], self.sessions[sample])


@contextmanager
def stored_week(settings: Settings, begun: datetime) -> Iterator[DemoWeek]:
    """Yield the week that a demo of these settings, started at `begun`, has stored; its connections end with the block.

    Raises:
        Misconfigured: the URL or a key is missing or wrong.
    """
    kek, run, ends = key_encryption_key(settings), run_of(begun), ends_of(begun)
    pseudonyms = pseudonyms_of(settings.tenants, TENANT)
    sessions = {
        sample: session_id(TENANT, pseudonyms.conversation(f"{run}:{sample}"), FIRST_MESSAGE) for sample in ends
    }
    with temporary_engine(required_secret(settings.database.url, "database.url")) as engine:

        def store_at(time: datetime) -> Store:
            return Store(engine, kek, now=lambda: time)

        found = {user.name: store_at(begun).find_viewer(user.name) for user in USERS}
        people = {name: viewer for name, viewer in found.items() if viewer is not None}
        yield DemoWeek(store_at, people, sessions, ends, begun)


@dataclass(frozen=True)
class Desk:
    """One person at one session, at one time."""

    store: Store
    viewer: Viewer
    session_id: UUID

    @cached_property
    def view(self) -> SessionView:
        """The session as the person opens it, before anything is done; the audit trail records it.

        Raises:
            CounterpointError: this person may not see it.
        """
        view = self.store.open(self.viewer, self.session_id)
        if view is None:
            raise CounterpointError(f"A session of the demo is not where {self.viewer.display_name} could open it.")
        return view

    def is_untouched(self) -> bool:
        """Return whether a supervisor finds the session stored, and nobody has done anything with it yet."""
        row = self.store.rows(self.viewer, [self.session_id]).get(self.session_id)
        if row is None or row.left_out is not None or row.decision is not None or row.claim is not None:
            return False
        return not self.view.notes and not any(moment.labels for moment in self._moments)

    def claim(self) -> None:
        """Claim the session for a supervisor, and open it."""
        self.store.reviews.claim(self.viewer, self.session_id)
        self.store.open(self.viewer, self.session_id)

    def give_back(self) -> None:
        """End a supervisor's claim."""
        self.store.reviews.give_back(self.viewer, self.session_id)

    def agree(self, message: str, statement: Statement = MOMENT) -> None:
        """Agree with a statement about the moment of a client's message, or pass the moment on."""
        self._judge(message, statement, AGREED)

    def set_level(self, message: str, mechanism: Mechanism, level: Level) -> None:
        """Set a supervisor's own level beside the model's."""
        self._judge(message, level_of(mechanism), Opinion(Judgement.CORRECTED, level=level))

    def keep_back(self, message: str, reason: WithholdReason, statement: Statement = MOMENT) -> None:
        """Withhold a statement about the moment of a client's message, or keep the moment back."""
        self._judge(message, statement, Opinion(Judgement.WITHHELD, reason))

    def reject_all(self) -> None:
        """Withhold of every moment that it is resistance."""
        for moment in self._moments:
            self.keep_back(moment.client_turn[0], WithholdReason.NOT_RESISTANCE, VERDICT)

    def note(self, text: str, *, shared: bool, message: str | None = None) -> None:
        """Write a coaching note, about the moment of a client's message or about the session."""
        moment = None if message is None else self._moment(message)
        exchange_id = None if moment is None else moment.exchange_id
        self.store.reviews.add_note(self.viewer, self.session_id, exchange_id, text, shared=shared)

    def answer(self, criterion: str, code: str, *, message: str | None = None, note: str = "") -> None:
        """Answer a criterion by its short name, about the moment of a client's message or about the session."""
        moment = None if message is None else self._moment(message)
        asked = next((each for each in self.view.criteria if each.name == criterion), None)
        if asked is not None and (moment is None) == (asked.about is CriterionAbout.SESSION):
            exchange_id = None if moment is None else moment.exchange_id
            said = Said(asked.criterion_id, asked.version, exchange_id, code, note)
            self.store.reviews.answer_criterion(self.viewer, self.session_id, self.view.row.revision, said)

    def decide(self, kind: DecisionKind) -> None:
        """Release or withhold the session."""
        revision = self.view.row.revision
        self.store.decide(self.viewer, self.session_id, revision, kind)

    def acknowledge(self) -> None:
        """Acknowledge the release as its therapist."""
        if decision := self.view.row.decision:
            self.store.disputes.acknowledge(self.viewer, self.session_id, decision.at)

    def dispute(
        self, message: str, statement: Statement, ground: Ground, text: str, *, escalated: bool = False
    ) -> None:
        """Dispute a statement about the moment of a client's message, as its therapist."""
        moment, decision = self._moment(message), self.view.row.decision
        if moment is not None and decision is not None and statement in moment.disputable:
            self.store.disputes.dispute(
                self.viewer,
                self.session_id,
                decision.at,
                moment.answer.assessment_id,
                statement,
                ground,
                text,
                escalated=escalated,
            )

    def resolve(self, opinion: Opinion, text: str) -> None:
        """Resolve the session's open disputes as a supervisor."""
        for dispute in self.view.disputes:
            if dispute.state is DisputeState.OPEN:
                self.store.disputes.resolve(
                    self.viewer, self.session_id, dispute.dispute_id, len(dispute.steps), opinion, text
                )

    @property
    def _moments(self) -> tuple[MomentView, ...]:
        return self.view.moments + self.view.further

    def _moment(self, message: str) -> MomentView | None:
        return next((moment for moment in self._moments if message in moment.client_turn), None)

    def _judge(self, message: str, statement: Statement, opinion: Opinion) -> None:
        if moment := self._moment(message):
            revision, answer = self.view.row.revision, moment.answer.assessment_id
            self.store.reviews.judge(self.viewer, self.session_id, revision, answer, statement, opinion)
