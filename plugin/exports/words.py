"""The words of a released session as its therapist reads them on the page, for an export of their own data."""

from collections.abc import Sequence
from typing import Any

from plugin.queue.practice_views import Attempt
from plugin.queue.rehearsal_views import Rehearsal
from plugin.queue.views import MomentView, SessionView
from stream.contracts.feedback import Abstention, Assessment

Json = dict[str, Any]


def words_of(view: SessionView) -> Json:
    """Return the messages, the model's words, and people's notes and comments of a session opened as its therapist."""
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
                "comments": [
                    {"by": comment.by, "at": comment.at.isoformat(), "text": comment.text} for comment in note.comments
                ],
            }
            for note in view.notes
        ],
        "disputes": [
            {
                "moment": str(dispute.exchange_id),
                "statement": str(dispute.statement),
                "ground": dispute.ground.value,
                "at": dispute.at.isoformat(),
                "text": dispute.text,
                "steps": [
                    {"step": step.kind.value, "by": step.by, "at": step.at.isoformat(), "text": step.text}
                    for step in dispute.steps
                ],
            }
            for dispute in view.disputes
        ],
        "criterion_notes": [
            {
                "criterion": answer.criterion.name,
                "moment": None if answer.exchange_id is None else str(answer.exchange_id),
                "by": answer.by,
                "at": answer.at.isoformat(),
                "text": answer.note,
            }
            for answer in view.criterion_answers
            if answer.note
        ],
    }


def practice_of(attempts: Sequence[Attempt]) -> list[Json]:
    """Return what the therapist wrote to practise in a session, with what the model said of it."""
    return [
        {
            "moment": str(attempt.exchange_id),
            "at": attempt.at.isoformat(),
            "text": attempt.text,
            "model": None if attempt.rated.answer is None else attempt.rated.answer.model.model_dump(mode="json"),
            "ratings": _ratings(attempt.rated.answer),
        }
        for attempt in attempts
    ]


def rehearsal_as_json(rehearsal: Rehearsal) -> Json:
    """Return what a therapist and a written client said in a rehearsal, and how each reply was rated."""
    client, draft = rehearsal.client, rehearsal.draft
    return {
        "rehearsal": str(rehearsal.rehearsal_id),
        "begun_at": rehearsal.begun_at.isoformat(),
        "client": {"profile": client.profile.key, "behaviour": client.behaviour.value, "force": client.force.value},
        "opening": rehearsal.opening,
        "first_turn": rehearsal.first.text,
        "replies": [
            {
                "at": reply.at.isoformat(),
                "text": reply.text,
                "model": None if reply.rated.answer is None else reply.rated.answer.model.model_dump(mode="json"),
                "ratings": _ratings(reply.rated.answer),
                "client_turn": None if reply.then is None else reply.then.text,
            }
            for reply in (*rehearsal.replies, *([] if draft is None else [draft]))
        ],
        "ending": None if rehearsal.ending is None else rehearsal.ending.value,
    }


def _moment(moment: MomentView) -> Json:
    answer = moment.answer
    rated = answer if isinstance(answer, Assessment) else None
    return {
        "moment": str(moment.exchange_id),
        "context": list(moment.context),
        "client_turn": list(moment.client_turn),
        "reply": list(moment.reply),
        "ratings": _ratings(answer),
        "strengths": list(rated.strengths) if rated else [],
        "alternatives": [other.text for other in rated.alternatives] if rated else [],
    }


def _ratings(answer: Assessment | Abstention | None) -> list[Json]:
    return [
        {
            "mechanism": rating.mechanism.value,
            "level": rating.level,
            "reason": rating.reason,
            "quotes": [evidence.quote for evidence in rating.evidence],
        }
        for rating in (answer.ratings if isinstance(answer, Assessment) else ())
    ]
