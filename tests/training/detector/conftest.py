"""Made-up client turns of every source, with which the recipe of the detector is tested."""

import random

import pytest

from training.detector.turns import LabelledTurn
from training.reader.examples import UNKNOWN, TurnExample
from training.reader.targets import CRITICAL, RESISTANCE

AGAINST = ["I don't want to stop, I like it", "there is no point, I can't quit", "not now, I need my smokes"]
HARMLESS = ["I walked to work today", "yes, on Tuesday", "my sister came and we cooked", "I want to feel better"]
DANGEROUS = ["gave my cat away, wont need the food", "the door bangs and i take the kids upstairs"]


def turn(source: str, group: str, text: str, **known: object) -> LabelledTurn:
    """Return a client turn of one message that answers a question; without `known` it is harmless."""
    facts: dict[str, object] = {"resistance": 0, "critical": 0, **known}
    example = TurnExample(f"{group}/{len(text)}", source, group, "How are you with smoking?", text, **facts)  # type: ignore[arg-type]
    return LabelledTurn(example, (text,))


def resisting(source: str, group: str, text: str) -> LabelledTurn:
    """Return a client turn that resists."""
    return turn(source, group, text, resistance=RESISTANCE.index("challenging"))


def critical(group: str, text: str) -> LabelledTurn:
    """Return a written client turn with critical content, of which nobody says whether it resists."""
    return turn("written", group, text, resistance=UNKNOWN, critical=CRITICAL.index("suicide"))


@pytest.fixture(scope="session")
def turns() -> list[LabelledTurn]:
    """Return turns of eight videos, eight typed sessions and eight writers, and single lines."""
    source = random.Random(1)
    found: list[LabelledTurn] = []
    for number in range(8):
        groups = {"annomi": f"video/{number}", "mibot": f"person {number}", "written": f"writer-{number}"}
        for corpus, group in groups.items():
            found += [resisting(corpus, group, text) for text in AGAINST]
            found += [turn(corpus, group, text, look_alike=text == HARMLESS[3]) for text in HARMLESS]
            source.shuffle(found)
        found += [critical(groups["written"], text) for text in DANGEROUS]
    found += [resisting("lines", "lines", text) for text in AGAINST]
    found += [turn("lines", "lines", text, look_alike=True) for text in HARMLESS]
    return found
