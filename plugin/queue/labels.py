"""The words that pages and digests show for codes: plain for supervisors, kind for therapists, never about a person."""

from collections.abc import Iterable
from typing import Final

from plugin.plain_text import counted, join_words
from stream.contracts.feedback import Alternative, Assessment, ModelVersion
from stream.contracts.rubric import RUBRIC
from stream.contracts.sessions import Mark
from stream.contracts.vocabulary import (
    Concern,
    LeftOut,
    Level,
    MarkKind,
    Mechanism,
    NeedsHuman,
    ResistanceType,
    Verdict,
)

GLYPHS: Final = {Level.NONE: "\u25cb\u25cb", Level.WEAK: "\u25cf\u25cb", Level.STRONG: "\u25cf\u25cf"}
"""The symbols of levels, shown beside the rubric's own words; they can be told apart without colour."""
LEVELS_FOR_THERAPIST: Final = {
    Level.NONE: "not heard in this reply yet",
    Level.WEAK: "comes through in part",
    Level.STRONG: "comes through clearly",
}
"""The three levels as a remark on the words of one reply, not as a grade on a scale."""

NEEDS_HUMAN: Final = {
    NeedsHuman.CRITICAL_CONTENT: "The client\u2019s words touch a subject that no model may rate or advise on.",
    NeedsHuman.POSSIBLE_CRITICAL_CONTENT: (
        "The client\u2019s words may speak of suicide, harm, abuse or a symptom, so no model rates this moment."
        " The model is not sure, and often wrong."
    ),
    NeedsHuman.REPLY_BY_SEVERAL: "Several people wrote the reply, so it cannot be rated as one person\u2019s.",
    NeedsHuman.REPLY_BY_SYSTEM: "The reply was written by a system, not by a counsellor.",
    NeedsHuman.EVIDENCE_NOT_FOUND: "The model quoted words that are not in the text, so its rating was set aside.",
    NeedsHuman.ANSWER_UNUSABLE: "The model\u2019s answer could not be used.",
    NeedsHuman.MODEL_ABSTAINED: "The model was not sure and said so.",
    NeedsHuman.MODEL_FAILED: "The model failed on this moment.",
    NeedsHuman.TEXT_CHANGED: "A message of this moment was deleted or edited after it was assessed.",
    NeedsHuman.NAMES_NOT_TOLD: "Nobody told the names of this room, and without them no model is asked here.",
}
POSSIBLE_INJECTION: Final = "Text in this exchange may be meant to steer the rating. Read the levels with that in mind."
NAMES_NOT_TOLD: Final = (
    "Nobody told the names of this room: names recognised in the text were replaced, others may have reached the model."
)
LEFT_OUT: Final = {
    LeftOut.NO_CONSENT: "The client did not consent, or withdrew consent",
    LeftOut.TOO_SHORT: "Too short",
    LeftOut.NO_RESISTANCE: "No moment of resistance found",
    LeftOut.LANGUAGE_NOT_SUPPORTED: "In a language the models were not made for",
    LeftOut.NO_COUNSELLOR_MESSAGE: "No message by a counsellor",
    LeftOut.TOO_LONG: "Too long",
}
CONCERNS: Final = {
    Concern.SUICIDE: "suicide",
    Concern.SELF_HARM: "self-harm",
    Concern.HARM_TO_OTHERS: "harm to others",
    Concern.ABUSE: "abuse",
    Concern.DELUSION: "possibly a delusion",
    Concern.HALLUCINATION: "possibly a hallucination",
    Concern.MANIA: "possibly mania",
    Concern.COMPULSION: "possibly a compulsion",
}
MARKS: Final = {
    MarkKind.RISK_LANGUAGE: "Risk language",
    MarkKind.CRITICAL_CONTENT: "Critical content",
    MarkKind.UNANSWERED_MOMENT: "Unanswered moment",
}
_FOUND_BY_WORDS: Final = {
    MarkKind.RISK_LANGUAGE: (
        "Found by a word list, which misses much and is often wrong. The platform\u2019s own protocol handles risk:"
        " please see whether it was followed."
    ),
    MarkKind.CRITICAL_CONTENT: (
        "Found by a word list. No model has rated these words, and none suggests a reply to them."
    ),
}


