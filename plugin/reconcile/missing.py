"""What a platform has of a conversation and the topic does not: a comparison, without any input or output.

What is published has the ids that its deliveries would have had, so that nothing doubles, whoever else publishes it.
"""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from plugin.adapters.base import PlatformEvent
from plugin.adapters.chatwoot import Chatwoot
from plugin.adapters.chatwoot_payloads import MessageSeen, is_talk
from plugin.adapters.vendor import read_model
from plugin.crypto.pseudonyms import Pseudonyms
from plugin.reconcile.chatwoot_api import ListedConversation
from plugin.reconcile.seen import Seen, SeenConversation
from stream.contracts.messages import ConsentWithdrawal, Message, SessionEnd


def missing_events(
    listed: ListedConversation,
    lines: Sequence[Mapping[str, Any]],
    seen: Seen,
    *,
    adapter: Chatwoot,
    tenant: str,
    pseudonyms: Pseudonyms,
) -> list[PlatformEvent]:
    """Return the events of a resolved conversation that are missing on the topic, in their order.

    Of a conversation that was withdrawn or erased, or in which an erased person wrote, nothing is: in doubt its words
    stay away. A message is missing only if its client is known to have consented when it was sent.
    """
    conversation_id = pseudonyms.conversation(listed.reference)
    known = seen.conversation(tenant, conversation_id)
    talk = [_payload(listed, line) for line in lines if is_talk(line)]
    if known.is_refused or any(seen.is_erased(tenant, pseudonyms.person(one.author)) for one in talk):
        return []
    if adapter.consent.is_refused(listed.custom_attributes, listed.last_activity_at):
        return _withdrawal(listed, known, tenant, conversation_id)
    events: list[PlatformEvent] = []
    for payload in talk:
        if payload.is_deleted:
            if payload.id in known.messages - known.deleted:
                events.append(adapter.deletion(payload, tenant, pseudonyms))
        elif payload.id not in known.messages | known.deleted:
            events += _message(payload, adapter, tenant, pseudonyms)
    is_restored = any(isinstance(event, Message) for event in events)
    if is_restored or (known.messages and not _is_ended(known, talk)):
        events.append(_end(listed, known, tenant, conversation_id))
    return events


def _payload(listed: ListedConversation, line: Mapping[str, Any]) -> MessageSeen:
    """Return a line of the API as the event that Chatwoot would have sent of it."""
    conversation = listed.model_dump(include={"id", "inbox_id", "custom_attributes", "meta"})
    return read_model(MessageSeen, {**line, "conversation": conversation, "account": {"id": listed.account_id}})


def _message(payload: MessageSeen, adapter: Chatwoot, tenant: str, pseudonyms: Pseudonyms) -> list[PlatformEvent]:
    conversation = payload.conversation
    consent = adapter.consent.of_then(conversation.custom_attributes, conversation.channels, payload.created_at)
    if not consent.processing or adapter.is_bot(payload):
        return []
    message = adapter.message(payload, tenant, pseudonyms).model_copy(update={"consent": consent})
    return [*adapter.names(payload, message), message]


def _withdrawal(
    listed: ListedConversation, known: SeenConversation, tenant: str, conversation_id: str
) -> list[PlatformEvent]:
    """Return the withdrawal of a client who has refused since their messages came, whose delivery was lost."""
    if not known.messages:
        return []
    at = listed.last_activity_at
    return [ConsentWithdrawal(tenant=tenant, conversation_id=conversation_id, withdrawn_at=at)]


def _is_ended(known: SeenConversation, talk: Sequence[MessageSeen]) -> bool:
    """Whether an end came after the last message."""
    last = max((one.created_at for one in talk), default=None)
    return bool(known.ends) and (last is None or max(known.ends) >= last)


def _end(listed: ListedConversation, known: SeenConversation, tenant: str, conversation_id: str) -> SessionEnd:
    """Return the end of the session, at a time of its own: an end with a time that came already has no effect."""
    at = listed.last_activity_at
    while at in known.ends:
        at += timedelta(milliseconds=1)
    return SessionEnd(tenant=tenant, conversation_id=conversation_id, ended_at=at)
