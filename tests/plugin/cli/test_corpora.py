"""`counterpoint corpora`: what is known, under which licence, and what a file holds."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from plugin.cli import app
from stream.contracts.errors import Misconfigured
from stream.published.formats import FORMATS
from tests.stream.published.samples import write

WIDE = {"COLUMNS": "300", "NO_COLOR": "1"}


def test_the_list_has_every_corpus_with_its_licence() -> None:
    """The list names each corpus with the licence as its source states it."""
    result = CliRunner().invoke(app, ["corpora", "list"], env=WIDE)
    assert result.exit_code == 0, result.output
    for each in FORMATS:
        assert each.name in result.output
        assert each.licence in result.output


@pytest.mark.parametrize("name", [each.name for each in FORMATS])
def test_a_corpus_says_what_it_is_for_and_what_not(name: str) -> None:
    """One corpus is described with its uses, what rules others out, and the commands that read it."""
    result = CliRunner().invoke(app, ["corpora", "show", name])
    assert result.exit_code == 0, result.output
    for label in ("licence: ", "may be used for: ", "not: ", "read by: ", "no legal advice"):
        assert label in result.output


def test_files_are_counted(tmp_path: Path) -> None:
    """A check says what a file holds, and sends nothing."""
    result = CliRunner().invoke(app, ["corpora", "check", "oncoco", str(write(tmp_path, "oncoco"))])
    assert result.exit_code == 0, result.output
    assert result.output.startswith("4 messages: 3 in en, 1 in de;")


def test_an_unknown_corpus_names_the_known_ones() -> None:
    """A name that is not known is answered with those that are."""
    result = CliRunner().invoke(app, ["corpora", "show", "hope"])
    assert isinstance(result.exception, Misconfigured)
    assert "annomi, annomi-full, mibot" in str(result.exception)
