"""The specification of the content of a closed session's record; see `plain_model.py`."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from typing import Any

from stream.contracts.vocabulary import RISK_CONCERNS, EndReason, LeftOut, MarkKind, NeedsHuman, Role
from stream.sessions.rules import Rules

CONTEXT_MESSAGES = 10


@dataclass
class PlainMessage:
    """A message with its current text."""

    message_id: str
    arrival: int
    role: Role
    author: str
    sent_at: datetime
    text: str
    revision: int
    deleted: bool
    language: str | None
    secondary_use: bool

    @property
    def flagged(self) -> bool:
        """Whether a client wrote the word that the detector of these tests flags."""
        return self.role is Role.CLIENT and "no" in self.text

    @property
    def score(self) -> float:
        """The score of a client's message: longer texts score higher."""
        return min(1.0, len(self.text) / 1_000) if self.role is Role.CLIENT else 0.0


@dataclass
class PlainTurn:
    """A client turn with the context before it and the reply to it."""

    context: list[PlainMessage]
    client: list[PlainMessage]
    reply: list[PlainMessage]


def closed_content(
    messages: Iterable[PlainMessage], reason: EndReason, names: list[tuple[str, str]], rules: Rules
) -> dict[str, Any]:
    """Return the content of the record, in the form in which `test_plain_model.py` reads a real record."""
    everything = list(messages)
    transcript = sorted(
        (message for message in everything if not message.deleted),
        key=lambda message: (message.sent_at, message.arrival),
    )
    turns = client_turns(transcript)
    flagged = [turn for turn in turns if any(message.flagged for message in turn.client)]
    answered = [turn for turn in flagged if turn.reply]
    left_out = left_out_reason(transcript, flagged, reason, rules)
    shown = [] if left_out else answered
    marks = marks_on(transcript, flagged, left_out, rules)
    exchanges = [exchange_content(turn, rules) for turn in shown]
    needed = {i for exchange in exchanges for part in ("context", "client_turn", "reply") for i in exchange[part]}
    needed |= {i for _, _, ids, context in marks for i in ids + context}
    return {
        "left_out": left_out,
        "language": session_language(transcript, rules),
        "secondary_use": all(message.secondary_use for message in everything),
        "clients": sorted({message.author for message in everything if message.role is Role.CLIENT}),
        "counsellors": sorted({message.author for message in everything if message.role is Role.COUNSELLOR}),
        "messages": [
            (message.message_id, message.revision, message.text)
            for message in transcript
            if message.message_id in needed
        ],
        "exchanges": exchanges,
        "marks": marks,
        "names": [] if left_out else names,
        "counts": (
            len(transcript),
            sum(message.role is Role.CLIENT for message in transcript),
            sum(message.role is Role.COUNSELLOR for message in transcript),
            len(turns),
            len(flagged),
            len(flagged) - len(answered),
            len(answered) - len(shown),
        ),
    }


def client_turns(transcript: Sequence[PlainMessage]) -> list[PlainTurn]:
    """Return each run of the client's messages, with the counsellor's messages up to the next run as its reply.

    Where only the platform wrote in between, that is the reply, but not after the client's last messages.
    """
    runs = [list(run) for _, run in groupby(transcript, key=lambda message: message.role is Role.CLIENT)]
    turns = []
    for number, run in enumerate(runs):
        if run[0].role is not Role.CLIENT:
            continue
        after = runs[number + 1] if number + 1 < len(runs) else []
        goes_on = number + 2 < len(runs)
        by_counsellor = [message for message in after if message.role is Role.COUNSELLOR]
        reply = by_counsellor or (after if goes_on else [])
        before = [message for earlier in runs[:number] for message in earlier]
        turns.append(PlainTurn(before[-CONTEXT_MESSAGES:], run, reply))
    return turns


def exchange_content(turn: PlainTurn, rules: Rules) -> dict[str, Any]:
    """Return the content of the exchange of one client turn."""
    authors = {message.author for message in turn.reply if message.role is Role.COUNSELLOR}
    critical = any(
        rules.find_concerns(message.text) for message in (*turn.context, *turn.client) if message.role is Role.CLIENT
    )
    needs_human = None
    if critical:
        needs_human = NeedsHuman.CRITICAL_CONTENT
    elif not authors:
        needs_human = NeedsHuman.REPLY_BY_SYSTEM
    elif len(authors) > 1:
        needs_human = NeedsHuman.REPLY_BY_SEVERAL
    return {
        "context": [message.message_id for message in turn.context],
        "client_turn": [message.message_id for message in turn.client],
        "reply": [message.message_id for message in turn.reply],
        "counsellor": authors.pop() if len(authors) == 1 else None,
        "needs_human": needs_human,
        "score": max(message.score for message in turn.client),
    }


def marks_on(
    transcript: Sequence[PlainMessage], flagged: list[PlainTurn], left_out: LeftOut | None, rules: Rules
) -> list[tuple[MarkKind, list[str], list[str], list[str]]]:
    """Return the marks: risk language always, the others where the session is not left out."""
    found: list[tuple[MarkKind, list[str], list[str], list[str]]] = []
    for kind, is_risk in ((MarkKind.RISK_LANGUAGE, True), (MarkKind.CRITICAL_CONTENT, False)):
        about = {
            message.message_id: {
                concern for concern in rules.find_concerns(message.text) if (concern in RISK_CONCERNS) is is_risk
            }
            for message in transcript
            if message.role is Role.CLIENT
        }
        about = {message_id: concerns for message_id, concerns in about.items() if concerns}
        if about and (is_risk or not left_out):
            found.append((kind, sorted(str(concern) for concern in set.union(*about.values())), list(about), []))
    if not left_out:
        found += [
            (
                MarkKind.UNANSWERED_MOMENT,
                [],
                [message.message_id for message in turn.client],
                [message.message_id for message in turn.context],
            )
            for turn in flagged
            if not turn.reply
        ]
    return found


def left_out_reason(
    transcript: Sequence[PlainMessage], flagged: list[PlainTurn], reason: EndReason, rules: Rules
) -> LeftOut | None:
    """Return the first reason for leaving the session out that applies; None for an eligible session."""
    people = [message for message in transcript if message.role is not Role.SYSTEM]
    clients = [message for message in people if message.role is Role.CLIENT]
    language = session_language(transcript, rules)
    if reason is EndReason.TOO_LONG:
        return LeftOut.TOO_LONG
    if language is not None and language.split("-")[0].lower() not in rules.languages:
        return LeftOut.LANGUAGE_NOT_SUPPORTED
    if len(people) == len(clients):
        return LeftOut.NO_COUNSELLOR_MESSAGE
    words = sum(len(message.text.split()) for message in people)
    if len(clients) < rules.min_client_messages or words < rules.min_words:
        return LeftOut.TOO_SHORT
    return None if flagged else LeftOut.NO_RESISTANCE


def session_language(transcript: Sequence[PlainMessage], rules: Rules) -> str | None:
    """Return the language that was declared last, or the one of the texts where it is another or none was declared."""
    declared = next((message.language for message in reversed(transcript) if message.language), None)
    if declared is not None and declared.split("-")[0].lower() not in rules.languages:
        return declared
    by_client = [message.text for message in transcript if message.role is Role.CLIENT]
    by_people = [message.text for message in transcript if message.role is not Role.SYSTEM]
    told = rules.detect_language(by_client) or rules.detect_language(by_people)
    return told if declared is None or (told is not None and told not in rules.languages) else declared
