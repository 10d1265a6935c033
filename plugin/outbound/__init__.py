"""Digests on their way out: which are due, what they say, and how they reach people by mail or webhook."""
