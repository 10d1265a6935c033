"""The output gate: what a model answers is checked against the words of the exchange before it is published."""
