"""The columns of the tables for studies that models fill, and those that say which version of what filled them.

What writes the tables and what reads them both go by these names.
"""

from collections.abc import Mapping
from typing import Final

from stream.contracts.rubric import ResistanceGroup, Technique, TechniqueGroup
from stream.contracts.vocabulary import Mechanism

MOMENTS: Final = "moments"
RESISTING: Final = "resisting"
RESISTS: Final = "resists"
RESISTANCE_GROUPS: Final = tuple(group.value for group in ResistanceGroup)
WENT_ALONG: Final = "went_along"
LEVELS: Final = tuple(mechanism.value for mechanism in Mechanism)
MEANS: Final = {mechanism: f"mean_{mechanism.value}" for mechanism in Mechanism}
REPLIES: Final = "replies"
SHARES: Final = tuple(f"share_{technique}" for technique in Technique)
CODE: Final = "code"
HOLDS: Final = {technique: f"holds_{technique}" for technique in Technique}
TECHNIQUE_GROUPS: Final = tuple(group.value for group in TechniqueGroup)
DYNAMICS: Final = ("empathy", "exploration", "self_directed_emotion")
"""The dynamics of a turn: the first two are a counsellor's, the last one is a client's."""

DETECTOR_VERSION: Final = "detector_version"
MODEL_VERSION: Final = "model_version"
"""The version of the feedback model, with the rubric that it was given."""
VERSIONS_OF_FEEDBACK: Final = (DETECTOR_VERSION, MODEL_VERSION)
TECHNIQUE_VERSION: Final = "technique_version"
DYNAMICS_VERSION: Final = "dynamics_version"
"""The versions of these measures, with the reader that they heard."""

_RESISTANCE: Final = (RESISTING, RESISTS, *RESISTANCE_GROUPS, WENT_ALONG)
MADE_BY: Final[Mapping[str, frozenset[str]]] = {
    DETECTOR_VERSION: frozenset((MOMENTS, *_RESISTANCE)),
    MODEL_VERSION: frozenset((*_RESISTANCE, *LEVELS, *MEANS.values())),
    TECHNIQUE_VERSION: frozenset((REPLIES, *SHARES, CODE, *HOLDS.values(), *TECHNIQUE_GROUPS)),
    DYNAMICS_VERSION: frozenset(DYNAMICS),
}
"""By column of versions, the columns whose numbers that version made. A turn that was not flagged does not resist."""
