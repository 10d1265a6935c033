"""What stands in the record of a closed session, written down plainly. See `plain_model.py`."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from typing import Any

from stream.contracts.vocabulary import RISK_CONCERNS, EndReason, LeftOut, MarkKind, NeedsHuman, Role
from stream.sessions.rules import Rules

CONTEXT = 10
MOMENTS_ALONE = 3


@dataclass
class Said:
    """A message in the words that stand now."""

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
        """The detector of these tests goes by one word, in what a client says."""
        return self.role is Role.CLIENT and "no" in self.text

    @property
    def score(self) -> float:
        """And takes longer texts more seriously."""
        return min(1.0, len(self.text) / 1_000) if self.role is Role.CLIENT else 0.0


@dataclass
class Turn:
    """A client turn, what came before it and what answered it."""

    context: list[Said]
    client: list[Said]
    reply: list[Said]


def content(said: Iterable[Said], reason: EndReason, names: list[tuple[str, str]], rules: Rules) -> dict[str, Any]:
    """The record's inside, as `test_plain_model.py` reads it from a real one."""
    everything = list(said)
    spoken = sorted((one for one in everything if not one.deleted), key=lambda one: (one.sent_at, one.arrival))
    turns = turns_of(spoken)
    flagged = [turn for turn in turns if any(one.flagged for one in turn.client)]
    answered = [turn for turn in flagged if turn.reply]
    left_out = why_left_out(spoken, flagged, reason, rules)
    shown = [] if left_out else highest(answered, MOMENTS_ALONE)
    marks = marks_of(spoken, flagged, left_out, rules)
    exchanges = [exchange(turn, rules) for turn in shown]
    needed = {name for one in exchanges for part in ("context", "client_turn", "reply") for name in one[part]}
    needed |= {name for _, _, ids in marks for name in ids}
    return {
        "left_out": left_out,
        "language": language_of(spoken),
        "secondary_use": all(one.secondary_use for one in everything),
        "clients": sorted({one.author for one in everything if one.role is Role.CLIENT}),
        "counsellors": sorted({one.author for one in everything if one.role is Role.COUNSELLOR}),
        "messages": [(one.message_id, one.revision, one.text) for one in spoken if one.message_id in needed],
        "exchanges": exchanges,
        "marks": marks,
        "names": [] if left_out else names,
        "counts": (
            len(spoken),
            sum(one.role is Role.CLIENT for one in spoken),
            sum(one.role is Role.COUNSELLOR for one in spoken),
            len(turns),
            len(flagged),
            len(flagged) - len(answered),
            len(answered) - len(shown),
        ),
    }


def turns_of(spoken: Sequence[Said]) -> list[Turn]:
    """Each run of the client's messages is a turn; the counsellor's messages up to the next one are its answer.

    Where only the platform wrote in between, that was the answer, but not after the client's last words.
    """
    runs = [list(run) for _, run in groupby(spoken, key=lambda one: one.role is Role.CLIENT)]
    turns = []
    for number, run in enumerate(runs):
        if run[0].role is not Role.CLIENT:
            continue
        after = runs[number + 1] if number + 1 < len(runs) else []
        goes_on = number + 2 < len(runs)
        by_counsellor = [one for one in after if one.role is Role.COUNSELLOR]
        reply = by_counsellor or (after if goes_on else [])
        before = [one for earlier in runs[:number] for one in earlier]
        turns.append(Turn(before[-CONTEXT:], run, reply))
    return turns


def highest(turns: list[Turn], count: int) -> list[Turn]:
    """The turns with the highest scores, the earlier of equal ones, in the order of the session."""
    numbered = sorted(enumerate(turns), key=lambda item: (-max(one.score for one in item[1].client), item[0]))
    return [turn for _, turn in sorted(numbered[:count], key=lambda item: item[0])]


def exchange(turn: Turn, rules: Rules) -> dict[str, Any]:
    """One exchange: what a person must look at is said, and whose reply it was."""
    authors = {one.author for one in turn.reply if one.role is Role.COUNSELLOR}
    critical = any(rules.marks(one.text) for one in (*turn.context, *turn.client) if one.role is Role.CLIENT)
    needs_human = None
    if critical:
        needs_human = NeedsHuman.CRITICAL_CONTENT
    elif not authors:
        needs_human = NeedsHuman.REPLY_BY_SYSTEM
    elif len(authors) > 1:
        needs_human = NeedsHuman.REPLY_BY_SEVERAL
    return {
        "context": [one.message_id for one in turn.context],
        "client_turn": [one.message_id for one in turn.client],
        "reply": [one.message_id for one in turn.reply],
        "counsellor": authors.pop() if len(authors) == 1 else None,
        "needs_human": needs_human,
        "score": max(one.score for one in turn.client),
    }


def marks_of(
    spoken: Sequence[Said], flagged: list[Turn], left_out: LeftOut | None, rules: Rules
) -> list[tuple[MarkKind, list[str], list[str]]]:
    """Risk first, always; other critical content and unanswered moments where there is feedback."""
    found: list[tuple[MarkKind, list[str], list[str]]] = []
    for kind, is_risk in ((MarkKind.RISK_LANGUAGE, True), (MarkKind.CRITICAL_CONTENT, False)):
        about = {
            one.message_id: {concern for concern in rules.marks(one.text) if (concern in RISK_CONCERNS) is is_risk}
            for one in spoken
            if one.role is Role.CLIENT
        }
        about = {name: concerns for name, concerns in about.items() if concerns}
        if about and (is_risk or not left_out):
            found.append((kind, sorted(str(one) for one in set.union(*about.values())), list(about)))
    if not left_out:
        unanswered = [[one.message_id for one in turn.client] for turn in flagged if not turn.reply]
        found += [(MarkKind.UNANSWERED_MOMENT, [], ids) for ids in unanswered]
    return found


def why_left_out(spoken: Sequence[Said], flagged: list[Turn], reason: EndReason, rules: Rules) -> LeftOut | None:
    """The first of these that holds."""
    people = [one for one in spoken if one.role is not Role.SYSTEM]
    clients = [one for one in people if one.role is Role.CLIENT]
    language = language_of(spoken)
    if reason is EndReason.TOO_LONG:
        return LeftOut.TOO_LONG
    if language is not None and language.split("-")[0].lower() not in rules.languages:
        return LeftOut.LANGUAGE_NOT_SUPPORTED
    if len(people) == len(clients):
        return LeftOut.NO_COUNSELLOR_MESSAGE
    words = sum(len(one.text.split()) for one in people)
    if len(clients) < rules.min_client_messages or words < rules.min_words:
        return LeftOut.TOO_SHORT
    return None if flagged else LeftOut.NO_RESISTANCE


def language_of(spoken: Sequence[Said]) -> str | None:
    """The one declared last."""
    return next((one.language for one in reversed(spoken) if one.language), None)
