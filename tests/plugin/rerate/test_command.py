"""`counterpoint rerate` as an operator runs it: the price, the question, the run, and sentences where it cannot be."""

import base64
from datetime import timedelta

import pytest
from sqlalchemy import Engine
from typer.testing import CliRunner, Result

from plugin.cli import app
from plugin.database.engine import utc_now
from plugin.rerate.command import FIRST, open_shadow
from plugin.rerate.run import only_run
from stream.contracts.errors import CounterpointError, Misconfigured
from stream.feedback.models.activation import read_activation
from stream.feedback.models.baseline import InProcessBaseline, TritonBaseline
from stream.feedback.models.llm import TritonLlm
from stream.runtime.settings import FeedbackSettings, ShadowSettings
from tests.plugin.privacy.stored_sessions import count_rows
from tests.plugin.rerate.samples import AGREED, asked_in_shadow, rate_all, reratings
from tests.plugin.samples import KEK, MODEL, SAID, apply_records, record

KEY = base64.b64encode(KEK.secret).decode()
RECENT = utc_now() - timedelta(days=3)


def run(engine: Engine, *arguments: str, typed: str = "", **settings: str) -> Result:
    """Run the command with the baseline in this process, and these further settings."""
    env = {
        "COUNTERPOINT_DATABASE__URL": engine.url.render_as_string(hide_password=False),
        "COUNTERPOINT_DATABASE__KEY_ENCRYPTION_KEY": KEY,
        "COUNTERPOINT_FEEDBACK__TRITON_URL": "in-process",
        "COLUMNS": "300",
        "NO_COLOR": "1",
        **{f"COUNTERPOINT_{name}": value for name, value in settings.items()},
    }
    return CliRunner().invoke(app, ["rerate", *arguments], input=typed, env=env)


def test_from_the_price_to_the_report(engine: Engine) -> None:
    """The command says what it will do and asks; a no reads nothing, a yes rates all, and then nothing is left."""
    apply_records(engine, record(moments=2, started_at=RECENT), record(conversation="c_other", started_at=RECENT))
    refused = run(engine, typed="n\n")
    assert "To rate: 3 exchanges of 2 sessions." in refused.output
    assert "CPU baseline" in refused.output
    assert "Names that were told are not stored" in refused.output
    assert "levels and codes without words" in refused.output
    assert "About " in refused.output
    assert "Nothing was read." in refused.output
    assert count_rows(engine, "reratings", "audit") == {"reratings": 0, "audit": 0}
    done = run(engine, "--at-most", "600", typed="y\n")
    assert done.exit_code == 0, done.output
    assert "Rated: 3 exchanges" in done.output
    assert {row["model_key"] for row in reratings(engine)} == {InProcessBaseline().version.key}
    assert {row["model_key"] for row in reratings(engine)} == {read_activation(None).key}
    again = run(engine, "--yes")
    assert "Nothing to rate" in again.output
    assert again.exit_code == 0
    for words in SAID:
        assert words not in refused.output + done.output + again.output


def test_the_time_that_is_left_is_said_once_it_is_known(engine: Engine) -> None:
    """After the first ten exchanges the time for the others is said again, at the speed of those."""
    apply_records(engine, *(record(conversation=f"c_{number}", started_at=RECENT, moments=3) for number in range(4)))
    done = run(engine, "--yes", "--at-most", "600")
    assert done.output.count(f"At the speed of the first {FIRST}: about") == 1
    assert "Rated: 12 exchanges" in done.output


def test_expired_sessions_are_not_counted(engine: Engine) -> None:
    """What the settings' retention has had is not read, even if nothing was removed yet."""
    apply_records(
        engine, record(started_at=RECENT), record(conversation="c_old", started_at=RECENT - timedelta(days=90))
    )
    assert "To rate: 1 exchange of 1 session." in run(engine, typed="n\n").output
    assert "Nothing to rate" in run(engine, "--yes", RETENTION__TEXT_DAYS="2").output


def test_where_untold_names_are_not_read_nothing_is_rated_again(engine: Engine) -> None:
    """With `feedback.without_names = "abstain"` the command refuses, since told names are not stored."""
    apply_records(engine, record(started_at=RECENT))
    done = run(engine, "--yes", FEEDBACK__WITHOUT_NAMES="abstain")
    assert isinstance(done.exception, Misconfigured)
    assert "told are not stored" in str(done.exception)
    assert count_rows(engine, "reratings", "audit") == {"reratings": 0, "audit": 0}


