"""What the demo's people have done with the week's sessions: some work in every state. All their words are made up."""

from collections.abc import Callable, Mapping
from typing import Final

from plugin.local.demo_calibrations import calibrate
from plugin.local.demo_criteria import NEXT_STEP, PACE, ask_criteria
from plugin.local.demo_desk import DemoWeek
from plugin.local.demo_settings import USERS
from plugin.queue.criterion_views import CANNOT_SAY
from plugin.queue.dispute_views import Ground
from plugin.queue.review_views import Judgement, Opinion, WithholdReason
from plugin.queue.statements import STRENGTHS, rating_of, suggestion
from plugin.queue.views import DecisionKind
from stream.contracts.vocabulary import Level, Mechanism

AUTONOMY = Mechanism.RESPECT_FOR_AUTONOMY
ALIGNMENT = Mechanism.STANCE_ALIGNMENT
RUBRIC_NOTE: Final = (
    "A menu of one\u2019s own plans is weak, however long it is: the client chooses, but only among what somebody else"
    " has thought of. It becomes strong where the reply also leaves the client free to want none of them."
)


def do_the_work(week: DemoWeek) -> None:
    """Do what the demo's people have done, each with the sessions that nobody has touched yet.

    The operator asks criteria, the supervisors calibrate, and the lead writes a note.

    What somebody did with a session in an earlier run of the demo stays as it is. Where a visitor has disabled the
    account of one of these people, nothing is done.

    Raises:
        Unavailable: the database is away.
    """
    if any(user.name not in week.people for user in USERS):
        return
    ask_criteria(week)
    calibrate(week)
    for sample, (supervisor, work) in WORK.items():
        if sample in week.sessions and week.desk(supervisor, sample).is_untouched():
            work(week, sample)
    notes, lead = week.store_at(week.begun).rubric_notes, week.people["lead"]
    if not notes.all(lead):
        notes.write(lead, AUTONOMY, RUBRIC_NOTE)


def _released_and_acknowledged(week: DemoWeek, sample: str) -> None:
    """Two levels are corrected, what does not fit is kept back, and the therapist has read the rest with a note."""
    supervisor = week.desk("supervisor", sample, hours=15)
    supervisor.set_level("m7", AUTONOMY, Level.STRONG)
    supervisor.agree("m7", rating_of(ALIGNMENT))
    supervisor.agree("m7")
    supervisor.set_level("m15", AUTONOMY, Level.NONE)
    supervisor.keep_back("m15", WithholdReason.UNCLEAR, STRENGTHS)
    supervisor.agree("m15")
    supervisor.answer(PACE, "3", message="m7")
    supervisor.answer(
        PACE,
        "1",
        message="m15",
        note="\u201cA weight\u201d is Mira\u2019s word. I would have waited for the client\u2019s own.",
    )
    supervisor.answer(NEXT_STEP, "yes")
    supervisor.keep_back("m27", WithholdReason.CONTEXT_MISSING, suggestion(1))
    supervisor.keep_back("m31", WithholdReason.NOT_RESISTANCE)
    supervisor.note(
        "You offered to stop, just when it got hard, and you meant it. I would like to hear next time how you knew"
        " that this was the moment for it.",
        shared=True,
    )
    supervisor.decide(DecisionKind.RELEASED)
    week.desk("mira", sample, hours=39).acknowledge()


def _disputed_and_resolved(week: DemoWeek, sample: str) -> None:
    """The therapist disputes a level, and the other team's supervisor, who sees his sessions too, agrees with him."""
    supervisor = week.desk("supervisor", sample, hours=12)
    supervisor.agree("m6")
    supervisor.agree("m27")
    supervisor.agree("m27", STRENGTHS)
    supervisor.answer(PACE, "0", message="m6")
    supervisor.answer(PACE, "3", message="m27")
    supervisor.answer(NEXT_STEP, CANNOT_SAY, note="A day is agreed, and nothing that she wants to try until then.")
    supervisor.decide(DecisionKind.RELEASED)
    week.desk("jonas", sample, hours=36).dispute(
        "m27",
        rating_of(AUTONOMY),
        Ground.WRONG_CHARACTERISATION,
        "I said that the phone stays on, that this is settled, and asked her whether we may look at the rest. I do not"
        " know how to leave it more to her than that.",
    )
    week.desk("greta", sample, hours=60).resolve(
        Opinion(Judgement.CORRECTED, level=Level.STRONG),
        "I read it as you do. You let the phone be hers and asked before you went on. The earlier replies are another"
        " matter, and we should talk about those.",
    )


