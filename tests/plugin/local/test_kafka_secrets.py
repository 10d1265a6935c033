"""Tests of the secret files of a broker: what is made, who may read it, and that nothing is ever replaced."""

import ssl
import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.x509.oid import NameOID

from plugin.local.kafka_secrets import BROKER_FILE, CA_FILE, PASSWORD_FILES, VALID, write_kafka_secrets
from stream.contracts.errors import Misconfigured
from stream.runtime.kafka_rights import USERS

NOW = datetime(2026, 3, 2, 18, tzinfo=UTC)
HOSTS = ["kafka", "kafka-2", "127.0.0.1"]


def test_every_file_is_made_for_its_owner_alone(tmp_path: Path) -> None:
    """Certificates and a password for each user are made, readable by their owner alone, and all passwords differ."""
    written = write_kafka_secrets(tmp_path / "new", HOSTS, NOW)
    assert {path.name for path in written} == {CA_FILE, BROKER_FILE, *PASSWORD_FILES}
    assert all(stat.S_IMODE(path.stat().st_mode) == 0o600 for path in written)
    passwords = [path.read_text() for path in written if path.name in PASSWORD_FILES]
    assert len(set(passwords)) == len(passwords) == len(USERS) + 1
    assert all(len(password) >= 32 and password.isalnum() for password in passwords)


def test_the_certificate_is_the_brokers_and_for_its_hosts(tmp_path: Path) -> None:
    """The certificate names the user broker and every host, ends in years, and is signed by the authority."""
    write_kafka_secrets(tmp_path, HOSTS, NOW)
    ca = x509.load_pem_x509_certificate((tmp_path / CA_FILE).read_bytes())
    both = (tmp_path / BROKER_FILE).read_bytes()
    broker = x509.load_pem_x509_certificate(both[both.index(b"-----BEGIN CERTIFICATE") :])
    broker.verify_directly_issued_by(ca)
    assert [str(name.value) for name in broker.subject.get_attributes_for_oid(NameOID.COMMON_NAME)] == ["broker"]
    names = broker.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert [str(name.value) for name in names] == HOSTS
    assert broker.not_valid_before_utc < NOW < NOW + VALID - timedelta(seconds=1) < broker.not_valid_after_utc
    assert both.startswith(b"-----BEGIN PRIVATE KEY")
    context = ssl.create_default_context(cafile=str(tmp_path / CA_FILE))
    context.load_cert_chain(tmp_path / BROKER_FILE)


def test_no_file_is_ever_replaced(tmp_path: Path) -> None:
    """A second run writes nothing, and one after a lost password makes that alone."""
    write_kafka_secrets(tmp_path, HOSTS, NOW)
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    assert write_kafka_secrets(tmp_path, HOSTS, NOW) == []
    (tmp_path / PASSWORD_FILES[0]).unlink()
    assert [path.name for path in write_kafka_secrets(tmp_path, HOSTS, NOW)] == [PASSWORD_FILES[0]]
    after = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    assert {name for name in before if before[name] != after[name]} == {PASSWORD_FILES[0]}


@pytest.mark.parametrize("lost", [CA_FILE, BROKER_FILE])
def test_half_of_a_pair_is_reported_and_not_completed(tmp_path: Path, lost: str) -> None:
    """An authority without its certificate, or the reverse, is reported, because a new half would not fit."""
    write_kafka_secrets(tmp_path, HOSTS, NOW)
    (tmp_path / lost).unlink()
    with pytest.raises(Misconfigured, match="its other half is not"):
        write_kafka_secrets(tmp_path, HOSTS, NOW)


def test_a_folder_that_cannot_be_written_is_reported(tmp_path: Path) -> None:
    """A folder that cannot be made is reported with its name."""
    (tmp_path / "file").write_text("")
    with pytest.raises(Misconfigured, match="cannot be written"):
        write_kafka_secrets(tmp_path / "file", HOSTS, NOW)
