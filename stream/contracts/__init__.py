"""The records on topics, the names of the topics and the deterministic ids.

This package imports no other package of Counterpoint.
"""
