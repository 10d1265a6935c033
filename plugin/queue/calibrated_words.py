"""A moment of a calibration with its words, and the notes and reasons that raters wrote about it."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any
from uuid import UUID

from sqlmodel import Session, col, select

from plugin.crypto.keys import KeyEncryptionKey
from plugin.crypto.text import TextCipher
from plugin.database.conversation_keys import find_cipher
from plugin.database.sealed_columns import final_level_words_binding, rating_words_binding
from plugin.database.tables import StoredCalibrationRating, StoredFinalLevel
from plugin.database.viewer import Viewer
from plugin.queue.calibration_comparison import to_settle
from plugin.queue.calibration_moments import StoredMoment
from plugin.queue.calibration_views import CalibratedWords, Calibration, ComparedMoment, PeerRating, said_from_json
from plugin.queue.opening import stored_messages
from plugin.queue.views import MessageView


def calibrated_words(
    session: Session, kek: KeyEncryptionKey, viewer: Viewer, calibration: Calibration, found: StoredMoment
) -> CalibratedWords:
    """Return a moment with its words, as far as they are kept. Who reads them must be on the trail."""
    row, exchange, number = found.row, found.exchange, found.moment.number
    cipher = find_cipher(session, kek, row.tenant, row.conversation_id)
    messages = () if cipher is None or not found.is_readable else stored_messages(session, cipher, row)
    nameless = {each.message_id: replace(each, author="") for each in messages}
    compared = next((each for each in calibration.compared if each.number == number), None)
    if compared is not None:
        compared = _with_words(session, cipher, found, compared)
    left = to_settle(compared) if compared is not None and calibration.head.is_over else ()
    return CalibratedWords(
        calibration=calibration,
        number=number,
        context=_in_order(exchange.context, nameless),
        client_turn=_in_order(exchange.client_turn, nameless),
        reply=_in_order(exchange.reply, nameless),
        own=_own(session, cipher, viewer, found),
        compared=compared,
        to_settle=left,
        shows_machine=calibration.head.is_over and not left,
    )


def _in_order(ids: list[str], messages: Mapping[str, MessageView]) -> tuple[MessageView, ...]:
    return tuple(messages[each] for each in ids if each in messages)


def _own(session: Session, cipher: TextCipher | None, viewer: Viewer, found: StoredMoment) -> PeerRating | None:
    key = found.moment.calibration_id, found.moment.number, viewer.user_id
    row = session.get(StoredCalibrationRating, key)
    if row is None:
        return None
    note = _note(cipher, found, viewer.user_id, row.words)
    return PeerRating(viewer.display_name, said_from_json(row.levels), row.blind, is_own=True, note=note)


def _with_words(
    session: Session, cipher: TextCipher | None, found: StoredMoment, compared: ComparedMoment
) -> ComparedMoment:
    """Return a compared moment with the notes of those whose ratings it shows, and with the reasons."""
    of_moment = found.moment.calibration_id, found.moment.number
    rating: Any = StoredCalibrationRating
    notes: dict[UUID, bytes | None] = dict(
        session.exec(
            select(rating.account_id, rating.words).where(
                rating.calibration_id == of_moment[0],
                rating.number == of_moment[1],
                rating.account_id.in_(compared.ratings),
            )
        ).all()
    )
    final = session.exec(
        select(StoredFinalLevel).where(
            col(StoredFinalLevel.calibration_id) == of_moment[0], col(StoredFinalLevel.number) == of_moment[1]
        )
    )
    reasons = {row.mechanism: _reason(cipher, found, row) for row in final}
    return replace(
        compared,
        ratings={
            account_id: replace(said, note=_note(cipher, found, account_id, notes.get(account_id)))
            for account_id, said in compared.ratings.items()
        },
        final={
            mechanism: replace(level, reason=reasons[mechanism.value]) for mechanism, level in compared.final.items()
        },
    )


def _note(cipher: TextCipher | None, found: StoredMoment, account_id: UUID, words: bytes | None) -> str:
    if cipher is None or words is None:
        return ""
    moment = found.moment
    binding = rating_words_binding(found.row.tenant, moment.calibration_id, moment.number, account_id)
    return cipher.decrypt(words, binding)


def _reason(cipher: TextCipher | None, found: StoredMoment, row: StoredFinalLevel) -> str:
    if cipher is None or row.words is None:
        return ""
    binding = final_level_words_binding(found.row.tenant, row.calibration_id, row.number, row.mechanism)
    return cipher.decrypt(row.words, binding)
