"""A name that is no setting is refused wherever it is written, with the nearest name that is one."""

import json
import os
from pathlib import Path

import pytest

from stream.contracts.errors import Misconfigured
from stream.runtime.settings import Settings, load_settings

SECRET = "canary-secret"


@pytest.fixture(autouse=True)
def alone(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Remove the settings of this machine, and work in an empty folder."""
    for name in list(os.environ):
        if name.startswith("COUNTERPOINT_"):
            monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def secrets(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """Return a folder that is named as the folder of secrets."""
    folder = tmp_path / "secrets"
    folder.mkdir()
    monkeypatch.setenv("COUNTERPOINT_SECRETS_DIR", str(folder))
    return folder


def refused() -> str:
    """Return the sentence with which the settings are refused, which holds no value."""
    with pytest.raises(Misconfigured) as sentence:
        load_settings()
    assert SECRET not in str(sentence.value)
    return str(sentence.value)


RETIRED_SETTINGS = {
    "detector": "there is one detector",
    "operating_point": "confirms or rejects",
    "max_moments": "the page shows those it confirmed",
}


@pytest.mark.parametrize(("name", "instead"), RETIRED_SETTINGS.items())
def test_a_setting_of_an_earlier_version_is_refused_with_what_holds_instead(
    monkeypatch: pytest.MonkeyPatch, name: str, instead: str
) -> None:
    """A setting that an earlier version had is refused, in the file and as a variable, with what holds instead."""
    Path("counterpoint.toml").write_text(f'[sessions]\n{name} = "{SECRET}"\n')
    said = refused()
    assert f"sessions.{name} is no setting any more" in said
    assert instead in said
    Path("counterpoint.toml").unlink()
    monkeypatch.setenv(f"COUNTERPOINT_SESSIONS__{name.upper()}", SECRET)
    said = refused()
    assert f"COUNTERPOINT_SESSIONS__{name.upper()} is no setting any more" in said
    assert instead in said
    assert "did you mean" not in said


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("COUNTERPOINT_KAFKA_PARTITIONS", "COUNTERPOINT_KAFKA__PARTITIONS"),
        ("COUNTERPOINT_KAFKA__PARTITION", "COUNTERPOINT_KAFKA__PARTITIONS"),
        ("COUNTERPOINT_KAFKA__TLS__CA_FILE", "COUNTERPOINT_KAFKA__CA_FILE"),
        ("COUNTERPOINT_KAKFA__PARTITIONS", "COUNTERPOINT_KAFKA__PARTITIONS"),
        ("COUNTERPOINT_DATABASE_URL", "COUNTERPOINT_DATABASE__URL"),
        ("COUNTERPOINT_LOGLEVEL", "COUNTERPOINT_LOG_LEVEL"),
        ("COUNTERPOINT_LOG_LEVEL__X", "COUNTERPOINT_LOG_LEVEL"),
        ("COUNTERPOINT_TENANTS__RIVERSIDE__SECRETS", "COUNTERPOINT_TENANTS__RIVERSIDE__WEBHOOK_SECRETS"),
        ("COUNTERPOINT_TENANT__RIVERSIDE__PSEUDONYM_KEY", "COUNTERPOINT_TENANTS__RIVERSIDE__PSEUDONYM_KEY"),
        ("COUNTERPOINT_SECRET_DIR", "COUNTERPOINT_SECRETS_DIR"),
        ("COUNTERPOINT_FILES", "COUNTERPOINT_FILE"),
        ("counterpoint_web__secret", "COUNTERPOINT_WEB__SESSION_SECRET"),
    ],
)
def test_a_misspelt_variable_is_refused_with_the_one_that_was_meant(
    monkeypatch: pytest.MonkeyPatch, written: str, meant: str
) -> None:
    """A variable with our prefix that names no setting is refused with the nearest one."""
    monkeypatch.setenv(written, SECRET)
    assert f"{written} is no setting; did you mean {meant}?" in refused()


@pytest.mark.parametrize(
    "written", ["COUNTERPOINT_", "COUNTERPOINT___", "COUNTERPOINT_KAFKA__", "COUNTERPOINT___KAFKA"]
)
def test_a_variable_with_an_empty_part_is_refused(monkeypatch: pytest.MonkeyPatch, written: str) -> None:
    """A variable with our prefix whose name has an empty part is refused."""
    monkeypatch.setenv(written, SECRET)
    assert f"{written} is no setting" in refused()


def test_every_setting_is_known_by_every_name_it_has(monkeypatch: pytest.MonkeyPatch) -> None:
    """Sections as JSON, fields and names of the operator's own are taken in any case; other prefixes are ignored."""
    taken = {
        "COUNTERPOINT_KAFKA": json.dumps({"partitions": 4}),
        "counterpoint_web__port": "0",
        "COUNTERPOINT_TENANTS__RIVERSIDE__PSEUDONYM_KEY": SECRET,
        "COUNTERPOINT_HEALTH__URLS__SINK": "http://sink-1:8033",
        "COUNTERPOINT_DATABASE__ROLE_PASSWORDS__SINK": SECRET,
        "COUNTERPOINTS_KAFKA_PARTITIONS": "x",
        "KAFKA_PARTITIONS": "x",
    }
    for name, value in taken.items():
        monkeypatch.setenv(name, value)
    settings = load_settings()
    assert (settings.kafka.partitions, settings.web.port, list(settings.tenants)) == (4, 0, ["riverside"])
    assert settings.health.urls == {"sink": "http://sink-1:8033"}


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("[kafak]\npartitions = 4", "kafak is no section or setting; did you mean kafka?"),
        ("[tenant.riverside]", "tenant is no section or setting; did you mean tenants?"),
        ("[Kafka]\npartitions = 4", "Kafka is no section or setting; did you mean kafka?"),
        ("loglevel = 'debug'", "loglevel is no section or setting; did you mean log_level?"),
        ("[kafka]\npartition = 4", "kafka.partition is no setting; did you mean kafka.partitions?"),
        (
            "[tenants.riverside]\nsecrets = ['canary-secret']",
            "tenants.riverside.secrets is no setting; did you mean tenants.riverside.webhook_secrets?",
        ),
        ("[health.urls]\nsinc = 'http://x'", "health.urls.sinc"),
    ],
)
def test_an_unknown_name_in_the_file_is_refused(tmp_path: Path, written: str, meant: str) -> None:
    """A section or a field of the file that is none is refused with the nearest one."""
    (tmp_path / "counterpoint.toml").write_text(written)
    assert meant in refused()


