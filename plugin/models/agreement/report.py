"""`counterpoint model agreement`: clinicians' ratings beside the key, as a table, as JSON, and as one picture."""

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

import numpy as np
from pydantic import BaseModel, ConfigDict
from rich.table import Table

from plugin.models.agreement.rating_files import MECHANISMS, FinalLevels, Ratings, SampleKey
from plugin.models.report_file import read_report_file
from plugin.rater_agreement import (
    AgreementEstimate,
    Measure,
    estimate_over_pairs,
    levels_by_length,
    macro_f1_of_tables,
    pairs_with,
    rater_pairs,
)
from plugin.weighted_kappa import kappa_of_tables
from stream.contracts.errors import Misconfigured
from stream.contracts.feedback import ModelVersion
from stream.contracts.rubric import RUBRIC
from stream.contracts.vocabulary import Mechanism

MIN_ITEMS: Final = 50
"""Rated by every rater: with fewer the interval of a kappa is wider than the differences that matter."""
MIN_RATERS: Final = 2
MAX_KAPPA_BELOW_HUMANS: Final = 0.2
"""Of kappa. Further apart than that, the model is not one more rater but another opinion."""
JSON_NAME: Final = "agreement.json"
PLOT_NAME: Final = "agreement.svg"
_SEED: Final = 0


class ReportedEstimate(BaseModel):
    """A measure of agreement with its 95 % interval, as it is reported; None where it is not defined."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    value: float | None
    low: float | None
    high: float | None

    def __str__(self) -> str:
        """Return the estimate as a table shows it."""
        if self.value is None or self.low is None or self.high is None:
            return "not defined"
        return f"{self.value:.2f} [{self.low:.2f}, {self.high:.2f}]"


class MechanismAgreement(BaseModel):
    """The agreement for one mechanism: of people with each other, with the model, and with reply length alone."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    mechanism: Mechanism
    items: int
    """Rated by every rater."""
    without_level: int
    """Of them, those to which the model gave no level."""
    settled: int = 0
    """Of them, those on whose level the raters settled together, against which the model is held."""
    kappa_humans: ReportedEstimate
    kappa_model: ReportedEstimate
    kappa_length: ReportedEstimate
    f1_humans: ReportedEstimate
    f1_model: ReportedEstimate
    f1_length: ReportedEstimate

    @property
    def shortcoming(self) -> str | None:
        """Why this mechanism does not support the word validated; None where it does."""
        humans, model, length = (each.value for each in (self.kappa_humans, self.kappa_model, self.kappa_length))
        if self.items < MIN_ITEMS:
            return f"{self.items} items were rated by everybody; {MIN_ITEMS} are needed"
        if humans is None or model is None or self.kappa_model.low is None:
            return "kappa is not defined: somebody gave one level throughout"
        if self.kappa_model.low <= 0:
            return "the interval of the model's kappa holds zero"
        if length is not None and model <= length:
            return "the model agrees no better than the reply's length does"
        if model < humans - MAX_KAPPA_BELOW_HUMANS:
            return f"the model agrees by more than {MAX_KAPPA_BELOW_HUMANS} less than people do with each other"
        return None


class AgreementReport(BaseModel):
    """The agreement of clinicians with each other and with a model."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    model: ModelVersion
    raters: int
    mechanisms: tuple[MechanismAgreement, ...]

    @property
    def shortcomings(self) -> dict[str, str]:
        """The shortcomings by the mechanism's title; none means that the model may be called validated."""
        return {RUBRIC[each.mechanism].title: why for each in self.mechanisms if (why := each.shortcoming)}

    @property
    def settled(self) -> dict[str, int]:
        """The numbers of levels on which the raters settled together, by the mechanism's title; without zeros."""
        return {RUBRIC[each.mechanism].title: each.settled for each in self.mechanisms if each.settled}

    def write(self, folder: Path) -> Path:
        """Write the JSON and return its path.

        Raises:
            Misconfigured: the folder cannot be written to.
        """
        try:
            folder.mkdir(parents=True, exist_ok=True)
            path = folder / JSON_NAME
            path.write_text(self.model_dump_json(indent=2) + "\n")
        except OSError as error:
            raise Misconfigured(f"The report cannot be written to {folder}: {error.strerror}.") from None
        return path

    def table(self) -> Table:
        """Return the report as a table for a terminal."""
        title = f"Agreement of {self.raters} raters and {self.model.name}: kappa (quadratic), macro-F1, 95 % intervals"
        table = Table(
            "mechanism", "items", "", "people with people", "people with model", "reply length alone", title=title
        )
        for each in self.mechanisms:
            kappas = (each.kappa_humans, each.kappa_model, each.kappa_length)
            scores = (each.f1_humans, each.f1_model, each.f1_length)
            table.add_row(RUBRIC[each.mechanism].title, str(each.items), "kappa", *map(str, kappas))
            table.add_row("", "", "F1", *map(str, scores), end_section=True)
        return table


