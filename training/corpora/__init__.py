"""The corpora that models of ours learn from: exchanges that were written for it, and labels for public transcripts."""
