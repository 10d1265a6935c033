"""The record of a session revision, made from its messages at the close: eligibility, exchanges, marks, counts."""

from collections.abc import Sequence
from datetime import UTC, datetime
from uuid import UUID

from stream.contracts.ids import exchange_id, session_id
from stream.contracts.messages import Consent
from stream.contracts.sessions import Counts, Cue, Exchange, Mark, SessionMessage, SessionRecord, referenced_ids
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
from stream.reading import count_words
from stream.sessions.conversation import Conversation
from stream.sessions.rules import Rules
from stream.sessions.sample import with_sample
from stream.sessions.size import fit_to_limit
from stream.sessions.state import Entry, SessionHead
from stream.sessions.transcript import ClientTurn, client_turns, transcript

Concerns = dict[str, frozenset[Concern]]


def closed_record(conversation: Conversation, head: SessionHead, closed_at_ms: int, rules: Rules) -> SessionRecord:
    """Return the record of `head.revision`, made from every message that the session holds now."""
    messages = transcript(conversation.entries(head.session))
    turns = client_turns(messages)
    flagged = [turn for turn in turns if turn.flagged]
    answered = [turn for turn in flagged if turn.reply]
    language = session_language(messages, rules)
    left_out = _left_out_reason(messages, language, flagged, head.end_reason, rules)
    shown = [] if left_out else answered
    concerns = {e.message_id: frozenset(rules.find_concerns(e.text)) for e in messages if e.role is Role.CLIENT}
    marks = _marks(messages, [] if left_out else flagged, concerns, left_out=left_out is not None)
    session = session_id(conversation.tenant, conversation.conversation_id, head.session)
    exchanges = tuple(_exchange(session, turn, concerns) for turn in shown)
    needed = referenced_ids(exchanges, marks)
    record = _outline(conversation, head, closed_at_ms).model_copy(
        update={
            "left_out": left_out,
            "language": language,
            "counts": Counts(
                messages=len(messages),
                client_messages=sum(e.role is Role.CLIENT for e in messages),
                counsellor_messages=sum(e.role is Role.COUNSELLOR for e in messages),
                client_turns=len(turns),
                flagged_turns=len(flagged),
                unanswered_moments=len(flagged) - len(answered),
                flagged_not_shown=len(answered) - len(shown),
            ),
            "messages": tuple(_message(e) for e in messages if e.message_id in needed),
            "exchanges": exchanges,
            "marks": marks,
            "detector": rules.detector,
            "known_names": () if left_out else conversation.head.names,
            "names_told": bool(conversation.head.names),
        }
    )
    turn_ids = [tuple(e.message_id for e in turn.messages) for turn in turns]
    return fit_to_limit(with_sample(record, [_message(e) for e in messages], turn_ids, rules.sample))


def reopened_record(conversation: Conversation, head: SessionHead, at_ms: int) -> SessionRecord:
    """Return the record that hides the feedback of `head.revision` until the next close; it carries no text."""
    return _outline(conversation, head, at_ms).model_copy(update={"state": SessionState.REOPENED})


def erased_record(conversation: Conversation, head: SessionHead, at_ms: int) -> SessionRecord:
    """Return the last record of a withdrawn session; it carries no text and no counts."""
    return _outline(conversation, head, at_ms).model_copy(
        update={
            "state": SessionState.ERASED,
            "end_reason": EndReason.WITHDRAWN,
            "left_out": LeftOut.NO_CONSENT,
            "consent": Consent(),
        }
    )


def broker_time(ms: int) -> datetime:
    """Return a broker time in milliseconds since 1970 as a time in UTC."""
    return datetime.fromtimestamp(ms / 1000, UTC)


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
        closed_at=broker_time(closed_at_ms),
        first_appended_at=broker_time(head.first_appended_ms),
        last_appended_at=broker_time(head.last_appended_ms),
        end_reason=head.end_reason,
        consent=Consent(processing=True, secondary_use=all(e.secondary_use for e in entries)),
        counsellors=tuple(sorted({e.author for e in entries if e.role is Role.COUNSELLOR})),
        clients=tuple(sorted({e.author for e in entries if e.role is Role.CLIENT})),
    )


