"""Figures in words and cells, as all reports of studies write them."""

from collections.abc import Mapping, Sequence
from typing import Final

from plugin.plain_text import counted, join_words
from plugin.studies.effects import Effect
from plugin.studies.question import Correction

_SMALLEST_P: Final = 0.001
_CORRECTIONS: Final[Mapping[Correction, str]] = {
    "holm": "Holm\u2019s correction",
    "benjamini-hochberg": "Benjamini and Hochberg\u2019s correction (false discovery rate)",
}


def readable(name: str) -> str:
    """Return the name of a column as people read it."""
    return name.replace("_", " ")


def figure(value: float | None) -> str:
    """Return a figure with two decimals and a true minus sign."""
    return "" if value is None else f"{round(value, 2) + 0.0:.2f}".replace("-", "\u2212")


def interval(low: float | None, high: float | None) -> str:
    """Return an interval, which no line breaks."""
    return "" if low is None or high is None else f"{figure(low)}\u00a0to\u00a0{figure(high)}"


def p_value(p: float | None) -> str:
    """Return a p-value with three decimals."""
    if p is None:
        return ""
    return f"<\u00a0{_SMALLEST_P}" if p < _SMALLEST_P else f"{p:.3f}"


def correction_words(correction: Correction, tests: int) -> str:
    """Return which correction was made for how many tests."""
    return f"{_CORRECTIONS[correction]} for {counted(tests, 'test')}"


def effect_rows(effects: Sequence[Effect], alpha: float) -> tuple[tuple[str, ...], ...]:
    """Return a row for each effect."""
    return tuple(
        (
            readable(each.predictor),
            str(each.rows),
            figure(each.value),
            interval(each.low, each.high),
            p_value(each.p),
            p_value(each.p_adjusted),
            each.says(alpha),
        )
        for each in effects
    )


def effect_columns(first: str, rows: str, unit: str, alpha: float) -> tuple[str, ...]:
    """Return the columns of a table of effects."""
    return (first, rows, unit, f"{100 * (1 - alpha):g} % interval", "p", "p, corrected", "what it says")


def missing_words(missing: Mapping[str, int], one: str) -> str:
    """Return what is missing where, in a sentence."""
    if not missing:
        return f"No {one} lacks a value."
    lacks = [f"{readable(name)} in {counted(count, one)}" for name, count in missing.items()]
    return f"Missing: {join_words(lacks)}."


def left_out_words(left_out: Mapping[str, int], one: str) -> str:
    """Return what was left out by which rule, in a sentence."""
    if not left_out:
        return f"No {one} was left out."
    return "Left out by rule: " + join_words([f"{counted(n, one)} ({why})" for why, n in left_out.items()]) + "."


def answer_lines(effects: Sequence[Effect], alpha: float, unit: str, of: str = "") -> list[str]:
    """Return a sentence for each effect that was told apart from none, and one that counts the others, `of` what."""
    total = counted(len(effects), "effect") + (f" on {readable(of)}" if of else "")
    lines = [
        f"Where there is more {readable(each.predictor)}, {readable(each.outcome)} is {each.says(alpha)}:"
        f" {figure(each.value)} {unit} ({interval(each.low, each.high)})."
        for each in effects
        if each.is_told_apart(alpha)
    ]
    estimated = [each for each in effects if each.too_little is None]
    if silent := len(estimated) - len(lines):
        lines.append(f"{silent} of {total} could not be told apart from none.")
    if thin := len(effects) - len(estimated):
        lines.append(f"{thin} of {total} could not be estimated: too little is known.")
    return lines
