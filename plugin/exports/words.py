"""The words of a released session as its therapist reads them on the page, for an export of their own data."""

from typing import Any

from plugin.queue.views import MomentView, SessionView
from stream.contracts.feedback import Assessment

Json = dict[str, Any]


def words_of(view: SessionView) -> Json:
    """Return the messages, the model's words and the notes of a session that was opened as its therapist."""
    return {
        "messages": [
            {
                "message": message.message_id,
                "role": message.role.value,
                "author": message.author,
                "sent_at": message.sent_at.isoformat(),
                "text": message.text,
            }
            for message in view.messages
        ],
        "moments": [_moment(moment) for moment in view.moments],
        "notes": [
            {
                "moment": None if note.exchange_id is None else str(note.exchange_id),
                "by": note.by,
                "at": note.at.isoformat(),
                "text": note.text,
            }
            for note in view.notes
        ],
    }


def _moment(moment: MomentView) -> Json:
    answer = moment.answer
    rated = answer if isinstance(answer, Assessment) else None
    return {
        "moment": str(moment.exchange_id),
        "context": list(moment.context),
        "client_turn": list(moment.client_turn),
        "reply": list(moment.reply),
        "ratings": [
            {
                "mechanism": rating.mechanism.value,
                "level": rating.level,
                "reason": rating.reason,
                "quotes": [evidence.quote for evidence in rating.evidence],
            }
            for rating in (rated.ratings if rated else ())
        ],
        "strengths": list(rated.strengths) if rated else [],
        "alternatives": [other.text for other in rated.alternatives] if rated else [],
    }
