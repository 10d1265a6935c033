"""The command behind `make baseline`: writes fingerprints of the CPU baseline and its reader, checks and activates."""

import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path

from plugin.local.paths import ROOT
from plugin.models.activate import activate_model
from plugin.models.check.report import JSON_NAME
from plugin.models.check.run import run_model_check
from stream.feedback.models.baseline import MODEL, InProcessBaseline
from stream.feedback.models.reader import READER, load_reader
from stream.model_repository import MODEL_REPOSITORY, version_folder, write_parameter
from stream.runtime.logging import configure_command_logging
from stream.runtime.settings import IN_PROCESS, FeedbackSettings

ACTIVATIONS = ROOT / "stream" / "feedback" / "models" / "activations"


def main() -> int:
    """Rewrite the fingerprints in both config.pbtxt, run the model check, and write the activation that ships."""
    configure_command_logging()
    _, reader = load_reader(version_folder(READER))
    write_parameter(MODEL_REPOSITORY / READER, "fingerprint", reader.fingerprint)
    write_parameter(MODEL_REPOSITORY / MODEL, "fingerprint", InProcessBaseline().fingerprint)
    with tempfile.TemporaryDirectory() as folder:
        report = run_model_check(FeedbackSettings(triton_url=IN_PROCESS), Path(folder))
        if not report.passed:
            print("The check did not pass:", [line.check for line in report.checks if not line.passed])
            return 1
        kept = ACTIVATIONS / "baseline.report.json"
        kept.write_bytes((Path(folder) / JSON_NAME).read_bytes())
    activation = activate_model(kept, ACTIVATIONS / "baseline.json", datetime.now(UTC))
    print(f"{activation.name} {activation.weights} is activated.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
