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

CONFIG: Final = """\
listener.security.protocol.map=CLIENTS:SASL_SSL,INTERNAL:SSL,CONTROLLER:SSL
ssl.keystore.type=PEM
ssl.keystore.location={certificate}
listener.name.clients.ssl.keystore.type=PEM
listener.name.clients.ssl.keystore.location={client_certificate}
ssl.truststore.type=PEM
ssl.truststore.location={ca}
# Brokers and controllers know each other by certificate; so may a client that comes by that listener.
listener.name.internal.ssl.client.auth=required
listener.name.controller.ssl.client.auth=required
ssl.principal.mapping.rules=RULE:^.*CN=([^,]+).*$/$1/,DEFAULT
listener.name.clients.sasl.enabled.mechanisms=SCRAM-SHA-512,PLAIN
listener.name.clients.scram-sha-512.sasl.jaas.config={scram};
listener.name.clients.plain.sasl.jaas.config={plain};
authorizer.class.name=org.apache.kafka.metadata.authorizer.StandardAuthorizer
super.users=User:broker;User:admin
"""
_MODULES: Final = "org.apache.kafka.common.security"


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
        plain = "".join(f' user_{name}="{password}"' for name, password in self.users.items())
        return CONFIG.format(
            certificate=self.certificate,
            client_certificate=self.client_certificate or self.certificate,
            ca=self.ca,
            scram=f"{_MODULES}.scram.ScramLoginModule required",
            plain=f"{_MODULES}.plain.PlainLoginModule required{plain}",
        )

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
