"""The file import of outcomes: what a service has collected elsewhere, sent to the topic of outcomes."""
