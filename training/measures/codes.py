"""The counsellor codes of published corpora, and which of them each of our 17 techniques is. The mappings are ours.

AnnoMI has four behaviours (Wu et al., 2022): question, reflection, therapist input (information, advice, options,
negotiation) and other. MIBot's labels follow MISC 2.5 in five groups: question, reflection, consistent with MI (advice
with permission, affirming, emphasising control, reframing, support), inconsistent with it (advice without permission,
confronting, directing, warning) and other (facilitating, filler, information, structure, raising a concern).

AnnoMI-full tells the kinds of question, reflection and input apart. OnCoCo's 38 codes of counsellors say what a message
is about as much as what it does, so both are brought to families.
"""

from collections.abc import Mapping
from typing import Final

from stream.contracts.rubric import GROUP_OF_TECHNIQUE, Technique, TechniqueGroup
from training.corpora.transcripts import Corpus

OTHER: Final = "other"
_ANNOMI_NAMES: Final = {TechniqueGroup.INPUT: "therapist_input"}
ANNOMI: Final[Mapping[Technique, str]] = {
    technique: _ANNOMI_NAMES.get(group, group.value) for technique, group in GROUP_OF_TECHNIQUE.items()
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


ANNOMI_FULL: Final[Mapping[Technique, str]] = {
    Technique.SIMPLE_REFLECTION: "reflection/simple",
    Technique.COMPLEX_REFLECTION: "reflection/complex",
    Technique.OPEN_QUESTION: "question/open",
    Technique.CLOSED_QUESTION: "question/closed",
    Technique.ADVICE_WITH_PERMISSION: "therapist_input/advice",
    Technique.ADVICE_WITHOUT_PERMISSION: "therapist_input/advice",
    Technique.INFORMATION: "therapist_input/information",
    # What warns or corrects tells the client what to think.
    Technique.CONFRONTATION: "therapist_input/advice",
} | {technique: OTHER for technique, code in ANNOMI.items() if code == OTHER}
"""Nothing that we tell apart is negotiation or options, so these two are never found."""

ONCOCO: Final[Mapping[Technique, str]] = {
    Technique.SIMPLE_REFLECTION: "reflection",
    Technique.COMPLEX_REFLECTION: "reflection",
    Technique.OPEN_QUESTION: "question",
    Technique.CLOSED_QUESTION: "question",
    Technique.ADVICE_WITH_PERMISSION: "advice",
    Technique.ADVICE_WITHOUT_PERMISSION: "advice",
    Technique.INFORMATION: "information",
    Technique.AFFIRMATION: "affirmation",
    Technique.REASSURANCE: "reassurance",
    Technique.NORMALIZING: "reassurance",
    Technique.CONFRONTATION: "warning",
    Technique.STRUCTURE: "structure",
    Technique.CHIT_CHAT: OTHER,
    Technique.EMPHASIZE_AUTONOMY: OTHER,
    Technique.SELF_DISCLOSURE: OTHER,
    Technique.APOLOGY: OTHER,
    Technique.MINIMAL: OTHER,
}
_ONCOCO_CODES: Final[Mapping[str, tuple[str, ...]]] = {
    "question": (
        "AC-RE-RES", "AC-RF-RC", "AC-RF-RCD", "AC-RF-RLS-ES", "AC-RF-RLS-H", "AC-RF-RLS-L", "AC-RF-RLS-PS",
        "AC-RF-RLS-SR", "AC-RF-RPA", "AC-RF-RPD", "AC-RF-RTP", "AO-ROW", "Mot-RFC", "Mot-RS", "RA-RP",
    ),
    "reflection": ("AC-RE-RCR", "AC-RF-SRx"),
    "advice": ("HP-PP-IA", "HP-IPFR", "RA-N-RAFa", "RA-N-RAFr", "RA-RAP"),
    "information": ("HP-ITFE",),
    "affirmation": ("Mot-ITA", "Mot-IEM", "Mot-IAC"),
    "reassurance": ("HP-ICO", "HP-PP-IW"),
    "warning": ("HP-IW",),
    "structure": ("AO-ICO",),
    # Interpreting and forecasting are none of our techniques.
    OTHER: ("HP-IEA", "HP-IF"),
}  # fmt: skip
ONCOCO_FAMILY: Final[Mapping[str, str]] = {
    f"CO-IF-{code}": family for family, codes in _ONCOCO_CODES.items() for code in codes
} | {
    "CO-FA": "structure",
    "CO-FC-F": "structure",
    "CO-FC-OPR": "structure",
    "CO-Mod": "structure",
    "CO-O-O": OTHER,
    "CO-O-UCO": OTHER,
}
"""The family of each of OnCoCo's 38 codes of counsellors, written without the places that hold a star."""
