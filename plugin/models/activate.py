"""`counterpoint model activate`: from a passing report to the file without which no model rates anybody."""

from datetime import datetime
from pathlib import Path

from plugin.models.agreement.report import read_agreement_report
from plugin.models.check.report import read_check_report
from stream.contracts.errors import Misconfigured
from stream.contracts.feedback import ModelVersion
from stream.feedback.models.activation import Activation


def activate_model(report_path: Path, out: Path, now: datetime, *, agreement_path: Path | None = None) -> Activation:
    """Write the activation of the model that a report is about; validated where an agreement supports the word.

    Raises:
        Misconfigured: the report cannot be read or did not pass, the agreement is of another model or too weak, or the
            file cannot be written.
    """
    report, digest = read_check_report(report_path)
    failed = [line.check for line in report.checks if not line.passed]
    if failed or not report.passed:
        raise Misconfigured(
            f"{report_path} did not pass ({', '.join(failed)}): a model that fails its check rates nobody."
        )
    model = report.model
    agreement_sha256 = None if agreement_path is None else _agreement_digest(agreement_path, model)
    activation = Activation(
        name=model.name,
        adapter=model.adapter,
        weights=model.weights,
        prompt=model.prompt,
        rubric=model.rubric,
        schema_version=model.schema_version,
        report_sha256=digest,
        activated_at=now,
        validated=agreement_sha256 is not None,
        agreement_sha256=agreement_sha256,
    )
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        out.write_text(activation.model_dump_json(indent=2) + "\n")
    except OSError as error:
        raise Misconfigured(f"{out} cannot be written: {error.strerror}.") from None
    return activation


def _agreement_digest(path: Path, model: ModelVersion) -> str:
    agreement, digest = read_agreement_report(path)
    if agreement.model.key != model.key:
        raise Misconfigured(
            f"{path} is about {agreement.model.name} (weights {agreement.model.weights}), another model."
        )
    if agreement.shortcomings:
        told = "; ".join(f"{title}: {why}" for title, why in agreement.shortcomings.items())
        raise Misconfigured(f"{path} does not support the word validated. {told}. Activate without it.")
    return digest
