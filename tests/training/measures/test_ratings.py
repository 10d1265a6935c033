"""Tests of the ratings of the six dimensions."""

from pathlib import Path

import pytest

from stream.measures.anchors import Dimension
from training.errors import DataError
from training.measures.ratings import CHECK, FIRST, OF_CLIENTS, SECOND, icc, load_ratings, mean_ratings


def test_the_files_hold_what_their_card_says() -> None:
    """Two hundred exchanges are rated twice for all dimensions, and other client turns once for those of clients."""
    first, second, check = (load_ratings(name) for name in (FIRST, SECOND, CHECK))
    assert first.keys() == second.keys()
    assert len(first) == len(check) == 200
    assert not first.keys() & check.keys()
    assert {tuple(each) for each in first.values()} == {tuple(Dimension)}
    assert {tuple(each) for each in check.values()} == {OF_CLIENTS}


def test_the_mean_is_of_both_passes() -> None:
    """The mean rating lies between the two, for every exchange and dimension."""
    first, second = load_ratings(FIRST), load_ratings(SECOND)
    for turn, means in mean_ratings().items():
        for dimension, mean in means.items():
            assert mean == (first[turn][dimension] + second[turn][dimension]) / 2


@pytest.mark.parametrize("line", ["A1\tC2\t1\t1\t1\t1\t1", "A1\tC2\t1\t1\t1\t1\t1\t6", "A1\tx\t1\t1\t1\t1\t1\t1", ""])
def test_another_shape_is_named(tmp_path: Path, line: str) -> None:
    """A line of another shape is named by file and number."""
    (tmp_path / FIRST).write_text("A1\tC1\t1\t1\t1\t1\t1\t1\n" + line + "\n", encoding="utf-8")
    with pytest.raises(DataError, match="line 2"):
        load_ratings(FIRST, tmp_path)


def test_icc_is_that_of_the_textbook() -> None:
    """The ICC(2,1) of the six targets and four judges of Shrout and Fleiss (1979) is theirs, .29."""
    judges = ([9, 6, 8, 7, 10, 6], [2, 1, 4, 1, 5, 2], [5, 3, 6, 2, 6, 4], [8, 2, 8, 6, 9, 7])
    assert icc(*judges) == pytest.approx(0.29, abs=0.005)


def test_icc_asks_for_absolute_agreement() -> None:
    """Equal ratings agree fully; ratings that are all one higher agree less; and no variance says nothing."""
    assert icc([1, 2, 3, 4], [1, 2, 3, 4]) == pytest.approx(1)
    assert 0 < icc([1, 2, 3, 4], [2, 3, 4, 5]) < 1
    assert str(icc([1, 1], [1, 1])) == "nan"
