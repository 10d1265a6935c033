"""The word overlap of a model's reasons with people's: BLEU-1/2 and ROUGE-1/2/L by torchmetrics, in percent.

Word overlap says little about whether a reason is right; it is reported because it was published.
"""

import re
from collections.abc import Sequence

_WORD = re.compile(r"\w+")


def word_overlap(answers: Sequence[str], reference: Sequence[str]) -> dict[str, float]:
    """Return BLEU over all answers together and ROUGE as the mean F over answers, on lower-case words only.

    An empty answer counts as no overlap. The result is empty if no reference has text (labels alone).
    """
    pairs = [(_plain(one), _plain(other)) for one, other in zip(answers, reference, strict=True) if _plain(other)]
    if not pairs:
        return {}
    from torchmetrics.functional.text import bleu_score, rouge_score  # noqa: PLC0415 - imports torch

    candidates, targets = [one for one, _ in pairs], [other for _, other in pairs]
    found = {f"BLEU-{n}": float(bleu_score(candidates, [[one] for one in targets], n_gram=n)) for n in (1, 2)}
    keys = {"ROUGE-1": "rouge1", "ROUGE-2": "rouge2", "ROUGE-L": "rougeL"}
    rouge = rouge_score(candidates, targets, rouge_keys=tuple(keys.values()))
    found |= {name: float(rouge[f"{key}_fmeasure"]) for name, key in keys.items()}
    return {name: round(100 * value, 2) for name, value in found.items()}


def _plain(text: str) -> str:
    return " ".join(_WORD.findall(text.lower()))
