"""What the four mechanisms and their levels mean: the one source for prompt, page, digest and docs/rubric.md.

The names of mechanisms and levels are those of arXiv 2602.21638; its definitions are not public, so every
definition and example here is our own. Clinicians have not reviewed this version.

`python -m stream.contracts.rubric > docs/rubric.md` writes the page; a test holds it against this file.
"""

import sys
from dataclasses import dataclass
from typing import Final

from stream.contracts.vocabulary import Level, Mechanism

RUBRIC_VERSION: Final = "0.1"
"""Part of every assessment's id: another wording is another rubric."""

LEVEL_TITLES: Final = {
    Level.NONE: "No expression",
    Level.WEAK: "Weak expression",
    Level.STRONG: "Strong expression",
}

ORIGIN: Final = (
    "The names of mechanisms and levels are those of [arXiv 2602.21638](https://arxiv.org/abs/2602.21638). Its"
    " definitions are not public: every definition and example below is our own, written for text counselling in"
    " English, and has not been reviewed by clinicians yet."
)

HOW_TO_READ: Final = (
    "A level describes how far one reply expresses a mechanism, in its words, at that moment. It says nothing about the"
    " counsellor's ability or intention, nor about the client. A reply need not express all four: sometimes one is what"
    " the moment asks for."
)

COLLUSION: Final = (
    "Siding with a person is not agreeing with everything the person says. Where a client's words speak of suicide,"
    " self-harm, harm to others, abuse, a delusion, a hallucination, mania or a compulsion there is no level, no praise"
    " and no alternative: a person looks at it. Confirming a delusion or helping with a compulsion is not alignment."
)


@dataclass(frozen=True)
class LevelRubric:
    """One level of one mechanism: when it holds, and an example written by us."""

    definition: str
    example_client: str
    example_reply: str


@dataclass(frozen=True)
class MechanismRubric:
    """One mechanism: its name as people read it, what it means, and its three levels."""

    title: str
    definition: str
    levels: dict[Level, LevelRubric]


_SENT_BY_DOCTOR = "I'm only here because my doctor sent me. I don't want to stop drinking."
_BREATHING = "Honestly, these breathing exercises are a joke. I've done them for two weeks and I still lie awake."
_NOT_LISTENED_TO = "You keep asking how I am. Nobody listened at home, nobody listens at work, so why would you?"
_MOTHER = "I don't know what to say. We've been over my mother a hundred times and it goes nowhere."