def compare_ratings(key: SampleKey, sheets: Sequence[Ratings], final: FinalLevels | None = None) -> AgreementReport:
    """Compare the raters' sheets with each other and with the key.

    Where the raters settled on a level together, model and length are held against it instead of against what each of
    them said alone. The raters' agreement with each other is always that of what each said alone.

    Raises:
        Misconfigured: fewer than two sheets.
    """
    if len(sheets) < MIN_RATERS:
        raise Misconfigured("Agreement needs the ratings of two raters or more.")
    mechanisms = tuple(
        _mechanism_agreement(key, sheets, final or {}, index, mechanism) for index, mechanism in enumerate(MECHANISMS)
    )
    return AgreementReport(model=key.model, raters=len(sheets), mechanisms=mechanisms)


def read_agreement_report(path: Path) -> tuple[AgreementReport, str]:
    """Return a report with the SHA-256 of its file.

    Raises:
        Misconfigured: it cannot be read, or is no such report.
    """
    return read_report_file(path, AgreementReport, "`counterpoint model agreement`")


def draw_kappa_plot(agreement: AgreementReport, path: Path) -> None:
    """Draw three kappas with their intervals for each mechanism, and write the picture to a file.

    Raises:
        Misconfigured: the drawing library is not installed, or the file cannot be written.
    """
    try:
        from matplotlib.figure import Figure  # noqa: PLC0415 - only this command draws
    except ImportError:
        raise Misconfigured(
            "A picture needs matplotlib: pip install 'counterpoint[plots]', or leave --no-plot."
        ) from None
    figure = Figure(figsize=(8, 0.9 + 0.9 * len(agreement.mechanisms)), layout="constrained")
    axes = figure.subplots()
    kinds = (("kappa_humans", "people with people", "o"), ("kappa_model", "people with model", "s"))
    for offset, (name, label, marker) in enumerate((*kinds, ("kappa_length", "reply length alone", "x"))):
        rows = [(row, getattr(each, name)) for row, each in enumerate(agreement.mechanisms)]
        known = [(row, found) for row, found in rows if found.value is not None]
        values = [found.value for _, found in known]
        reach = [[found.value - found.low for _, found in known], [found.high - found.value for _, found in known]]
        places = [row + (offset - 1) * 0.2 for row, _ in known]
        axes.errorbar(values, places, xerr=np.maximum(reach, 0), fmt=marker, capsize=3, label=label)
    axes.set_yticks(range(len(agreement.mechanisms)), [RUBRIC[each.mechanism].title for each in agreement.mechanisms])
    axes.invert_yaxis()
    axes.axvline(0, color="grey", linewidth=0.8)
    axes.set_xlabel("weighted kappa, 95 % interval")
    axes.set_title(f"{agreement.model.name}, {agreement.raters} raters")
    axes.legend(loc="lower right")
    try:
        figure.savefig(path)
    except OSError as error:
        raise Misconfigured(f"{path} cannot be written: {error.strerror}.") from None


def _mechanism_agreement(
    key: SampleKey, sheets: Sequence[Ratings], final: FinalLevels, index: int, mechanism: Mechanism
) -> MechanismAgreement:
    raters = [[sheet[item.item][index] if item.item in sheet else None for item in key.items] for sheet in sheets]
    settled = {i: final[item.item][index] for i, item in enumerate(key.items) if index in final.get(item.item, {})}
    references = [_with_final(rater, settled) for rater in raters]
    model = [item.levels[index] for item in key.items]
    length = levels_by_length([item.reply_words for item in key.items], references)
    complete = [i for i in range(len(key.items)) if all(rater[i] is not None for rater in (*raters, *references))]
    sources = {
        "humans": rater_pairs(raters),
        "model": pairs_with(references, model),
        "length": pairs_with(references, length),
    }
    measures: tuple[tuple[str, Measure], ...] = (("kappa", kappa_of_tables), ("f1", macro_f1_of_tables))
    estimates = {
        f"{name}_{source}": _reported_estimate(estimate_over_pairs(pairs, measure, np.random.default_rng(_SEED)))
        for name, measure in measures
        for source, pairs in sources.items()
    }
    without = sum(model[i] is None for i in complete)
    return MechanismAgreement(
        mechanism=mechanism,
        items=len(complete),
        without_level=without,
        settled=len(settled.keys() & set(complete)),
        **estimates,
    )


def _with_final(rater: Sequence[int | None], settled: Mapping[int, int | None]) -> list[int | None]:
    """Return a rater's levels with those on which the raters settled in their place."""
    return [settled.get(i, level) for i, level in enumerate(rater)]


def _reported_estimate(estimate: AgreementEstimate) -> ReportedEstimate:
    values = (estimate.value, estimate.low, estimate.high)
    value, low, high = (None if math.isnan(each) else round(each, 4) for each in values)
    return ReportedEstimate(value=value, low=low, high=high)
