"""The rating of a therapist's rewritten reply. It knows the stream's feedback, so the page gets it from the command."""
