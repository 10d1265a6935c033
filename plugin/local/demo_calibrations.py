"""The calibrations of the demo's two supervisors: one that they have settled, and one that the visitor can go on with.

What they say of a reply is made up, like the reply. Which replies are drawn is chance, so each has what both say of it.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from plugin.database.viewer import Viewer
from plugin.local.demo_desk import DemoWeek
from plugin.queue.calibration_comparison import to_settle
from plugin.queue.calibration_views import CalibrationOutcome
from plugin.queue.store import Store
from stream.contracts.vocabulary import Level, Mechanism

VISITOR: Final = "supervisor"
COLLEAGUE: Final = "greta"
AFTER: Final = "sample-two-homes"
"""The last sample that both supervisors see: they calibrate in the evening after it."""
SETTLED_SIZE: Final = 2
OPEN_SIZE: Final = 4
"""Moments: a quarter of an hour for whoever tries it."""
_ZONE: Final = "UTC"
_Levels = Sequence[int]
"""Levels in the order of the mechanisms: autonomy, alignment, resonance, orientation."""
OTHERWISE: Final[tuple[_Levels, _Levels]] = ((1, 1, 1, 1), (1, 1, 0, 2))
OPINIONS: Final[Mapping[str, tuple[_Levels, _Levels]]] = {
    "Okay. Do you use your phone": ((0, 0, 0, 1), (0, 0, 0, 0)),
    "The blue light is a known": ((0, 0, 0, 0), (0, 0, 0, 2)),
    "They could call a landline": ((0, 0, 0, 0), (0, 0, 0, 2)),
    "I understand, but many people": ((0, 0, 0, 0), (0, 0, 1, 2)),
    "Then maybe you did not do it": ((0, 0, 0, 0), (0, 0, 0, 0)),
    "Good. So let us make a list": ((0, 0, 0, 0), (0, 1, 0, 2)),
    "Then half past ten": ((0, 0, 0, 0), (0, 0, 0, 2)),
    "Alright. It sounds like": ((1, 1, 1, 1), (0, 1, 2, 1)),
    "What is the hardest bit": ((2, 1, 1, 2), (1, 1, 1, 2)),
    "So part of you stays on duty": ((1, 2, 2, 0), (1, 2, 2, 1)),
    "The phone stays on": ((2, 2, 1, 2), (2, 2, 1, 2)),
    "Of course. Thank you": ((2, 1, 1, 1), (2, 1, 0, 1)),
    "So it's more your wife": ((1, 2, 0, 1), (1, 1, 0, 0)),
    "Okay. Nobody said that word": ((1, 0, 0, 2), (0, 0, 0, 1)),
    "Well, it can add up": ((0, 0, 0, 0), (0, 0, 0, 2)),
    "Sorry, I didn't want": ((1, 1, 0, 0), (0, 0, 1, 0)),
    "You could stop, and right now": ((2, 2, 1, 2), (2, 2, 0, 2)),
    "Ten minutes of nobody": ((1, 2, 2, 0), (1, 2, 1, 0)),
    "The first is for the quiet": ((1, 2, 1, 1), (1, 2, 2, 1)),
    "What would she notice first": ((1, 1, 0, 2), (2, 1, 0, 2)),
    "Then maybe you could try a week": ((1, 0, 0, 1), (0, 0, 0, 2)),
    "Have you considered using": ((0, 0, 0, 1), (1, 0, 0, 1)),
    "You're right, a hobby": ((2, 2, 2, 0), (1, 2, 2, 1)),
    "And you, what do you make": ((2, 1, 0, 2), (2, 1, 0, 1)),
    "It would help the children": ((0, 0, 0, 0), (0, 0, 0, 2)),
    "No, I did not say that": ((0, 0, 0, 0), (0, 0, 0, 0)),
    "I see that it did": ((1, 2, 2, 0), (1, 2, 2, 1)),
    "You can be hurt by Matteo": ((1, 2, 1, 0), (1, 2, 2, 0)),
    "What would you want him": ((2, 1, 0, 2), (2, 2, 1, 2)),
    "A real person, with a cup": ((1, 1, 0, 0), (1, 0, 0, 0)),
    "Fair. What would help you": ((2, 1, 0, 2), (1, 2, 0, 2)),
    "You had a fight": ((1, 1, 0, 1), (0, 1, 0, 1)),
    "It would be good to talk": ((0, 0, 0, 0), (0, 0, 0, 2)),
    "I'm afraid there is nobody": ((1, 2, 1, 1), (1, 1, 0, 0)),
    "What would you have asked": ((1, 1, 0, 2), (2, 1, 0, 2)),
    "So there's a part of you": ((1, 1, 1, 1), (0, 1, 1, 1)),
    "No. You can be unsure": ((2, 2, 1, 0), (2, 2, 0, 0)),
}
"""What Greta and the other supervisor say of a reply that begins so; of any other they say `OTHERWISE`."""
_NOTE: Final = "Not easy. I went by the last sentence of the reply, since that is what the client answers."
_REASONS: Final = {
    Mechanism.CONVERSATIONAL_ORIENTATION: (
        "It says where to go next, and does not begin where the client stands. Read together that is weak at most."
    )
}
_REASON: Final = "We had gone by different sentences of the reply. Read together they say as much as this."


def calibrate(week: DemoWeek) -> None:
    """Let the two supervisors calibrate in the evening after their last common session, unless they have done so.

    It comes before anybody opens a session: whoever has read what the model says does not rate blind.
    """
    visitor, colleague = week.people[VISITOR], week.people[COLLEAGUE]
    heads = week.store_at(week.begun).calibrations.listed(visitor)
    if any(head.opened_at >= week.ends[AFTER] for head in heads):
        return
    if (settled := _open(week, visitor, colleague, SETTLED_SIZE, hours=1)) is not None:
        for rater in (colleague, visitor):
            _rate(_at(week, 2), rater, settled, note=_NOTE if rater is colleague else "")
        _settle(_at(week, 3), visitor, settled)
    if (still_open := _open(week, colleague, visitor, OPEN_SIZE, hours=3)) is not None:
        _rate(_at(week, 3.25), colleague, still_open)


def _at(week: DemoWeek, hours: float) -> Store:
    """Return the store some hours after the last common session, at the latest now."""
    at: datetime = min(week.ends[AFTER] + timedelta(hours=hours), week.begun)
    return week.store_at(at)


def _open(week: DemoWeek, opener: Viewer, invited: Viewer, size: int, *, hours: float) -> UUID | None:
    """Open a calibration for a week, or return None where there is nothing to draw."""
    calibrations = _at(week, hours).calibrations
    day = calibrations.possible_days(_ZONE).offered
    _, calibration_id = calibrations.open(opener, [invited.user_id], size, day, _ZONE)
    return calibration_id


def _rate(store: Store, rater: Viewer, calibration_id: UUID, *, note: str = "") -> None:
    """Rate each moment after its words were opened, the first one with a note, and say that the rater is done."""
    steps, found = store.calibration_steps, store.calibrations.read(rater, calibration_id)
    for moment in () if found is None else found.moments:
        outcome, words = store.calibrations.moment(rater, calibration_id, moment.number)
        if outcome is CalibrationOutcome.DONE and words is not None:
            said = _opinion(words.reply[0].text, by_colleague=rater.username == COLLEAGUE)
            steps.rate(rater, calibration_id, moment.number, said, note if moment.number == 1 else "")
    steps.finish(rater, calibration_id)


def _opinion(reply: str, *, by_colleague: bool) -> dict[Mechanism, Level | None]:
    levels = next((both for beginning, both in OPINIONS.items() if reply.startswith(beginning)), OTHERWISE)
    return dict(zip(Mechanism, map(Level, levels[0 if by_colleague else 1]), strict=True))


def _settle(store: Store, opener: Viewer, calibration_id: UUID) -> None:
    """Settle where the two are far apart; where they are nowhere, the opener asks to settle the first moment."""
    steps, found = store.calibration_steps, store.calibrations.read(opener, calibration_id)
    if found is not None and not any(to_settle(each) for each in found.compared):
        steps.ask(opener, calibration_id, 1)
        found = store.calibrations.read(opener, calibration_id)
    for moment in () if found is None else found.compared:
        final = {each: (Level.WEAK, _REASONS.get(each, _REASON)) for each in to_settle(moment)}
        if final:
            steps.settle(opener, calibration_id, moment.number, final)
