"""The arrangement of a blind look: the conversation in order, with the questions after each client turn."""

from dataclasses import dataclass
from typing import Final

from plugin.queue.look_views import Look, LookAnswer, LookedAtTurn, MachineOpinion
from plugin.queue.views import MessageView
from stream.contracts.vocabulary import Verdict

QUESTIONS: Final = {"resistance": "Is it resistance?", "critical": "Is critical content spoken of?"}
"""The questions about a client turn, by the beginning of their fields' names."""
ANSWERS: Final = {LookAnswer.YES: "Yes", LookAnswer.NO: "No", LookAnswer.UNSURE: "Not sure"}


@dataclass(frozen=True)
class LookLine:
    """A message of the conversation, and the client turn that ends with it."""

    message: MessageView
    position: int | None = None
    """The position of the turn that ends here; None where no turn does."""
    number: int = 0
    """The number of that turn on the page, from 1."""
    answered: LookedAtTurn | None = None
    """What was said of the turn that ends here."""


def look_lines(look: Look) -> tuple[LookLine, ...]:
    """Return the lines of a look, in order."""
    ends = {turn[-1]: (position, number) for number, (position, turn) in enumerate(sorted(look.turns.items()), 1)}
    lines = []
    for message in look.messages:
        position, number = ends.get(message.message_id, (None, 0))
        answered = None if look.answered is None or position is None else look.answered.get(position)
        lines.append(LookLine(message, position, number, answered))
    return tuple(lines)


def machine_words(opinion: MachineOpinion) -> str:
    """Return what the machine says of a turn, in words."""
    if opinion.shown:
        said = "shown as a moment of resistance"
    elif opinion.verdict == Verdict.CONFIRMED:
        said = "confirmed as resistance, and shown on demand only"
    elif opinion.verdict == Verdict.REJECTED:
        said = "looked at, and not confirmed as resistance"
    elif opinion.needs_human is not None or opinion.verdict is not None:
        said = "flagged, without a verdict on resistance"
    else:
        said = "not shown as resistance"
    possible = "a possible sign" if opinion.possible_critical else "no sign"
    return f"{said}; {'a sign' if opinion.critical else possible} for critical content"