def _left_out_reason(
    messages: Sequence[Entry], language: str | None, flagged: Sequence[ClientTurn], reason: EndReason, rules: Rules
) -> LeftOut | None:
    """Return the reason why a session gets no feedback, the most final reason first; None if it gets some."""
    by_people = [e for e in messages if e.role is not Role.SYSTEM]
    client_messages = sum(e.role is Role.CLIENT for e in by_people)
    words = sum(count_words(e.text) for e in by_people)
    if reason is EndReason.TOO_LONG:
        return LeftOut.TOO_LONG
    if not is_supported(language, rules):
        return LeftOut.LANGUAGE_NOT_SUPPORTED
    if client_messages == len(by_people):
        return LeftOut.NO_COUNSELLOR_MESSAGE
    if client_messages < rules.min_client_messages or words < rules.min_words:
        return LeftOut.TOO_SHORT
    return None if flagged else LeftOut.NO_RESISTANCE


def session_language(messages: Sequence[Entry], rules: Rules) -> str | None:
    """Return the language that was declared last, or that of the texts where none was or where they contradict it.

    A platform may declare one language for everybody; a text in a language that the models do not know is found by them
    to hold nothing, which would look like a finding.
    """
    declared = next((e.language for e in reversed(messages) if e.language is not None), None)
    if not is_supported(declared, rules):
        return declared
    told = rules.detect_language(e.text for e in messages if e.role is Role.CLIENT) or rules.detect_language(
        e.text for e in messages if e.role is not Role.SYSTEM
    )
    return told if declared is None or not is_supported(told, rules) else declared


def is_supported(language: str | None, rules: Rules) -> bool:
    """Return whether the models were made for a language, or nobody knows which one it is."""
    return language is None or language.split("-")[0].lower() in rules.languages


def _exchange(session: UUID, turn: ClientTurn, concerns: Concerns) -> Exchange:
    critical = any(concerns.get(e.message_id) for e in (*turn.context, *turn.messages))
    cues: tuple[Cue, ...] = tuple(
        cue for e in turn.messages if e.scored is not None and e.scored.flagged for cue in e.scored.cues
    )
    return Exchange(
        exchange_id=exchange_id(session, turn.messages[0].message_id),
        context=tuple(e.message_id for e in turn.context),
        client_turn=tuple(e.message_id for e in turn.messages),
        reply=tuple(e.message_id for e in turn.reply),
        counsellor=turn.counsellor,
        score=turn.score,
        cues=cues,
        needs_human=NeedsHuman.CRITICAL_CONTENT if critical else turn.reply_needs_human,
    )


def _marks(
    messages: Sequence[Entry], flagged: Sequence[ClientTurn], concerns: Concerns, *, left_out: bool
) -> tuple[Mark, ...]:
    """Return one mark per kind of concern with all its messages, and one for a flagged turn without a reply.

    The feedback stage settles the latter by its model's verdict. A session left out keeps only its risk language.
    """
    marks: list[Mark] = []
    for kind, of_kind in (
        (MarkKind.RISK_LANGUAGE, RISK_CONCERNS),
        (MarkKind.CRITICAL_CONTENT, frozenset(Concern) - RISK_CONCERNS),
    ):
        ids = tuple(e.message_id for e in messages if concerns.get(e.message_id, frozenset()) & of_kind)
        if ids and not (left_out and kind is MarkKind.CRITICAL_CONTENT):
            all_found = frozenset[Concern]().union(*(concerns[message_id] for message_id in ids)) & of_kind
            marks.append(Mark(kind=kind, concerns=tuple(sorted(all_found)), message_ids=ids))
    marks += [
        Mark(
            kind=MarkKind.UNANSWERED_MOMENT,
            message_ids=tuple(e.message_id for e in turn.messages),
            context=tuple(e.message_id for e in turn.context),
        )
        for turn in flagged
        if not turn.reply
    ]
    return tuple(marks)


def _message(entry: Entry) -> SessionMessage:
    return SessionMessage(
        message_id=entry.message_id,
        revision=entry.revision,
        role=entry.role,
        author=entry.author,
        text=entry.text,
        sent_at=entry.sent_at,
    )
