"""The report compares the rating sheets with the model and decides whether the word "validated" is supported."""

import csv
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from plugin.cli import app
from plugin.models.activate import activate_model
from plugin.models.agreement.rating_files import MECHANISMS, SHEET_COLUMNS, Ratings, SampleKey, SampleKeyItem
from plugin.models.agreement.report import AgreementReport, compare_ratings, draw_kappa_plot, read_agreement_report
from plugin.models.check.report import JSON_NAME, make_report
from plugin.models.check.results import CheckResult
from stream.contracts.errors import Misconfigured
from stream.feedback.models.activation import read_activation
from tests.stream.feedback.builders import BASELINE, LLM, WHEN

SIZE = 80


def data(agree: float = 0.85, *, size: int = SIZE, raters: int = 2) -> tuple[SampleKey, list[Ratings]]:
    """A key and sheets in which everybody gives the same hidden level with a chance of `agree`."""
    draw = np.random.default_rng(3)
    truth = draw.integers(0, 3, (size, 4))

    def rated() -> list[tuple[int | None, ...]]:
        given = np.where(draw.random(truth.shape) < agree, truth, draw.integers(0, 3, truth.shape))
        return [tuple(int(level) for level in row) for row in given]

    lengths = draw.integers(3, 60, size)
    model = rated()
    items = tuple(SampleKeyItem(item=str(i + 1), levels=model[i], reply_words=int(lengths[i])) for i in range(size))
    sheets: list[Ratings] = [dict(zip((item.item for item in items), rated(), strict=True)) for _ in range(raters)]
    return SampleKey(model=LLM, items=items), sheets


@pytest.fixture(scope="module")
def good() -> AgreementReport:
    """Return a report in which raters and model mostly agree."""
    return compare_ratings(*data())


def test_people_with_people_stand_beside_people_with_the_model_and_length(good: AgreementReport) -> None:
    """The report has, for each mechanism, people with people, people with the model, and length, with intervals."""
    assert [each.mechanism for each in good.mechanisms] == list(MECHANISMS)
    for each in good.mechanisms:
        assert each.items == SIZE
        for figure in (each.kappa_humans, each.kappa_model, each.f1_humans, each.f1_model):
            assert figure.value is not None
            assert figure.low is not None
            assert figure.high is not None
            assert figure.low <= figure.value <= figure.high
        assert each.kappa_length.value is not None
        assert each.kappa_model.value is not None
        assert each.kappa_model.value > each.kappa_length.value


def test_good_agreement_on_enough_items_supports_the_word_validated(good: AgreementReport) -> None:
    """Good agreement on enough items supports the word "validated" in every mechanism."""
    assert good.shortcomings == {}


@pytest.mark.parametrize(
    ("key_and_sheets", "why"),
    [
        (data(size=49), "49 items were rated by everybody; 50 are needed"),
        (data(agree=0.0), "holds zero"),
    ],
    ids=["too few", "chance"],
)
def test_what_falls_short_says_why(key_and_sheets: tuple[SampleKey, list[Ratings]], why: str) -> None:
    """A report that does not support "validated" gives the reason for each mechanism."""
    found = compare_ratings(*key_and_sheets)
    assert why in " ".join(found.shortcomings.values())


def test_a_model_that_only_knows_length_falls_short() -> None:
    """A model that agrees with people no better than the length of a reply does is not supported as validated."""
    key, _ = data()
    levels = [0 if item.reply_words < 20 else 1 if item.reply_words < 40 else 2 for item in key.items]
    items = tuple(
        item.model_copy(update={"levels": (level,) * 4}) for item, level in zip(key.items, levels, strict=True)
    )
    sheet: Ratings = {item.item: (level,) * 4 for item, level in zip(items, levels, strict=True)}
    draw = np.random.default_rng(5)
    noisy = {name: tuple(given if draw.random() < 0.8 else 1 for given in row) for name, row in sheet.items()}
    found = compare_ratings(SampleKey(model=LLM, items=tuple(_worse(item, draw) for item in items)), [sheet, noisy])
    assert set(found.shortcomings.values()) == {"the model agrees no better than the reply's length does"}


def _worse(item: SampleKeyItem, draw: np.random.Generator) -> SampleKeyItem:
    return item.model_copy(update={"levels": tuple(given if draw.random() < 0.7 else 1 for given in item.levels)})


def test_a_model_far_from_people_who_agree_falls_short() -> None:
    """Better than length and than chance, and still another opinion."""
    key, _ = data(agree=0.4)
    _, sheets = data(agree=0.98)
    found = compare_ratings(key, sheets)
    assert any("less than people do with each other" in why for why in found.shortcomings.values())


