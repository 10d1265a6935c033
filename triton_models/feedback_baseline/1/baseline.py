"""The CPU baseline: the reader's opinion of an exchange, with the words it rests on and a portable reply.

Verdict, type, critical content and levels are the reader's. Critical content has two grades, and with either nothing
else is said. The sentence that carries a level is found by leaving sentences out; the reason says what is heard in it.
Sentences that are meant to steer the rating are left out of what is rated, and the answer says that there were some. A
turn without a reply gets a verdict alone.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from .diagnoses import blind
from .evidence import Alone, Heard, hear_sentences, read_alone
from .fingerprint import fingerprint
from .library import Library
from .moment import Moment, read_request
from .once import read_once
from .opinions import MECHANISMS, Answers, Choice, Opinion, ReadPairs
from .reasons import STRENGTHS, STRONG, oppositions, why
from .reward import Reward
from .text import Sentence, readable, words

VERSION = "1.0"
"""Of composition, library and reader together: a change to any of them is another version."""
FOLDER = Path(__file__).parent
FINGERPRINT = fingerprint(FOLDER)
RUBRIC_VERSION = "0.3"

MOST_STRENGTHS = 2
"""Few points are read; the levels show the rest."""

OF_THE_TYPE = 0.25
"""The probability that a turn is resistance of its very type, from which on a reply to that type is offered. It is
reached in 171 of 537 confirmed moments of transcripts that the reader had not seen, and two in five of these are of the
type to the coder. Of those that were read below it four in ten made no sense in place."""

LIKELY = 0.5
"""From here on a whole turn or reply is likelier steered than not: nine in ten attacks, three in a hundred others."""

TELLING_WORDS = 2
"""Of a client's sentence: "No" resists most, and quoted alone it does not say what went unanswered."""

NOT_READABLE = "The reply has no words that a reader of English can read."
ALL_PLANTED = "The reply holds nothing but text that is meant to steer the rating."


def assess(request: dict[str, Any], read: ReadPairs, answers: Answers, library: Library) -> dict[str, Any]:
    """Return the answer to one request.

    Raises:
        ValueError: a request of another shape; the sentence never holds text of a message.
    """
    read = blind(read_once(read))
    given = read_request(request)
    client = read_alone(given.before, given.client, read)
    (asked,) = read([(given.before, given.client_text)])
    said = _surely_meant(client, asked, "turn", answers)
    planted = _is_steered(client, "turn", answers)
    said = said or client  # a turn of nothing else is still the client's turn
    moment = replace(given, client=tuple(each.sentence for each in said))
    turn = asked if len(said) == len(client) else read([(moment.before, moment.client_text)])[0]
    confidence = answers.resistance(turn)
    critical = _critical(moment, turn, read, answers)
    if critical.probability >= answers.threshold("possible_critical"):
        is_sure = critical.probability >= answers.threshold("critical")
        return _answer(
            critical_content=critical.name,
            critical_is_sure=is_sure,
            possible_injection=planted,
            confidence=confidence,
        )
    if confidence < answers.threshold("confirm"):
        return _answer(possible_injection=planted, confidence=confidence)
    kind, share = answers.resistance_type(turn)
    if not given.is_answered:
        return _answer(verdict="confirmed", resistance_type=kind, possible_injection=planted, confidence=confidence)
    if not readable(given.reply):
        return _answer(abstain_reason=NOT_READABLE, possible_injection=planted, confidence=confidence)
    reply = read_alone(moment.client_end, given.reply, read)
    (whole,) = read([(moment.client_end, given.reply_text)])
    replied = _surely_meant(reply, whole, "reply", answers)
    planted |= _is_steered(reply, "reply", answers)
    if not replied:
        return _answer(abstain_reason=ALL_PLANTED, possible_injection=planted, confidence=confidence)
    moment = replace(moment, reply=tuple(each.sentence for each in replied))
    if len(replied) < len(reply):
        (whole,) = read([(moment.client_end, moment.reply_text)])
    readings = [whole]
    if len(said) < len(client) or len(replied) < len(reply):  # what was left out must not raise a level by its absence
        readings += read([(given.client_end, given.reply_text)])
    levels = {mechanism: min(answers.level(mechanism, each) for each in readings) for mechanism in MECHANISMS}
    heard = hear_sentences(moment, whole, replied, read, answers)
    wanting = _wanting(said, answers)
    expected = {mechanism: answers.expected_level(mechanism, whole) for mechanism in MECHANISMS}
    is_of_type = confidence * share >= OF_THE_TYPE
    candidates = library.candidates(kind, turn.vector, expected) if is_of_type else []
    opinions = read([(moment.client_end, candidate.text) for candidate in candidates])
    suggestions = library.suggest(candidates, [each.vector for each in opinions], whole.vector)
    return _answer(
        possible_injection=planted,
        confidence=confidence,
        verdict="confirmed",
        resistance_type=kind,
        ratings=_ratings(levels, heard, wanting),
        strengths=[
            STRENGTHS[name]
            for name, level in levels.items()
            if level == STRONG and answers.levels(name, whole)[STRONG] >= answers.threshold(f"praise_{name}")
        ][:MOST_STRENGTHS],
        alternatives=suggestions[:1],
        spares=suggestions[1:],
    )


