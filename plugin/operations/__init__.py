"""The tools of an operator: status and dead letters."""
