"""The steps before a model may rate replies: check, activation, samples for clinicians, agreement, packaging."""
