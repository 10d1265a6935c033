"""The risk signal of a client's message, which is published while its session is open."""

from collections.abc import Collection, Iterator

from stream.contracts.ids import session_id
from stream.contracts.risk import RiskSignal
from stream.contracts.vocabulary import RISK_CONCERNS, Concern, HeardBy, Role
from stream.sessions.conversation import Conversation
from stream.sessions.record import broker_time
from stream.sessions.rules import Rules
from stream.sessions.state import Entry


def raise_risk(conversation: Conversation, session: str, entry: Entry, rules: Rules) -> Iterator[RiskSignal]:
    """Yield the signal of a message as it will be stored, if its platform takes signals and it holds risk language.

    The caller stores the message afterwards: what comes again after a crash is then new, and raises the same signal.
    """
    if conversation.tenant not in rules.risk_tenants or entry.role is not Role.CLIENT:
        return
    found = RISK_CONCERNS.intersection(rules.find_concerns(entry.text))
    if found:
        yield risk_signal(conversation, session, entry, found, HeardBy.LEXICON)


def risk_signal(
    conversation: Conversation, session: str, entry: Entry, concerns: Collection[Concern], heard_by: HeardBy
) -> RiskSignal:
    """Return the signal of a message of a session, named by its first message."""
    return RiskSignal(
        tenant=conversation.tenant,
        conversation_id=conversation.conversation_id,
        session_id=session_id(conversation.tenant, conversation.conversation_id, session),
        message_id=entry.message_id,
        revision=entry.revision,
        concerns=tuple(sorted(concerns)),
        heard_by=(heard_by,),
        appended_at=broker_time(entry.touched_ms),
    )
