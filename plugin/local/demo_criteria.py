"""The criteria of the demo's service: two questions of its own beside the rubric. They are made up."""

from typing import Final

from plugin.local.demo_desk import DemoWeek
from plugin.queue.account_changes import Actor
from plugin.queue.criterion_views import CriterionAbout, CriterionScale, Wording

PACE: Final = "pace"
NEXT_STEP: Final = "next-step"
_ASKED: Final = {
    PACE: (
        CriterionAbout.MOMENT,
        Wording(
            "At whose pace does the reply go?",
            CriterionScale.STEPS,
            (
                "the counsellor\u2019s alone",
                "more the counsellor\u2019s",
                "more the client\u2019s",
                "the client\u2019s",
            ),
            shared=True,
        ),
    ),
    NEXT_STEP: (
        CriterionAbout.SESSION,
        Wording("Is there a next step at the end that the client has chosen?", CriterionScale.YES_NO),
    ),
}
"""By their short names. Counsellors read the answers to the first one after a release, and not those to the other."""


def ask_criteria(week: DemoWeek) -> None:
    """Let the operator add the criteria before the week, unless somebody has added any."""
    criteria, operator = week.store_at(min(week.ends.values())).criteria, Actor(week.people["operator"])
    if not criteria.entries():
        for name, (about, wording) in _ASKED.items():
            criteria.add(name, about, wording, by=operator)
