"""The work of the measures stage: a transcript without names, the reader's opinions, the measures, one record."""
