"""The baseline's ratings of whole exchanges, which the project wrote and which quote no conversation."""

import pytest

from stream.contracts.rubric import RUBRIC
from stream.contracts.vocabulary import Level, Mechanism
from tests.triton_models.feedback_baseline.loading import assess, levels, ratings

DAD = "I've told you three times I don't want to talk about my dad."
DIARY = "There's no point in the food diary. I forget it anyway."
WIFE = "My wife says I'm depressed. I'm not, I'm just tired of her nagging."
STRANGER = "I don't see how typing to a stranger is going to fix my marriage."
SAME = "Whatever. You're all the same."
EXPOSURE = "I'm not doing the exposure thing. No chance."
NIGHT = "It's not that bad, I only cry at night."
CHILD = "You wouldn't understand, you've never lost a child."
BOSS = "My boss is the problem, not me. Why am I the one in therapy?"
NOTHING = "nothing is ever going to change anyway"

POINTLESS_AND_EASY_TO_FORGET = (
    "It sounds like the food diary feels pointless to you, and on top of that easy to forget."
    " Would you rather drop it, or change it into something that fits your day?"
)
WONT_FIX_A_MARRIAGE = (
    "Fair point, typing with me won't fix a marriage. If you like, we could look at one thing in it that you'd want"
    " different this week. What comes to mind?"
)
DISCOURAGING = (
    "It feels as if nothing is going to change, and that's discouraging."
    " What's the one thing you had hoped would change by now?"
)

ALL_FOUR_ON_A_DIARY = (
    "It sounds as if there's no point in the diary for you, and that can be frustrating."
    " It's up to you whether we keep it. What would have to be in a food diary worth remembering?"
)
ALL_FOUR_ON_A_FATHER = (
    "You've told me three times you don't want to talk about your dad, and I'd guess you're fed up with me."
    " You decide what we talk about. What should I have heard the first of those three times?"
)

# Client, reply, and the levels a reader gives by the rubric:
# respect for autonomy, stance alignment, emotional resonance, conversational orientation.
READ_AS_A_READER_WOULD = [
    (DAD, "I think you need to face what happened with your dad, otherwise nothing will change.", (0, 0, 0, 0)),
    (DAD, "Okay.", (0, 0, 0, 0)),
    (
        DIARY,
        POINTLESS_AND_EASY_TO_FORGET,
        (1, 2, 0, 2),
    ),
    (DIARY, "Have you tried setting an alarm on your phone?", (0, 0, 0, 1)),
    (DIARY, "You agreed to do it last week. Why didn't you?", (0, 0, 0, 1)),
    (
        WIFE,
        "Well, spouses often notice these things before we do. Don't you think she might be right?",
        (0, 0, 0, 1),
    ),
    (WIFE, "I understand. How does that make you feel?", (0, 0, 1, 1)),
    (
        STRANGER,
        WONT_FIX_A_MARRIAGE,
        (1, 2, 0, 2),
    ),
    (STRANGER, "I'm a qualified counsellor with ten years of experience.", (0, 0, 0, 0)),
    ("idk", "No rush. Would it help if I asked something smaller?", (1, 0, 0, 1)),
    (SAME, "There's no need to be rude. I'm only trying to help.", (0, 0, 0, 0)),
    (
        "Fine. I'll come less often then, it's only costing me money.",
        "Before you decide, you should know that stopping early makes a relapse more likely.",
        (0, 0, 0, 0),
    ),
    (
        "Can we not do this today? I had the worst day.",
        "Of course. We don't have to. What happened today?",
        (2, 0, 0, 2),
    ),
    (
        CHILD,
        "I do understand. Grief is a process and everybody goes through the same stages.",
        (0, 0, 0, 0),
    ),
    (NOTHING, "Please don't think like that. Everything will be okay.", (0, 0, 0, 0)),
    (
        NOTHING,
        DISCOURAGING,
        (0, 2, 2, 2),
    ),
]

