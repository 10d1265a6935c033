"""The counsellor codes of AnnoMI and MIBot, and which of them each of our 17 techniques is. The mapping is ours.

AnnoMI has four behaviours (Wu et al., 2022): question, reflection, therapist input (information, advice, options,
negotiation) and other. MIBot's labels follow MISC 2.5 in five groups: question, reflection, consistent with MI (advice
with permission, affirming, emphasising control, reframing, support), inconsistent with it (advice without permission,
confronting, directing, warning) and other (facilitating, filler, information, structure, raising a concern).
"""

from collections.abc import Mapping
from typing import Final

from stream.contracts.rubric import Technique
from training.corpora.transcripts import Corpus

ANNOMI: Final[Mapping[Technique, str]] = {
    Technique.SIMPLE_REFLECTION: "reflection",
    Technique.COMPLEX_REFLECTION: "reflection",
    Technique.OPEN_QUESTION: "question",
    Technique.CLOSED_QUESTION: "question",
    Technique.ADVICE_WITH_PERMISSION: "therapist_input",
    Technique.ADVICE_WITHOUT_PERMISSION: "therapist_input",
    Technique.INFORMATION: "therapist_input",
    # What warns or corrects brings in the counsellor's own view.
    Technique.CONFRONTATION: "therapist_input",
    Technique.AFFIRMATION: "other",
    Technique.EMPHASIZE_AUTONOMY: "other",
    Technique.STRUCTURE: "other",
    Technique.REASSURANCE: "other",
    Technique.NORMALIZING: "other",
    Technique.SELF_DISCLOSURE: "other",
    Technique.APOLOGY: "other",
    Technique.CHIT_CHAT: "other",
    Technique.MINIMAL: "other",
}
MIBOT: Final[Mapping[Technique, str]] = {
    Technique.SIMPLE_REFLECTION: "R",
    Technique.COMPLEX_REFLECTION: "R",
    Technique.OPEN_QUESTION: "Q",
    Technique.CLOSED_QUESTION: "Q",
    Technique.AFFIRMATION: "MICO",
    Technique.EMPHASIZE_AUTONOMY: "MICO",
    Technique.ADVICE_WITH_PERMISSION: "MICO",
    # MISC's "support": sympathetic or understanding words.
    Technique.REASSURANCE: "MICO",
    Technique.NORMALIZING: "MICO",
    Technique.ADVICE_WITHOUT_PERMISSION: "MIIN",
    Technique.CONFRONTATION: "MIIN",
    Technique.INFORMATION: "Other",
    Technique.STRUCTURE: "Other",
    Technique.SELF_DISCLOSURE: "Other",
    Technique.APOLOGY: "Other",
    Technique.CHIT_CHAT: "Other",
    Technique.MINIMAL: "Other",
}
CODES: Final[Mapping[Corpus, Mapping[Technique, str]]] = {"annomi": ANNOMI, "mibot": MIBOT}


def names(corpus: Corpus) -> list[str]:
    """Return the codes of a corpus, in the order of the alphabet."""
    return sorted(set(CODES[corpus].values()))
