"""A local broker as a production one is set up: TLS everywhere, users for clients, and rights by ACL alone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

ADMIN: Final = "admin"
"""The user who may do everything; an ACL is needed for everybody else."""
BROKER: Final = "broker"
"""The common name in the certificate of a broker, which may do everything too."""

SECURITY: Final = """\
listener.security.protocol.map=CLIENTS:SASL_SSL,INTERNAL:SSL,CONTROLLER:SSL
inter.broker.listener.name=INTERNAL
controller.listener.names=CONTROLLER
ssl.keystore.type=PEM
ssl.keystore.location={certificate}
ssl.truststore.type=PEM
ssl.truststore.location={ca}
# Brokers and controllers know each other by certificate; so may a client that comes by that listener.
listener.name.internal.ssl.client.auth=required
listener.name.controller.ssl.client.auth=required
ssl.principal.mapping.rules=RULE:^.*CN=([^,]+).*$/$1/,DEFAULT
listener.name.clients.sasl.enabled.mechanisms={mechanisms}
listener.name.clients.scram-sha-512.sasl.jaas.config=org.apache.kafka.common.security.scram.ScramLoginModule required;
# What no ACL allows is refused; `counterpoint kafka users` makes the ACLs.
authorizer.class.name=org.apache.kafka.metadata.authorizer.StandardAuthorizer
super.users=User:broker;User:admin
"""
"""What a secured broker's server.properties say of listeners, certificates, users and rights; without any password."""
_CLIENTS_CERTIFICATE: Final = """\
listener.name.clients.ssl.keystore.type=PEM
listener.name.clients.ssl.keystore.location={certificate}
"""
_PLAIN: Final = """\
listener.name.clients.plain.sasl.jaas.config=org.apache.kafka.common.security.plain.PlainLoginModule required{users};
"""
"""For the tests of clients that have no other mechanism: with it, the passwords stand in the file."""

COMPOSE_FILE: Final = Path(__file__).resolve().parents[2] / "ops" / "kafka" / "broker.properties"
_COMPOSE: Final = """\
# Made by `python -m plugin.local.kafka_security`, from what the broker of the tests has as well. docker-compose.yml
# adds the lines that differ between brokers: number, address, copies.
process.roles=broker,controller
log.dirs=/var/lib/kafka/data
# Topics are made by `counterpoint topics` alone.
auto.create.topics.enable=false
"""


def compose_properties() -> str:
    """Return the lines that every broker of docker-compose.yml has in its server.properties."""
    return _COMPOSE + SECURITY.format(
        certificate="/run/secrets/kafka_broker", ca="/etc/counterpoint/kafka_ca.pem", mechanisms="SCRAM-SHA-512"
    )


@dataclass(frozen=True)
class BrokerSecurity:
    """The certificates and users of a secured broker."""

    ca: Path
    """PEM: the authority whose certificates are trusted."""
    certificate: Path
    """PEM: the broker's key (PKCS 8), its certificate and what lies between that and the CA."""
    users: Mapping[str, str] = field(repr=False)
    """Password by user; one of them is `admin`."""
    client_certificate: Path | None = None
    """The certificate of the clients' listener, where the brokers have one of their own; without it, `certificate`."""

    def config(self) -> str:
        """Return the lines for server.properties. They hold the passwords."""
        users = "".join(f' user_{name}="{password}"' for name, password in self.users.items())
        security = SECURITY.format(certificate=self.certificate, ca=self.ca, mechanisms="SCRAM-SHA-512,PLAIN")
        own = self.client_certificate or self.certificate
        return security + _CLIENTS_CERTIFICATE.format(certificate=own) + _PLAIN.format(users=users)

    def format_options(self) -> list[str]:
        """Return the options of the format tool that make the users."""
        return [
            part
            for name, password in self.users.items()
            for part in ("--add-scram", f"SCRAM-SHA-512=[name={name},password={password}]")
        ]

    def internal_client_options(self) -> dict[str, Any]:
        """Return the options with which kafka-python connects to the brokers' own listener."""
        return {
            "security_protocol": "SSL",
            "ssl_cafile": str(self.ca),
            "ssl_certfile": str(self.certificate),
        }


if __name__ == "__main__":
    COMPOSE_FILE.parent.mkdir(exist_ok=True)
    COMPOSE_FILE.write_text(compose_properties())
