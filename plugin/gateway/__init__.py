"""The gateway: it verifies deliveries, pseudonymises them, checks consent and answers after the broker acknowledged."""

from plugin.gateway.server import run

__all__ = ["run"]