RUBRIC: Final[dict[Mechanism, MechanismRubric]] = {
    Mechanism.RESPECT_FOR_AUTONOMY: MechanismRubric(
        title="Respect for Autonomy",
        definition=(
            "The reply leaves the client in charge: of what is talked about, of what is decided and of whether to go"
            " on. It speaks of the client's choice, asks before it offers something, and could take a no."
        ),
        levels={
            Level.NONE: LevelRubric(
                "The reply decides for the client: it advises without being asked, instructs, warns or presses; or"
                " nothing in it touches on whose choice this is.",
                _SENT_BY_DOCTOR,
                "You should at least cut down to weekends. Your liver results will only get worse if you carry on.",
            ),
            Level.WEAK: LevelRubric(
                "The client's choice is touched on without becoming real: a polite form around a push, a single way"
                " offered with an 'if you like', or a choice granted and taken back in the same breath.",
                _SENT_BY_DOCTOR,
                "If you like, you could start with weekends only. It really would be better for your liver.",
            ),
            Level.STRONG: LevelRubric(
                "The reply says in plain words that the choice is the client's, or asks leave before it goes on, and"
                " does not press.",
                _SENT_BY_DOCTOR,
                "Whether you change anything about the drinking is up to you. Would it be okay if we looked at what"
                " worries your doctor, or would you rather use this hour for something else?",
            ),
        },
    ),
    Mechanism.STANCE_ALIGNMENT: MechanismRubric(
        title="Stance Alignment",
        definition=(
            "The reply stands beside the client rather than opposite: it takes up how the client sees the matter, as"
            " the client's view, and finds sense in it before anything else. It does not argue. To take up a view is"
            " not to confirm it as fact."
        ),
        levels={
            Level.NONE: LevelRubric(
                "The reply argues, corrects, persuades or defends itself; or it passes over how the client sees the"
                " matter.",
                _BREATHING,
                "They do work, there is good research on it. Two weeks just isn't long enough.",
            ),
            Level.WEAK: LevelRubric(
                "The client's view is acknowledged in general words only, or is taken up and then turned against.",
                _BREATHING,
                "I can see why you'd say that, but two weeks is early days. Most people need about six.",
            ),
            Level.STRONG: LevelRubric(
                "The reply says back what the client's view is, in its substance, and lets it stand.",
                _BREATHING,
                "You've kept the exercises up for two weeks and you still lie awake. It makes sense that they look"
                " like a joke by now.",
            ),
        },
    ),
    Mechanism.EMOTIONAL_RESONANCE: MechanismRubric(
        title="Emotional Resonance",
        definition=(
            "The reply hears the feeling in what the client said and lets the client know, in words that fit this"
            " client: as a guess the client may correct, neither played up nor away."
        ),
        levels={
            Level.NONE: LevelRubric(
                "No feeling is heard, or it is talked away.",
                _NOT_LISTENED_TO,
                "Let's get back to the worksheet we started last time.",
            ),
            Level.WEAK: LevelRubric(
                "A feeling is acknowledged by a stock phrase, in words that would fit anybody, or is only asked about.",
                _NOT_LISTENED_TO,
                "I'm sorry to hear that. That must be hard.",
            ),
            Level.STRONG: LevelRubric(
                "A feeling that fits is named, and tied to what this client has just told.",
                _NOT_LISTENED_TO,
                "Not being listened to at home, and then at work too: that sounds lonely. I'd understand if you were"
                " wary of telling one more person.",
            ),
        },
    ),
    Mechanism.CONVERSATIONAL_ORIENTATION: MechanismRubric(
        title="Conversational Orientation",
        definition=(
            "The reply gives the conversation a direction that the client can follow from where the client stands:"
            " it stays with what was brought and opens one next thing to talk about."
        ),
        levels={
            Level.NONE: LevelRubric(
                "The reply opens nothing, leaves the subject, or goes on as if the client had not spoken.",
                _MOTHER,
                "I see. Well, families are complicated and these things take time.",
            ),
            Level.WEAK: LevelRubric(
                "A way on is opened that could follow anything: a general or closed question, a bare 'tell me more',"
                " or several questions at once.",
                _MOTHER,
                "Okay. Can you tell me more about that?",
            ),
            Level.STRONG: LevelRubric(
                "One clear, answerable next thing that takes up what the client has just said.",
                _MOTHER,
                "So going over your mother once more won't help. Suppose we stay with this week only: what was the"
                " moment you were most fed up?",
            ),
        },
    ),
}


def anchor(mechanism: Mechanism) -> str:
    """The fragment of a link to a mechanism, the same on the page and in docs/rubric.md."""
    return mechanism.value.replace("_", "-")


def markdown() -> str:
    """docs/rubric.md as a whole."""
    lines = [
        f"# Rubric {RUBRIC_VERSION}: the four mechanisms and their levels",
        "",
        ORIGIN,
        "",
        HOW_TO_READ,
        "",
        COLLUSION,
        "",
        "This page is generated from `stream/contracts/rubric.py`.",
    ]
    for mechanism, entry in RUBRIC.items():
        lines += ["", f"## {entry.title}", "", entry.definition]
        lines += ["", f"Code: `{mechanism}`"]
        for level, meaning in entry.levels.items():
            lines += ["", f"### {level.value} · {LEVEL_TITLES[level]}", "", meaning.definition, ""]
            lines += [f"> Client: {meaning.example_client}", ">", f"> Reply: {meaning.example_reply}"]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    sys.stdout.write(markdown())
