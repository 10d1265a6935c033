"""The secret files of a broker in Compose: a certificate authority of its own, the brokers' certificate, passwords.

The authority's key signs once and is kept nowhere, so that nobody can sign another broker; whoever has an authority
puts its files there instead.
"""

import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from plugin.local.kafka_security import ADMIN, BROKER
from stream.contracts.errors import Misconfigured
from stream.runtime.kafka_rights import USERS
from stream.runtime.stages import KAFKA_NAME_PREFIX

CA_FILE: Final = "kafka_ca.pem"
BROKER_FILE: Final = "kafka_broker"
PASSWORD_FILES: Final = tuple(
    f"kafka_password_{user.removeprefix(f'{KAFKA_NAME_PREFIX}-')}" for user in (ADMIN, *USERS)
)
VALID: Final = timedelta(days=5 * 365)
"""The brokers stand on a network of their own; a certificate that ends next spring stops everything next spring."""
_PASSWORD_BYTES: Final = 24
_CLOCK_SKEW: Final = timedelta(days=1)


def write_kafka_secrets(folder: Path, hosts: Sequence[str], now: datetime) -> list[Path]:
    """Write the files that are missing, readable by their owner alone, and return them; none is ever replaced.

    Raises:
        Misconfigured: the folder cannot be written, or holds one half of authority and certificate.
    """
    try:
        return _write_missing(folder, hosts, now)
    except OSError as error:
        raise Misconfigured(f"The secrets cannot be written to {folder}: {error.strerror}.") from None


def _write_missing(folder: Path, hosts: Sequence[str], now: datetime) -> list[Path]:
    contents: dict[str, str] = {}
    pair = [folder / name for name in (CA_FILE, BROKER_FILE)]
    present = [path for path in pair if path.exists()]
    if len(present) == 1:
        raise Misconfigured(f"{present[0]} is there and its other half is not: remove it, or put both there.")
    if not present:
        contents[CA_FILE], contents[BROKER_FILE] = _certificates(hosts, now)
    for name in PASSWORD_FILES:
        if not (folder / name).exists():
            contents[name] = secrets.token_hex(_PASSWORD_BYTES)
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in contents.items():
        path = folder / name
        path.touch(mode=0o600)
        path.write_text(content)
    return [folder / name for name in contents]


def _certificates(hosts: Sequence[str], now: datetime) -> tuple[str, str]:
    """Return the authority's certificate, and the brokers' key (PKCS 8, as Kafka wants it) with its certificate."""
    authority_key, broker_key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    authority = _name("counterpoint kafka")
    ca = (
        _builder(authority, authority, authority_key.public_key(), now)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(authority_key, hashes.SHA256())
    )
    purposes = [ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH]
    broker = (
        _builder(_name(BROKER), authority, broker_key.public_key(), now)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.SubjectAlternativeName([_host(host) for host in hosts]), critical=False)
        .add_extension(x509.ExtendedKeyUsage(purposes), critical=False)
        .sign(authority_key, hashes.SHA256())
    )
    key = broker_key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return ca.public_bytes(Encoding.PEM).decode(), (key + broker.public_bytes(Encoding.PEM)).decode()


def _builder(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey, now: datetime
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _CLOCK_SKEW)
        .not_valid_after(now + VALID)
    )


def _name(common_name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])


def _host(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ip_address(host))
    except ValueError:
        return x509.DNSName(host)
