"""From a finished session to feedback: de-identify, ask a model, hold its answer against the words, or abstain."""
