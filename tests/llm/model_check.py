"""A small Llama, tuned by our recipe, is held against the model check behind a real Triton.

The test fails where the model does not pass, and the report says why: such a model may not be activated. Some 600
exchanges take hours on a CPU; a call that is interrupted goes on where it stopped, with what it has in `REPORT`.
"""

from pathlib import Path

from plugin.local.paths import ROOT
from plugin.models.check.run import run_model_check
from stream.runtime.settings import FeedbackSettings
from tests.llm.small_llm import run_and_part, served

DEADLINE_S = 900
"""Seconds for one answer, which took over four minutes on a busy machine."""
REPORT = ROOT / ".counterpoint" / "llm-check"


def test_it_passes_the_model_check(run_dir: Path) -> None:
    """The model passes every check that a model must pass before it may rate anybody."""
    run, part = run_and_part()
    folder = REPORT / f"{run.name}-{part}"
    folder.mkdir(parents=True, exist_ok=True)
    with served(run_dir / "llm-check") as server:
        settings = FeedbackSettings(model="llm", triton_url=server.grpc_url, deadline_s=DEADLINE_S, concurrency=2)
        report = run_model_check(settings, folder, report_progress=_report_progress)
    assert [check.check for check in report.checks if not check.passed] == []


def _report_progress(done: int, count: int) -> None:
    print(f"{done} of {count}", flush=True)  # noqa: T201 - hours without a word look like a standstill
