"""The report of a model check: what was asked of which model, what it passed, and what did not apply."""

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from jinja2 import Environment, PackageLoader, StrictUndefined
from pydantic import BaseModel, ConfigDict
from rich.table import Table

from plugin.models.check.results import CheckResult
from plugin.models.report_file import read_report_file
from plugin.plain_text import SCOPE
from stream.contracts.errors import Misconfigured
from stream.contracts.feedback import ModelVersion

JSON_NAME = "model-check.json"
HTML_NAME = "model-check.html"


class CheckReport(BaseModel):
    """The results of all checks, and the model they are about."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    model: ModelVersion
    stimuli: str
    finished_at: datetime
    passed: bool
    checks: tuple[CheckResult, ...]

    def write(self, folder: Path) -> None:
        """Write JSON for activation and HTML for people.

        Raises:
            Misconfigured: the folder cannot be written to.
        """
        try:
            folder.mkdir(parents=True, exist_ok=True)
            (folder / JSON_NAME).write_text(self.model_dump_json(indent=2) + "\n", encoding="utf-8")
            (folder / HTML_NAME).write_text(self.html(), encoding="utf-8")
        except OSError as error:
            raise Misconfigured(f"The report cannot be written to {folder}: {error.strerror}.") from None

    def html(self) -> str:
        """Return the report as one page without scripts and external resources."""
        pages = Environment(loader=PackageLoader("plugin.models.check"), autoescape=True, undefined=StrictUndefined)
        return pages.get_template("report.html").render(report=self, scope=SCOPE)

    def table(self) -> Table:
        """Return the results as a table for a terminal."""
        table = Table("check", "what it asks", "", "figures", title=f"Model check: {self.model.name}")
        for result in self.checks:
            figures = [f"{name}: {value}" for name, value in result.figures.items()]
            told = (
                [result.not_applicable]
                if result.not_applicable
                else [*figures, *(f"✗ {name}" for name in result.failures)]
            )
            table.add_row(result.check, result.meaning, _verdict(result), "\n".join(told), end_section=True)
        return table


def make_report(
    version: ModelVersion, results: Sequence[CheckResult], stimuli: str, finished_at: datetime
) -> CheckReport:
    """Return the report on the results of one run."""
    passed = all(result.passed for result in results)
    return CheckReport(model=version, stimuli=stimuli, finished_at=finished_at, passed=passed, checks=tuple(results))


def read_check_report(path: Path) -> tuple[CheckReport, str]:
    """Return a report with the SHA-256 of its file.

    Raises:
        Misconfigured: it cannot be read, or is no report of this version.
    """
    return read_report_file(path, CheckReport, "`counterpoint model check` of this version")


def _verdict(result: CheckResult) -> str:
    if result.not_applicable:
        return "n/a"
    return "[green]passed[/]" if result.passed else "[red]FAILED[/]"