def test_one_level_throughout_has_no_kappa() -> None:
    """A mechanism with the same level on all items has no kappa and does not support "validated"."""
    key, _ = data()
    flat: Ratings = {item.item: (1, 1, 1, 1) for item in key.items}
    found = compare_ratings(key, [flat, flat])
    assert "kappa is not defined" in " ".join(found.shortcomings.values())
    assert str(found.mechanisms[0].kappa_humans) == "not defined"


def test_what_a_rater_left_empty_is_left_out() -> None:
    """The report counts only items that every rater rated, and reports missing levels of the model."""
    key, sheets = data()
    sheets[0] = sheets[0] | {"1": (None, 0, 0, 0)}
    key = key.model_copy(
        update={"items": (*key.items[:-1], key.items[-1].model_copy(update={"levels": (None, None, None, None)}))}
    )
    first, second, *_ = compare_ratings(key, sheets).mechanisms
    assert (first.items, second.items) == (SIZE - 1, SIZE)
    assert first.without_level == 1


def test_one_rater_is_no_agreement() -> None:
    """A single rater gives no agreement, because agreement needs a second one."""
    key, sheets = data()
    with pytest.raises(Misconfigured, match="two raters"):
        compare_ratings(key, sheets[:1])


def test_the_report_is_read_as_it_was_written(good: AgreementReport, tmp_path: Path) -> None:
    """A written report is read back unchanged, with the hash of its file, which an activation keeps."""
    path = good.write(tmp_path / "new")
    found, digest = read_agreement_report(path)
    assert found == good
    assert len(digest) == 64


@pytest.mark.parametrize("content", [None, "{}"])
def test_an_invalid_report_file_is_reported(tmp_path: Path, content: str | None) -> None:
    """A file that is no report, such as a sheet, is reported."""
    if content is not None:
        (tmp_path / "a.json").write_text(content)
    with pytest.raises(Misconfigured, match=r"a\.json"):
        read_agreement_report(tmp_path / "a.json")


def test_the_picture_is_drawn(good: AgreementReport, tmp_path: Path) -> None:
    """A row a mechanism, as SVG."""
    draw_kappa_plot(good, tmp_path / "agreement.svg")
    assert "<svg" in (tmp_path / "agreement.svg").read_text()


@pytest.fixture
def report(tmp_path: Path) -> Path:
    """A passing model check of the same model."""
    make_report(LLM, [CheckResult(check="safety", meaning="silent", passed=True, figures={})], "1", WHEN).write(
        tmp_path
    )
    return tmp_path / JSON_NAME


def test_good_agreement_makes_an_activated_model_validated(good: AgreementReport, report: Path, tmp_path: Path) -> None:
    """The word and the hash of what it rests on."""
    path = good.write(tmp_path)
    made = activate_model(report, tmp_path / "activation.json", WHEN, agreement_path=path)
    assert made.validated
    assert made.agreement_sha256 == read_agreement_report(path)[1]
    assert read_activation(tmp_path / "activation.json").validated


def test_weak_agreement_or_another_models_makes_nothing_validated(
    good: AgreementReport, report: Path, tmp_path: Path
) -> None:
    """The command refuses, and says what to do instead."""
    weak = compare_ratings(*data(size=20)).write(tmp_path / "weak")
    with pytest.raises(Misconfigured, match="Activate without it"):
        activate_model(report, tmp_path / "activation.json", WHEN, agreement_path=weak)
    other = good.model_copy(update={"model": BASELINE}).write(tmp_path / "other")
    with pytest.raises(Misconfigured, match="another model"):
        activate_model(report, tmp_path / "activation.json", WHEN, agreement_path=other)
    assert not (tmp_path / "activation.json").exists()


def test_the_command_prints_the_table_and_the_verdict(tmp_path: Path) -> None:
    """The command prints the table and the verdict from a key and two sheets on disk."""
    key, sheets = data(size=20)
    (tmp_path / "key.json").write_text(key.model_dump_json())
    paths = []
    for number, sheet in enumerate(sheets):
        path = tmp_path / f"rater-{number}.csv"
        with path.open("w", newline="") as file:
            rows = csv.writer(file)
            rows.writerow(SHEET_COLUMNS)
            rows.writerows([item, "", "", "", *levels, ""] for item, levels in sheet.items())
        paths.append(str(path))
    arguments = ["model", "agreement", str(tmp_path / "key.json"), *paths, "--report", str(tmp_path / "out")]
    result = CliRunner().invoke(app, arguments, env={"COLUMNS": "200", "NO_COLOR": "1"})
    assert result.exit_code == 0, result.output
    for words in ("people with people", "reply length alone", "20 items were rated", "stays unvalidated"):
        assert words in result.output
    assert {path.name for path in (tmp_path / "out").iterdir()} == {"agreement.json", "agreement.svg"}
