"""Tests of the wordings that measures count."""

import pytest

from stream.measures.cues import Cue, acknowledges, count, words


@pytest.mark.parametrize(
    ("cue", "text", "hits"),
    [
        (Cue.OWN_FEELING, "I am afraid, and so ashamed.", 2),
        (Cue.OWN_FEELING, "I am there at five.", 0),
        (Cue.ANGER, "I hate this. It is not fair.", 2),
        (Cue.ANGER, "I like it.", 0),
        (Cue.AGREEING, "Exactly, thanks.", 2),
        (Cue.FIRST_PERSON, "I told my mother, and im tired of myself", 4),
        (Cue.CLAIMS_FEELING, "I'm really glad that you came.", 1),
        (Cue.CLAIMS_FEELING, "You are glad that it is over.", 0),
        (Cue.CLAIMS_FEELING, "It gives you something to look forward to.", 0),
        (Cue.CLAIMS_EXPERIENCE, "I\u2019ve been there. When I quit it was hard.", 2),
        (Cue.CLAIMS_EXPERIENCE, "As a smoker you know that.", 0),
        (Cue.PERMISSION, "Would it be okay if we looked at it?", 1),
        (Cue.PERMISSION, "Where would you like to begin?", 0),
        (Cue.ASKS_VIEW, "How does this plan sound to you?", 1),
        (Cue.ASKS_VIEW, "How often does it happen?", 0),
        (Cue.CLAIMS_UNDERSTANDING, "I completely understand. I hear you, and I can see how hard it is.", 3),
        (Cue.CLAIMS_UNDERSTANDING, "Let me make sure I understand. What I hear you say is that you wait.", 0),
        (Cue.JOINT, "Let's look at it. Perhaps we could try it together.", 2),
        (Cue.JOINT, "Well, let us know. She lets me go, we do.", 0),
        (Cue.PLEASANTRY, "Good morning! How are you? Have a lovely evening.", 3),
        (Cue.PLEASANTRY, "How are you feeling about it? It is good to see you're trying.", 0),
        (Cue.CULTURE, "In my culture one does not ask. We prayed, back home.", 3),
        (Cue.CULTURE, "The car race was on, oh my god.", 0),
    ],
)
def test_wordings_are_counted(cue: Cue, text: str, hits: int) -> None:
    """A list counts its own wordings, with any apostrophe or none, and not what only resembles them."""
    assert count(cue, text) == hits


@pytest.mark.parametrize("cue", Cue)
def test_pasted_text_is_counted_to_an_end(cue: Cue) -> None:
    """Of a very long text the beginning is searched, so that no text takes long."""
    assert count(cue, "well " * 5_000 + "I am glad and sad, thanks. I hate it. When I quit. May I ask? Up to you.") == 0


def test_words_are_letters() -> None:
    """Words are runs of letters in lower case; signs and figures are none."""
    assert words("Mm-hmm, 3 times: DON'T!") == ["mm", "hmm", "times", "don", "t"]


@pytest.mark.parametrize(
    ("text", "is_nod"),
    [("Mm-hmm.", True), ("Okay, I see.", True), ("", False), ("...", False), ("Okay, go on then.", False)],
)
def test_a_nod_has_no_other_word(text: str, is_nod: bool) -> None:
    """A text acknowledges where it has a few words that all show presence alone."""
    assert acknowledges(text) is is_nod
