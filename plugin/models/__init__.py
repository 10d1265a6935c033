"""What stands between a model and people: sample, agreement, check, activation."""
