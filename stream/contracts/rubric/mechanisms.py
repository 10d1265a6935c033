"""The four mechanisms with their levels. The names are those of arXiv 2602.21638; definitions and examples are ours."""

from typing import Final

from stream.contracts.rubric.shape import Example, LevelRubric, MechanismRubric
from stream.contracts.vocabulary import Level, Mechanism

_SENT_BY_DOCTOR = "I'm only here because my doctor sent me. I don't want to stop drinking."
_LEAVING_HIM = "Everybody tells me to leave him. Don't you start too."
_BREATHING = "Honestly, these breathing exercises are a joke. I've done them for two weeks and I still lie awake."
_REPORT = "You make it sound like I caused the row with my manager. She wrote that report, not me."
_NOT_LISTENED_TO = "You keep asking how I am. Nobody listened at home, nobody listens at work, so why would you?"
_EXAM = "I failed the exam again. Whatever, I don't want to go on about it."
_MOTHER = "I don't know what to say. We've been over my mother a hundred times and it goes nowhere."
_FINE = "Yeah fine. Anyway, did you see the weather warning for tonight?"

RUBRIC: Final[dict[Mechanism, MechanismRubric]] = {
    Mechanism.RESPECT_FOR_AUTONOMY: MechanismRubric(
        title="Respect for Autonomy",
        definition=(
            "The reply leaves the client in charge: of what is talked about, of what is decided and of whether to go"
            " on. It speaks of the client's choice, asks before it offers something, and could take a no."
        ),
        theory=(
            "Self-determination theory (Deci and Ryan, 1985) counts autonomy among the basic needs; reactance theory"
            " (Brehm, 1966) expects pressure on a freedom to call up its defence; motivational interviewing (Miller and"
            " Rollnick, 1991) makes support of autonomy a part of its spirit."
        ),
        levels={
            Level.NONE: LevelRubric(
                "The reply decides for the client: it advises without being asked, instructs, warns or presses; or"
                " nothing in it touches on whose choice this is.",
                "Should, must and have to; a list of steps nobody asked for; a warning in place of an answer.",
                (
                    Example(
                        _SENT_BY_DOCTOR,
                        "You should at least cut down to weekends. Your liver results will only get worse if you carry"
                        " on.",
                    ),
                    Example(_LEAVING_HIM, "You need to think of your safety first. Pack a bag and call your sister."),
                ),
            ),
            Level.WEAK: LevelRubric(
                "The client's choice is touched on without becoming real: a polite form around a push, a single way"
                " offered with an 'if you like', or a choice granted and taken back in the same breath.",
                "'Maybe you could', 'if you like', 'it's your choice, but': soft words with one way through them.",
                (
                    Example(
                        _SENT_BY_DOCTOR,
                        "If you like, you could start with weekends only. It really would be better for your liver.",
                    ),
                    Example(_LEAVING_HIM, "Maybe you could stay with a friend for a few days and see how that feels."),
                ),
            ),
            Level.STRONG: LevelRubric(
                "The reply says in plain words that the choice is the client's, or asks leave before it goes on, and"
                " does not press.",
                "'It's up to you', 'would it be okay if', 'or would you rather': a question that no would answer well.",
                (
                    Example(
                        _SENT_BY_DOCTOR,
                        "Whether you change anything about the drinking is up to you. Would it be okay if we looked at"
                        " what worries your doctor, or would you rather use this hour for something else?",
                    ),
                    Example(
                        _LEAVING_HIM,
                        "Whether you stay or leave is your decision, and I won't make it for you.",
                    ),
                ),
            ),
        },
        neighbours={
            Mechanism.STANCE_ALIGNMENT: "Autonomy is about who decides; stance is about how the client's view is met."
            " A reply can leave the decision alone and still argue with the view.",
            Mechanism.EMOTIONAL_RESONANCE: "A warm reply may still press, and a dry one may leave every choice open.",
            Mechanism.CONVERSATIONAL_ORIENTATION: "Orientation offers a way on; autonomy asks whether the client wants"
            " to take it.",
        },
    ),
    Mechanism.STANCE_ALIGNMENT: MechanismRubric(
        title="Stance Alignment",
        definition=(
            "The reply stands beside the client rather than opposite: it takes up how the client sees the matter, as"
            " the client's view, and finds sense in it before anything else. It does not argue. To take up a view is"
            " not to confirm it as fact."
        ),
        theory=(
            "Motivational interviewing answers sustain talk and discord by reflecting instead of arguing (Miller and"
            " Rollnick, 2013); the working alliance rests on agreement about goals and tasks (Bordin, 1979); cognitive"
            " therapy asks for work side by side, as collaborative empiricism (Beck and others, 1979)."
        ),
        levels={
            Level.NONE: LevelRubric(
                "The reply argues, corrects, persuades or defends itself; or it passes over how the client sees the"
                " matter.",
                "'But', 'actually', 'research shows'; an explanation of why the client is wrong; an answer to another"
                " point.",
                (
                    Example(
                        _BREATHING, "They do work, there is good research on it. Two weeks just isn't long enough."
                    ),
                    Example(_REPORT, "That's not what I said. I only asked what your own part in it was."),
                ),
            ),
            Level.WEAK: LevelRubric(
                "The client's view is acknowledged in general words only, or is taken up and then turned against.",
                "'I hear you', 'fair enough' and no more; 'I can see why you'd say that, but'.",
                (
                    Example(
                        _BREATHING,
                        "I can see why you'd say that, but two weeks is early days. Most people need about six.",
                    ),
                    Example(_REPORT, "I hear you. Let's look at what happened before the report."),
                ),
            ),
            Level.STRONG: LevelRubric(
                "The reply says back what the client's view is, in its substance, and lets it stand.",
                "The client's own point in a sentence, with nothing set against it; an apology that names the point.",
                (
                    Example(
                        _BREATHING,
                        "You've kept the exercises up for two weeks and you still lie awake. It makes sense that they"
                        " look like a joke by now.",
                    ),
                    Example(
                        _REPORT,
                        "So the way you see it, your manager wrote that report and I put the row on you.",
                    ),
                ),
            ),
        },
        neighbours={
            Mechanism.RESPECT_FOR_AUTONOMY: "Stance is about how a view is met; autonomy about who decides.",
            Mechanism.EMOTIONAL_RESONANCE: "Stance takes up what the client thinks; resonance what the client feels.",
            Mechanism.CONVERSATIONAL_ORIENTATION: "Stance looks back at what was said; orientation opens what comes"
            " next.",
        },
    ),
    Mechanism.EMOTIONAL_RESONANCE: MechanismRubric(
        title="Emotional Resonance",
        definition=(
            "The reply hears the feeling in what the client said and lets the client know, in words that fit this"
            " client: as a guess the client may correct, neither played up nor away."
        ),
        theory=(
            "Accurate empathy that reaches the client is a condition of change in client-centred therapy (Rogers,"
            " 1957); dialectical behaviour therapy describes levels of validation (Linehan, 1993). In text there is no"
            " tone of voice: only the words can show that a feeling was heard."
        ),
        levels={
            Level.NONE: LevelRubric(
                "No feeling is heard, or it is talked away.",
                "Straight to business; 'don't worry', 'look on the bright side', 'it could be worse'.",
                (
                    Example(_NOT_LISTENED_TO, "Let's get back to the worksheet we started last time."),
                    Example(_EXAM, "Don't worry, plenty of people pass the third time."),
                ),
            ),
            Level.WEAK: LevelRubric(
                "A feeling is acknowledged by a stock phrase, in words that would fit anybody, or is only asked about.",
                "'That must be hard', 'sorry to hear that', 'how does that make you feel?' and nothing of this client.",
                (
                    Example(_NOT_LISTENED_TO, "I'm sorry to hear that. That must be hard."),
                    Example(_EXAM, "How do you feel about it?"),
                ),
            ),
            Level.STRONG: LevelRubric(
                "A feeling that fits is named, and tied to what this client has just told.",
                "'It sounds lonely to', 'you seem fed up with': a feeling word and the client's own matter together.",
                (
                    Example(
                        _NOT_LISTENED_TO,
                        "Not being listened to at home, and then at work too: that sounds lonely. I'd understand if you"
                        " were wary of telling one more person.",
                    ),
                    Example(
                        _EXAM,
                        "Failing the exam again sounds so disappointing that you'd rather not go on about it.",
                    ),
                ),
            ),
        },
        neighbours={
            Mechanism.RESPECT_FOR_AUTONOMY: "Hearing a feeling does not leave a choice open by itself.",
            Mechanism.STANCE_ALIGNMENT: "Saying back a view without its feeling is stance; naming the feeling under it"
            " is resonance.",
            Mechanism.CONVERSATIONAL_ORIENTATION: "A question for a feeling opens a way on and counts there; it is no"
            " more than weak here.",
        },
    ),
    Mechanism.CONVERSATIONAL_ORIENTATION: MechanismRubric(
        title="Conversational Orientation",
        definition=(
            "The reply gives the conversation a direction that the client can follow from where the client stands:"
            " it stays with what was brought and opens one next thing to talk about."
        ),
        theory=(
            "Motivational interviewing names focusing and evoking as tasks of their own (Miller and Rollnick, 2013);"
            " cognitive therapy leads by guided discovery instead of instruction (Padesky, 1993). Stages of change"
            " (Prochaska and DiClemente, 1983) say how far a next step may lie from where the client is."
        ),
        levels={
            Level.NONE: LevelRubric(
                "The reply opens nothing, leaves the subject, or goes on as if the client had not spoken.",
                "A full stop where the client needs a way on; the next item of a form; a change of subject.",
                (
                    Example(_MOTHER, "I see. Well, families are complicated and these things take time."),
                    Example(_FINE, "Moving on to the questionnaire."),
                ),
            ),
            Level.WEAK: LevelRubric(
                "A way on is opened that could follow anything: a general or closed question, a bare 'tell me more',"
                " or several questions at once.",
                "'Can you say more?', 'did that help?', three question marks in one message.",
                (
                    Example(_MOTHER, "Okay. Can you tell me more about that?"),
                    Example(_FINE, "Is there anything else?"),
                ),
            ),
            Level.STRONG: LevelRubric(
                "One clear, answerable next thing that takes up what the client has just said.",
                "One question or invitation with the client's own matter in it, small enough to answer in a line.",
                (
                    Example(
                        _MOTHER,
                        "So going over your mother once more won't help. Suppose we stay with this week only: what was"
                        " the moment you were most fed up?",
                    ),
                    Example(
                        _FINE,
                        "You went from fine to the weather rather quickly. What would be good to talk about instead"
                        " while the warning lasts?",
                    ),
                ),
            ),
        },
        neighbours={
            Mechanism.RESPECT_FOR_AUTONOMY: "Opening a way on is orientation; leaving it to the client to take it is"
            " autonomy.",
            Mechanism.STANCE_ALIGNMENT: "A good question may follow from a view that was never taken up: strong here,"
            " none there.",
            Mechanism.EMOTIONAL_RESONANCE: "To turn towards a feeling is orientation; to show that it was heard is"
            " resonance.",
        },
    ),
}
