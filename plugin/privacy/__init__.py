"""Erasure, retention, legal holds, key rotation, and the verification of the audit trail."""
