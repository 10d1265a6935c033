"""Whole-session measures: labels and numbers of a finished session, made from its words, which never leave."""
