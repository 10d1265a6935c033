"""Digests: the sessions that are new for one person since a time, as plain text."""
