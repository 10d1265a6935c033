"""Exports: reviews for measurements, reviewed exchanges for training, and all data about one therapist, as files."""
