"""The error that every training command reports in one sentence."""


class DataError(Exception):
    """Training data cannot be used; the message names the file, line or field to look at and never quotes text."""
