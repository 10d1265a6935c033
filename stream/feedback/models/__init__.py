"""Feedback models: the `FeedbackModel` seam, its implementations, and whether the configured model may be asked."""
