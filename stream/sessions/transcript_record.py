"""The transcript of a closed session, for the measures: every message that the session holds at its close."""

from stream.contracts.sessions import SessionRecord
from stream.contracts.topics import MAX_RECORD_BYTES
from stream.contracts.transcripts import Transcript, TranscriptMessage
from stream.contracts.vocabulary import LeftOut
from stream.sessions.conversation import Conversation
from stream.sessions.record import broker_time
from stream.sessions.size import record_size
from stream.sessions.state import SessionHead
from stream.sessions.transcript import transcript

_READ = frozenset({None, LeftOut.NO_RESISTANCE})
"""Why a session may have been left out that is read all the same: whether it resists says nothing of the rest of it."""


def transcript_record(
    conversation: Conversation, head: SessionHead, record: SessionRecord, limit: int = MAX_RECORD_BYTES
) -> Transcript | None:
    """Return the transcript of the session revision of a closed record; None of a session that is not read.

    Beyond `limit` bytes it holds no messages, and says so.
    """
    if record.left_out not in _READ:
        return None
    outline = Transcript(
        tenant=conversation.tenant,
        conversation_id=conversation.conversation_id,
        session_id=record.session_id,
        revision=head.revision,
        first_appended_at=broker_time(head.first_appended_ms),
        last_appended_at=broker_time(head.last_appended_ms),
        language=record.language,
        clients=record.clients,
        counsellors=record.counsellors,
    )
    whole = outline.model_copy(
        update={
            "known_names": conversation.head.names,
            "names_told": bool(conversation.head.names),
            "messages": tuple(
                TranscriptMessage(message_id=e.message_id, role=e.role, text=e.text, sent_at=e.sent_at)
                for e in transcript(conversation.entries(head.session))
            ),
        }
    )
    return whole if record_size(whole) <= limit else outline.model_copy(update={"too_large": True})
