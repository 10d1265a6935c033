"""Opening one session, which is the only place where text of the queue is decrypted for a person."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from uuid import UUID

from sqlmodel import Session, col, select

from plugin.crypto.keys import KeyEncryptionKey
from plugin.crypto.text import TextCipher
from plugin.database.answers import answer_from_row
from plugin.database.conversation_keys import find_cipher
from plugin.database.needs import Facts, Need
from plugin.database.sealed_columns import answer_words_binding, message_text_binding
from plugin.database.tables import StoredAnswer, StoredExchange, StoredMessage, StoredSession
from plugin.database.viewer import AccountRole, Viewer
from plugin.queue.afterwards import StoredTalk, afterwards
from plugin.queue.colleagues import colleagues_of
from plugin.queue.criterion_answers import criterion_answers_of
from plugin.queue.criterion_reading import asked_criteria
from plugin.queue.dispute_reading import disputes_of
from plugin.queue.dispute_views import DISPUTE_WITHIN, disputable
from plugin.queue.handover_reading import handovers_of
from plugin.queue.judgements import Labels, is_called_no_resistance, is_kept_back, labels_of, withheld_in
from plugin.queue.lists import counsellor_names, session_rows, waits
from plugin.queue.measures import measures_of
from plugin.queue.notes import notes_of
from plugin.queue.review_views import Judgement
from plugin.queue.scope import visible_to
from plugin.queue.statements import without
from plugin.queue.views import MessageView, MomentView, SessionView
from stream.contracts.feedback import Abstention, Assessment
from stream.contracts.messages import Consent
from stream.contracts.sessions import Counts, Cue, DetectorVersion, Mark
from stream.contracts.vocabulary import LeftOut, MarkKind, NeedsHuman, Role, Verdict

_StoredMoment = tuple[StoredExchange, StoredAnswer]


def open_session(
    session: Session, kek: KeyEncryptionKey, viewer: Viewer, session_id: UUID, now: datetime
) -> SessionView | None:
    """Return a session as this person may see it, or None if they may not."""
    found = select(StoredSession).where(visible_to(viewer), col(StoredSession.session_id) == session_id)
    row = session.exec(found).first()
    if row is None:
        return None
    cipher = find_cipher(session, kek, row.tenant, row.conversation_id)
    stored, labels = _stored_moments(session, row), labels_of(session, row.session_id)
    messages = () if cipher is None else stored_messages(session, cipher, row)
    every = stored
    if viewer.role is AccountRole.THERAPIST:
        stored = [each for each in stored if _is_own(*each, labels.get(each[1].assessment_id, {}), viewer)]
    talk = _talk(row, messages, every, _confirmed(row, stored, labels, viewer))
    view = SessionView(
        row=session_rows(session, [row], now)[0],
        language=row.language,
        consent=Consent.model_validate(row.consent),
        closed_at=row.closed_at,
        messages=messages,
        moments=_moments(session, cipher, row, labels, talk, [each for each in stored if each[0].shown]),
        further=_moments(session, cipher, row, labels, talk, [each for each in stored if _is_further(*each)]),
        not_confirmed=_count_not_confirmed(row, stored),
        marks=tuple(Mark.model_validate(mark) for mark in row.marks),
        detector=None if row.detector is None else DetectorVersion.model_validate(row.detector),
        notes=() if cipher is None else notes_of(session, cipher, viewer, row),
        criteria=() if viewer.role is AccountRole.THERAPIST else asked_criteria(session),
        criterion_answers=criterion_answers_of(session, cipher, viewer, row),
        measures=measures_of(session, viewer, row),
        handovers=handovers_of(session, cipher, row) if viewer.role.reviews else (),
        colleagues=colleagues_of(session, viewer, row) if viewer.role.reviews and waits(row) else (),
        disputes=()
        if cipher is None
        else disputes_of(session, cipher, viewer, row, [answer.assessment_id for _, answer in stored]),
    )
    if viewer.role is not AccountRole.THERAPIST:
        return view
    return replace(_own_part(view, viewer), dispute_until=None if cipher is None else _dispute_until(view, now))


def _own_part(view: SessionView, viewer: Viewer) -> SessionView:
    """Return what a therapist sees: his own rated moments with their messages, without need, counts and marks."""
    needed = {message for moment in view.moments for message in _ids(moment)}
    noted = {None, *(moment.exchange_id for moment in view.moments)}
    return replace(
        view,
        row=replace(
            view.row,
            counsellors=(viewer.display_name,),
            need=Need.OTHER,
            facts=Facts(),
            moments=len(view.moments),
            counts=Counts(),
            claim=None,
            assignment=None,
            is_reviewed=False,
            progress=None,
            acknowledgements=tuple(each for each in view.row.acknowledgements if each.account_id == viewer.user_id),
            open_disputes=0,
        ),
        messages=tuple(message for message in view.messages if message.message_id in needed),
        moments=tuple(_passed_on(moment) for moment in view.moments),
        not_confirmed=0,
        marks=(),
        notes=tuple(note for note in view.notes if note.exchange_id in noted),
        criterion_answers=tuple(answer for answer in view.criterion_answers if answer.exchange_id in noted),
    )


def _dispute_until(view: SessionView, now: datetime) -> datetime | None:
    """Return the end of the time in which the release may be disputed; None if it is over."""
    assert view.row.decision is not None  # noqa: S101 - a therapist's sessions are released
    until = view.row.decision.at + DISPUTE_WITHIN
    return until if now <= until else None


def _passed_on(moment: MomentView) -> MomentView:
    """Return a moment without what was withheld, and without what the model says of it to the supervisor alone."""
    assert isinstance(moment.answer, Assessment)  # noqa: S101 - a therapist's moments are rated
    withheld = withheld_in(moment.labels)
    answer = without(moment.answer, withheld)
    own_levels = {
        statement: label for statement, label in moment.labels.items() if label.opinion.judgement is Judgement.CORRECTED
    }
    hidden = {"possible_injection": False, "confidence": None}
    return replace(
        moment,
        answer=answer.model_copy(update=hidden),
        labels=own_levels,
        disputable=disputable(moment.answer, withheld),
    )


def _ids(moment: MomentView) -> tuple[str, ...]:
    next_turns = (message for turn in moment.afterwards.turns for message in turn)
    return (*moment.context, *moment.client_turn, *moment.reply, *next_turns)


def stored_messages(session: Session, cipher: TextCipher, row: StoredSession) -> tuple[MessageView, ...]:
    """Return every stored message of a session with its text, in order. Who reads them must be on the trail."""
    found = session.exec(
        select(StoredMessage)
        .where(col(StoredMessage.session_id) == row.session_id)
        .order_by(col(StoredMessage.position))
    ).all()
    counsellors = {message.author for message in found if message.role == Role.COUNSELLOR}
    names = counsellor_names(session, row.tenant, counsellors)
    return tuple(
        MessageView(
            message_id=message.message_id,
            role=Role(message.role),
            author=names[message.author] if message.role == Role.COUNSELLOR else "",
            sent_at=message.sent_at,
            text=cipher.decrypt(message.text, message_text_binding(row.tenant, row.session_id, message.message_id)),
        )
        for message in found
    )


def _stored_moments(session: Session, row: StoredSession) -> list[_StoredMoment]:
    """Return a session's moments with their valid answers: those that need a person, then the others, in order."""
    found = session.exec(
        select(StoredExchange, StoredAnswer)
        .join(StoredAnswer, col(StoredAnswer.exchange_id) == col(StoredExchange.exchange_id))
        .where(
            col(StoredExchange.session_id) == row.session_id,
            col(StoredAnswer.superseded_by).is_(None),
        )
        .order_by(col(StoredAnswer.abstained).is_(None), col(StoredExchange.position))
    )
    return list(found)


