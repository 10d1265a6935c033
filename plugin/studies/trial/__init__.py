"""A before-and-after study of feedback with random assignment, blind replies and two raters."""
