"""`counterpoint model activate`: from a passing report to the file without which no model rates anybody."""

from datetime import datetime
from pathlib import Path

from plugin.models.report import read_report
from stream.feedback.activation import Activation
from stream.runtime.errors import Misconfigured


def activate(report_path: Path, out: Path, now: datetime) -> Activation:
    """Write the activation of the model that a report is about.

    Raises:
        Misconfigured: the report cannot be read or did not pass, or the file cannot be written.
    """
    report, digest = read_report(report_path)
    failed = [line.check for line in report.checks if not line.passed]
    if failed or not report.passed:
        raise Misconfigured(
            f"{report_path} did not pass ({', '.join(failed)}): a model that fails its check rates nobody."
        )
    model = report.model
    activation = Activation(
        name=model.name,
        adapter=model.adapter,
        weights=model.weights,
        prompt=model.prompt,
        rubric=model.rubric,
        schema_version=model.schema_version,
        report_sha256=digest,
        activated_at=now,
    )
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        out.write_text(activation.model_dump_json(indent=2) + "\n")
    except OSError as error:
        raise Misconfigured(f"{out} cannot be written: {error.strerror}.") from None
    return activation
