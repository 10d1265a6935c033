"""Risk signals by the reader: what it is asked while a session is open, where a platform wants that, and what it hears.

Nowhere else is a model asked about an open session (decision 90).
"""