def _talk(
    row: StoredSession, messages: Sequence[MessageView], stored: Iterable[_StoredMoment], moments: frozenset[str]
) -> StoredTalk:
    return StoredTalk(
        messages=messages,
        exchanges=[
            frozenset((*exchange.context, *exchange.client_turn, *exchange.reply))
            for exchange, answer in stored
            if answer.abstained != NeedsHuman.TEXT_CHANGED
        ],
        moments=moments,
        client_messages=Counts.model_validate(row.counts).client_messages,
        ended_at=row.ended_at,
    )


def _confirmed(
    row: StoredSession, stored: Iterable[_StoredMoment], labels: Mapping[UUID, Labels], viewer: Viewer
) -> frozenset[str]:
    """Return the messages with which confirmed moments begin; to a therapist his own, and no unanswered moment."""
    answered = {
        exchange.client_turn[0]
        for exchange, answer in stored
        if answer.verdict == Verdict.CONFIRMED and not is_called_no_resistance(labels.get(answer.assessment_id, {}))
    }
    if viewer.role is AccountRole.THERAPIST:
        return frozenset(answered)
    marks = (Mark.model_validate(mark) for mark in row.marks)
    unanswered = {m.message_ids[0] for m in marks if m.kind is MarkKind.UNANSWERED_MOMENT and m.resistance_type}
    return frozenset(answered | unanswered)