def test_another_run_is_left_to_end(engine: Engine) -> None:
    """While a run is under way a second one says so and ends well, as a timer expects."""
    apply_records(engine, record(started_at=RECENT))
    with only_run(engine):
        done = run(engine, "--yes")
    assert "Another run is under way" in done.output
    assert done.exit_code == 0
    assert reratings(engine) == []


@pytest.mark.parametrize(
    ("arguments", "settings", "said"),
    [
        (("--model", "shadow"), {}, "feedback.shadow.model"),
        (("--model", "shadow"), {"FEEDBACK__SHADOW__MODEL": "baseline"}, "is the active one"),
        (
            ("--model", "shadow"),
            {"FEEDBACK__SHADOW__MODEL": "llm", "FEEDBACK__SHADOW__TRITON_URL": "in-process"},
            "Only the baseline runs in-process",
        ),
        ((), {"FEEDBACK__ACTIVATION": "/nowhere/activation.json"}, "feedback.activation"),
        ((), {"DATABASE__KEY_ENCRYPTION_KEY": base64.b64encode(bytes(range(50, 82))).decode()}, "is not the key"),
        (("--model", "shadow"), {"FEEDBACK__SHADOW__MODLE": "llm"}, "FEEDBACK__SHADOW__MODEL"),
    ],
)
def test_what_is_not_set_up_has_a_sentence(
    engine: Engine, arguments: tuple[str, ...], settings: dict[str, str], said: str
) -> None:
    """A shadow that is not set, is the active model or cannot run, a missing activation and a wrong key are said."""
    apply_records(engine, record(started_at=RECENT, consent=AGREED))
    done = run(engine, "--yes", *arguments, **settings)
    assert isinstance(done.exception, CounterpointError), done.output
    assert said in str(done.exception)
    assert reratings(engine) == []


def test_a_shadow_that_is_away_changes_nothing(engine: Engine) -> None:
    """A model in shadow that does not answer ends the command with a sentence, and the answers are as they were."""
    apply_records(engine, record(started_at=RECENT, consent=AGREED))
    before = count_rows(engine, "answers", "reratings", "audit")
    away = {"FEEDBACK__SHADOW__MODEL": "llm", "FEEDBACK__SHADOW__TRITON_URL": "127.0.0.1:1"}
    done = run(engine, "--yes", "--model", "shadow", FEEDBACK__DEADLINE_S="1", **away)
    assert isinstance(done.exception, CounterpointError)
    assert done.exception.exit_status == 1
    assert count_rows(engine, "answers", "reratings", "audit") == before


def test_the_shadow_is_opened_by_its_own_settings() -> None:
    """Kind, address and adapter are those of the shadow; an address that is not given is the active model's."""
    base = FeedbackSettings(triton_url="active:8001", lora="active")
    for given, kind, address in (
        (ShadowSettings(model="llm"), TritonLlm, "active:8001"),
        (ShadowSettings(model="llm", triton_url="other:8001", lora="trial"), TritonLlm, "other:8001"),
        (ShadowSettings(model="baseline", triton_url="other:8001"), TritonBaseline, "other:8001"),
    ):
        opened = open_shadow(base.model_copy(update={"shadow": given}))
        assert isinstance(opened, kind)
        assert opened._connection._server.url == address  # type: ignore[attr-defined]
    assert base.shadow == ShadowSettings()


def test_a_version_in_shadow_is_compared(engine: Engine) -> None:
    """`counterpoint model compare` says what was compared, and before anything was, how to begin."""
    env = {"COUNTERPOINT_DATABASE__URL": engine.url.render_as_string(hide_password=False), "COLUMNS": "300"}
    nothing = CliRunner().invoke(app, ["model", "compare"], env=env)
    assert "rerate --model shadow" in nothing.output
    apply_records(engine, record(moments=2, consent=AGREED))
    rate_all(engine, which=asked_in_shadow())
    found = CliRunner().invoke(app, ["model", "compare"], env=env)
    assert found.exit_code == 0, found.output
    assert MODEL.name in found.output
    assert "2 exchanges" in found.output
    for words in SAID:
        assert words not in found.output
