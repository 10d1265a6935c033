"""Digests: what is new for one person since the last time, as plain text."""
