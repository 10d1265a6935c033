"""The record of a session revision, made from its messages at the close: eligibility, exchanges, marks, counts."""

from collections.abc import Sequence
from datetime import UTC, datetime
from uuid import UUID

from stream.contracts.ids import exchange_id, session_id
from stream.contracts.messages import Consent
from stream.contracts.sessions import Counts, Cue, Exchange, Mark, SessionMessage, SessionRecord
from stream.contracts.vocabulary import (
    RISK_CONCERNS,
    Concern,
    EndReason,
    LeftOut,
    MarkKind,
    NeedsHuman,
    Role,
    SessionState,
)
from stream.sessions.conversation import Conversation
from stream.sessions.rules import Rules
from stream.sessions.size import bounded
from stream.sessions.state import Entry, SessionHead
from stream.sessions.transcript import Moment, moments, transcript

Concerns = dict[str, frozenset[Concern]]


def closed(conversation: Conversation, head: SessionHead, closed_at_ms: int, rules: Rules) -> SessionRecord:
    """The record of `head.revision`, from every message the session holds now."""
    messages = transcript(conversation.entries(head.session))
    found = moments(messages)
    flagged = [moment for moment in found if moment.flagged]
    answered = [moment for moment in flagged if moment.reply]
    language = next((e.language for e in reversed(messages) if e.language is not None), None)
    left_out = _left_out(messages, language, flagged, head.end_reason, rules)
    shown = [] if left_out else _shown(answered, rules)
    concerns = {e.message_id: frozenset(rules.marks(e.text)) for e in messages if e.role is Role.CLIENT}
    marks = _marks(messages, [] if left_out else flagged, concerns, left_out=left_out is not None)
    session = session_id(conversation.tenant, conversation.conversation_id, head.session)
    exchanges = [_exchange(session_id=session, moment=moment, concerns=concerns) for moment in shown]
    needed = {name for exchange in exchanges for name in (*exchange.context, *exchange.client_turn, *exchange.reply)}
    needed |= {name for mark in marks for name in mark.message_ids}
    record = _outline(conversation, head, closed_at_ms).model_copy(
        update={
            "left_out": left_out,
            "language": language,
            "counts": Counts(
                messages=len(messages),
                client_messages=sum(e.role is Role.CLIENT for e in messages),
                counsellor_messages=sum(e.role is Role.COUNSELLOR for e in messages),
                client_turns=len(found),
                flagged_turns=len(flagged),
                unanswered_moments=len(flagged) - len(answered),
                flagged_not_shown=len(answered) - len(shown),
            ),
            "messages": tuple(_message(e) for e in messages if e.message_id in needed),
            "exchanges": tuple(exchanges),
            "marks": marks,
            "detector": rules.detector,
            "known_names": () if left_out else conversation.head.names,
        }
    )
    return bounded(record)


def reopened(conversation: Conversation, head: SessionHead, at_ms: int) -> SessionRecord:
    """Hides the feedback of `head.revision` until the next close; carries no text."""
    return _outline(conversation, head, at_ms).model_copy(update={"state": SessionState.REOPENED})


def erased(conversation: Conversation, head: SessionHead, at_ms: int) -> SessionRecord:
    """The last revision of a withdrawn session; carries no text and no counts."""
    return _outline(conversation, head, at_ms).model_copy(
        update={
            "state": SessionState.ERASED,
            "end_reason": EndReason.WITHDRAWN,
            "left_out": LeftOut.NO_CONSENT,
            "consent": Consent(),
        }
    )


def _outline(conversation: Conversation, head: SessionHead, closed_at_ms: int) -> SessionRecord:
    entries = list(conversation.entries(head.session))
    return SessionRecord(
        tenant=conversation.tenant,
        conversation_id=conversation.conversation_id,
        session_id=session_id(conversation.tenant, conversation.conversation_id, head.session),
        revision=head.revision,
        state=SessionState.CLOSED,
        started_at=head.started_at,
        ended_at=head.ended_at,
        closed_at=datetime.fromtimestamp(closed_at_ms / 1000, UTC),
        end_reason=head.end_reason,
        consent=Consent(processing=True, secondary_use=all(e.secondary_use for e in entries)),
        counsellors=tuple(sorted({e.author for e in entries if e.role is Role.COUNSELLOR})),
        clients=tuple(sorted({e.author for e in entries if e.role is Role.CLIENT})),
    )


