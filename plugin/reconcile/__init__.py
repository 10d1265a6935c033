"""Reconciliation: a process of its own reads over a platform's API what deliveries have lost, and publishes it."""
