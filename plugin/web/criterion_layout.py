"""Pure functions that lay out the criteria of one session: what is asked of which place, and what was said to it."""

from dataclasses import dataclass
from typing import Final
from uuid import UUID

from plugin.queue.criterion_views import Criterion, CriterionAbout, CriterionAnswer, CriterionScale
from plugin.queue.views import SessionView

MOMENT: Final = CriterionAbout.MOMENT
SESSION: Final = CriterionAbout.SESSION
ABOUT: Final = {MOMENT: "each moment", SESSION: "the session, once"}
SCALES: Final = {
    CriterionScale.YES_NO: "yes or no",
    CriterionScale.LEVELS: "none, weak, strong",
    CriterionScale.STEPS: "0 to 3, in words of your own",
}
"""What forms and lists call the two places and the three scales."""


@dataclass(frozen=True)
class CriterionLine:
    """A criterion beside a moment or a session, with at least one of `asked` and `answer` set."""

    asked: Criterion | None
    """The version that is asked now; None where the criterion is retired."""
    answer: CriterionAnswer | None

    @property
    def criterion(self) -> Criterion:
        """The version whose question stands on the page: the one that is asked, or else the answered one."""
        if self.asked is not None:
            return self.asked
        assert self.answer is not None  # noqa: S101 - one of both is set
        return self.answer.criterion

    @property
    def is_current(self) -> bool:
        """Whether the answer is one to the version that is asked now."""
        return self.answer is not None and self.answer.criterion == self.asked


def criterion_lines(session: SessionView, about: CriterionAbout, exchange_id: UUID | None) -> tuple[CriterionLine, ...]:
    """Return the criteria of a moment or of the session: what is asked, in order, then what is answered and retired."""
    answers = {
        answer.criterion.criterion_id: answer
        for answer in session.criterion_answers
        if answer.criterion.about is about and answer.exchange_id == exchange_id
    }
    asked = [each for each in session.criteria if each.about is about]
    ids = {each.criterion_id for each in asked}
    return (
        *(CriterionLine(each, answers.get(each.criterion_id)) for each in asked),
        *(CriterionLine(None, answer) for criterion_id, answer in answers.items() if criterion_id not in ids),
    )
