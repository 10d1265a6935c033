"""HTTP in, messages topic out: verified, pseudonymised, consented, acknowledged by the broker before we answer."""

from plugin.gateway.server import run

__all__ = ["run"]
