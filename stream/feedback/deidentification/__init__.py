"""De-identification: names and identifiers in a session are replaced before a model sees the text."""
