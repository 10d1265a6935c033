"""The open sessions about which the reader is asked, by the rules of the session stage, and the questions they raise.

The session stage keeps its sessions in a changelog. They are read from there at the start; then the same records are
applied by the same rules. What comes again changes nothing, so both stages have the same sessions, revisions and ids.
Nothing is kept by this one.
"""

from collections.abc import Collection, Iterable, Mapping
from typing import cast

from stream.contracts.errors import Misconfigured, Poison
from stream.contracts.messages import MESSAGES_RECORDS, Edit, Message, MessagesRecord, PersonErasure, Tick
from stream.contracts.risk import RiskSignal
from stream.contracts.vocabulary import RISK_CONCERNS, Concern, HeardBy, Role
from stream.feedback.models.reader import Pair
from stream.risk.question import Outcome, Question, RecognisedNames, entry_of, pairs_to_read
from stream.runtime.codec import RawRecord, check_partition, decode, known_types
from stream.runtime.logging import get_logger
from stream.runtime.settings import ReaderGrade
from stream.runtime.trace import new_traceparent, traceparent_of
from stream.sessions.clocks import with_clamped_time
from stream.sessions.conversation import Conversation
from stream.sessions.events import Outputs, apply_event, apply_person_erasure
from stream.sessions.lifecycle import apply_tick
from stream.sessions.record import is_supported, session_language
from stream.sessions.risk import risk_signal
from stream.sessions.rules import Arrival, Rules
from stream.sessions.state import Scored
from stream.sessions.transcript import transcript
from stream.workers.open_sessions import OpenSessions

_KNOWN = known_types(*MESSAGES_RECORDS)
_NOT_SCORED = Scored(score=0.0, flagged=False)


class HeardMessages:
    """The conversations of the platforms that want the reader to hear."""

    def __init__(
        self, rules: Rules, tenants: Mapping[str, ReaderGrade], *, partitions: int, needs_told_names: bool = False
    ) -> None:
        """`partitions` is how many the topic has.

        With `needs_told_names` the reader is shown nothing of a conversation whose names nobody told.
        """
        self._rules = rules
        self._tenants = tenants
        self._partitions = partitions
        self._needs_told_names = needs_told_names
        self._sessions = self._new_sessions()
        self._names = RecognisedNames()

    def restore(self, parts: Iterable[tuple[bytes, bytes | None]], partitions: Collection[int]) -> None:
        """Forget everything, and take these partitions' conversations from the session stage's changelog.

        Raises:
            Misconfigured: the changelog was written by a session stage of another version.
        """
        self._sessions = self._new_sessions()
        ours = tuple(f"|{tenant}:".encode() for tenant in self._tenants)
        for key, value in parts:
            if any(tenant in key for tenant in ours):
                self._sessions.restore(key, value)
        try:
            self._sessions.rebuild(partitions)
        except ValueError:
            raise Misconfigured(
                "The open sessions cannot be read. Run this stage in the version of the session stage."
            ) from None

    def apply(self, raw: RawRecord) -> Question | Outcome | None:
        """Apply one record of the messages topic, and return what is to be asked of it, or has become of it already.

        None is for records of other platforms, for those that bring no words of a client, and for those that cannot be
        used: of these the session stage makes dead letters.
        """
        tenant, separator, _ = (raw.key or b"").partition(b":")
        if separator and tenant.decode(errors="replace") not in self._tenants:
            return None
        try:
            data = cast("MessagesRecord", decode(raw, _KNOWN).data)
            check_partition(raw, data, self._partitions)
            return self._apply(raw, data)
        except Poison:
            return None
        except Exception:  # noqa: BLE001 - whatever it is: the lexicon has heard the message, and others may be well
            get_logger().error("not_heard", partition=raw.partition, offset=raw.offset, exc_info=True)
            return None

    def pairs_of(self, question: Question) -> tuple[Pair, ...] | Outcome:
        """Return what the reader is shown, or why it is not asked."""
        conversation = self._get(question)
        entry = entry_of(question, conversation)
        if entry is None:
            return Outcome.SUPERSEDED
        if self._needs_told_names and not conversation.head.names:
            return Outcome.NOT_ASKED
        messages = transcript(conversation.entries(conversation.session_of(entry.message_id)))
        if not is_supported(session_language(messages, self._rules), self._rules):
            return Outcome.NOT_ASKED
        return pairs_to_read(conversation, entry, self._names) or Outcome.NOT_ASKED

    def signal_of(self, question: Question, concerns: Collection[Concern]) -> RiskSignal:
        """Return the signal of what the reader heard in the message that `pairs_of` has just returned."""
        conversation = self._get(question)
        entry = entry_of(question, conversation)
        assert entry is not None  # noqa: S101 - nothing was applied since
        return risk_signal(conversation, conversation.session_of(entry.message_id), entry, concerns, HeardBy.READER)

    def _apply(self, raw: RawRecord, data: MessagesRecord) -> Question | Outcome | None:
        at = Arrival(raw.offset, raw.timestamp_ms)
        if isinstance(data, Tick):
            for conversation in self._sessions.due(raw.partition, at.time_ms):
                self._run(raw.partition, conversation, apply_tick(conversation, at, self._rules))
            return None
        if isinstance(data, PersonErasure):
            for conversation in self._sessions.of_tenant(raw.partition, data.tenant):
                self._run(raw.partition, conversation, apply_person_erasure(conversation, data, at))
            return None
        conversation = self._sessions.get(raw.partition, data.tenant, data.conversation_id)
        event = with_clamped_time(data, at, self._rules)
        outputs = apply_event(conversation, event, at, self._rules, lambda _text: _NOT_SCORED)
        self._run(raw.partition, conversation, outputs)
        if not isinstance(event, Message | Edit):
            return None
        question = Question(
            partition=raw.partition,
            offset=raw.offset,
            appended_ms=raw.timestamp_ms,
            tenant=event.tenant,
            conversation_id=event.conversation_id,
            message_id=event.message_id,
            trace=traceparent_of(raw.headers) or new_traceparent(),
        )
        entry = entry_of(question, conversation)
        if entry is None or entry.role is not Role.CLIENT:
            return None
        # Asked of the words, not of the outputs: of what comes again there are none.
        return Outcome.LEXICON if RISK_CONCERNS.intersection(self._rules.find_concerns(entry.text)) else question

    def _run(self, partition: int, conversation: Conversation, outputs: Outputs) -> None:
        """Apply an event to the end; what it brings out is published by the session stage."""
        try:
            for _ in outputs:
                pass
        finally:
            conversation.dirty.clear()
            self._sessions.store(partition, conversation)

    def _get(self, question: Question) -> Conversation:
        return self._sessions.get(question.partition, question.tenant, question.conversation_id)

    def _new_sessions(self) -> OpenSessions:
        return OpenSessions(self._rules, report=lambda _count: None)
