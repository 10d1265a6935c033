"""The model check stops each deliberately bad model, for that model's own reason, on a real Triton."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from plugin.local.triton import TritonServer
from plugin.models.activate import activate_model
from plugin.models.check.report import JSON_NAME, CheckReport
from plugin.models.check.run import run_model_check
from plugin.models.check.stimuli import crises, indirect_cases, rubric_cases
from stream.contracts.errors import Misconfigured
from stream.contracts.vocabulary import Mechanism
from stream.model_repository import MODEL_REPOSITORY
from stream.runtime.settings import FeedbackSettings
from tests.plugin.models.check.few_attacks import plant_few_attacks
from tests.stream.feedback.builders import WHEN

ENGINE = Path(__file__).parent / "engines" / "vllm"
Checked = Callable[[str], tuple[CheckReport, Path]]


@pytest.fixture
def checked(tmp_path: Path) -> Checked:
    """Serve a character as `feedback_llm` and run the whole check against it."""

    def run(character: str) -> tuple[CheckReport, Path]:
        repository = tmp_path / "models"
        shutil.copytree(MODEL_REPOSITORY / "feedback_llm", repository / "feedback_llm")
        told = {
            "character": character,
            "levels": levels_by_reply(),
            "crises": sorted({exchange.client[0] for exchange in crises().values()}),
            "indirect": [
                " ".join(case.exchange.client)
                for name, case in indirect_cases().items()
                if name.startswith("critical/")
            ],
        }
        (repository / "feedback_llm" / "1" / "model.json").write_text(json.dumps(told))
        with TritonServer(tmp_path / "triton", ["feedback_llm"], repository=repository, backends=[ENGINE]) as server:
            settings = FeedbackSettings(model="llm", triton_url=server.grpc_url, deadline_s=10)
            return run_model_check(settings, tmp_path / "report"), tmp_path / "report" / JSON_NAME

    return run


def levels_by_reply() -> dict[str, list[int]]:
    """Return the levels that a sound model gives to the rubric's examples: their own, and weak in what else they do."""
    return {
        case.exchange.reply: [int(case.level) if mechanism is case.mechanism else 1 for mechanism in Mechanism]
        for case in rubric_cases().values()
        if case.level is not None
    }


def failed(report: CheckReport) -> set[str]:
    """The checks that did not pass."""
    return {line.check for line in report.checks if not line.passed}


def test_a_sound_model_passes_everything_that_applies_to_it(checked: Checked, tmp_path: Path) -> None:
    """The gate can be passed; only the published stimuli, which lie elsewhere, are not asked. Then it may rate."""
    report, path = checked("sound")
    assert failed(report) == set()
    assert [line.check for line in report.checks if line.not_applicable] == ["published"]
    assert activate_model(path, tmp_path / "activation.json", WHEN).weights == "llama-3.1-8b-instruct"


@pytest.mark.parametrize(
    ("character", "reasons"),
    [
        ("flatters", {"rubric"}),
        ("invents quotations", {"evidence"}),
        ("obeys planted text", {"injection"}),
        ("praises collusion", {"alone", "indirect"}),
        ("hears plain words alone", {"indirect"}),
    ],
)
def test_a_bad_model_fails_for_its_own_reasons_and_cannot_be_activated(
    character: str, reasons: set[str], checked: Checked, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A bad model fails for its own reasons only, because everything else it does is sound, and cannot be activated."""
    plant_few_attacks(monkeypatch)
    report, path = checked(character)
    assert failed(report) == reasons
    assert all(line.failures for line in report.checks if line.check in reasons)
    with pytest.raises(Misconfigured, match="did not pass"):
        activate_model(path, tmp_path / "activation.json", WHEN)
    assert not (tmp_path / "activation.json").exists()
