"""Tests of arbitrary settings in all three sources: settings, or a sentence that names the place and not the value."""

import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from stream.contracts.errors import Misconfigured
from stream.runtime.settings import load_settings
from tests.fuzz.strategies import spoiled

SECRET = "quillfeather-zeppelinward"
GOOD = f"""log_level = "debug"
[kafka]
bootstrap_servers = "127.0.0.1:9092"
partitions = 4
[sessions]
idle_s = 3.5
languages = ["en", "de"]
[database]
url = "postgresql+psycopg://u:{SECRET}@h/d"
key_encryption_key = "{SECRET}"
[tenants.riverside]
webhook_secrets = ["whsec_{SECRET}"]
pseudonym_key = "{SECRET}"
""".encode()
VARIABLES = (
    "LOG_LEVEL", "KAFKA", "KAFKA__PARTITIONS", "KAFKA__PARTITIONS__X", "TENANTS", "TENANTS__A",
    "TENANTS__A__WEBHOOK_SECRETS", "SESSIONS__LANGUAGES", "SESSIONS__IDLE_S", "DATABASE__URL", "GATEWAY__PORT", "DEMO",
    "WEB__COOKIE_SECURE",
    "__", "KAFKA__",
)  # fmt: skip
VALUES = (
    "",
    "{",
    "[]",
    "null",
    "{}",
    "nan",
    "-1",
    "1e999",
    "9" * 5_000,
    "\u0663",
    SECRET,
    f'{{"a": "{SECRET}"}}',
    f'["{SECRET}"]',
)

values = st.sampled_from(VALUES) | st.text(
    st.characters(exclude_characters="\x00", exclude_categories=["Cs"]), max_size=20
)


@pytest.fixture(autouse=True)
def alone(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Remove the settings of this machine."""
    for name in list(os.environ):
        if name.startswith("COUNTERPOINT_"):
            monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)


def said() -> str:
    """Return the representation of the settings, or the error message if they cannot be loaded."""
    try:
        return repr(load_settings())
    except Misconfigured as error:
        return str(error) or "nothing"


anyhow = settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])


@anyhow
@given(content=spoiled(GOOD) | st.binary(max_size=100))
def test_a_spoiled_file_is_read_or_named(tmp_path: Path, content: bytes) -> None:
    """A damaged TOML file is read, or refused without its secrets in the message."""
    (tmp_path / "counterpoint.toml").write_bytes(content)
    assert SECRET not in said()


@anyhow
@given(given_=st.dictionaries(st.sampled_from(VARIABLES), values, max_size=4))
def test_strange_variables_are_read_or_named(given_: dict[str, str]) -> None:
    """Environment variables with arbitrary values are read, or refused without their secrets in the message."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in given_.items():
            patch.setenv(f"COUNTERPOINT_{name}", value)
        told = said()
    for secret in (
        value for name, value in given_.items() if SECRET in value and name.startswith(("TENANTS", "DATABASE"))
    ):
        assert secret not in told


@pytest.mark.parametrize(
    "name", ["counterpoint_database__url", "counterpoint_kafka__partitions", "counterpoint_tenants", "x"]
)
@pytest.mark.parametrize(
    "content", [b"", b"\xff\xfe", b"a\x00b", b"\n\n", SECRET.encode(), b"9" * 5_000, b"{", b"x" * 20_000_000]
)
def test_strange_secret_files_are_read_or_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, content: bytes
) -> None:
    """Secret files that are empty, binary or huge are read, or refused without secrets in the message."""
    folder = tmp_path / "secrets"
    folder.mkdir()
    (folder / name).write_bytes(content)
    monkeypatch.setenv("COUNTERPOINT_SECRETS_DIR", str(folder))
    assert SECRET not in said()


@pytest.mark.parametrize("kind", ["missing", "a file", "a folder in it", "a link to nothing", "a loop"])
def test_an_invalid_secrets_folder_is_reported_in_a_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    """A missing or broken secrets folder is reported as a sentence or has no effect."""
    folder = tmp_path / "secrets"
    match kind:
        case "a file":
            folder.write_text(SECRET)
        case "a folder in it":
            (folder / "counterpoint_database__url").mkdir(parents=True)
        case "a link to nothing":
            folder.mkdir()
            (folder / "counterpoint_database__url").symlink_to(tmp_path / "nowhere")
        case "a loop":
            folder.mkdir()
            (folder / "counterpoint_database__url").symlink_to(folder / "counterpoint_database__url")
    monkeypatch.setenv("COUNTERPOINT_SECRETS_DIR", str(folder))
    told = said()
    assert SECRET not in told
    if kind in {"missing", "a file"}:
        assert "Settings cannot be read" in told


@pytest.mark.parametrize("kind", ["a folder", "a loop", "too deep"])
def test_an_invalid_settings_file_is_reported_in_a_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    """A settings file that is a folder, a loop or nested too deeply is reported as a sentence."""
    file = tmp_path / "other.toml"
    match kind:
        case "a folder":
            file.mkdir()
        case "a loop":
            file.symlink_to(file)
        case "too deep":
            file.write_text("a = " + "[" * 10_000)
    monkeypatch.setenv("COUNTERPOINT_FILE", str(file))
    assert said()