# The same, with what a reader gives and what the baseline gives: known limits, so that nobody is surprised by them
# and a change that mends one is seen.
READ_OTHERWISE = [
    pytest.param(
        DAD,
        "You've told me three times now, and I kept coming back to your dad. It's your decision what we talk about."
        " What would you like to use today for?",
        (2, 2, 0, 2),
        (2, 2, 0, 1),
        id="a question that follows from the reply but repeats no word counts as general",
    ),
    pytest.param(
        WIFE,
        "You're worn out by being told what's wrong with you, and depressed isn't the word you'd choose."
        " What word would be closer?",
        (0, 2, 2, 2),
        (0, 1, 2, 2),
        id="a view said back in other words is heard as weak",
    ),
    pytest.param(
        SAME,
        "I can hear that you're angry, and after what you told me about the last two counsellors I can see why. You can"
        " stop this chat at any time. Is it all right if I ask what the last one got wrong?",
        (2, 1, 2, 2),
        (2, 1, 1, 1),
        id="what earlier turns held is unknown",
    ),
    pytest.param(
        EXPOSURE,
        "That's completely up to you. I won't push the exposure. It sounds frightening to even be asked to do it.",
        (2, 1, 2, 0),
        (2, 0, 2, 0),
        id="siding with a refusal without saying so is missed",
    ),
    pytest.param(
        EXPOSURE,
        "Most people feel scared at first, but it really helps. Just try it once!",
        (0, 0, 1, 0),
        (0, 0, 0, 0),
        id="a feeling ascribed to most people is not heard as the client's",
    ),
    pytest.param(
        NIGHT,
        "At least it's only at night! Let's talk about your sleep schedule.",
        (0, 0, 0, 1),
        (0, 0, 0, 2),
        id="a proposal of the counsellor's own counts as taking up a repeated word",
    ),
    pytest.param(
        NIGHT,
        "Crying every night by yourself, that sounds lonely, even if from the outside it's not that bad. What are the"
        " nights like?",
        (0, 1, 2, 2),
        (0, 0, 2, 2),
        id="a view said back inside a sentence about a feeling is missed",
    ),
    pytest.param(
        CHILD,
        "You're right, I don't know what it is to lose a child. I'd like to understand as much as you want to tell me.",
        (1, 2, 0, 1),
        (0, 2, 0, 2),
        id="room left in unusual words is missed",
    ),
    pytest.param(
        BOSS,
        "From where you stand it's your boss who should be sitting here. What would you want to be different at work by"
        " the time we finish?",
        (0, 2, 0, 2),
        (1, 2, 0, 2),
        id="a question for a wish counts as room for choice",
    ),
]

RUBRIC_EXAMPLES = [
    pytest.param(mechanism, level, example.client, example.reply, id=f"{mechanism}-{level.name.lower()}-{number}")
    for mechanism, entry in RUBRIC.items()
    for level, meaning in entry.levels.items()
    for number, example in enumerate(meaning.examples, start=1)
]


@pytest.mark.parametrize(("client", "reply", "expected"), READ_AS_A_READER_WOULD)
def test_an_exchange_gets_the_levels_a_reader_gives_it(client: str, reply: str, expected: tuple[int, ...]) -> None:
    """The baseline gives a reader's levels to an exchange whose cues are enough."""
    assert levels(assess(client, reply)) == expected


@pytest.mark.parametrize(("client", "reply", "reader", "baseline"), READ_OTHERWISE)
def test_an_exchange_beyond_cues_is_read_otherwise(
    client: str, reply: str, reader: tuple[int, ...], baseline: tuple[int, ...]
) -> None:
    """The baseline differs from a reader in a stated way where an exchange needs its meaning understood."""
    assert levels(assess(client, reply)) == baseline
    assert reader != baseline


@pytest.mark.parametrize(("mechanism", "level", "client", "reply"), RUBRIC_EXAMPLES)
def test_the_rubric_s_examples_get_the_rubric_s_levels(
    mechanism: Mechanism, level: Level, client: str, reply: str
) -> None:
    """The least that can be asked; the same people wrote both, so it is no measure of quality."""
    assert ratings(assess(client, reply))[mechanism]["level"] == level


@pytest.mark.parametrize(("client", "reply", "expected"), READ_AS_A_READER_WOULD)
def test_context_has_no_effect(client: str, reply: str, expected: tuple[int, ...]) -> None:
    """The client turn and the reply are read, nothing before them."""
    context = "It's up to you. It sounds as if you feel lonely. You should try harder, don't worry."
    assert levels(assess(client, reply, context)) == expected


@pytest.mark.parametrize(("client", "reply"), [(DIARY, ALL_FOUR_ON_A_DIARY), (DAD, ALL_FOUR_ON_A_FATHER)])
def test_a_reply_that_expresses_everything_gets_no_alternative(client: str, reply: str) -> None:
    """A reply that leaves nothing to add is left alone, and two of its strengths are said."""
    answer = assess(client, reply)
    assert levels(answer) == (2, 2, 2, 2)
    assert answer["alternatives"] == []
    assert len(answer["strengths"]) == 2


@pytest.mark.parametrize("row", READ_AS_A_READER_WOULD)
def test_an_exchange_is_judged_by_its_words_not_by_its_spelling(row: tuple[str, str, tuple[int, ...]]) -> None:
    """Capitals, curly apostrophes and missing apostrophes are how people type, and change nothing."""
    client, reply, expected = row
    curly = str.maketrans({"'": "\N{RIGHT SINGLE QUOTATION MARK}"})
    assert levels(assess(client.upper(), reply.upper())) == expected
    assert levels(assess(client.translate(curly), reply.translate(curly))) == expected
    assert levels(assess(client, reply.lower())) == expected
