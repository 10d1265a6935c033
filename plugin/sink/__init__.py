"""The sink stage: feedback records become rows, each record in one transaction."""
