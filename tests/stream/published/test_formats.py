"""The list of published corpora says of each what somebody must know before using it."""

from pathlib import Path

from stream.published.formats import FORMATS, NOT_STATED, find_format


def test_each_corpus_says_everything() -> None:
    """Each corpus has a source, a layout, a licence, what it may be used for and what not, and a command."""
    assert len({each.name for each in FORMATS}) == len(FORMATS) == 7
    for each in FORMATS:
        assert all((each.title, each.source, each.layout, each.licence, each.may, each.may_not, each.note))
        assert each.commands


def test_a_licence_that_nobody_states_is_called_so() -> None:
    """A corpus whose source states no licence says so and names none."""
    found = find_format("annomi-full")
    assert found is not None
    assert found.licence.startswith(NOT_STATED)


def test_what_is_for_research_alone_is_not_for_weights() -> None:
    """A licence without commercial use rules out weights that are passed on, and commercial services."""
    for each in FORMATS:
        if "NC" in each.licence:
            assert "nothing commercial" in each.may_not
            assert "no weights" in each.may_not


def test_an_unknown_name_is_none() -> None:
    """A name that no corpus has is none."""
    assert find_format("hope") is None


def test_the_page_has_every_corpus_with_the_same_licence() -> None:
    """The page of published corpora names each corpus, and gives its licence in the same words."""
    page = (Path(__file__).parents[3] / "docs" / "systems" / "importers.md").read_text()
    for each in FORMATS:
        (row,) = [line for line in page.splitlines() if line.startswith(f"| `{each.name}` |")]
        assert f"| {each.licence} |" in row