def _disputed(week: DemoWeek, sample: str) -> None:
    """The therapist disputes two levels, one of them before the lead, and nobody has answered yet."""
    supervisor = week.desk("greta", sample, hours=13)
    supervisor.agree("m11")
    supervisor.agree("m15")
    supervisor.keep_back("m19", WithholdReason.NOT_RESISTANCE)
    supervisor.answer(PACE, "0", message="m11")
    supervisor.answer(NEXT_STEP, "no")
    supervisor.decide(DecisionKind.RELEASED)
    week.desk("samir", sample, hours=87).dispute(
        "m11",
        rating_of(ALIGNMENT),
        Ground.MISSING_CONTEXT,
        "It was too early, I see that. But I did hear that groups are not for him: that is why I said he would only"
        " have to listen. To me \u201cnot heard\u201d does not fit.",
    )
    week.desk("samir", sample, hours=88).dispute(
        "m15",
        rating_of(AUTONOMY),
        Ground.WRONG_CHARACTERISATION,
        "Greta and I have talked about this one, and we do not see it alike. I would like somebody else to read it.",
        escalated=True,
    )


def _released_and_unread(week: DemoWeek, sample: str) -> None:
    """A level is corrected, a moment is kept back, and the therapist has not yet read the rest."""
    supervisor = week.desk("greta", sample, hours=69)
    supervisor.keep_back("m24", WithholdReason.NOT_RESISTANCE)
    supervisor.set_level("m13", ALIGNMENT, Level.NONE)
    supervisor.agree("m13")
    supervisor.note(
        "She tells you what a question would cost her, and hears that her health comes first. With \u201ctwo houses"
        " with one wage\u201d she begins to talk to you. What did you hear that made you stop advising?",
        shared=True,
        message="m13",
    )
    supervisor.decide(DecisionKind.RELEASED)


def _withheld(week: DemoWeek, sample: str) -> None:
    """No moment is resistance, so there is nothing to release."""
    supervisor = week.desk("supervisor", sample, hours=16)
    supervisor.reject_all()
    supervisor.note("Nobody resists here. A good session, and I will tell Mira so myself.", shared=False)
    supervisor.decide(DecisionKind.WITHHELD)


def _put_away(week: DemoWeek, sample: str) -> None:
    """No model may rate the session, and the supervisor has seen that the protocol was followed."""
    supervisor = week.desk("supervisor", sample, hours=11)
    supervisor.note(
        "Mira asked directly, named the crisis line, agreed a time and told the team the same evening: the protocol was"
        " followed. We talked this morning, also about how she is.",
        shared=False,
    )
    supervisor.decide(DecisionKind.WITHHELD)


def _reviewed_in_part(week: DemoWeek, sample: str) -> None:
    """One moment is done, and the supervisor has given the session back."""
    supervisor = week.desk("greta", sample, hours=12)
    supervisor.set_level("m9", AUTONOMY, Level.NONE)
    supervisor.agree("m9", rating_of(ALIGNMENT))
    supervisor.agree("m9")
    supervisor.answer(PACE, "1", message="m9")
    supervisor.note("Still to read: from \u201cthe second one is mostly habit\u201d to the end.", shared=False)
    supervisor.give_back()


def _claimed(week: DemoWeek, sample: str) -> None:
    """The other team's supervisor is reading it now."""
    week.desk("greta", sample).claim()


WORK: Final[Mapping[str, tuple[str, Callable[[DemoWeek, str], None]]]] = {
    "sample-exam-nerves": ("supervisor", _released_and_acknowledged),
    "sample-sleep-and-phone": ("supervisor", _disputed_and_resolved),
    "sample-a-quiet-house": ("greta", _disputed),
    "sample-night-shift": ("greta", _released_and_unread),
    "sample-first-interview": ("supervisor", _withheld),
    "sample-a-heavy-night": ("supervisor", _put_away),
    "sample-after-work-drinks": ("greta", _reviewed_in_part),
    "sample-two-homes": ("greta", _claimed),
}
"""Who begins with which session, and what is done with it. All others are new."""
