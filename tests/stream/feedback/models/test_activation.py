"""The activation gate: who may rate, who waits, and what is said of it."""

from pathlib import Path

import pytest

from stream.contracts.errors import Misconfigured
from stream.feedback.models.activation import ActivatedModel, Activation, NotActivated, read_activation
from stream.feedback.models.base import Deadline, ModelUnavailable
from tests.stream.feedback.builders import LLM, WHEN, ScriptedModel

FITTING = Activation(
    name=LLM.name,
    adapter=LLM.adapter,
    weights=LLM.weights,
    prompt=LLM.prompt,
    rubric=LLM.rubric,
    schema_version=LLM.schema_version,
    report_sha256="0" * 64,
    activated_at=WHEN,
)


async def test_the_activated_model_may_rate() -> None:
    """The activated model may rate, and its version says that agreement with clinicians is unmeasured."""
    model = ActivatedModel(ScriptedModel(), lambda: FITTING)
    await model.canary(Deadline.after(1))
    assert model.version == LLM
    assert not model.version.validated


@pytest.mark.parametrize("field", ["adapter", "weights", "prompt", "rubric", "schema_version"])
async def test_another_model_than_the_activated_one_counts_as_unavailable(field: str) -> None:
    """A model that differs from the activated one is unavailable, and the stage says which commands to run."""
    model = ActivatedModel(ScriptedModel(), lambda: FITTING.model_copy(update={field: "another"}))
    with pytest.raises(ModelUnavailable) as caught:
        await model.canary(Deadline.after(1))
    assert isinstance(caught.value, NotActivated)
    assert "counterpoint model activate" in caught.value.what
    assert "counterpoint model check" in caught.value.what


async def test_a_model_that_is_away_is_away_before_it_is_anything_else() -> None:
    """A model that is away is reported as away, without advice to activate it."""
    with pytest.raises(ModelUnavailable) as caught:
        await ActivatedModel(ScriptedModel(away=1), lambda: FITTING).canary(Deadline.after(1))
    assert not isinstance(caught.value, NotActivated)


async def test_a_model_activated_while_records_wait_is_taken_up() -> None:
    """A model that is activated while records wait is used, because every canary reads the file again."""
    files = [FITTING.model_copy(update={"weights": "older"}), FITTING]
    model = ActivatedModel(ScriptedModel(), lambda: files.pop(0))
    with pytest.raises(NotActivated):
        await model.canary(Deadline.after(1))
    await model.canary(Deadline.after(1))


async def test_measured_agreement_is_stated_on_every_answer() -> None:
    """`validated` comes from the activation alone: no server can claim it."""
    claims = LLM.model_copy(update={"validated": True})
    modest = ActivatedModel(ScriptedModel(version=claims), lambda: FITTING)
    await modest.canary(Deadline.after(1))
    assert not modest.version.validated
    measured = ActivatedModel(ScriptedModel(), lambda: FITTING.model_copy(update={"validated": True}))
    await measured.canary(Deadline.after(1))
    assert measured.version.validated


async def test_asking_and_closing_go_through() -> None:
    """The activation check passes requests and closing on to the model and changes no answer."""
    inner = ScriptedModel()
    model = ActivatedModel(inner, lambda: FITTING)
    from stream.feedback.models.base import CANARY

    assert await model.assess(CANARY, deadline=Deadline.after(1), repair="- x") == inner.script[0]
    assert inner.repairs == ["- x"]
    await model.reload(Deadline.after(1))
    await model.close()


def test_without_a_setting_the_baselines_own_is_read() -> None:
    """The baseline's own activation, which is part of the code, is read without a setting."""
    assert read_activation(None).adapter == "baseline"


@pytest.mark.parametrize("content", [None, "", "{}", '{"name": 1}', "\x80"])
def test_an_invalid_activation_file_is_reported(tmp_path: Path, content: str | None) -> None:
    """An invalid activation file is reported with the setting's name, and nothing of the file."""
    path = tmp_path / "activation.json"
    if content is not None:
        path.write_bytes(content.encode("latin-1"))
    with pytest.raises(Misconfigured, match=r"feedback\.activation"):
        read_activation(path)
