"""What the whole-session measures are worth on real transcripts, beside constants and what lost."""