def mechanism_title(mechanism: Mechanism) -> str:
    """Return the title of a mechanism in the rubric."""
    return RUBRIC[mechanism].title


def mark_explanation(mark: Mark) -> str:
    """Return where a mark comes from; of an unanswered moment, what the model says of it."""
    if mark.kind is not MarkKind.UNANSWERED_MOMENT:
        return _FOUND_BY_WORDS[mark.kind]
    if mark.needs_human is not None:
        return f"Nobody replied, and no model says whether this is resistance. {NEEDS_HUMAN[mark.needs_human]}"
    if mark.resistance_type is None:  # marked by an earlier version
        return "Possible resistance to which nobody replied. No model has read it, and most turns marked so are none."
    confirmed = _confirmed(mark.resistance_type)
    said = confirmed[0].upper() + confirmed[1:]
    return f"{said}. Nobody replied, so there is nothing to rate. {confirmed_by(mark.model)}"


def confirmed_by(model: ModelVersion | None) -> str:
    """Return the sentence that names the model that confirmed an unanswered moment, and what that model is."""
    if model is None:
        return "Which model that was is not stored; take it as unvalidated."
    baseline = ", a baseline" if model.is_baseline else ""
    agreement = "has been measured" if model.validated else "has not been measured (unvalidated)"
    return f"The model is {model.name}{baseline}; its agreement with clinicians {agreement}."


def verdict(assessment: Assessment | None) -> str:
    """Return what the model says of the detector's finding, which stays a possibility until a model confirms it."""
    if assessment is None or assessment.verdict is Verdict.NOT_ASSESSED:
        return "possible resistance; type not assessed"
    if assessment.verdict is Verdict.REJECTED:
        return "possible resistance, looked at and not confirmed by the model"
    return _confirmed(assessment.resistance_type)


def behaviour(kind: ResistanceType) -> str:
    """Return what a type of resistance is called, such as "minimum talk"."""
    return kind.value.replace("_", " ")


def _confirmed(kind: ResistanceType | None) -> str:
    return "resistance, confirmed by the model" + (f": {behaviour(kind)}" if kind else "")


def not_shown(further: int, not_confirmed: int) -> str:
    """Return in one sentence how many moments were confirmed and are not shown, and how many were not confirmed."""
    confirmed = f"{counted(further, 'further moment was', 'further moments were')} confirmed"
    looked_at = "looked at and not confirmed"
    if not further:
        return f"{counted(not_confirmed, 'moment was', 'moments were')} {looked_at}." if not_confirmed else ""
    if not not_confirmed:
        return f"{confirmed}."
    return f"{confirmed}, and {not_confirmed} {'was' if not_confirmed == 1 else 'were'} {looked_at}."


def source(alternative: Alternative, model: ModelVersion) -> str:
    """Return the words that introduce a suggested reply: what somebody wrote, or what the model worded."""
    if alternative.written_id is not None:
        return "What somebody wrote for moments of this kind"
    # The baseline words nothing itself; what its earlier versions completed has no source that could be named.
    return "An option" if model.is_baseline else "Worded by the model"


def preference(alternative: Alternative) -> str:
    """Return what the score of a suggested reply says, in words; it is a model's guess and not a measure of quality."""
    if alternative.score is None:
        return "Unscored: nothing has judged it yet."
    return (
        f"{alternative.score:.2f} is the probability that this reply is preferred to the one that was given,"
        " as estimated by a model that wrote neither."
    )


def concerns(found: Iterable[Concern]) -> str:
    """Return concerns as a phrase: "suicide and self-harm"."""
    return join_words([CONCERNS[concern] for concern in found])
