"""The replies that raters could not place by definitions alone, each with a rule that decides and two examples.

Raters who applied version 0.2 to real replies wrote down where they could not decide; each note became one case.
"""

from dataclasses import dataclass
from typing import Final

from stream.contracts.vocabulary import Level, Mechanism


@dataclass(frozen=True)
class DecidedReply:
    """A reply to a client turn, both written by us, with the level that the rule gives it."""

    client: str
    reply: str
    level: Level


@dataclass(frozen=True)
class HardCase:
    """A kind of reply that the definition of a mechanism leaves open, the rule for it, and two examples."""

    title: str
    rule: str
    examples: tuple[DecidedReply, DecidedReply]


_TABLETS = "Everyone says take the tablets. I'm sick of hearing it."
_DIARY = "The diary is pointless, I just make up numbers on Sunday night."
_JOB_CENTRE = "I'm not ringing them again. Last time I was on hold for an hour and then it cut off."
_SISTER = "My sister told you to ask me that, didn't she. I've nothing to say about Christmas."
_WHAT_WOULD_YOU_DO = "So what would you actually do about the smoking? You're the expert, you tell me."

HARD_CASES: Final[dict[Mechanism, tuple[HardCase, ...]]] = {
    Mechanism.RESPECT_FOR_AUTONOMY: (
        HardCase(
            "Whose choice it is goes unsaid",
            "A reply that neither presses nor says anything of whose choice it is has no expression, like one that"
            " presses. The reason says which of the two it is.",
            (
                DecidedReply(_DIARY, "Numbers made up on Sunday night. What happens on the other days?", Level.NONE),
                DecidedReply(_DIARY, "You have to fill it in every day, or it can't help you.", Level.NONE),
            ),
        ),
        HardCase(
            "A menu",
            "Strong where the ways really differ and the client could also take none of them, or picks the subject."
            " Weak where every way on the menu is the counsellor's own plan.",
            (
                DecidedReply(
                    _JOB_CENTRE,
                    "We could look at another way to reach them, talk about something else, or leave it for today."
                    " Which would you like?",
                    Level.STRONG,
                ),
                DecidedReply(_JOB_CENTRE, "Would you rather ring them on Monday or on Tuesday?", Level.WEAK),
            ),
        ),
        HardCase(
            "Anything else you would like to talk about?",
            "Weak: room is left, in words that would fit anybody.",
            (
                DecidedReply(_SISTER, "Okay. Is there anything else you'd like to talk about?", Level.WEAK),
                DecidedReply(_DIARY, "Right. Anything else you'd like to bring up today?", Level.WEAK),
            ),
        ),
        HardCase(
            "Advice that was asked for",
            "To give it is no push. Weak where it comes as the one way, strong where the client is told plainly that it"
            " can be left or judged, none only where it is an order.",
            (
                DecidedReply(_WHAT_WOULD_YOU_DO, "I'd start with the one after breakfast.", Level.WEAK),
                DecidedReply(
                    _WHAT_WOULD_YOU_DO,
                    "Some people begin with the one after breakfast, others put a date on the calendar. You know best"
                    " whether either is any use to you.",
                    Level.STRONG,
                ),
            ),
        ),
    ),
    Mechanism.STANCE_ALIGNMENT: (
        HardCase(
            "An echo of a word or two",
            "Weak: a word is repeated, and the point is not said back.",
            (
                DecidedReply(_DIARY, "Pointless?", Level.WEAK),
                DecidedReply(_TABLETS, "Sick of hearing it, mm.", Level.WEAK),
            ),
        ),
        HardCase(
            "A reflection with two sides",
            "Strong where both sides are the client's own and neither is leant on. Weak where one side is the"
            " counsellor's, or where the client's side comes first only to be outweighed.",
            (
                DecidedReply(
                    "I want to sleep better, but I'm not giving up my phone at night.",
                    "You'd like to sleep better, and the phone at night stays.",
                    Level.STRONG,
                ),
                DecidedReply(
                    _TABLETS, "You're sick of hearing it, but on the other side they kept you well.", Level.WEAK
                ),
            ),
        ),
        HardCase(
            "The client's view as a question",
            "Strong where the substance of the view is in the question and nothing doubts it. Weak where the question"
            " tests the view or doubts it.",
            (
                DecidedReply(
                    _JOB_CENTRE, "So for you, ringing them means an hour on hold and nothing to show?", Level.STRONG
                ),
                DecidedReply(_JOB_CENTRE, "And you're sure it wasn't your phone that cut off?", Level.WEAK),
            ),
        ),
        HardCase(
            "Validation without content",
            "Weak: the view is called sensible, and nobody could tell from the reply what the view is.",
            (
                DecidedReply(_TABLETS, "That makes total sense.", Level.WEAK),
                DecidedReply(_DIARY, "You're quite right to say so.", Level.WEAK),
            ),
        ),
    ),
    Mechanism.EMOTIONAL_RESONANCE: (
        HardCase(
            "A feeling word as the name of a circumstance",
            "None where stress, concern or doubt only names a topic. Weak where it is said back as something felt,"
            " without what it is about.",
            (
                DecidedReply(_JOB_CENTRE, "Let's come back to the stress at the job centre later.", Level.NONE),
                DecidedReply(_JOB_CENTRE, "You're frustrated.", Level.WEAK),
            ),
        ),
        HardCase(
            "A metaphor",
            "Strong where it carries a feeling that fits and is tied to this client's matter. Weak where it is stock.",
            (
                DecidedReply(
                    _JOB_CENTRE, "An hour of waiting and then the door slams in your face, by telephone.", Level.STRONG
                ),
                DecidedReply(_JOB_CENTRE, "What a rollercoaster.", Level.WEAK),
            ),
        ),
        HardCase(
            "How do you feel about it?",
            "None where an opinion about a plan, a form or an offer is asked for. Weak where the feeling itself is"
            " asked for.",
            (
                DecidedReply(_DIARY, "How would you feel about trying an app in its place?", Level.NONE),
                DecidedReply(_DIARY, "How do you feel on those Sunday nights?", Level.WEAK),
            ),
        ),
    ),
    Mechanism.CONVERSATIONAL_ORIENTATION: (
        HardCase(
            "A reflection without a question",
            "Weak where it says back a matter of the client's from which the client could go on. None where it sums up,"
            " closes or only nods.",
            (
                DecidedReply(_DIARY, "So on Sunday night you sit there and invent a week.", Level.WEAK),
                DecidedReply(_DIARY, "Okay, so the diary isn't for you. Noted.", Level.NONE),
            ),
        ),
        HardCase(
            "A closed question",
            "Its content decides, not its grammar. Strong where it takes up what this client has just said, is one"
            " small step and could be put to nobody else. Weak where it could follow anything or only checks.",
            (
                DecidedReply(_DIARY, "On a Sunday night, is there one day of the week you do remember?", Level.STRONG),
                DecidedReply(_DIARY, "Did I get that right?", Level.WEAK),
            ),
        ),
        HardCase(
            "Two questions",
            "Strong where both are about one matter and the second only narrows the first. Weak where they ask for two"
            " different things.",
            (
                DecidedReply(
                    _SISTER,
                    "What is it about Christmas that you'd rather keep shut? The day, or the people?",
                    Level.STRONG,
                ),
                DecidedReply(_SISTER, "Did you speak with her? And how is work?", Level.WEAK),
            ),
        ),
    ),
}
