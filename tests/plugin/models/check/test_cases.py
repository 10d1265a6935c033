"""The cases of the model check: each is asked under a name of its own, and of the models that it fits."""

from plugin.models.check.cases import Variant, build_cases
from tests.plugin.models.check.outcomes import BASELINE, LLM


def test_every_case_has_a_name_of_its_own() -> None:
    """Every case has a unique name, because an interrupted run continues by names."""
    names = [case.name for case in build_cases(LLM)]
    assert len(set(names)) == len(names)


def test_only_a_model_with_a_prompt_gets_rewordings() -> None:
    """Every model is asked without the lexicon too, and only one with a prompt is asked in other words."""
    assert {case.variant for case in build_cases(LLM)} == set(Variant)
    assert {case.variant for case in build_cases(BASELINE)} == set(Variant) - {Variant.REWORDED}