def _is_further(exchange: StoredExchange, answer: StoredAnswer) -> bool:
    return not exchange.shown and answer.verdict == Verdict.CONFIRMED


def _count_not_confirmed(row: StoredSession, stored: Iterable[_StoredMoment]) -> int:
    """Return how many moments were looked at, not confirmed, and are not shown."""
    counts = Counts.model_validate(row.counts)
    if row.left_out == LeftOut.NO_RESISTANCE:  # its moments are not kept
        return counts.flagged_turns
    rejected = sum(1 for exchange, answer in stored if not exchange.shown and answer.verdict == Verdict.REJECTED)
    return rejected + counts.unanswered_not_confirmed


def _moments(
    session: Session,
    cipher: TextCipher | None,
    row: StoredSession,
    labels: Mapping[UUID, Labels],
    talk: StoredTalk,
    stored: Sequence[_StoredMoment],
) -> tuple[MomentView, ...]:
    """Return moments with their words; only their levels where the key is deleted, since the words' time is over."""
    if not stored:
        return ()
    stored_ids = set(
        session.exec(select(StoredMessage.message_id).where(col(StoredMessage.session_id) == row.session_id)).all()
    )
    names = counsellor_names(session, row.tenant, (e.counsellor for e, _ in stored if e.counsellor is not None))
    return tuple(
        MomentView(
            exchange_id=exchange.exchange_id,
            context=tuple(message for message in exchange.context if message in stored_ids),
            client_turn=tuple(exchange.client_turn),
            reply=tuple(exchange.reply),
            counsellor=None if exchange.counsellor is None else names[exchange.counsellor],
            score=exchange.score,
            cues=tuple(Cue.model_validate(cue) for cue in exchange.cues),
            answer=answer_with_words(cipher, row.tenant, answer),
            labels=labels.get(answer.assessment_id, {}),
            afterwards=afterwards(talk, exchange.reply),
        )
        for exchange, answer in stored
    )


def stored_answer(
    session: Session, kek: KeyEncryptionKey, row: StoredSession, stored: StoredAnswer
) -> Assessment | Abstention:
    """Return one answer of a session with its words."""
    return answer_with_words(find_cipher(session, kek, row.tenant, row.conversation_id), row.tenant, stored)


def answer_with_words(cipher: TextCipher | None, tenant: str, stored: StoredAnswer) -> Assessment | Abstention:
    """Return one answer with its words; without them where there is no cipher, since their time is over."""
    if cipher is None or stored.words is None:
        return answer_from_row(stored, None)
    return answer_from_row(stored, cipher.decrypt(stored.words, answer_words_binding(tenant, stored.assessment_id)))


def _is_own(exchange: StoredExchange, answer: StoredAnswer, labels: Labels, viewer: Viewer) -> bool:
    """Return whether a moment is for this therapist, as `plugin.queue.scope.is_for_therapist` says in SQL."""
    return (
        exchange.shown
        and exchange.counsellor == viewer.counsellor
        and answer.abstained is None
        and answer.verdict != Verdict.REJECTED
        and not is_kept_back(labels)
    )
