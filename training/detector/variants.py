"""Scores every variant that was tried, on the same folds, for RESULTS.md."""

from collections.abc import Callable, Mapping, Sequence
from typing import Final

from stream.detection.features import SCALE, Terms, single_word_terms, word_terms
from stream.detection.text import Token
from training.detector.crossval import (
    Trainer,
    score_out_of_fold,
    train,
    train_length_baseline,
    train_random_baseline,
)
from training.detector.fitting import SOURCES, Recipe, TermBlock, shipped_blocks
from training.detector.turns import LabelledTurn

SHIPPED: Final = "what ships"
_PART_LENGTHS = (3, 4)  # letters, with the marks of a word's ends


def part_terms(found: Sequence[Token]) -> Terms:
    """Return runs of letters inside words, with the ends of a word marked by `_`."""
    return {
        marked[start : start + length]: ()
        for marked in (f"_{token.form}_" for token in found)
        for length in _PART_LENGTHS
        for start in range(len(marked) - length + 1)
    }


def _only(*names: str) -> dict[str, TermBlock]:
    return {name: block for name, block in shipped_blocks().items() if name in names}


def _with(name: str, block: TermBlock) -> dict[str, TermBlock]:
    return {**shipped_blocks(), name: block}


def _sources(**weights: float) -> dict[str, float]:
    return {source: weight for source, weight in {**SOURCES, **weights}.items() if weight}


VARIANTS: Final[Mapping[str, Recipe]] = {
    SHIPPED: Recipe(),
    "words of the message alone": Recipe(_only("words")),
    "single words alone": Recipe({"words": TermBlock(single_word_terms, SCALE["words"])}),
    "words, and words of the turn before": Recipe(_only("words", "before")),
    "what ships without its shape": Recipe(_only("words", "before", "before_shape")),
    "what ships without the shape of the turn before": Recipe(_only("words", "before", "shape")),
    "+ parts of words (3-4 letters)": Recipe(_with("parts", TermBlock(part_terms, 1.0))),
    "+ pairs of words of the turn before": Recipe(_with("before", TermBlock(word_terms, 0.5, of_turn_before=True))),
    "the turn before at full weight": Recipe(
        {
            name: TermBlock(block.extract, 1.0 if block.of_turn_before else block.scale, block.of_turn_before)
            for name, block in shipped_blocks().items()
        }
    ),
    "L2 strength C = 0.1": Recipe(strength=0.1),
    "C = 0.3": Recipe(strength=0.3),
    "C = 3": Recipe(strength=3.0),
    "transcripts alone": Recipe(sources=_sources(written=0, lines=0)),
    "written exchanges and lines alone": Recipe(sources=_sources(annomi=0, mibot=0)),
    "without the single lines": Recipe(sources=_sources(lines=0)),
    "written exchanges at 0.3": Recipe(sources=_sources(written=0.3)),
    "written exchanges at 3": Recipe(sources=_sources(written=3)),
    "spoken transcripts at 1": Recipe(sources=_sources(annomi=1)),
    "typed transcripts at 2": Recipe(sources=_sources(mibot=2)),
    "kinds of turns weigh as often as they come": Recipe(balanced=False),
    "resistance alone": Recipe(
        positive=lambda turn: turn.resists, labelled=lambda turn: turn.labelled and not turn.critical
    ),
    "danger alone": Recipe(positive=lambda turn: turn.critical, labelled=lambda turn: turn.example.critical >= 0),
}


def score_variants(turns: Sequence[LabelledTurn], step: Callable[[str], None]) -> dict[str, list[float]]:
    """Return the out-of-fold scores of every variant by name, what ships first; `step` is called with each name."""
    trainers: dict[str, Trainer] = {name: train(recipe) for name, recipe in VARIANTS.items()}
    trainers |= {"length alone": train_length_baseline, "random": train_random_baseline}
    found: dict[str, list[float]] = {}
    for name, trainer in trainers.items():
        step(name)
        found[name] = score_out_of_fold(turns, trainer)
    two = "resistance alone, danger alone: the larger of their ranks"
    found[two] = [
        max(pair) for pair in zip(_ranks(found["resistance alone"]), _ranks(found["danger alone"]), strict=True)
    ]
    return found


def _ranks(scores: Sequence[float]) -> list[float]:
    order = sorted(range(len(scores)), key=lambda place: scores[place])
    found = [0.0] * len(scores)
    for rank, place in enumerate(order):
        found[place] = rank / len(scores)
    return found
