"""`counterpoint model compare`: kappas with their intervals, and sentences that say what they rest on."""

import pytest
from rich.console import Console

from plugin.models.compare import kappa, sentences, table
from plugin.queue.comparison import ComparedModel, LevelComparison, LevelPairs, ModelComparison
from plugin.weighted_kappa import kappa_of_tables, table_of_counts, weighted_kappa
from stream.contracts.vocabulary import Mechanism

MANY: LevelPairs = ((0, 0, 40), (0, 1, 8), (1, 0, 6), (1, 1, 70), (1, 2, 9), (2, 1, 7), (2, 2, 60))
NONE: LevelPairs = ()


def comparison(**changes: object) -> ModelComparison:
    """Return a comparison of 200 exchanges in which one mechanism has levels."""
    values: dict[str, object] = {
        "active": ComparedModel("CPU baseline", "1", "none", "0.3"),
        "shadow": ComparedModel("Llama", "7", "4", "0.3"),
        "exchanges": 214,
        "both_rated": 200,
        "same_verdict": 180,
        "active_abstained": 5,
        "shadow_abstained": 12,
        "levels": tuple(
            LevelComparison(mechanism, *((MANY, MANY, NONE) if number == 0 else (NONE, NONE, NONE)))
            for number, mechanism in enumerate(Mechanism)
        ),
    }
    return ModelComparison(**{**values, **changes})  # type: ignore[arg-type]


def printed(found: ModelComparison) -> str:
    """Return what the table looks like in a wide terminal."""
    console = Console(width=200)
    with console.capture() as captured:
        console.print(table(found))
    return captured.get()


def test_the_kappa_of_counts_is_that_of_the_levels() -> None:
    """A kappa from counted pairs is the one from the levels one by one."""
    first = [one for one, _, times in MANY for _ in range(times)]
    second = [other for _, other, times in MANY for _ in range(times)]
    assert kappa_of_tables(table_of_counts(MANY)) == pytest.approx(weighted_kappa(first, second))
    split = [(0, 0, 15), (0, 0, 25), *MANY[1:]]
    assert kappa_of_tables(table_of_counts(split)) == kappa_of_tables(table_of_counts(MANY))


def test_a_kappa_has_an_interval_that_narrows_with_more_pairs() -> None:
    """The interval holds the value, is the same each time, and is narrower for ten times as many pairs."""
    few, many = kappa(MANY), kappa(tuple((one, other, 10 * times) for one, other, times in MANY))
    assert few == kappa(MANY)
    assert few.value == many.value == pytest.approx(kappa_of_tables(table_of_counts(MANY)), abs=1e-4)
    for each in (few, many):
        assert each.low is not None
        assert each.high is not None
        assert each.value is not None
        assert each.low < each.value < each.high
    assert (many.high or 0) - (many.low or 0) < ((few.high or 0) - (few.low or 0)) / 2


@pytest.mark.parametrize("pairs", [(), ((1, 1, 60),)])
def test_no_kappa_of_nothing_or_of_one_level(pairs: LevelPairs) -> None:
    """Without pairs, and where both gave one level throughout, kappa is not defined and the table says so."""
    assert str(kappa(pairs)) == "not defined"


def test_full_agreement_is_one() -> None:
    """Two models that give the same levels agree fully."""
    assert kappa(((0, 0, 30), (2, 2, 30))).value == 1


def test_the_table_has_a_row_for_each_mechanism() -> None:
    """Each mechanism has its levels, the models' kappa, and each one's with people where there are labels."""
    lines = printed(comparison()).splitlines()
    (autonomy,) = [line for line in lines if "Respect for Autonomy" in line]
    assert [cell.strip() for cell in autonomy.strip("│ ").split("│")] == [
        "Respect for Autonomy",
        "200",
        str(kappa(MANY)),
        "200",
        str(kappa(MANY)),
        "not defined",
    ]
    (stance,) = [line for line in lines if "Stance Alignment" in line]
    assert stance.count("not defined") == 3


def test_the_sentences_name_versions_and_bases() -> None:
    """Both versions, the verdicts, the abstentions, whom the labels lean to, and how to promote are said."""
    said = " ".join(sentences(comparison()))
    for told in (
        "Active: CPU baseline (weights 1, prompt none, rubric 0.3).",
        "In shadow: Llama (weights 7, prompt 4, rubric 0.3).",
        "214 exchanges. Verdict: the same in 180 of 200 (90%) that both rated.",
        "the active one from 5, the one in shadow from 12",
        "lean towards it",
        "counterpoint model activate",
    ):
        assert told in said
    nothing = " ".join(sentences(comparison(both_rated=0, same_verdict=0)))
    assert "the same in 0 of 0 that both rated" in nothing
