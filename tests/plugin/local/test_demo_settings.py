"""A demo has real secrets of its own, kept between runs, and settings that any command can use."""

import base64
import json
import stat
import tomllib
from collections import Counter
from pathlib import Path

import pytest

from plugin.local.demo_settings import SUPERVISORS, TENANT, USERS, demo_secrets, write_settings
from stream.runtime.settings import load_settings
from stream.runtime.stages import STAGES


def written(folder: Path, *, clock_tolerance_s: float | None = None) -> Path:
    """Settings of one run."""
    return write_settings(
        folder,
        demo_secrets(folder),
        bootstrap_servers="127.0.0.1:1",
        database_url="postgresql+psycopg://h/d",
        triton_url="t:1",
        clock_tolerance_s=clock_tolerance_s,
    )


def test_secrets_are_made_once(tmp_path: Path) -> None:
    """The second run reads what the first one encrypted."""
    assert demo_secrets(tmp_path) == demo_secrets(tmp_path)


def test_two_machines_have_different_secrets(tmp_path: Path) -> None:
    """The secrets of two machines differ, because no secret has a default."""
    a, b = demo_secrets(tmp_path / "a"), demo_secrets(tmp_path / "b")
    assert not set(a.values()) & set(b.values())


def test_accounts_that_an_earlier_demo_did_not_have_get_their_passwords(tmp_path: Path) -> None:
    """What an earlier version of the demo has made stays, and what it lacks is added once."""
    made = demo_secrets(tmp_path)
    earlier = {name: value for name, value in made.items() if name != USERS[-1].name}
    (tmp_path / "secrets.json").write_text(json.dumps(earlier))
    later = demo_secrets(tmp_path)
    assert {name: later[name] for name in earlier} == earlier
    assert len(later[USERS[-1].name]) >= 12
    assert demo_secrets(tmp_path) == later


def test_the_platforms_clock_may_differ_by_a_week_where_it_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Times of the past week are taken as they are in a demo of the samples, and moved nowhere else."""
    week = 7 * 86_400.0
    monkeypatch.setenv("COUNTERPOINT_FILE", str(written(tmp_path, clock_tolerance_s=week)))
    assert (load_settings().sessions.clock_back_s, load_settings().sessions.clock_ahead_s) == (week, week)
    monkeypatch.setenv("COUNTERPOINT_FILE", str(written(tmp_path)))
    assert load_settings().sessions.clock_back_s < week


def test_the_people_are_of_two_teams() -> None:
    """The demo has two supervisors of a team each and one they share, three therapists; the others are in no team."""
    teams = {user.name: user.teams for user in USERS}
    roles = Counter(user.role for user in USERS)
    assert roles == {"supervisor": 2, "therapist": 3, "operator": 1, "lead": 1, "auditor": 1}
    supervised = [teams[user.name] for user in USERS if user.role == "supervisor"]
    shared = set(supervised[0]) & set(supervised[1])
    assert [len(set(each) - shared) for each in supervised] == [1, 1]
    assert shared == {SUPERVISORS}
    assert not any(shared & set(teams[user.name]) for user in USERS if user.role == "therapist")
    assert len({*supervised}) == 2
    assert teams["operator"] == teams["lead"] == teams["auditor"] == ()


def test_keys_are_as_long_as_the_checks_demand(tmp_path: Path) -> None:
    """32 random bytes each."""
    made = demo_secrets(tmp_path)
    for name in ("pseudonym_key", "key_encryption_key"):
        assert len(base64.b64decode(made[name])) == 32
    assert made["webhook_secret"].startswith("whsec_")


def test_every_user_has_a_password(tmp_path: Path) -> None:
    """Every database user has a password, also in the demo."""
    made = demo_secrets(tmp_path)
    assert all(len(made[user.name]) >= 12 for user in USERS)


def test_only_the_user_may_read_the_files(tmp_path: Path) -> None:
    """The files with secrets are readable by their user only, even if the secrets are those of a demo."""
    settings = written(tmp_path)
    for path in (settings, tmp_path / "secrets.json"):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_the_settings_are_read_by_every_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`COUNTERPOINT_FILE=... counterpoint digest` works in a second terminal."""
    monkeypatch.setenv("COUNTERPOINT_FILE", str(written(tmp_path)))
    settings = load_settings()
    assert settings.demo
    assert settings.kafka.bootstrap_servers == "127.0.0.1:1"
    assert settings.feedback.triton_url == "t:1"
    assert len(settings.tenants[TENANT].webhook_secrets) == 1


def test_each_stage_has_a_port_of_its_own(tmp_path: Path) -> None:
    """Each stage has its own port on loopback, which is the default everywhere."""
    values = tomllib.loads(written(tmp_path).read_text())
    ports = [values["gateway"]["port"], values["web"]["port"], *values["health"].values()]
    assert len(set(ports)) == 2 + len(STAGES)
