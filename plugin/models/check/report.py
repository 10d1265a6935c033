"""The report of a model check: what was asked of which model, what it passed, and what did not apply."""

import hashlib
from datetime import datetime
from pathlib import Path

from jinja2 import Environment, PackageLoader, StrictUndefined
from pydantic import BaseModel, ConfigDict, ValidationError
from rich.table import Table

from plugin.models.check.cases import Result
from plugin.plain_text import SCOPE
from stream.contracts.errors import Misconfigured
from stream.contracts.feedback import ModelVersion

JSON_NAME = "model-check.json"
HTML_NAME = "model-check.html"


class Line(BaseModel):
    """One check."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    check: str
    meaning: str
    passed: bool
    figures: dict[str, str]
    failures: tuple[str, ...] = ()
    not_applicable: str = ""


class Report(BaseModel):
    """All of them, and the model they are about."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    model: ModelVersion
    stimuli: str
    finished_at: datetime
    passed: bool
    checks: tuple[Line, ...]

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
        """One page without scripts and without anything from elsewhere."""
        pages = Environment(loader=PackageLoader("plugin.models.check"), autoescape=True, undefined=StrictUndefined)
        return pages.get_template("report.html").render(report=self, scope=SCOPE)

    def table(self) -> Table:
        """The same for a terminal."""
        table = Table("check", "what it asks", "", "figures", title=f"Model check: {self.model.name}")
        for line in self.checks:
            figures = [f"{name}: {value}" for name, value in line.figures.items()]
            told = (
                [line.not_applicable] if line.not_applicable else [*figures, *(f"✗ {name}" for name in line.failures)]
            )
            table.add_row(line.check, line.meaning, _word(line), "\n".join(told), end_section=True)
        return table


def report_of(version: ModelVersion, results: list[Result], stimuli: str, finished_at: datetime) -> Report:
    """The report on the results of one run."""
    lines = tuple(Line.model_validate(vars(result)) for result in results)
    passed = all(line.passed for line in lines)
    return Report(model=version, stimuli=stimuli, finished_at=finished_at, passed=passed, checks=lines)


def read_report(path: Path) -> tuple[Report, str]:
    """A report with the SHA-256 of its file.

    Raises:
        Misconfigured: it cannot be read, or is no report of this version.
    """
    try:
        raw = path.read_bytes()
        return Report.model_validate_json(raw), hashlib.sha256(raw).hexdigest()
    except OSError as error:
        raise Misconfigured(f"{path} cannot be read: {error.strerror}.") from None
    except ValidationError:
        raise Misconfigured(f"{path} is no report of `counterpoint model check` of this version.") from None


def _word(line: Line) -> str:
    if line.not_applicable:
        return "n/a"
    return "[green]passed[/]" if line.passed else "[red]FAILED[/]"
