"""The error that every training command reports in one sentence."""


class DataError(Exception):
    """Data to train on cannot be used; the message says which file, line or field to look at and never quotes words."""
