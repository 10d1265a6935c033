"""The feedback on a finished session: de-identification, the model's answer, its check, or an abstention."""
