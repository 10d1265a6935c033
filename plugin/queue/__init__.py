"""The supervisor queue: its tables, what is written to them, and what each person may see of it."""
