"""The wordings that a suggested reply may not contain. Such a suggestion is dropped; the rest of the answer stays.

The floor is the principle "safety" of docs/rubric.md: nothing that could do harm, promises, diagnoses or doses.
Nor may a suggestion claim a feeling, an experience or an identity: nobody but the counsellor knows whether it is true.
These are lists of wordings, and lists have holes: a supervisor reads every suggestion before anybody else does.
"""

import re
from enum import StrEnum

from stream.feedback.deidentification.identifiers import find_identifiers


class Fault(StrEnum):
    """Why a suggestion is dropped."""

    CLAIMS = "claims"
    """Feelings, experience or identity that the counsellor may not have."""
    UNSAFE = "unsafe"
    """Could do harm: danger played down, secrecy, contact outside the platform."""
    CLINICAL = "clinical"
    """A diagnosis, or a change of medication."""
    PROMISE = "promise"
    """What nobody can promise."""
    PRESSES = "presses"
    """An instruction nobody asked for."""


_KIN = r"(?:wife|husband|partner|mother|mum|mom|father|dad|son|daughter|child(?:ren)?|kids?|brother|sister|family)"
_LIFE_EVENT = (
    r"(?:divorce|depression|anxiety|drinking|addiction|recovery|illness|diagnosis|loss|grief|breakup|therapist|past)"
)
_IDENTITY = (
    r"(?:mother|mum|mom|father|dad|parent|woman|man|gay|lesbian|queer|trans|survivor|veteran|addict|drinker|smoker|"
    r"immigrant|refugee|believer|christian|muslim|jew|student|teenager|widow|widower|doctor|nurse|psychologist|friend)"
)
_FEELING = (
    r"(?:sad|heartbroken|hurt|angry|afraid|scared|devastated|proud|ashamed|lonely|anxious|depressed|worried|upset|"
    r"excited|happy|overwhelmed|disappointed)"
)
_ILLNESS = (
    r"(?:depression|bipolar|adhd|autism|bpd|ptsd|ocd|schizophrenia|psychosis|anorexia|bulimia|"
    r"(?:an? )?\w+ (?:personality )?disorder)"
)
_MEDICINE = r"(?:medication|medicine|meds|pills?|tablets?|dos(?:e|age)|antidepressants?|lithium|ssris?|insulin)"
_EXPERIENCES_IT = r"(?:feel|felt|is like|are going through|going through)"
_EXPERIENCED_IT = r"(?:been (?:there|through)|felt|gone through|been in your|experienced|struggled|lived)"
_GETS_BETTER = r"(?:be (?:fine|ok|okay|all right|alright|better)|work out|get better)"
_CLAUSE_START = r"(?:^|[.!,;:] |\b(?:and|but|so|then|maybe) )"

_WORDINGS_BY_FAULT: dict[Fault, tuple[str, ...]] = {
    Fault.CLAIMS: (
        rf"i (?:do )?(?:know|understand) (?:\w+ )?(?:how|what) (?:you|that|this|it)\b[^.?!]{{0,20}}?{_EXPERIENCES_IT}",
        rf"i(?:'ve| have) (?:\w+ )?{_EXPERIENCED_IT}",
        r"i(?: have|'ve)? (?:also|too|once|myself) (?:felt|feel|had|have|struggled?|lost|went|was|am|know)",
        r"i (?:felt|feel|had|went through|struggled with) (?:exactly )?the same",
        r"(?:me too|same here)\b",
        r"when i (?:was|had|went|lost|felt|got|started|stopped|quit)",
        rf"as (?:a|an) (?:\w+ )?{_IDENTITY}\b",
        rf"i(?:'m| am) (?:a|an) (?:\w+ )?{_IDENTITY}\b",
        rf"my (?:own )?(?:{_KIN}|{_LIFE_EVENT})\b",
        rf"i(?:'m| am| feel| felt| was) (?:\w+ )?{_FEELING}\b",
        r"(?:it )?(?:breaks|broke) my heart",
        r"i feel your pain",
        r"(?:i love|i care about) you\b",
    ),
    Fault.UNSAFE: (
        r"(?:kill|hurt|cut|harm|starve) yourself",
        r"end (?:your|it) (?:life|all)",
        r"(?:a|one) (?:drink|joint|pill|beer|cigarette) (?:won't|can't|doesn't|never) hurt",
        r"(?:it's|it is|that's) (?:ok|okay|fine|normal|no big deal) to (?:\w+ )?(?:drink|use|cut|starve|purge|hit)",
        r"(?:it's|it is|that's) (?:nothing|not (?:that|so) (?:bad|serious|dangerous))",
        r"don't tell (?:anyone|anybody|your|him|her|them)",
        r"(?:our secret|keep (?:this|it|that) between us)",
        r"(?:call|text|message|write) me (?:at|on|any)",
        r"(?:my (?:phone |private )?number|let's meet|meet me|come over)\b",
    ),
    Fault.CLINICAL: (
        rf"(?:stop|start|increase|reduce|skip|double|halve|come off|taper|take|change)(?: \w+){{0,3}} {_MEDICINE}\b",
        rf"you (?:\w+ )?(?:have|suffer from|are suffering from|might have|may have) {_ILLNESS}\b",
        r"you(?:'re| are) (?:\w+ )?(?:depressed|bipolar|psychotic|borderline|narcissistic|an? alcoholic|an? addict)",
    ),
    Fault.PROMISE: (
        r"i (?:promise|guarantee|assure) you",
        r"i promise\b",
        rf"(?:everything|it|things|this)(?:'ll| will| is going to| are going to) (?:\w+ )?{_GETS_BETTER}",
        r"nothing (?:bad )?(?:will|can) happen",
        r"don't worry",
    ),
    Fault.PRESSES: (
        rf"{_CLAUSE_START}(?:i think )?you (?:must|should|have to|need to|ought to|had better|really need)\b",
    ),
}
_PATTERN_BY_FAULT = {
    fault: re.compile("|".join(rf"(?:{p})" for p in found), re.IGNORECASE)
    for fault, found in _WORDINGS_BY_FAULT.items()
}
_QUOTED = re.compile(r'[“"]([^”"]+)[”"]')
_APOSTROPHES = str.maketrans({"\u2019": "'", "\u02bc": "'", "\u2018": "'"})


def find_fault(suggestion: str, conversation: str = "") -> Fault | None:
    """Return the first fault of a suggested reply; None if it has no wording of the lists, no address and no number.

    What it quotes from the `conversation` is what somebody said: "my mother" in it is not the counsellor's.
    """
    if find_identifiers(suggestion):
        return Fault.UNSAFE
    said = _plain_text(conversation).casefold()
    own = _QUOTED.sub(lambda match: " " if match[1].casefold() in said else match[0], _plain_text(suggestion))
    return next((fault for fault, pattern in _PATTERN_BY_FAULT.items() if pattern.search(own)), None)


def _plain_text(text: str) -> str:
    return " ".join(text.translate(_APOSTROPHES).split())
