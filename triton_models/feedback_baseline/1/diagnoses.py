"""Names of conditions, which the reader sees under one word, so that an exchange is rated alike whoever has what."""

from __future__ import annotations

import re
from collections.abc import Sequence

from .opinions import Opinion, ReadPairs

CONDITION = "a condition"
"""Two words that say no more than that there is something."""

_NAMES = (
    "addiction",
    "adhd",
    "agoraphobia",
    "alcohol dependence",
    "alcohol use disorder",
    "alcoholism",
    "alzheimer's",
    "anorexia",
    "anxiety disorder",
    "asperger's",
    "autism",
    "bipolar",
    "bipolar disorder",
    "borderline",
    "borderline personality disorder",
    "bulimia",
    "c-ptsd",
    "dementia",
    "depression",
    "depressive disorder",
    "drug dependence",
    "eating disorder",
    "epilepsy",
    "generalised anxiety disorder",
    "generalized anxiety disorder",
    "hiv",
    "major depression",
    "manic depression",
    "narcissistic personality disorder",
    "obsessive-compulsive disorder",
    "ocd",
    "panic disorder",
    "personality disorder",
    "post-traumatic stress disorder",
    "postnatal depression",
    "postpartum depression",
    "psychosis",
    "ptsd",
    "schizoaffective disorder",
    "schizophrenia",
    "social anxiety",
    "substance use disorder",
    "tourette's",
)
_CONDITION = re.compile(rf"\b(?:{'|'.join(sorted(map(re.escape, _NAMES), key=len, reverse=True))})\b", re.IGNORECASE)


def without_diagnoses(text: str) -> str:
    """Return the text with each name of a condition replaced by the same words."""
    return _CONDITION.sub(CONDITION, text)


def blind(read: ReadPairs) -> ReadPairs:
    """Return a function that reads pairs without the names of conditions."""

    def read_blind(pairs: Sequence[tuple[str, str]]) -> Sequence[Opinion]:
        return read([(without_diagnoses(first), without_diagnoses(second)) for first, second in pairs])

    return read_blind