def _left_out(
    messages: Sequence[Entry], language: str | None, flagged: Sequence[Moment], reason: EndReason, rules: Rules
) -> LeftOut | None:
    """Why there is no feedback, the reason that nothing could mend first."""
    spoken = [e for e in messages if e.role is not Role.SYSTEM]
    client_messages = sum(e.role is Role.CLIENT for e in spoken)
    words = sum(len(e.text.split()) for e in spoken)
    if reason is EndReason.TOO_LONG:
        return LeftOut.TOO_LONG
    if language is not None and language.split("-")[0].lower() not in rules.languages:
        return LeftOut.LANGUAGE_NOT_SUPPORTED
    if client_messages == len(spoken):
        return LeftOut.NO_COUNSELLOR_MESSAGE
    if client_messages < rules.min_client_messages or words < rules.min_words:
        return LeftOut.TOO_SHORT
    return None if flagged else LeftOut.NO_RESISTANCE


def _shown(answered: list[Moment], rules: Rules) -> list[Moment]:
    """The moments to show, in the order of the session; where the number is limited, those with the highest score."""
    if rules.moments_shown is None:
        return answered
    best = sorted(answered, key=lambda moment: -moment.score)[: rules.moments_shown]
    return [moment for moment in answered if moment in best]


def _exchange(*, session_id: UUID, moment: Moment, concerns: Concerns) -> Exchange:
    heard = (*moment.context, *moment.client_turn)
    critical = any(concerns.get(e.message_id) for e in heard)
    cues: tuple[Cue, ...] = tuple(
        cue for e in moment.client_turn if e.scored is not None and e.scored.flagged for cue in e.scored.cues
    )
    return Exchange(
        exchange_id=exchange_id(session_id, moment.client_turn[0].message_id),
        context=tuple(e.message_id for e in moment.context),
        client_turn=tuple(e.message_id for e in moment.client_turn),
        reply=tuple(e.message_id for e in moment.reply),
        counsellor=moment.counsellor,
        score=moment.score,
        cues=cues,
        needs_human=NeedsHuman.CRITICAL_CONTENT if critical else moment.reply_needs_human,
    )


def _marks(
    messages: Sequence[Entry], flagged: Sequence[Moment], concerns: Concerns, *, left_out: bool
) -> tuple[Mark, ...]:
    """One mark per kind of concern with all its messages, and one per unanswered moment.

    A session left out keeps its risk language alone.
    """
    found: list[Mark] = []
    for kind, of_kind in (
        (MarkKind.RISK_LANGUAGE, RISK_CONCERNS),
        (MarkKind.CRITICAL_CONTENT, frozenset(Concern) - RISK_CONCERNS),
    ):
        names = tuple(e.message_id for e in messages if concerns.get(e.message_id, frozenset()) & of_kind)
        if names and not (left_out and kind is MarkKind.CRITICAL_CONTENT):
            said = frozenset[Concern]().union(*(concerns[name] for name in names)) & of_kind
            found.append(Mark(kind=kind, concerns=tuple(sorted(said)), message_ids=names))
    found += [
        Mark(kind=MarkKind.UNANSWERED_MOMENT, message_ids=tuple(e.message_id for e in moment.client_turn))
        for moment in flagged
        if not moment.reply
    ]
    return tuple(found)


def _message(entry: Entry) -> SessionMessage:
    return SessionMessage(
        message_id=entry.message_id,
        revision=entry.revision,
        role=entry.role,
        author=entry.author,
        text=entry.text,
        sent_at=entry.sent_at,
    )
