"""A study's report: one page for people, the figures as JSON for programs, and the paragraph on methods as text."""

from datetime import datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup
from pydantic import BaseModel, ConfigDict, Field

from plugin.plain_text import SCOPE
from plugin.studies.question import AnyQuestion
from stream.contracts.errors import Misconfigured

HTML_NAME: Final = "report.html"
JSON_NAME: Final = "report.json"
METHODS_NAME: Final = "methods.txt"
_LIBRARIES: Final = ("statsmodels", "scikit-learn", "scipy", "numpy", "pandas")


class ReportTable(BaseModel):
    """A table of the report, every cell written out; a chart of it may stand beside it."""

    model_config = ConfigDict(frozen=True, extra="forbid", arbitrary_types_allowed=True)

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    note: str = ""
    chart: Markup | None = Field(default=None, exclude=True)


class Source(BaseModel):
    """A table that was read, with the SHA-256 of its file."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    rows: int
    sha256: str


class Report(BaseModel):
    """What a study found, how, and what must be said aloud of it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    question: AnyQuestion
    question_sha256: str
    made_at: datetime
    sources: tuple[Source, ...]
    aloud: tuple[str, ...]
    """How small it is, and what it cannot say; it stands before everything else."""
    answer: tuple[str, ...]
    tables: tuple[ReportTable, ...]
    methods: str
    figures: dict[str, Any]
    """Every figure, unrounded, for programs."""
    libraries: dict[str, str] = Field(default_factory=lambda: {name: version(name) for name in _LIBRARIES})

    def write(self, folder: Path) -> None:
        """Write the three files of the report.

        Raises:
            Misconfigured: the folder cannot be written to.
        """
        try:
            folder.mkdir(parents=True, exist_ok=True)
            (folder / JSON_NAME).write_text(self.model_dump_json(indent=2) + "\n", encoding="utf-8")
            (folder / HTML_NAME).write_text(self.html(), encoding="utf-8")
            (folder / METHODS_NAME).write_text(self.methods + "\n", encoding="utf-8")
        except OSError as error:
            raise Misconfigured(f"The report cannot be written to {folder}: {error.strerror}.") from None

    def html(self) -> str:
        """Return the report as one page without scripts and external resources."""
        pages = Environment(loader=PackageLoader("plugin.studies"), autoescape=True, undefined=StrictUndefined)
        return pages.get_template("report.html").render(report=self, scope=SCOPE)