def _surely_meant(parts: list[Alone], whole: Opinion, kind: str, answers: Answers) -> list[Alone]:
    """Leave out the sentences that may be meant to steer whoever rates them: no level may rest on them.

    After a sentence that surely is, the rest of its message is left out too: a forged transcript goes on plainly. Where
    the whole is likelier steered than not, that is the sentence which looks most like it.
    """
    shares = [answers.planted(kind, each.opinion) for each in parts]
    sure = answers.threshold("planted")
    if shares and answers.planted(kind, whole) >= LIKELY:
        sure = min(sure, max(shares))
    kept: list[Alone] = []
    steered: int | None = None
    for each, share in zip(parts, shares, strict=True):
        if share >= sure:
            steered = each.sentence.number
        if share < answers.threshold("doubtful") and each.sentence.number != steered:
            kept.append(each)
    # A doubt about every sentence leaves nothing to rate and would accuse somebody: then all are read.
    return kept or ([] if sure <= max(shares, default=1.0) else parts)


def _is_steered(parts: list[Alone], kind: str, answers: Answers) -> bool:
    """Return whether a sentence looks so much like planted text that a supervisor should know."""
    return any(answers.planted(kind, each.opinion) >= answers.threshold("planted") for each in parts)


def _critical(moment: Moment, turn: Opinion, read: ReadPairs, answers: Answers) -> Choice:
    """Return the likeliest critical content of the client's turn as it was written, wherever it stands in it."""
    opinions = [turn]
    if moment.client_pieces != (moment.client_text,):
        opinions += read([(moment.before, piece) for piece in moment.client_pieces])
    return max(map(answers.critical, opinions), key=lambda choice: choice.probability)


def _wanting(said: list[Alone], answers: Answers) -> Sentence | None:
    """Return the client's sentence that most wants an answer; a telling one, if there is any."""
    telling = [each for each in said if len(words(each.sentence.folded)) >= TELLING_WORDS] or said
    return max(telling, key=lambda each: answers.resistance(each.opinion)).sentence if telling else None


def _ratings(levels: dict[str, int], heard: list[Heard], wanting: Sentence | None) -> list[dict[str, Any]]:
    against = oppositions(levels, heard)
    reasons = {name: why(name, level, heard, wanting, against.get(name)) for name, level in levels.items()}
    return [
        {
            "mechanism": name,
            "level": levels[name],
            "reason": reason.text,
            "evidence": [{"message": number, "quote": words} for number, words in reason.evidence],
        }
        for name, reason in reasons.items()
    ]


def _answer(
    *,
    ratings: list[dict[str, Any]] | None = None,
    verdict: str = "rejected",
    abstain_reason: str = "",
    **rest: object,
) -> dict[str, Any]:
    unrated = [{"mechanism": name, "level": None, "reason": "", "evidence": []} for name in MECHANISMS]
    return {
        "critical_content": None,
        "critical_is_sure": True,
        "verdict": verdict,
        "resistance_type": None,
        "ratings": ratings or unrated,
        "strengths": [],
        "alternatives": [],
        "spares": [],
        "abstain": bool(abstain_reason),
        "abstain_reason": abstain_reason,
        "possible_injection": False,
        "confidence": None,
    } | rest


__all__ = ["FINGERPRINT", "RUBRIC_VERSION", "VERSION", "Answers", "Library", "Opinion", "Reward", "assess"]
