"""The model check: the cases a model must pass before it may rate anybody, and the report of a run."""