def test_all_wrong_names_and_values_are_reported_together(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, secrets: Path
) -> None:
    """Wrong names in the file and the environment, and wrong values, are reported together."""
    (tmp_path / "counterpoint.toml").write_text("[kafak]\n[web]\nport = 99999\n")
    (secrets / "database_url").write_text(SECRET)
    monkeypatch.setenv("COUNTERPOINT_LOGLEVEL", "debug")
    said = refused()
    assert all(name in said for name in ("kafak", "web.port", "COUNTERPOINT_LOGLEVEL"))


class TestSecretFiles:
    """Tests of the folder of secrets."""

    @pytest.mark.parametrize(
        ("written", "meant"),
        [
            ("database_url", "COUNTERPOINT_DATABASE__URL"),
            ("counterpoint_database_url", "COUNTERPOINT_DATABASE__URL"),
            ("session_secret.txt", "COUNTERPOINT_WEB__SESSION_SECRET"),
            ("tenants", "COUNTERPOINT_TENANTS"),
        ],
    )
    def test_a_file_under_another_name_is_refused(self, secrets: Path, written: str, meant: str) -> None:
        """A file whose name is no setting is refused with the name that was meant."""
        (secrets / written).write_text(SECRET)
        said = refused()
        assert f"the file {secrets / written} is no setting; did you mean {meant}?" in said

    def test_a_secret_file_of_an_unknown_field_is_refused(self, secrets: Path) -> None:
        """A file whose section is known and whose field is not is refused with the field that was meant."""
        (secrets / "COUNTERPOINT_DATABASE__KEK").write_text(SECRET)
        assert "database.kek is no setting; did you mean database.key_encryption_key?" in refused()

    def test_a_file_that_a_setting_names_may_be_in_the_folder(
        self, secrets: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Certificates and keys may be in the secrets folder, because settings name them."""
        (secrets / "ca.pem").write_text("x")
        monkeypatch.setenv("COUNTERPOINT_KAFKA__CA_FILE", str(secrets / "ca.pem"))
        assert load_settings().kafka.ca_file == secrets / "ca.pem"

    def test_what_the_platform_puts_there_is_left_alone(self, secrets: Path) -> None:
        """Hidden entries and folders of Docker and Kubernetes are no secrets of ours, and links to files are."""
        (secrets / "..data").mkdir()
        (secrets / "..data" / "counterpoint_database__url").write_text(SECRET)
        (secrets / "counterpoint_database__url").symlink_to(Path("..data", "counterpoint_database__url"))
        (secrets / ".hidden").write_text("x")
        (secrets / "kubernetes.io").mkdir()
        url = load_settings().database.url
        assert url is not None
        assert url.get_secret_value() == SECRET

    def test_a_folder_in_place_of_a_secret_is_refused(self, secrets: Path) -> None:
        """A folder with the name of a setting, which Docker makes of a missing file, is refused."""
        (secrets / "COUNTERPOINT_DATABASE__URL").mkdir()
        assert "is a folder; it must be a file" in refused()


class TestNamedFiles:
    """Tests of files that settings name."""

    def test_a_settings_file_that_does_not_exist_is_refused(
        self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
    ) -> None:
        """A file named in COUNTERPOINT_FILE must exist; the nearest one beside it is named."""
        (tmp_path / "counterpoint.toml").write_text("")
        monkeypatch.setenv("COUNTERPOINT_FILE", str(tmp_path / "counterpiont.toml"))
        said = refused()
        assert "counterpiont.toml, which does not exist; the nearest name there is counterpoint.toml" in said

    def test_the_file_of_the_current_folder_may_be_missing(self) -> None:
        """Without COUNTERPOINT_FILE there need not be a file."""
        assert load_settings() == Settings()

    @pytest.mark.parametrize("setting", ["KAFKA__CA_FILE", "KAFKA__KEY_FILE", "FEEDBACK__CERTIFICATE_FILE"])
    def test_a_named_file_that_does_not_exist_is_refused(
        self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, setting: str
    ) -> None:
        """A file that a setting names must exist; the nearest one beside it is named."""
        (tmp_path / "broker-ca.pem").write_text("x")
        monkeypatch.setenv(f"COUNTERPOINT_{setting}", str(tmp_path / "broker_ca.pem"))
        said = refused()
        assert f"{setting.lower().replace('__', '.')}: {tmp_path / 'broker_ca.pem'} is no file" in said
        assert "the nearest name there is broker-ca.pem" in said

    def test_a_folder_that_does_not_exist_is_named(self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
        """If the whole folder is missing, the report names the folder."""
        monkeypatch.setenv("COUNTERPOINT_KAFKA__CA_FILE", str(tmp_path / "tls" / "ca.pem"))
        assert f"there is no folder {tmp_path / 'tls'}" in refused()


def test_a_language_is_a_code(monkeypatch: pytest.MonkeyPatch) -> None:
    """A language by its name instead of its code is refused, for no session would be supported."""
    monkeypatch.setenv("COUNTERPOINT_SESSIONS__LANGUAGES", '["English"]')
    assert "sessions.languages" in refused()
