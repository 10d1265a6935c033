"""The words in which pages show calibrations: deadlines on the reader's clocks, levels side by side, agreement."""

from collections.abc import Iterable
from datetime import datetime, time
from typing import Final
from uuid import UUID

from plugin.plain_text import counted, join_words
from plugin.queue.calibration_comparison import PairAgreement, PairLine, differs, levels_apart
from plugin.queue.calibration_deadline import last_day
from plugin.queue.calibration_views import (
    FAR_APART,
    Calibration,
    CalibrationHead,
    ComparedMoment,
    FinalLevel,
    Rater,
)
from plugin.queue.labels import GLYPHS
from plugin.web import labels
from plugin.web.times import Times
from stream.contracts.vocabulary import Level, Mechanism

MECHANISMS: Final = tuple(Mechanism)
CANNOT_SAY: Final = "cannot say"
CHOICES: Final[dict[str, Level | None]] = {
    **{level.name.lower(): level for level in Level},
    "cannot_say": None,
}
"""What a form says of a mechanism, by the value of its field."""
AGREEMENT: Final = (
    "Kappa says how alike the rubric is read: 1 is complete agreement, 0 is what chance would give. In brackets is the"
    " range in which it would lie for 95 of 100 such sets of moments. It is about the rubric, never about a person."
)


def choice(level: Level | None) -> str:
    """Return a level in words."""
    return CANNOT_SAY if level is None else level.name.lower()


def level(of: Level | None) -> str:
    """Return a level with its symbol."""
    return CANNOT_SAY if of is None else f"{GLYPHS[of]} {of.name.lower()}"


def deadline(at: datetime, times: Times) -> str:
    """Return a deadline on the reader's clocks: the end of a day, or a day and a time."""
    if times.local(at).time() == time.min:
        return f"the end of {labels.short_day(last_day(at, times.zone))}"
    return f"{times.short_day(at)}, {times.zoned(at)}"


def moments(head: CalibrationHead, times: Times) -> str:
    """Return how many moments a calibration has, by which its raters know it."""
    return f"{counted(head.drawn, 'moment')}, opened {times.short_day(head.opened_at)} by {head.opened_by}"


def state(head: CalibrationHead, times: Times) -> str:
    """Return where a calibration stands for its reader."""
    if head.cancelled_at is not None:
        return f"cancelled on {times.short_day(head.cancelled_at)}"
    if head.is_over:
        return "over: you can compare and settle"
    if head.is_done:
        return "you are done; others are still rating"
    if not head.is_open:
        return "a new version of the rubric holds, so nobody rates any more; you can compare after the last day"
    return f"{counted(head.left, 'moment is', 'moments are')} left for you" if head.left else "all rated: say it"


def people(raters: Iterable[Rater], reader: UUID) -> str:
    """Return the names of the other raters."""
    return join_words([rater.name for rater in raters if rater.account_id != reader])


def dropped_out(calibration: Calibration) -> str:
    """Return how many moments have dropped out and why; nothing where none has."""
    if not calibration.dropped_out:
        return ""
    number = counted(calibration.dropped_out, "moment has", "moments have")
    return (
        f"{number} dropped out: withdrawn, erased, or changed since the draw, or no longer for you to read. They count"
        " for nothing."
    )


def pair(line: PairLine) -> str:
    """Return whose agreement a line tells."""
    return f"{line.one} and {'the model' if line.other is None else line.other}"


def agreement(figure: PairAgreement) -> str:
    """Return a kappa with its interval and the number of moments."""
    number = counted(figure.items, "moment")
    if figure.kappa is None:
        return f"not defined ({number})"
    kappa = figure.kappa
    return f"{kappa.value:.2f} [{kappa.low:.2f} to {kappa.high:.2f}], {number}"


def side_by_side(moment: ComparedMoment, mechanism: Mechanism) -> str:
    """Return what the raters say of a mechanism, in the order of the alphabet, or in a word where all say the same."""
    if not moment.ratings:
        return "nobody has rated it"
    if not differs(moment, mechanism):
        return f"all: {choice(next(iter(moment.ratings.values())).said.get(mechanism))}"
    said = (f"{each.name}: {choice(each.said.get(mechanism))}" for each in moment.ratings.values())
    return "; ".join(said)


def is_far_apart(moment: ComparedMoment, mechanism: Mechanism) -> bool:
    """Return whether two raters are at both ends of the scale."""
    return levels_apart(moment, mechanism) >= FAR_APART


def differs_anywhere(moment: ComparedMoment) -> bool:
    """Return whether the raters differ on any mechanism."""
    return any(differs(moment, mechanism) for mechanism in MECHANISMS)


def machine(moment: ComparedMoment, mechanism: Mechanism) -> str:
    """Return the model's level of a mechanism."""
    of = moment.machine[MECHANISMS.index(mechanism)]
    return "no level" if of is None else level(Level(of))


def settled(final: FinalLevel, times: Times) -> str:
    """Return on what the raters settled, with who wrote it down."""
    return f"Settled: {level(final.level)}. {final.by} wrote it down on {times.short_day(final.at)}."
