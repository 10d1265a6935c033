"""The common mistakes in replies to resistance, defined once for the prompt, the page and reviews."""

from dataclasses import dataclass
from typing import Final

from stream.contracts.vocabulary import Mechanism


@dataclass(frozen=True)
class Mistake:
    """A common mistake in a reply. `example` was written by us; `weakens` is the mechanism that it mostly weakens."""

    title: str
    definition: str
    example: str
    weakens: tuple[Mechanism, ...]

    @property
    def code(self) -> str:
        """The name of the mistake in data and in answers of models."""
        return self.title.lower().replace(" ", "_").replace("-", "_")


MISTAKES: Final = (
    Mistake(
        "Arguing for change",
        "The reply makes the case against the client's view, so that the client is left to make the case for it.",
        "But think of what the smoking does to your lungs, and what it costs you every month.",
        (Mechanism.STANCE_ALIGNMENT,),
    ),
    Mistake(
        "Advice without permission",
        "The reply tells the client what to do, and nobody has asked.",
        "What you need is a fixed bedtime. Start with ten o'clock tonight.",
        (Mechanism.RESPECT_FOR_AUTONOMY,),
    ),
    Mistake(
        "Premature problem-solving",
        "The reply goes to solutions before the client feels understood, or has said what the problem is.",
        "Okay, let's make a plan: first the letter to your landlord, then the bank.",
        (Mechanism.EMOTIONAL_RESONANCE, Mechanism.CONVERSATIONAL_ORIENTATION),
    ),
    Mistake(
        "Ignoring the resistance",
        "The reply goes on as if the client had not pushed back, or not gone quiet.",
        "Great. So, question four: how many hours did you sleep?",
        (Mechanism.STANCE_ALIGNMENT, Mechanism.CONVERSATIONAL_ORIENTATION),
    ),
    Mistake(
        "False reassurance",
        "The reply talks a trouble away, or promises what nobody can know.",
        "Don't worry, I'm sure it will all work out in the end.",
        (Mechanism.EMOTIONAL_RESONANCE,),
    ),
    Mistake(
        "Closed-question interrogation",
        "The reply asks one thing after another that yes, no or a number would answer.",
        "Do you drink alone? Every day? Have you tried to stop? Did it work?",
        (Mechanism.CONVERSATIONAL_ORIENTATION, Mechanism.RESPECT_FOR_AUTONOMY),
    ),
    Mistake(
        "Collusion",
        "The reply agrees with a delusion, helps with a compulsion, or takes a plan to hurt oneself or others for a"
        " choice to be respected. This is neither alignment nor autonomy, and gets no level at all.",
        "If that is what you have decided, I respect it.",
        (Mechanism.STANCE_ALIGNMENT, Mechanism.RESPECT_FOR_AUTONOMY),
    ),
)

COLLUSION: Final = (
    "Siding with a person is not agreeing with everything the person says. Where a client's words speak of suicide,"
    " self-harm, harm to others, abuse, a delusion, a hallucination, mania or a compulsion there is no level, no praise"
    " and no alternative: a person looks at it. Confirming a delusion or helping with a compulsion is not alignment,"
    " and respecting a plan of self-harm is not autonomy: that is collusion, and it is a mistake."
)
