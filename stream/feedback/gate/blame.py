"""Words about a client that no feedback may use: they blame or label a person where an interaction was meant.

A first, short list. What stands in the conversation itself may be quoted; what only the model says may not.
"""

import re

_BLAMING_PATTERNS = (
    r"manipulat(?:ive|ing|or)",
    r"attention[- ]seek(?:ing|er)",
    r"non[- ]?complian(?:t|ce)",
    r"un-?cooperative",
    r"in denial",
    r"difficult (?:client|person|patient)",
    r"resistant (?:client|person|patient)",
    r"hysterical",
    r"crazy",
    r"insane",
    r"psycho(?:path)?",
    r"lazy",
    r"stubborn",
    r"whin(?:y|ing|er)",
    r"junkie",
    r"addict",
    r"alcoholic",
    r"pathetic",
    r"(?:her|his|their|the client's|client's) (?:own )?fault",
    r"playing (?:the )?victim",
    r"playing games",
    r"passive[- ]aggressive",
    r"narcissis(?:t|tic|m)",
    r"malinger(?:s|ing|er)?",
    r"over-?sensitive",
    r"overreact(?:s|ing|ed)?",
    r"drama(?: queen)?",
    r"childish",
    r"immature",
    r"unmotivated",
    r"ungrateful",
    r"lacks? insight",
    r"low[- ]functioning",
    r"help[- ]rejecting",
    r"treatment[- ]resistant",
    r"hostile (?:client|person|patient)",
    r"borderline",
    r"(?:a|an|the|this) (?:schizophrenic|bipolar|depressive|psychotic|drunk|junkie|druggie)",
    r"(?:drug|substance|alcohol) abuser",
    r"mentally ill",
    r"toxic",
)
_PATTERN = re.compile(rf"\b(?:{'|'.join(_BLAMING_PATTERNS)})\b", re.IGNORECASE)


def contains_blame(words: str, conversation: str) -> bool:
    """Whether a model's `words` blame or label, other than in words of the `conversation` it was shown."""
    said = conversation.casefold()
    return any(match[0].casefold() not in said for match in _PATTERN.finditer(words))
