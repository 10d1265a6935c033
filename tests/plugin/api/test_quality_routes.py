"""Tests of the operator's numbers through the API: of the queue, and of quality with intervals; about nobody."""

from dataclasses import replace

from plugin.api.quality_routes import quality_of
from plugin.queue.quality import DisputeRate, LevelAgreement, Quality
from plugin.queue.sample_estimates import SampleEstimate
from stream.contracts.vocabulary import Mechanism
from tests.plugin.api.conftest import Programs
from tests.plugin.api.test_sample_routes import ANSWERS, LOOK
from tests.plugin.operations.test_quality_words import FEW, MANY, SHADOW, TOO_FEW, VERSION
from tests.plugin.web.conftest import OPERATOR, OTHER_SUPERVISOR

ESTIMATE = SampleEstimate(
    version=VERSION,
    sessions=120,
    turns=400,
    unsure=3,
    precision=MANY,
    recall=FEW,
    critical_precision=TOO_FEW,
    possible_precision=TOO_FEW,
    critical_recall=TOO_FEW,
)
QUALITY = Quality(
    sampled=200,
    looked_at=120,
    estimates=(ESTIMATE,),
    agreement=(LevelAgreement("baseline", Mechanism.STANCE_ALIGNMENT, 3, None),),
    disputes=DisputeRate(7, 0, None),
    shadow=SHADOW,
)


async def test_an_operator_reads_how_much_was_looked_at(programs: Programs) -> None:
    """The number of looks follows the looks; few of them give no estimate, and nobody is named."""
    operator, nora = programs(OPERATOR), programs(OTHER_SUPERVISOR)
    before = (await operator.get("/quality")).json()
    assert (before["sampled"], before["looked_at"], before["estimates"]) == (1, 0, [])
    assert (await nora.post(LOOK, ANSWERS)).status_code == 200
    answer = await operator.get("/quality")
    (estimate,) = answer.json()["estimates"]
    assert (answer.json()["looked_at"], estimate["sessions"], estimate["turns"]) == (1, 1, 5)
    assert estimate["precision"] == {
        "turns": 2,
        "sessions": 1,
        "value": None,
        "low": None,
        "high": None,
        "is_few": True,
    }
    assert "Nora" not in answer.text


def test_a_number_stands_with_its_interval_and_its_base() -> None:
    """Each proportion has its interval, the turns and sessions that it rests on, and whether these are few."""
    (estimate,) = quality_of(QUALITY).model_dump(mode="json")["estimates"]
    assert estimate["precision"] == {
        "turns": 400,
        "sessions": 120,
        "value": 0.625,
        "low": 0.57,
        "high": 0.68,
        "is_few": False,
    }
    assert estimate["recall"]["is_few"]
    assert estimate["critical_recall"]["value"] is None


def test_a_rate_about_few_people_is_not_said() -> None:
    """Where counsellors are too few, neither a rate nor a number of disputed sessions is in the answer."""
    assert quality_of(QUALITY).model_dump(mode="json")["disputes"] == {"released": 7, "rate": None}


def test_a_model_in_shadow_has_a_kappa_where_there_are_enough_levels() -> None:
    """A model in shadow stands beside the active one, with a kappa only where levels are enough and not all alike."""
    shadow = quality_of(QUALITY).model_dump(mode="json")["shadow"]
    assert (shadow["shadow"]["name"], shadow["exchanges"], shadow["same_verdict"]) == ("Llama", 64, 55)
    alike, enough = shadow["levels"]
    assert alike == {"mechanism": "respect_for_autonomy", "kappa": None}
    assert 0 < enough["kappa"] < 1
    assert quality_of(replace(QUALITY, shadow=None)).shadow is None


async def test_an_operator_reads_what_waits(programs: Programs) -> None:
    """The numbers of the queue are those of the operator's page, over every team and without a name."""
    answer = await programs(OPERATOR).get("/queue-numbers")
    found = answer.json()
    assert (found["stored"], found["waiting"], found["without_team"]) == (3, 2, 0)
    assert found["left_out"] == {"too_short": 1}
    assert found["oldest_waiting"].endswith("Z")
    assert found["calibrations"] == {"open": 0, "over": 0}
    assert "Jonas" not in answer.text
