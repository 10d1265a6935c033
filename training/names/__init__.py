"""The recogniser of names nobody told: its word lists, and what it finds and misses."""
