"""`python -m training.names`: what the recogniser finds and misses in lines of our own, for each half of them."""

import re
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from sys import argv

from stream.feedback.deidentification.deidentify import Deidentifier

LINES = Path(__file__).parent / "lines.txt"
_NAME = re.compile(r"\{([^{}]*)\}")


@dataclass(frozen=True)
class Line:
    """A line with the spans of the names in it."""

    text: str
    names: tuple[tuple[int, int], ...]

    @property
    def is_unseen(self) -> bool:
        """Whether the line is of the half that nobody looked at while the rules were written."""
        return zlib.crc32(self.text.encode()) % 2 == 0


@dataclass(frozen=True)
class Measure:
    """What was found in some lines. A name counts as found when no letter of it is left."""

    lines: int
    names: int
    found: int
    lines_without_names: int
    wrongly_replaced: int
    """Lines in which something else than a name was replaced."""
    replaced: int
    right: int
    """Of the replaced places, those that are names."""

    @property
    def recall(self) -> float:
        """The part of the names that is found."""
        return self.found / self.names

    @property
    def precision(self) -> float:
        """The part of the replaced places that are names."""
        return self.right / self.replaced


def read_lines(path: Path = LINES) -> list[Line]:
    """Read the lines; names stand in braces, remarks after a #."""
    return [_parse(line) for line in path.read_text("utf-8").splitlines() if line and not line.startswith("#")]


def measure(lines: Iterable[Line]) -> Measure:
    """Return what the de-identifier finds in each line alone, when no name is told."""
    lines = list(lines)
    names = found = wrong = replaced = right = 0
    for line in lines:
        places = list(replaced_places(line.text))
        covered = {place for start, end in places for place in range(start, end)}
        names += len(line.names)
        found += sum(covered >= _letters(line.text, span) for span in line.names)
        hits = [any(start < last and first < end for first, last in line.names) for start, end in places]
        replaced, right, wrong = replaced + len(hits), right + sum(hits), wrong + (not all(hits))
    without = sum(not line.names for line in lines)
    return Measure(len(lines), names, found, without, wrong, replaced, right)


def replaced_places(text: str) -> Iterator[tuple[int, int]]:
    """Yield the spans of a text that the de-identifier replaces."""
    shown = Deidentifier((), [text]).apply(text)
    for match in re.finditer(r"\[[A-Z]+_[0-9]+\]", shown.text):
        yield shown.restore(*match.span())


def _parse(line: str) -> Line:
    names, text, last = [], "", 0
    for match in _NAME.finditer(line):
        text += line[last : match.start()]
        names.append((len(text), len(text) + len(match[1])))
        text += match[1]
        last = match.end()
    return Line(text + line[last:], tuple(names))


def _letters(text: str, span: tuple[int, int]) -> set[int]:
    return {place for place in range(*span) if text[place].isalnum()}


def main() -> None:
    """Print the measures; with `--errors` also the lines of the seen half that went wrong."""
    lines = read_lines()
    halves = {"seen": [one for one in lines if not one.is_unseen], "unseen": [one for one in lines if one.is_unseen]}
    print("half     lines  names  found  recall  replaced  names  precision  lines wrongly changed")
    for half, part in {**halves, "both": lines}.items():
        got = measure(part)
        print(
            f"{half:8} {got.lines:5}  {got.names:5}  {got.found:5}  {got.recall:6.2f}  {got.replaced:8}  {got.right:5}"
            f"  {got.precision:9.2f}  {got.wrongly_replaced:6}"
        )
    if "--errors" in argv:
        for line in halves["seen"]:
            one = measure([line])
            if one.found < one.names or one.wrongly_replaced:
                print(f"{line.text!r} -> {Deidentifier((), [line.text]).apply(line.text).text!r}")


if __name__ == "__main__":
    main()
