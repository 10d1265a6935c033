"""The arithmetic of docs/scale.md: every line of it is worked out again."""

import ast
import operator
import re
from typing import Final

import pytest

from plugin.local.paths import ROOT
from stream.contracts.topics import FEEDBACK, MESSAGES, OPEN_SESSIONS_CHANGELOG, SESSIONS, TOPICS

PAGE: Final = (ROOT / "docs" / "scale.md").read_text()
BLOCKS: Final = re.findall(r"^```text\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
LINES: Final = [line for block in BLOCKS for line in block.splitlines()]
ROUNDED: Final = 0.03
"""By how much a result may differ: the page rounds to two or three figures."""
OPERATIONS: Final = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
}


def worked_out(expression: str) -> float:
    """Return the value of an expression of numbers, which may hold nothing else."""

    def value(node: ast.expr) -> float:
        if isinstance(node, ast.Constant) and isinstance(node.value, int | float):
            return node.value
        assert isinstance(node, ast.BinOp)
        found: float = OPERATIONS[type(node.op)](value(node.left), value(node.right))
        return found

    return value(ast.parse(expression, mode="eval").body)


@pytest.mark.parametrize("line", LINES)
def test_a_line_is_worked_out_right(line: str) -> None:
    """What stands after the equals sign is what the numbers before it make."""
    expression, _, rest = line.partition(" = ")
    said = float(rest.split()[0])
    assert worked_out(expression) == pytest.approx(said, rel=ROUNDED)


def test_records_stay_as_long_as_the_page_says() -> None:
    """The days by which the page multiplies are those for which the topics keep records."""
    days = {
        topic.name: int(topic.config["retention.ms"]) // 86_400_000
        for topic in TOPICS
        if topic.name != OPEN_SESSIONS_CHANGELOG
    }
    assert (days[MESSAGES], days[SESSIONS], days[FEEDBACK]) == (3, 7, 7)
    assert "Messages stay three days, sessions and feedback seven" in PAGE


def test_the_page_multiplies_what_it_measured() -> None:
    """Each unit of the table stands in the arithmetic, so that a new measurement changes both."""
    for unit in ("410", "122", "549", "477", "1.7", "19.1", "34.2", "14.65", "33", "49"):
        assert any(re.search(rf"(?<![\d._]){re.escape(unit)}(?![\d._])", line) for line in LINES), unit
        assert re.search(rf"\| [^|]*\b{re.escape(unit)}\b[^|]* \|", PAGE), unit
