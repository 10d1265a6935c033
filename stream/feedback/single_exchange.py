"""A session record of one exchange, for texts that were no session: cases of the model check, and training examples."""

from collections.abc import Sequence
from datetime import UTC, datetime
from uuid import UUID

from stream.contracts.ids import exchange_id
from stream.contracts.messages import Consent
from stream.contracts.sessions import Exchange, SessionMessage, SessionRecord
from stream.contracts.vocabulary import EndReason, NeedsHuman, Role, SessionState

_WHEN = datetime(2026, 1, 1, tzinfo=UTC)  # any time; no model is told it


def record_of_exchange(
    tenant: str,
    session: UUID,
    *,
    context: Sequence[tuple[Role, str]],
    client: Sequence[str],
    reply: str,
    needs_human: NeedsHuman | None = None,
) -> SessionRecord:
    """Return the record of a closed session that is this exchange alone, with a message for each text.

    `tenant` names what the texts are for, since they come from no platform.
    """
    spoken = [*context, *((Role.CLIENT, text) for text in client), (Role.COUNSELLOR, reply)]
    messages = tuple(
        SessionMessage(message_id=f"m-{number}", revision=0, role=role, author=f"p_{role}", text=text, sent_at=_WHEN)
        for number, (role, text) in enumerate(spoken, start=1)
    )
    ids = [message.message_id for message in messages]
    begin, end = len(context), len(context) + len(client)
    exchange = Exchange(
        exchange_id=exchange_id(session, ids[begin]),
        context=tuple(ids[:begin]),
        client_turn=tuple(ids[begin:end]),
        reply=tuple(ids[end:]),
        counsellor="p_counsellor",
        score=1.0,
        needs_human=needs_human,
    )
    return SessionRecord(
        tenant=tenant,
        conversation_id=f"c_{tenant}",
        session_id=session,
        revision=1,
        state=SessionState.CLOSED,
        started_at=_WHEN,
        ended_at=_WHEN,
        closed_at=_WHEN,
        end_reason=EndReason.EXPLICIT,
        consent=Consent(processing=True),
        messages=messages,
        exchanges=(exchange,),
    )
