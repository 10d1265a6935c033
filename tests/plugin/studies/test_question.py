"""Question files: they are read whole or refused, and known by their hash."""

import hashlib
from pathlib import Path

import pytest

from plugin.studies.question import TechniquesQuestion, read_question
from stream.contracts.errors import Misconfigured

TECHNIQUES = """
study = "techniques"
title = "t"
question = "q"
written_on = 2026-11-30
seed = 1
[[outcomes]]
column = "care"
[[predictors]]
name = "reflection"
share_of = ["simple_reflection"]
"""


def asked(folder: Path, text: str) -> Path:
    """Return the path of a question file with this text."""
    path = folder / "question.toml"
    path.write_text(text)
    return path


def test_a_question_is_known_by_the_hash_of_its_file(tmp_path: Path) -> None:
    """The hash is that of the file's bytes, so that any change shows, a comment too."""
    path = asked(tmp_path, TECHNIQUES)
    read = read_question(path)
    assert isinstance(read.question, TechniquesQuestion)
    assert read.sha256 == hashlib.sha256(TECHNIQUES.encode()).hexdigest()
    assert read_question(asked(tmp_path, TECHNIQUES + "# later\n")).sha256 != read.sha256


def test_what_is_not_said_is_the_strict_way(tmp_path: Path) -> None:
    """Without other words tests are two-sided at 5 % with Holm's correction, and counsellors are counted."""
    question = read_question(asked(tmp_path, TECHNIQUES)).question
    assert (question.alpha, question.correction, question.no_counsellors_because) == (0.05, "holm", None)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (("seed = 1", "seed = 1\nsead = 2"), "sead: Extra inputs"),
        (('study = "techniques"', 'study = "therapists"'), "tag 'therapists'"),
        (('column = "care"', 'column = "care"\nbinary = true'), "binary: Extra inputs"),
        (('column = "care"', 'column = "Care; drop"'), "outcomes.0.column: String should match"),
        (("seed = 1", "seed = 1\nalpha = 0.9"), "alpha: Input should be less"),
        (("seed = 1", ""), "seed: Field required"),
        (("title", "= title"), "is no TOML"),
        (("written_on = 2026-11-30", 'written_on = "soon"'), "written_on"),
    ],
)
def test_what_nobody_would_follow_is_refused(tmp_path: Path, change: tuple[str, str], said: str) -> None:
    """A misspelt rule, a study that there is not or a missing seed is refused, and the place is named."""
    with pytest.raises(Misconfigured, match=said):
        read_question(asked(tmp_path, TECHNIQUES.replace(*change)))


def test_an_exclusion_has_a_bound_and_a_reason(tmp_path: Path) -> None:
    """An exclusion without a bound, or without a reason, is refused."""
    for rule in ('column = "x"\nbecause = "y"', 'column = "x"\nbelow = 1'):
        with pytest.raises(Misconfigured, match=r"exclude\.0"):
            read_question(asked(tmp_path, f"{TECHNIQUES}\n[[exclude]]\n{rule}\n"))


def test_a_file_that_is_not_there_is_a_sentence(tmp_path: Path) -> None:
    """A missing file is an error in one sentence."""
    with pytest.raises(Misconfigured, match="cannot be read"):
        read_question(tmp_path / "none.toml")


QUESTIONS = sorted((Path(__file__).parents[3] / "training" / "studies" / "questions").glob("*.toml"))


@pytest.mark.parametrize("path", QUESTIONS, ids=lambda path: path.stem)
def test_every_committed_question_can_be_asked(path: Path) -> None:
    """Each committed question file is one of this version, and says what readers must know of the data."""
    question = read_question(path).question
    assert question.written_on
    assert question.known or question.study == "trial"
