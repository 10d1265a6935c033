"""After a change to the CPU baseline: tell its new fingerprint, check it, activate it. `make baseline`."""

import re
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path

from plugin.local.paths import MODELS, ROOT
from plugin.models.activate import activate
from plugin.models.check.report import JSON_NAME
from plugin.models.check.run import check
from stream.feedback.models.baseline import InProcessBaseline
from stream.feedback.models.factory import IN_PROCESS
from stream.runtime.settings import Feedback

CONFIG = MODELS / "feedback_baseline" / "config.pbtxt"
ACTIVATIONS = ROOT / "stream" / "feedback" / "activations"


def main() -> int:
    """Rewrite the fingerprint in config.pbtxt, run the model check, and write the activation that ships."""
    told = re.compile(r'(key: "fingerprint" value \{ string_value: ")[^"]*')
    CONFIG.write_text(told.sub(rf"\g<1>{InProcessBaseline().fingerprint}", CONFIG.read_text()))
    with tempfile.TemporaryDirectory() as folder:
        report = check(Feedback(triton_url=IN_PROCESS), Path(folder))
        if not report.passed:
            print("The check did not pass:", [line.check for line in report.checks if not line.passed])
            return 1
        kept = ACTIVATIONS / "baseline.report.json"
        kept.write_bytes((Path(folder) / JSON_NAME).read_bytes())
    activation = activate(kept, ACTIVATIONS / "baseline.json", datetime.now(UTC))
    print(f"{activation.name} {activation.weights} is activated.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
