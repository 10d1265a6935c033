"""Who is behind a study: five counsellors or a reason, and people with several sessions where they are enough."""

import pandas as pd
import pytest

from plugin.studies.grouping import check_counsellors, find_groupings
from stream.contracts.errors import Misconfigured
from tests.plugin.studies.simulated import table, techniques_question


def of_counsellors(count: int) -> pd.DataFrame:
    """Return sessions of so many counsellors, two of each."""
    return pd.DataFrame({"session": range(2 * count), "counsellor": [f"c{n // 2}" for n in range(2 * count)]})


def test_a_study_of_four_counsellors_is_refused() -> None:
    """A study needs five counsellors: with fewer its figures are about somebody."""
    asked = techniques_question(no_counsellors_because=None)
    with pytest.raises(Misconfigured, match=r"4 counsellors\. A study sums up 5 or more"):
        check_counsellors(table(of_counsellors(4)), asked)
    assert check_counsellors(table(of_counsellors(5)), asked) == "5 counsellors."


def test_counsellors_that_cannot_be_counted_need_a_reason() -> None:
    """A table without counsellors is refused, unless the question says why; the report then says so."""
    without = table(of_counsellors(5).drop(columns="counsellor"))
    with pytest.raises(Misconfigured, match="no column counsellor"):
        check_counsellors(without, techniques_question(no_counsellors_because=None))
    said = check_counsellors(without, techniques_question(no_counsellors_because="one program wrote every reply"))
    assert said == "Counsellors are not counted: one program wrote every reply."


def test_people_are_modelled_where_enough_of_them_come_twice() -> None:
    """Five people with several sessions are modelled, four are not, and one missing name spoils it."""
    assert [each.problem for each in find_groupings(of_counsellors(5))] == [None]
    assert "4 of 4 counsellors have more than one" in str(find_groupings(of_counsellors(4))[0].problem)
    gap = of_counsellors(5)
    gap.loc[3, "counsellor"] = None
    assert find_groupings(gap)[0].problem == "not every session has a counsellor"
    assert find_groupings(gap.drop(columns="counsellor")) == []
