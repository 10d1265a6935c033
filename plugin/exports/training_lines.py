"""Reviewed moments as lines of annotated exchanges, the form that `python -m training.feedback prepare` reads.

Only what a person said counts: a level is their own one, or the model's that they agreed with. Silence is no agreement.
"""

from collections.abc import Iterator, Mapping
from enum import StrEnum
from typing import Any

from plugin.database.answers import WORDS_REMOVED
from plugin.exports.line_check import passes_gate
from plugin.exports.texts import Hide
from plugin.queue.judgements import is_kept_back
from plugin.queue.review_views import Judgement, Label
from plugin.queue.statements import MOMENT, STRENGTHS, VERDICT, level_of, rating_of, suggestion
from plugin.queue.views import MessageView, MomentView, SessionView
from stream.contracts.feedback import Assessment
from stream.contracts.vocabulary import Mechanism, Role, Verdict

Line = Mapping[str, Any]


class TrainingArm(StrEnum):
    """The part of an answer that a line teaches, as in `prepare --arm`."""

    REASONS = "reasons"
    """Levels with reasons and quotations, where a person agreed with all of it."""
    LABELS = "labels"
    """The four levels alone, a person's own ones among them."""


def training_lines(view: SessionView, session: str, group: str, arm: TrainingArm, hide: Hide) -> Iterator[Line]:
    """Yield a line for each moment of a session of which people said all that the arm teaches.

    `session` and `group` are pseudonyms; exchanges of one group never stand on both sides of a split.
    """
    texts = {message.message_id: message for message in view.messages}
    for moment in (*view.moments, *view.further):
        answer = moment.answer
        if not isinstance(answer, Assessment) or answer.verdict is not Verdict.CONFIRMED:
            continue
        if not moment.reply or not all(name in texts for name in (*moment.client_turn, *moment.reply)):
            continue  # the words had their time, or nobody replied
        if is_kept_back(moment.labels) or not _is_agreed(moment, str(MOMENT)):
            continue
        taught = _levels(moment, answer) if arm is TrainingArm.LABELS else _whole_answer(moment, answer, hide)
        if taught is None:
            continue
        line = {"session": session, "group": group, **_spoken(moment, texts, hide), **taught}
        is_readable = bool(line["client"].strip() and line["reply"].strip())  # not of invisible characters alone
        if is_readable and (arm is TrainingArm.LABELS or passes_gate(line)):
            yield line


def _spoken(moment: MomentView, texts: Mapping[str, MessageView], hide: Hide) -> Line:
    context = [texts[name] for name in moment.context if name in texts]
    return {
        "before": [[line.role.value, hide(line.text)] for line in context if line.role is not Role.SYSTEM],
        "client": _joined(moment.client_turn, texts, hide),
        "reply": _joined(moment.reply, texts, hide),
    }


def _levels(moment: MomentView, answer: Assessment) -> Line | None:
    """Return the four levels that people gave, or None where one is missing."""
    levels: dict[str, int] = {}
    people: set[str] = set()
    for rating in answer.ratings:
        own = moment.labels.get(str(level_of(rating.mechanism)))
        if own is not None and own.opinion.level is not None:
            levels[rating.mechanism], by = own.opinion.level.value, own.by
        elif rating.level is not None and _is_agreed(moment, str(rating_of(rating.mechanism))):
            levels[rating.mechanism], by = rating.level.value, moment.labels[str(rating_of(rating.mechanism))].by
        else:
            return None
        people.add(by)
    return {"levels": levels, "reviewers": len(people), **_type(moment, answer)}


def _whole_answer(moment: MomentView, answer: Assessment, hide: Hide) -> Line | None:
    """Return the answer with its reasons and quotations, or None where a person did not agree with all of it."""
    line = _levels(moment, answer)
    has_own_level = any(str(level_of(mechanism)) in moment.labels for mechanism in Mechanism)
    is_worded = all(rating.reason != WORDS_REMOVED for rating in answer.ratings)
    if line is None or has_own_level or not is_worded or "resistance_type" not in line:
        return None
    return {
        **line,
        "reasons": {rating.mechanism.value: hide(rating.reason) for rating in answer.ratings},
        "evidence": {
            rating.mechanism.value: [hide(evidence.quote) for evidence in rating.evidence] for rating in answer.ratings
        },
        "strengths": [hide(words) for words in answer.strengths] if _is_agreed(moment, str(STRENGTHS)) else [],
        "alternatives": [
            {"text": hide(other.text), "mechanism": other.mechanism.value}
            for number, other in enumerate(answer.alternatives, start=1)
            if _is_agreed(moment, str(suggestion(number)))
        ],
    }


def _type(moment: MomentView, answer: Assessment) -> Line:
    """Return the type of resistance where a person agreed with it."""
    is_agreed = answer.resistance_type is not None and _is_agreed(moment, str(VERDICT))
    return {"resistance_type": str(answer.resistance_type)} if is_agreed else {}


def _joined(names: tuple[str, ...], texts: Mapping[str, MessageView], hide: Hide) -> str:
    return "\n".join(hide(texts[name].text) for name in names)


def _is_agreed(moment: MomentView, statement: str) -> bool:
    label: Label | None = moment.labels.get(statement)
    return label is not None and label.opinion.judgement is Judgement.AGREED
